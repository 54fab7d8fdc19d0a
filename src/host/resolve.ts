/** Names to addresses, as the system resolves them: hosts file, DNS and whatever else it is set up for. */
import type { Event, ResolveFault } from "../engine/port/event.ts";
import { steady } from "./clock.ts";
import { diagnose } from "./diagnose.ts";
import { systemLookup, type Lookup } from "./resolver.ts";
import { parse4, parse6, text6 } from "./udp/sockaddr.ts";
import { own } from "../wire/own.ts";

/** Says more of a fault, as {@link diagnose} does. */
type Refine = typeof diagnose;

/** A name server that takes longer to fail did not answer, seconds: resolvers ask again after five. */
const SILENCE = 4;

/**
 * Looks a name up.
 * @param name a host name, or a literal, which is its own only address
 * @param family restricts the answer
 * @param put takes `resolved` or `unresolved`; for a literal at once
 */
export function resolve(
  name: string,
  family: 4 | 6 | null,
  put: (event: Event) => void,
  lookup: Lookup = systemLookup,
  refine: Refine = lookup === systemLookup ? diagnose : asIs,
): void {
  const literal = canonicalLiteral(name);
  if (literal !== null) {
    const fits = family === null || family === (literal.includes(":") ? 6 : 4);
    put(fits ? { kind: "resolved", name, addresses: [literal] } : { kind: "unresolved", name, why: "otherFamily" });
    return;
  }
  const none: ResolveFault = family === null ? "notFound" : "otherFamily";
  const began = steady();
  lookup(name, family ?? 0, (error, found) => {
    // The same address can come twice, by two sources or by two socket types.
    const addresses =
      error === null ? [...new Set(found.map(({ address }) => canonicalLiteral(address) ?? address))] : [];
    if (addresses.length > 0) {
      put({ kind: "resolved", name, addresses });
      return;
    }
    const fault = error === null ? "notFound" : resolveFault(error.code);
    const why = fault === "notFound" ? none : fault;
    const told = (refined: ResolveFault): void => put({ kind: "unresolved", name, why: refined });
    // Who said nothing for so long has nothing to add.
    if (steady() - began > SILENCE) told(why);
    else refine(name, family, why, told);
  });
}

/** Of what another resolver than the system's says, name servers know nothing. */
function asIs(_name: string, _family: 4 | 6 | null, fault: ResolveFault, told: (fault: ResolveFault) => void): void {
  told(fault);
}

/** The canonical text of an IP literal (RFC 5952, zone kept), `null` for anything else. */
export function canonicalLiteral(name: string): string | null {
  if (parse4(name) !== null) return name;
  const [literal = "", zone, ...more] = name.split("%");
  const octets = parse6(literal);
  if (octets === null || zone === "" || more.length > 0) return null;
  return zone === undefined ? text6(octets, 0) : `${text6(octets, 0)}%${zone}`;
}

/** What the errors of `dns.lookup` mean; any other is `failed`. `again`: no network or no name server yet. */
const FAULTS: Readonly<Record<string, ResolveFault>> = {
  ENOTFOUND: "notFound", // EAI_NONAME and EAI_NODATA, as Node spells them
  ENODATA: "notFound",
  EAI_NODATA: "notFound",
  EAI_NONAME: "notFound",
  EAI_AGAIN: "again",
  ENETUNREACH: "again",
  EHOSTUNREACH: "again",
  ETIMEOUT: "again",
};

/** What an error code of `dns.lookup` means. */
export function resolveFault(code: string | undefined): ResolveFault {
  return own(FAULTS, code ?? "") ?? "failed";
}
