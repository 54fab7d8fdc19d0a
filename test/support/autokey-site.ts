/** Hosts of a simulated site that speak Autokey, with whomever they like. */
import type { Credentials } from "../../src/security/autokey/credentials.ts";
import { randomBytes } from "node:crypto";
import { readGroupFile } from "../../src/security/autokey/identity/files.ts";
import type { GroupParameters } from "../../src/security/autokey/identity/identity.ts";
import { makeIff } from "../../src/security/autokey/identity/make.ts";
import { securityInRole } from "../../src/security/autokey/roles.ts";
import { AutokeyServer } from "../../src/security/autokey/server.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { randomOctets } from "../../src/sim/nts.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { MADE, madeHost, usable } from "./autokey.ts";

/** A group as its servers have it, and as its clients do. */
export interface MadeGroup {
  readonly server: GroupParameters;
  readonly client: GroupParameters;
}

/** A group of IFF. */
export function madeGroup(filestamp: number): MadeGroup {
  const [server, client] = makeIff(512, "", (length) => Uint8Array.from(randomBytes(length))).files.map(
    ({ kind, text }) => usable(readGroupFile("iff", `# ntpkey_${kind}_g.${filestamp}\n\n${text}`, "")),
  );
  return { server: server!, client: client! };
}

/** A world at whose beginning the hosts' keys have just been made. */
export const WORLD = { beginning: new Date((MADE + 3600) * 1000).toISOString(), seeds: 3 } as const;

/** Keys that are read anew, as a daemon does when it is told to. */
export class ReadAnew {
  current: Credentials;

  constructor(first: Credentials) {
    this.current = first;
  }
}

/** Keys of a host that asks and answers under Autokey. */
export function speaking(
  world: SimWorld,
  name: string,
  trusted: boolean,
  keys: Credentials | ReadAnew = madeHost(name, { trusted }).credentials,
  groups: readonly GroupParameters[] | null = null,
): SecurityProvider {
  const random = randomOctets(world.chance(`octets of ${name}`));
  const now = (): Credentials => (keys instanceof ReadAnew ? keys.current : keys);
  const server = new AutokeyServer(now(), random, MADE);
  let associationId = 0;
  const make: SecurityProvider["autokey"] = (remote, ident, role) => {
    const credentials = now();
    const isOutdated = (): boolean => credentials !== now();
    const dancer = { credentials, associationId: (associationId += 1), group: groups, ident, random, isOutdated };
    return securityInRole(dancer, remote, role);
  };
  return securityProvider(null, undefined, undefined, make, server);
}
