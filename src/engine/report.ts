/** From the engine's state to its {@link Snapshot}: every number a view may show, nothing computed twice. */
import type { Seconds } from "../time/seconds.ts";
import type { Association, Discovery } from "../association/association.ts";
import { rootDistance } from "../association/distance.ts";
import { isMeasured } from "../discipline/unattended.ts";
import type { Opinion } from "../system/judge.ts";
import { elapsed } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import { refidText } from "../wire/refid.ts";
import { associationReport, estimateReport, headerReport } from "./port/association-report.ts";
import { addressKey } from "../wire/address.ts";
import { provedBy } from "./keys/establish.ts";
import { ESTABLISH_FAULTS } from "./port/establish.ts";
import type { EstablishFault } from "./port/establish.ts";
import type { AssociationReport, ClockReport, NtsReport, Snapshot, SystemReport } from "./port/snapshot.ts";
import type { State } from "./state.ts";

/** The whole state as data. */
export function snapshotOf(state: State, now: Now): Snapshot {
  const started = state.started ?? now;
  const lookups = [...state.finding.names];
  return {
    startedAt: started.clock,
    at: now.clock,
    elapsed: elapsed(started.mono, now.mono),
    clock: clockReport(state),
    ...(state.judgedAt === -Infinity ? {} : { judgedAt: state.judgedAt }),
    system: systemReport(state.opinion),
    limits: state.config.limits,
    discipline: state.clock.steering?.discipline.report ?? null,
    associations: inOrder(state).map((association) => reportOf(association, state, now)),
    resolved: lookups.flatMap(({ name, addresses }) => (addresses === null ? [] : [{ name, addresses }])),
    unresolved: lookups.flatMap(({ name, fault }) => (fault === null ? [] : [{ name, why: fault }])),
    notDrawn: state.finding.pools.flatMap(({ config: { name, port }, failed }) =>
      Array.from(failed, ([address, why]) => ({ name, address, port, why: doubtOf(state, address, port) ?? why })),
    ),
    rings: state.finding.solicitors.flatMap(({ group, rings }) =>
      rings.map(({ ttl, at, replies }) => ({ group, ttl, sentAt: at, replies })),
    ),
    refused: Object.fromEntries(state.refused),
    served: state.serving.answering === null ? null : { ...state.serving.answering.server.counts },
    outcome: state.outcome,
  };
}

/** Why no keys were established with who was drawn; `null`: it is not that. */
function doubtOf({ finding: { doubts } }: State, ip: string, port: number): EstablishFault | "noReply" | null {
  return doubts.get(addressKey({ ip, port }))?.why ?? null;
}

/** A one-shot lists its servers as they were named, however long each name took; others as they were mobilized. */
function inOrder({ config, roster }: State): Association[] {
  const all = [...roster];
  if (config.once === null) return all;
  const places = new Map(config.associations.map((line, place) => [line, place] as const));
  const place = (association: Association): number => places.get(association.config) ?? places.size;
  return all.sort((one, other) => place(one) - place(other));
}

function clockReport(state: State): ClockReport {
  const { estimate } = state.opinion;
  const { action, applied, reason, lasting, refused } = state.clock.correction;
  const offset = refused?.offset ?? estimate?.offset ?? null;
  return {
    offset,
    uncertainty: estimate?.uncertainty ?? null,
    jitter: estimate?.jitter ?? null,
    direction: offset === null ? null : directionOf(offset),
    action,
    applied,
    reason,
    lasting,
    ...frequencyReport(state),
    ...(refused === null || refused.moved === 0 ? {} : { moved: refused.moved }),
  };
}

function directionOf(offset: Seconds): NonNullable<ClockReport["direction"]> {
  return offset > 0 ? "behind" : offset < 0 ? "ahead" : "exact";
}

/** Of a run that remembers nothing, nothing is said of the rate. */
function frequencyReport({
  config,
  memory: { learning },
  clock: { correction },
}: State): Pick<ClockReport, "frequency"> {
  if ((config.once?.known ?? null) === null) return {};
  const oscillator = learning?.discipline.learned.oscillator ?? null;
  if (oscillator === null || !isMeasured(oscillator)) return { frequency: null };
  const { frequency, variance } = oscillator;
  return { frequency: { correction: frequency, deviation: Math.sqrt(variance), applied: correction.frequencySet } };
}

function systemReport(opinion: Opinion): SystemReport {
  const { estimate, variables, survivors, truechimers, falsetickers, intersection } = opinion;
  const { leap, stratum, referenceId, rootDelay, rootDispersion, rootDistance: distance } = variables;
  const followed = <Value>(value: Value): Value | null => (estimate === null ? null : value);
  return {
    leap,
    stratum,
    refid: followed(refidText(stratum, referenceId)),
    rootDelay: followed(rootDelay),
    rootDispersion: followed(rootDispersion),
    rootDistance: followed(distance),
    systemPeer: estimate?.peer ?? null,
    survivors: survivors.length,
    truechimers,
    falsetickers,
    intersection,
  };
}

function reportOf(association: Association, state: State, now: Now): AssociationReport {
  const { id, mode, lifetime, header, filter, address, security, hpoll, reach, unreach } = association;
  const { verdict, reason } = state.verdictOn(association);
  return associationReport({
    id,
    name: association.config.name,
    address: address?.ip ?? null,
    port: address?.port ?? association.config.port,
    mode: mode === "broadcastClient" ? "broadcast" : mode,
    lifetime,
    verdict,
    reason,
    ...headerReport(header),
    poll: hpoll,
    reach,
    unreach,
    ...estimateReport(filter.estimate),
    rootDistance: filter.estimate === null ? null : rootDistance(association, now.mono, state.config.limits),
    authentication: association.authentication,
    security: security.kind,
    keyId: security.keyId,
    ...ntsReport(association, state, now),
    ...(security.dancing === undefined ? {} : { autokey: security.dancing.report() }),
    kiss: association.kiss,
    timestamps: association.stamps,
    packets: { ...association.packets },
    flash: association.flash,
    reference: header?.reference ?? null,
    unreachable: association.undelivered,
    when: association.heard === null ? null : elapsed(association.heard, now.mono),
    ...discoveryReport(association.found),
  });
}

/** What there is to ask by, of those that are under NTS. */
function ntsReport(
  { id, config, found, security: { kind, keying } }: Association,
  { keys }: State,
  now: Now,
): { readonly nts?: NtsReport } {
  if (kind !== "nts") return {};
  const {
    since = null,
    fault = null,
    attempts = 0,
    server = null,
    until = null,
    kept,
    reduced = null,
  } = keys.get(id) ?? {};
  return {
    nts: {
      cookies: keying?.cookies ?? 0,
      age: since === null ? null : elapsed(since, now.mono),
      server,
      ...(found === null ? {} : { certified: provedBy(config) }),
      until,
      kept: kept === "inUse",
      reduced,
      attempts,
      fault: fault === null ? null : { step: ESTABLISH_FAULTS[fault.why].step, name: fault.why, detail: fault.detail },
    },
  };
}

/** How it was found, for those that were. */
function discoveryReport(found: Discovery | null): Pick<AssociationReport, "ttl" | "group"> {
  if (found === null) return {};
  const { ttl, group } = found;
  return { ...(ttl === null ? {} : { ttl }), ...(group === null ? {} : { group }) };
}
