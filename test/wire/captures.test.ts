import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Header, Mode } from "../../src/wire/header.ts";
import { kissCode } from "../../src/wire/kiss.ts";
import { isCryptoNak } from "../../src/wire/mac.ts";
import { decodePacket, encodePacket, type Packet } from "../../src/wire/packet.ts";
import { refidColumn, refidOfAddress, refidText } from "../../src/wire/refid.ts";
import { capture, captures } from "../support/pcap.ts";

const md5 = (octets: Uint8Array): Uint8Array => createHash("md5").update(octets).digest();

function packets(name: string): Packet[] {
  return capture(name).map(({ bytes }) => {
    const packet = decodePacket(bytes);
    if (packet.kind !== "packet") throw new Error(packet.fault);
    return packet;
  });
}

function headers(name: string, mode: Mode): Header[] {
  return packets(name)
    .map(({ header }) => header)
    .filter((header) => header.mode === mode);
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];
const modes = (name: string): Mode[] => distinct(packets(name).map(({ header }) => header.mode)).toSorted();

describe("recorded traffic of ntpd", () => {
  it.each(captures())("%s decodes and encodes again octet for octet", (name) => {
    const datagrams = capture(name);
    expect(datagrams.length).toBeGreaterThan(0);
    for (const { bytes } of datagrams) {
      const packet = decodePacket(bytes);
      expect(packet.kind).toBe("packet");
      expect(encodePacket(packet as Packet)).toEqual(bytes);
    }
  });

  it("shows a client synchronizing: INIT and alarm first, then the server's address and stratum 4", () => {
    const requests = headers("a1-iburst", "client");
    expect(requests[0]).toMatchObject({ leap: "unsynchronized", stratum: 0, poll: 6, origin: 0n, receive: 0n });
    expect(refidText(0, requests[0]!.referenceId)).toBe("INIT");
    const synchronized = requests.find(({ leap }) => leap === "none")!;
    expect(requests.indexOf(synchronized)).toBe(4);
    expect(synchronized.stratum).toBe(4);
    expect(refidText(4, synchronized.referenceId)).toBe("10.1.0.1");
    expect(synchronized.referenceId).toBe(refidOfAddress("10.1.0.1", md5));
  });

  it("shows a server on its local clock as ntpq names it", () => {
    const replies = headers("a1-iburst", "server");
    expect(distinct(replies.map(({ stratum, leap }) => `${stratum} ${leap}`))).toEqual(["3 none"]);
    expect(distinct(replies.map(({ referenceId }) => refidText(3, referenceId)))).toEqual(["LOCAL(0)"]);
    expect(replies.every(({ precision }) => precision === -24)).toBe(true);
  });

  it("answers each request's transmit timestamp as origin", () => {
    const all = packets("a1-iburst").map(({ header }) => header);
    const sent = new Set(all.filter(({ mode }) => mode === "client").map(({ transmit }) => transmit));
    expect(all.filter(({ mode }) => mode === "server").every(({ origin }) => sent.has(origin))).toBe(true);
  });

  it.each([
    ["b1-md5", 1, 16],
    ["b2-sha1", 2, 20],
    ["b3-sha256", 3, 20],
    ["b4-aes128cmac", 4, 16],
    ["b5-sha512", 5, 20],
  ])("%s carries key %i and digests of %i octets", (name, keyId, length) => {
    for (const { mac, covered } of packets(name)) {
      expect(mac?.keyId).toBe(keyId);
      expect(mac?.digest).toHaveLength(length);
      expect(covered).toBe(48);
    }
  });

  it.each(["b6-cryptonak-wrongsecret", "b7-cryptonak-unknownkeyid"])("%s is refused by crypto-NAK", (name) => {
    for (const { header, mac } of packets(name)) {
      expect(isCryptoNak(mac!)).toBe(header.mode === "server");
    }
  });

  it("shows symmetric and broadcast modes", () => {
    expect(modes("c1-active-active")).toEqual(["symmetricActive"]);
    expect(modes("c2-active-passive-key")).toEqual(["symmetricActive", "symmetricPassive"]);
    expect(modes("d1-bcast-key-volley")).toEqual(["broadcast", "client", "server"]);
  });

  it("shows the rings of a manycast client in the TTL", () => {
    const queries = capture("f1-manycast-lan1").filter(({ to }) => to.ip === "239.1.1.1");
    expect(distinct(queries.map(({ ttl }) => ttl))).toEqual([2, 3, 4, 5]);
  });

  it("shows a RATE kiss with the three timestamps alike, and none below the limit", () => {
    const kisses = headers("j6-rate-raw", "server").filter((header) => kissCode(header) !== null);
    expect(kisses.length).toBeGreaterThan(0);
    for (const kiss of kisses) {
      expect(kissCode(kiss)).toBe("RATE");
      expect(kiss.leap).toBe("unsynchronized");
      expect(kiss.origin).toBe(kiss.receive);
      expect(kiss.origin).toBe(kiss.transmit);
    }
    expect(
      headers("j1-rate-ntpd-burst", "server")
        .map(kissCode)
        .every((code) => code === null),
    ).toBe(true);
  });

  it("reads kisses that a script made", () => {
    const kisses = headers("j9-handmade-kisses", "server");
    expect(distinct(kisses.map(kissCode)).toSorted()).toEqual(["ACST", "DENY", "RATE", "RSTR", "XYZZ"]);
    expect(distinct(kisses.filter((kiss) => kissCode(kiss) === "RATE").map(({ poll }) => poll))).toEqual([10]);
  });

  it("shows a server without a source as INIT", () => {
    const replies = headers("k1-unsync-server", "server");
    expect(
      distinct(
        replies.map((header) => `${header.leap} ${header.stratum} ${refidColumn(header.stratum, header.referenceId)}`),
      ),
    ).toEqual(["unsynchronized 0 .INIT."]);
  });
});
