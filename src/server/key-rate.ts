/**
 * How often those ask who prove who they are: a bucket for each key and address. Anybody can ask in another's name, and would use up
 * what the address is granted; a request with an authentic MAC is judged by what was authentic before it, and by nothing else.
 */
import type { Seconds } from "../time/seconds.ts";
import { charged, drained, judgeRate } from "./rate.ts";
import type { RateLimits, RateVerdict } from "./rate.ts";
import type { SourceWords } from "./source.ts";

/** Buckets held at most: who holds a key can still make up addresses. The one longest unused goes. */
const MOST = 4096;

interface Bucket {
  /** Seconds, as {@link charged} leaves it. */
  readonly level: Seconds;
  /** Of the monotonic clock, seconds. */
  readonly at: Seconds;
  /** The transmit timestamps of the last requests: the same once more is a replay. */
  readonly seen: readonly bigint[];
}

/** So many requests are known again, the last that came. They need not rise: clients that tell nothing of their clocks send random ones. */
const SEEN = 8;

/** The buckets of authentic requests. */
export class KeyRates {
  /** The longest unused first. */
  readonly #buckets = new Map<string, Bucket>();

  /**
   * Judges an authentic request, and charges its bucket.
   * @param keyId 1 … 2³² − 1
   * @param at of the monotonic clock, seconds
   * @param transmit its transmit timestamp
   * @returns `silence` for a request that came before: who replays it is granted nothing, and uses nothing up
   */
  judge(keyId: number, { a, b, c, d }: SourceWords, at: Seconds, transmit: bigint, limits: RateLimits): RateVerdict {
    const name = `${keyId} ${a} ${b} ${c} ${d}`;
    const bucket = this.#buckets.get(name) ?? { level: 0, at: Number.NEGATIVE_INFINITY, seen: [] };
    const seen = [transmit, ...bucket.seen.filter((earlier) => earlier !== transmit)].slice(0, SEEN);
    if (transmit !== 0n && bucket.seen.includes(transmit)) {
      this.#buckets.set(name, { ...bucket, seen });
      return "silence";
    }
    const interval = at - bucket.at;
    const level = drained(bucket.level, interval);
    const verdict = judgeRate(level, interval, limits);
    this.#buckets.delete(name);
    this.#buckets.set(name, { level: charged(level, verdict, limits), at, seen });
    if (this.#buckets.size > MOST) this.#buckets.delete(this.#buckets.keys().next().value!);
    return verdict;
  }
}
