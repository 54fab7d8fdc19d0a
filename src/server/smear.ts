/**
 * Leap smear: a leap second spread over hours, for clients that must not see one.
 *
 * The host's own clock goes on telling UTC, the leap second included; only what is given out is smeared. A smeared server
 * and one that is not differ by up to a second: never mix them.
 */
import type { Seconds } from "../time/seconds.ts";
import { difference } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";

/**
 * Where the smear lies about the leap second: `centred` from half the interval before to half after, as the public
 * services do from noon to noon; `before`, ending with it, as ntpd does.
 */
export type SmearPlacement = "centred" | "before";

/** How it runs: `linear` at a constant rate, as the public services do; `cosine` without a jump of the rate, as ntpd does. */
export type SmearShape = "linear" | "cosine";

/** One leap second to be smeared. */
export interface Smear {
  /** The reading of the host's clock when the leap second is over: 00:00:00 UTC. */
  readonly at: NtpTimestamp;
  readonly leap: "insert" | "delete";
  /** How long it takes, seconds > 0. */
  readonly interval: Seconds;
  readonly placement: SmearPlacement;
  readonly shape: SmearShape;
  /**
   * Set while the inserted second runs, when the kernel's clock reads 23:59:59 a second time (TIME_OOP) and cannot be told
   * from its first; not needed before or after.
   */
  readonly passed: boolean;
}

/** How public services smear: over the 24 hours from noon to noon, linearly. */
export const STANDARD_SMEAR: Pick<Smear, "interval" | "placement" | "shape"> = {
  interval: 86_400,
  placement: "centred",
  shape: "linear",
};

/** How ntpd smears, over whatever interval. */
export const NTPD_SMEAR: Pick<Smear, "placement" | "shape"> = { placement: "before", shape: "cosine" };

/** A leap second to be smeared, as plain data. */
export interface SmearConfig extends Omit<Smear, "at" | "passed"> {
  /** The first second after it, NTP seconds since 1900, without an era. */
  readonly at: number;
}

/** The smear that a configuration asks for. */
export function smearOf({ at, ...how }: SmearConfig): Smear {
  return { ...how, at: BigInt.asUintN(64, BigInt(at) << 32n) as NtpTimestamp, passed: false };
}

/**
 * What the smear adds to the host's clock.
 * @param clock what the host's clock reads
 * @returns seconds within ±1; 0 outside the interval. An inserted second makes it negative before and positive after
 */
export function smearOffset(smear: Smear, clock: NtpTimestamp): Seconds {
  const since = difference(clock, smear.at);
  const isAfter = smear.passed || since >= 0;
  const begin = smear.placement === "centred" ? -smear.interval / 2 : -smear.interval;
  const part = progress(smear.shape, (isAfter ? Math.max(since, 0) - begin : since - begin) / smear.interval);
  // Once the clock itself has leapt, what is left of the second has the other sign.
  const done = isAfter ? part - 1 : part;
  return smear.leap === "insert" ? 0 - done : done;
}

/**
 * The reference identifier that tells how far the time given out is from UTC: 254, and the offset as a signed number with
 * 22 bits of fraction (ntpd, "README.leapsmear").
 * @param offset seconds, −2 … 2
 * @returns unsigned 32 bits
 */
export function smearReferenceId(offset: Seconds): number {
  return (SMEARED | (Math.round(offset * 2 ** 22) & 0xff_ffff)) >>> 0;
}

/**
 * The smear that a reference identifier tells; the opposite of {@link smearReferenceId}.
 * @returns seconds, `null` if it tells none
 */
export function smearOfReferenceId(word: number): Seconds | null {
  return word >>> 24 === SMEARED >>> 24 ? ((word << 8) >> 8) / 2 ** 22 : null;
}

const SMEARED = 0xfe00_0000 | 0;

/** How much of the second is done, 0 … 1. */
function progress(shape: SmearShape, part: number): number {
  const clamped = Math.min(Math.max(part, 0), 1);
  return shape === "linear" ? clamped : (1 - Math.cos(Math.PI * clamped)) / 2;
}
