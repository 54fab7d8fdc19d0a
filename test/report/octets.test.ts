/** Statistics read from octets: the same rows as from text, in whatever pieces they come. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLine, type Row, type Unread } from "../../src/report/lines.ts";
import { OctetReader } from "../../src/report/octets.ts";
import { Splitter } from "../../src/report/splitter.ts";

const digits = (most: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most }).map((all) => all.join(""));
const number = fc.oneof(
  fc.tuple(fc.constantFrom("", "-", "+"), digits(9), digits(9)).map(([sign, whole, part]) => `${sign}${whole}.${part}`),
  fc.double({ noNaN: true, min: -1, max: 1 }).map((value) => value.toFixed(9)),
  fc.constantFrom("0", "-0", "1e-5", "NaN", "inf", ".", "-", "1.2.3", "123456789012345678", ".5", "5.", ""),
);
const plain = fc.double({ noNaN: true, min: -10, max: 10 }).map((value) => value.toFixed(9));
const day = fc.oneof({ weight: 5, arbitrary: fc.constantFrom("60600", "60601") }, fc.constantFrom("99999", "123", "x"));
const second = fc.double({ min: 0, max: 86_400, noNaN: true }).map((value) => value.toFixed(3));
const name = fc.oneof(fc.constantFrom("192.0.2.1", "2001:db8::1", "NMEA(0)", "60600"), fc.string({ maxLength: 80 }));
const status = fc.constantFrom("961a", "9014", "941A", "961", "96z4", "0", "60600");
const separator = fc.oneof({ weight: 9, arbitrary: fc.constant(" ") }, fc.constantFrom("  ", "\t", "\u00a0"));
const end = fc.oneof({ weight: 9, arbitrary: fc.constant("\n") }, fc.constantFrom("\r\n", " \n", " 1\n"));
/** Lines of both files as daemons write them, and such as are not quite. */
const line = fc
  .tuple(
    day,
    second,
    fc.oneof(
      fc.tuple(name, status, plain, plain, plain, plain),
      fc.tuple(name, status, number, number, number, number),
      fc.tuple(plain, plain, plain, plain, fc.constant("6")),
      fc.tuple(number, number, number, number, number),
      fc.array(number, { maxLength: 8 }),
    ),
    separator,
    end,
  )
  .map(([one, other, rest, between, feed]) => [one, other, ...rest].join(between).replaceAll(/\n(?=.)/gs, "") + feed)
  .filter((text) => text.indexOf("\n") === text.length - 1);

function rowsOf(octets: Uint8Array, sizes: readonly number[]): readonly (Row | Unread)[] {
  const rows: (Row | Unread)[] = [];
  const splitter = new Splitter((row) => rows.push(row));
  let from = 0;
  for (let index = 0; from < octets.length; index += 1) {
    const size = sizes[index % sizes.length]!;
    splitter.add(octets.subarray(from, from + size));
    from += size;
  }
  splitter.end();
  return rows;
}

describe("a line in octets", () => {
  it("is the row that it is as text, or is left to be read as text", () => {
    let read = 0;
    fc.assert(
      fc.property(line, (text) => {
        const row = new OctetReader().read(Buffer.from(text), 0);
        if (row === null) return;
        read += 1;
        expect(row).toEqual(readLine(text));
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it.each([
    "60600 75.500 192.0.2.1 961a -0.000020000 0.001500000 0.000900000 0.000002000\n",
    "60600 75.123 0.000012500 -12.345 0.000001500 0.012000 6\n",
  ])("is read without making text of it: %s", (text) => {
    const reader = new OctetReader();
    expect(reader.read(Buffer.from(`x${text}y`), 1)).toEqual(readLine(text));
    expect(reader.at).toBe(1 + text.length);
  });

  it.each(["61000 500000.0 0 0 0 0 6\n", "61000 86401 192.0.2.1 961a 0 0 0 0\n"])(
    "is none of a second that no day has: %j",
    (text) => {
      expect(rowsOf(Buffer.from(text), [100])).toEqual(["broken"]);
    },
  );

  it("has its server's name, even where two names have one digest", () => {
    // A well-known pair, of FNV-1a at 32 bits.
    const reader = new OctetReader();
    const rows = ["costarring", "liquid", "costarring"].map((server) =>
      reader.read(Buffer.from(`60600 1.0 ${server} 961a 0.1 0.2 0.3 0.4\n`), 0),
    );
    expect(rows.map((row) => row?.kind === "server" && row.server)).toEqual(["costarring", "liquid", "costarring"]);
  });
});

describe("a file in pieces", () => {
  it("has the lines that it has as a whole", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), sizes, fc.boolean(), (all, pieces, isCut) => {
        const text = isCut ? all.join("").slice(0, -1) : all.join("");
        const lines = text.split("\n");
        if (!isCut || lines.at(-1) === "") lines.pop();
        expect(rowsOf(Buffer.from(text), pieces)).toEqual(lines.map((one) => readLine(one)));
      }),
      { numRuns: 300 },
    );
  });

  it("is not held whole where it has no lines: it is one of another kind", () => {
    const long = Buffer.concat([Buffer.alloc(5 << 20, 120), Buffer.from("\n60600 1.0 a 961a 0.1 0.2 0.3 0.4\n")]);
    expect(rowsOf(long, [1 << 16])).toMatchObject(["foreign", { server: "a" }]);
  });
});
