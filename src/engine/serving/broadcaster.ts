/** We are the broadcast server: one packet to a broadcast or multicast address each poll interval, while we are synchronized. */
import {
  awaitRoute,
  broadcaster,
  onBroadcast,
  onBroadcastDue,
  onBroadcastFailed,
  previousDeparture,
  revise,
} from "../../association/broadcaster.ts";
import type { Broadcaster } from "../../association/broadcaster.ts";
import type { SystemHeader } from "../../association/symmetric.ts";
import type { AssociationConfig } from "../../association/template.ts";
import type { Now } from "../../time/now.ts";
import { UNKNOWN_TIME } from "../../time/timestamp.ts";
import type { Sealed } from "../../security/security.ts";
import { family, isSameAddress, type Address } from "../../wire/address.ts";
import type { HostFault } from "../port/event.ts";
import { encodeHeader } from "../../wire/header.ts";
import { momentOf } from "../keys/facing.ts";
import { socketFor } from "./sockets.ts";
import type { State } from "../state.ts";
import { systemHeader } from "./answering.ts";

/** The hop limit of broadcasts unless configured otherwise (seed 002). */
const DEFAULT_TTL = 127;

/** A line is taken up; the first packet leaves as soon as there is a time to tell. */
export function startBroadcaster(state: State, config: AssociationConfig, now: Now): void {
  state.serving.broadcasters = [...state.serving.broadcasters, broadcaster(config, now.mono)];
}

/** The lines have changed: those that are gone send no more, others go on by what their line says now. */
export function reviseBroadcasters(
  state: State,
  revised: ReadonlyMap<AssociationConfig, AssociationConfig>,
  now: Now,
): void {
  state.serving.broadcasters = state.serving.broadcasters.filter((sender) => {
    const config = revised.get(sender.config);
    if (config !== undefined) revise(sender, config, now.mono);
    return config !== undefined;
  });
}

/**
 * Sends one packet that is due: the next has a reading of its own, or the last of many would leave with one that is milliseconds old.
 * Without a time to tell nothing is sent (RFC 5905 A.5.2: broadcast servers are synchronized).
 */
export function sendBroadcast(state: State, now: Now): void {
  const sender = state.serving.broadcasters.find(({ nextAt }) => nextAt <= now.mono);
  if (sender === undefined) return;
  onBroadcastDue(sender, now.mono);
  const system = systemHeader(state, now);
  if (system.leap === "unsynchronized") return;
  if (sender.config.autokey === undefined) return send(state, sender, system, now);
  awaitRoute(sender, true);
  state.act({ kind: "route", to: addressOf(sender), interface: state.config.interface });
}

/**
 * It is known which address of ours packets to an address leave from: under Autokey session keys are made of it, and a broadcast that has
 * waited for that is sent.
 */
export function onBroadcastRouted(state: State, to: Address, from: string | null, now: Now): void {
  const sender = state.serving.broadcasters.find((one) => one.waits && isSameAddress(addressOf(one), to));
  if (sender === undefined) return;
  awaitRoute(sender, false);
  const system = systemHeader(state, now);
  if (from === null) onUnsent(state, to, "noRoute");
  else if (system.leap !== "unsynchronized") send(state, sender, system, now, from);
}

function addressOf({ config: { name, port } }: Broadcaster): Address {
  return { ip: name, port };
}

/** What a socket was given did not leave, or there is none: of a line that is told once, of anything else each time. */
export function onUnsent(state: State, to: Address, why: HostFault): void {
  const sender = state.serving.broadcasters.find(({ config }) => config.name === to.ip && config.port === to.port);
  if (sender === undefined || onBroadcastFailed(sender, why)) state.note({ what: "notSent", to, why });
}

/** @param from the address of ours that it leaves from; absent: the system's choice */
function send(state: State, sender: Broadcaster, system: SystemHeader, now: Now, from?: string): void {
  const { config } = sender;
  const to = addressOf(sender);
  const socket = socketFor(state.serving, family(config.name));
  // Its socket may come with an interface.
  if (socket === undefined) return onUnsent(state, to, "noRoute");
  const header = encodeHeader({
    ...system,
    version: config.version,
    mode: "broadcast",
    poll: config.minpoll,
    origin: previousDeparture(sender),
    receive: UNKNOWN_TIME,
    transmit: now.clock,
  });
  const sealed = sealedBy(state, sender, header, now, from);
  if (sealed === null || sealed.kind === "unsealed") return;
  const source = from === undefined ? {} : { from };
  const token = state.send({ socket, to, ttl: config.ttl ?? DEFAULT_TTL, ...source, bytes: sealed.bytes });
  const departure = onBroadcast(sender, now.clock);
  if (departure !== null) state.awaitDeparture(token, departure);
}

/** @returns `null`: under Autokey, and there are no keys */
function sealedBy(
  state: State,
  { config }: Broadcaster,
  header: Uint8Array,
  now: Now,
  from: string | undefined,
): Sealed | null {
  const { security } = state.surroundings;
  if (config.autokey !== undefined && from !== undefined)
    return security.autokeyAnswering?.broadcaster(config.name)?.seal(header, from, momentOf(state, now)) ?? null;
  return config.key === null ? security.none().seal(header) : security.sealWith(config.key, header);
}
