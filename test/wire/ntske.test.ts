import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_KE_REQUEST,
  MAX_KE_RESPONSE,
  decodeKeMessage,
  encodeKeMessage,
  encodeNumbers,
  readNumbers,
  type KeRecord,
} from "../../src/wire/ntske.ts";
import { budget } from "../support/budget.ts";

const END = [0x80, 0, 0, 0];

/** Any record but the End of Message. */
const record: fc.Arbitrary<KeRecord> = fc.record({
  critical: fc.boolean(),
  type: fc.integer({ min: 1, max: 0x7fff }),
  body: fc.uint8Array({ maxLength: 40 }),
});

const read = (octets: readonly number[], limit = MAX_KE_RESPONSE) => decodeKeMessage(Uint8Array.from(octets), limit);

describe("a message of key establishment", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        expect(decodeKeMessage(encodeKeMessage(records), MAX_KE_RESPONSE)).toEqual({ kind: "message", records });
      }),
    );
  });

  it("is incomplete wherever it is cut", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), fc.nat(), (records, at) => {
        const octets = encodeKeMessage(records);
        const cut = octets.subarray(0, at % octets.length);
        expect(decodeKeMessage(cut, MAX_KE_RESPONSE)).toEqual({ kind: "incomplete" });
      }),
    );
  });

  it("has the critical bit above the type, and a length of the body alone", () => {
    const octets = encodeKeMessage([{ critical: true, type: 1, body: Uint8Array.of(0, 0) }]);
    expect([...octets]).toEqual([0x80, 1, 0, 2, 0, 0, ...END]);
  });

  it.each([
    ["an end that has a body", [0x80, 0, 0, 1, 7], "endOfMessage"],
    ["an end without the critical bit", [0, 0, 0, 0], "endOfMessage"],
    ["octets after the end", [...END, 0], "afterEnd"],
    ["two ends", [...END, ...END], "afterEnd"],
  ])("is malformed with %s", (_what, octets, fault) => {
    expect(read(octets)).toEqual({ kind: "malformed", fault });
  });

  it("is too long as soon as the limit is reached without an end, and not a moment sooner", () => {
    const endless = new Uint8Array(MAX_KE_REQUEST).fill(0xff);
    expect(decodeKeMessage(endless, MAX_KE_REQUEST)).toEqual({ kind: "malformed", fault: "tooLong" });
    expect(decodeKeMessage(endless.subarray(1), MAX_KE_REQUEST)).toEqual({ kind: "incomplete" });
    const whole = encodeKeMessage([{ critical: false, type: 9, body: new Uint8Array(MAX_KE_REQUEST - 8) }]);
    expect(decodeKeMessage(whole, MAX_KE_REQUEST).kind).toBe("message");
    expect(decodeKeMessage(whole, MAX_KE_REQUEST - 1)).toEqual({ kind: "malformed", fault: "tooLong" });
  });

  it("is never made of a type or a body that does not fit", () => {
    expect(() => encodeKeMessage([{ critical: false, type: 0x8000, body: new Uint8Array(0) }])).toThrow(RangeError);
    expect(() => encodeKeMessage([{ critical: false, type: 5, body: new Uint8Array(65_536) }])).toThrow(RangeError);
  });

  it("is one of three things, whatever octets come", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        const message = decodeKeMessage(octets, 128);
        expect(["message", "incomplete", "malformed"]).toContain(message.kind);
        if (message.kind === "message") expect(encodeKeMessage(message.records)).toEqual(octets);
      }),
      budget(0.01),
    );
  });
});

describe("a body of numbers", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (numbers) => {
        expect(readNumbers(encodeNumbers(numbers))).toEqual(numbers);
      }),
    );
  });

  it("is none with half a number", () => {
    expect(readNumbers(Uint8Array.of(0, 15, 0))).toBeNull();
  });
});
