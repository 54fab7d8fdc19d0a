/** The server under NTS: who is answered, and that nobody who asks under it is told the time without (RFC 8915 §5.7). */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { AEADS, loadAeads, type AeadRow, type MakeAead } from "../../src/security/nts/aead.ts";
import { NtsServer } from "../../src/security/nts/answering.ts";
import { ntsSecurity, type NtsSecurity } from "../../src/security/nts/client.ts";
import { FORMER_KEYS, firstKeys, rotated } from "../../src/security/nts/masters.ts";
import { parseKeys } from "../../src/security/keyfile.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import { securityProvider, type SymmetricProvider } from "../../src/security/symmetric.ts";
import { AccessList, type RestrictFlag } from "../../src/server/access.ts";
import { DISPOSITIONS, type Disposition } from "../../src/server/disposition.ts";
import { REPLY_OCTETS } from "../../src/server/reply.ts";
import type { NtpServer } from "../../src/server/server.ts";
import { readHeader } from "../../src/wire/header.ts";
import { encodeExtension } from "../../src/wire/extension.ts";
import { NTS_FIELDS } from "../../src/wire/nts.ts";
import { decodePacket, type Packet } from "../../src/wire/packet.ts";
import { budget } from "../support/budget.ts";
import { arrivalOf, requestOf, serverOf, type ArrivalOptions, type ServerOptions } from "./packets.ts";

let makeAead: MakeAead;
let keyed: SymmetricProvider;
beforeAll(async () => {
  makeAead = await loadAeads();
  const { keys } = parseKeys("1 MD5 secret\n", { format: "auto", file: "ntp.keys" });
  keyed = securityProvider((await openKeyring(keys, [{ first: 1, last: 1 }])).keyring);
});

/** Octets that are never the same twice, and the same in every run. */
function drawing(): (length: number) => Uint8Array {
  let state = 1;
  return (length) =>
    Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16);
}

/** A server under NTS, and a client with keys of it. */
class Pair {
  readonly random = drawing();
  readonly nts: NtsServer;
  readonly server: NtpServer;
  readonly client: NtsSecurity;

  constructor(row: AeadRow = AEADS[0]!, options: ServerOptions = {}) {
    this.nts = new NtsServer(firstKeys(0, this.random), makeAead, this.random);
    const answering = (): NtsServer => this.nts;
    this.server = serverOf({ security: { ...keyed, answering }, ...options });
    this.client = ntsSecurity(makeAead, this.random);
    const keys = { aead: row, c2s: this.random(row.keyOctets), s2c: this.random(row.keyOctets) };
    this.client.establish({ ...keys, aead: row.id, cookies: Array.from({ length: 4 }, () => this.nts.cookie(keys)) });
  }

  ask(): Uint8Array {
    const sealed = this.client.seal(requestOf({}));
    if (sealed.kind !== "sealed") throw new Error(sealed.fault);
    return sealed.bytes;
  }
}

/** What becomes of a datagram, and what is sent. */
function answered(
  server: NtpServer,
  bytes: Uint8Array,
  options: ArrivalOptions = {},
): readonly [Disposition, Uint8Array | null] {
  const disposition = server.receive(arrivalOf(bytes, options));
  if (DISPOSITIONS[disposition].kind !== "answered") return [disposition, null];
  const length = server.complete(server.reply, 0xec00_0000 | 0, 5);
  return [disposition, length === 0 ? null : server.reply.bytes.slice(0, length)];
}

function decoded(bytes: Uint8Array): Packet {
  const packet = decodePacket(bytes);
  if (packet.kind !== "packet") throw new Error(packet.fault);
  return packet;
}

function isKiss(bytes: Uint8Array, code: string): boolean {
  const header = readHeader(new DataView(bytes.buffer, bytes.byteOffset));
  return header.stratum === 0 && header.referenceId === Buffer.from(code).readUInt32BE();
}

const NAKED = (): ServerOptions => ({ security: securityProvider(null) });

function restricted(...flags: RestrictFlag[]): { access: AccessList } {
  const access = new AccessList();
  access.restrictDefault(flags);
  return { access };
}

