/** Autokey's messages octet for octet: each is read as it was written, and each that is too short, too long or of a lying length has its fault. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { autokeyField, readAutokey, readAutokeyMessage, type AutokeyMessage } from "../../src/wire/autokey.ts";

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const some = (least: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: least, maxLength: 12 });
const content = fc.record({ timestamp: word, filestamp: word, value: some(1), signature: some(0) });
const message: fc.Arbitrary<AutokeyMessage> = fc.record({
  code: fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 9),
  response: fc.boolean(),
  error: fc.boolean(),
  associationId: word,
  content: fc.option(content),
});

const whole: AutokeyMessage = {
  code: 2,
  response: true,
  error: false,
  associationId: 7,
  content: { timestamp: 1, filestamp: 2, value: Uint8Array.of(1, 2, 3, 4, 5), signature: Uint8Array.of(9) },
};

describe("an Autokey message", () => {
  it("is read as it was written, in whole words with nothing behind them", () => {
    fc.assert(
      fc.property(message, (written) => {
        const field = autokeyField(written);
        expect(readAutokeyMessage(field)).toEqual(written);
        const { value, signature } = written.content ?? { value: { length: 0 }, signature: { length: 0 } };
        const words = 5 + Math.ceil(value.length / 4) + Math.ceil(signature.length / 4);
        expect(field.value.length).toBe(written.content === null ? 4 : 4 * words);
      }),
    );
  });

  it("has a fault at every length but its own", () => {
    const { type, value } = autokeyField(whole);
    // The association ID alone is a request that carries nothing.
    const faults = Array.from({ length: value.length }, (_, length) => {
      const read = readAutokeyMessage({ type, value: value.subarray(0, length) });
      return typeof read === "string" ? read : "whole";
    });
    expect(faults).toEqual([
      ...Array.from({ length: 4 }, () => "fieldLength"),
      "whole",
      ...Array.from({ length: 15 }, () => "fieldLength"),
      ...Array.from({ length: 8 }, () => "valueLength"),
      ...Array.from({ length: 4 }, () => "signatureLength"),
    ]);
    expect(readAutokeyMessage({ type, value: Uint8Array.of(...value, 0, 0, 0, 0) })).toBe("surplus");
  });

  it("of an empty value, or of lengths that no field has, has a fault", () => {
    const { type, value } = autokeyField(whole);
    const lying = (at: number, length: number): Uint8Array => {
      const octets = value.slice();
      new DataView(octets.buffer).setUint32(at, length);
      return octets;
    };
    expect(readAutokeyMessage({ type, value: lying(12, 0) })).toBe("valueLength");
    for (const length of [13, 0x7fff_ffff, 0xffff_ffff])
      expect(readAutokeyMessage({ type, value: lying(12, length) })).toBe("valueLength");
    for (const length of [5, 0x7fff_ffff, 0xffff_ffff])
      expect(readAutokeyMessage({ type, value: lying(24, length) })).toBe("signatureLength");
  });

  it("that ends early has of its header what is there as whole words", () => {
    const { type, value } = autokeyField(whole);
    const read = Array.from({ length: 13 }, (_, length) => {
      const { associationId, timestamp, filestamp } = readAutokey({ type, value: value.subarray(0, length) });
      return [associationId, timestamp, filestamp];
    });
    expect(read).toEqual([
      ...Array.from({ length: 4 }, () => [0, null, null]),
      ...Array.from({ length: 4 }, () => [7, null, null]),
      ...Array.from({ length: 4 }, () => [7, 1, null]),
      [7, 1, 2],
    ]);
  });
});
