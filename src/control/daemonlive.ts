/** A {@link DaemonReport} where no daemon answers: of the engine's own measurements. */
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { unfold, type UnixNanoseconds } from "../time/timestamp.ts";
import { isMulticast } from "../wire/address.ts";
import type { DaemonReport, PeerReport } from "./daemon.ts";

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
    system: {
      ...system,
      offset: clock.offset,
      frequency: null,
      jitter: clock.jitter,
      clockJitter: null,
      clockWander: null,
      precision: null,
      reference: null,
      variables: {},
    },
    associations: associations.map((association) => peerReport(association, pivot)),
    withheld: false,
  };
}

function peerReport(association: AssociationReport, pivot: UnixNanoseconds): PeerReport {
  const { reference, lifetime, when } = association;
  return {
    ...association,
    when: when === null ? null : Math.floor(when),
    reference: reference === null || reference === 0n ? null : unfold(reference, pivot),
    type: typeLetter(association),
    configured: lifetime === "persistent",
    local: null,
    status: null,
    variables: {},
  };
}

function typeLetter({ mode, address }: AssociationReport): string {
  if (mode === "broadcast") return address !== null && isMulticast(address) ? "M" : "B";
  if (mode === "symmetricActive") return "s";
  if (mode === "symmetricPassive") return "S";
  return "u";
}
