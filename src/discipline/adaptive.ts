/**
 * The default discipline: the best estimate of phase and frequency that the samples allow, and the clock set to it.
 *
 * ```text
 * samples ─► histories ─► believe ─► consensus ─► decide ─► pace
 *            one a server  phase and   of those     steer,    when to
 *            (spikes aside) frequency   believed     step      ask again
 * ```
 *
 * RFC 5905's loop is a servo: each offset pulls a little, with gains fixed by the poll interval. This is an estimator: it
 * weighs every sample by its delay (`history.ts`) and the past by how fast this oscillator wanders (`wander.ts`), on a time
 * scale in which its own corrections do not appear (`corrections.ts`). So it may correct the whole of the offset it knows of at
 * once. chrony does likewise, by a regression; ntpd-rs by a Kalman filter a server.
 */
import type { Mono } from "../time/mono.ts";
import { elapsed } from "../time/mono.ts";
import type { Frequency, PollExponent, Seconds } from "../time/seconds.ts";
import { pollInterval } from "../time/seconds.ts";
import { consensus } from "./consensus.ts";
import { DISCIPLINE } from "./constants.ts";
import { history } from "./history.ts";
import type { History } from "./history.ts";
import { CONFIRMED, REROUTED, takeIn } from "./intake.ts";
import { isBeyond } from "./limits.ts";
import { predict } from "./kalman.ts";
import type { ClockEstimate } from "./kalman.ts";
import { isBeyondReason } from "./moves.ts";
import type { Moves } from "./moves.ts";
import { pace } from "./pace.ts";
import type {
  Decision,
  DisciplineBounds,
  DisciplineInput,
  DisciplineReport,
  DisciplineUpdate,
  Jump,
  Oscillator,
  Source,
  SourceSample,
  Strategy,
} from "./strategy.ts";
import { believe } from "./wander.ts";

/** What the discipline knows. Plain data. */
export interface AdaptiveState {
  /** What is kept of each server, by its number; the one heard last comes last. */
  readonly histories: readonly { readonly source: number; readonly history: History }[];
  /** What is known of the oscillator whatever becomes of the histories; `null`: nothing. */
  readonly oscillator: Oscillator | null;
  /** What those believed agreed on last; `null`: nothing since the clock was set. */
  readonly estimate: ClockEstimate | null;
  /** s/s after one second. */
  readonly wander: number;
  /** Standard deviation of an ordinary sample, seconds. */
  readonly jitter: Seconds;
  /** Whose time the clock shows: nobody's yet, ours since a correction, or that of somebody who set it meanwhile. */
  readonly shows: "nobody's" | "ours" | "another's";
  /** Since when most of those believed have been beyond the step threshold; `null`: they are not. */
  readonly beyond: Mono | null;
  readonly poll: PollExponent;
}

/** Histories are kept of so many servers: of all that are believed, and of others as long as there is room. */
const SERVERS = 32;

/** The default. */
export const ADAPTIVE: Strategy<AdaptiveState> = {
  start(learned, { minpoll, precision }) {
    const oscillator = learned?.oscillator ?? null;
    return {
      histories: learned?.histories ?? [],
      oscillator: oscillator && { ...oscillator, frequency: clampFrequency(oscillator.frequency) },
      estimate: learned?.estimate ?? null,
      wander: learned?.wander ?? 0,
      jitter: 2 ** precision,
      shows: "nobody's",
      beyond: null,
      poll: minpoll,
    };
  },

  learned({ oscillator, wander, estimate, histories }) {
    return { oscillator, wander, estimate, histories };
  },

  adopt(before, source, history) {
    const others = before.histories.filter((one) => one.source !== source);
    return others.length < SERVERS ? { ...before, histories: [...others, { source, history }] } : before;
  },

  update(before, input, bounds, moves) {
    const { state: heard, fresh, ...found } = hear(before, input, bounds);
    const followed = input.system === null ? [] : followedIn(heard, input.system.sources);
    const state = { ...heard, beyond: beyondSince(heard, followed, input, bounds) };
    if (!followed.some(({ source }) => fresh.has(source))) return { state, decision: { kind: "none" }, ...found };
    return { ...conclude(state, followed, input, bounds, moves), ...found };
  },

  restart(before, { minpoll }) {
    return {
      ...before,
      histories: [],
      estimate: null,
      shows: before.shows === "nobody's" ? "nobody's" : "another's",
      beyond: null,
      poll: minpoll,
    };
  },

  adjust: null,

  report({ oscillator, shows, beyond, wander, jitter, poll }): DisciplineReport {
    const unset = oscillator === null ? "NSET" : "FSET";
    const state = shows !== "ours" ? unset : beyond === null ? "SYNC" : "SPIK";
    return {
      name: "adaptive",
      state,
      frequency: oscillator?.frequency ?? null,
      jitter,
      wander: wander * Math.sqrt(pollInterval(poll)),
      poll,
    };
  },
};

