/**
 * The standard's discipline as a strategy: the state machine and loops of `discipline.ts`, and the clock-adjust process of
 * `loop.ts`, which trickles the offset out second by second. Selected by `--discipline rfc5905`.
 *
 * With `enable kernel`, and where the kernel has one, its loop takes the place of ours and of the clock-adjust process once the
 * frequency is known (RFC 1589; ntpd's "kernel discipline"): ours is as stiff (`constants.ts`), but nothing has to wake each second. The state machine stays here.
 */
import { follow, startDiscipline, updateDiscipline } from "./discipline.ts";
import type { Discipline, DisciplineAction, DisciplineParameters, DisciplineSample } from "./discipline.ts";
import { elapsed } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import { adjustOncePerSecond } from "./loop.ts";
import { isBeyondReason } from "./moves.ts";
import type { Moves } from "./moves.ts";
import { learnedFrequency } from "./strategy.ts";
import type { Decision, DisciplineBounds, DisciplineInput, DisciplineReport, Learned, Strategy } from "./strategy.ts";

/** RFC 5905 §11.3 and §12. */
export const RFC5905: Strategy<Discipline> = {
  start(learned, bounds) {
    return startDiscipline(parametersOf(bounds), learned?.oscillator?.frequency ?? null);
  },

  learned(state) {
    const nothing: Learned = { oscillator: null, wander: 0, estimate: null, histories: [] };
    return learnedFrequency(isMeasuring(state) ? null : state.frequency) ?? nothing;
  },

  update(before, input, bounds, moves) {
    const measured = isMeasuring(before) ? latest(input) : input.system;
    if (measured === null) return { state: before, decision: { kind: "none" } };
    const { offset, at } = measured;
    const { discipline, action } = updateDiscipline(
      before,
      { offset, at },
      parametersOf(bounds, isReasonable(offset, before, bounds, moves)),
    );
    if (action === "panic") return { state: discipline, decision: { kind: "panic", offset, moved: moves?.ours ?? 0 } };
    const waiting = waitingFor(before, discipline, { offset, at }, bounds);
    if (waiting !== null) return { state: discipline, decision: waiting };
    if (!bounds.kernel) return { state: discipline, decision: decisionOf(action, offset) };
    // What is left of the offset is the kernel's business.
    return {
      state: { ...discipline, residual: action === "ignore" ? before.residual : 0 },
      decision: kernelDecision(before, discipline, action, offset),
    };
  },

  restart(before, bounds) {
    const { frequency, jitter, wander, seen } = before;
    // The oscillator is the one that was measured, if it was; only the time is lost.
    return {
      ...startDiscipline(parametersOf(bounds), isMeasuring(before) ? null : frequency),
      jitter,
      wander,
      seen,
    };
  },

  adjust(before, { allan, kernel }) {
    if (kernel) return null;
    const { discipline, rate } = adjustOncePerSecond(before, allan);
    return { state: discipline, adjustment: { frequency: before.frequency, phase: rate - before.frequency } };
  },

  locked(before, frequency) {
    return follow(before, frequency);
  },

  report({ state, frequency, jitter, wander, poll }): DisciplineReport {
    const known = !isMeasuring({ state });
    return { name: "rfc5905", state, frequency: known ? frequency : null, jitter, wander, poll };
  },
};

/** The first correction may be of any size where that is allowed. */
function isReasonable(
  offset: Seconds,
  { updated, seen }: Discipline,
  { anyFirst, panic }: DisciplineBounds,
  moves: Moves | null,
): boolean {
  return (updated === null && seen === null && anyFirst) || !isBeyondReason(offset, moves, panic);
}

function isMeasuring({ state }: Pick<Discipline, "state">): boolean {
  return state === "NSET" || state === "FREQ";
}

/**
 * The last sample of anyone believed. While the frequency is measured the clock drifts, and of two samples the later one counts,
 * not the one with the least delay, which may be eight polls old (as in ntpd, whose clock filter then does not sort).
 */
function latest({ samples, system, corrected }: DisciplineInput): DisciplineSample | null {
  if (system === null) return null;
  const sample = samples.findLast(({ source }) => system.sources.some((believed) => believed.source === source));
  return sample === undefined ? null : { offset: sample.phase - corrected, at: sample.at };
}

function parametersOf(
  { stepThreshold, stepout, panic, allan, kernel, minpoll, maxpoll, precision }: DisciplineBounds,
  reasonable?: boolean,
): DisciplineParameters {
  // What was judged by all that was done before is not judged once more by itself.
  const most = reasonable === undefined ? panic : reasonable ? Infinity : 0;
  return { stepThreshold, stepout, panic: most, allan, kernel, minpoll, maxpoll, precision };
}

/** An outlier is ignored until outliers have come for as long as the stepout threshold has it; `null`: there is none. */
function waitingFor(
  { updated, seen }: Discipline,
  { state }: Discipline,
  { offset, at }: DisciplineSample,
  { stepout }: DisciplineBounds,
): Decision | null {
  if (state !== "SPIK" || updated === null || (seen !== null && elapsed(seen, at) <= 0)) return null;
  return { kind: "wait", offset, left: Math.max(0, stepout - elapsed(updated, at)) };
}

/** What is slewed is trickled out by the clock-adjust process: there is nothing to do at once. */
function decisionOf(action: DisciplineAction, offset: number): Decision {
  return action === "step" ? { kind: "step", offset } : { kind: "none" };
}

/** The largest phase the kernel's loop takes (MAXPHASE), seconds. */
const LARGEST_PHASE = 0.5;

/** While the frequency is measured, or is new, the kernel slews the whole offset by itself; after that its loop has it. */
function kernelDecision(
  before: Discipline,
  { frequency, poll }: Discipline,
  action: DisciplineAction,
  offset: number,
): Decision {
  if (action !== "slew") return decisionOf(action, offset);
  const settled = before.state === "SYNC" || before.state === "SPIK";
  if (settled && Math.abs(offset) <= LARGEST_PHASE) return { kind: "lock", phase: offset, timeConstant: poll };
  return { kind: "steer", phase: offset, frequency };
}
