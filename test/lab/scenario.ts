/** What a scenario of the lab is, and the assertions that many of them share. */
import assert from "node:assert/strict";
import type { PeerName } from "./peers.ts";
import type { BroadcastEvent, Report, ReportedAssociation } from "./report.ts";
import type { NtpkitRun } from "./ntpkit.ts";
import type { World } from "./world.ts";

/** One thing that must hold against real peers. */
export interface Scenario {
  /** Unique; `npm run lab -- WORDS` runs those whose names contain the words. */
  readonly name: string;
  readonly needs: readonly PeerName[];
  /**
   * It mostly waits: it runs beside the others instead of taking the place of one. "long": for minutes; it begins first. "last": all of
   * these run beside each other when nothing else does any more, for what they need of the processor would keep the others waiting.
   */
  readonly patient?: true | "long" | "last";
  readonly run: (world: World) => Promise<void>;
}

/** The report of a run that ended with this exit code. */
export function ended(run: NtpkitRun, exitCode: number): Report {
  assert.equal(run.code, exitCode, `exit code ${run.code}, not ${exitCode}`);
  assert.equal(run.report.exitCode, exitCode);
  assert.equal(run.report.ok, exitCode === 0);
  return run.report;
}

/** The lines that `ntpkit broadcast --json` wrote before it ended with this exit code. */
export function events(run: NtpkitRun, exitCode: number): readonly BroadcastEvent[] {
  assert.equal(run.code, exitCode, `exit code ${run.code}, not ${exitCode}`);
  return run.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as BroadcastEvent);
}

/** The only association of a report. */
export function only(report: Report): ReportedAssociation {
  const [association, ...others] = report.associations;
  assert.ok(association !== undefined && others.length === 0, `${report.associations.length} associations, not one`);
  return association;
}

/** The association with this address. */
export function at(report: Report, address: string): ReportedAssociation {
  const found = report.associations.find((association) => association.address === address);
  assert.ok(found !== undefined, `no association with ${address}`);
  return found;
}

/** That a time in seconds is what it should be, within a tolerance. */
export function near(seconds: number | null, expected: number, tolerance: number, what: string): void {
  assert.ok(
    seconds !== null && Math.abs(seconds - expected) <= tolerance,
    `${what} is ${seconds} s, not ${expected} s within ${tolerance} s`,
  );
}

/** What is rounded on an offset's way: by the protocol, by the lab's clocks and by who prints it, seconds. */
export const ROUNDING = 0.0001;

/** What a client measured of a server, seconds. */
export interface Measured {
  readonly offset: number | null;
  readonly delay: number | null;
}

/**
 * That a client measured how far a clock is ahead. However late a busy machine makes whom, an offset is wrong by half of the
 * delay at most; where nothing is late that is some tens of microseconds.
 * @param coarse how coarse the clocks are that were read
 */
export function shows({ offset, delay }: Measured, expected: number, what = "offset", coarse: number = ROUNDING): void {
  near(offset, expected, (delay ?? NaN) / 2 + coarse, `${what}, measured with a delay of ${delay} s,`);
}

/** That a report says how far the clock is off: by half of the longest delay of those it is made of at most. */
export function says({ clock, associations }: Report, expected: number): void {
  const used = associations.filter(({ verdict }) => verdict === "systemPeer" || verdict === "survivor");
  shows(
    { offset: clock.offset, delay: Math.max(...used.map(({ delay }) => delay ?? NaN)) },
    expected,
    "offset of the clock",
  );
}

/** That a verdict in words says how many milliseconds the local clock is behind, as surely as it states. */
export function saysInWords(words: string, expected: number): void {
  const [, offset, doubt, unit] = /local clock is (\d+\.\d+) ms behind ± (\d+\.?\d*) (ms|µs)/.exec(words) ?? [];
  near(Number(offset) / 1e3, expected, Number(doubt) * (unit === "ms" ? 1e-3 : 1e-6) + ROUNDING, "offset in words");
}
