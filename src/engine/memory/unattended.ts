/**
 * What a one-shot learns of the clock for the run after it (`discipline/unattended.ts`). It hears by the daemon's discipline, which
 * goes on where the run before left it; what it decides by itself is only whether the clock is to be touched, and how
 * (`engine/clock/once.ts`).
 */
import {
  atRate,
  correctedBy,
  corrections,
  correctionsSeen,
  steered,
  yetToGlide,
} from "../../discipline/corrections.ts";
import type { Corrections, Glide } from "../../discipline/corrections.ts";
import { DEFAULT_DISCIPLINE, DISCIPLINES } from "../../discipline/disciplines.ts";
import { predict } from "../../discipline/kalman.ts";
import type { DisciplineBounds, RunningDiscipline, SourceSample } from "../../discipline/strategy.ts";
import { toStartFrom, unattended } from "../../discipline/unattended.ts";
import type { UnattendedClock } from "../../discipline/unattended.ts";
import { elapsed } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import { systemOffset } from "../clock/believed.ts";
import { scopeOf } from "../clock/steering.ts";
import type { EngineConfig } from "../port/config.ts";
import type { State } from "../state.ts";

/** What is known of the clock between runs, and what this run has found out. */
export interface Learning {
  readonly discipline: RunningDiscipline;
  /** What was done to the clock, by earlier runs too. */
  corrections: Corrections;
  /** Samples the discipline has not heard yet. */
  heard: SourceSample[];
  /** When the clock was last measured, and by how many runs so far. */
  measured: Mono;
  runs: number;
  /** What to add to the clock by all that is known of it, seconds; `null`: what this run has heard nothing known explains. */
  phase: Seconds | null;
  /** What this run has measured beyond what was foretold; 0 before it has, seconds. */
  surprise: Seconds;
  /** What was added to the clock, or is being added, seconds; `null`: nothing. */
  corrected: Seconds | null;
}

/** Goes on where an earlier run ended; `null`: the run goes on without end, and nobody would ever hear what it kept for that. */
export function startLearning({ config, memory: { kept }, clock: { inForce } }: State, { mono }: Now): Learning | null {
  if (config.once === null) return null;
  const before = kept.remembered?.clock ?? null;
  const log = before === null ? corrections(mono) : correctionsSeen(before.corrections, mono);
  return {
    discipline: DISCIPLINES[DEFAULT_DISCIPLINE](before && toStartFrom(before, mono), boundsOf(config)),
    corrections: inForce === null ? log : atRate(log, mono, inForce),
    heard: [],
    measured: (mono - (before?.age ?? 0)) as Mono,
    runs: before?.runs ?? 0,
    phase: null,
    surprise: 0,
    corrected: null,
  };
}

/** A one-shot steps, slews and refuses by limits of its own. */
function boundsOf(config: EngineConfig): DisciplineBounds {
  return {
    ...scopeOf(config),
    stepThreshold: { forward: Infinity, backward: Infinity },
    stepout: Infinity,
    panic: Infinity,
    kernel: false,
    anyFirst: true,
  };
}

/** The run has measured the clock. */
export function learnOffset(state: State, now: Now): void {
  const { learning } = state.memory;
  const { opinion } = state;
  const system = systemOffset(state, now);
  if (learning === null || system === null || opinion.estimate === null) return;
  const { discipline, heard, runs } = learning;
  const corrected = correctedBy(learning.corrections, now.mono);
  const { estimate, wander } = discipline.learned;
  const decision = discipline.update({ now: now.mono, corrected, samples: heard, system });
  learning.heard = [];
  learning.measured = now.mono;
  learning.runs = runs + 1;
  learning.phase = decision.kind === "steer" ? decision.phase : null;
  const offset = learning.phase ?? opinion.estimate.offset;
  learning.surprise = estimate === null ? 0 : offset - (predict(estimate, now.mono, wander).phase - corrected);
}

/**
 * The clock was corrected.
 * @param glide how it glides; it lasts 0 s: it was stepped
 * @param frequency the correction in force from now on; `null`: as before
 */
export function learnCorrection(
  { memory: { learning } }: State,
  glide: Glide,
  frequency: Frequency | null,
  now: Now,
): void {
  if (learning === null) return;
  const before = learning.corrections;
  learning.corrections = steered(before, now.mono, { ...glide, frequency: frequency ?? before.frequency });
  learning.corrected = (learning.corrected ?? 0) + glide.phase;
}

/** Somebody else has set the clock: of its phase nothing is known. */
export function loseTrack({ memory: { learning } }: State, now: Now): void {
  if (learning === null) return;
  learning.discipline.restart(0);
  learning.corrections = corrections(now.mono, learning.corrections.frequency);
  learning.heard = [];
  learning.phase = null;
  learning.surprise = 0;
  learning.corrected = null;
}

/** What is known of the clock now, to be kept. */
export function clockToRemember(
  { clock: { steering }, memory: { learning } }: State,
  now: Now,
): UnattendedClock | null {
  const at = now.mono;
  if (steering !== null) return unattended(steering.discipline.learned, steering.corrections, { at, age: 0, runs: 1 });
  if (learning === null || learning.runs === 0) return null;
  const { discipline, measured, runs } = learning;
  return unattended(discipline.learned, learning.corrections, { at, age: elapsed(measured, at), runs });
}

/**
 * What is added to the offsets of samples when they are kept, those of this run and those of earlier ones: they are to be as
 * though all that the clock is being corrected by were done. What the clock turned out to have drifted beyond what was foretold is
 * added to the earlier ones, or it would be held against their servers.
 */
export function movement(
  { memory: { learning }, clock: { steering } }: State,
  now: Now,
): { readonly ours: Seconds; readonly earlier: Seconds } {
  const log = (steering ?? learning)?.corrections;
  const gliding = log === undefined ? 0 : yetToGlide(log, now.mono);
  const corrected = learning?.corrected ?? gliding;
  return { ours: -corrected, earlier: (learning?.surprise ?? 0) - corrected };
}
