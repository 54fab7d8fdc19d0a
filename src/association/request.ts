/** One question on its way: what a client must remember of a packet it sent until the answer comes or time runs out. */
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { after, elapsed } from "../time/mono.ts";
import { difference, shift } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { Packet } from "../wire/packet.ts";
import type { Association } from "./association.ts";
import { CHANGE, changed, count } from "./change.ts";
import type { Writable } from "./change.ts";

declare const socketToken: unique symbol;
declare const packetToken: unique symbol;

/** Names a socket for as long as it is open; the engine counts them up and never uses one twice. */
export type SocketToken = number & { readonly [socketToken]: true };

/** Names one packet sent, so that `sent` can say when it left. */
export type PacketToken = number & { readonly [packetToken]: true };

/** Names a question: its one packet, and the socket that is opened for it alone. */
export type QuestionToken = PacketToken & SocketToken;

/** Who took a timestamp: the kernel when the packet passed, or our process some microseconds away from it. */
export type StampSource = "kernel" | "user";

/** Why a host could not do what an action asked; one name a cause, the words for it are chosen in `view`. */
export type HostFault =
  | "noPrivilege" // EPERM, EACCES
  | "portInUse" // EADDRINUSE
  | "noAddress" // EADDRNOTAVAIL: the address or interface is not ours
  | "noMulticast" // the interface passes no multicasts, or cannot join groups
  | "noRoute" // ENETUNREACH, EHOSTUNREACH
  | "portUnreachable" // ECONNREFUSED: an ICMP port unreachable came back
  | "tooLarge" // EMSGSIZE
  | "noResources" // EMFILE, ENOBUFS, ENOMEM
  | "other";

/** An answer that passed its tests, waiting for its T1. */
export interface HeldReply {
  readonly packet: Packet;
  readonly at: NtpTimestamp;
  readonly stamp: StampSource;
}

/** A request that may still be answered. */
export interface Request {
  readonly token: QuestionToken;
  /** The random transmit timestamp it carries, which the answer must echo (a cookie: the clock does not leak). */
  readonly cookie: NtpTimestamp;
  /** Both clocks when it was handed over for sending. */
  readonly handedOver: Now;
  /** Unanswered by then it is overdue, and another may take its place. */
  readonly expires: Mono;
  /**
   * It is overdue: it counts as lost, but its socket is open and its cookie still good, since some networks are slow (satellites). An
   * answer that comes after all is as good as another; how late it is, its delay says.
   */
  readonly overdue: boolean;
  /** When it is no longer waited for; `null`: as long as the run lasts. */
  readonly forgotten: Mono | null;
  /** T1 as the host measured it; `null` until `sent` has said so. */
  readonly origin: NtpTimestamp | null;
  readonly originStamp: StampSource;
  readonly held: HeldReply | null;
}

/**
 * A fresh request.
 * @param timeout after so long another may take its place
 * @param patience after so long it is no longer waited for; `null`: as long as the run lasts
 */
export function request(
  token: QuestionToken,
  cookie: NtpTimestamp,
  now: Now,
  timeout: Seconds,
  patience: Seconds | null,
): Request {
  return {
    token,
    cookie,
    handedOver: now,
    expires: after(now.mono, timeout),
    overdue: false,
    forgotten: patience === null ? null : after(now.mono, Math.max(timeout, patience)),
    origin: null,
    originStamp: "user",
    held: null,
  };
}

/** A request is on its way. */
export function onAsked(association: Writable<Association>, asked: Request): void {
  association.requests = [...association.requests, asked];
  count(association, "sent");
  changed(association, CHANGE.due);
}

/** A request is answered, or will not be. */
export function endRequest(association: Writable<Association>, ended: Request): void {
  association.requests = association.requests.filter((request) => request !== ended);
  changed(association, CHANGE.due);
}

/** It is overdue: it is no longer counted on, but still listened for. */
export function onOverdue(association: Association, late: Writable<Request>): void {
  late.overdue = true;
  changed(association, CHANGE.due | CHANGE.fitness);
}

/** The next moment of a request: when it is overdue, and when it is forgotten; `null`: there is none. */
export function nextMoment({ overdue, expires, forgotten }: Request): Mono | null {
  return overdue ? forgotten : expires;
}

/** Whether an answer is counted on: a question is out, and not overdue. */
export function isAwaited({ requests }: Pick<Association, "requests">): boolean {
  return requests.some(({ overdue }) => !overdue);
}

/** The host has measured when it left. */
export function requestLeft(request: Writable<Request>, at: NtpTimestamp, stamp: StampSource): void {
  request.origin = at;
  request.originStamp = stamp;
}

/** Its answer has come before it was known when it left: it waits for that. */
export function holdReply(request: Writable<Request>, reply: HeldReply): void {
  request.held = reply;
}

/** The clock was corrected while the request is on its way: what was read from it moves along. */
export function moveRequest(request: Writable<Request>, by: Seconds): void {
  const { mono, clock } = request.handedOver;
  request.handedOver = { mono, clock: shift(clock, by) };
  if (request.origin !== null) request.origin = shift(request.origin, by);
}

/** More disagreement between the two clocks within a second of an exchange than this is a step, not a slew (chrony slews at 8 %). */
const STEP_SUSPICION: Seconds = 0.1;

/**
 * Whether the clock being disciplined was stepped since a request was handed over: the two clocks then disagree about
 * how long it is ago.
 * @returns the step in seconds, or 0 for none
 */
export function stepSince(request: Request, now: Now): Seconds {
  const between = elapsed(request.handedOver.mono, now.mono);
  const step = difference(now.clock, request.handedOver.clock) - between;
  return Math.abs(step) > STEP_SUSPICION * Math.max(1, between) ? step : 0;
}
