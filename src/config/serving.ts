/** `restrict` and `discard` lines → whom a server answers, and how often. */
import { AccessList, isRestrictFlag, type RestrictFlag } from "../server/access.ts";
import type { RateLimits } from "../server/rate.ts";
import { literalFamily } from "./literal.ts";
import { MAXSTRAT } from "../wire/header.ts";
import type { Configuration, DiscardLimits, RestrictLine } from "./ntpconf/configuration.ts";
import { UsageError } from "./usage.ts";

/**
 * The access list of a configuration file.
 * @param lines in the order of the file; flags of lines about the same network add up
 * @throws UsageError at a line about a name: an access list that depends on DNS would be anybody's
 */
export function accessOf(lines: readonly RestrictLine[]): AccessList {
  const list = new AccessList();
  for (const line of lines) add(list, line);
  return list;
}

function add(list: AccessList, { address, family, mask, flags, at }: RestrictLine): void {
  const known = flags.filter(isRestrictFlag) as readonly RestrictFlag[];
  if (address === "default") return list.restrictDefault(known, family);
  if (address === "source") return list.restrictSource(known);
  if (address === "localhost") {
    for (const own of ["127.0.0.1", "::1"]) if (family === null || literalFamily(own) === family) list.restrict({ address: own, mask: literalFamily(own) === 4 ? 32 : 128, flags: known });
    return;
  }
  const literal = literalFamily(address);
  if (literal === 0) throw new UsageError(`"restrict ${address}" is not about an address`, "write an address, a network such as 192.0.2.0/24, default or source", at);
  list.restrict({ address, mask: mask ?? (literal === 4 ? 32 : 128), flags: known });
}

/**
 * The stratum at which a host with `server 127.127.1.x` serves for want of better: one above what the clock is fudged to, as if
 * it were a server.
 * @returns `null`: its own clock is not trusted
 */
export function localStratumOf({ localClock }: Pick<Configuration, "localClock">): number | null {
  return localClock === null ? null : Math.min(localClock.stratum + 1, MAXSTRAT - 1);
}

/** The rate limits of a configuration file; they count for what is restricted as `limited`. */
export function rateOf({ average, minimum }: DiscardLimits): RateLimits {
  return { average, minimum };
}
