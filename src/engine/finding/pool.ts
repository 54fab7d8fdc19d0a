/** Pools in the daemon: names are drawn from, one server at a time, while too few associations are held (seed 002). */
import { requestHeader } from "../../association/client.ts";
import { pollAt } from "../../association/poll.ts";
import {
  beginAgain,
  drawAt,
  endQuestion,
  onAsked,
  onChosen,
  onFailed,
  onLookup,
  onOverdue,
  onUsable,
  POOL_PAUSE,
  poolSolicitor,
  questionOf,
  questionsOf,
  revise,
  toBeAsked,
  wantsLookup,
} from "../../association/pool.ts";
import type { DrawFault, PoolQuestion, PoolSolicitor } from "../../association/pool.ts";
import type { PacketToken, SocketToken } from "../../association/request.ts";
import { lookAtHeld } from "../../association/solicitor.ts";
import type { AssociationConfig } from "../../association/template.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { isSameAddress } from "../../wire/address.ts";
import type { Address } from "../../wire/address.ts";
import { encodeHeader } from "../../wire/header.ts";
import { kissAction, kissCode } from "../../wire/kiss.ts";
import { admit, drawnRestrictions, isOwnAddress, refuseUnasked } from "./admit.ts";
import type { Arrival } from "./admit.ts";
import { FLAG } from "../../server/access.ts";
import { recallServer, securityOf } from "./associate.ts";
import type { HostFault } from "../port/event.ts";
import type { Finding } from "./finding.ts";
import { isDoubtful } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { prove } from "./proving.ts";
import { heldCount, isPruned } from "./prune.ts";
import { rememberKiss } from "../memory/remembered.ts";
import type { State } from "../state.ts";

/** A pool line is taken up; its name is being looked up already. */
export function startPool(state: State, config: AssociationConfig, now: Now): void {
  state.finding.pools = [...state.finding.pools, poolSolicitor(config, now.mono)];
}

/** A pool's name has addresses; or none, which is asked again later. */
export function onPoolResolved(state: State, config: AssociationConfig, addresses: readonly string[], now: Now): void {
  const pool = state.finding.pools.find(({ config: line }) => line === config);
  if (pool === undefined) return;
  onLookup(
    pool,
    addresses.filter((ip) => isWanted(state, { ip, port: config.port }, now)),
    now.mono,
  );
}

/** The lines have changed: names whose line is gone are drawn from no more, others by what it says now. */
export function revisePools(state: State, revised: ReadonlyMap<AssociationConfig, AssociationConfig>): void {
  state.finding.pools = state.finding.pools.filter((pool) => {
    const config = revised.get(pool.config);
    if (config === undefined) for (const { token } of questionsOf(pool)) state.act({ kind: "close", socket: token });
    else revise(pool, config);
    return config !== undefined;
  });
}

/** Goes on drawing where it is time. */
export function drawFromPools(state: State, now: Now): void {
  for (const pool of state.finding.pools) {
    for (const late of pool.overdue) if (late.forgotten <= now.mono) closeQuestion(state, pool, late);
    if (pool.asked !== null && pool.asked.expires <= now.mono) {
      noteFailed(state, pool, pool.asked.to, "noReply");
      onOverdue(pool, pool.asked, now.mono);
    }
    if (pool.asked === null && pool.nextAt !== null && pool.nextAt <= now.mono) draw(state, pool, now);
  }
}

/** Fewer are held than a moment ago. */
export function resumePools(state: State, held: number, now: Now): void {
  for (const pool of state.finding.pools) {
    if (held < state.config.limits.minclock && pool.satisfied) beginAgain(pool, now.mono);
    const waits = pool.asked !== null || pool.resolving || isProving(state, pool);
    if (held < state.config.limits.maxclock && !waits) drawAt(pool, now.mono);
  }
}

/** There may be a network now, where there was none: while too few are held, names are looked up at the shortest interval again. */
export function hurryPools(state: State, held: number, now: Now): void {
  if (held < state.config.limits.minclock) for (const pool of state.finding.pools) beginAgain(pool, now.mono);
  resumePools(state, held, now);
}

/** The pool whose question it is, by its packet or its socket. */
export function poolAsking({ pools }: Finding, question: PacketToken | SocketToken): PoolSolicitor | undefined {
  return pools.find((pool) => questionOf(pool, question) !== undefined);
}

/** An answer to a pool's question: mobilizes a preemptable client by the line's template. No key is asked for (seed 002). */
export function onDrawn(state: State, pool: PoolSolicitor, arrival: Arrival, now: Now): void {
  const question = questionOf(pool, arrival.datagram.socket)!;
  const isAwaited = question === pool.asked;
  const { header } = arrival.packet;
  const { from } = arrival.datagram;
  // Whoever guesses a port does not end the wait for the true answer.
  if (!isSameAddress(from, question.to)) return refuseUnasked(state, from, "address");
  if (header.origin !== question.cookie) return refuseUnasked(state, from, "bogus");
  closeQuestion(state, pool, question);
  if (isAwaited) drawAt(pool, after(now.mono, POOL_PAUSE));
  // Others have been asked meanwhile, and there may be enough of them.
  if (!isAwaited && heldCount(state) >= state.config.limits.maxclock) return;
  const kiss = kissCode(header);
  if (kiss !== null && kissAction(kiss) === "goAway") rememberKiss(state, from, kiss, now);
  const config: AssociationConfig = { ...pool.config, kind: "pool" };
  const admission = admit(state, arrival, { by: "pool", config, group: null, ring: null }, now);
  if (admission.kind === "refused") {
    refuseUnasked(state, from, admission.test);
    // Found by another way while it was being asked: it gave nothing, but there is nothing wrong with it.
    if (admission.test !== "duplicate") noteFailed(state, pool, from, admission.test);
  } else onUsable(pool, from.ip);
  if (admission.kind === "added") {
    const { fresh } = admission;
    recallServer(state, fresh, from, now);
    pollAt(fresh, after(now.mono, state.surroundings.chance.uniform() * POOL_PAUSE));
  }
}

