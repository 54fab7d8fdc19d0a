/** What the system process says to a discipline: Θ, and whom it is from (RFC 5905 §11.2). */
import { rootDistance } from "../../association/distance.ts";
import type { SystemOffset } from "../../discipline/strategy.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { State } from "../state.ts";
import { withoutWaiting } from "./steering.ts";

/** Survivors count whose root distance is up to so many times the least (chrony's `combinelimit`). */
const COMBINED = 3;

/** When what Θ rests on was measured; `null`: there is none. It is asked after every event, and Θ only where there is something new. */
export function systemOffsetAt({ opinion: { estimate }, roster }: State): Mono | null {
  return (estimate === null ? undefined : roster.get(estimate.peer)?.filter.estimate)?.at ?? null;
}

/**
 * Θ and whom it is from: those survivors that are not far worse than the best, for one that is being set itself overlaps with
 * all others and knows little. A system peer named `prefer` is followed alone.
 */
export function systemOffset(
  { opinion, roster, clock: { steering }, config: { limits } }: State,
  now: Now,
): SystemOffset | null {
  const { estimate } = opinion;
  const peer = estimate === null ? undefined : roster.get(estimate.peer);
  const newest = peer?.filter.estimate;
  if (estimate === null || peer === undefined || newest === undefined || newest === null) return null;
  const survivors = peer.config.prefer ? [peer] : opinion.survivors.flatMap((id) => roster.get(id) ?? []);
  const distances = survivors.map((survivor) => rootDistance(survivor, now.mono, limits));
  const most = COMBINED * Math.min(...distances);
  const sources = survivors.flatMap(({ id, header, filter }, place) =>
    header === null || filter.estimate === null || distances[place]! > most
      ? []
      : [{ source: id, rootDelay: header.rootDelay + filter.estimate.delay }],
  );
  const offset = steering === null ? estimate.offset : withoutWaiting(steering, peer, estimate.offset, newest.delay);
  return { offset, at: newest.at, sources };
}
