/**
 * The huff-n'-puff filter (`tinker huffpuff`): for a line that is asymmetric for hours, as a modem's is during a long transfer.
 *
 * Packets then wait in one direction only, and what they wait is seen twice: in the delay, and by half in the offset. Plotted
 * against each other, samples of such a line lie on the limbs of a wedge whose apex is the least delay and the true offset. So
 * an offset is moved towards zero by half of what its delay exceeds the least of the last hours; not beyond zero, since a packet
 * that waited both ways lies within the wedge. (Mills, "The huff-n'-puff filter", ntpd's documentation; ntpd moves the system offset, and
 * beyond zero as well.)
 */
import { elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";

/** So long a stretch has one least delay. */
export const HUFFPUFF_STRETCH: Seconds = 900;

/** The least delays of a server lately, oldest stretch first. Plain data. */
export type LeastDelays = readonly { readonly since: Mono; readonly delay: Seconds }[];

/**
 * Takes a delay in.
 * @param span how far back the least is looked for, seconds
 */
export function noteDelay(before: LeastDelays, at: Mono, delay: Seconds, span: Seconds): LeastDelays {
  const kept = before.filter(({ since }) => elapsed(since, at) < span);
  const last = kept.at(-1);
  if (last === undefined || elapsed(last.since, at) >= HUFFPUFF_STRETCH) return [...kept, { since: at, delay }];
  return delay < last.delay ? [...kept.slice(0, -1), { since: last.since, delay }] : kept;
}

/** An offset, server − local, without what its packet seems to have waited one way. */
export function puffed(offset: Seconds, delay: Seconds, lately: LeastDelays): Seconds {
  const least = lately.reduce((one, other) => Math.min(one, other.delay), delay);
  return Math.sign(offset) * Math.max(0, Math.abs(offset) - (delay - least) / 2);
}
