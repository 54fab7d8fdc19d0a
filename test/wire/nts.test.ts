import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeExtension } from "../../src/wire/extension.ts";
import {
  NTS_FIELDS,
  additionalPadding,
  encodeAuthenticator,
  readAuthenticator,
  readPlaintext,
} from "../../src/wire/nts.ts";
import { budget } from "../support/budget.ts";

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("the authenticator field", () => {
  it("is a nonce and a ciphertext, each padded to a word, with their lengths before them", () => {
    const field = encodeAuthenticator(octets(1, 2, 3, 4, 5), octets(6, 7, 8, 9, 10, 11), 4);
    expect(Buffer.from(field).toString("hex")).toBe(
      "0404001c 00050006 0102030405000000 060708090a0b0000 00000000".replaceAll(" ", ""),
    );
  });

  it("has no more padding than words need unless it is asked for", () => {
    const [nonce, ciphertext] = [new Uint8Array(16), new Uint8Array(17)];
    expect(encodeAuthenticator(nonce, ciphertext).length).toBe(4 + 4 + 16 + 20);
  });

  it("is read as it was written, with the padding that was asked for", () => {
    const part = fc.uint8Array({ minLength: 8, maxLength: 300 });
    fc.assert(
      fc.property(part, part, fc.nat(5), (nonce, ciphertext, words) => {
        const field = encodeAuthenticator(nonce, ciphertext, words * 4);
        expect(readAuthenticator(field.subarray(4))).toEqual({ nonce, ciphertext, additionalPadding: words * 4 });
      }),
    );
  });

  it.each([
    ["no room for the lengths", [0, 0, 0]],
    ["a nonce beyond the end", [0, 9, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]],
    ["a ciphertext beyond the end", [0, 4, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8]],
    ["lengths that would go round", [255, 255, 255, 255, 1, 2, 3, 4]],
  ])("is not one with %s", (_what, value) => {
    expect(readAuthenticator(Uint8Array.from(value))).toBeNull();
  });

  it("is read out of any octets without going beyond them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (value) => {
        const read = readAuthenticator(value);
        if (read === null) return;
        const { nonce, ciphertext, additionalPadding } = read;
        expect(4 + nonce.length + ciphertext.length + additionalPadding).toBeLessThanOrEqual(value.length);
      }),
      budget(0.005),
    );
  });
});

describe("a request's additional padding", () => {
  it.each([
    ["none for a nonce of 16 where any length is permitted", 16, 0xffff, 0],
    ["none for the only nonce that GCM-SIV permits", 12, 12, 0],
    ["up to 16 for a short nonce", 4, 0xffff, 12],
    ["by padded lengths", 9, 0xffff, 4],
    ["none for a longer nonce", 32, 0xffff, 0],
  ])("is %s", (_what, nonceLength, longest, padding) => {
    expect(additionalPadding(nonceLength, longest)).toBe(padding);
  });
});

describe("the fields of a plaintext", () => {
  it("may be shorter than outside, down to a head without value", () => {
    const plaintext = Uint8Array.of(3, 4, 0, 4, 1, 4, 0, 8, 9, 9, 9, 9);
    expect(readPlaintext(plaintext)?.map(({ type, value }) => [type, [...value]])).toEqual([
      [NTS_FIELDS.placeholder, []],
      [NTS_FIELDS.uniqueIdentifier, [9, 9, 9, 9]],
    ]);
    expect(readPlaintext(octets())).toEqual([]);
  });

  it("are cookies as they were put in", () => {
    const cookie = fc
      .integer({ min: 3, max: 64 })
      .chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));
    fc.assert(
      fc.property(fc.array(cookie, { maxLength: 8 }), (cookies) => {
        const plaintext = Buffer.concat(cookies.map((value) => encodeExtension(NTS_FIELDS.cookie, value)));
        expect(readPlaintext(plaintext)?.map(({ value }) => [...value])).toEqual(cookies.map((value) => [...value]));
      }),
    );
  });

  it.each([
    ["a head that is cut", [2, 4, 0]],
    ["a length of less than its head", [2, 4, 0, 0]],
    ["a length that is no multiple of four", [2, 4, 0, 5, 1]],
    ["a value that is cut", [2, 4, 0, 12, 1, 2, 3, 4]],
  ])("are none with %s", (_what, plaintext) => {
    expect(readPlaintext(Uint8Array.from(plaintext))).toBeNull();
  });
});
