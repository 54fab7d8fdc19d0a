/** One sentence a server: why it is not used, with the figures that say so. */
import { REASONS, type Reason } from "../association/verdict.ts";
import { ESTABLISH_FAULTS, type EstablishFault } from "../engine/port/establish.ts";
import type { HostFault, ResolveFault } from "../engine/port/event.ts";
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { AUTOKEY_FAULTS } from "../security/autokey/faults.ts";
import { STATUS } from "../security/autokey/status.ts";
import type { Authentication, DanceReport } from "../security/security.ts";
import { DEFAULT_LIMITS, type SelectionLimits } from "../system/limits.ts";
import { family, isLinkLocal } from "../wire/address.ts";
import { kissText } from "../wire/kiss.ts";
import { fullName } from "./servername.ts";
import { counted, durationText, printable, signedText } from "./text.ts";

/** Why the host could not do something, in words. */
export const HOST_FAULTS: Readonly<Record<HostFault, string>> = {
  noPrivilege: "this process may not do that (no privilege)",
  portInUse: "the port is in use",
  noAddress: "the address or interface is not this host's",
  noMulticast: "the interface passes no multicasts",
  noRoute: "there is no route to it",
  portUnreachable: "nothing listens on its port",
  tooLarge: "the packet is too large for the network",
  noResources: "this host is out of sockets or memory",
  other: "the system refused",
};

/**
 * What this host would not do for a server.
 *
 * Where a socket was had and only sending was refused, more privileges would not help: EACCES is a `prohibit` route's or a broadcast
 * address's, EPERM the firewall's.
 */
export function hostFaultText(reason: Reason, fault: HostFault, address: string | null = null): string {
  if (fault === "other" && isZoneless(address))
    return `a link-local address needs its interface, as in ${address}%INTERFACE`;
  if (reason === "sourcePort" && fault === "noPrivilege") return "no privilege";
  return reason === "unreachable" && fault === "noPrivilege"
    ? "this host forbids it: a route, the firewall, or it is a broadcast address"
    : HOST_FAULTS[fault];
}

/** Whether an address can be reached by one interface only, and does not say by which. */
export function isZoneless(address: string | null): address is string {
  return address !== null && family(address) === 6 && isLinkLocal(address) && !address.includes("%");
}

/** What to do where this host would not send what was to be sent. */
export function undeliveredHint(address: string | null, why: HostFault): string | null {
  if (why === "other" && isZoneless(address)) return "`ip link` lists the interfaces";
  if (why === "noPrivilege")
    return "`ip route get ADDRESS` tells how this host would reach it, if its firewall lets it";
  return why === "noRoute" ? "is the network up?" : null;
}

/** Why a name has no address, in words. */
export const RESOLVE_FAULTS: Readonly<Record<ResolveFault, string>> = {
  notFound: "there is no such name",
  noAddress: "there is such a name, and it has no address",
  otherFamily: "there is no such name, or it has no address of the family asked for",
  again: "no name server answers now",
  serverFailure: "the name servers answer that they fail, SERVFAIL",
  refused: "the name servers refuse to answer, REFUSED",
  failed: "the name servers could not say",
  silent: "the name servers have not answered",
};

/** Why keys could not be established, in words. */
export function establishText(why: EstablishFault, detail: string | null): string {
  return `${ESTABLISH_FAULTS[why].text}${detail === null ? "" : ` (${printable(detail)})`}`;
}

/** The same of a server whose keys are wanting; `null`: it is not that. */
export function keysText({ nts }: { readonly nts?: AssociationReport["nts"] | undefined }): string | null {
  const fault = nts?.fault ?? null;
  return fault === null ? null : establishText(fault.name, fault.detail);
}

/** What sets a limit: an option, or a line of the configuration. */
export type Setter = "--" | "tos ";

/** What a sentence may draw on beside the server itself. */
export interface Context extends Pick<Snapshot, "clock" | "system" | "unresolved" | "limits"> {
  /** Default: an option. */
  readonly by?: Setter;
}

/**
 * Why a server is not used.
 * @returns e.g. `192.0.2.9: its time disagrees with the majority: its offset is +5.000 s, theirs +250.1 ms`; `null` for
 *   the system peer and the survivors
 */
