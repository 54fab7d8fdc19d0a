/** Manycast: groups are asked ring by ring, and who answers is mobilized (seed 002 "Manycast Scheme"). */
import { introduce } from "../../association/life.ts";
import { pollAt } from "../../association/poll.ts";
import type { SocketToken } from "../../association/request.ts";
import {
  beaconAt,
  countReply,
  firstRing,
  growRing,
  lookAtHeld,
  onSolicit,
  questionInterval,
  restart,
  restUntil,
  revise,
  ringOf,
  solicitor,
  wantsMore,
} from "../../association/solicitor.ts";
import type { Ring, RingRules, Solicitor } from "../../association/solicitor.ts";
import type { AssociationConfig } from "../../association/template.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { UNKNOWN_TIME } from "../../time/timestamp.ts";
import { family } from "../../wire/address.ts";
import { encodeHeader } from "../../wire/header.ts";
import type { Header } from "../../wire/header.ts";
import { admit, keyOf, refuseUnasked } from "./admit.ts";
import type { Arrival } from "./admit.ts";
import { securityOf } from "./associate.ts";
import type { Finding } from "./finding.ts";
import { lineOfFound, proveHeard } from "./proving.ts";
import { heldCount } from "./prune.ts";
import type { State } from "../state.ts";
import { systemHeader } from "../serving/answering.ts";

/** A manycast line is taken up: its group is asked from the first ring on, through an unconnected socket of its own. */
export function startSolicitor(state: State, config: AssociationConfig, group: string, now: Now): void {
  const socket = state.nextToken();
  state.act({
    kind: "listen",
    socket,
    port: 0,
    address: family(group) === 4 ? "0.0.0.0" : "::",
    interface: state.config.interface,
  });
  state.finding.solicitors = [...state.finding.solicitors, solicitor(config, group, socket, now.mono)];
}

/** The lines have changed: searches whose line is gone end, others go on by what it says now. */
export function reviseSolicitors(
  state: State,
  revised: ReadonlyMap<AssociationConfig, AssociationConfig>,
  now: Now,
): void {
  state.finding.solicitors = state.finding.solicitors.filter((asking) => {
    const config = revised.get(asking.config);
    if (config === undefined) state.act({ kind: "close", socket: asking.socket });
    else revise(asking, config, now.mono);
    return config !== undefined;
  });
}

/** Asks the rings whose turn has come. */
export function solicit(state: State, now: Now): void {
  for (const asking of state.finding.solicitors) {
    if (asking.nextAt === null || asking.nextAt > now.mono) continue;
    const rules = ringRules(state, asking);
    const held = heldCount(state);
    lookAtHeld(asking, held, rules.minclock);
    if (wantsMore(asking, held, rules)) {
      ask(state, asking, growRing(asking, held, rules), held, now, rules);
      continue;
    }
    if (state.config.once === null) rest(state, asking, held, now, rules);
    else restUntil(asking, null);
    state.unjudged = true;
  }
}

/** Enough are held: it is looked again whether they still are; and at times the first ring is asked all the same. */
function rest(state: State, asking: Solicitor, held: number, now: Now, rules: RingRules): void {
  const { beacon } = state.config.discovery;
  const due = beaconAt(asking, beacon);
  if (due !== null && due <= now.mono) ask(state, asking, firstRing(asking), held, now, rules);
  const again = beaconAt(asking, beacon);
  const look = after(now.mono, questionInterval(asking, rules));
  restUntil(asking, again !== null && again < look ? again : look);
}

/**
 * Fewer are held than a moment ago, or nobody is followed any more: below minclock every template begins anew (seed 000).
 */
export function resumeSolicitors(state: State, held: number, now: Now): void {
  if (held >= state.config.limits.minclock) return;
  for (const asking of state.finding.solicitors)
    if (asking.satisfied || state.opinion.estimate === null) restart(asking, now.mono);
}

/** Whether a probe is still asking. */
export function isSoliciting({ solicitors }: Finding): boolean {
  return solicitors.some(({ done }) => !done);
}

