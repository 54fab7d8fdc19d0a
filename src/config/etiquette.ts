/** Manners towards other people's servers: who may be expected to agree. How often strangers are asked, `association/poll.ts` says. */
import { isNear } from "../wire/address.ts";
import { literalFamily } from "./literal.ts";

/**
 * Whether a server is certainly on this host or this network, so that its owner can be expected to agree.
 * @param name an IP literal or a DNS name; of names only `localhost` is certain
 */
export function isNearby(name: string): boolean {
  if (literalFamily(name) === 0) return /^localhost\.?$/i.test(name);
  return isNear(name);
}
