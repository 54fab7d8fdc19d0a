/**
 * What the server says of its own clock, ready for the wire: the small record that every answer is filled from.
 *
 * The engine's system variables become words once a second, not once a packet; in between nothing about them changes but
 * the root dispersion, by 15 µs, which is the least that the wire can say.
 */
import { PHI } from "../time/seconds.ts";
import type { Frequency, PollExponent, Seconds } from "../time/seconds.ts";
import { toShort } from "../time/short.ts";
import { UNKNOWN_TIME, shift } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import { LEAPS, MAXSTRAT } from "../wire/header.ts";
import type { Leap } from "../wire/header.ts";
import { smearReferenceId } from "./smear.ts";

/** What there is to say: the engine's system variables (RFC 5905 §11.1), those of a local clock, or those of an orphan. */
export interface ServedVariables {
  readonly leap: Leap;
  /** 1 … 15; {@link MAXSTRAT} while unsynchronized. */
  readonly stratum: number;
  /** Unsigned 32 bits; 0 where there is none. */
  readonly referenceId: number;
  readonly reference: NtpTimestamp;
  readonly rootDelay: Seconds;
  /** As of the last update; it grows at {@link PHI} from there. */
  readonly rootDispersion: Seconds;
}

/** The variables of a server that follows nothing. */
export const NOTHING_TO_SERVE: ServedVariables = {
  leap: "unsynchronized",
  stratum: MAXSTRAT,
  referenceId: 0,
  reference: UNKNOWN_TIME,
  rootDelay: 0,
  rootDispersion: 0,
};

/** The same as 32-bit words, each as a signed integer in the order of the wire. */
export interface Published {
  /**
   * The first word without what an answer takes from its request.
   *
   * ```text
   *  31 30   29…27   26…24   23…16     15…8   7…0
   * | LI   |   0   |   0   | stratum |  0   | precision |
   * ```
   */
  readonly head: number;
  readonly rootDelay: number;
  readonly rootDispersion: number;
  readonly referenceId: number;
  readonly referenceSeconds: number;
  readonly referenceFraction: number;
  /** Added to every timestamp given out, modulo 2^64: the smear of a leap second, else both 0. */
  readonly shiftSeconds: number;
  readonly shiftFraction: number;
  /** The least poll exponent an answer carries: the average headway asked of clients (ntpd's `discard average`). */
  readonly leastPoll: PollExponent;
  /** 1 … 15, {@link MAXSTRAT} while unsynchronized: what is decided by, where {@link Published.head} says 0. */
  readonly stratum: number;
  readonly synchronized: boolean;
}

/** How variables are published. */
export interface PublishOptions {
  /** log₂ of the clock's precision in seconds, −128 … 0 (RFC 5905 §7.3 "Precision"). */
  readonly precision: number;
  readonly leastPoll: PollExponent;
  /** Time since the variables were last updated, seconds. */
  readonly age: Seconds;
  /** PHI, s/s; absent: RFC 5905's. */
  readonly phi?: Frequency;
  /** What a smeared leap second adds to the clock now, seconds; 0: nothing is smeared now. */
  readonly smear: Seconds;
  /** A leap second is, or will be, smeared: nothing announces it. */
  readonly silent?: boolean;
}

/**
 * Makes the record of the variables.
 *
 * A leap second that is smeared is never announced (clients would apply it a second time); while it is smeared the reference
 * identifier tells by how much (ntpd, "README.leapsmear").
 */
export function publish(variables: ServedVariables, options: PublishOptions): Published {
  const { smear } = options;
  const synchronized = variables.leap !== "unsynchronized" && variables.stratum < MAXSTRAT;
  const leap = (smear !== 0 || options.silent === true) && synchronized ? "none" : variables.leap;
  const reference = variables.reference === UNKNOWN_TIME ? UNKNOWN_TIME : shift(variables.reference, smear);
  const shifted = shift(UNKNOWN_TIME, smear);
  const stratum = synchronized ? variables.stratum : MAXSTRAT;
  return {
    head:
      (LEAPS.indexOf(synchronized ? leap : "unsynchronized") << 30) |
      ((stratum % MAXSTRAT) << 16) |
      (options.precision & 0xff),
    rootDelay: toShort(variables.rootDelay) | 0,
    rootDispersion: toShort(variables.rootDispersion + (options.phi ?? PHI) * options.age) | 0,
    referenceId: referenceId(variables.referenceId, synchronized, smear) | 0,
    referenceSeconds: upperWord(reference),
    referenceFraction: lowerWord(reference),
    shiftSeconds: upperWord(shifted),
    shiftFraction: lowerWord(shifted),
    leastPoll: options.leastPoll,
    stratum,
    synchronized,
  };
}

/** The seconds of a timestamp as a signed 32-bit word. */
export function upperWord(timestamp: NtpTimestamp): number {
  return Number(BigInt.asIntN(32, timestamp >> 32n));
}

/** The fraction of a timestamp as a signed 32-bit word. */
export function lowerWord(timestamp: NtpTimestamp): number {
  return Number(BigInt.asIntN(32, timestamp));
}

/** Kiss code of a server that has not been synchronized yet (RFC 5905 §7.4): `INIT`. */
const INIT = 0x494e_4954;

function referenceId(own: number, synchronized: boolean, smear: Seconds): number {
  if (!synchronized) return own === 0 ? INIT : own;
  return smear === 0 ? own : smearReferenceId(smear);
}
