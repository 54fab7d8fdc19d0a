/** Addresses to names, as ntpq shows them: by the resolver, and only names that lead back to their address. */
import type { Seconds } from "../time/seconds.ts";
import { canonicalLiteral } from "./resolve.ts";
import { systemLookup, systemReverse } from "./resolver.ts";

/**
 * The names of some addresses.
 * @param patience whoever has no name by then stays an address
 * @returns the name of an address, or the address
 */
export async function namesOfAddresses(
  addresses: Iterable<string>,
  patience: Seconds,
): Promise<(address: string) => string> {
  const names = new Map<string, string>();
  const asked = [...new Set(addresses)].filter((address) => canonicalLiteral(address) !== null);
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((done) => {
    timer = setTimeout(done, patience * 1000);
  });
  const all = Promise.all(
    asked.map(async (address) => {
      const name = await nameOf(address);
      if (name !== null) names.set(address, name);
    }),
  );
  await Promise.race([all, enough]);
  clearTimeout(timer);
  return (address) => names.get(address) ?? address;
}

/** The name that leads back to an address; `null`: it has none. */
async function nameOf(address: string): Promise<string | null> {
  try {
    const name = await reverse(address);
    // What stands for an address anybody may choose who has one.
    if (name === null || !/^[!-~]+$/.test(name) || canonicalLiteral(name) !== null) return null;
    return (await addressesOf(name)).some((found) => found === canonicalLiteral(address)) ? name : null;
  } catch {
    return null; // no address that the resolver takes
  }
}

function reverse(address: string): Promise<string | null> {
  return new Promise((done) => systemReverse(address, (_error, name) => done(name ?? null)));
}

function addressesOf(name: string): Promise<readonly (string | null)[]> {
  return new Promise((done) =>
    systemLookup(name, 0, (_error, found) => done(found.map(({ address: ip }) => canonicalLiteral(ip)))),
  );
}
