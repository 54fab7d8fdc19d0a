/** The disciplines there are, by the names that configuration and `--discipline` know them by. */
import type { Frequency } from "../time/seconds.ts";
import { ADAPTIVE } from "./adaptive.ts";
import { RFC5905 } from "./rfc5905.ts";
import { run } from "./strategy.ts";
import type { DisciplineBounds, RunningDiscipline } from "./strategy.ts";

/** Starts each of them. */
export const DISCIPLINES = {
  /** The default: an estimator of phase and frequency. */
  adaptive: (frequency: Frequency | null, bounds: DisciplineBounds): RunningDiscipline =>
    run(ADAPTIVE, frequency, bounds),
  /** RFC 5905's hybrid of phase-lock and frequency-lock loop. */
  rfc5905: (frequency: Frequency | null, bounds: DisciplineBounds): RunningDiscipline =>
    run(RFC5905, frequency, bounds),
} as const;

/** The name of a discipline. */
export type DisciplineName = keyof typeof DISCIPLINES;

/** The discipline that is used unless another is asked for. */
export const DEFAULT_DISCIPLINE: DisciplineName = "adaptive";