/** Takes the new samples into the histories of their servers, and says which servers there is something new to believe of. */
function hear(
  before: AdaptiveState,
  { samples, system }: DisciplineInput,
  bounds: DisciplineBounds,
): { state: AdaptiveState; fresh: ReadonlySet<number>; jumps: readonly Jump[]; doubted: ReadonlySet<number> } {
  let state = before;
  const fresh = new Set<number>();
  const doubted = new Set<number>();
  const jumps: Jump[] = [];
  for (const sample of samples) {
    const { source } = sample;
    if (!hasRoom(state, source, system)) continue;
    const known = state.histories.find((one) => one.source === source)?.history ?? history(firstPrior(state, sample));
    const { history: taken, kept, jump } = takeIn(known, sample);
    if (jump !== null) jumps.push({ source, ...jump });
    if (kept) fresh.add(source);
    if (isDoubted(taken)) doubted.add(source);
    else doubted.delete(source);
    const others = state.histories.filter((one) => one.source !== source);
    // What nothing known explains is looked at again as soon as may be; but whoever goes on contradicting itself is heeded only if
    // it is believed.
    const matters = taken.suspects.length > 0 && (isDoubted(taken) || system === null || isBelieved(source, system));
    // Whether a way has become longer is soon known if it is asked about; while nothing is, the clock goes by what it knew before.
    const rerouted = taken.waited.length > 1 && taken.waited.length < REROUTED && isBelieved(source, system);
    const poll = matters || rerouted ? bounds.minpoll : state.poll;
    state = { ...state, histories: bounded([...others, { source, history: taken }], system), poll };
  }
  return { state, fresh, jumps, doubted };
}

/** Whether its last sample is a spike or the first of a change: the next ones say which. */
function isDoubted({ suspects }: History): boolean {
  return suspects.length > 0 && suspects.length < CONFIRMED;
}

/** Whether a server's samples are kept: there is a history of it, or room for one, or it is believed. */
function hasRoom({ histories }: AdaptiveState, source: number, system: DisciplineInput["system"]): boolean {
  return histories.length < SERVERS || histories.some((one) => one.source === source) || isBelieved(source, system);
}

/** With too many, the one heard longest ago of those that are not believed makes room. */
function bounded(histories: AdaptiveState["histories"], system: DisciplineInput["system"]): AdaptiveState["histories"] {
  if (histories.length <= SERVERS) return histories;
  const surplus = Math.max(
    0,
    histories.findIndex(({ source }) => !isBelieved(source, system)),
  );
  return histories.toSpliced(surplus, 1);
}

function isBelieved(source: number, system: DisciplineInput["system"]): boolean {
  return system?.sources.some((one) => one.source === source) ?? false;
}

/** All that is known of a server before its first sample: how fast our own oscillator runs. */
function firstPrior({ oscillator }: AdaptiveState, { at, phase }: SourceSample): ClockEstimate | null {
  if (oscillator === null) return null;
  return {
    at,
    phase,
    frequency: oscillator.frequency,
    phaseVariance: 1,
    covariance: 0,
    frequencyVariance: oscillator.variance,
  };
}

/**
 * Since when most of those believed have been beyond the step threshold, by the last that each of them said. What one alone says,
 * and what one says that is not believed, neither starts the stepout time nor ends it; nor does silence.
 */
