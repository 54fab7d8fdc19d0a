/**
 * NTP short format: root delay and root dispersion on the wire.
 *
 * ```text
 *  31      16 15       0
 * +----------+----------+
 * | seconds  | fraction |   unsigned 16.16 (RFC 5905 §6, figure 2)
 * +----------+----------+
 * ```
 */
import type { Seconds } from "./seconds.ts";

const UNITS = 65_536;

/** The largest value the format can carry, seconds. */
export const SHORT_MAX: Seconds = 0xffff_ffff / UNITS;

/**
 * Seconds from the wire.
 * @param word an unsigned 32-bit word
 */
export function fromShort(word: number): Seconds {
  return (word >>> 0) / UNITS;
}

/**
 * Seconds to the wire, rounded up so that an error bound never shrinks by being sent.
 * @param seconds clamped to 0 … {@link SHORT_MAX}
 * @returns an unsigned 32-bit word; `toShort(fromShort(w)) === w` for every word
 */
export function toShort(seconds: Seconds): number {
  if (!(seconds > 0)) return 0;
  return seconds >= SHORT_MAX ? 0xffff_ffff : Math.ceil(seconds * UNITS);
}
