/**
 * How much may be sent to whom: a bucket of octets a source, since an answer can be longer than its question, and a source
 * address can be forged.
 *
 * Who has shown that it receives what is sent to its address (this host, or whoever showed a nonce) has a wide bucket. All
 * others have a narrow one, and together not more than {@link Budgets.everyone}, so that a flood of forged addresses, which
 * makes the table forget, gains nothing by that.
 */
import type { Mono } from "../../time/mono.ts";
import type { Seconds } from "../../time/seconds.ts";

/** A bucket's size, and how fast it fills. */
export interface Budget {
  /** Octets that may be sent at once. */
  readonly burst: number;
  /** Octets a second. */
  readonly rate: number;
}

/** Every budget. */
export interface Budgets {
  readonly proven: Budget;
  readonly unproven: Budget;
  /** Of all unproven sources together. */
  readonly everyone: Budget;
}

/** A list of 100,000 recent clients at once for the proven; some hundreds of associations for others. */
export const DEFAULT_BUDGETS: Budgets = {
  proven: { burst: 16 * 2 ** 20, rate: 4 * 2 ** 20 },
  unproven: { burst: 256 * 2 ** 10, rate: 32 * 2 ** 10 },
  everyone: { burst: 2 ** 20, rate: 256 * 2 ** 10 },
};

/** Sources remembered of each kind; beyond, the one heard of longest ago is forgotten. */
const SOURCES = 1024;

/** What is left of a bucket, and since when. */
interface Bucket {
  octets: number;
  at: Mono;
}

/** All buckets. */
export class Purse {
  readonly #budgets: Budgets;
  readonly #proven = new Map<string, Bucket>();
  readonly #unproven = new Map<string, Bucket>();
  readonly #everyone: Bucket;

  constructor(budgets: Budgets) {
    this.#budgets = budgets;
    this.#everyone = { octets: budgets.everyone.burst, at: -Infinity as Mono };
  }

  /**
   * Pays for what is to be sent.
   * @param octets in all datagrams together
   * @returns false: there is not enough left, nothing was taken, and nothing may be sent
   */
  pay(ip: string, isProven: boolean, octets: number, now: Mono): boolean {
    const { proven, unproven, everyone } = this.#budgets;
    const own = isProven ? bucketOf(this.#proven, ip, proven, now) : bucketOf(this.#unproven, ip, unproven, now);
    if (own.octets < octets) return false;
    if (!isProven) {
      fill(this.#everyone, everyone, now);
      if (this.#everyone.octets < octets) return false;
      this.#everyone.octets -= octets;
    }
    own.octets -= octets;
    return true;
  }
}

function bucketOf(buckets: Map<string, Bucket>, ip: string, budget: Budget, now: Mono): Bucket {
  const bucket = buckets.get(ip) ?? { octets: budget.burst, at: now };
  // Deleted first, so that it goes to the end of the map: the first is the one heard of longest ago.
  buckets.delete(ip);
  const [oldest] = buckets.size >= SOURCES ? buckets.keys() : [];
  if (oldest !== undefined) buckets.delete(oldest);
  buckets.set(ip, bucket);
  fill(bucket, budget, now);
  return bucket;
}

function fill(bucket: Bucket, { burst, rate }: Budget, now: Mono): void {
  const passed: Seconds = Math.max(now - bucket.at, 0);
  bucket.octets = Math.min(burst, bucket.octets + rate * passed);
  bucket.at = now;
}
