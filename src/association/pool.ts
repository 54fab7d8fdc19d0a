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
import type { Writable } from "./change.ts";
import type { HostFault, PacketToken, QuestionToken, SocketToken } from "./request.ts";
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

/** Why an address that was drawn is not held: its answer does not do, it cannot be reached, it does not answer, or no keys were established with it. */
export type DrawFault = PacketTest | HostFault | "noReply" | "unproved";

/** So many addresses that gave nothing are remembered for a name. */
const FAILED_REMEMBERED = 64;

/**
 * Takes note that an address gave nothing.
 * @returns whether that is news
 */
export function onFailed(pool: Writable<PoolSolicitor>, ip: string, why: DrawFault): boolean {
  const isNews = pool.failed.get(ip) !== why;
  const others = [...pool.failed].filter(([failed]) => failed !== ip);
  pool.failed = new Map([...others.slice(1 - FAILED_REMEMBERED), [ip, why]]);
  return isNews;
}

/** A solicitor for one name. Outside this room it is readonly, as an association is. */
export interface PoolSolicitor {
  /** Its line; another one when the configuration is reread. */
  readonly config: AssociationConfig;
  /** Addresses of the last answer that were not asked yet. */
  readonly queue: readonly string[];
  /** When the name was last resolved; `null`: not yet. */
  readonly resolvedAt: Mono | null;
  readonly resolving: boolean;
  /** log₂ of the interval between two look-ups. */
  readonly poll: PollExponent;
  /** When to look the name up again at the earliest. */
  readonly resolveAt: Mono;
  readonly asked: PoolQuestion | null;
  /** Questions that are overdue, oldest first: an answer is as good as another, however slow the network. */
  readonly overdue: readonly PoolQuestion[];
  /** When to go on; `null`: an answer is awaited. */
  readonly nextAt: Mono | null;
  /** Addresses whose last question brought nothing of use, and why; the latest {@link FAILED_REMEMBERED}. */
  readonly failed: ReadonlyMap<string, DrawFault>;
  /** Has held enough; falling under that begins anew. */
  readonly satisfied: boolean;
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
    failed: new Map(),
    satisfied: false,
  };
}

/**
 * The name is to be looked up: by now, or not before the interval is over.
 * @returns whether to do so now
 */
export function wantsLookup(pool: Writable<PoolSolicitor>, now: Mono): boolean {
  pool.queue = [];
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
export function onLookup(pool: Writable<PoolSolicitor>, usable: readonly string[], now: Mono): void {
  pool.resolving = false;
  pool.resolvedAt = now;
  pool.queue = usable;
  // A name that gives nothing new is asked ever more rarely.
  pool.poll = usable.length > 0 ? pool.config.minpoll : Math.min(pool.poll + 1, pool.config.maxpoll + SLOWER);
  pool.resolveAt = after(now, pollInterval(pool.poll));
  pool.nextAt = now;
}

/** The addresses still to be asked, none where what the resolver said is too old. */
export function toBeAsked({ queue, resolvedAt }: PoolSolicitor, now: Mono): readonly string[] {
  return resolvedAt !== null && elapsed(resolvedAt, now) > STALE ? [] : queue;
}

/** A server was chosen of the addresses, those before it are of no use, and the next question is not before a poll interval is over. */
export function onChosen(pool: Writable<PoolSolicitor>, ip: string, now: Mono): void {
  pool.queue = pool.queue.slice(pool.queue.indexOf(ip) + 1);
  pool.nextAt = after(now, pollInterval(pool.config.minpoll));
}

/** Its question is out. */
export function onAsked(pool: Writable<PoolSolicitor>, asked: PoolQuestion): void {
  pool.asked = asked;
}

/** The answer is overdue: the next address is asked at once, and this one is still listened to. */
export function onOverdue(pool: Writable<PoolSolicitor>, late: PoolQuestion, now: Mono): void {
  pool.asked = null;
  pool.overdue = [...pool.overdue, late];
  pool.nextAt = now;
}

/** A question is answered, or will not be. */
export function endQuestion(pool: Writable<PoolSolicitor>, ended: PoolQuestion): void {
  if (pool.asked === ended) pool.asked = null;
  else pool.overdue = pool.overdue.filter((late) => late !== ended);
}

/** It goes on at a moment; `null`: not before it is told to, for enough are held. */
export function drawAt(pool: Writable<PoolSolicitor>, at: Mono | null): void {
  pool.nextAt = at;
}

/** An address that gave nothing before has given something. */
export function onUsable(pool: Writable<PoolSolicitor>, ip: string): void {
  pool.failed = new Map([...pool.failed].filter(([failed]) => failed !== ip));
}

/** The same name by another line. */
export function revise(pool: Writable<PoolSolicitor>, config: AssociationConfig): void {
  pool.config = config;
}

/** The question of a name, by its packet or by its socket, which are named alike. */
export function questionOf(pool: PoolSolicitor, question: PacketToken | SocketToken): PoolQuestion | undefined {
  return questionsOf(pool).find(({ token }) => token === question);
}

/** All questions that may still be answered, the oldest first. */
export function questionsOf({ asked, overdue }: PoolSolicitor): readonly PoolQuestion[] {
  return asked === null ? overdue : [...overdue, asked];
}

/** When it next has something to do; `null`: an answer of the resolver is awaited, or enough are held. */
export function dueOf({ asked, overdue: [oldest], nextAt }: PoolSolicitor): Mono | null {
  const next = asked?.expires ?? nextAt;
  return oldest === undefined || (next !== null && next < oldest.forgotten) ? next : oldest.forgotten;
}

/** Too few are left: the name is asked at the shortest interval again. */
export function beginAgain(pool: Writable<PoolSolicitor>, now: Mono): void {
  pool.poll = pool.config.minpoll;
  pool.resolveAt = after(pool.resolvedAt ?? now, pool.resolvedAt === null ? 0 : pollInterval(pool.poll));
  pool.satisfied = false;
}
