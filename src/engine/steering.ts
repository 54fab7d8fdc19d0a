/** What the engine remembers of its steering of the clock. */
import { corrections } from "../discipline/corrections.ts";
import type { Corrections } from "../discipline/corrections.ts";
import { DISCIPLINES } from "../discipline/disciplines.ts";
import type { DisciplineBounds, RunningDiscipline, SourceSample } from "../discipline/strategy.ts";
import type { Mono } from "../time/mono.ts";
import type { EngineConfig, LoopConfig } from "./config.ts";

/** A clock that is steered. */
export interface Steering {
  readonly config: LoopConfig;
  readonly discipline: RunningDiscipline;
  /** The discipline has a process that runs each second, and corrects the phase by it, little by little. */
  readonly eachSecond: boolean;
  /** What was done to the clock. */
  corrections: Corrections;
  /** Samples the discipline has not heard yet. */
  heard: SourceSample[];
  /** The system peer's sample that the discipline heard of last. */
  used: Mono | null;
  /** A correction was asked for and not answered yet. */
  awaiting: boolean;
}

/** Steering begins, if the clock is to be steered. */
export function startSteering(config: EngineConfig, now: Mono): Steering | null {
  const { clock } = config;
  if (clock.kind !== "loop") return null;
  const discipline = DISCIPLINES[clock.discipline](clock.frequency, boundsOf(config, clock));
  const rate = discipline.adjust();
  return { config: clock, discipline, eachSecond: rate !== null, corrections: corrections(now, 0), heard: [], used: null, awaiting: false };
}

function boundsOf({ associations, precision }: EngineConfig, { limits, stepout, anyFirst }: LoopConfig): DisciplineBounds {
  return {
    stepThreshold: limits.method === "slew" ? Infinity : limits.stepThreshold,
    stepout,
    panic: limits.panic,
    anyFirst,
    minpoll: Math.min(...associations.map(({ minpoll }) => minpoll)),
    maxpoll: Math.max(...associations.map(({ maxpoll }) => maxpoll)),
    precision,
  };
}
