/** The disciplines there are, by the names that configuration and `--discipline` know them by. */
import { ADAPTIVE } from "./adaptive.ts";
import { RFC5905 } from "./rfc5905.ts";
import { run } from "./strategy.ts";
import type { DisciplineBounds, Learned, RunningDiscipline } from "./strategy.ts";

/** Starts each of them. */
export const DISCIPLINES = {
  /** The default: an estimator of phase and frequency. */
  adaptive: (learned: Learned | null, bounds: DisciplineBounds): RunningDiscipline => run(ADAPTIVE, learned, bounds),
  /** RFC 5905's hybrid of phase-lock and frequency-lock loop. */
  rfc5905: (learned: Learned | null, bounds: DisciplineBounds): RunningDiscipline => run(RFC5905, learned, bounds),
} as const;

/** The name of a discipline. */
export type DisciplineName = keyof typeof DISCIPLINES;

/** The discipline that is used unless another is asked for. */
export const DEFAULT_DISCIPLINE: DisciplineName = "adaptive";
