/** The hot path: exact fields of answers, kisses and crypto-NAKs, and the laws that hold for any request. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KISSES, NAK_LENGTH, answer, answeringMode, kiss, refuseKey, stampTransmit } from "../../src/server/answer.ts";
import { NOTHING_TO_SERVE, publish } from "../../src/server/published.ts";
import type { Published, ServedVariables } from "../../src/server/published.ts";
import { smearOfReferenceId } from "../../src/server/smear.ts";
import { PHI } from "../../src/time/seconds.ts";
import { difference, shift, timestamp } from "../../src/time/timestamp.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { readHeader } from "../../src/wire/header.ts";
import type { Header } from "../../src/wire/header.ts";
import { CLOCK, SYNCHRONIZED, requestOf } from "./packets.ts";

const PLAIN = { precision: -24, leastPoll: 3, age: 0, smear: 0 };
const T3 = shift(CLOCK, 0.000_05);

function publishedOf(variables: ServedVariables = SYNCHRONIZED, options: Partial<typeof PLAIN> = {}): Published {
  return publish(variables, { ...PLAIN, ...options });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function halves(at: NtpTimestamp): [number, number] {
  return [Number(BigInt.asIntN(32, at >> 32n)), Number(BigInt.asIntN(32, at))];
}

/** What a request is answered by; `null`: nothing. */
function answered(
  bytes: Uint8Array,
  published: Published = publishedOf(),
  t2: NtpTimestamp = CLOCK,
  t3: NtpTimestamp = T3,
): Header | null {
  const out = new DataView(new ArrayBuffer(NAK_LENGTH));
  const length = answer(viewOf(bytes), bytes.length, ...halves(t2), published, out);
  if (length === 0) return null;
  expect(length).toBe(48);
  stampTransmit(out, ...halves(t3), published);
  return readHeader(out);
}

describe("an answer", () => {
  it("has every field of RFC 5905 figure 31", () => {
    expect(answered(requestOf({}))).toEqual({
      leap: "none",
      version: 4,
      mode: "server",
      stratum: 2,
      poll: 6,
      precision: -24,
      rootDelay: 66 / 65_536,
      rootDispersion: 132 / 65_536,
      referenceId: 0xc000_0201,
      reference: SYNCHRONIZED.reference,
      origin: timestamp(0xec00_0001, 0xdead_beef),
      receive: CLOCK,
      transmit: T3,
    });
  });

  it("says that there is nothing to be had, as ntpd does: LI 3, stratum 0, INIT, no reference time", () => {
    const header = answered(requestOf({}), publishedOf(NOTHING_TO_SERVE, { age: 2 }));
    expect(header).toMatchObject({
      leap: "unsynchronized",
      stratum: 0,
      referenceId: 0x494e_4954,
      reference: 0n,
      receive: CLOCK,
      transmit: T3,
    });
    expect(header?.rootDispersion).toBeCloseTo(2 * PHI, 4);
  });

  it("lets the root dispersion grow at PHI", () => {
    expect(answered(requestOf({}), publishedOf(SYNCHRONIZED, { age: 1000 }))?.rootDispersion).toBeCloseTo(
      0.002 + 1000 * PHI,
      4,
    );
  });

  it.each([
    [-128, 3],
    [-6, 3],
    [2, 3],
    [3, 3],
    [10, 10],
    [127, 127],
  ])("echoes poll %i as %i", (poll, echoed) => {
    expect(answered(requestOf({ poll }))?.poll).toBe(echoed);
  });

  it.each([
    [4, "client", "server"],
    [3, "client", "server"],
    [2, "client", "server"],
    [1, "client", "server"],
    [1, "reserved", "server"],
    [4, "symmetricActive", "symmetricPassive"],
    [3, "symmetricActive", "symmetricPassive"],
  ] as const)("to version %i mode %s is of the same version, mode %s", (version, mode, answering) => {
    expect(answered(requestOf({ version, mode }))).toMatchObject({ version, mode: answering });
  });

  it.each([
    [4, "reserved"],
    [2, "reserved"],
    [0, "client"],
    [5, "client"],
    [7, "client"],
    [4, "symmetricPassive"],
    [4, "server"],
    [4, "broadcast"],
    [4, "control"],
    [4, "private"],
  ] as const)("is not given to version %i mode %s", (version, mode) => {
    expect(answered(requestOf({ version, mode }))).toBeNull();
  });

  it("may be made in the request's own memory", () => {
    const bytes = requestOf({});
    const apart = answered(bytes);
    answer(viewOf(bytes), 48, ...halves(CLOCK), publishedOf(), viewOf(bytes));
    stampTransmit(viewOf(bytes), ...halves(T3), publishedOf());
    expect(readHeader(viewOf(bytes))).toEqual(apart);
  });
});