describe("a request under NTS", () => {
  it.each(AEADS.map((row) => [row.name, row] as const))(
    "is answered under it, no longer than it is, with T3 in it: %s",
    (_name, row) => {
      const { server, client, nts, ...pair } = new Pair(row);
      for (let turn = 0; turn < 12; turn += 1) {
        const sealed = client.seal(requestOf({}));
        if (sealed.kind !== "sealed") throw new Error(sealed.fault);
        const [disposition, reply] = answered(server, sealed.bytes);
        expect(disposition).toBe("answered");
        expect(reply!.length).toBeLessThanOrEqual(sealed.bytes.length);
        const packet = decoded(reply!);
        expect(packet.header.transmit >> 32n).toBe(0xec00_0000n);
        expect(client.open(reply!, packet)).toBe("ok");
      }
      expect(client.keying.cookies).toBe(8);
      expect(nts.counts).toMatchObject({ received: 12, refused: 0, sent: 12, cookiesOpened: [12, 0, 0, 0] });
      expect(pair).toBeDefined();
    },
  );

  it("is answered so also between plain ones, each in its own way", () => {
    const pair = new Pair();
    expect(answered(pair.server, requestOf({}))[1]).toHaveLength(48);
    const [, sealed] = answered(pair.server, pair.ask());
    expect(pair.client.open(sealed!, decoded(sealed!))).toBe("ok");
    expect(answered(pair.server, requestOf({}))[1]).toHaveLength(48);
  });

  it("opens by master keys that seal no more, and is refused with NTSN by those that are gone", () => {
    const pair = new Pair();
    const rotate = (): void => void (pair.nts.keys = rotated(pair.nts.keys, 0, pair.random));
    rotate();
    const [, reply] = answered(pair.server, pair.ask());
    expect(pair.client.open(reply!, decoded(reply!))).toBe("ok");
    for (let day = 0; day < FORMER_KEYS; day += 1) rotate();
    const request = pair.ask();
    const [disposition, nak] = answered(pair.server, request);
    expect([disposition, isKiss(nak!, "NTSN")]).toEqual(["refusedCookie", true]);
    expect(pair.client.open(nak!, decoded(nak!))).toBe("nak");
    expect(nak!.length).toBeLessThan(request.length);
    expect(pair.nts.counts).toMatchObject({ cookiesOpened: [0, 1, 0, 0], cookiesTooOld: 1, refused: 1 });
  });

  it("is refused with NTSN where nobody answers under NTS, and never told the time", () => {
    const { client, ...pair } = new Pair();
    const server = serverOf(NAKED());
    const sealed = client.seal(requestOf({}));
    if (sealed.kind !== "sealed") throw new Error(sealed.fault);
    const [disposition, nak] = answered(server, sealed.bytes);
    expect([disposition, isKiss(nak!, "NTSN")]).toEqual(["refusedCookie", true]);
    expect(pair).toBeDefined();
  });

  it.each([
    ["to a group", (bytes: Uint8Array) => bytes, { cast: "group" as const }, "authentication"],
    [
      "with a MAC besides",
      (bytes: Uint8Array) => Uint8Array.from([...bytes, ...new Uint8Array(20).fill(1)]),
      {},
      "ntsFields",
    ],
    ["symmetric active", (bytes: Uint8Array) => bytes.fill(0x21, 0, 1), {}, "ntsFields"],
    [
      "longer than any answer may be",
      (bytes: Uint8Array) => Uint8Array.from([...bytes, ...encodeExtension(0x7777, new Uint8Array(REPLY_OCTETS))]),
      {},
      "tooLong",
    ],
  ])("is not answered %s", (_what, change, options, disposition) => {
    const pair = new Pair(undefined, { solicitations: { ownReferenceIds: [] } });
    expect(answered(pair.server, change(pair.ask()), options)).toEqual([disposition, null]);
  });

  it("is authentic to restrict notrust", () => {
    const pair = new Pair(undefined, restricted("notrust"));
    expect(answered(pair.server, requestOf({}))[0]).toBe("noTrust");
    expect(answered(pair.server, pair.ask())[0]).toBe("answered");
  });

  it("is asked to slow down under NTS, too, and its keys have a rate of their own", () => {
    const pair = new Pair(undefined, {
      ...restricted("limited", "kod"),
      rate: { average: 3, minimum: 2 },
      chance: () => 1,
    });
    const flood = (): void => {
      for (let turn = 0; turn < 50; turn += 1) pair.server.receive(arrivalOf(requestOf({})));
    };
    flood();
    // Whoever floods in this client's name takes nothing from it.
    const seal = (transmit: bigint): Uint8Array => {
      const sealed = pair.client.seal(requestOf({ transmit: transmit as never }));
      if (sealed.kind !== "sealed") throw new Error(sealed.fault);
      return sealed.bytes;
    };
    const [disposition, reply] = answered(pair.server, seal(1n));
    expect([disposition, pair.client.open(reply!, decoded(reply!))]).toEqual(["answered", "ok"]);
  });
});

describe("whatever is done to a request under NTS", () => {
  it("it is answered under NTS, with NTSN, or not at all; no reply is longer, and none has the time in clear", () => {
    const pair = new Pair();
    const request = pair.ask();
    const flips = fc.array(fc.tuple(fc.nat(request.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 3 });
    const cut = fc.nat(request.length);
    const field = fc
      .tuple(fc.oneof(fc.constantFrom(...Object.values(NTS_FIELDS)), fc.nat(0xffff)), fc.uint8Array({ maxLength: 60 }))
      .map(([type, value]) => encodeExtension(type, value, 28));
    fc.assert(
      fc.property(
        flips,
        fc.option(cut, { nil: request.length }),
        fc.array(field, { maxLength: 3 }),
        (changes, at, more) => {
          const bytes = Uint8Array.from([...request.subarray(0, at), ...more.flatMap((octets) => [...octets])]);
          for (const [place, by] of changes) if (place < bytes.length) bytes[place]! ^= by;
          const packet = decodePacket(bytes);
          const [, reply] = answered(pair.server, bytes);
          if (reply === null) return;
          expect(reply.length).toBeLessThanOrEqual(bytes.length);
          const asksUnder =
            packet.kind === "packet" &&
            packet.extensions.some(({ type }) => type !== NTS_FIELDS.uniqueIdentifier && isNts(type));
          if (asksUnder) expect(isKiss(reply, "NTSN") || isSealed(reply)).toBe(true);
        },
      ),
      budget(0.01),
    );
  });
});

function isNts(type: number): boolean {
  return (Object.values(NTS_FIELDS) as number[]).includes(type);
}

function isSealed(reply: Uint8Array): boolean {
  return decoded(reply).extensions.some(({ type }) => type === NTS_FIELDS.authenticator);
}
