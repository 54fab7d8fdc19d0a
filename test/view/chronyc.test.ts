/** From the packets chronyc 4.3 got, the very text it printed; and the same reports of daemons that are no chronyd. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readChrony } from "../../src/control/chrony.ts";
import { CmdmonSession } from "../../src/control/cmdmonsession.ts";
import { cmdmonReport } from "../../src/control/daemoncmdmon.ts";
import type { DaemonReport, PeerReport } from "../../src/control/daemon.ts";
import { chronycText, CHRONYC_REPORTS } from "../../src/view/chronyc.ts";
import { lead, type Daemon } from "../control/replay.ts";

interface Recorded {
  readonly text: string;
  readonly exchanges: readonly { readonly question: string; readonly answer: string }[];
}

const RECORDED = JSON.parse(
  readFileSync(fileURLToPath(new URL("../fixtures/compat/chronyc-4.3.json", import.meta.url)), "utf8"),
) as Readonly<Record<string, Recorded>>;

/** The chronyd of all runs of chronyc, where `first` was asked last. What none of them asked it refuses. */
function chronydOf(first: string): Daemon {
  const answers = new Map<string, Uint8Array>();
  for (const words of [...Object.keys(RECORDED), first])
    for (const { question, answer } of RECORDED[words]!.exchanges)
      answers.set(keyOf(Buffer.from(question, "base64")), Buffer.from(answer, "base64"));
  return (question) => {
    const recorded = answers.get(keyOf(question));
    const answer = Uint8Array.from(
      recorded ?? [6, 2, 0, 0, ...question.subarray(4, 6), 0, 1, 0, 2, ...new Uint8Array(18)],
    );
    new DataView(answer.buffer).setUint32(16, new DataView(question.buffer, question.byteOffset).getUint32(8));
    return [answer];
  };
}

/** The command and what it is about: the first word of the data. */
function keyOf(question: Uint8Array): string {
  return Buffer.concat([question.subarray(4, 6), question.subarray(20, 24)]).toString("hex");
}

function reportOf(words: string): DaemonReport {
  const read = lead(readChrony(), new CmdmonSession(), chronydOf(words));
  if (read.kind !== "chrony") throw new Error(read.fault);
  return cmdmonReport("127.0.0.1", read);
}

const PRINTED = {
  chronyc: "-n sources",
  "chronyc-sourcestats": "-n sourcestats",
  "chronyc-tracking": "-n tracking",
  "chronyc-authdata": "-n authdata",
  "chronyc-csv": "-c sources",
  "chronyc-sourcestats-csv": "-c sourcestats",
  "chronyc-tracking-csv": "-c tracking",
  "chronyc-authdata-csv": "-c authdata",
} as const;

describe("of chronyd, what chronyc printed", () => {
  it.each(CHRONYC_REPORTS)("%s", (which) => {
    const words = PRINTED[which];
    expect(chronycText(which, reportOf(words))).toBe(RECORDED[words]!.text);
  });

  it("long names end in >, and hostile ones do no harm", () => {
    const report = reportOf("-n sources");
    const named = (address: string): string =>
      address === "10.77.0.1" ? "a-name-of-more-than-25-letters.example" : "\x1b[2J";
    const [, , first, second] = chronycText("chronyc", report, named).split("\n");
    expect(first).toMatch(/^\^x a-name-of-more-than-25-l> {5}3 /);
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(second).not.toMatch(/[\x00-\x1f]/);
    expect(chronycText("chronyc-csv", report, named)).toBe(chronycText("chronyc-csv", report));
  });

  it("an unsynchronized one has no reference", () => {
    const report = reportOf("-n tracking");
    const tracking = {
      ...report.chrony!.tracking,
      referenceId: 0,
      address: null,
      stratum: 0,
      leap: "unsynchronized" as const,
      reference: null,
      correction: 0,
      frequency: 0,
    };
    const text = chronycText("chronyc-tracking", { ...report, chrony: { ...report.chrony!, tracking } });
    for (const line of [
      "Reference ID    : 00000000 ()",
      "Ref time (UTC)  : Thu Jan 01 00:00:00 1970",
      "System time     : 0.000000000 seconds fast of NTP time",
      "Frequency       : 0.000 ppm slow",
      "Leap status     : Not synchronised",
    ])
      expect(text).toContain(`${line}\n`);
  });
});

describe("of another daemon, what it tells of the same", () => {
  const { chrony: _, ...other } = reportOf("-n sources");
  const table = (change: Partial<PeerReport>): string =>
    chronycText("chronyc", { ...other, associations: [{ ...other.associations[0]!, ...change }] }).split("\n")[2]!;

  it("sources", () => {
    expect(
      table({
        address: "10.98.0.2",
        verdict: "systemPeer",
        stratum: 5,
        poll: 3,
        reach: 0o377,
        when: 7,
        offset: 576e-9,
        rootDistance: 14e-6,
      }),
    ).toBe("^* 10.98.0.2                     5   3   377     7   -576ns[ -576ns] +/-   14us");
    expect(
      table({
        address: "10.98.0.1",
        stratum: 6,
        poll: 3,
        reach: 0o17,
        when: 5,
        offset: 757e-9,
        rootDistance: 1973e-6,
        verdict: "outlier",
        reason: "surplus",
      }),
    ).toBe("^- 10.98.0.1                     6   3    17     5   -757ns[ -757ns] +/- 1973us");
    expect(
      table({ address: "10.98.0.88", stratum: null, poll: 7, reach: 0, when: null, offset: null, verdict: "rejected" }),
    ).toBe("^? 10.98.0.88                    0   7     0     -     +0ns[   +0ns] +/-    0ns");
  });

  it("authdata", () => {
    const nts = {
      cookies: 8,
      age: 75,
      server: null,
      until: null,
      kept: false,
      reduced: null,
      attempts: 1,
      fault: null,
    };
    const proved = (change: Partial<PeerReport>): string =>
      chronycText("chronyc-authdata-csv", {
        ...other,
        associations: [{ ...other.associations[0]!, address: "10.98.0.2", ...change }],
      });
    expect(proved({ security: "nts", keyId: null, nts })).toBe("10.98.0.2,NTS,0,0,0,75,1,0,8,0\n");
    expect(proved({ security: "key", keyId: 7 })).toBe("10.98.0.2,SK,7,0,0,4294967295,0,0,0,0\n");
    expect(proved({ security: "none", keyId: null })).toBe("10.98.0.2,-,0,0,0,4294967295,0,0,0,0\n");
    expect(proved({ type: "l" })).toBe("");
  });

  it("tracking and sourcestats", () => {
    expect(chronycText("chronyc-tracking-csv", other)).toMatch(
      /^0A4D0005,10\.77\.0\.5,3,1795312118\.759313886,0\.0000184\d\d,-0\.0000184\d\d,0\.000002365,-1\.002,0\.000,38\.526,0\.000095502,0\.00053\d{4},16\.0,Normal\n$/,
    );
    expect(chronycText("chronyc-sourcestats", other).split("\n")[2]).toBe(
      "10.77.0.1                   0   0     0     +0.000      0.000   -250ms   681ns",
    );
  });
});