describe("a smeared answer", () => {
  it("moves all three timestamps alike, hides the leap second and tells the smear", () => {
    const smear = -0.375;
    const header = answered(requestOf({}), publishedOf({ ...SYNCHRONIZED, leap: "insert" }, { smear }))!;
    expect(header.leap).toBe("none");
    expect(smearOfReferenceId(header.referenceId)).toBe(smear);
    expect(difference(header.receive, CLOCK)).toBe(smear);
    expect(difference(header.transmit, T3)).toBe(smear);
    expect(difference(header.reference, SYNCHRONIZED.reference)).toBe(smear);
  });

  it("adds any smear to any timestamp modulo 2^64", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (at, smear) => {
          const header = answered(
            requestOf({}),
            publishedOf(SYNCHRONIZED, { smear }),
            at as NtpTimestamp,
            at as NtpTimestamp,
          )!;
          expect(header.receive).toBe(shift(at as NtpTimestamp, smear));
          expect(header.transmit).toBe(header.receive);
        },
      ),
    );
  });

  it("announces the leap second where nothing is smeared", () => {
    expect(answered(requestOf({}), publishedOf({ ...SYNCHRONIZED, leap: "insert" }))?.leap).toBe("insert");
  });
});

describe("a kiss", () => {
  it("has the request's transmit timestamp three times, and nothing of ours", () => {
    const request = requestOf({
      poll: 4,
      precision: -18,
      rootDelay: 0.5,
      rootDispersion: 0.25,
      reference: timestamp(7, 8),
      origin: timestamp(1, 2),
    });
    const out = new DataView(new ArrayBuffer(48));
    expect(kiss(KISSES.rate, viewOf(request), 6, out)).toBe(48);
    const asked = readHeader(viewOf(request));
    expect(readHeader(out)).toEqual({
      ...asked,
      leap: "unsynchronized",
      mode: "server",
      stratum: 0,
      poll: 6,
      referenceId: 0x5241_5445,
      origin: asked.transmit,
      receive: asked.transmit,
    });
  });

  it("can be made in the request's own memory", () => {
    const [apart, within] = [
      new DataView(new ArrayBuffer(48)),
      viewOf(requestOf({ version: 3, mode: "symmetricActive" })),
    ];
    kiss(KISSES.rate, within, 3, apart);
    kiss(KISSES.rate, within, 3, within);
    expect(readHeader(within)).toEqual(readHeader(apart));
    expect(readHeader(within)).toMatchObject({ version: 3, mode: "symmetricPassive" });
  });
});

it("a crypto-NAK is the answer and four zero octets", () => {
  const out = new Uint8Array(NAK_LENGTH).fill(0xff);
  answer(viewOf(requestOf({})), 68, ...halves(CLOCK), publishedOf(), viewOf(out));
  const plain = out.slice(0, 48);
  expect(refuseKey(viewOf(out))).toBe(52);
  expect(out).toEqual(Uint8Array.of(...plain, 0, 0, 0, 0));
});

describe("laws of any octets", () => {
  const octets = fc.uint8Array({ maxLength: 200 });

  it("no answer is longer than its question, and none is given to what is no request", () => {
    fc.assert(
      fc.property(octets, (bytes) => {
        const out = new Uint8Array(NAK_LENGTH).fill(0xaa);
        const length = answer(viewOf(bytes), bytes.length, ...halves(CLOCK), publishedOf(), viewOf(out));
        const [version, mode] = [((bytes[0] ?? 0) >> 3) & 7, (bytes[0] ?? 0) & 7];
        const isRequest =
          bytes.length >= 48 &&
          version >= 1 &&
          version <= 4 &&
          (mode === 1 || mode === 3 || (mode === 0 && version === 1));
        expect(length).toBe(isRequest ? 48 : 0);
        expect(length).toBeLessThanOrEqual(bytes.length);
        if (!isRequest) expect(out.every((octet) => octet === 0xaa)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("an answer echoes the transmit timestamp, bit by bit, and is itself no request", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 48, maxLength: 48 }),
        fc.constantFrom(1, 2, 3, 4),
        fc.constantFrom(1, 3),
        (bytes, version, mode) => {
          bytes[0] = (bytes[0]! & 0xc0) | (version << 3) | mode;
          const out = new Uint8Array(48);
          answer(viewOf(bytes), 48, ...halves(CLOCK), publishedOf(), viewOf(out));
          expect(out.slice(24, 32)).toEqual(bytes.slice(40, 48));
          expect(answeringMode((out[0]! >> 3) & 7, out[0]! & 7)).toBe(0);
          kiss(KISSES.rate, viewOf(bytes), 3, viewOf(out));
          expect(answeringMode((out[0]! >> 3) & 7, out[0]! & 7)).toBe(0);
        },
      ),
    );
  });
});
