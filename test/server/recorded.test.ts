/** Recorded requests, answered again: what we say must be what ntpd 4.2.8p15 said, but for the time itself. */
import { beforeAll, describe, expect, it } from "vitest";
import { AccessList } from "../../src/server/access.ts";
import { localVariables } from "../../src/server/local.ts";
import { NOTHING_TO_SERVE } from "../../src/server/published.ts";
import type { NtpServer } from "../../src/server/server.ts";
import { parseKeys } from "../../src/security/keyfile.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { SymmetricProvider } from "../../src/security/symmetric.ts";
import { fromUnix } from "../../src/time/timestamp.ts";
import { isMulticast } from "../../src/wire/address.ts";
import { readHeader } from "../../src/wire/header.ts";
import type { Header } from "../../src/wire/header.ts";
import { capture } from "../support/pcap.ts";
import type { Captured } from "../support/pcap.ts";
import { exchange, serverOf } from "./packets.ts";

/** The keys of test/fixtures/captures/README.md, as the recorded servers had them: b7 asks by a ninth, and b6 with another secret. */
const KEYS = `
1 MD5 secretmd5
2 SHA1 0123456789abcdef0123456789abcdef01234567
3 SHA256 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
4 AES128CMAC 00112233445566778899aabbccddeeff
5 SHA512 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
6 AES128CMAC shortcmackey
`;

let security: SymmetricProvider;
beforeAll(async () => {
  const { keys } = parseKeys(KEYS, { format: "auto", file: "ntp.keys" });
  security = securityProvider((await openKeyring(keys, "all")).keyring);
});

function headerOf(bytes: Uint8Array): Header {
  return readHeader(new DataView(bytes.buffer, bytes.byteOffset));
}

/** What of a reply does not depend on the clock of the machine that made it. */
function shape(bytes: Uint8Array): unknown {
  const { leap, version, mode, stratum, poll, precision, rootDelay, referenceId, origin, reference } = headerOf(bytes);
  return {
    length: bytes.length,
    trailer: bytes.slice(48, 52),
    leap,
    version,
    mode,
    stratum,
    poll,
    precision,
    rootDelay,
    referenceId,
    origin,
    isSet: reference !== 0n,
  };
}

/** A recording's requests to one server, each with the reply it got, or `null`. */
function exchanges(name: string, server: string): { readonly request: Captured; readonly reply: Uint8Array | null }[] {
  const packets = capture(name);
  return packets.flatMap((request, index) => {
    const mode = request.bytes[0]! & 7;
    if ((request.to.ip !== server && !isMulticast(request.to.ip)) || mode !== 3) return [];
    const transmit = headerOf(request.bytes).transmit;
    const reply = packets
      .slice(index)
      .find(({ from, bytes }) => from.ip === server && (bytes[0]! & 7) === 4 && headerOf(bytes).origin === transmit);
    return [{ request, reply: reply?.bytes ?? null }];
  });
}

/** Our server's reply to the same request at the same time. */
function again(server: NtpServer, { at, from, to, bytes }: Captured): Uint8Array | null {
  const cast = isMulticast(to.ip) ? "group" : "unicast";
  return exchange(server, bytes, {
    ip: from.ip,
    port: from.port,
    cast,
    at: fromUnix(at),
    mono: Number(at - BASE) / 1e9,
  });
}

/** Keeps the steady clock's numbers small. */
const BASE = 1_700_000_000_000_000_000n;

/** Like the recorded servers: a local clock at stratum 3. */
function recordedServer(options: Parameters<typeof serverOf>[0] = {}): NtpServer {
  return serverOf({
    system: null,
    fallbacks: { local: 3, orphan: null },
    security,
    own: { addresses: ["10.1.0.1"], port: 123 },
    ...options,
  });
}

describe("recorded requests", () => {
  it.each([
    ["a1-iburst", 6],
    ["b1-md5", 6],
    ["b2-sha1", 6],
    ["b3-sha256", 6],
    ["b4-aes128cmac", 6],
    ["b5-sha512", 6],
    ["b7-cryptonak-unknownkeyid", 6],
    ["f1-manycast-lan1", 6],
  ])("%s: every reply has the shape of ntpd's", (name, least) => {
    const server = recordedServer({ solicitations: { ownReferenceIds: [] } });
    const all = exchanges(name, "10.1.0.1").filter(({ reply }) => reply !== null);
    expect(all.length).toBeGreaterThanOrEqual(least);
    for (const { request, reply } of all) expect(shape(again(server, request)!)).toEqual(shape(reply!));
  });

  it("b6: a wrong secret gets a crypto-NAK as ntpd's", () => {
    const server = recordedServer();
    const all = exchanges("b6-cryptonak-wrongsecret", "10.1.0.1");
    expect(all.length).toBeGreaterThan(5);
    for (const { request, reply } of all) expect(shape(again(server, request)!)).toEqual(shape(reply!));
    expect(server.counts.refusedKey).toBe(all.length);
  });

  it("k1: a server without a source says what ntpd says", () => {
    const server = serverOf({ system: NOTHING_TO_SERVE, own: { addresses: [], port: 123 } });
    const all = exchanges("k1-unsync-server", "10.1.0.1");
    expect(all.length).toBeGreaterThan(5);
    for (const { request, reply } of all) expect(shape(again(server, request)!)).toEqual(shape(reply!));
  });

  it.each([
    ["j1-rate-ntpd-burst", 0],
    ["j6-rate-raw", 7],
  ])("%s: the same packets are answered, kissed and dropped (%i kisses)", (name, kisses) => {
    const access = new AccessList();
    access.restrictDefault(["kod", "limited"]);
    const server = recordedServer({ access });
    const what = (bytes: Uint8Array | null): string =>
      bytes === null ? "silence" : headerOf(bytes).stratum === 0 ? "kiss" : "time";
    const all = exchanges(name, "10.1.0.1");
    expect(all.length).toBeGreaterThan(10);
    for (const { request, reply } of all) {
      const ours = again(server, request);
      expect(what(ours)).toBe(what(reply));
      if (what(reply) === "kiss") expect(ours).toEqual(reply);
    }
    expect(server.counts.kissed).toBe(kisses);
  });

  it("the local clock is called what ntpd calls it", () => {
    const [{ reply } = { reply: null }] = exchanges("a1-iburst", "10.1.0.1");
    expect(headerOf(reply!).referenceId).toBe(localVariables(3, fromUnix(BASE)).referenceId);
  });
});
