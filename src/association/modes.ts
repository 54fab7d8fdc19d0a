/**
 * The table of modes: what a packet of a mode means to an association of a mode (RFC 5905 §9.2, figure 20; ntpd's AM
 * matrix). The row `none` is for a packet that no association claims.
 */
import type { Mode } from "../wire/header.ts";

/** What to do with a packet. */
export type Process =
  | "process" // hand it to the association's peer process
  | "answer" // a client's request: the server answers, no state is kept (FXMIT)
  | "mobilizePassive" // a symmetric active peer: mobilize a symmetric passive association (NEWPS)
  | "mobilizeBroadcast" // a broadcast server: mobilize a broadcast client (NEWBC)
  | "solicited" // an answer to a manycast or pool solicitation: mobilize a client (MANY)
  | "error" // contradicts what the association is
  | "discard"; // nothing of ours

/** The modes a packet may carry here, in the table's column order. */
export type PacketMode = Exclude<Mode, "reserved" | "control" | "private">;

/**
 * The modes an association may have here: those of RFC 5905 §9.1 with state of their own, and `broadcastClient` (ntpd's
 * mode 6 inside), which hears a broadcast server out by a volley and then only listens.
 */
export type AssociationMode = Exclude<PacketMode, "server"> | "broadcastClient";

type Row = Readonly<Record<PacketMode, Process>>;

/** Association mode × packet mode. */
export const MODE_TABLE: Readonly<Record<AssociationMode | "none", Row>> = {
  //                 a symmetric active packet           symmetric passive             client              server               broadcast
  none: {
    symmetricActive: "mobilizePassive",
    symmetricPassive: "discard",
    client: "answer",
    server: "solicited",
    broadcast: "mobilizeBroadcast",
  },
  symmetricActive: {
    symmetricActive: "process",
    symmetricPassive: "process",
    client: "answer",
    server: "discard",
    broadcast: "discard",
  },
  symmetricPassive: {
    symmetricActive: "process",
    symmetricPassive: "error",
    client: "answer",
    server: "discard",
    broadcast: "discard",
  },
  client: {
    symmetricActive: "discard",
    symmetricPassive: "discard",
    client: "discard",
    server: "process",
    broadcast: "discard",
  },
  broadcastClient: {
    symmetricActive: "discard",
    symmetricPassive: "discard",
    client: "answer",
    server: "process",
    broadcast: "process",
  },
  broadcast: {
    symmetricActive: "discard",
    symmetricPassive: "discard",
    client: "discard",
    server: "discard",
    broadcast: "discard",
  },
};

/**
 * Looks the table up.
 * @param association the mode of the association that claims the packet, `none` if none does
 * @param packet the packet's mode
 */
export function processOf(association: AssociationMode | "none", packet: Mode): Process {
  if (packet === "reserved" || packet === "control" || packet === "private") return "discard";
  return MODE_TABLE[association][packet];
}
