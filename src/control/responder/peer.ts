/** Peer variables (RFC 5905 §9.1, as ntpd tells them), and those of a local clock. */
import type { AssociationMode } from "../../association/modes.ts";
import { isUnsynchronized } from "../../association/tests.ts";
import { REASONS } from "../../association/verdict.ts";
import { FILTER_STAGES, MAXDISP } from "../../association/filter.ts";
import type { ControlPeer, ControlView } from "../../engine/port/control.ts";
import type { DanceReport } from "../../security/security.ts";
import { shift, UNKNOWN_TIME } from "../../time/timestamp.ts";
import { family } from "../../wire/address.ts";
import { LEAPS, MAXSTRAT, MODES } from "../../wire/header.ts";
import { refidText } from "../../wire/refid.ts";
import { peerWord } from "./status.ts";
import { withoutValue, type VariableTable } from "./table.ts";
import { filterText, hexadecimal, integer, milliseconds, quoted, seconds, timestampText, type Value } from "./text.ts";

/** What the variables are made of. */
export interface PeerThing {
  readonly view: ControlView;
  readonly peer: ControlPeer;
}

/** The variables of an answer to a question that names none, in this order. */
export const DEFAULT_PEER: readonly string[] = [
  "srcadr srcport srchost dstadr dstport leap stratum precision rootdelay rootdisp refid reftime rec reach unreach",
  "hmode pmode hpoll ppoll headway flash keyid ttl offset delay dispersion jitter filtdelay filtoffset filtdisp",
  "host flags signature ident",
].flatMap((line) => line.split(" "));

/** All peer variables, in the order of ntpd's. */
export const PEER_VARIABLES: VariableTable<PeerThing> = [
  ["config", ({ peer }) => integer(Number(peer.report.lifetime === "persistent"))],
  ["authenable", ({ peer }) => integer(Number(peer.report.security !== "none"))],
  ["authentic", ({ peer }) => integer(Number(peer.report.authentication === "ok"))],
  ["srcadr", ({ peer }) => peer.report.address ?? "0.0.0.0"],
  ["srcport", ({ peer }) => integer(peer.report.port)],
  // Only for what has no address yet: with one, clients look its name up, or are asked not to.
  ["srchost", ({ peer }) => (peer.report.address === null ? quoted(peer.report.name) : null)],
  // Every question leaves from a socket of its own, by whatever way there is.
  ["dstadr", ({ peer }) => unspecified(peer)],
  ["dstport", ({ view }) => integer(view.sockets[0]?.port ?? 0)],
  ["leap", ({ peer }) => integer(LEAPS.indexOf(peer.header?.leap ?? "unsynchronized"))],
  ["hmode", ({ peer }) => integer(hostMode(peer.mode))],
  ["stratum", ({ peer }) => integer(Math.min(peer.header?.stratum || MAXSTRAT, MAXSTRAT))],
  // A reply that names no interval, or too short a one, leaves ours (ntpd, process_packet).
  ["ppoll", ({ peer }) => integer(Math.max(peer.minpoll, peer.header?.poll ?? peer.maxpoll))],
  ["hpoll", ({ peer }) => integer(peer.report.poll)],
  ["precision", ({ view, peer }) => integer(peer.header?.precision ?? view.precision)],
  ["rootdelay", ({ peer }) => milliseconds(peer.header?.rootDelay ?? 0)],
  ["rootdisp", ({ peer }) => milliseconds(peer.header?.rootDispersion ?? 0)],
  ["refid", ({ peer }) => peerRefid(peer)],
  ["reftime", ({ peer }) => timestampText(peer.header?.reference ?? UNKNOWN_TIME)],
  ...withoutValue<PeerThing>("org"),
  [
    "rec",
    ({ view, peer: { report } }) =>
      timestampText(report.when === null ? UNKNOWN_TIME : shift(view.now.clock, -report.when)),
  ],
  ...withoutValue<PeerThing>("xmt"),
  ["reach", ({ peer }) => hexadecimal(peer.report.reach)],
  ["unreach", ({ peer }) => integer(peer.report.unreach)],
  ["timer", ({ peer }) => seconds(peer.next)],
  ["delay", ({ peer }) => milliseconds(peer.report.delay ?? 0)],
  ["offset", ({ peer }) => milliseconds(peer.report.offset ?? 0)],
  ["jitter", ({ peer }) => milliseconds(peer.report.jitter ?? 0)],
  ["dispersion", ({ peer }) => milliseconds(peer.report.dispersion ?? MAXDISP)],
  ["keyid", ({ peer }) => integer(peer.report.keyId ?? 0)],
  ["filtdelay", ({ peer }) => filterText(stages(peer, 0, ({ delay }) => delay))],
  ["filtoffset", ({ peer }) => filterText(stages(peer, 0, ({ offset }) => offset))],
  ["pmode", ({ peer }) => integer(peer.header === null ? 0 : MODES.indexOf(peer.header.mode))],
  ["received", ({ peer }) => integer(peer.report.packets.received)],
  ["sent", ({ peer }) => integer(peer.report.packets.sent)],
  ["filtdisp", ({ peer }) => filterText(stages(peer, MAXDISP, ({ dispersion }) => Math.min(dispersion, MAXDISP)))],
  ["flash", ({ peer }) => hexadecimal(flashOf(peer))],
  ["ttl", ({ peer }) => integer(peer.report.ttl ?? null)],
  ["headway", () => integer(0)],
  ...withoutValue<PeerThing>("bias xleave"),
  ["timerec", ({ peer }) => seconds(peer.report.when)],
  ...withoutValue<PeerThing>("timereach badauth bogusorg oldpkt seldisp selbroken"),
  // NTPsec's: −1 tells that it is not under NTS.
  ["ntscookies", ({ peer: { report } }) => integer(report.nts?.cookies ?? -1)],
  // Of Autokey, as ntpd has them.
  ["flags", ofAutokey(({ status }) => (status === 0 ? null : hexadecimal(status)))],
  ["host", ofAutokey(({ host }) => (host === null ? null : quoted(host)))],
  ["signature", ofAutokey(({ signature }) => (signature === null ? null : quoted(signature)))],
  ["ident", ofAutokey(({ ident }) => (ident === null ? null : quoted(ident)))],
  ["candidate", ({ peer }) => integer(candidate(peer))],
  ["peer_var_list", () => quoted(PEER_VARIABLES.map(([name]) => name).join(","))],
];

