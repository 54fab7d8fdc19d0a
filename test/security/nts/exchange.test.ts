import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { AEADS, loadAeads, type AeadRow, type MakeAead } from "../../../src/security/nts/aead.ts";
import { MAX_REQUEST, ntsSecurity, type NtsSecurity } from "../../../src/security/nts/client.ts";
import { COOKIES_IN_HAND } from "../../../src/security/nts/size.ts";
import { cookieOctets, openCookie, sealCookie, type MasterKey } from "../../../src/security/nts/cookie.ts";
import { encodeNak, openRequest, sealAnswer, type NtsArrival } from "../../../src/security/nts/server.ts";
import type { NtpTimestamp } from "../../../src/time/timestamp.ts";
import { encodeHeader, type Header } from "../../../src/wire/header.ts";
import { encodeExtension } from "../../../src/wire/extension.ts";
import { NTS_FIELDS, encodeAuthenticator } from "../../../src/wire/nts.ts";
import { decodePacket, type Packet } from "../../../src/wire/packet.ts";

let makeAead: MakeAead;
beforeAll(async () => {
  makeAead = await loadAeads();
});

/** Octets that are never the same twice, and the same in every run. */
function drawing(): (length: number) => Uint8Array {
  let state = 1;
  return (length) =>
    Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16);
}

const header = (parts: Partial<Header>): Uint8Array =>
  encodeHeader({
    leap: "none",
    version: 4,
    mode: "client",
    stratum: 0,
    poll: 0,
    precision: 0,
    rootDelay: 0,
    rootDispersion: 0,
    referenceId: 0,
    reference: 0n as NtpTimestamp,
    origin: 0n as NtpTimestamp,
    receive: 0n as NtpTimestamp,
    transmit: 1n as NtpTimestamp,
    ...parts,
  });
const ASKING = header({});
const ANSWERING = header({ mode: "server", stratum: 1 });
const KISS = (code: string): Uint8Array => header({ mode: "server", referenceId: Buffer.from(code).readUInt32BE(0) });

function decoded(bytes: Uint8Array): Packet {
  const packet = decodePacket(bytes);
  if (packet.kind !== "packet") throw new Error(packet.fault);
  return packet;
}

const MASTER: MasterKey = { id: 7, key: new Uint8Array(32).fill(9) };

/** A client with eight cookies, and its server. */
class Pair {
  readonly random = drawing();
  readonly row: AeadRow;
  readonly client: NtsSecurity;
  masters: MasterKey[] = [MASTER];

  constructor(row: AeadRow = AEADS[0]!, cookies = COOKIES_IN_HAND) {
    this.row = row;
    this.client = ntsSecurity(makeAead, this.random);
    this.establish(cookies);
  }

  establish(cookies = COOKIES_IN_HAND): void {
    const keys = { aead: this.row, c2s: this.random(this.row.keyOctets), s2c: this.random(this.row.keyOctets) };
    const given = Array.from({ length: cookies }, () => sealCookie(this.masters[0]!, keys, makeAead, this.random));
    this.client.establish({ ...keys, aead: this.row.id, cookies: given });
  }

  ask(): Uint8Array {
    const sealed = this.client.seal(ASKING);
    if (sealed.kind !== "sealed") throw new Error(sealed.fault);
    return sealed.bytes;
  }

  arrival(bytes: Uint8Array): NtsArrival {
    return openRequest(bytes, decoded(bytes), this.masters, makeAead);
  }

  /** What the server says to some octets; `null`: nothing. */
  answer(bytes: Uint8Array): Uint8Array | null {
    const arrival = this.arrival(bytes);
    if (arrival.kind === "nak") return encodeNak(KISS("NTSN"), arrival.uniqueIdentifier);
    if (arrival.kind !== "authentic") return null;
    return sealAnswer(ANSWERING, arrival.request, this.masters[0]!, makeAead, this.random);
  }

  hear(bytes: Uint8Array): string {
    return this.client.open(bytes, decoded(bytes));
  }
}

const cookieOf = (bytes: Uint8Array): string => {
  const field = decoded(bytes).extensions.find(({ type }) => type === NTS_FIELDS.cookie)!;
  return Buffer.from(field.value).toString("hex");
};
const typesOf = (bytes: Uint8Array): number[] => decoded(bytes).extensions.map(({ type }) => type);
const placeholdersOf = (bytes: Uint8Array): number =>
  typesOf(bytes).filter((type) => type === NTS_FIELDS.placeholder).length;

