import { describe, expect, it } from "vitest";
import { cmdmonReport } from "../../src/control/daemoncmdmon.ts";
import type { DaemonReport, PeerReport } from "../../src/control/daemon.ts";
import { queryText, sourcesText } from "../../src/view/compat.ts";
import { readChrony } from "../../src/control/chrony.ts";
import { CmdmonSession } from "../../src/control/cmdmonsession.ts";
import { lead } from "../control/replay.ts";
import { recordedChronyd } from "../support/asked.ts";
import { association, snapshotOf } from "../support/snapshot.ts";

/** As if in UTC, wherever the tests run. */
const UNIX = Date.UTC(2026, 10, 22, 0, 31, 51, 950) + new Date(2026, 10, 22).getTimezoneOffset() * 60_000;
const OCCASION = { unix: UNIX, pid: 8297 };

const two = [
  association(1, { name: "10.98.0.2", address: "10.98.0.2", stratum: 5, offset: 0.000_017, delay: 0.0257, dispersion: 0, rootDelay: 0, rootDispersion: 0, verdict: "systemPeer", reason: null, leap: "none" }),
  association(2, { name: "ntp.example", address: "10.98.0.3", stratum: 6, offset: -0.6, delay: 0.0257, dispersion: 0, rootDelay: 0, rootDispersion: 0, verdict: "survivor", reason: null, leap: "insert" }),
  association(3, { name: "10.98.0.99", address: "10.98.0.99", offset: null, verdict: "rejected", reason: "unreachable" }),
];
const asked = (offset: number | null): ReturnType<typeof snapshotOf> => {
  const made = snapshotOf(two);
  return { ...made, elapsed: 5.1, clock: { ...made.clock, offset }, system: { ...made.system, systemPeer: offset === null ? null : two[0]!.id } };
};

describe("what older tools would have printed", () => {
  it("ntpdate -q", () => {
    expect(queryText("ntpdate", asked(0.000_017), OCCASION)).toBe(
      "server 10.98.0.2, stratum 5, offset +0.000017, delay 0.02570\n" +
        "server 10.98.0.3, stratum 6, offset -0.600000, delay 0.02570\n" +
        "22 Nov 00:31:51 ntpdate[8297]: adjust time server 10.98.0.2 offset +0.000017 sec\n",
    );
    expect(queryText("ntpdate", asked(-0.5), OCCASION)).toContain("step time server 10.98.0.2 offset -0.500000 sec\n");
    expect(queryText("ntpdate", asked(null), OCCASION)).toMatch(/no server suitable for synchronization found\n$/);
  });

  it("sntp and ntpdig", () => {
    const zone = /\([+-]\d{4}\)/;
    const [first, second, third] = queryText("sntp", asked(0), OCCASION).replace(zone, "(+0000)").split("\n");
    expect(first).toBe("2026-11-22 00:31:51.950017 (+0000) +0.000017 +/- 0.012850 10.98.0.2 s5 no-leap");
    expect(second).toMatch(/ -0\.600000 \+\/- 0\.012850 ntp\.example 10\.98\.0\.3 s6 add-leap$/);
    expect(third).toBe("10.98.0.99 no UCST response after 5 seconds");
    expect(queryText("ntpdig", asked(0), OCCASION).split("\n")).toHaveLength(2);
  });

  it("chronyc sources", () => {
    const read = lead(readChrony(), new CmdmonSession(), recordedChronyd());
    if (read.kind !== "chrony") throw new Error(read.fault);
    const report = cmdmonReport("host", read);
    const [peer] = report.associations.filter(({ verdict }) => verdict === "systemPeer");
    const table = (change: Partial<PeerReport>): string => sourcesText({ ...report, associations: [{ ...peer!, ...change }] } satisfies DaemonReport).split("\n")[2]!;
    // From chronyc 4.3 on a chronyd in a network of three.
    expect(table({ address: "10.98.0.2", stratum: 5, poll: 3, reach: 0o377, when: 7, offset: 576e-9, rootDistance: 14e-6 })).toBe("^* 10.98.0.2                     5   3   377     7   -576ns[ -576ns] +/-   14us");
    expect(table({ address: "10.98.0.1", stratum: 6, poll: 3, reach: 0o17, when: 5, offset: 757e-9, rootDistance: 1973e-6, verdict: "outlier", reason: "surplus" })).toBe("^- 10.98.0.1                     6   3    17     5   -757ns[ -757ns] +/- 1973us");
    expect(table({ address: "10.98.0.88", stratum: null, poll: 7, reach: 0, when: null, offset: null, verdict: "rejected" })).toBe("^? 10.98.0.88                    0   7     0     -     +0ns[   +0ns] +/-    0ns");
    expect(sourcesText(report).split("\n").slice(0, 2)).toEqual(["MS Name/IP address         Stratum Poll Reach LastRx Last sample               ", "=".repeat(79)]);
  });
});
