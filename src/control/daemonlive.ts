/** A {@link DaemonReport} where no daemon answers: of the engine's own measurements. */
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { unfold, type UnixNanoseconds } from "../time/timestamp.ts";
import { isMulticast } from "../wire/address.ts";
import { peerReport, systemReport, type DaemonReport, type PeerReport } from "./daemon.ts";

/**
 * What the engine found.
 * @param host that no daemon answered on
 * @param pivot a Unix time near the run
 */
export function liveReport(
  host: string,
  { system, clock, associations }: Snapshot,
  pivot: UnixNanoseconds,
): DaemonReport {
  return {
    host,
    protocol: "live",
    daemon: null,
    system: systemReport({ ...system, offset: clock.offset, jitter: clock.jitter }),
    associations: associations.map((association) => livePeer(association, pivot)),
    withheld: false,
  };
}

function livePeer(association: AssociationReport, pivot: UnixNanoseconds): PeerReport {
  const { reference, lifetime, when } = association;
  return peerReport({
    ...association,
    when: when === null ? null : Math.floor(when),
    reference: reference === null || reference === 0n ? null : unfold(reference, pivot),
    type: typeLetter(association),
    configured: lifetime === "persistent",
  });
}

function typeLetter({ mode, address }: AssociationReport): string {
  if (mode === "broadcast") return address !== null && isMulticast(address) ? "M" : "B";
  if (mode === "symmetricActive") return "s";
  if (mode === "symmetricPassive") return "S";
  return "u";
}
