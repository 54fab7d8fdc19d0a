/**
 * The manycast solicitor: asks a whole group, ring by ring, and is itself never a candidate (seeds 000 and 002,
 * "Manycast Scheme").
 */
import { after } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import { pollInterval } from "../time/seconds.ts";
import type { PollExponent, Seconds } from "../time/seconds.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { Writable } from "./change.ts";
import type { SocketToken } from "./request.ts";
import type { AssociationConfig } from "./template.ts";

/** A ring that was asked: all servers within so many hops. */
export interface Ring {
  readonly ttl: number;
  readonly at: NtpTimestamp;
  /** Its origin cookie: an answer that echoes it belongs to this ring, however late. */
  readonly cookie: NtpTimestamp;
  readonly replies: number;
}

/** A solicitor for one group. Outside this room it is readonly, as an association is. */
export interface Solicitor {
  /** Its line; another one when the configuration is reread. */
  readonly config: AssociationConfig;
  readonly group: string;
  readonly lastRing: number;
  /** The socket its questions leave by and its answers come to. */
  readonly socket: SocketToken;
  /** The rings that were asked, the last of them at the end. */
  readonly rings: readonly Ring[];
  /** Hops the last question went, 1 … `lastRing`; 0 before the first. */
  readonly ttl: number;
  /** log₂ of the interval between questions once the last ring was asked (the daemon's schedule). */
  readonly poll: PollExponent;
  /** When the last one left; `null`: none did. */
  readonly askedAt: Mono | null;
  /** When the next question leaves; `null`: none will. */
  readonly nextAt: Mono | null;
  /** Asks no more, for now or in this run: found enough, or asked the last ring. */
  readonly done: boolean;
  /** Has held enough; falling under that begins anew. */
  readonly satisfied: boolean;
}

/** How rings are spaced. */
export interface RingRules {
  /** A probe's interval between rings; `null`: the daemon's schedule by the system poll interval. */
  readonly interval: Seconds | null;
  /** A probe goes on to the last ring whatever it finds. */
  readonly all: boolean;
  /** So many servers are enough. */
  readonly minclock: number;
  readonly maxclock: number;
  /** The system poll exponent: what the system peer is polled by; `null` without one. */
  readonly systemPoll: PollExponent | null;
  /** Uniform in 0 ≤ x < 1: hosts that started together must not go on asking together. */
  readonly uniform: () => number;
}

/** The daemon asks at eight times the system poll interval (seed 000). */
const SLOWER: PollExponent = 3;

/** Hops of the last ring where a line names none. */
const DEFAULT_LAST_RING = 7;

/** How many past rings an answer may still belong to. */
const RINGS_REMEMBERED = 16;

/** A solicitor that has asked nothing yet. */
export function solicitor(config: AssociationConfig, group: string, socket: SocketToken, now: Mono): Solicitor {
  return {
    config,
    group,
    lastRing: config.ttl ?? DEFAULT_LAST_RING,
    socket,
    rings: [],
    ttl: 0,
    poll: config.minpoll + SLOWER,
    askedAt: null,
    nextAt: now,
    done: false,
    satisfied: false,
  };
}

/**
 * A question is to leave: the ring grows while too few servers are held; at the last one with too few still, the interval
 * doubles instead (seed 000).
 * @param held servers found and held
 * @returns the ring to ask, hops
 */
export function growRing(asking: Writable<Solicitor>, held: number, rules: RingRules): number {
  const grows = rules.interval !== null || asking.ttl === 0 || held < rules.minclock;
  if (grows && asking.ttl < asking.lastRing) asking.ttl = nextRing(asking);
  else if (grows) asking.poll = Math.min(asking.poll + 1, asking.config.maxpoll + SLOWER);
  return asking.ttl;
}

/**
 * Enough are held, and the first ring is asked all the same (ntp.conf `tos beacon`). A search that has to go on goes on from where it was.
 * @returns the ring to ask, hops
 */