/** A handshake with a server of a pool is over, one way or the other: the next one is drawn a moment later. */
export function onDrawProved(state: State, { line, place, heard }: Candidate, proved: boolean, now: Now): void {
  const pool = state.finding.pools.find(({ config }) => config === line);
  if (pool === undefined || heard !== null) return;
  if (proved) onUsable(pool, place.ip);
  else noteFailed(state, pool, place, "unproved");
  drawAt(pool, after(now.mono, POOL_PAUSE));
}

/** Whether a server of a pool has yet to prove who it is. */
function isProving({ finding: { candidates } }: State, { config }: PoolSolicitor): boolean {
  return candidates.some(({ line }) => line === config);
}

/** A question could not be delivered: the next one at once. @returns false if it was no pool's */
export function onDrawUndelivered(
  state: State,
  question: PacketToken | SocketToken,
  why: HostFault,
  now: Now,
): boolean {
  const pool = poolAsking(state.finding, question);
  if (pool === undefined) return false;
  const failed = questionOf(pool, question)!;
  noteFailed(state, pool, failed.to, why);
  if (failed === pool.asked) drawAt(pool, now.mono);
  closeQuestion(state, pool, failed);
  return true;
}

function draw(state: State, pool: PoolSolicitor, now: Now): void {
  const { minclock, maxclock } = state.config.limits;
  const held = heldCount(state);
  lookAtHeld(pool, held, minclock);
  if (held >= maxclock) return drawAt(pool, null); // until one is pruned
  const { port } = pool.config;
  const next = toBeAsked(pool, now.mono).find((ip) => isWanted(state, { ip, port }, now));
  if (next !== undefined) return ask(state, pool, { ip: next, port }, now);
  if (!wantsLookup(pool, now.mono)) return;
  state.finding.names.again(pool.config);
  state.note({ what: "resolving", name: pool.config.name });
  state.act({ kind: "resolve", name: pool.config.name, family: pool.config.family });
}

/** Neither held, nor being asked, nor pruned lately, nor ours, nor one that has sent us away. Several lines may have addresses in common. */
function isWanted(state: State, address: Address, now: Now): boolean {
  if (state.finding.pools.some(({ asked }) => asked !== null && isSameAddress(asked.to, address))) return false;
  if (state.roster.at(address) !== undefined || isPruned(state, address, now) || isOwnAddress(state, address.ip))
    return false;
  if (isDoubtful(state.finding, address, now.mono) || isEstablishedAt(state, address)) return false;
  return !state.memory.kept.kisses.some(({ ip, port }) => ip === address.ip && port === address.port);
}

/** Whether keys in use were established there, and for that address: one that named another server may name one more. */
function isEstablishedAt(state: State, place: Address): boolean {
  for (const { id, places, server } of state.keys.values()) {
    const isThere = places[0] !== undefined && isSameAddress(places[0], place);
    if (isThere && server === null && state.roster.get(id)?.address?.ip === place.ip) return true;
  }
  return false;
}

/** Under NTS a server that is drawn is not asked for the time before it has proved who it is. */
function askForProof(state: State, pool: PoolSolicitor, place: Address): void {
  drawAt(pool, null);
  if ((drawnRestrictions(state, place) & FLAG.ignore) !== 0) return noteFailed(state, pool, place, "denied");
  prove(state, { place, line: pool.config, heard: null }, pool.config);
}

function ask(state: State, pool: PoolSolicitor, to: Address, now: Now): void {
  const { config } = pool;
  onChosen(pool, to.ip, now.mono);
  if (config.nts === true) return askForProof(state, pool, to);
  const cookie = state.cookie();
  const header = encodeHeader(requestHeader(config, cookie));
  const sealed = securityOf(state, config, to).seal(header);
  if (sealed.kind === "unsealed") return;
  const token = state.nextToken();
  const { timeout } = state.config;
  const patience = Math.max(timeout, state.patience ?? timeout);
  onAsked(pool, { to, token, cookie, expires: after(now.mono, timeout), forgotten: after(now.mono, patience) });
  state.act({
    kind: "ask",
    token,
    to,
    sourcePort: state.config.sourcePort,
    interface: state.config.interface,
    bytes: sealed.bytes,
  });
}

function noteFailed(state: State, pool: PoolSolicitor, address: Address, why: DrawFault): void {
  if (onFailed(pool, address.ip, why)) state.note({ what: "notDrawn", name: pool.config.name, address, why });
}

function closeQuestion(state: State, pool: PoolSolicitor, ended: PoolQuestion): void {
  state.act({ kind: "close", socket: ended.token });
  endQuestion(pool, ended);
}
