/** The last line of a report: what the local clock's error is, who says so, and what was done about it. */
import type { ClockReport, Snapshot } from "../engine/port/snapshot.ts";
import { shift, toIso, unfold, type UnixNanoseconds } from "../time/timestamp.ts";
import { runsText } from "./recalled.ts";
import { counted, durationText, longText } from "./text.ts";

/**
 * Which way the local clock is wrong.
 * @param offset server − local, seconds
 * @returns e.g. `250.0 ms behind`, `3600.0 s ahead (1 h)`, `exact`
 */
export function directionText(offset: number): string {
  if (offset === 0) return "exact";
  const long = longText(offset);
  return `${durationText(Math.abs(offset))} ${offset > 0 ? "behind" : "ahead"}${long === null ? "" : ` (${long})`}`;
}

/**
 * The verdict on the local clock.
 * @param pivot a Unix time near the run, see `toIso`
 * @returns one line; `null` when nothing could be decided
 */
export function verdictLine(snapshot: Snapshot, pivot: UnixNanoseconds): string | null {
  const { clock, system } = snapshot;
  if (clock.offset === null) return null;
  // Of all that were asked, those included that did not answer; one that is only watched, or is another's twin, was not.
  const asked = snapshot.associations.filter(({ reason }) => reason !== "noselect" && reason !== "duplicate").length;
  const agreement = asked > 1 ? `; ${system.truechimers} of ${counted(asked, "server")} agree` : "";
  const doubt = clock.uncertainty === null ? "" : ` ± ${durationText(clock.uncertainty)}`;
  const verb = clock.applied && clock.action === "step" ? "was" : "is";
  return `local clock ${verb} ${directionText(clock.offset)}${doubt}${agreement}${actionText(clock, snapshot, pivot)}`;
}

function actionText(clock: ClockReport, snapshot: Snapshot, pivot: UnixNanoseconds): string {
  const { action } = clock;
  if (clock.reason === "uncertain") return "; not stepped, for it may be right by this: --step steps it all the same";
  if (action !== "step" && action !== "slew") return "";
  if (clock.reason === "dry-run") return `; a run without --dry-run would ${action} it`;
  if (!clock.applied) return "";
  if (action === "step") return "; stepped";
  return clock.lasting === null
    ? "; slewing"
    : `; slewing, done in ${durationText(clock.lasting)}${untilText(clock.lasting, snapshot, pivot)}`;
}

/** A rate that is known no better is not worth telling, s/s. */
const WORTH_TELLING = 10e-6;

/** What is known of the clock's rate; `null`: too little, or nobody asked. */
export function rateLine({ frequency = null }: ClockReport): string | null {
  if (frequency === null || frequency.deviation > WORTH_TELLING) return null;
  return `${runsText(frequency)}${frequency.applied ? "; its rate was set" : ""}`;
}

/** When a slew that takes long will be done. */
function untilText(lasting: number, { at }: Snapshot, pivot: UnixNanoseconds): string {
  if (lasting < 60) return "";
  const end = toIso(shift(at, lasting), unfold(at, pivot));
  return end === null ? "" : ` (${end.slice(0, 19)}Z)`;
}

/** A leap second that the servers announce; `null` where there is none. */
export function leapLine({ system }: Snapshot): string | null {
  if (system.leap === "insert")
    return "the servers announce that a leap second will be inserted at the end of the UTC day or month";
  if (system.leap === "delete")
    return "the servers announce that a second will be left out at the end of the UTC day or month";
  return null;
}
