import { describe, expect, it } from "vitest";
import type { DaemonReport, PeerReport } from "../../src/control/daemon.ts";
import { mode6Report } from "../../src/control/daemonmode6.ts";
import type { ReadVariables } from "../../src/control/operations.ts";
import { reselect } from "../../src/control/reselect.ts";
import { timestamp, unfold } from "../../src/time/timestamp.ts";
import { explanation } from "../../src/view/intervals.ts";
import { PLAIN } from "../../src/view/palette.ts";

const NOW = timestamp(0xeeac_80c3, 0);
const PIVOT = unfold(NOW, 1_795_000_000_000_000_000n);

/** What selection made of it, in the status word; and its offset, milliseconds. */
interface Told {
  readonly select: number;
  readonly offset: number;
  readonly more?: Readonly<Record<string, string>>;
}

function variables(association: number, of: Readonly<Record<string, string>>): ReadVariables {
  const list = Object.entries(of).map(([name, value]) => ({ name, value }));
  return {
    kind: "variables",
    association,
    status: 0,
    list,
    variables: new Map(Object.entries(of)),
    authentication: "none",
  };
}

/** A daemon whose servers all lie 1 ms from a primary source. */
function daemon(peers: readonly Told[]): DaemonReport {
  const associations = peers.map(({ select, offset, more = {} }, index) => {
    const id = index + 1;
    const of = {
      srcadr: `192.0.2.${id}`,
      hmode: "3",
      leap: "0",
      stratum: "2",
      reach: "0xff",
      rootdelay: "1.0",
      rootdisp: "0.5",
      delay: "0.0",
      dispersion: "0.0",
      jitter: "0.0",
      offset: `${offset}`,
      rec: "0xeeac80c3.0",
      ...more,
    };
    return { id, status: 0x9000 | (select << 8), variables: variables(id, of) };
  });
  const system = variables(0, { leap: "0", stratum: "3", peer: "1" });
  return mode6Report("host", { kind: "daemon", status: 0x0615, system, associations }, NOW, PIVOT);
}

const verdicts = (report: DaemonReport): unknown[] =>
  reselect(report).rejudged.map(({ verdict, reason, differs }) => [verdict, reason, differs]);
const lines = (report: DaemonReport, width = 80): string[] =>
  explanation(report.host, reselect(report), width, PLAIN).trimEnd().split("\n");

describe("selection run again", () => {
  it("finds the same as a daemon that is right", () => {
    const report = daemon([
      { select: 6, offset: 0 },
      { select: 4, offset: 0.1 },
      { select: 4, offset: -0.1 },
      { select: 1, offset: 50 },
    ]);
    expect(verdicts(report)).toEqual([
      ["systemPeer", null, false],
      ["survivor", null, false],
      ["survivor", null, false],
      ["falseticker", "outsideIntersection", false],
    ]);
    expect(lines(report)).toContain(
      "192.0.2.4: its time disagrees with the majority: its offset is +50.00 ms within 1.00 ms, the majority's between -900.0 µs and +900.0 µs",
    );
  });

  it("says where the daemon decided otherwise", () => {
    const report = daemon([
      { select: 6, offset: 0 },
      { select: 4, offset: 0.1 },
      { select: 4, offset: 50 },
    ]);
    expect(verdicts(report)[2]).toEqual(["falseticker", "outsideIntersection", true]);
    expect(lines(report).at(-1)).toMatch(/; the daemon decided otherwise: it combines it$/);
    const unfit = daemon([
      { select: 6, offset: 0 },
      { select: 0, offset: 0.1, more: { flash: "0x400", rootdisp: "1.0" } },
    ]);
    expect(lines(unfit).at(-1)).toBe("192.0.2.2: we would follow it; the daemon decided otherwise: rejected");
  });

  it("takes the daemon's word for what no figure shows", () => {
    const report = daemon([
      { select: 6, offset: 0 },
      { select: 0, offset: 0, more: { flash: "0x800" } },
      { select: 0, offset: 0, more: { flash: "0x10" } },
    ]);
    expect(verdicts(report).slice(1)).toEqual([
      ["rejected", "loop", false],
      ["rejected", "authentication", false],
    ]);
  });

  it.each([
    [{ reach: "0x0" }, "unreachable"],
    [{ leap: "3" }, "unsynchronized"],
    [{ stratum: "16" }, "unsynchronized"],
    [{ rootdisp: "2000" }, "rootDistance"],
    [{ offset: "much" }, "pending"],
  ] as const)("finds %j unfit: %s", (more, reason) => {
    expect(
      verdicts(
        daemon([
          { select: 6, offset: 0 },
          { select: 0, offset: 0, more },
        ]),
      )[1],
    ).toEqual(["rejected", reason, false]);
  });

  it("leaves the local clock and pools out while there are servers", () => {
    const report = daemon([
      { select: 6, offset: 0 },
      { select: 0, offset: 0, more: { srcadr: "127.127.1.0" } },
      { select: 0, offset: 0, more: { srcadr: "0.0.0.0" } },
    ]);
    expect(verdicts(report)).toHaveLength(2);
    expect(verdicts(report)[1]).toEqual(["rejected", "surplus", false]);
  });

  it("never breaks on what a daemon may say", () => {
    const odd: Partial<PeerReport>[] = [
      { offset: 1e300 },
      { jitter: -5 },
      { delay: -1 },
      { rootDistance: 0 },
      { when: 1e9 },
      { stratum: 0 },
      { rootDistance: null },
    ];
    const { associations, ...rest } = daemon([{ select: 6, offset: 0 }]);
    const report = {
      ...rest,
      associations: odd.map((change, index) => ({ ...associations[0]!, ...change, id: index + 1 })),
    };
    expect(reselect(report).rejudged).toHaveLength(odd.length);
    expect(lines(report).length).toBeGreaterThan(1);
  });
});

describe("the drawing", () => {
  const report = daemon([
    { select: 6, offset: 0 },
    { select: 4, offset: 0.4 },
    { select: 1, offset: 50 },
  ]);

  it("shades the intersection, and shows where those beyond the edge are", () => {
    const [head, first, second, third, scale] = lines(report);
    expect(head).toBe(
      "host: 2 of 3 servers agree: the time is -600.0 µs to +1.00 ms off, +200.0 µs by those that are followed",
    );
    const shaded = (line: string | undefined): number[] =>
      [...line!].flatMap((character, column) => ("▒░".includes(character) ? [column] : []));
    expect(first).toMatch(/^\* 192\.0\.2\.1 +├─+▒+●▒+┤ +0 s within 1\.00 ms$/);
    expect(second).toMatch(/^\+ 192\.0\.2\.2 +├▒+●▒+─+┤ +\+400\.0 µs within 1\.00 ms$/);
    expect(third).toMatch(/^x 192\.0\.2\.3 +░+ +▶ +\+50\.00 ms within 1\.00 ms$/);
    expect(shaded(third)[0]! + 1).toBe(shaded(second)[0]);
    expect(scale).toMatch(/^ +-1\.\d+ ms +\+1\.\d+ ms$/);
  });

  it("fits the terminal where it can", () => {
    for (const width of [72, 80, 132])
      for (const line of lines(report, width).slice(1, 5)) expect(line.length).toBeLessThanOrEqual(width);
    expect(lines(report, 20).length).toBe(lines(report).length);
  });
});
