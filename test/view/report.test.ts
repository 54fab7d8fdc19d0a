/** The report for people. */
import { describe, expect, it } from "vitest";
import { REASONS, type Reason } from "../../src/association/verdict.ts";
import type { Snapshot } from "../../src/engine/port/snapshot.ts";
import { explain } from "../../src/view/explain.ts";
import { PLAIN, type Palette } from "../../src/view/palette.ts";
import { report } from "../../src/view/report.ts";
import { directionText } from "../../src/view/verdict.ts";
import { association, lost, MOMENT, silent, snapshotOf, undecided } from "../support/snapshot.ts";

function drawn(snapshot: Snapshot, width = 80, palette: Palette = PLAIN): string {
  return report(snapshot, { width, wraps: false, palette, pivot: MOMENT });
}

const FIVE = snapshotOf(
  [
    association(1, { name: "ntp1.example.net" }),
    association(2, { name: "ntp2.example.net", verdict: "survivor", offset: 0.2503 }),
    association(3, { name: "ntp3.example.net", verdict: "outlier", reason: "selectJitter", offset: 0.262 }),
    association(4, {
      name: "liar.example.net",
      verdict: "falseticker",
      reason: "outsideIntersection",
      offset: 5,
      port: 1123,
    }),
    lost(5, "unsynchronized", {
      name: "lost.example.net",
      offset: null,
      delay: null,
      leap: "unsynchronized",
      stratum: 0,
      refid: "INIT",
      reach: 0,
    }),
  ],
  { system: { truechimers: 3, falsetickers: 1, survivors: 2 } },
);

describe("the report", () => {
  it("is a table, a sentence a loser and the verdict", () => {
    expect(drawn(FIVE)).toMatchInlineSnapshot(`
      "  server          st     offset     delay         ±  reach  why not
      * 192.0.2.1        2  +250.0 ms  200.0 µs  220.0 µs     17
      + 192.0.2.2        2  +250.3 ms  200.0 µs  220.0 µs     17
      - 192.0.2.3        2  +262.0 ms  200.0 µs  220.0 µs     17  select jitter
      x 192.0.2.4:1123   2   +5.000 s  200.0 µs  220.0 µs     17  outside intersection
        192.0.2.5        0          -         -         -      0  unsynchronized
      ntp3.example.net (192.0.2.3): it adds more jitter than the survivors have: its offset is +262.0 ms, theirs +250.0 ms
      liar.example.net (192.0.2.4:1123): its time disagrees with the majority: its offset is +5.000 s, theirs +250.0 ms
      lost.example.net (192.0.2.5): its own clock is not synchronized: leap 3, stratum 0, refid INIT
      local clock is 250.0 ms behind ± 220.0 µs; 3 of 5 servers agree
      "
    `);
  });

  it("shows names and addresses where there is room", () => {
    expect(drawn(FIVE, 120).split("\n")[4]).toMatchInlineSnapshot(
      `"x liar.example.net (192.0.2.4:1123)   2   +5.000 s  200.0 µs  220.0 µs     17  outside intersection"`,
    );
  });

  it("fits the terminal whatever the names are", () => {
    const long = snapshotOf([
      association(1, { name: `${"long-".repeat(20)}.example.net` }),
      silent(2, "outsideIntersection", {
        address: "2001:db8:1111:2222:3333:4444:5555:6666",
        name: "x".repeat(60),
        port: 12_345,
      }),
    ]);
    const table = drawn(long).split("\n").slice(0, 3);
    for (const line of table) expect(line.length).toBeLessThanOrEqual(80);
    expect(table[2]).toContain("…");
  });

  it("shows addresses where one name stands for several servers", () => {
    const pool = snapshotOf([
      association(1, { name: "pool.example.net" }),
      association(2, { name: "pool.example.net", verdict: "survivor" }),
    ]);
    expect(drawn(pool, 60)).toContain("192.0.2.1 ");
    expect(drawn(pool, 60)).toContain("192.0.2.2 ");
  });

  it("colours by verdict, and only by the palette", () => {
    const marked: Palette = {
      heading: (t) => t,
      good: (t) => `<g>${t}`,
      doubtful: (t) => `<d>${t}`,
      bad: (t) => `<b>${t}`,
      faint: (t) => `<f>${t}`,
      strong: (t) => `<s>${t}`,
    };
    const lines = drawn(FIVE, 200, marked).split("\n");
    expect(lines[1]).toContain("<g>*");
    expect(lines[4]).toContain("<b>x");
    expect(lines.at(-2)).toMatch(/^<s>local clock/);
  });

  it("says what was done, what would be, and until when", () => {
    const verdict = (clock: Partial<Snapshot["clock"]>): string =>
      drawn(snapshotOf([association(1)], { clock }))
        .trimEnd()
        .split("\n")
        .at(-1)!;
    expect(verdict({})).toBe("local clock is 250.0 ms behind ± 220.0 µs");
    expect(verdict({ offset: -0.02, direction: "ahead" })).toBe("local clock is 20.00 ms ahead ± 220.0 µs");
    expect(verdict({ action: "step", reason: "dry-run" })).toBe(
      "local clock is 250.0 ms behind ± 220.0 µs; a run without --dry-run would step it",
    );
    expect(verdict({ action: "step", applied: true, reason: null })).toBe(
      "local clock was 250.0 ms behind ± 220.0 µs; stepped",
    );
    expect(verdict({ action: "slew", applied: true, reason: null, offset: 0.02, lasting: 40 })).toBe(
      "local clock is 20.00 ms behind ± 220.0 µs; slewing, done in 40.000 s",
    );
    expect(verdict({ action: "slew", applied: true, reason: null, offset: 0.1, lasting: 200 })).toBe(
      "local clock is 100.0 ms behind ± 220.0 µs; slewing, done in 200.0 s (2026-11-21T20:03:26Z)",
    );
    expect(verdict({ offset: -90_000, direction: "ahead" })).toBe(
      "local clock is 90000.0 s ahead (1 d 1 h) ± 220.0 µs",
    );
  });

  it("says nothing of the clock where nothing was decided", () => {
    expect(drawn(undecided([silent(1, "unreachable")]))).toMatchInlineSnapshot(`
      "  server     st  offset  delay  ±  reach  why not
        192.0.2.1   -       -      -  -      0  unreachable
      192.0.2.1: it did not answer: 4 requests sent
      "
    `);
  });

  it("tells of a leap second", () => {
    expect(drawn(snapshotOf([association(1)], { system: { leap: "insert" } }))).toContain(
      "a leap second will be inserted",
    );
  });

  it("shows nothing hostile", () => {
    const evil = "\u001b]0;owned\u0007\u009b31m\u202e";
    const hostile = snapshotOf([
      lost(1, "unsynchronized", { name: evil, address: evil, refid: evil }),
      lost(2, "kiss", { kiss: evil }),
      lost(3, "loop", { refid: evil }),
    ]);
    expect(drawn(hostile)).not.toMatch(/[^\P{C}\n]/u);
  });
});

