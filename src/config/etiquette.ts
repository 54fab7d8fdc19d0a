/** Manners towards other people's servers: how often one address may be asked. */
import { LEAST_INTERVAL } from "../association/template.ts";
import type { AssociationConfig, BurstProfile } from "../engine/port/config.ts";
import { isNear } from "../wire/address.ts";
import { literalFamily } from "./literal.ts";
import { UsageError } from "./usage.ts";

/**
 * Whether a server is certainly on this host or this network, so that its owner can be expected to agree.
 * @param name an IP literal or a DNS name; of names only `localhost` is certain
 */
export function isNearby(name: string): boolean {
  if (literalFamily(name) === 0) return /^localhost\.?$/i.test(name);
  return isNear(name);
}

/**
 * Refuses intervals that would burden strangers who are named by their address. Where a name leads, the resolver says; its
 * addresses are asked as often as each may be (`leastSpacing` of `association/poll.ts`).
 * @throws UsageError naming the first server that is too far away for them
 */
export function checkIntervals(burst: BurstProfile, associations: readonly AssociationConfig[]): void {
  if (burst.spacing.least >= LEAST_INTERVAL) return;
  const stranger = associations.find(({ name }) => literalFamily(name) !== 0 && !isNearby(name));
  if (stranger === undefined) return;
  throw new UsageError(
    `--interval: less than ${LEAST_INTERVAL} s is not for ${stranger.name}`,
    "only loopback, private and link-local addresses may be asked so often",
  );
}
