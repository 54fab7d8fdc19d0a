/** Addresses to names, as ntpq shows them: by the resolver, and only names that lead back to their address. */
import type { Seconds } from "../time/seconds.ts";
import { canonicalLiteral } from "./resolve.ts";

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

async function nameOf(address: string): Promise<string | null> {
  const dns = process.getBuiltinModule("node:dns").promises;
  try {
    const { hostname } = await dns.lookupService(address, 123);
    if (canonicalLiteral(hostname) !== null) return null;
    const back = await dns.lookup(hostname, { all: true });
    return back.some((found) => canonicalLiteral(found.address) === canonicalLiteral(address)) ? hostname : null;
  } catch {
    return null;
  }
}
