/** Status words of our own (RFC 9327 §3): what `../status.ts` reads, put together. */
import type { AssociationReport } from "../../engine/port/snapshot.ts";
import type { ControlPeer, ControlView } from "../../engine/port/control.ts";
import { LEAPS } from "../../wire/header.ts";
import { kissAction } from "../../wire/kiss.ts";
import { CLOCK_SOURCES, PEER_BITS, PEER_EVENTS, SELECTIONS, SYSTEM_EVENTS } from "../status.ts";

/** The system's status word. */
export function systemWord(view: ControlView): number {
  const source = CLOCK_SOURCES.indexOf(sourceOf(view));
  return (LEAPS.indexOf(view.told.leap) << 14) | (source << 8) | ONCE | SYSTEM_EVENTS.indexOf(systemEvent(view));
}

/** An association's status word. */
export function peerWord({ report, template }: Pick<ControlPeer, "report" | "template">): number {
  const { lifetime, security, authentication, reach, verdict } = report;
  const bits =
    (lifetime === "persistent" ? PEER_BITS.configured : 0) |
    (security === "none" ? 0 : PEER_BITS.authenticationEnabled) |
    (authentication === "ok" ? PEER_BITS.authentic : 0) |
    (reach === 0 ? 0 : PEER_BITS.reachable) |
    // Of whoever only sends; one that hears broadcasts is reached or not, as others are.
    (template === null ? 0 : PEER_BITS.broadcast) |
    SELECTIONS.findIndex((selection) => selection.verdict === verdict);
  return (bits << 8) | ONCE | PEER_EVENTS.indexOf(peerEvent(report));
}

/** Events are told by what came of them, once each; nothing here counts them. */
const ONCE = 1 << 4;

function sourceOf({ snapshot, told, localStratum }: ControlView): (typeof CLOCK_SOURCES)[number] {
  if (snapshot.system.systemPeer !== null) return "ntp";
  return told.leap !== "unsynchronized" && localStratum !== null ? "local" : "unspec";
}

/** The states of the discipline as ntpd's events. */
const DISCIPLINE_EVENTS = {
  NSET: "freq_not_set",
  FSET: "freq_set",
  SPIK: "spike_detect",
  FREQ: "freq_mode",
  SYNC: "clock_sync",
} as const;

function systemEvent({ told, snapshot, discipline, wasSynchronized }: ControlView): string {
  if (snapshot.system.systemPeer !== null)
    return discipline === null ? "clock_sync" : DISCIPLINE_EVENTS[discipline.state];
  if (told.leap !== "unsynchronized") return "clock_sync";
  return wasSynchronized ? "no_sys_peer" : "restart";
}

function peerEvent({ verdict, reach, kiss, authentication, when }: AssociationReport): string {
  if (verdict === "systemPeer") return "sys_peer";
  if (reach !== 0 && verdict !== "rejected") return "reachable";
  if (kiss === "RATE") return "rate_exceeded";
  if (kiss !== null && kissAction(kiss) === "goAway") return "access_denied";
  if (authentication === "failed" || authentication === "nak") return "bad_auth";
  if (reach !== 0) return "reachable";
  return when === null ? "mobilize" : "unreachable";
}
