/** A {@link DaemonReport} of what runs have left for the next: the servers as they were when they were last heard. */
import { rootDistance } from "../association/distance.ts";
import { clockFilter, refillFilter } from "../association/filter.ts";
import { TALLIES } from "../association/verdict.ts";
import type { Remembered, RememberedAssociation } from "../engine/memory/remembered.ts";
import type { Mono } from "../time/mono.ts";
import { PHI } from "../time/seconds.ts";
import { unfold, type UnixNanoseconds } from "../time/timestamp.ts";
import { refidText } from "../wire/refid.ts";
import { countedVerdicts } from "./daemon.ts";
import type { DaemonReport, PeerReport } from "./daemon.ts";

/** The ages are as of now, so now is the beginning of time. */
const NOW = 0 as Mono;

/**
 * What was remembered, as a report of a daemon that is not there.
 * @param path of the file
 * @param remembered as old as it is now
 * @param pivot a Unix time near the present
 */
export function rememberedReport(
  path: string,
  { associations, clock }: Remembered,
  pivot: UnixNanoseconds,
): DaemonReport {
  const peers = associations.map((entry, place) => peerReport(entry, place + 1, pivot));
  return {
    host: path,
    protocol: "state",
    daemon: null,
    system: {
      leap: "unsynchronized",
      stratum: 16,
      refid: null,
      rootDelay: null,
      rootDispersion: null,
      rootDistance: null,
      systemPeer: peers.find(({ verdict }) => verdict === "systemPeer")?.id ?? null,
      ...countedVerdicts(peers),
      intersection: null,
      offset: clock?.phase?.offset ?? null,
      frequency: clock?.frequency ?? null,
      jitter: null,
      clockJitter: null,
      clockWander: clock?.wander ?? null,
      precision: null,
      reference: null,
      variables: {},
    },
    associations: peers,
    withheld: false,
  };
}

function peerReport(entry: RememberedAssociation, id: number, pivot: UnixNanoseconds): PeerReport {
  const { kind, name, key, ip, port, verdict, reason, reach, unreach, hpoll, header, heard, backoff } = entry;
  const filter = clockFilter();
  const samples = entry.samples.map(({ age, ...sample }) => ({ ...sample, at: -age as Mono }));
  refillFilter(filter, samples, NOW, NOW, { emptyStages: "brief", precision: -32 });
  const { estimate } = filter;
  const distance = rootDistance({ header, filter }, NOW, { mindist: 0, phi: PHI });
  return {
    id,
    name,
    address: ip,
    port,
    mode: kind === "peer" ? "symmetricActive" : "client",
    lifetime: kind === "pool" ? "preemptable" : "persistent",
    tally: TALLIES[verdict],
    verdict,
    reason,
    version: header?.version ?? null,
    leap: header?.leap ?? null,
    stratum: header?.stratum ?? null,
    refid: header === null ? null : refidText(header.stratum, header.referenceId),
    poll: hpoll,
    reach,
    unreach,
    offset: estimate?.offset ?? null,
    delay: estimate?.delay ?? null,
    dispersion: estimate?.dispersion ?? null,
    jitter: estimate?.jitter ?? null,
    rootDelay: header?.rootDelay ?? null,
    rootDispersion: header?.rootDispersion ?? null,
    rootDistance: Number.isFinite(distance) ? distance : null,
    precision: header?.precision ?? null,
    authentication: "none",
    security: key === null ? "none" : "key",
    keyId: key,
    kiss: backoff === null ? null : "RATE",
    timestamps: null,
    packets: null,
    flash: null,
    reference: header === null || header.reference === 0n ? null : unfold(header.reference, pivot),
    unreachable: null,
    when: heard === null ? null : Math.floor(heard),
    type: kind === "peer" ? "s" : "u",
    configured: true,
    local: null,
    status: null,
    variables: {},
  };
}