/** The solicitor whose socket it is. */
export function solicitorOn({ solicitors }: Finding, socket: SocketToken): Solicitor | undefined {
  return solicitors.find((asking) => asking.socket === socket);
}

/** An answer to a solicitation: mobilizes a preemptable client by the template of its line. */
export function onSolicited(state: State, asking: Solicitor, arrival: Arrival, now: Now): void {
  const { packet } = arrival;
  const { from } = arrival.datagram;
  const ring = ringOf(asking, packet.header.origin);
  if (ring === undefined) return refuseUnasked(state, from, "bogus");
  if (asking.config.nts === true) return onSolicitedUnproved(state, asking, ring, arrival, now);
  // Under Autokey who answers proves in the packets that follow who he is, and nothing of this one is believed.
  const isDancing = asking.config.autokey !== undefined;
  const config: AssociationConfig = {
    ...asking.config,
    kind: "server",
    name: from.ip,
    port: from.port,
    key: isDancing ? null : keyOf(packet),
    iburst: true,
  };
  const by = isDancing ? "provedManycast" : "manycast";
  const admission = admit(state, arrival, { by, config, group: asking.group, ring }, now);
  if (admission.kind === "refused") return refuseUnasked(state, from, admission.test);
  countReply(ring);
  state.note({ what: "solicited", group: asking.group, ttl: ring.ttl, from });
  if (admission.kind === "listed") return;
  const { fresh } = admission;
  introduce(fresh, packet);
  const wait = state.surroundings.chance.uniform() * (state.config.once === null ? asking.config.minpoll : 0);
  pollAt(fresh, after(now.mono, wait));
}

/** The same where keys are to be established with who answers: before he has proved who he is nothing comes of it. */
function onSolicitedUnproved(state: State, asking: Solicitor, ring: Ring, arrival: Arrival, now: Now): void {
  const { from } = arrival.datagram;
  const config = lineOfFound(asking.config, from);
  const newcomer = { by: "provedManycast", config, group: asking.group, ring } as const;
  const became = proveHeard(state, asking.config, arrival, newcomer, now);
  if (became === null || became === "refused") return;
  countReply(ring);
  state.note({ what: "solicited", group: asking.group, ttl: ring.ttl, from });
}

function ask(state: State, asking: Solicitor, ttl: number, held: number, now: Now, rules: RingRules): void {
  const { config } = asking;
  const cookie = state.cookie();
  const header: Header = {
    // Servers decide by our stratum and refid whether to answer, so these are the real ones.
    ...systemHeader(state, now),
    version: config.version,
    mode: "client",
    poll: config.minpoll,
    origin: UNKNOWN_TIME,
    receive: UNKNOWN_TIME,
    transmit: cookie,
  };
  // A group is asked in the clear: who answers is asked under NTS or Autokey himself.
  const { autokey: _, ...plain } = config;
  const sealed = securityOf(state, { ...plain, nts: false }, null).seal(encodeHeader(header));
  const ring: Ring = { ttl, at: now.clock, cookie, replies: 0 };
  onSolicit(asking, ring, now.mono, rules);
  if (sealed.kind === "unsealed") return;
  const to = { ip: asking.group, port: config.port };
  state.send({ socket: asking.socket, to, ttl, bytes: sealed.bytes });
  state.note({ what: "ring", group: asking.group, ttl: ring.ttl, found: held });
}

/** A probe that goes on (`--follow`) keeps the daemon's schedule once its rings are asked. */
function ringRules(state: State, asking: Solicitor): RingRules {
  const { ringInterval, allRings } = state.config.discovery;
  const interval = state.config.once === null && asking.done ? null : ringInterval;
  const { minclock, maxclock } = state.config.limits;
  const { estimate } = state.opinion;
  const systemPoll = estimate === null ? null : (state.roster.get(estimate.peer)?.hpoll ?? null);
  return {
    interval,
    all: allRings,
    minclock,
    maxclock,
    systemPoll,
    uniform: () => state.surroundings.chance.uniform(),
  };
}