describe("why a server is not used", () => {
  it("is a sentence for every reason, beginning with which server", () => {
    for (const reason of Object.keys(REASONS) as Reason[]) {
      const sentence = explain(lost(7, reason, { name: "ntp7.example.net", kiss: "DENY" }), FIVE);
      expect(sentence).toMatch(/^ntp7\.example\.net \(192\.0\.2\.7\): /);
      expect(sentence).toContain(REASONS[reason].text);
    }
  });
  it("is nothing for those that are used", () => {
    expect(explain(association(1), FIVE)).toBeNull();
  });
  it.each([
    [silent(1, "unreachable"), "192.0.2.1: it did not answer: 4 requests sent"],
    [
      silent(1, "unreachable", { packets: { sent: 3, received: 0, rejected: 1 } }),
      "192.0.2.1: it did not answer: 3 requests sent, 1 packet came that could not be used (-v says why)",
    ],
    [
      silent(1, "unreachable", { unreachable: "noResources" }),
      "192.0.2.1: it did not answer: this host is out of sockets or memory",
    ],
    [
      silent(1, "noRoute", { unreachable: "noAddress" }),
      "192.0.2.1: there is no route to it: the address or interface is not this host's",
    ],
    [
      silent(1, "sourcePort", { unreachable: "portInUse" }),
      "192.0.2.1: the source port may not be used: the port is in use",
    ],
    [
      silent(1, "unresolved", { address: null, name: "nowhere.example" }),
      "nowhere.example: its name could not be resolved: there is no such name",
    ],
    [
      lost(1, "kiss", { kiss: "RATE" }),
      "192.0.2.1: it asked us to slow down or go away (kiss-o'-death): RATE, the server limits our rate",
    ],
    [
      lost(1, "authentication", { authentication: "nak", keyId: 7 }),
      "192.0.2.1: its answers were not authentic: it does not accept key 7 (crypto-NAK)",
    ],
    [
      lost(1, "authentication", { authentication: "failed", keyId: 7 }),
      "192.0.2.1: its answers were not authentic: wrong or missing code for key 7",
    ],
    [
      silent(1, "authentication", { keyId: 9, packets: { sent: 0, received: 0, rejected: 0 } }),
      "192.0.2.1: its answers were not authentic: key 9 is not in the keyring, or not trusted",
    ],
  ])("has its figures", (server, sentence) => {
    expect(explain(server, { ...FIVE, unresolved: [{ name: "nowhere.example", why: "notFound" }] })).toBe(sentence);
  });
});

describe("the direction", () => {
  it("has the sign of server − local", () => {
    expect([1, -1, 0].map(directionText)).toEqual(["1.000 s behind", "1.000 s ahead", "exact"]);
  });
});
