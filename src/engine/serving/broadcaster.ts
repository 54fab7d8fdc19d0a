/** We are the broadcast server: one packet to a broadcast or multicast address each poll interval, while we are synchronized. */
import type { Leaving } from "../../association/exchange.ts";
import type { SystemHeader } from "../../association/symmetric.ts";
import type { AssociationConfig } from "../../association/template.ts";
import { after } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { pollInterval } from "../../time/seconds.ts";
import { UNKNOWN_TIME } from "../../time/timestamp.ts";
import { family } from "../../wire/address.ts";
import { encodeHeader } from "../../wire/header.ts";
import { socketFor } from "./sockets.ts";
import type { State } from "../state.ts";
import { TIMER } from "../timer.ts";
import { systemHeader } from "./answering.ts";

/** The hop limit of broadcasts unless configured otherwise (seed 002). */
const DEFAULT_TTL = 127;

/** One `broadcast` line at work. */
export interface Broadcaster {
  config: AssociationConfig;
  nextAt: Mono;
  sent: number;
  /** When the last packet left, for the next to tell it (RFC 9769 §4); `null`: there is none, or our clock was stepped since. */
  left: Leaving | null;
}

/** A line is taken up; the first packet leaves as soon as there is a time to tell. */
export function startBroadcaster(state: State, config: AssociationConfig, now: Now): void {
  state.broadcasters.push({ config, nextAt: now.mono, sent: 0, left: null });
  schedule(state);
}

/** The lines have changed: those that are gone send no more, others go on by what their line says now. */
export function reviseBroadcasters(
  state: State,
  revised: ReadonlyMap<AssociationConfig, AssociationConfig>,
  now: Now,
): void {
  state.broadcasters = state.broadcasters.flatMap((broadcaster) => {
    const config = revised.get(broadcaster.config);
    if (config === undefined) return [];
    const soonest = after(now.mono, pollInterval(config.minpoll));
    return [{ ...broadcaster, config, nextAt: soonest < broadcaster.nextAt ? soonest : broadcaster.nextAt }];
  });
  schedule(state);
}

/**
 * Sends one packet that is due: the next has a reading of its own, or the last of many would leave with one that is milliseconds old.
 * Without a time to tell nothing is sent (RFC 5905 A.5.2: broadcast servers are synchronized).
 */
export function sendBroadcast(state: State, now: Now): void {
  const broadcaster = state.broadcasters.find(({ nextAt }) => nextAt <= now.mono);
  if (broadcaster !== undefined) {
    broadcaster.nextAt = after(now.mono, pollInterval(broadcaster.config.minpoll));
    const system = systemHeader(state, now);
    if (system.leap !== "unsynchronized") send(state, broadcaster, system, now);
  }
  schedule(state);
}

function send(state: State, broadcaster: Broadcaster, system: SystemHeader, now: Now): void {
  const { config } = broadcaster;
  const socket = socketFor(state, family(config.name));
  if (socket === undefined) return;
  const { left } = broadcaster;
  const header = encodeHeader({
    ...system,
    version: config.version,
    mode: "broadcast",
    poll: config.minpoll,
    origin: config.xleave === true && left !== null && left.measured ? left.left : UNKNOWN_TIME,
    receive: UNKNOWN_TIME,
    transmit: now.clock,
  });
  const { security } = state.surroundings;
  const sealed = config.key === null ? security.none().seal(header) : security.sealWith(config.key, header);
  if (sealed.kind === "unsealed") return;
  broadcaster.sent += 1;
  const to = { ip: config.name, port: config.port };
  const token = state.nextToken();
  broadcaster.left = config.xleave === true ? { left: now.clock, measured: false } : null;
  if (broadcaster.left !== null) state.departures.set(token, broadcaster.left);
  state.act({
    kind: "send",
    token,
    socket,
    association: null,
    to,
    ttl: config.ttl ?? DEFAULT_TTL,
    bytes: sealed.bytes,
  });
}

function schedule(state: State): void {
  let next: Mono | null = null;
  for (const { nextAt } of state.broadcasters) if (next === null || nextAt < next) next = nextAt;
  state.deadlines.set(TIMER.broadcasts, next);
}
