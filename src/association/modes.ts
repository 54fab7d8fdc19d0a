/**
 * The table of modes: what a packet of a mode means to whom it came to (RFC 5905 §9.2, figure 20; ntpd's AM matrix). Every
 * datagram is dispatched by it, at the engine's one door (`engine/arrival.ts`).
 */
import type { Mode } from "../wire/header.ts";

/** What to do with a packet. */
export type Process =
  | "process" // hand it to the association's peer process
  | "answer" // hand it to the server, which answers or counts it; no association comes of it (FXMIT)
  | "mobilizePassive" // a symmetric active peer: mobilize a symmetric passive association (NEWPS)
  | "mobilizeBroadcast" // a broadcast server: mobilize a broadcast client (NEWBC)
  | "solicited" // an answer to a manycast or pool solicitation: mobilize a client (MANY)
  | "error" // contradicts what the association is, which counts it
  | "discard"; // nothing of ours

/** The modes a packet may carry here, in the table's column order; `other`: 0, control and private, which are no packets of ours. */
export type PacketMode = Exclude<Mode, "reserved" | "control" | "private"> | "other";

/**
 * The modes an association may have here: those of RFC 5905 §9.1 with state of their own, and `broadcastClient` (ntpd's
 * mode 6 inside), which hears a broadcast server out by a volley and then only listens.
 */
export type AssociationMode = "client" | "symmetricActive" | "symmetricPassive" | "broadcastClient";

/**
 * To whom a packet came. `client`: to the socket of a question, which is asked in client mode whatever its association is;
 * `solicitor`: to that of a search, by manycast or pool; all others by the port that is served, the association being the one at its
 * source's address, `none` if there is none that listens there.
 */
export type Recipient = AssociationMode | "solicitor" | "none";

type Row = Readonly<Record<PacketMode, Process>>;

const NOTHING: Row = {
  symmetricActive: "discard",
  symmetricPassive: "discard",
  client: "discard",
  server: "discard",
  broadcast: "discard",
  other: "discard",
};

/** Recipient × packet mode. */
export const MODE_TABLE: Readonly<Record<Recipient, Row>> = {
  none: {
    symmetricActive: "mobilizePassive",
    symmetricPassive: "discard",
    client: "answer",
    server: "discard",
    broadcast: "mobilizeBroadcast",
    other: "answer",
  },
  solicitor: { ...NOTHING, server: "solicited" },
  client: { ...NOTHING, server: "process" },
  symmetricActive: {
    symmetricActive: "process",
    symmetricPassive: "process",
    client: "answer",
    server: "discard",
    broadcast: "discard",
    other: "answer",
  },
  symmetricPassive: {
    symmetricActive: "process",
    symmetricPassive: "error",
    client: "answer",
    server: "discard",
    broadcast: "discard",
    other: "answer",
  },
  // One address, one association: who broadcasts and asks as a peer besides is given the time.
  broadcastClient: {
    symmetricActive: "answer",
    symmetricPassive: "discard",
    client: "answer",
    server: "discard",
    broadcast: "process",
    other: "answer",
  },
};

/**
 * Looks the table up.
 * @param recipient to whom the packet came
 * @param packet the packet's mode
 */
export function processOf(recipient: Recipient, packet: Mode): Process {
  const isOther = packet === "reserved" || packet === "control" || packet === "private";
  return MODE_TABLE[recipient][isOther ? "other" : packet];
}
