/** The security of an association under Autokey, by whom it is with. */
import type { AutokeyRole } from "../security.ts";
import { autokeySecurity } from "./client.ts";
import type { Dancer } from "./dance.ts";
import { peerSecurity } from "./peer.ts";
import type { AutokeySecurity } from "./surface.ts";

/**
 * The security of one association.
 * @param remote the IP literal of the other; `null`: it is not known
 */
export function securityInRole(dancer: Dancer, remote: string | null, role: AutokeyRole = "client"): AutokeySecurity {
  if (role === "peer") return peerSecurity(dancer, remote);
  return autokeySecurity(dancer, remote, role === "client" ? null : role.group);
}
