/** A {@link DaemonReport} of what runs have left for the next: the servers as they were when they were last heard. */
import { rootDistance } from "../association/distance.ts";
import { clockFilter, refillFilter } from "../association/filter.ts";
import { offsetOf } from "../discipline/unattended.ts";
import { estimateReport, headerReport } from "../engine/port/association-report.ts";
import type { Remembered, RememberedAssociation } from "../engine/port/memory.ts";
import type { Mono } from "../time/mono.ts";
import { PHI } from "../time/seconds.ts";
import { unfold, type UnixNanoseconds } from "../time/timestamp.ts";
import { peerReport, systemReport, type DaemonReport, type PeerReport } from "./daemon.ts";

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
  const peers = associations.map((entry, place) => rememberedPeer(entry, place + 1, pivot));
  return {
    host: path,
    protocol: "state",
    daemon: null,
    system: systemReport(
      {
        offset: clock && offsetOf(clock),
        frequency: clock?.oscillator.frequency ?? null,
        clockWander: clock?.wander ?? null,
      },
      peers,
    ),
    associations: peers,
    withheld: false,
  };
}

function rememberedPeer(entry: RememberedAssociation, id: number, pivot: UnixNanoseconds): PeerReport {
  const { kind, name, key, ip, port, verdict, reason, reach, unreach, hpoll, header, heard, backoff } = entry;
  const filter = clockFilter();
  const samples = entry.samples.map(({ age, ...sample }) => ({ ...sample, at: -age as Mono }));
  refillFilter(filter, samples, NOW, NOW, { emptyStages: "brief", precision: -32 });
  const distance = rootDistance({ header, filter }, NOW, { mindist: 0, phi: PHI });
  return peerReport({
    id,
    name,
    address: ip,
    port,
    mode: kind === "peer" ? "symmetricActive" : "client",
    lifetime: kind === "pool" ? "preemptable" : "persistent",
    verdict,
    reason,
    ...headerReport(header),
    poll: hpoll,
    reach,
    unreach,
    ...estimateReport(filter.estimate),
    rootDistance: Number.isFinite(distance) ? distance : null,
    security: key === null ? "none" : "key",
    keyId: key,
    kiss: backoff === null ? null : "RATE",
    reference: header === null || header.reference === 0n ? null : unfold(header.reference, pivot),
    when: heard === null ? null : Math.floor(heard),
    type: kind === "peer" ? "s" : "u",
  });
}
