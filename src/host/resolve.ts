/** Names to addresses, as the system resolves them: hosts file, DNS and whatever else it is set up for. */
import type { Event, ResolveFault } from "../engine/port/event.ts";
import { systemLookup, type Lookup } from "./resolver.ts";
import { parse4, parse6, text6 } from "./udp/sockaddr.ts";

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
): void {
  const literal = canonicalLiteral(name);
  if (literal !== null) {
    const fits = family === null || family === (literal.includes(":") ? 6 : 4);
    put(fits ? { kind: "resolved", name, addresses: [literal] } : { kind: "unresolved", name, why: "otherFamily" });
    return;
  }
  const none: ResolveFault = family === null ? "notFound" : "otherFamily";
  lookup(name, family ?? 0, (error, found) => {
    if (error !== null) {
      const why = resolveFault(error.code);
      put({ kind: "unresolved", name, why: why === "notFound" ? none : why });
      return;
    }
    // The same address can come twice, by two sources or by two socket types.
    const addresses = [...new Set(found.map(({ address }) => canonicalLiteral(address) ?? address))];
    put(addresses.length > 0 ? { kind: "resolved", name, addresses } : { kind: "unresolved", name, why: none });
  });
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
  return FAULTS[code ?? ""] ?? "failed";
}
