/** The broadcast server's side of a `broadcast` line: when its packets leave, and what one tells of the one before. */
import { after } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import { pollInterval } from "../time/seconds.ts";
import { UNKNOWN_TIME } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { Writable } from "./change.ts";
import type { Leaving } from "./exchange.ts";
import type { HostFault } from "./request.ts";
import type { AssociationConfig } from "./template.ts";

/** One `broadcast` line at work. Outside this room it is readonly, as an association is. */
export interface Broadcaster {
  /** Its line; another one when the configuration is reread. */
  readonly config: AssociationConfig;
  readonly nextAt: Mono;
  readonly sent: number;
  /** It is about to send, and asks which address of ours that leaves from. */
  readonly waits: boolean;
  /** When the last packet left, for the next to tell it (RFC 9769 §4); `null`: there is none, or our clock was stepped since. */
  readonly left: Leaving | null;
  /** Why the host would not send one of its packets, as was told last; `null`: it never refused. */
  readonly fault: HostFault | null;
}

/** A broadcaster that has sent nothing yet; its first packet is due at once. */
export function broadcaster(config: AssociationConfig, now: Mono): Broadcaster {
  return { config, nextAt: now, sent: 0, waits: false, left: null, fault: null };
}

/** Its moment has come, whether or not there is a time to tell: the next is an interval away. */
export function onBroadcastDue(sender: Writable<Broadcaster>, now: Mono): void {
  sender.nextAt = after(now, pollInterval(sender.config.minpoll));
}

/** It has asked from where a packet leaves, or knows it now. */
export function awaitRoute(sender: Writable<Broadcaster>, waits: boolean): void {
  sender.waits = waits;
}

/** When the packet before left, if the next is to tell and it was measured; else the unknown time. */
export function previousDeparture({ config, left }: Broadcaster): NtpTimestamp {
  return config.xleave === true && left !== null && left.measured ? left.left : UNKNOWN_TIME;
}

/**
 * A packet leaves.
 * @param clock as it was read for the packet
 * @returns what the host's measurement of its leaving is for; `null`: the next one tells nothing of it
 */
export function onBroadcast(sender: Writable<Broadcaster>, clock: NtpTimestamp): Leaving | null {
  sender.sent += 1;
  sender.left = sender.config.xleave === true ? { left: clock, measured: false, lag: 0 } : null;
  return sender.left;
}

/**
 * The host would not send it.
 * @returns whether that is news: what goes on being wrong each interval is told once
 */
export function onBroadcastFailed(sender: Writable<Broadcaster>, why: HostFault): boolean {
  const isNews = sender.fault !== why;
  sender.fault = why;
  return isNews;
}

/** Our clock was stepped: when the last packet left says nothing any more. */
export function forgetDeparture(sender: Writable<Broadcaster>): void {
  sender.left = null;
}

/** The same packets by another line; no later than its interval has them. */
export function revise(sender: Writable<Broadcaster>, config: AssociationConfig, now: Mono): void {
  const soonest = after(now, pollInterval(config.minpoll));
  sender.config = config;
  if (soonest < sender.nextAt) sender.nextAt = soonest;
}
