/**
 * The report of one association, whoever makes it: what is told, put over what there is while nothing is known. The order of
 * its fields is that of the documents.
 */
import type { AssociationId } from "../../association/association.ts";
import type { Estimate } from "../../association/filter.ts";
import { TALLIES } from "../../association/verdict.ts";
import type { Header } from "../../wire/header.ts";
import { refidText } from "../../wire/refid.ts";
import type { AssociationReport } from "./snapshot.ts";

/** What must be told. */
type Known = "id" | "name" | "mode" | "lifetime" | "verdict" | "reason" | "poll" | "reach";

/** What is told of an association. */
export type Told = Pick<AssociationReport, Known> & Partial<AssociationReport>;

/** An association of which nothing is known. */
export const UNKNOWN_ASSOCIATION: AssociationReport = {
  id: 0 as AssociationId,
  name: "",
  address: null,
  port: 123,
  mode: "client",
  lifetime: "persistent",
  tally: TALLIES.rejected,
  verdict: "rejected",
  reason: null,
  version: null,
  leap: null,
  stratum: null,
  refid: null,
  poll: 0,
  reach: 0,
  unreach: 0,
  offset: null,
  delay: null,
  dispersion: null,
  jitter: null,
  rootDelay: null,
  rootDispersion: null,
  rootDistance: null,
  precision: null,
  authentication: "none",
  security: "none",
  keyId: null,
  kiss: null,
  timestamps: null,
  packets: { sent: 0, received: 0, rejected: 0 },
  flash: 0,
  reference: null,
  unreachable: null,
  when: null,
};

/** The report. */
export function associationReport(told: Told): AssociationReport {
  return { ...UNKNOWN_ASSOCIATION, tally: TALLIES[told.verdict], ...told };
}

/** What the last valid packet says of its sender; nothing before the first. */
export function headerReport(
  header: Header | null,
): Partial<
  Pick<AssociationReport, "version" | "leap" | "stratum" | "refid" | "rootDelay" | "rootDispersion" | "precision">
> {
  if (header === null) return {};
  const { version, leap, stratum, referenceId, rootDelay, rootDispersion, precision } = header;
  return { version, leap, stratum, refid: refidText(stratum, referenceId), rootDelay, rootDispersion, precision };
}

/** What the clock filter makes of its samples; nothing without any. */
export function estimateReport(
  estimate: Estimate | null,
): Partial<Pick<AssociationReport, "offset" | "delay" | "dispersion" | "jitter">> {
  if (estimate === null) return {};
  const { offset, delay, dispersion, jitter } = estimate;
  return { offset, delay, dispersion, jitter };
}
