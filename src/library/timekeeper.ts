/**
 * What a clock of the engine's own says: the best estimate of true time, and how early and how late that can be. Pure: readings of
 * the steady clock and what the engine knows come in, nanoseconds go out.
 *
 * ```text
 *  best(t)      = own(t)                                 never back, and never outside the bound
 *  earliest(t)  = own(j) + low  + (t − j) · (1 + f) − (t − j) · growth      at j the engine had its last opinion: true time
 *  latest(t)    = own(j) + high + (t − j) · (1 + f) + (t − j) · growth      less own(j) was from low to high
 * ```
 *
 * Between two opinions true time runs by the oscillator as it is known, f, and the bound grows by what is not known of that. It is
 * asked for far more often than anything changes, so nothing is allocated in asking but the answer.
 */
import type { AssociationId } from "../association/association.ts";
import type { Reason } from "../association/verdict.ts";
import { measuredBound } from "../control/bound.ts";
import { KERNEL_AGEING } from "../discipline/claim.ts";
import type { Note } from "../engine/port/note.ts";
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { elapsed, type Mono } from "../time/mono.ts";
import { PHI, type Frequency, type Seconds } from "../time/seconds.ts";
import { unfold, type UnixNanoseconds } from "../time/timestamp.ts";
import type { OwnWorld } from "../world/own.ts";
import { ClockError } from "./errors.ts";

/** The time, Unix nanoseconds: true time is not before `earliest` and not after `latest`, and `best` is between the two. */
export interface ClockTime {
  readonly earliest: bigint;
  readonly latest: bigint;
  /** Never less than it was told before. */
  readonly best: bigint;
}

/** Something that has become of a clock. */
export type ClockChange =
  /** A majority of the servers agrees, and the clock follows it: at first, or again. `source` is the server it follows. */
  | { readonly kind: "synchronized"; readonly source: string; readonly uncertainty: Seconds }
  /** No majority is left to follow. The clock goes on, and its bound grows. */
  | { readonly kind: "lost" }
  /** The time was off by more than is corrected bit by bit, or the machine slept: `by` seconds were added. */
  | { readonly kind: "stepped"; readonly by: Seconds }
  /** It follows another server. */
  | { readonly kind: "source"; readonly source: string };

/** Where true time lies, less the steady clock and what corrections of the rate have turned it by. */
interface Interval {
  readonly low: Seconds;
  readonly high: Seconds;
  readonly since: Mono;
  /** How fast it widens, s/s. */
  readonly growth: Frequency;
}

/** A sample, by its delay: offsets move with the clock, delays stay. */
interface Timed {
  readonly at: Mono;
  readonly delay: Seconds;
}

/** Samples that a clock filter holds (RFC 5905 §10, NSTAGE). */
const STAGES = 8;
/** What a frequency may be off by, in its standard deviations. */
const DEVIATIONS = 4;
/** A frequency known no better than this has yet to be learned, standard deviation: what is said of it may be a guess. */
const LEARNED: Frequency = 5e-6;
/** After it slept a machine knows by its battery's clock how long that was: in whole seconds, and not well. */
const WAKING: Seconds = 2;
/** Two to the 32. */
const WORD = 2 ** 32;

/** So many questions in a row without an answer, and nobody waits for a server any more. */
const LOST = 3;
/** Who says so has had his say, and it is no time. */
const NO_TIME: ReadonlySet<Reason | null> = new Set(["unsynchronized", "stratum", "loop", "noselect", "duplicate"]);

/**
 * Whether those who agree are more than all others, those included who have yet to answer: at the beginning, and whenever all is
 * measured anew, the first to answer may be the ones who lie.
 */
function isMajority({ system: { truechimers, falsetickers }, associations }: Snapshot): boolean {
  return truechimers > falsetickers + associations.filter(isAwaited).length;
}

/** Whether a server may still say what time it is. */
function isAwaited({ offset, reach, unreach, reason, kiss }: AssociationReport): boolean {
  return offset === null && kiss === null && (reach !== 0 || unreach < LOST) && !NO_TIME.has(reason);
}

/** The teller of one clock's time. */
export class Timekeeper {
  readonly #world: OwnWorld;
  /** What the clock read at its start, Unix nanoseconds in two words of 32 bits. */
  readonly #startHigh: number;
  readonly #startLow: number;
  readonly #words: DataView = new DataView(new ArrayBuffer(8));
  #interval: Interval | null = null;
  /** The opinion that the interval is of. */
  #judgedAt: Mono | null = null;
  /** Whom the clock follows; `null`: nobody. */
  #source: string | null = null;
  readonly #samples: Map<AssociationId, readonly Timed[]> = new Map();
  #slept: Seconds = 0;
  #wasStepped = false;
  /** What the oscillator's frequency may be off by, s/s. */
  #unknown: Frequency = KERNEL_AGEING;
  #last = 0n;

  /** @param pivot a Unix time near what the clock read at its start */
  constructor(world: OwnWorld, pivot: UnixNanoseconds) {
    this.#world = world;
    const start = BigInt.asUintN(64, unfold(world.start.clock, pivot));
    this.#startHigh = Number(start >> 32n);
    this.#startLow = Number(start & 0xffffffffn);
  }

  /** Whether there has been a time to tell. */
  get isSet(): boolean {
    return this.#interval !== null;
  }

