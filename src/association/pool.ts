/**
 * The pool solicitor: draws servers out of a name, one at a time, and is itself never a candidate (seed 002 "Server Pool
 * Scheme").
 *
 * ```text
 *  resolve ─► ask the next address ─► it answers: mobilized, the next one a second later
 *     ▲              │   └─ it does not: the next one at once
 *     └── used up ◄──┘        enough are held: rest
 * ```
 */
import { after, elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import { pollInterval } from "../time/seconds.ts";
import type { PollExponent, Seconds } from "../time/seconds.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { Address } from "../wire/address.ts";
import type { HostFault, QuestionToken } from "./request.ts";
import type { AssociationConfig } from "./template.ts";
import type { PacketTest } from "./tests.ts";

/** Pause between two servers that answer, seconds. */
export const POOL_PAUSE: Seconds = 1;

/** An answer of the resolver is not trusted for longer: pools give out others by then, and some have left. */
const STALE: Seconds = 1024;

/** As manycast, a pool that gives too few is asked up to eight times as rarely as its servers. */
const SLOWER: PollExponent = 3;

/** A question that is out: one at a time is waited for. */
export interface PoolQuestion {
  readonly to: Address;
  readonly token: QuestionToken;
  readonly cookie: NtpTimestamp;
  /** By then it is overdue, and the next address is asked. */
  readonly expires: Mono;
  /** By then its answer is no longer listened for. */
  readonly forgotten: Mono;
}

/** Why an address that was drawn is not held: its answer does not do, it cannot be reached, or it does not answer. */
export type DrawFault = PacketTest | HostFault | "noReply";

/** So many addresses that gave nothing are remembered for a name. */
const FAILED_REMEMBERED = 64;

/**
 * Takes note that an address gave nothing.
 * @returns whether that is news
 */
export function onFailed({ failed }: PoolSolicitor, ip: string, why: DrawFault): boolean {
  const isNews = failed.get(ip) !== why;
  failed.delete(ip);
  failed.set(ip, why);
  for (const oldest of failed.keys()) if (failed.size > FAILED_REMEMBERED) failed.delete(oldest);
  return isNews;
}

/** A solicitor for one name. */
export interface PoolSolicitor {
  config: AssociationConfig;
  /** Addresses of the last answer that were not asked yet. */
  readonly queue: string[];
  /** When the name was last resolved; `null`: not yet. */
  resolvedAt: Mono | null;
  resolving: boolean;
  /** log₂ of the interval between two look-ups. */
  poll: PollExponent;
  /** When to look the name up again at the earliest. */
  resolveAt: Mono;
  asked: PoolQuestion | null;
  /** Questions that are overdue, oldest first: an answer is as good as another, however slow the network. */
  overdue: readonly PoolQuestion[];
  /** When to go on; `null`: an answer is awaited. */
  nextAt: Mono | null;
  /** Servers asked so far. */
  tried: number;
  /** Addresses whose last question brought nothing of use, and why; the latest {@link FAILED_REMEMBERED}. */
  readonly failed: Map<string, DrawFault>;
  /** Has held enough; falling under that begins anew. */
  satisfied: boolean;
}

/** A solicitor whose name is being looked up for the first time. */
export function poolSolicitor(config: AssociationConfig, now: Mono): PoolSolicitor {
  return {
    config,
    queue: [],
    resolvedAt: null,
    resolving: true,
    poll: config.minpoll,
    resolveAt: now,
    asked: null,
    overdue: [],
    nextAt: null,
    tried: 0,
    failed: new Map(),
    satisfied: false,
  };
}

/**
 * The name is to be looked up: by now, or not before the interval is over.
 * @returns whether to do so now
 */
export function wantsLookup(pool: PoolSolicitor, now: Mono): boolean {
  pool.queue.length = 0;
  if (pool.resolveAt > now) {
    pool.nextAt = pool.resolveAt;
    return false;
  }
  pool.resolving = true;
  pool.nextAt = null;
  return true;
}

/**
 * The name has addresses, or none.
 * @param usable those that are not held, pruned or refused already
 */
export function onLookup(pool: PoolSolicitor, usable: readonly string[], now: Mono): void {
  pool.resolving = false;
  pool.resolvedAt = now;
  pool.queue.splice(0, Infinity, ...usable);
  // A name that gives nothing new is asked ever more rarely.
  pool.poll = usable.length > 0 ? pool.config.minpoll : Math.min(pool.poll + 1, pool.config.maxpoll + SLOWER);
  pool.resolveAt = after(now, pollInterval(pool.poll));
  pool.nextAt = now;
}

/** Whether what the resolver said is too old to be asked. */
export function isStale(pool: PoolSolicitor, now: Mono): boolean {
  return pool.resolvedAt !== null && elapsed(pool.resolvedAt, now) > STALE;
}

/** Too few are left: the name is asked at the shortest interval again. */
export function beginAgain(pool: PoolSolicitor, now: Mono): void {
  pool.poll = pool.config.minpoll;
  pool.resolveAt = after(pool.resolvedAt ?? now, pool.resolvedAt === null ? 0 : pollInterval(pool.poll));
  pool.satisfied = false;
}
