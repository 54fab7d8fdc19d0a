/**
 * How often those ask who prove who they are: a bucket for each key and address. Anybody can ask in another's name, and would use up
 * what the address is granted; a request with an authentic MAC is judged by what was authentic before it, and by nothing else.
 *
 * Knowing what is authentic costs twenty times what the rest of an answer does. Beyond an address's own rate so many are verified a
 * second and no more; a flood of wrong MACs takes no larger part of the server than that.
 */
import type { Seconds } from "../time/seconds.ts";
import { charged, drained, judgeRate } from "./rate.ts";
import type { RateLimits, RateVerdict } from "./rate.ts";
import { Replays } from "./replays.ts";
import type { RequestName } from "./replays.ts";

/** Buckets held at most: who holds a key can still make up addresses. The one longest unused goes. */
const MOST = 4096;

/** MACs beyond the rate that are verified a second: a tenth of a processor, at three or four microseconds each. */
export const VERIFICATIONS = 25_000;

interface Bucket {
  /** Seconds, as {@link charged} leaves it. */
  readonly level: Seconds;
  /** Of the monotonic clock, seconds. */
  readonly at: Seconds;
}

/** The buckets of authentic requests. */
export class KeyRates {
  readonly #seed: number;
  /** The longest unused first. */
  readonly #buckets = new Map<string, Bucket>();
  /** Made when the first comes. */
  #replays: Replays | null = null;
  #left = VERIFICATIONS;
  #leftAt: Seconds = Number.NEGATIVE_INFINITY;

  /** @param seed unpredictable, 32 bits */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * Judges an authentic request, and charges its bucket.
   * @param at of the monotonic clock, seconds
   * @returns `silence` for a request that came before: who replays it is granted nothing, and uses nothing up
   */
  judge(request: RequestName, at: Seconds, limits: RateLimits): RateVerdict {
    // A client that sends no timestamp sends the same each time.
    const isNamed = request.seconds !== 0 || request.fraction !== 0;
    if (isNamed && (this.#replays ??= new Replays(this.#seed)).note(request)) return "silence";
    const { keyId, a, b, c, d } = request;
    const name = `${keyId} ${a} ${b} ${c} ${d}`;
    const bucket = this.#buckets.get(name) ?? { level: 0, at: Number.NEGATIVE_INFINITY };
    const interval = at - bucket.at;
    const level = drained(bucket.level, interval);
    const verdict = judgeRate(level, interval, limits);
    this.#buckets.delete(name);
    this.#buckets.set(name, { level: charged(level, verdict, limits), at });
    if (this.#buckets.size > MOST) this.#buckets.delete(this.#buckets.keys().next().value!);
    return verdict;
  }

  /**
   * Whether a MAC of a request beyond its address's rate may be verified, which is counted.
   * @param at of the monotonic clock, seconds
   * @param cost in MACs
   */
  mayVerify(at: Seconds, cost = 1): boolean {
    this.#left = Math.min(this.#left + Math.max(at - this.#leftAt, 0) * VERIFICATIONS, VERIFICATIONS);
    this.#leftAt = at;
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }
}