export function firstRing(asking: Writable<Solicitor>): number {
  const first = nextRing({ ...asking, ttl: 0 });
  asking.ttl = Math.max(first, asking.ttl);
  return first;
}

/** The next hop, or the next ring of a list (ntp.conf `ttl`). */
function nextRing({ config: { rings }, ttl, lastRing }: Pick<Solicitor, "config" | "ttl" | "lastRing">): number {
  return rings === undefined ? ttl + 1 : Math.min(rings.find((ring) => ring > ttl) ?? lastRing, lastRing);
}

/** A question leaves: remembers the ring and plans the next one. After a probe's last ring, too, its answers are waited for. */
export function onSolicit(asking: Writable<Solicitor>, ring: Ring, now: Mono, rules: RingRules): void {
  const rings = [...asking.rings, ring];
  asking.rings = rules.interval === null && rings.length > RINGS_REMEMBERED ? rings.slice(1) : rings;
  asking.askedAt = now;
  asking.nextAt = after(now, rules.interval ?? questionInterval(asking, rules));
}

/**
 * Whether the next question is to be asked at all: a probe's until enough are found or the last ring was asked, the
 * daemon's while it holds fewer than maxclock (seed 002).
 * @param held servers found and held
 */
export function wantsMore(asking: Solicitor, held: number, rules: RingRules): boolean {
  if (rules.interval === null) return held < rules.maxclock;
  return asking.ttl < asking.lastRing && (rules.all || held < rules.minclock);
}

/** Seconds between two questions of the daemon: eight times the system poll interval, and more where the last ring gave too few; a random sixteenth on top. */
export function questionInterval({ poll, config }: Solicitor, { systemPoll, uniform }: RingRules): Seconds {
  const exponent = Math.min(Math.max(poll, (systemPoll ?? poll - SLOWER) + SLOWER), config.maxpoll + SLOWER);
  return pollInterval(exponent) * (1 + uniform() / 16);
}

/** Enough are held: when the first ring is asked again all the same, lest better servers stay unknown (ntp.conf `tos beacon`). */
export function beaconAt({ askedAt }: Solicitor, beacon: Seconds | null): Mono | null {
  return askedAt === null || beacon === null ? null : after(askedAt, beacon);
}

/** Too few are left: from the first ring and the shortest interval again. */
export function restart(asking: Writable<Solicitor>, now: Mono): void {
  asking.ttl = 0;
  asking.poll = asking.config.minpoll + SLOWER;
  asking.nextAt = now;
  asking.done = false;
  asking.satisfied = false;
}

/** Its line has changed: other rings are asked from the first on. */
export function revise(asking: Writable<Solicitor>, config: AssociationConfig, now: Mono): void {
  const before = asking.config;
  asking.config = config;
  asking.lastRing = config.ttl ?? DEFAULT_LAST_RING;
  if (before.ttl !== config.ttl || before.rings?.join() !== config.rings?.join() || before.minpoll !== config.minpoll)
    restart(asking, now);
}

/** The ring an answer belongs to; the youngest first, for cookies are never the same twice. */
export function ringOf(asking: Solicitor, origin: NtpTimestamp): Ring | undefined {
  return asking.rings.findLast(({ cookie }) => cookie === origin);
}

/** An answer came of a ring, and was of use or could have been. */
export function countReply(ring: Writable<Ring>): void {
  ring.replies += 1;
}

/** So many are held as it looks whether to go on: once they are enough, falling under that begins the search anew. */
export function lookAtHeld(search: Writable<Pick<Solicitor, "satisfied">>, held: number, enough: number): void {
  search.satisfied ||= held >= enough;
}

/** It has asked what it had to ask: it rests until it looks again; `null`: for good. */
export function restUntil(asking: Writable<Solicitor>, at: Mono | null): void {
  asking.done = true;
  asking.nextAt = at;
}