describe.each(AEADS.map((row) => [row.name, row] as const))("an exchange by %s", (_name, row) => {
  it("is authentic both ways, brings back the cookie it spent, and its answer is as long as its request", () => {
    const pair = new Pair(row);
    const request = pair.ask();
    expect(typesOf(request)).toEqual([NTS_FIELDS.uniqueIdentifier, NTS_FIELDS.cookie, NTS_FIELDS.authenticator]);
    expect(pair.client.cookies).toBe(7);
    const answer = pair.answer(request)!;
    expect(answer.length).toBe(request.length);
    expect(pair.hear(answer)).toBe("ok");
    expect(pair.client.cookies).toBe(8);
  });

  it("sends no cookie twice, never has more than eight, and no answer is longer than its request, whatever is lost", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("both", "request lost", "answer lost"), { maxLength: 40 }), (fates) => {
        const pair = new Pair(row);
        const sent = new Set<string>();
        for (const fate of fates) {
          if (pair.client.needsKeys) pair.establish();
          const request = pair.ask();
          expect(request.length).toBeLessThanOrEqual(MAX_REQUEST);
          expect(sent.has(cookieOf(request))).toBe(false);
          sent.add(cookieOf(request));
          if (fate === "request lost") continue;
          const answer = pair.answer(request)!;
          expect(answer.length).toBeLessThanOrEqual(request.length);
          if (fate === "answer lost") continue;
          expect(pair.hear(answer)).toBe("ok");
          expect(pair.client.cookies).toBeLessThanOrEqual(COOKIES_IN_HAND);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("is refused wherever a bit is flipped: the request by the server, the answer by the client", () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (flip, isRequest) => {
        const pair = new Pair(row);
        const request = pair.ask();
        const bytes = isRequest ? request : pair.answer(request)!;
        const bit = flip % (bytes.length * 8);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const packet = decodePacket(bytes);
        if (packet.kind === "malformed") return;
        if (isRequest) expect(openRequest(bytes, packet, pair.masters, makeAead).kind).not.toBe("authentic");
        else expect(pair.client.open(bytes, packet)).toBe("failed");
      }),
    );
  });
});

describe("the client", () => {
  it("seals nothing before it has keys, and nothing when its cookies are used up", () => {
    const bare = ntsSecurity(makeAead, drawing());
    expect(bare.seal(ASKING)).toEqual({ kind: "unsealed", fault: "noCookies" });
    expect(bare.needsKeys).toBe(true);
    const { client } = new Pair(AEADS[0], 2);
    expect([client.seal(ASKING).kind, client.needsKeys, client.seal(ASKING).kind]).toEqual(["sealed", false, "sealed"]);
    expect(client.needsKeys).toBe(true);
    expect(client.seal(ASKING)).toEqual({ kind: "unsealed", fault: "noCookies" });
  });

  it("asks by placeholders for what was lost, as far as a packet that nobody fragments has room, and after a long one that is lost by a short one", () => {
    const pair = new Pair();
    const asked = Array.from({ length: COOKIES_IN_HAND }, () => placeholdersOf(pair.ask()));
    expect(asked).toEqual([0, 1, 0, 3, 0, 5, 0, 7]);
    const wide = new Pair(AEADS.find(({ id }) => id === 17));
    const requests = Array.from({ length: COOKIES_IN_HAND }, () => wide.ask());
    expect(requests.map(placeholdersOf)).toEqual([0, 1, 0, 3, 0, 5, 0, 5]);
  });

  it("has its hand full again by one answer after three that were lost", () => {
    const pair = new Pair();
    for (let lost = 0; lost < 3; lost++) pair.ask();
    expect(pair.hear(pair.answer(pair.ask())!)).toBe("ok");
    expect(pair.client.cookies).toBe(8);
  });

  it.each([
    ["an answer that is not protected", () => ANSWERING],
    ["a kiss without the unique identifier", () => KISS("NTSN")],
    ["a NAK to another request", () => encodeNak(KISS("NTSN"), new Uint8Array(32))],
    ["a kiss that sends away, to another request", () => encodeNak(KISS("DENY"), new Uint8Array(32))],
    [
      "a kiss that only says how the server is, as nobody vouches for it",
      (id: Uint8Array) => encodeNak(KISS("INIT"), id),
    ],
    ["the time with the unique identifier alone", (id: Uint8Array) => encodeNak(ANSWERING, id)],
  ])("believes nothing of %s", (_what, made) => {
    const pair = new Pair();
    const request = pair.ask();
    const id = decoded(request).extensions[0]!.value;
    expect(pair.hear(made(id))).toBe("failed");
    expect(pair.client.needsKeys).toBe(false);
    expect(pair.hear(pair.answer(request)!)).toBe("ok");
  });

  it.each(["DENY", "RSTR", "RATE"])(
    "takes the kiss %s in answer to its request for what it is, unauthenticated",
    (code) => {
      const pair = new Pair();
      const request = pair.ask();
      expect(pair.hear(encodeNak(KISS(code), decoded(request).extensions[0]!.value))).toBe("kiss");
    },
  );

  it("takes an answer once, and not again when it is replayed", () => {
    const pair = new Pair();
    const answer = pair.answer(pair.ask())!;
    expect([pair.hear(answer), pair.hear(answer)]).toEqual(["ok", "failed"]);
  });

  it("wants new keys after a NAK, goes on with the old meanwhile, and forgives when an answer comes after all", () => {
    const pair = new Pair();
    const request = pair.ask();
    const answer = pair.answer(request)!;
    expect(pair.hear(encodeNak(KISS("NTSN"), decoded(request).extensions[0]!.value))).toBe("nak");
    expect([pair.client.needsKeys, pair.client.seal(ASKING).kind]).toEqual([true, "sealed"]);
    expect([pair.hear(answer), pair.client.needsKeys]).toEqual(["ok", false]);
  });

  it("takes an answer under keys that were replaced meanwhile, but not its cookies, nor its server's NAK, for the new", () => {
    const pair = new Pair();
    const [first, second] = [pair.ask(), pair.ask()];
    const answer = pair.answer(first)!;
    pair.establish(3);
    expect([pair.hear(answer), pair.client.cookies]).toEqual(["ok", 3]);
    expect(pair.hear(encodeNak(KISS("NTSN"), decoded(second).extensions[0]!.value))).toBe("nak");
    expect(pair.client.needsKeys).toBe(false);
  });

  it("looks at nothing that stands after the authenticator", () => {
    const pair = new Pair();
    const request = pair.ask();
    const more = encodeExtension(NTS_FIELDS.uniqueIdentifier, new Uint8Array(32));
    expect(pair.hear(Buffer.concat([pair.answer(request)!, more]))).toBe("ok");
  });
});

