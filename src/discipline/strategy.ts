/**
 * What a clock discipline is: it hears what the servers and the system process say, and answers what to do with the clock and
 * how often to ask.
 *
 * A discipline is pure. Its state is plain data, which a snapshot can show and a later run can begin from; time comes as an
 * argument, and what it decides is performed by others. Two are there: `rfc5905.ts`, the standard's, and `adaptive.ts`, the default.
 */
import type { StepThreshold } from "./limits.ts";
import type { History } from "./history.ts";
import type { ClockEstimate } from "./kalman.ts";
import { firstSet, lately, movedByAnother, movedByUs } from "./moves.ts";
import type { Moves } from "./moves.ts";
import type { Mono } from "../time/mono.ts";
import type { Frequency, PollExponent, Seconds } from "../time/seconds.ts";

/** One measurement of a server, as it came: no filter has seen it. */
export interface SourceSample {
  /** Numbers the server it is of. */
  readonly source: number;
  /** When it was made. */
  readonly at: Mono;
  /** Server − the clock as it would be had nobody steered it (see `corrections.ts`), seconds. */
  readonly phase: Seconds;
  /** δ, the round trip. */
  readonly delay: Seconds;
  /** ε: what the two clocks' readings may be off by, seconds. */
  readonly dispersion: Seconds;
}

/** A server that is believed: a survivor of selection. */
export interface Source {
  readonly source: number;
  /** Round trip to the primary source it follows, δ + Δ, of which an unknown part is asymmetric. */
  readonly rootDelay: Seconds;
}

/** What the system process says (RFC 5905 §11.2). */
export interface SystemOffset {
  /** Θ, server − clock. */
  readonly offset: Seconds;
  /** When the system peer's sample was made. */
  readonly at: Mono;
  /** The survivors, or the system peer alone where it is to be followed alone; not empty. */
  readonly sources: readonly Source[];
}

/** What a discipline hears. */
export interface DisciplineInput {
  readonly now: Mono;
  /** What was done to the clock up to now, seconds: its reading less this is the clock nobody steered. */
  readonly corrected: Seconds;
  /** Samples since the last time, believed or not, oldest first. */
  readonly samples: readonly SourceSample[];
  /** `null` while nobody is believed: the samples are kept, and the clock is left alone. */
  readonly system: SystemOffset | null;
}

/** What is to be done with the clock. */
export type Decision =
  /** Nothing: there was nothing new, or it is not to be believed yet. */
  | { readonly kind: "none" }
  /** Nothing yet: an offset beyond the step threshold that lasts for so much longer, seconds, is stepped; it may be a spike. */
  | { readonly kind: "wait"; readonly offset: Seconds; readonly left: Seconds }
  /** Correct the phase by so much, as fast as the clock can be slewed, and run so much faster than the oscillator from now on. */
  | { readonly kind: "steer"; readonly phase: Seconds; readonly frequency: Frequency }
  /**
   * Hand the phase to the kernel's phase-locked loop, which corrects it and the frequency by it; what the frequency is then,
   * the discipline is told.
   */
  | { readonly kind: "lock"; readonly phase: Seconds; readonly timeConstant: number }
  /** Set the clock at once: all that was measured by it is worth nothing then. */
  | { readonly kind: "step"; readonly offset: Seconds }
  /** The offset is beyond reason, with what the clock was moved by before; tell the operator and stop. */
  | { readonly kind: "panic"; readonly offset: Seconds; readonly moved: Seconds };

/** How a discipline is bounded. */
export interface DisciplineBounds {
  /** An offset beyond is stepped. */
  readonly stepThreshold: StepThreshold;
  /** For so long an offset beyond the step threshold must last, or it is taken for a spike; the first one is stepped at once. */
  readonly stepout: Seconds;
  /** Beyond this no correction is made; `Infinity`: never. Seconds. */
  readonly panic: Seconds;
  /** The Allan intercept, for a discipline that does not find its own, seconds (`tinker allan`). */
  readonly allan: Seconds;
  /** The kernel's phase-locked loop is to be used, by a discipline that can (`enable kernel`). */
  readonly kernel: boolean;
  /** Whether the first correction may be of any size (ntpd −g). */
  readonly anyFirst: boolean;
  readonly minpoll: PollExponent;
  readonly maxpoll: PollExponent;
  /** Precision of the clock, log₂ s. */
  readonly precision: number;
}

/** What a discipline says of itself, for snapshots, logs and the drift file. */
export interface DisciplineReport {
  /** Which discipline it is. */
  readonly name: string;
  /** NSET FSET SPIK FREQ SYNC, as RFC 5905 figure 28 means them. */
  readonly state: "NSET" | "FSET" | "SPIK" | "FREQ" | "SYNC";
  /** The correction of the oscillator's frequency, s/s: what a drift file keeps. `null` before it is known. */
  readonly frequency: Frequency | null;
  /** What one measurement is off by, standard deviation, seconds. */
  readonly jitter: Seconds;
  /** By how much the frequency changes from one update to the next, RMS, s/s. */
  readonly wander: Frequency;
  /** The interval it wishes, log₂ seconds. */
  readonly poll: PollExponent;
}

/** How the clock is to run for a second. */
export interface Adjustment {
  /** The correction of the oscillator's frequency, s/s. */
  readonly frequency: Frequency;
  /** How much of the phase is trickled out besides, seconds in that second. */
  readonly phase: Seconds;
}

/** A server's time has jumped against our clock, or our clock against its. */
export interface Jump {
  readonly source: number;
  /** When the first sample after it was made. */
  readonly at: Mono;
  /** By how much the phase grew, seconds. */
  readonly by: Seconds;
}

