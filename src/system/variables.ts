/** System variables: what this host tells of its own clock, taken from the system peer (RFC 5905 §11.2.3 figure 25, A.5.5.4). */
import type { Frequency, Seconds } from "../time/seconds.ts";
import { UNKNOWN_TIME } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import { MAXSTRAT } from "../wire/header.ts";
import type { Leap } from "../wire/header.ts";

/** What the system variables need to know of the system peer: its peer variables (RFC 5905 §9.1). */
export interface SystemPeerVariables {
  /** 0 (a reference clock) … 15 */
  readonly stratum: number;
  /** The reference identifier that stands for the peer itself: its IPv4 address, or its hash (§7.3); unsigned 32 bits. */
  readonly addressId: number;
  /** When the peer's clock was last set, by its last packet. */
  readonly reference: NtpTimestamp;
  /** Δ_r and E_r of its last packet. */
  readonly rootDelay: Seconds;
  readonly rootDispersion: Seconds;
  /** δ, ε and ψ of its clock filter, as of its last update. */
  readonly delay: Seconds;
  readonly dispersion: Seconds;
  readonly jitter: Seconds;
  /** Time since its last update, t − p.t; dispersion grows meanwhile. */
  readonly age: Seconds;
}

/** What the system variables need to know of the selection. */
export interface SystemOpinion {
  /** Leap indicators of all survivors, the system peer included, in any order. */
  readonly leaps: readonly Leap[];
  /** Ψ, from `Selection.jitter`: selection and peer jitter together. */
  readonly jitter: Seconds;
  /** What the local clock is still off by: the peer's offset while it is slewed or only observed, 0 after a step. */
  readonly residual: Seconds;
  /** Least increment of root dispersion, ntpd's mindist for the RFC's MINDISP. */
  readonly mindist: Seconds;
  /** PHI, s/s. */
  readonly phi: Frequency;
}

/** The system variables (RFC 5905 §11.1, figure 23). */
export interface SystemVariables {
  readonly leap: Leap;
  /** 1 … 15; {@link MAXSTRAT} while unsynchronized. */
  readonly stratum: number;
  /** Unsigned 32 bits; 0 while unsynchronized. */
  readonly referenceId: number;
  readonly reference: NtpTimestamp;
  /** Δ, round trip to the primary source. */
  readonly rootDelay: Seconds;
  /** E, error accumulated from the primary source. */
  readonly rootDispersion: Seconds;
  /** Λ = E + Δ/2, the most the clock can be off by. */
  readonly rootDistance: Seconds;
}

/** The system variables while there is no system peer (§11.1: "initially"). */
export const UNSYNCHRONIZED: SystemVariables = {
  leap: "unsynchronized",
  stratum: MAXSTRAT,
  referenceId: 0,
  reference: UNKNOWN_TIME,
  rootDelay: 0,
  rootDispersion: 0,
  rootDistance: 0,
};

/**
 * The system variables inherited from the system peer, following clock_update() of A.5.5.4.
 *
 * Two departures: the leap indicator is voted on, see {@link voteLeap}; and `refid` and `reftime`, which the RFC copies from
 * the peer, become the peer's own address (§7.3 "Reference ID") and stay its reference time.
 */
export function systemVariables(peer: SystemPeerVariables, opinion: SystemOpinion): SystemVariables {
  const rootDelay = peer.rootDelay + peer.delay;
  // The clamp makes dispersion grow with every hop, which keeps peers of one stratum from following each other in a circle.
  const increment = Math.max(peer.dispersion + opinion.phi * peer.age + Math.abs(opinion.residual), opinion.mindist);
  const rootDispersion = peer.rootDispersion + opinion.jitter + increment;
  return {
    leap: voteLeap(opinion.leaps),
    stratum: Math.min(peer.stratum + 1, MAXSTRAT),
    referenceId: peer.addressId,
    reference: peer.reference,
    rootDelay,
    rootDispersion,
    rootDistance: rootDispersion + rootDelay / 2,
  };
}

/**
 * The leap warning of more than half of the survivors, else `none`. RFC 5905 takes the system peer's; with a vote, as in ntpd,
 * one server that never heard of a leap second, or invented one, does no harm.
 * @param leaps of the survivors; a survivor is synchronized, so `unsynchronized` votes for nothing
 */
export function voteLeap(leaps: readonly Leap[]): Leap {
  const majority = (leap: Leap): boolean => 2 * leaps.filter((vote) => vote === leap).length > leaps.length;
  if (majority("insert")) return "insert";
  return majority("delete") ? "delete" : "none";
}

/**
 * How far a measured offset may be from what the server's clock says: half the round trip, the dispersion of the clock filter
 * and its jitter. Unlike the root distance it leaves out what the server itself is unsure of.
 * @param peer peer variables, aged to now
 */
export function uncertainty(peer: Pick<SystemPeerVariables, "delay" | "dispersion" | "jitter">): Seconds {
  return peer.delay / 2 + peer.dispersion + peer.jitter;
}
