/** Snapshots made by hand, for the views. */
import type { AssociationId } from "../../src/association/association.ts";
import type { Reason, Verdict } from "../../src/association/verdict.ts";
import { TALLIES } from "../../src/association/verdict.ts";
import type { AssociationReport, Snapshot } from "../../src/engine/port/snapshot.ts";
import { fromUnix, type NtpTimestamp } from "../../src/time/timestamp.ts";

/** 2026-11-21T20:00:00Z */
export const MOMENT = 1_795_291_200_000_000_000n;

/** An association that is the system peer, with some fields otherwise. */
export function association(id: number, fields: Partial<AssociationReport> = {}): AssociationReport {
  const verdict: Verdict = fields.verdict ?? "systemPeer";
  return {
    id: id as AssociationId,
    name: `192.0.2.${id}`,
    address: `192.0.2.${id}`,
    port: 123,
    mode: "client",
    lifetime: "persistent",
    tally: TALLIES[verdict],
    verdict,
    reason: null,
    version: 4,
    leap: "none",
    stratum: 2,
    refid: "198.51.100.1",
    poll: 6,
    reach: 0o17,
    unreach: 0,
    offset: 0.25,
    delay: 0.0002,
    dispersion: 0.0001,
    jitter: 0.00002,
    rootDelay: 0.001,
    rootDispersion: 0.002,
    rootDistance: 0.0031,
    precision: -24,
    authentication: "none",
    security: "none",
    keyId: null,
    kiss: null,
    timestamps: "kernel",
    packets: { sent: 4, received: 4, rejected: 0 },
    flash: 0,
    reference: fromUnix(MOMENT - 10_000_000_000n),
    unreachable: null,
    when: 0.5,
    ...fields,
  };
}

/** An association that is not used. */
export function lost(id: number, reason: Reason, fields: Partial<AssociationReport> = {}): AssociationReport {
  return association(id, { verdict: "rejected", reason, ...fields });
}

/** An association that was never heard. */
export function silent(id: number, reason: Reason, fields: Partial<AssociationReport> = {}): AssociationReport {
  const unknown = {
    version: null,
    leap: null,
    stratum: null,
    refid: null,
    offset: null,
    delay: null,
    dispersion: null,
    jitter: null,
  };
  const roots = {
    rootDelay: null,
    rootDispersion: null,
    rootDistance: null,
    precision: null,
    timestamps: null,
    reference: null,
    when: null,
  };
  return lost(id, reason, {
    ...unknown,
    ...roots,
    reach: 0,
    packets: { sent: 4, received: 0, rejected: 0 },
    ...fields,
  });
}

/** What {@link snapshotOf} may be told beside the associations. */
export interface SnapshotParts {
  readonly clock?: Partial<Snapshot["clock"]>;
  readonly system?: Partial<Snapshot["system"]>;
  readonly unresolved?: Snapshot["unresolved"];
  readonly notDrawn?: NonNullable<Snapshot["notDrawn"]>;
  readonly startedAt?: NtpTimestamp;
}

/** A run that ended well: the local clock is a quarter of a second behind. */
export function snapshotOf(associations: readonly AssociationReport[], parts: SnapshotParts = {}): Snapshot {
  return {
    startedAt: parts.startedAt ?? fromUnix(MOMENT),
    at: fromUnix(MOMENT + 6_000_000_000n),
    elapsed: 6.02,
    clock: {
      offset: 0.25,
      uncertainty: 0.00022,
      jitter: 0.00002,
      direction: "behind",
      action: "none",
      applied: false,
      reason: "query",
      lasting: null,
      ...parts.clock,
    },
    system: {
      leap: "none",
      stratum: 3,
      refid: "192.0.2.1",
      rootDelay: 0.0012,
      rootDispersion: 0.0021,
      rootDistance: 0.0031,
      systemPeer: 1 as AssociationId,
      survivors: 1,
      truechimers: 1,
      falsetickers: 0,
      intersection: { low: 0.247, high: 0.253 },
      ...parts.system,
    },
    associations,
    resolved: [],
    unresolved: parts.unresolved ?? [],
    ...(parts.notDrawn === undefined ? {} : { notDrawn: parts.notDrawn }),
    rings: [],
    refused: {},
    outcome: "ok",
  };
}

/** A run that found nothing. */
export function undecided(associations: readonly AssociationReport[], parts: SnapshotParts = {}): Snapshot {
  const clock = {
    offset: null,
    uncertainty: null,
    jitter: null,
    direction: null,
    reason: "no-agreement" as const,
    ...parts.clock,
  };
  const nothing = {
    leap: "unsynchronized" as const,
    stratum: 16,
    refid: null,
    rootDelay: null,
    rootDispersion: null,
    rootDistance: null,
  };
  return snapshotOf(associations, {
    ...parts,
    clock,
    system: { ...nothing, systemPeer: null, survivors: 0, truechimers: 0, intersection: null, ...parts.system },
  });
}
