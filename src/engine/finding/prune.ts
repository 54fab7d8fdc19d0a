/**
 * Who has to go, and who may not come back at once: the unreach counters, the pruning of what stops being useful, and the
 * count of what is held, by which discovery goes on or rests (seed 002 "Association Management").
 */
import type { Association } from "../../association/association.ts";
import { rootDistance } from "../../association/distance.ts";
import { giveUp, keep } from "../../association/life.ts";
import { UNREACH_LIMIT } from "../../association/poll.ts";
import type { Reason } from "../../association/verdict.ts";
import { duplicatesAmong } from "../../system/duplicates.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { pollInterval } from "../../time/seconds.ts";
import type { Seconds } from "../../time/seconds.ts";
import { addressKey } from "../../wire/address.ts";
import type { Address } from "../../wire/address.ts";
import { MAXSTRAT } from "../../wire/header.ts";
import type { Header } from "../../wire/header.ts";
import { onDoubt } from "./candidate.ts";
import { hasLostItsKey } from "./associate.ts";
import { forgetKeys } from "../keys/establish.ts";
import type { State } from "../state.ts";
import { TIMER } from "../timer.ts";

/**
 * How many associations there are, configured and found. What is merely listed, was given up, or is dormant, since its server
 * has not answered for ten polls, does not count.
 */
export function heldCount(state: State): number {
  let held = 0;
  for (const association of state.roster) if (isHeld(association)) held += 1;
  return held;
}

function isHeld({ ended, unreach }: Association): boolean {
  return (ended === null || ended === "complete") && unreach < UNREACH_LIMIT;
}

/**
 * Makes room for a server that is better than one of those held, where there are as many as may be: the worst that selection
 * does not need goes (seed 002: "order them from best to worst ... and prune the surplus").
 * @param merit of the newcomer, see {@link Discovery.merit}
 * @returns whether there is room now
 */
function makeRoom(state: State, merit: Seconds, now: Now): boolean {
  let worst: Association | null = null;
  for (const held of state.roster) {
    const verdict = state.opinion.verdicts.get(held.id)?.verdict;
    if (held.lifetime !== "preemptable" || held.found === null || verdict === "systemPeer" || verdict === "survivor")
      continue;
    if (held.found.merit > (worst?.found?.merit ?? merit)) worst = held;
  }
  if (worst === null) return false;
  prune(state, worst, now, "surplus");
  return true;
}

/**
 * Whether one that was found may be mobilized: while fewer than maxclock are held, or a worse one that was found can go
 * (seed 002: discovery goes on only while there are fewer). So no flood fills the memory, nor is owed a volley each.
 * @param crowd so many times maxclock a daemon may hold, till it has pruned the worst
 * @param merit of the newcomer, see {@link Discovery.merit}; `null`: it takes nobody's place
 */
export function hasRoom(state: State, crowd: number, merit: Seconds | null, now: Now): boolean {
  const { once, limits } = state.config;
  if (once === null) thinDenied(state);
  if (heldCount(state) < (once === null ? crowd : 1) * limits.maxclock) return true;
  return once === null && merit !== null && makeRoom(state, merit, now);
}

/**
 * The filter of strata (seed 002): floor and ceiling are for everybody. Of those who might be servers besides the ones we have our
 * own stratum is avoided, unless there is `cohort`: it is no reason to part with one that is held, for whoever follows a server
 * of stratum 1 is of stratum 2 and would lose all of that stratum. A one-shot is nobody's cohort.
 * @param ours our own stratum; `null`: it does not count
 */
export function isUsefulStratum(state: State, { stratum }: Header, ours: number | null): boolean {
  const { floor, ceiling } = state.config.limits;
  if (stratum < floor || stratum >= ceiling) return false;
  if (ours === null || state.config.once !== null || ours >= MAXSTRAT || stratum < ours) return true;
  return stratum === ours && state.config.discovery.cohort;
}

/**
 * Our own stratum as newcomers are held against it: one more than the least of the survivors. Whoever follows another of them for a
 * moment is a stratum further down; were that to count, all former equals would come in then, and drive out whom they were equal to.
 * Who is not synchronized, for its survivors are fewer than minsane, takes in anybody.
 */
