/** No table is wider than the terminal, and no word is broken. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REASONS, type Reason } from "../../src/association/verdict.ts";
import { BROADCAST_COLUMNS, poolColumns, RING_COLUMNS } from "../../src/view/members.ts";
import { PLAIN } from "../../src/view/palette.ts";
import { report } from "../../src/view/report.ts";
import { FIGURES, serverTable } from "../../src/view/table.ts";
import { wrapped } from "../../src/view/text.ts";
import { association, MOMENT, snapshotOf } from "../support/snapshot.ts";

const widths = fc.integer({ min: 60, max: 200 });
const servers = fc
  .array(
    fc.record({
      name: fc.constantFrom("a", "ntp1.example.net", "a-very-long-name-of-a-time-server.of-a-pool.example.net"),
      address: fc.constantFrom("192.0.2.1", "2001:db8:1234:5678:9abc:def0:1234:5678"),
      reason: fc.constantFrom(null, ...(Object.keys(REASONS) as Reason[])),
      offset: fc.constantFrom(null, 1e-6, -0.25, 1_398_363_500),
      delay: fc.constantFrom(null, 0.0002, 12.5),
      rootDistance: fc.constantFrom(null, 0.0031, 16),
      refid: fc.constantFrom(null, "GPS", "198.51.100.100", "\u007f\u007f\u0001\u0001"),
      keyId: fc.constantFrom(null, 65_535),
      authentication: fc.constantFrom("none" as const, "ok" as const, "failed" as const),
      group: fc.constantFrom("224.0.1.1", "ff05::101"),
      kiss: fc.constantFrom(null, "RATE"),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((fields) =>
    fields.map((one, index) =>
      association(index + 1, { ...one, ...(one.reason === null ? {} : { verdict: "rejected" as const }) }),
    ),
  );

describe("a table", () => {
  it("is no wider than the terminal, of 60 columns or more", () => {
    fc.assert(
      fc.property(servers, widths, (associations, width) => {
        for (const columns of [FIGURES, poolColumns(associations), RING_COLUMNS, BROADCAST_COLUMNS])
          for (const line of serverTable(associations, width, PLAIN, columns).split("\n"))
            expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });

  it("keeps the reasons where there is room for them, and else a sentence says each", () => {
    const falseticker = association(1, { verdict: "falseticker", reason: "outsideIntersection" });
    const text = (width: number): string =>
      report(snapshotOf([falseticker]), { width, wraps: true, palette: PLAIN, pivot: MOMENT });
    expect(text(80)).toMatch(/^x .* outside intersection$/m);
    expect(text(60)).not.toContain("why not");
    expect(text(60)).toContain("its time disagrees with the majority");
  });
});

describe("a sentence", () => {
  it("is broken between words only, and no line is wider than the terminal but for a word that is", () => {
    const words = fc.array(fc.stringMatching(/^[a-z:,.±µ]{1,70}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(words, widths, (words, width) => {
        const lines = wrapped(words.join(" "), width);
        expect(lines.flatMap((line) => line.trim().split(" "))).toEqual(words);
        for (const line of lines) if (line.length > width) expect(line.trim().split(" ")).toHaveLength(1);
      }),
    );
  });

  it("stays whole where there is no terminal", () => {
    const line = "word ".repeat(100);
    expect(wrapped(line, null)).toEqual([line]);
  });
});