  /**
   * Tells the time.
   * @throws ClockError `unsynchronized` before the first majority: nothing bounds the time then
   */
  now(mono: Mono): ClockTime {
    const interval = this.#interval;
    if (interval === null)
      throw new ClockError(
        "unsynchronized",
        "the clock has not been synchronized yet",
        "open it without wait: false, or wait for its change to synchronized",
      );
    const widened = interval.growth * Math.max(0, elapsed(interval.since, mono));
    const counted = elapsed(this.#world.start.mono, mono);
    const turned = counted + this.#world.turned(mono);
    const low = turned + interval.low - widened;
    const high = turned + interval.high + widened;
    const own = counted + this.#world.ahead(mono);
    const earliest = this.#at(low, -1);
    let best = this.#at(own < low ? low : own > high ? high : own, 0);
    let latest = this.#at(high, 1);
    // What was told before was within a bound, too: it stands still until the time has come to it.
    if (best < this.#last) best = this.#last;
    this.#last = best;
    if (latest < best) latest = best;
    return { earliest, latest, best };
  }

  /**
   * Hears what the engine has made of what happened.
   * @param mono when that was
   * @param deviation how well the oscillator's frequency is known, standard deviation, s/s; `null`: not at all
   * @returns what has changed by that
   */
  hear(snapshot: Snapshot, notes: readonly Note[], deviation: Frequency | null, mono: Mono): readonly ClockChange[] {
    const changes: ClockChange[] = [];
    const slept = this.#heedSleep();
    if (slept > 0 && this.isSet) changes.push({ kind: "stepped", by: slept });
    for (const note of notes) this.#note(note, mono);
    if (snapshot.judgedAt !== undefined && snapshot.judgedAt !== this.#judgedAt) {
      this.#judgedAt = snapshot.judgedAt;
      this.#judge(snapshot, snapshot.judgedAt, deviation);
    }
    for (const note of notes)
      if (note.what === "clockStepped") {
        // The first is how the clock is set, and is within the bound already.
        if (this.#wasStepped) changes.push({ kind: "stepped", by: note.by });
        this.#wasStepped = true;
      }
    return [...changes, ...this.#follow(snapshot)];
  }

  #judge(snapshot: Snapshot, at: Mono, deviation: Frequency | null): void {
    const bound = measuredBound(snapshot);
    if (bound === null || !isMajority(snapshot)) return;
    const corrected = this.#world.ahead(at) - this.#world.turned(at);
    const unknown = deviation === null || deviation > LEARNED ? KERNEL_AGEING : DEVIATIONS * deviation;
    // Samples age by PHI (RFC 5905 §10), which is less than an oscillator may be off by before its frequency is known; and they are
    // judged before they move along with a frequency that was learned from the last of them.
    const aged = Math.max(unknown, this.#unknown) * this.#age(snapshot, at);
    this.#unknown = unknown;
    this.#interval = {
      low: corrected + bound.low - aged,
      high: corrected + bound.high + aged,
      since: at,
      growth: PHI + unknown,
    };
  }

  #note(note: Note, at: Mono): void {
    if (note.what === "demobilized") this.#samples.delete(note.id);
    if (note.what !== "sample") return;
    this.#samples.set(note.id, [{ at, delay: note.delay }, ...(this.#samples.get(note.id) ?? [])].slice(0, STAGES));
  }

  /** How old the oldest sample is that those who agree are judged by; seconds. */
  #age({ associations }: Snapshot, at: Mono): Seconds {
    const ages = associations.map(({ id, delay, verdict }) => {
      const samples = this.#samples.get(id) ?? [];
      if (verdict === "rejected" || verdict === "falseticker") return 0;
      const used = samples.find((sample) => sample.delay === delay) ?? samples.at(-1);
      return used === undefined ? 0 : elapsed(used.at, at);
    });
    return Math.max(0, ...ages);
  }

  /** What was measured before the machine slept is as good as its battery's clock. */
  #heedSleep(): Seconds {
    const slept = this.#world.slept - this.#slept;
    const interval = this.#interval;
    this.#slept = this.#world.slept;
    if (slept <= 0 || interval === null) return 0;
    const by = WAKING + KERNEL_AGEING * slept;
    this.#interval = { ...interval, low: interval.low - by, high: interval.high + by };
    return slept;
  }

  #follow(snapshot: Snapshot): readonly ClockChange[] {
    const { system, associations } = snapshot;
    const before = this.#source;
    const peer =
      this.isSet && isMajority(snapshot) ? associations.find(({ id }) => id === system.systemPeer) : undefined;
    // While all is measured anew, as after a step, nobody is followed and nothing is lost.
    if (peer === undefined && associations.some(isAwaited)) return [];
    this.#source = peer?.name ?? null;
    if (this.#source === before) return [];
    if (this.#source === null) return [{ kind: "lost" }];
    return [before === null ? this.#synchronized(this.#source) : { kind: "source", source: this.#source }];
  }

  #synchronized(source: string): ClockChange {
    const { low, high } = this.#interval!;
    return { kind: "synchronized", source, uncertainty: (high - low) / 2 };
  }

  /** A moment so many seconds after the start, rounded to whole nanoseconds and then moved by one outwards. */
  #at(seconds: Seconds, outwards: -1 | 0 | 1): bigint {
    // In whole seconds and the rest, for of years a number has no nanoseconds.
    const whole = Math.floor(seconds);
    const rest = Math.round((seconds - whole) * 1e9) + outwards;
    // 10^9 seconds in nanoseconds are 10^18, beyond what a number tells exactly: so by words.
    const product = whole * 1e9;
    const high = Math.floor(product / WORD);
    const low = product - high * WORD + this.#startLow + rest;
    const carry = Math.floor(low / WORD);
    this.#words.setInt32(0, (this.#startHigh + high + carry) | 0);
    this.#words.setUint32(4, low - carry * WORD);
    return this.#words.getBigInt64(0);
  }
}
