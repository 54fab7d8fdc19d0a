/** Symmetric peers that come by themselves: mobilized by a packet, answered after the guard time, and gone when they fall silent. */
import { symmetricExchange } from "../../association/exchange.ts";
import { MIN_BURST_SPACING, pollAt } from "../../association/poll.ts";
import { receivePeer } from "../../association/symmetric.ts";
import type { AssociationConfig } from "../../association/template.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Address } from "../../wire/address.ts";
import type { Packet } from "../../wire/packet.ts";
import type { State } from "../state.ts";
import { tellTime } from "../keys/facing.ts";
import { admit, autokeyOf, keyOf } from "./admit.ts";
import type { Admission, Arrival } from "./admit.ts";

/** A symmetric active peer we do not know: mobilizes a passive association if it may. */
export function mobilizePassive(state: State, arrival: Arrival, now: Now): Admission {
  const { datagram, packet } = arrival;
  const { from, to, bytes, at, stamp } = datagram;
  const config = { ...passiveConfig(from, packet), ...autokeyOf(packet, state) };
  const exchange = symmetricExchange();
  const admission = admit(state, arrival, { by: "peer", config, group: null, ring: null, exchange }, now);
  if (admission.kind !== "added") return admission;
  const { fresh } = admission;
  tellTime(state, fresh, now);
  if (to !== undefined) fresh.security.dancing?.face(to.ip);
  receivePeer(fresh, exchange, bytes, { packet, at, stamp }, now, state.rules);
  pollAt(fresh, after(now.mono, MIN_BURST_SPACING));
  return admission;
}

function passiveConfig(from: Address, packet: Packet): AssociationConfig {
  const { header } = packet;
  const minpoll = Math.min(Math.max(header.poll, 3), 17);
  return {
    kind: "peer",
    name: from.ip,
    port: from.port,
    family: null,
    version: header.version,
    minpoll,
    maxpoll: Math.max(minpoll, 10),
    iburst: false,
    burst: false,
    prefer: false,
    noselect: false,
    trusted: false,
    key: keyOf(packet),
    samples: null,
  };
}