/** What is told of an association under Autokey. */
function ofAutokey(value: (report: DanceReport) => Value): (thing: PeerThing) => Value {
  return ({ peer: { report } }) => (report.autokey === undefined ? null : value(report.autokey));
}

/** The variables of a local clock that stands in for a source, in the order of ntpd's driver 1. */
export const CLOCK_VARIABLES: VariableTable<ControlView> = [
  ["device", () => quoted("Undisciplined local clock")],
  ["timecode", () => quoted("")],
  ["poll", () => integer(0)],
  ["noreply", () => integer(0)],
  ["badformat", () => integer(0)],
  ["baddata", () => integer(0)],
  ...withoutValue<ControlView>("fudgetime1 fudgetime2"),
  ["stratum", ({ localStratum }) => integer(localStratum)],
  ["refid", () => "LOCL"],
  ["flags", () => integer(0)],
  ["clock_var_list", () => quoted(CLOCK_VARIABLES.map(([name]) => name).join(","))],
];

/** What is told of a local clock when nothing is asked for by name. */
export const DEFAULT_CLOCK: readonly string[] =
  "device timecode poll noreply badformat baddata stratum refid flags".split(" ");

/** A mode by its number; a broadcast client has one that packets use otherwise (ntpd's `MODE_BCLIENT`). */
export function hostMode(mode: AssociationMode | "broadcast" | null): number {
  if (mode === null) return 0;
  return mode === "broadcastClient" ? 6 : MODES.indexOf(mode);
}

/** A reference identifier as ntpd sends it: from stratum 2 on as octets, reference clocks included; readers know their names. */
export function refidValue(stratum: number, word: number): string {
  if (stratum <= 1 || stratum >= MAXSTRAT) return refidText(stratum, word);
  return [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff].join(".");
}

function unspecified({ report: { address } }: ControlPeer): string {
  return address !== null && family(address) === 6 ? "::" : "0.0.0.0";
}

/** The tests its last packet failed, and those that it fails itself now (ntpd's TEST10 … TEST13). */
function flashOf({ header, report: { flash, reach, reason } }: ControlPeer): number {
  const isUnset = header === null || isUnsynchronized(header);
  return (
    flash |
    (reason === null ? 0 : REASONS[reason].flash) |
    (reach === 0 ? REASONS.unreachable.flash : 0) |
    (isUnset ? REASONS.stratum.flash | REASONS.rootDistance.flash : 0)
  );
}

/** What its clock is set by; before the first packet, what it last said by a kiss. */
function peerRefid({ template, header, report: { kiss } }: ControlPeer): string {
  if (template !== null) return template;
  return header === null ? (kiss ?? "INIT") : refidValue(header.stratum, header.referenceId);
}

/** One of each sample, youngest first; stages that have none hold what they began with. */
function stages<Sample>(
  peer: { readonly samples: readonly Sample[] },
  empty: number,
  of: (sample: Sample) => number,
): number[] {
  return Array.from({ length: FILTER_STAGES }, (_, stage) => {
    const sample = peer.samples[stage];
    return sample === undefined ? empty : of(sample);
  });
}

/** ntpd's select field, which it calls the candidate order. */
function candidate(peer: ControlPeer): number {
  return (peerWord(peer) >> 8) & 7;
}