function beyondSince(
  { beyond }: AdaptiveState,
  followed: readonly Followed[],
  { corrected }: DisciplineInput,
  { stepThreshold }: DisciplineBounds,
): Mono | null {
  if (followed.length === 0) return beyond;
  const last = followed.map(({ history: { samples, suspects } }) => suspects.at(-1) ?? samples.at(-1)!);
  const far = last.filter(({ phase }) => isBeyond(phase - corrected, stepThreshold));
  if (2 * far.length <= last.length) return null;
  return beyond ?? (Math.max(...far.map(({ at }) => at)) as Mono);
}

interface Followed extends Source {
  readonly history: History;
}

/** The histories of those believed, as far as there are any. */
function followedIn({ histories }: AdaptiveState, sources: readonly Source[]): Followed[] {
  return sources.flatMap((source) => {
    const found = histories.find((one) => one.source === source.source)?.history;
    return found === undefined || found.samples.length === 0 ? [] : [{ ...source, history: found }];
  });
}

/** From the histories to an estimate, and from that to a decision. */
function conclude(
  state: AdaptiveState,
  followed: readonly Followed[],
  { now, corrected }: DisciplineInput,
  bounds: DisciplineBounds,
  moves: Moves | null,
): DisciplineUpdate<AdaptiveState> {
  const { estimates, noises, ordinary: usual, wander } = believe(followed.map(({ history }) => history));
  const current = estimates.map((estimate) => predict(estimate, now, wander));
  const agreed = consensus(
    current.map((estimate, place) => ({ estimate, noise: noises[place]!, rootDelay: followed[place]!.rootDelay })),
  );
  const ordinary = Math.min(...usual.map((variance, place) => variance + noises[place]!));
  const decision = decide(state, agreed.phase - corrected, agreed.frequency, now, bounds, moves);
  const oscillator = { frequency: clampFrequency(agreed.frequency), variance: agreed.frequencyVariance };
  const known: AdaptiveState = {
    ...state,
    oscillator,
    estimate: agreed,
    wander,
    jitter: Math.max(Math.sqrt(ordinary), 2 ** bounds.precision),
  };
  if (decision.kind === "panic") return { state, decision };
  if (decision.kind === "step") return { state: { ...ADAPTIVE.restart(known, bounds), shows: "ours" }, decision };
  if (decision.kind === "wait" || decision.kind === "none")
    return { state: { ...known, poll: bounds.minpoll }, decision };
  const surest = current.reduce((one, other) => (other.phaseVariance < one.phaseVariance ? other : one));
  const suspicious = followed.some(({ history: { suspects } }) => suspects.length > 0);
  const poll = suspicious ? bounds.minpoll : pace(surest, wander, ordinary, state.poll, bounds);
  return { state: { ...known, shows: "ours", poll }, decision };
}

/**
 * Steer, unless the offset is so large that it is to be stepped, and that only if it lasts, or refused. A clock that somebody else
 * has set is set right at once: it is no server's fault.
 */
function decide(
  { shows, beyond }: AdaptiveState,
  offset: Seconds,
  frequency: Frequency,
  now: Mono,
  bounds: DisciplineBounds,
  moves: Moves | null,
): Decision {
  const mayBeAny = shows === "nobody's" && bounds.anyFirst;
  if (!mayBeAny && isBeyondReason(offset, moves, bounds.panic))
    return { kind: "panic", offset, moved: moves?.ours ?? 0 };
  if (!isBeyond(offset, bounds.stepThreshold)) {
    // Most say that it is beyond, and some have not said so often enough yet to be taken at their word: between them there is nothing.
    if (beyond !== null) return { kind: "none" };
    return { kind: "steer", phase: offset, frequency: clampFrequency(frequency) };
  }
  const left = bounds.stepout - (beyond === null ? 0 : elapsed(beyond, now));
  return shows !== "ours" || left <= 0 ? { kind: "step", offset } : { kind: "wait", offset, left };
}

function clampFrequency(frequency: Frequency): Frequency {
  return Math.max(-DISCIPLINE.maxFrequency, Math.min(DISCIPLINE.maxFrequency, frequency));
}