export function stratumAmongSurvivors({ opinion: { variables, survivors }, roster }: State): number {
  if (variables.stratum >= MAXSTRAT) return MAXSTRAT;
  const strata = survivors.map((id) => roster.get(id)?.header?.stratum ?? MAXSTRAT);
  return Math.min(variables.stratum, ...strata.map((stratum) => stratum + 1));
}

/** Ends an association that was not configured, and keeps its address from being found again too soon. */
export function prune(state: State, surplus: Association, now: Now, why?: Reason): void {
  const [place] = state.keys.get(surplus.id)?.places ?? [];
  if (surplus.lifetime === "preemptable" && place !== undefined && surplus.reach === 0)
    onDoubt(state.finding, place, "noReply", now.mono);
  if (surplus.lifetime === "preemptable")
    remember(state, surplus.address!, surplus, now, why === "duplicate" ? DOUBLE : 0);
  demobilize(state, surplus, why ?? state.opinion.verdicts.get(surplus.id)?.reason ?? "unreachable", now);
}

/** Ends an association. */
export function demobilize(state: State, ending: Association, why: Reason | "unconfigured", now: Now): void {
  dismiss(state, ending, why);
  // With fewer left, the solicitors may have to begin anew.
  state.deadlines.set(TIMER.discovery, now.mono);
}

/**
 * Who was found and sent us away stays listed, which tells of it; but not more of them than maxclock, the latest: a network may have
 * as many such servers as it likes. What he said is remembered by his address, and nobody held is missing for it.
 */
function thinDenied(state: State): void {
  const denied = [...state.roster].filter(({ lifetime, ended }) => lifetime === "preemptable" && ended === "denied");
  for (const old of denied.slice(0, Math.max(0, denied.length - state.config.limits.maxclock)))
    dismiss(state, old, "denied");
}

function dismiss(state: State, ending: Association, why: Reason | "unconfigured"): void {
  const { address } = ending;
  state.closeRequests(ending);
  forgetKeys(state, ending);
  state.roster.remove(ending);
  if (address !== null) {
    state.serving.access.dismissSource(address.ip);
    state.note({ what: "demobilized", id: ending.id, address, why });
  }
}

/** Pruned not long ago; unless we are in need. */
export function isPruned(state: State, address: Address, now: Now): boolean {
  const until = state.finding.pruned.get(addressKey(address));
  return until !== undefined && until > now.mono && heldCount(state) >= state.config.limits.minclock;
}

/**
 * Ten polls without being of use, and what was not configured goes (seed 002); or at once when its key is gone, or another
 * (seed 000: "the server refreshes the key media"). What was configured stays, at maxpoll.
 */
export function isUseless(state: State, association: Association, now: Now): Reason | null {
  if (state.config.once !== null || association.lifetime === "persistent") return null;
  if (hasLostItsKey(state, association)) return "authentication";
  if (isWorstOfTooMany(state, association, now)) return "surplus";
  if (hasProvedInVain(association)) return "unreachable";
  if (association.listening !== null || association.unreach < UNREACH_LIMIT) return null;
  return state.opinion.verdicts.get(association.id)?.reason ?? "surplus";
}

/** So many questions under new keys, none of them answered. */
const IN_VAIN = 4;

/** Keys were established with it, and nobody answers by them: what a name or a group gives besides is of more use. */
function hasProvedInVain({ security, heard, packets, unanswered }: Association): boolean {
  return security.keying !== undefined && heard === null && packets.sent >= IN_VAIN && unanswered >= IN_VAIN;
}

/** Questions after which a server that was found has shown what it is worth: its volley, and some polls more. */
const TRIAL = 10;

/**
 * More are held than maxclock, and of those that were found this is the worst: surplus is pruned worst first, whether or not
 * it wanders into the survivor list now and then. While no more than maxclock are held, such wanderers stay (seed 002).
 */
function isWorstOfTooMany(state: State, association: Association, now: Now): boolean {
  if (association.lifetime !== "preemptable" || association.packets.sent < TRIAL) return false;
  if (association.id === state.opinion.estimate?.peer || heldCount(state) <= state.config.limits.maxclock) return false;
  const worth = meritNow(state, association, now);
  for (const other of state.roster) {
    if (other.lifetime !== "preemptable") continue;
    // Nobody goes before the last newcomer has shown what it is worth, or it would be the old ones that go.
    if (other.packets.sent < TRIAL || meritNow(state, other, now) > worth) return false;
  }
  return true;
}