/** What an update gives. */
export interface DisciplineUpdate<State> {
  readonly state: State;
  readonly decision: Decision;
  /** Absent: none was found, or the strategy looks for none. */
  readonly jumps?: readonly Jump[];
  /** Servers that contradict what is known and are to be heard again at once. Absent: none. */
  readonly doubted?: ReadonlySet<number>;
}

/** What an oscillator is known to do. */
export interface Oscillator {
  /** What corrects its frequency, s/s. */
  readonly frequency: Frequency;
  /** Variance of that. */
  readonly variance: number;
}

/** What a discipline leaves to the one that comes after it, in this process or another. Plain data. */
export interface Learned {
  /** `null`: it was not measured. */
  readonly oscillator: Oscillator | null;
  /** How far its frequency walks, s/s after one second; 0: nobody knows. */
  readonly wander: number;
  /** Phase and frequency as the servers believed agreed on them last; `null`: they have not since the clock was set. */
  readonly estimate: ClockEstimate | null;
  /** What is kept of each server, by its number. */
  readonly histories: readonly { readonly source: number; readonly history: History }[];
}

/** How well the frequency in a drift file still fits, standard deviation: the room may be warmer. */
const DRIFTED: Frequency = 2e-6;

/** What a drift file says, as what an earlier discipline has learned; `null`: it says nothing. */
export function learnedFrequency(frequency: Frequency | null): Learned | null {
  if (frequency === null) return null;
  return { oscillator: { frequency, variance: DRIFTED ** 2 }, wander: 0, estimate: null, histories: [] };
}

/** One way to discipline a clock. `State` is plain data. */
export interface Strategy<State> {
  /**
   * A discipline that has heard nothing yet itself.
   * @param learned by an earlier one; `null`: nothing is known
   */
  start(learned: Learned | null, bounds: DisciplineBounds): State;
  /** What the one that comes after it can start from. */
  learned(state: State): Learned;
  /** A server is the one that an earlier discipline kept this of. Absent: nothing is kept of servers. */
  adopt?(before: State, source: number, history: History): State;
  /**
   * Hears, and decides.
   * @param moves what was done to the clock before, which counts towards the panic threshold; `null`: it was never set
   */
  update(before: State, input: DisciplineInput, bounds: DisciplineBounds, moves: Moves | null): DisciplineUpdate<State>;
  /** Somebody stepped the clock, or the machine slept: what was measured is worth nothing; the oscillator is still the same. */
  restart(before: State, bounds: DisciplineBounds): State;
  /** A second has passed (RFC 5905 §12): how to run during the next. `null`: it needs no such process, or none within these bounds. */
  readonly adjust:
    | ((before: State, bounds: DisciplineBounds) => { readonly state: State; readonly adjustment: Adjustment } | null)
    | null;
  /** The kernel's loop has changed the frequency to this. Absent: nothing is ever handed to it. */
  locked?(before: State, frequency: Frequency): State;
  report(state: State): DisciplineReport;
}

/** A discipline at work: a strategy and its state. */
export interface RunningDiscipline {
  update(input: DisciplineInput): Decision;
  /** What the one that comes after it can start from. */
  readonly learned: Learned;
  /** A server is the one that an earlier discipline kept this of. */
  adopt(source: number, history: History): void;
  /** What the last update found out. */
  readonly jumps: readonly Jump[];
  /** Whom it wants to hear again at once. */
  readonly doubted: ReadonlySet<number>;
  /** @param by what somebody else stepped the clock by; 0: the machine slept, or nobody knows */
  restart(by: Seconds): void;
  /** Goes on within other bounds. */
  rebound(bounds: DisciplineBounds): void;
  /** How to run during the next second; `null`: the discipline has no process that runs each second. */
  adjust(): Adjustment | null;
  /** The kernel's loop has changed the frequency to this, s/s. */
  locked(frequency: Frequency): void;
  readonly report: DisciplineReport;
}

const NOBODY: ReadonlySet<number> = new Set();

/** Sets a strategy to work. */
export function run<State>(
  strategy: Strategy<State>,
  learned: Learned | null,
  within: DisciplineBounds,
): RunningDiscipline {
  let bounds = within;
  let state = strategy.start(learned, bounds);
  let moves: Moves | null = null;
  let jumps: readonly Jump[] = [];
  let doubted: ReadonlySet<number> = NOBODY;
  return {
    update(input) {
      if (moves !== null) moves = lately(moves, input.now);
      const update = strategy.update(state, input, bounds, moves);
      const { decision } = update;
      state = update.state;
      jumps = update.jumps ?? [];
      doubted = update.doubted ?? NOBODY;
      if (isSet(strategy.report(state)))
        moves =
          moves === null
            ? firstSet(input.now)
            : movedByUs(moves, decision.kind === "step" ? decision.offset : 0, input.now);
      return decision;
    },
    restart(by) {
      if (moves !== null) moves = movedByAnother(moves, by);
      state = strategy.restart(state, bounds);
    },
    rebound(next) {
      bounds = next;
    },
    adjust() {
      if (strategy.adjust === null) return null;
      const adjusted = strategy.adjust(state, bounds);
      if (adjusted === null) return null;
      state = adjusted.state;
      return adjusted.adjustment;
    },
    locked(frequency) {
      state = strategy.locked?.(state, frequency) ?? state;
    },
    adopt(source, history) {
      state = strategy.adopt?.(state, source, history) ?? state;
    },
    get learned() {
      return strategy.learned(state);
    },
    get jumps() {
      return jumps;
    },
    get doubted() {
      return doubted;
    },
    get report() {
      return strategy.report(state);
    },
  };
}

/** Whether the clock shows what a discipline made of it, by its report. */
export function isSet({ state }: DisciplineReport): boolean {
  return state !== "NSET" && state !== "FSET";
}
