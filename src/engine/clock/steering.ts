/** What the engine remembers of its steering of the clock. */
import type { Association } from "../../association/association.ts";
import type { KernelClaim } from "../../discipline/claim.ts";
import { DISCIPLINE } from "../../discipline/constants.ts";
import { corrections } from "../../discipline/corrections.ts";
import type { Corrections } from "../../discipline/corrections.ts";
import { DISCIPLINES } from "../../discipline/disciplines.ts";
import { noteDelay, puffed } from "../../discipline/huffpuff.ts";
import type { LeastDelays } from "../../discipline/huffpuff.ts";
import { learnedFrequency } from "../../discipline/strategy.ts";
import type { DisciplineBounds, RunningDiscipline, SourceSample } from "../../discipline/strategy.ts";
import { after } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import type { EngineConfig, LoopConfig } from "../port/config.ts";

/** A clock that is steered. */
export interface Steering {
  config: LoopConfig;
  readonly discipline: RunningDiscipline;
  /** What was done to the clock. */
  corrections: Corrections;
  /** The frequency without what is trickled out by it, where the discipline has a process that runs each second; else `null`. */
  steady: Frequency | null;
  /** The least delays of servers lately, where the huff-n'-puff filter is used. */
  readonly delays: WeakMap<Association, LeastDelays>;
  /** Samples the discipline has not heard yet. */
  heard: SourceSample[];
  /** The system peer's sample that the discipline heard of last. */
  used: Mono | null;
  /** When somebody first survived selection; `Infinity`: nobody has yet. */
  believedAt: Mono;
  /** When it heard. */
  heardAt: Mono;
  /** It was told that an offset beyond the step threshold waits. */
  waiting: boolean;
  /** A correction was asked for and not answered yet. */
  awaiting: boolean;
  /** By how much what was measured has moved along with the clock's glide, or the kernel's loop, since the last correction; and when. */
  moved: Seconds;
  movedAt: Mono;
  /** What the kernel was told last, and when; `null`: nothing. */
  claimed: { readonly claim: KernelClaim; readonly at: Mono } | null;
}

/** Steering begins, if the clock is to be steered. */
export function startSteering(config: EngineConfig, now: Mono): Steering | null {
  const { clock } = config;
  if (clock.kind !== "loop") return null;
  const discipline = DISCIPLINES[clock.discipline](learnedFrequency(clock.frequency), boundsOf(config, clock));
  return {
    config: clock,
    discipline,
    corrections: corrections(now),
    steady: null,
    delays: new WeakMap(),
    heard: [],
    used: null,
    believedAt: Infinity as Mono,
    heardAt: after(now, -Infinity),
    waiting: false,
    awaiting: false,
    moved: 0,
    movedAt: now,
    claimed: null,
  };
}

/**
 * The configuration has changed. A clock that was steered goes on being, within the bounds that count now, by what is known of
 * its oscillator.
 */
export function reviseSteering(before: Steering | null, config: EngineConfig, now: Mono): Steering | null {
  const { clock } = config;
  if (
    before === null ||
    clock.kind !== "loop" ||
    clock.discipline !== before.config.discipline ||
    clock.of !== before.config.of ||
    clock.kernel !== before.config.kernel
  )
    return startSteering(config, now);
  before.config = clock;
  before.discipline.rebound(boundsOf(config, clock));
  return before;
}

/** What a discipline is told of servers and clock, whatever it may do with the clock. */
export function scopeOf({
  associations,
  precision,
  allan,
}: EngineConfig): Pick<DisciplineBounds, "allan" | "minpoll" | "maxpoll" | "precision"> {
  return {
    allan: allan ?? DISCIPLINE.allan,
    minpoll: Math.min(...associations.map(({ minpoll }) => minpoll)),
    maxpoll: Math.max(...associations.map(({ maxpoll }) => maxpoll)),
    precision,
  };
}

function boundsOf(config: EngineConfig, { limits, stepBack, stepout, kernel, anyFirst }: LoopConfig): DisciplineBounds {
  const forward = limits.method === "slew" ? Infinity : limits.stepThreshold;
  return {
    stepThreshold: { forward, backward: limits.method === "slew" ? Infinity : stepBack },
    stepout,
    panic: limits.panic,
    kernel,
    anyFirst,
    ...scopeOf(config),
  };
}

/** What the huff-n'-puff filter makes of an offset: the same where it is not used. */
export function withoutWaiting(
  { config: { huffpuff }, delays }: Steering,
  of: Association,
  offset: Seconds,
  delay: Seconds,
): Seconds {
  return huffpuff === 0 ? offset : puffed(offset, delay, delays.get(of) ?? []);
}

/** Its filter learns of a delay. */
export function learnDelay(
  { config: { huffpuff }, delays }: Steering,
  of: Association,
  at: Mono,
  delay: Seconds,
): void {
  if (huffpuff !== 0) delays.set(of, noteDelay(delays.get(of) ?? [], at, delay, huffpuff));
}

/** The clock was corrected: from here on it glides by this. */
export function onCorrected(steering: Steering, to: Corrections): void {
  steering.corrections = to;
  steering.moved = 0;
  steering.movedAt = to.at;
}
