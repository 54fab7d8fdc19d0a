/** A {@link DaemonReport} from chrony's protocol. chronyd's words and letters become ours by tables. */
import type { Reason, Verdict } from "../association/verdict.ts";
import { addressOctets } from "../wire/address.ts";
import { refidText } from "../wire/refid.ts";
import type { ChronyReadSource, ReadChrony } from "./chrony.ts";
import type { ChronyTracking, SourceMode, SourceState } from "./chronyreport.ts";
import { peerReport, systemReport, type DaemonReport, type DaemonSystem, type PeerReport } from "./daemon.ts";
import { own } from "../wire/own.ts";

/**
 * What chronyd told.
 * @param host as it was asked for
 */
export function cmdmonReport(host: string, chrony: ReadChrony): DaemonReport {
  const { tracking, sources, withheld } = chrony;
  const associations = sources.map(sourceReport);
  return {
    host,
    protocol: "cmdmon",
    daemon: "chronyd",
    system: trackedSystem(tracking, associations),
    associations,
    withheld,
    chrony,
  };
}

/** What chronyd makes of a source: chronyc's marks `* ? x ~ + -`. A jittery source is no candidate, as an outlier is none. */
const VERDICTS: Readonly<Record<SourceState, Verdict>> = {
  selected: "systemPeer",
  combined: "survivor",
  selectable: "outlier",
  falseticker: "falseticker",
  jittery: "outlier",
  unusable: "rejected",
};

/** Why, by the letter of `chronyc selectdata`. */
const LETTERS: Readonly<Record<string, Reason>> = {
  N: "noselect",
  s: "unsynchronized",
  M: "pending", // too few samples
  r: "stratum",
  d: "rootDistance",
  D: "rootDistance",
  "~": "selectJitter",
  w: "pending", // for others' samples
  W: "pending", // for more sources
  S: "unreachable", // its last sample is old
  O: "surplus", // an orphan, while there are others
  T: "noMajority", // it does not agree with the trusted ones
  P: "surplus", // others are preferred
  U: "pending", // for its next sample
  L: "selectJitter",
  x: "outsideIntersection",
};

/** Why, where chronyd does not tell the letter. */
const STATES: Readonly<Record<SourceState, Reason | null>> = {
  selected: null,
  combined: null,
  selectable: "surplus",
  falseticker: "outsideIntersection",
  jittery: "selectJitter",
  unusable: "pending",
};

const MODES: Readonly<Record<SourceMode, { readonly mode: PeerReport["mode"]; readonly type: string }>> = {
  server: { mode: "client", type: "u" },
  peer: { mode: "symmetricActive", type: "s" },
  referenceClock: { mode: "client", type: "l" },
};

function trackedSystem(tracking: ChronyTracking, associations: readonly PeerReport[]): DaemonSystem {
  const { stratum, referenceId, rootDelay, rootDispersion, leap, correction, frequency, rmsOffset, skew, reference } =
    tracking;
  const synchronized = leap !== "unsynchronized";
  return systemReport(
    {
      leap,
      // chronyd says 0 where it has no source.
      stratum: synchronized ? stratum : 16,
      refid: synchronized ? refidText(stratum, referenceId) : null,
      rootDelay,
      rootDispersion,
      offset: correction,
      frequency,
      jitter: rmsOffset,
      clockWander: skew,
      reference,
    },
    associations,
  );
}

function sourceReport(read: ChronyReadSource, index: number): PeerReport {
  const { source, name, stats } = read;
  const clock = source.referenceId === null ? null : refidText(1, source.referenceId);
  const address = source.address !== null && addressOctets(source.address) !== null ? source.address : null;
  return peerReport({
    id: index + 1,
    name: name ?? clock ?? source.address ?? `${index + 1}`,
    address,
    ...MODES[source.mode],
    lifetime: "persistent",
    verdict: VERDICTS[source.state],
    reason: reasonOf(read, address),
    leap: read.select?.leap ?? null,
    stratum: source.when === null ? null : source.stratum,
    refid: clock,
    poll: source.poll,
    reach: source.reach,
    offset: source.offset,
    jitter: stats !== null && stats.samples > 0 ? stats.deviation : null,
    rootDistance: source.error,
    ...authenticationOf(read),
    when: source.when,
    ...ntpReport(read, clock),
  });
}

/** What it tells of a source's packets. Of one that never answered it gives zeros, of which only the counts mean anything. */
function ntpReport({ ntp, select }: ChronyReadSource, clock: string | null): Partial<PeerReport> {
  if (ntp === null) return {};
  const packets = { sent: ntp.sent, received: ntp.received, rejected: ntp.received - ntp.good };
  if (ntp.received === 0) return { packets };
  const { port, version, leap, delay, dispersion, rootDelay, rootDispersion, precision, reference, localAddress } = ntp;
  return {
    port,
    version,
    leap: leap ?? select?.leap ?? null,
    refid: clock ?? refidText(ntp.stratum, ntp.referenceId),
    delay,
    dispersion,
    rootDelay,
    rootDispersion,
    precision,
    timestamps: [ntp.transmitStamps, ntp.receiveStamps].includes("D") ? "user" : "kernel",
    packets,
    reference,
    local: localAddress,
  };
}

function reasonOf({ source, select }: ChronyReadSource, address: string | null): Reason | null {
  if (source.state === "selected" || source.state === "combined") return null;
  if (source.mode !== "referenceClock" && address === null) return "unresolved";
  const reason = own(LETTERS, select?.state ?? "") ?? STATES[source.state];
  // Without a sample all its own words say no more than that it did not answer.
  return source.when === null && source.reach === 0 && reason !== "noselect" ? "unreachable" : reason;
}

function authenticationOf({ auth, ntp }: ChronyReadSource): Pick<PeerReport, "authentication" | "security" | "keyId"> {
  if (auth === null || auth.mode === "none") return { authentication: "none", security: "none", keyId: null };
  const authentication = ntp === null || ntp.received === 0 ? "none" : ntp.authenticated ? "ok" : "failed";
  return { authentication, security: auth.mode, keyId: auth.mode === "key" ? auth.keyId : null };
}
