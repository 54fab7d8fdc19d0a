/**
 * A {@link DaemonReport} from ntpd-rs's observation socket.
 *
 * ntpd-rs does not tell what it makes of each source. The first one it uses is known by the system's reference id, and who
 * has not answered by the polls since; of the others nothing is known, and the reason says so (`untold`).
 */
import type { Reason, Verdict } from "../association/verdict.ts";
import type { Leap } from "../wire/header.ts";
import { addressOctets } from "../wire/address.ts";
import { md5 } from "../security/md5.ts";
import { refidOfAddress, refidText } from "../wire/refid.ts";
import { peerReport, systemReport, type DaemonReport, type DaemonSystem, type PeerReport } from "./daemon.ts";
import type { Observation, ObservedSource, ObservedSystem } from "./observe.ts";

/**
 * What ntpd-rs told.
 * @param host as it was asked for
 * @param now the local clock, NTP seconds of its era, for versions that do not tell theirs
 */
export function observationReport(
  host: string,
  { version, now: told, system, sources }: Observation,
  now: number,
): DaemonReport {
  const sorted = sources.toSorted((left, right) =>
    left.name < right.name ? -1 : left.name > right.name ? 1 : (left.id ?? 0) - (right.id ?? 0),
  );
  const followed = followedOf(sorted, system);
  const associations = sorted.map((source, index) =>
    sourceReport(source, index + 1, { isFollowed: source === followed, now: told ?? now, system }),
  );
  return {
    host,
    protocol: "observe",
    daemon: version === null ? "ntpd-rs" : `ntpd-rs ${version}`,
    system: observedSystem(system, associations),
    associations,
    withheld: false,
  };
}

const LEAPS: ReadonlyMap<string, Leap> = new Map([
  ["NoWarning", "none"],
  ["Leap61", "insert"],
  ["Leap59", "delete"],
]);

function leapOf(word: string | null): Leap | undefined {
  return LEAPS.get(word ?? "");
}

/** The first source it uses: the one whose address makes the system's reference id, and which answers. */
function followedOf(
  sources: readonly ObservedSource[],
  { referenceId, leap }: ObservedSystem,
): ObservedSource | undefined {
  if (referenceId === null || leapOf(leap) === undefined) return undefined;
  const matching = sources.filter(({ address }) => refidOfAddress(endpointOf(address)?.ip ?? "", md5) === referenceId);
  return matching.find(({ offset, unansweredPolls }) => offset !== null && unansweredPolls < POLLS);
}

/** How many polls are counted. */
const POLLS = 8;

function observedSystem(
  { stratum, referenceId, precision, rootDelay, rootDispersion, leap }: ObservedSystem,
  associations: readonly PeerReport[],
): DaemonSystem {
  const followed = associations.find(({ verdict }) => verdict === "systemPeer");
  const synchronized = leapOf(leap) !== undefined;
  return systemReport({
    leap: leapOf(leap) ?? "unsynchronized",
    stratum: stratum ?? 16,
    refid: referenceId === null || !synchronized ? null : refidText(stratum ?? 16, referenceId),
    rootDelay,
    rootDispersion,
    systemPeer: followed?.id ?? null,
    // Of its own estimate nothing is told but what it makes of the source it follows.
    offset: followed?.offset ?? null,
    jitter: followed?.jitter ?? null,
    precision: precision === null || precision <= 0 ? null : Math.round(Math.log2(precision)),
  });
}

function sourceReport(
  source: ObservedSource,
  id: number,
  { isFollowed, now, system }: { readonly isFollowed: boolean; readonly now: number; readonly system: ObservedSystem },
): PeerReport {
  const { offset, uncertainty, delay, remoteDelay, remoteUncertainty, lastUpdate, unansweredPolls, poll, cookies } =
    source;
  const endpoint = endpointOf(source.address);
  const figures = [delay, uncertainty, remoteDelay, remoteUncertainty];
  const [verdict, reason] = judgementOf(source, isFollowed);
  return peerReport({
    id,
    name: endpointOf(source.name)?.ip ?? source.name,
    address: endpoint?.isAddress === true ? endpoint.ip : null,
    port: endpoint?.port ?? 0,
    mode: "client",
    lifetime: "persistent",
    verdict,
    reason,
    // It is one above the source it follows.
    stratum: isFollowed && system.stratum !== null ? system.stratum - 1 : null,
    poll: Math.min(Math.max(poll ?? 0, 0), 30),
    // Polls before the last answered one are not told, and count as answered.
    reach: unansweredPolls >= POLLS ? 0 : (0xff << unansweredPolls) & 0xff,
    unreach: unansweredPolls,
    offset,
    delay,
    jitter: uncertainty,
    rootDelay: remoteDelay,
    rootDispersion: remoteUncertainty,
    rootDistance: figures.includes(null) ? null : (remoteDelay! + delay!) / 2 + remoteUncertainty! + uncertainty!,
    authentication: cookies !== null && offset !== null ? "ok" : "none",
    security: cookies === null ? "none" : "nts",
    when: lastUpdate === null ? null : Math.max(0, Math.floor(now - lastUpdate)),
    // A socket or a device stands for a reference clock.
    type: endpoint === null ? "l" : "u",
  });
}

function judgementOf({ offset, unansweredPolls }: ObservedSource, isFollowed: boolean): [Verdict, Reason | null] {
  if (isFollowed) return ["systemPeer", null];
  if (unansweredPolls >= POLLS) return ["rejected", "unreachable"];
  return ["rejected", offset === null ? "pending" : "untold"];
}

/** A host and a port: `192.0.2.1:123`, `[2001:db8::1]:123`, `ntp.example.net:123`. */
function endpointOf(text: string): { readonly ip: string; readonly port: number; readonly isAddress: boolean } | null {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:/]+)):(\d{1,5})$/.exec(text) ?? [];
  const ip = bracketed ?? plain;
  return ip === undefined ? null : { ip, port: Number(port), isAddress: addressOctets(ip) !== null };
}
