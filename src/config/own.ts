/** A run that keeps a clock of its own (`world/own.ts`) by the servers that a one-shot was to ask: what the engine is told. */
import type { EngineConfig } from "../engine/port/config.ts";
import { BASE_LOOP, FOLLOW } from "./base.ts";
import { isNearby } from "./etiquette.ts";
import { literalFamily } from "./literal.ts";

/** How often servers of this host and network are polled, log₂ s, so that the bound stays narrow; others as a daemon polls. */
const NEARBY_POLL = { minpoll: 3, maxpoll: 6 };

/**
 * The configuration.
 * @param once that of a one-shot, which says whom to ask, and how
 */
export function ownClockConfig(once: EngineConfig): EngineConfig {
  const associations = once.associations.map((line) => ({
    ...line,
    samples: null,
    ...(literalFamily(line.name) !== 0 && isNearby(line.name) ? NEARBY_POLL : {}),
  }));
  // Nothing depends on it but what is told of it, so no offset is too large; but a clock that is far off is set, not slewed for days.
  const limits = { ...FOLLOW.limits, stepThreshold: BASE_LOOP.limits.stepThreshold, method: BASE_LOOP.limits.method };
  return { ...once, associations, once: null, clock: { ...BASE_LOOP, limits, anyFirst: true } };
}