describe("the server", () => {
  it("says NTSN to a cookie by a master key it has no more, and still takes one by the key before the last", () => {
    const pair = new Pair();
    const request = pair.ask();
    const next = { id: 8, key: new Uint8Array(32).fill(1) };
    pair.masters = [next, MASTER];
    const answer = pair.answer(request)!;
    expect(pair.hear(answer)).toBe("ok");
    pair.masters = [next];
    const later = pair.ask();
    const nak = pair.answer(later)!;
    expect(nak.length).toBeLessThan(later.length);
    expect([pair.hear(nak), pair.client.needsKeys]).toEqual(["nak", true]);
  });

  it("takes a request without NTS for one, with a unique identifier or not", () => {
    const pair = new Pair();
    expect(pair.arrival(ASKING)).toEqual({ kind: "plain" });
    expect(pair.arrival(encodeNak(ASKING, new Uint8Array(32)))).toEqual({ kind: "plain" });
  });

  it.each([
    ["two cookies", [0, 1, 1, 2]],
    ["no unique identifier", [1, 2]],
    ["two unique identifiers", [0, 0, 1, 2]],
    ["no cookie", [0, 2]],
    ["no authenticator", [0, 1]],
    ["a cookie after the authenticator only", [0, 2, 1]],
  ])("drops a request that has %s", (_what, order) => {
    const pair = new Pair();
    const fields = decoded(pair.ask()).extensions.map(({ type, value }) => encodeExtension(type, value));
    const bytes = Buffer.concat([ASKING, ...order.map((at) => fields[at]!)]);
    expect(pair.arrival(bytes)).toEqual({ kind: "malformed" });
  });
});

describe("a request with a nonce of four octets", () => {
  /** Such a request, with so much additional padding. */
  function shortOf(padding: number): [Pair, Buffer] {
    const pair = new Pair();
    const [row, random] = [pair.row, pair.random];
    const keys = { aead: row, c2s: random(row.keyOctets), s2c: random(row.keyOctets) };
    const clear = Buffer.concat([
      ASKING,
      encodeExtension(NTS_FIELDS.uniqueIdentifier, random(32)),
      encodeExtension(NTS_FIELDS.cookie, sealCookie(MASTER, keys, makeAead, random)),
    ]);
    const nonce = random(4);
    const ciphertext = makeAead(row, keys.c2s).seal(nonce, clear, new Uint8Array(0));
    return [pair, Buffer.concat([clear, encodeAuthenticator(nonce, ciphertext, padding)])];
  }

  it("is answered in no more octets where it left room for ours", () => {
    const [pair, request] = shortOf(12);
    expect(pair.answer(request)?.length).toBe(request.length);
  });

  it("is dropped where it did not", () => {
    const [pair, request] = shortOf(8);
    expect(pair.arrival(request)).toEqual({ kind: "malformed" });
  });
});

describe("a cookie", () => {
  it("is of whole words, and opens to what was sealed into it", () => {
    const random = drawing();
    expect(AEADS.map((row) => cookieOctets(row))).toEqual([104, 136, 168, 72]);
    for (const aead of AEADS) {
      const keys = { aead, c2s: random(aead.keyOctets), s2c: random(aead.keyOctets) };
      const cookie = sealCookie(MASTER, keys, makeAead, random);
      expect(cookie.length).toBe(cookieOctets(aead));
      expect(openCookie(cookie, [{ id: 1, key: MASTER.key }, MASTER], makeAead)).toEqual({
        kind: "opened",
        keys,
        age: 1,
      });
    }
  });

  it("opens to nothing when it is anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        expect(openCookie(Uint8Array.from([0, 0, 0, 7, ...octets]), [MASTER], makeAead)).toEqual({ kind: "wrong" });
      }),
    );
  });
});
