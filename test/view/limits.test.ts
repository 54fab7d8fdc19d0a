/** Whoever is refused by a limit reads the figure, the limit, and the option that sets it. */
import { describe, expect, it } from "vitest";
import { tree } from "../../src/cli/completion/tree.ts";
import type { AssociationReport } from "../../src/engine/port/snapshot.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import { explain } from "../../src/view/explain.ts";
import { describeFailure } from "../../src/view/failure.ts";
import { association, lost, snapshotOf, undecided } from "../support/snapshot.ts";

/** A Windows domain controller: it claims a root dispersion of more than ten seconds. */
const WINDOWS = lost(1, "rootDistance", { rootDistance: 10.75, rootDispersion: 10.7, rootDelay: 0.03, precision: -6 });
const limits = { ...DEFAULT_LIMITS, maxdist: 2, floor: 2, ceiling: 5, maxclock: 7, minsane: 3 };
const CONTEXT = { command: "query", limits: null, deadline: null } as const;

describe("a server refused by a limit", () => {
  it.each([
    [WINDOWS, "10.750 s (root dispersion 10.700 s), the limit is 2.000 s (--maxdist)"],
    [
      lost(1, "rootDistance", { rootDistance: 3, rootDelay: 5, rootDispersion: 0.5 }),
      "3.000 s (root delay 5.000 s), the limit is 2.000 s (--maxdist)",
    ],
    [lost(1, "stratum", { stratum: 1 }), "stratum 1, the least is 2 (--floor)"],
    [lost(1, "stratum", { stratum: 5 }), "stratum 5, the first that is too high is 5 (--ceiling)"],
    [association(1, { verdict: "backup", reason: "surplus" }), "7 at most are used (--maxclock)"],
  ] as const)("is told so %#", (server: AssociationReport, sentence: string) => {
    const snapshot = { ...snapshotOf([server]), limits };
    expect(explain(server, snapshot)!.endsWith(`: ${sentence}`)).toBe(true);
    const [, option] = /\((--[a-z]+)\)$/.exec(sentence)!;
    const query = tree().commands.find(({ name }) => name === "query")!;
    expect(query.options.map(({ long }) => long)).toContain(option);
  });

  it("fails a run by the same words, and with what would allow it", () => {
    expect(describeFailure("no-agreement", { ...undecided([WINDOWS]), limits }, CONTEXT)).toEqual({
      code: "no-agreement",
      message:
        "no server is fit: 192.0.2.1 (its root distance is 10.750 s (root dispersion 10.700 s), the limit is 2.000 s (--maxdist))",
      hint: "ask other servers, or allow these with --maxdist 12",
    });
    expect(describeFailure("no-agreement", undecided([WINDOWS]), { ...CONTEXT, command: "run" })!.hint).toBe(
      "ask other servers, or allow these with `tos maxdist 12`",
    );
    const hopeless = lost(1, "rootDistance", { rootDistance: 15.9 });
    expect(describeFailure("no-agreement", undecided([hopeless]), CONTEXT)!.hint).toBe("ask other servers");
  });

  it("is too few of the survivors", () => {
    const snapshot = { ...undecided([association(1)]), limits };
    expect(describeFailure("no-agreement", snapshot, CONTEXT)).toMatchObject({
      message: "too few servers survived the selection: 1, and 3 must",
      hint: "ask more servers, or lower --minsane",
    });
  });
});