export function explain(server: AssociationReport, context: Context): string | null {
  if (server.reason === null) return null;
  const detail = DETAILS[server.reason]?.(server, context) ?? null;
  return `${fullName(server)}: ${REASONS[server.reason].text}${detail === null ? "" : `: ${detail}`}`;
}

/** The figures behind a reason, where there are any. */
const DETAILS: Readonly<Partial<Record<Reason, (server: AssociationReport, context: Context) => string | null>>> = {
  unresolved: ({ name }, { unresolved }) => resolveText(name, unresolved),
  unreachable: ({ packets, unreachable, address, nts }) =>
    keysText({ nts }) ??
    (unreachable === null
      ? `${counted(packets.sent, "request")} sent${packets.rejected > 0 ? `, ${counted(packets.rejected, "packet")} came that could not be used (-v says why)` : ""}`
      : hostFaultText("unreachable", unreachable, address)),
  portUnreachable: keysText,
  noRoute: ({ unreachable }) => (unreachable === null || unreachable === "noRoute" ? null : HOST_FAULTS[unreachable]),
  sourcePort: ({ unreachable }) => (unreachable === null ? null : hostFaultText("sourcePort", unreachable)),
  unsynchronized: ({ leap, stratum, refid }) =>
    [
      leap === "unsynchronized" ? "leap 3" : null,
      stratum === null ? null : `stratum ${stratum}`,
      refid === null || refid === "" ? null : `refid ${printable(refid)}`,
    ]
      .filter((part) => part !== null)
      .join(", ") || null,
  stratum: ({ stratum }, { limits, by }) => stratumText(stratum, limits, by),
  rootDistance: (server, { limits, by }) => distanceText(server, limits, by),
  surplus: ({ verdict }, { limits = DEFAULT_LIMITS, by = "--" }) =>
    verdict === "backup" ? `${limits.maxclock} at most are used (${by}maxclock)` : null,
  loop: ({ refid }) => (refid === null ? null : `refid ${printable(refid)}`),
  kiss: ({ kiss, packets }) => (kiss === null ? null : kissWords(kiss, packets)),
  denied: ({ kiss, packets }) => (kiss === null ? null : kissWords(kiss, packets)),
  authentication: (server) =>
    server.security === "nts"
      ? ntsText(server)
      : server.autokey !== undefined
        ? danceText(server.autokey, server.authentication)
        : authenticationText(server.authentication, server.keyId, server.packets),
  outsideIntersection: ({ offset }, { clock, system }) => {
    if (offset === null) return null;
    const theirs =
      system.intersection === null ? clock.offset : (system.intersection.low + system.intersection.high) / 2;
    return theirs === null
      ? `its offset is ${signedText(offset)}`
      : `its offset is ${signedText(offset)}, theirs ${signedText(theirs)}`;
  },
  noMajority: ({ offset, rootDistance }) =>
    offset === null
      ? null
      : `its offset is ${signedText(offset)}${rootDistance === null ? "" : `, its root distance ${durationText(rootDistance)}`}`,
  selectJitter: ({ offset }, { clock }) =>
    offset === null || clock.offset === null
      ? null
      : `its offset is ${signedText(offset)}, theirs ${signedText(clock.offset)}`,
};

/**
 * How far a server is from a primary source, what its own part of that is, and the limit.
 * @param by what sets the limit
 * @returns `null` where it is not known
 */
export function distanceText(
  { rootDistance, rootDelay, rootDispersion }: Pick<AssociationReport, "rootDistance" | "rootDelay" | "rootDispersion">,
  { maxdist }: SelectionLimits = DEFAULT_LIMITS,
  by: Setter = "--",
): string | null {
  if (rootDistance === null) return null;
  const own = [
    rootDispersion === null || rootDispersion < rootDistance / 2
      ? []
      : [`root dispersion ${durationText(rootDispersion)}`],
    rootDelay === null || rootDelay < rootDistance ? [] : [`root delay ${durationText(rootDelay)}`],
  ].flat();
  return `${durationText(rootDistance)}${own.length === 0 ? "" : ` (${own.join(", ")})`}, the limit is ${durationText(maxdist)} (${by}maxdist)`;
}

