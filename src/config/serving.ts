/** `restrict` and `discard` lines → whom a server answers, and how often. */
import { type AccessRule, defaultRules, isRestrictFlag, type RestrictFlag } from "../server/access.ts";
import type { RateLimits } from "../server/rate.ts";
import { literalFamily } from "./literal.ts";
import { MAXSTRAT } from "../wire/header.ts";
import type { Configuration, DiscardLimits, RestrictLine } from "./ntpconf/configuration.ts";
import { UsageError } from "./usage.ts";

/** The addresses of names, IP literals; a name that is not in it has none, yet. */
export type Named = ReadonlyMap<string, readonly string[]>;

/**
 * The access list of a configuration file, as data.
 * @param lines in the order of the file; flags of lines about the same network add up
 * @param named what lines about names come to; `null`: such lines are refused
 * @throws UsageError at a line that is about neither an address nor a name
 */
export function accessOf(lines: readonly RestrictLine[], named: Named | null = null): readonly AccessRule[] {
  return lines.flatMap((line) => (isNamed(line) && named !== null ? addressed(line, named) : [line]).flatMap(rulesOf));
}

/** The names that `restrict` lines are about. */
export function restrictedNames(lines: readonly RestrictLine[]): readonly RestrictLine[] {
  return lines.filter(isNamed);
}

/** Such as every host has; `default` and its like are none. */
function isNamed({ address }: RestrictLine): boolean {
  return (
    literalFamily(address) === 0 &&
    !WORDS.has(address) &&
    /^(?=.*[a-z])[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i.test(address)
  );
}

const WORDS: ReadonlySet<string> = new Set(["default", "source", "localhost"]);

/** One line for each address of a name. */
function addressed(line: RestrictLine, named: Named): readonly RestrictLine[] {
  const addresses = (named.get(line.address) ?? []).filter(
    (ip) => line.family === null || literalFamily(ip) === line.family,
  );
  // A mask counts for addresses of its family; others are meant whole.
  const maskOf = (ip: string): RestrictLine["mask"] =>
    typeof line.mask === "string" && literalFamily(line.mask) !== literalFamily(ip) ? null : line.mask;
  return addresses.map((address) => ({ ...line, mask: maskOf(address), address: address.split("%", 1)[0]! }));
}

/** What a line says, as rules; more than one where it is about both families. */
function rulesOf({ address, family, mask, flags: words, at }: RestrictLine): readonly AccessRule[] {
  const flags = words.filter(isRestrictFlag) as readonly RestrictFlag[];
  if (address === "default") return defaultRules(flags, family);
  if (address === "source") return [{ about: "sources", flags }];
  const about = { about: "network", flags, opensQueries: true } as const;
  if (address === "localhost")
    return ["127.0.0.1", "::1"]
      .filter((own) => family === null || literalFamily(own) === family)
      .map((own) => ({ ...about, address: own, mask: literalFamily(own) === 4 ? 32 : 128 }));
  const literal = literalFamily(address);
  if (literal === 0)
    throw new UsageError(
      `"restrict ${address}" is not about an address`,
      "write an address, a network such as 192.0.2.0/24, default or source",
      at,
    );
  return [{ ...about, address, mask: mask ?? (literal === 4 ? 32 : 128) }];
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
