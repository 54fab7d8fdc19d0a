/** What a run learns of the clock between runs, and where the samples it leaves are moved to by that (`discipline/unattended.ts`). */
import { correctedBy } from "../../discipline/corrections.ts";
import { correctedClock, foretold, interrupted, learned, stillToGlide } from "../../discipline/unattended.ts";
import type { UnattendedClock } from "../../discipline/unattended.ts";
import { after, elapsed } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import type { State } from "../state.ts";

/** What is known of the clock between runs, and what this run has found out. */
export interface Learning {
  /** `null`: nothing is known. */
  readonly clock: UnattendedClock | null;
  /** When that was true. */
  readonly at: Mono;
  /** What this run has measured beyond what was foretold; 0 before it has, seconds. */
  readonly surprise: Seconds;
  /** What was added to the clock, or is being added, seconds; `null`: nothing. */
  readonly corrected: Seconds | null;
}

/** An offset is known no better than to this share of how far it may be off. */
const SHARE = 1 / 64;

/** What an earlier run knew, foretold for the start of this one. */
export function startLearning({ memory }: State, now: Now): Learning {
  return { clock: memory.remembered?.clock ?? null, at: now.mono, surprise: 0, corrected: null };
}

/** The run has measured the clock. */
export function learnOffset(state: State, now: Now): void {
  const { estimate } = state.opinion;
  if (estimate === null) return;
  const before = knownNow(state.learning, now);
  const { offset, jitter, uncertainty } = estimate;
  const expected = before?.phase === null || before === null ? offset : before.phase.measured + stillToGlide(before);
  const deviation = Math.max(jitter / Math.sqrt(state.opinion.survivors.length), uncertainty * SHARE);
  const clock = learned(before, { offset, deviation, inForce: inForce(state, before) });
  state.learning = { ...state.learning, clock, at: now.mono, surprise: offset - expected };
}

/**
 * The clock was corrected.
 * @param lasting for how long it glides; 0: it was stepped
 * @param frequency the correction in force from now on; `null`: as before
 */
export function learnCorrection(
  state: State,
  phase: Seconds,
  lasting: Seconds,
  frequency: Frequency | null,
  now: Now,
): void {
  const clock = knownNow(state.learning, now);
  if (clock === null) return;
  const corrected = (state.learning.corrected ?? 0) + phase;
  state.learning = {
    ...state.learning,
    clock: correctedClock(clock, phase, lasting, frequency ?? clock.inForce),
    at: now.mono,
    corrected,
  };
}

/** Somebody else has set the clock: of its phase nothing is known. */
export function loseTrack(state: State, now: Now): void {
  const clock = knownNow(state.learning, now);
  state.learning = { clock: clock === null ? null : interrupted(clock, 0), at: now.mono, surprise: 0, corrected: null };
}

/** What is known of the clock now, to be kept. */
export function clockToRemember(state: State, now: Now): UnattendedClock | null {
  const { steering, learning, opinion } = state;
  if (steering === null) return knownNow(learning, now);
  const { frequency, jitter } = steering.discipline.report;
  if (frequency === null) return null;
  const { corrections } = steering;
  const left =
    correctedBy(corrections, after(now.mono, LONG)) - correctedBy(corrections, now.mono) - corrections.frequency * LONG;
  const { estimate } = opinion;
  return {
    age: 0,
    frequency,
    frequencyVariance: DAEMON_KNOWS ** 2,
    wander: DAEMON_WANDER,
    inForce: corrections.frequency,
    phase:
      estimate === null
        ? null
        : { offset: estimate.offset - left, measured: estimate.offset - left, variance: jitter ** 2, covariance: 0 },
    gliding: left === 0 ? null : { left, lasting: elapsed(now.mono, corrections.slew.until) },
    runs: 1,
    surprises: 0,
  };
}

/** How well a daemon knows the frequency of the clock it steers, standard deviation: the room may be warmer later. */
const DAEMON_KNOWS: Frequency = 2e-6;

/** How far it is taken to walk from then on, s/s after one second. */
const DAEMON_WANDER = 3e-9;

/** Every slew is over by then, seconds. */
const LONG: Seconds = 1e6;

/**
 * What is added to the offsets of samples when they are kept, those of this run and those of earlier ones: they are to be as
 * though all that the clock is being corrected by were done. What the clock turned out to have drifted beyond what was foretold is
 * added to the earlier ones, or it would be held against their servers.
 */
export function movement(
  { learning, steering }: State,
  clock: UnattendedClock | null,
): { readonly ours: Seconds; readonly earlier: Seconds } {
  const gliding = clock === null ? 0 : stillToGlide(clock);
  if (steering !== null) return { ours: -gliding, earlier: -gliding };
  const corrected = learning.corrected ?? gliding;
  return { ours: -corrected, earlier: learning.surprise - corrected };
}

function knownNow({ clock, at }: Learning, now: Now): UnattendedClock | null {
  return clock === null ? null : foretold(clock, Math.max(0, elapsed(at, now.mono)));
}

/** The correction in force: as the kernel has it, else as it was left. */
function inForce(state: State, before: UnattendedClock | null): Frequency {
  return state.inForce ?? before?.inForce ?? 0;
}
