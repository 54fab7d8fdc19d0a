import { describe, expect, it } from "vitest";
import type { AssociationId } from "../../src/association/association.ts";
import type { AssociationReport, Snapshot } from "../../src/engine/port/snapshot.ts";
import { EVENT_MARKS, markLegend, momentOf, plot, type Moment } from "../../src/view/plot.ts";
import { association, silent, snapshotOf } from "../support/snapshot.ts";

const NUMBERS = new Map([
  [1, 1],
  [2, 2],
  [3, 3],
]);
const ROWS = 9;

function snapshot(servers: readonly AssociationReport[], followed: number | null = 1, uncertainty = 0.001): Snapshot {
  const made = snapshotOf(servers);
  const offset = servers.find(({ id }) => id === followed)?.offset ?? null;
  return {
    ...made,
    clock: { ...made.clock, offset, uncertainty: offset === null ? null : uncertainty },
    system: { ...made.system, systemPeer: followed as AssociationId | null },
  };
}

const one = association(1, { offset: 0.01, delay: 0.004, dispersion: 0, jitter: 0 });
const two = association(2, { offset: 0.0101, delay: 0.04, dispersion: 0, jitter: 0, verdict: "survivor" });
const liar = association(3, { offset: 5, delay: 0.002, verdict: "falseticker", reason: "outsideIntersection" });

const drawn = (moments: readonly Moment[], width = 40): readonly string[] => plot(moments, NUMBERS, width, ROWS);

describe("the plot of watch", () => {
  it("shows each server with how far it may be wrong, and the band of the time that is followed", () => {
    const moment = momentOf(snapshot([one, two]), null);
    expect(drawn([moment, moment])).toMatchInlineSnapshot(`
      [
        "  +12.60 ms │",
        "            │··",
        "            │",
        "            │░░",
        "  +10.10 ms │22",
        "            │░░",
        "            │░░",
        "            │··",
        "   +7.60 ms │",
        "            └",
      ]
    `);
  });

  it("keeps the scale of those that agree, and points at whoever is beyond it", () => {
    const moment = momentOf(snapshot([one, two, liar]), null);
    const lines = drawn([moment]);
    expect(lines[0]).toMatch(/▲$/);
    expect(lines.join("")).not.toContain("3");
    const below = drawn([momentOf(snapshot([one, { ...liar, offset: -5 }]), null)]);
    expect(below[ROWS - 1]).toMatch(/▼$/);
    // With nobody who agrees the scale is that of all.
    expect(drawn([momentOf(snapshot([liar], null), null)]).join("")).toContain("3");
  });

  it("marks what happened, the gravest first, and says what the marks mean", () => {
    const quiet = snapshot([one, two]);
    const mark = (now: Snapshot, stepped = false): string => momentOf(now, quiet, stepped).mark;
    expect(momentOf(quiet, null).mark).toBe(" ");
    expect(mark(quiet)).toBe(" ");
    expect(mark(snapshot([one, two], 2))).toBe("*");
    expect(mark(snapshot([one, two], null))).toBe("!");
    expect(mark(snapshot([one, { ...two, kiss: "RATE" }]))).toBe("k");
    expect(mark(snapshot([one, { ...two, verdict: "falseticker" }]))).toBe("x");
    expect(mark(snapshot([one, { ...two, reach: 0 }]))).toBe("?");
    expect(mark(snapshot([one, { ...two, kiss: "RATE", reach: 0 }], 2), true)).toBe("s");
    const moments = ["*", " ", "k"].map((sign) => ({ ...momentOf(quiet, null), mark: sign }));
    expect(drawn(moments).at(-1)).toBe(`${" ".repeat(11)} └* k`);
    expect(markLegend(moments, 80)).toBe("* another is followed   k a kiss");
    expect(new Set(EVENT_MARKS.map((row) => row.mark)).size).toBe(EVENT_MARKS.length);
  });

  it("says when it was below the axis, and tells the numbers at the left apart", () => {
    const close = { ...one, offset: 0.25, delay: 1e-6, dispersion: 0, jitter: 0, rootDelay: 0, rootDispersion: 0 };
    const moments = Array.from({ length: 45 }, (_, index) =>
      momentOf(snapshot([close], 1, 1e-6), null, false, `12:00:${`${index}`.padStart(2, "0")}`),
    );
    const lines = drawn(moments, 80);
    expect(lines.at(-1)).toBe(`${" ".repeat(13)}12:00:00            12:00:20            12:00:40`);
    expect(drawn(moments, 55).at(-1)).toBe(`${" ".repeat(13)}12:00:03            12:00:23`);
    const labels = lines.map((line) => line.slice(0, 11).trim()).filter((label) => label !== "");
    expect(new Set(labels).size).toBe(3);
  });

  it("keeps to the terminal, the newest at the right, and draws nothing of nothing", () => {
    const moments = Array.from({ length: 100 }, (_, index) => ({
      ...momentOf(snapshot([one]), null),
      mark: `${index % 10}`,
    }));
    for (const width of [20, 40, 200]) {
      const lines = drawn(moments, width);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(width, 21));
      expect(lines.at(-1)).toMatch(/9$/);
    }
    expect(drawn([])).toEqual([]);
    expect(drawn([momentOf(snapshot([silent(1, "unreachable")], null), null)])).toEqual([]);
  });
});
