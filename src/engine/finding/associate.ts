/** Associations come and end here: the small steps that every department takes. */
import { association } from "../../association/association.ts";
import type { Association, Lifetime, Mobilization } from "../../association/association.ts";
import { stayAway } from "../../association/life.ts";
import type { AssociationMode } from "../../association/modes.ts";
import type { AssociationConfig } from "../../association/template.ts";
import type { AutokeyRole, Security } from "../../security/security.ts";
import type { Address } from "../../wire/address.ts";
import { HEADER_LENGTH } from "../../wire/header.ts";
import type { Now } from "../../time/now.ts";
import { recall } from "../memory/remembered.ts";
import type { State } from "../state.ts";

/** What an association starts with besides its line. */
export type Start = Pick<Mobilization, "alternatives" | "exchange" | "listening" | "found" | "ended">;

/** Adds an association to the roster, sealed as its line says. It is not polled before its `nextPoll` is set. */
export function add(
  state: State,
  config: AssociationConfig,
  mode: AssociationMode,
  lifetime: Lifetime,
  address: Address | null,
  start: Start,
): Association {
  const { ended = null } = start;
  const fresh = association({
    id: state.roster.nextId(),
    config,
    lifetime,
    mode,
    security: securityOf(state, config, address, roleOf(mode, start)),
    address,
    ...start,
  });
  state.roster.add(fresh);
  if (address !== null && ended === null) state.serving.access.admitSource(address.ip);
  if (address !== null) state.note({ what: "mobilized", id: fresh.id, name: config.name, address });
  return fresh;
}

/** What protects an association, by the key of its line. */
export function securityOf(
  { surroundings: { security } }: State,
  { key, nts, autokey }: AssociationConfig,
  address: Address | null,
  role: AutokeyRole = "client",
): Security {
  if (nts === true) return security.nts();
  if (autokey !== undefined) return security.autokey(address?.ip ?? null, autokey.ident, role);
  return key === null ? security.none() : security.key(key, address?.ip);
}

/** With whom it is, as Autokey has it. */
function roleOf(mode: AssociationMode, { found }: { readonly found?: Start["found"] | null }): AutokeyRole {
  if (mode === "symmetricActive" || mode === "symmetricPassive") return "peer";
  const group = found?.group ?? null;
  return mode === "broadcastClient" && group !== null ? { group } : "client";
}

/** What protects it by the keys that count now: another than it has, where those were read anew; `null`: what it has will do. */
export function securityRenewed(state: State, line: AssociationConfig, association: Association): Security | null {
  const { mode, found, address, security } = association;
  if (security.kind === "nts") return null;
  const isToStay = security.dancing !== undefined && !security.dancing.isOutdated;
  return isToStay ? null : securityOf(state, line, address, roleOf(mode, { found }));
}

/** What a key makes of a packet that is never sent: another key makes something else of it. */
export function keyPrint(state: State, keyId: number | null): Uint8Array | null {
  if (keyId === null) return null;
  const sealed = state.surroundings.security.sealWith(keyId, NOTHING_SENT);
  return sealed.kind === "sealed" ? sealed.bytes : null;
}

const NOTHING_SENT = new Uint8Array(HEADER_LENGTH);

/** Whether the key an association was found by is gone, or another. */
export function hasLostItsKey(state: State, { config, found, lifetime, security }: Association): boolean {
  if (lifetime !== "persistent" && security.dancing?.isOutdated === true) return true;
  const before = found?.keyPrint ?? null;
  if (before === null) return false;
  const print = keyPrint(state, config.key);
  return print === null || print.length !== before.length || print.some((octet, index) => octet !== before[index]);
}

/** A server that told an earlier run to stay away is not asked (RFC 5905 §7.4). */
function recallKiss(state: State, fresh: Association, address: Address): void {
  const kiss = state.memory.kept.kisses.find(({ ip, port }) => ip === address.ip && port === address.port);
  if (kiss === undefined) return;
  stayAway(fresh, kiss.code, "denied");
}

/** A server that told an earlier run to stay away is not asked; one that an earlier run knew is known. */
export function recallServer(state: State, fresh: Association, address: Address, now: Now): void {
  recallKiss(state, fresh, address);
  // What was measured before, this run's keys do not vouch for.
  if (fresh.ended === null && fresh.config.nts !== true) recall(state, fresh, now);
}