/**
 * What a server is worth that was found: stratum × MAXDIST + root distance, so stratum comes first (RFC 5905 A.5.5.1, clock_select);
 * less is better. Root distance alone grows with the time since a server was asked, 15 ms in 1024 s: whoever has just answered would
 * drive out the servers that he has his own time from.
 */
export function meritOf(stratum: number, distance: Seconds, { maxdist }: State["config"]["limits"]): Seconds {
  return stratum * maxdist + distance;
}

/** The same of one that is held, as it is now. */
function meritNow({ config: { limits } }: State, association: Association, now: Now): Seconds {
  return meritOf(association.header?.stratum ?? MAXSTRAT, rootDistance(association, now.mono, limits), limits);
}

/** A preemptable association earns its place by surviving, not by answering (seed 002), whatever its stratum. */
export function rewardSurvivors(state: State, now: Now): void {
  for (const association of state.roster) if ((association.reach & 1) !== 0) reward(state, association, now);
}

/**
 * The same for one of them, whose packet gave selection nothing new to judge by. A truechimer that clustering has no need of is no
 * surplus while it is one of the maxclock best: to find it again would be a needless cycle, and classic ntpd keeps it. Whom clustering
 * has no need of is a matter of microseconds among a dozen found at once, and a primary server is not to go for that.
 */
export function reward(state: State, association: Association, now: Now): void {
  if (association.lifetime !== "preemptable") return;
  const verdict = state.opinion.verdicts.get(association.id)?.verdict;
  const survives = verdict === "systemPeer" || verdict === "survivor";
  if (survives || (verdict === "outlier" && isAmongBest(state, association, now))) keep(association);
}

/** Whether fewer than maxclock are held that are worth more, or are configured. */
function isAmongBest(state: State, association: Association, now: Now): boolean {
  const { maxclock } = state.config.limits;
  if (heldCount(state) <= maxclock) return true;
  const worth = meritNow(state, association, now);
  let better = 0;
  for (const other of state.roster) {
    if (other === association || !isHeld(other)) continue;
    if (other.lifetime !== "preemptable" || meritNow(state, other, now) < worth) better += 1;
  }
  return better < maxclock;
}

/**
 * Another name of a server stays one, however often its line is asked: with a short interval it would be found again before anybody
 * has looked for doubles. As long as the interval is by default (RFC 5905 MAXPOLL of §7.2: 10).
 */
const DOUBLE: Seconds = pollInterval(10);

/** Who was found, and whose keys turned out to be for a server that is asked already. */
function discardKnown(state: State, now: Now): void {
  for (const known of state.roster)
    if (known.ended === "duplicate" && known.lifetime !== "persistent") prune(state, known, now, "duplicate");
}

/**
 * The guard against a cycle of finding and pruning; those that have served their time make room.
 * @param least for so long at the least, seconds
 */
function remember(state: State, address: Address, { id, config }: Association, now: Now, least: Seconds): void {
  for (const [key, until] of state.finding.pruned) if (until <= now.mono) state.finding.pruned.delete(key);
  const until = after(now.mono, Math.max(pollInterval(config.maxpoll), least));
  // By the address where its keys are established, too: that is the one that is drawn.
  for (const place of [address, ...(state.keys.get(id)?.places ?? [])]) {
    const key = addressKey(place);
    state.finding.pruned.delete(key);
    state.finding.pruned.set(key, until);
  }
}

/** A daemon has time: it looks for doubles this often, for servers tell the same of their clocks as long as they are not set. */
const LOOKED_FOR_EVERY: Seconds = 60;

/** Servers that we have already under another name are found out by what they say of their clocks, and end: what was found goes, what was named stays and says why it is not used. */
export function discardDuplicates(state: State, now: Now): void {
  if (state.config.once === null && now.mono < state.finding.doublesDue) return;
  state.finding.doublesDue = after(now.mono, LOOKED_FOR_EVERY);
  if (state.config.once === null) discardKnown(state, now);
  for (const double of duplicatesAmong(state.roster)) {
    if (state.config.once === null && double.lifetime !== "persistent") {
      prune(state, double, now, "duplicate");
      continue;
    }
    state.closeRequests(double);
    giveUp(double, "duplicate");
  }
}
