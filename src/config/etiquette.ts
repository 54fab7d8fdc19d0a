/** Manners towards other people's servers: how often one address may be asked. */
import type { AssociationConfig, BurstProfile } from "../engine/port/config.ts";
import type { Seconds } from "../time/seconds.ts";
import { isLinkLocal, isLoopback, isPrivate } from "../wire/address.ts";
import { literalFamily } from "./literal.ts";
import { UsageError } from "./usage.ts";

/** The least interval between two packets to one address that is not ours. */
export const LEAST_INTERVAL: Seconds = 2;

/**
 * Whether a server is certainly on this host or this network, so that its owner can be expected to agree.
 * @param name an IP literal or a DNS name; of names only `localhost` is certain
 */
export function isNearby(name: string): boolean {
  if (literalFamily(name) === 0) return /^localhost\.?$/i.test(name);
  return isLoopback(name) || isPrivate(name) || isLinkLocal(name);
}

/**
 * Refuses intervals that would burden strangers.
 * @throws UsageError naming the first server that is too far away for them
 */
export function checkIntervals(burst: BurstProfile, associations: readonly AssociationConfig[]): void {
  if (burst.spacing.least >= LEAST_INTERVAL) return;
  const stranger = associations.find((association) => !isNearby(association.name));
  if (stranger === undefined) return;
  throw new UsageError(
    `--interval: less than ${LEAST_INTERVAL} s is not for ${stranger.name}`,
    literalFamily(stranger.name) === 0
      ? "only loopback, private and link-local addresses may be asked so often; give the address if it is one"
      : "only loopback, private and link-local addresses may be asked so often",
  );
}
