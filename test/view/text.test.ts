/** Units, signs, and what is kept from a terminal. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counted, durationText, listed, longText, printable, signedText } from "../../src/view/text.ts";

describe("a duration in text", () => {
  it.each([
    [0, "0 s"],
    [1e-12, "0 s"],
    [2e-9, "2 ns"],
    [12.34e-6, "12.3 µs"],
    [999.96e-6, "1.00 ms"],
    [0.00123, "1.23 ms"],
    [0.25, "250.0 ms"],
    [0.0999999, "100.0 ms"],
    [0.99999, "1.000 s"],
    [1.5, "1.500 s"],
    [-5, "-5.000 s"],
    [1234.5678, "1234.6 s"],
    [Infinity, "inf"],
    [null, "-"],
    [NaN, "-"],
  ])("%d s is %s", (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  it("is true to one part in two hundred, in every unit", () => {
    const units: Readonly<Record<string, number>> = { s: 1, ms: 1e-3, µs: 1e-6, ns: 1e-9 };
    fc.assert(
      fc.property(fc.double({ min: 1e-7, max: 1e9, noNaN: true }), fc.boolean(), (size, negative) => {
        const seconds = negative ? -size : size;
        const [figure, unit] = durationText(seconds).split(" ");
        expect(Math.abs(Number(figure) * units[unit!]! - seconds)).toBeLessThanOrEqual(size / 190);
      }),
    );
  });

  it("shows an offset's sign always", () => {
    expect([0.25, -0.25, 0, null].map(signedText)).toEqual(["+250.0 ms", "-250.0 ms", "0 s", "-"]);
  });

  it("has days, hours and minutes when it is long", () => {
    expect([119, 120, 3600, 90_061, 1e9].map(longText)).toEqual([null, "2 min", "1 h", "1 d 1 h", "11574 d 1 h"]);
  });
});

describe("text from elsewhere", () => {
  it("keeps its letters and loses what steers terminals", () => {
    expect(printable("zeit.bücher.example")).toBe("zeit.bücher.example");
    expect(printable("a\u001b[31mb\u009bc\r\n\u202ed\u200b")).toBe("a\\x1b[31mb\\x9bc\\x0d\\x0a\\u{202e}d\\u{200b}");
  });
  it("never lets a control or formatting character through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe("lists and counts", () => {
  it("read as sentences do", () => {
    expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listed)).toEqual(["", "a", "a and b", "a, b and c"]);
    expect([counted(1, "server"), counted(2, "server")]).toEqual(["1 server", "2 servers"]);
  });
});