/** A stratum, and the limit that it does not keep. */
export function stratumText(
  stratum: number | null,
  { floor, ceiling }: SelectionLimits = DEFAULT_LIMITS,
  by: Setter = "--",
): string | null {
  if (stratum === null) return null;
  if (stratum < floor) return `stratum ${stratum}, the least is ${floor} (${by}floor)`;
  return stratum >= ceiling
    ? `stratum ${stratum}, the first that is too high is ${ceiling} (${by}ceiling)`
    : `stratum ${stratum}`;
}

/** Why a name has no address, in words; `null` where it has one, or nobody knows. */
export function resolveText(name: string, unresolved: Snapshot["unresolved"]): string | null {
  const fault = unresolved.find((one) => one.name === name);
  return fault === undefined ? null : RESOLVE_FAULTS[fault.why];
}

/**
 * A kiss code with what it means.
 * @param packets how many were sent; where none was, the code is remembered from an earlier run. Absent: it came now
 */
export function kissWords(code: string, packets?: Pick<AssociationReport["packets"], "sent">): string {
  const meaning = kissText(code);
  const words = meaning === null ? printable(code) : `${code}, ${meaning}`;
  return packets?.sent === 0 ? `${words}; it said so to an earlier run, and was not asked now` : words;
}

/** How far the dance with a server under Autokey has come, or why it does not go on. */
export function danceText({ status, host, fault }: DanceReport, authentication: Authentication = "none"): string {
  if (authentication === "nak") return "it does not speak Autokey, or knows us no more (crypto-NAK)";
  if (fault !== null) return `Autokey: ${AUTOKEY_FAULTS[fault]}`;
  if (host === null) return "Autokey: it has not said who it is";
  return `Autokey: ${printable(host)} has come to status 0x${status.toString(16)}`;
}

/** What a server under Autokey has shown of itself, in a sentence. */
export function provedText({ status, host, ident, signature, trail }: DanceReport): string {
  const who = host === null ? "it has not said who it is" : `it is ${printable(host)}`;
  const group = ident === null ? "" : ` of the group ${printable(ident)}`;
  const by = signature === null ? "" : `, signs by ${printable(signature)}`;
  const certified = trail.map(({ subject, issuer }) => `${printable(subject)} by ${printable(issuer)}`).join(", ");
  const lit = FLAG_WORDS.flatMap(([flag, word]) => ((status & flag) === 0 ? [] : [word]));
  const flags = `flags 0x${status.toString(16)}${lit.length === 0 ? "" : ` (${lit.join(", ")})`}`;
  return `Autokey, which is weak: ${who}${group}${by}; ${certified === "" ? "" : `certificates: ${certified}; `}${flags}`;
}

/** Those of the dance, in its order. */
const FLAG_WORDS: readonly (readonly [number, string])[] = [
  [STATUS.certificate, "certificate"],
  [STATUS.identity, "identity"],
  [STATUS.proventic, "proventic"],
  [STATUS.cookie, "cookie"],
  [STATUS.autokey, "autokey"],
  [STATUS.signed, "signed"],
  [STATUS.leap, "leap"],
];

/** Why a server under NTS has not proved who it is. */
function ntsText(server: AssociationReport): string {
  return (
    keysText(server) ??
    (server.authentication === "nak"
      ? "it does not know its own cookies (NTS NAK)"
      : "their NTS fields are wrong or missing")
  );
}

function authenticationText(
  authentication: AssociationReport["authentication"],
  keyId: number | null,
  { sent, received }: AssociationReport["packets"],
): string | null {
  const key = keyId === null ? "" : ` ${keyId}`;
  if (authentication === "nak")
    return keyId === null
      ? "it sent a crypto-NAK, though no key was used"
      : `it does not accept key${key} (crypto-NAK)`;
  if (sent === 0 && keyId === null) return "they carry no key's code";
  if (sent === 0)
    return received > 0
      ? `their code is wrong, or key${key} is not in the keyring or not trusted`
      : `key${key} is not in the keyring, or not trusted`;
  if (authentication === "failed")
    return keyId === null
      ? "they carry a code that cannot be checked without its key"
      : `wrong or missing code for key${key}`;
  return null;
}
