/** Tables of peers as Telegraf's ntpq input reads them: every row, every column, whatever the daemon said. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TALLIES, type Verdict } from "../../src/association/verdict.ts";
import { cmdmonReport } from "../../src/control/daemoncmdmon.ts";
import type { DaemonReport, PeerReport } from "../../src/control/daemon.ts";
import { mode6Report } from "../../src/control/daemonmode6.ts";
import { observationReport } from "../../src/control/daemonobserve.ts";
import { readObservation } from "../../src/control/observe.ts";
import { readDaemon } from "../../src/control/operations.ts";
import { readChrony } from "../../src/control/chrony.ts";
import { CmdmonSession } from "../../src/control/cmdmonsession.ts";
import { unfold } from "../../src/time/timestamp.ts";
import { peersTable, serverWidth } from "../../src/view/peers.ts";
import { ask, exchanges, lead, recordedDaemon } from "../control/replay.ts";
import { observation, observedText, recordedChronyd } from "../support/asked.ts";
import { telegrafRows } from "../support/telegraf.ts";

const ntpd = ((): DaemonReport => {
  const recorded = exchanges("h1-ntpq-pn");
  const read = ask(readDaemon(), recordedDaemon(recorded));
  if (read.kind !== "daemon") throw new Error(read.fault);
  return mode6Report("10.1.0.1", read, recorded[1]!.at, unfold(recorded[1]!.at, 1_795_000_000_000_000_000n));
})();

/** ntpd's report with its first association changed. */
function withPeers(...changes: readonly Partial<PeerReport>[]): DaemonReport {
  return { ...ntpd, associations: changes.map((change) => ({ ...ntpd.associations[0]!, status: null, ...change })) };
}

describe("Telegraf reads", () => {
  it("what ntpq itself printed, by these rules", () => {
    const printed = readFileSync(fileURLToPath(new URL("../fixtures/ntpq/h1-peers.txt", import.meta.url)), "utf8");
    const { rows, errors } = telegrafRows(printed);
    expect([rows.length, errors]).toEqual([3, []]);
    expect(telegrafRows(peersTable(ntpd))).toEqual({ rows, errors });
  });

  it("every tally, and times with units", () => {
    const tallied = (Object.keys(TALLIES) as Verdict[]).map((verdict) => ({ verdict, tally: TALLIES[verdict] }));
    const { rows, errors } = telegrafRows(peersTable(withPeers(...tallied)));
    expect([rows.map(({ tally }) => tally), errors]).toEqual([["*", "+", "-", ".", "#", "x", ""], []]);
    const times = [1, 2048, 2049, 18_000, 18_060, 345_600, 10_000_000].map((when) => ({ when, poll: 17 }));
    const timed = telegrafRows(peersTable(withPeers(...times)));
    expect(timed.errors).toEqual([]);
    expect(timed.rows.map(({ fields }) => fields["when"])).toEqual([
      1,
      2048,
      34 * 60,
      300 * 60,
      5 * 3600,
      96 * 3600,
      116 * 86_400,
    ]);
    expect(timed.rows[0]!.fields["poll"]).toBe(36 * 3600);
    expect(telegrafRows(peersTable(withPeers({ when: null }))).rows[0]!.fields).not.toHaveProperty("when");
  });

  it("the longest reference ids, names and figures, each in its own column", () => {
    const wide = {
      name: "a-very-long-name.example.net",
      refid: "255.255.255.255",
      stratum: 15,
      when: 86_000_000,
      poll: 17,
      reach: 255,
      delay: 123_456.789,
      offset: -98_765.4321,
      jitter: 4_000_000,
    };
    for (const refid of ["255.255.255.255", "GPS", "LOCAL(0)", "GPS_PALISADE(3)", "\\x00\\x01\\x02\\x7f"]) {
      const { rows, errors } = telegrafRows(peersTable(withPeers({ ...wide, refid })));
      expect([refid, errors, rows.length]).toEqual([refid, [], 1]);
      expect(rows[0]).toMatchObject({
        remote: "a-very-long-nam",
        st: "15",
        t: "l",
        fields: { reach: 377, delay: 1_234_567 },
      });
    }
  });

  it("several hosts' tables, whose heading has a bracket", () => {
    const { rows, errors } = telegrafRows(peersTable(ntpd, { serverWidth: serverWidth(["server-one.example", "b"]) }));
    // The column of the server has no name to it, and is left out.
    expect([rows.length, errors]).toEqual([3, []]);
  });

  it("chronyd's and ntpd-rs's tables with --compat ntpq, where what is not told is a number", () => {
    const chrony = lead(readChrony(), new CmdmonSession({ firstSequence: 1 }), recordedChronyd());
    const rust = readObservation(observation(observedText("1.9")));
    if (chrony.kind === "fault" || rust?.kind !== "observation") throw new Error("not read");
    for (const report of [cmdmonReport("localhost", chrony), observationReport("localhost", rust, 0)]) {
      const { rows, errors } = telegrafRows(peersTable(report, { zeros: true }));
      expect([report.protocol, rows.length, errors]).toEqual([report.protocol, report.associations.length, []]);
    }
  });

  it("whatever figures there are", () => {
    const figure = fc.double({ noNaN: true, noDefaultInfinity: true });
    // From a thousand days on ntpq writes years, which no rule knows.
    const peer = fc.record({
      when: fc.nat({ max: 86_000_000 }),
      poll: fc.nat({ max: 17 }),
      reach: fc.nat({ max: 255 }),
      delay: figure,
      offset: figure,
      jitter: figure,
      stratum: fc.nat({ max: 16 }),
    });
    fc.assert(
      fc.property(peer, (change) => {
        expect(telegrafRows(peersTable(withPeers(change), { zeros: true }))).toMatchObject({
          rows: { length: 1 },
          errors: [],
        });
      }),
    );
  });
});
