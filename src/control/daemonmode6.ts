/** A {@link DaemonReport} from mode 6: ntpd's variables by their names (ntpq "System Variables", "Peer Variables"). */
import type { DanceReport } from "../security/security.ts";
import type { AssociationMode } from "../association/modes.ts";
import { PACKET_TESTS } from "../association/tests.ts";
import { REASONS, type Reason } from "../association/verdict.ts";
import type { Seconds } from "../time/seconds.ts";
import { unfold, UNKNOWN_TIME, type NtpTimestamp, type UnixNanoseconds } from "../time/timestamp.ts";
import { addressOctets, isMulticast, parseAddressLiteral } from "../wire/address.ts";
import { LEAPS, MODES, type Leap, type Mode } from "../wire/header.ts";
import { KISS_CODES } from "../wire/kiss.ts";
import { refidText, refidWord } from "../wire/refid.ts";
import { peerReport, systemReport, type DaemonReport, type DaemonSystem, type PeerReport } from "./daemon.ts";
import type { ReadAssociation, ReadDaemon } from "./operations.ts";
import { peerStatus, systemStatus, type PeerStatus } from "./status.ts";
import { integerOf, numberOf, secondsOf, timestampOf, unquoted, type Variables } from "./variables.ts";

/**
 * What a daemon told by mode 6.
 * @param host as it was asked for
 * @param now the local clock, which ntpq tells the time since the last packet by
 * @param pivot the same as Unix time
 */
export function mode6Report(host: string, read: ReadDaemon, now: NtpTimestamp, pivot: UnixNanoseconds): DaemonReport {
  const associations = read.associations.map((association) => readPeer(association, now, pivot));
  const variables: Variables = read.system.kind === "variables" ? read.system.variables : new Map();
  const version = variables.get("version");
  return {
    host,
    protocol: "mode6",
    daemon: version === undefined ? null : unquoted(version),
    system: readSystem(read.status, variables, associations, pivot),
    associations,
    withheld: false,
  };
}

/**
 * Since the last packet, whole seconds, as ntpq counts them: by the seconds of the timestamps alone, and where nothing
 * was received since the reference time.
 * @returns `null`: never, or not yet
 */
export function secondsSince(variables: Variables, now: NtpTimestamp): Seconds | null {
  const received = timestampOf(variables.get("rec")) ?? UNKNOWN_TIME;
  const last = received >> 32n === 0n ? (timestampOf(variables.get("reftime")) ?? UNKNOWN_TIME) : received;
  if (last >> 32n === 0n) return null;
  const since = Number(BigInt.asIntN(32, (now >> 32n) - (last >> 32n)));
  return since < 0 ? null : since;
}

/** ntpq's letter for an association. */
export function typeLetter(variables: Variables): string {
  const source = variables.get("srcadr") ?? "";
  const mode = integerOf(variables.get("hmode"));
  if (mode === 6) return "b";
  if (mode === 5) return isMulticast(source) ? "M" : "B";
  if (mode === 3) return clientLetter(source);
  if (mode === 1) return "s";
  if (mode === 2) return "S";
  return destinationLetter(variables.get("dstadr"));
}

function clientLetter(source: string): string {
  if (isReferenceClock(source)) return "l";
  if (isUnspecified(source)) return "p";
  return isMulticast(source) ? "a" : "u";
}

/** Of a daemon too old to tell the mode (ntpq `decodeaddrtype`). */
function destinationLetter(local: string | undefined): string {
  const octets = local === undefined ? null : addressOctets(local);
  if (octets === null) return "?";
  if (isMulticast(local ?? "")) return "m";
  if (octets.length === 16) return "u";
  if (octets[3] === 255) return "b";
  if (local === "127.0.0.1") return "l";
  return octets[0] === 0 && octets[1] === 0 && octets[2] === 0 && octets[3]! < 32 ? "-" : "u";
}

/** Whether an address is one of ntpd's for its own reference clocks, 127.127.type.unit. */
export function isReferenceClock(address: string): boolean {
  return address.startsWith("127.127.");
}

/** Whether an address says that there is none, as a pool's. */
export function isUnspecified(address: string): boolean {
  return addressOctets(address)?.every((octet) => octet === 0) ?? true;
}

function readSystem(
  word: number,
  variables: Variables,
  associations: readonly PeerReport[],
  pivot: UnixNanoseconds,
): DaemonSystem {
  const stratum = integerOf(variables.get("stratum")) ?? 16;
  const peer = integerOf(variables.get("peer"));
  return systemReport(
    {
      leap: leapOf(variables.get("leap")) ?? systemStatus(word).leap,
      stratum,
      refid: refidOf(stratum, variables.get("refid")),
      rootDelay: secondsOf(variables.get("rootdelay")),
      rootDispersion: secondsOf(variables.get("rootdisp")),
      systemPeer: peer === 0 ? null : peer,
      offset: secondsOf(variables.get("offset")),
      frequency: millionths(variables.get("frequency")),
      jitter: secondsOf(variables.get("sys_jitter")),
      clockJitter: secondsOf(variables.get("clk_jitter")),
      clockWander: millionths(variables.get("clk_wander")),
      precision: numberOf(variables.get("precision")),
      reference: instantOf(variables.get("reftime"), pivot),
      variables: Object.fromEntries(variables),
    },
    associations,
  );
}

function readPeer(
  { id, status: word, variables: read }: ReadAssociation,
  now: NtpTimestamp,
  pivot: UnixNanoseconds,
): PeerReport {
  const variables: Variables = read.kind === "variables" ? read.variables : new Map();
  const status = peerStatus(word);
  const source = variables.get("srcadr") ?? null;
  const stratum = integerOf(variables.get("stratum"));
  const flash = integerOf(variables.get("flash"));
  const kiss = kissOf(stratum, variables.get("refid"));
  return peerReport({
    id,
    name: hostName(variables.get("srchost")) ?? source ?? `${id}`,
    address: source === null || parseAddressLiteral(source) === null || isUnspecified(source) ? null : source,
    port: integerOf(variables.get("srcport")) ?? 123,
    mode: modeOf(integerOf(variables.get("hmode"))),
    lifetime: status.configured ? "persistent" : "ephemeral",
    tally: status.tally,
    verdict: status.verdict,
    reason: reasonOf(status, flash ?? 0, kiss),
    leap: leapOf(variables.get("leap")),
    stratum,
    refid: refidOf(stratum, variables.get("refid")),
    poll: pollOf(variables),
    reach: (integerOf(variables.get("reach")) ?? 0) & 0xff,
    unreach: integerOf(variables.get("unreach")),
    ...measuredOf(variables),
    precision: numberOf(variables.get("precision")),
    ...authenticationOf(status, variables),
    kiss,
    flash,
    reference: instantOf(variables.get("reftime"), pivot),
    when: secondsSince(variables, now),
    type: typeLetter(variables),
    configured: status.configured,
    local: variables.get("dstadr") ?? null,
    status: word,
    variables: Object.fromEntries(variables),
  });
}

function measuredOf(variables: Variables): Partial<PeerReport> {
  const seconds = (name: string): Seconds | null => secondsOf(variables.get(name));
  const [offset, delay, dispersion, jitter] = [
    seconds("offset"),
    seconds("delay"),
    seconds("dispersion"),
    seconds("jitter"),
  ];
  const [rootDelay, rootDispersion] = [seconds("rootdelay"), seconds("rootdisp")];
  const rootDistance =
    rootDelay === null || rootDispersion === null
      ? null
      : (rootDelay + (delay ?? 0)) / 2 + rootDispersion + (dispersion ?? 0) + (jitter ?? 0);
  return { offset, delay, dispersion, jitter, rootDelay, rootDispersion, rootDistance };
}

/** ntpd's mode numbers inside are those of packets, but 6 is a broadcast client. */
function modeOf(mode: number | null): Mode | AssociationMode {
  if (mode === 6) return "broadcastClient";
  return MODES[mode ?? 0] ?? "reserved";
}

/** The interval in use: the shorter of both sides' wishes; negative ones are ntpd's least. */
function pollOf(variables: Variables): number {
  const wish = (name: string): number => {
    const poll = integerOf(variables.get(name)) ?? 0;
    return poll < 0 ? NTP_MINPOLL : Math.min(poll, 30);
  };
  return Math.min(wish("hpoll"), wish("ppoll"));
}

/** ntpd's least poll exponent. */
const NTP_MINPOLL = 3;

function leapOf(value: string | undefined): Leap | null {
  return LEAPS[integerOf(value) ?? -1] ?? null;
}

/** As `rv` shows it: a name as it stands, an address, or a reference clock's name for its address. */
function refidOf(stratum: number | null, value: string | undefined): string | null {
  if (value === undefined) return null;
  if (!isReferenceClock(value)) return value;
  const word = refidWord(value);
  return word === null ? value : refidText(stratum ?? 2, word);
}

function kissOf(stratum: number | null, refid: string | undefined): string | null {
  if (refid === undefined || (stratum !== 0 && stratum !== 16)) return null;
  return Object.hasOwn(KISS_CODES, refid) && !OWN_CODES.has(refid) ? refid : null;
}

/** What ntpd itself writes there: it has heard nothing since it began, or since it stepped its clock. */
const OWN_CODES: ReadonlySet<string> = new Set(["INIT", "STEP"]);

function hostName(value: string | undefined): string | null {
  const name = value === undefined ? "" : unquoted(value);
  return name === "" ? null : name;
}

/** Kisses that end an association, or slow it down. */
const KISS_REASONS: ReadonlyMap<string | null, Reason> = new Map([
  ["RATE", "kiss"],
  ["DENY", "denied"],
  ["RSTR", "denied"],
]);

/** Flash bits in the order in which a person would look for them. */
const FLASH_REASONS: readonly { readonly bit: number; readonly reason: Reason }[] = [
  { bit: PACKET_TESTS.denied.flash, reason: "denied" },
  { bit: PACKET_TESTS.authentication.flash, reason: "authentication" },
  { bit: REASONS.unreachable.flash, reason: "unreachable" },
  { bit: PACKET_TESTS.stratum.flash, reason: "unsynchronized" },
  { bit: PACKET_TESTS.unsynchronized.flash, reason: "unsynchronized" },
  { bit: REASONS.stratum.flash, reason: "stratum" },
  { bit: REASONS.loop.flash, reason: "loop" },
  { bit: REASONS.rootDistance.flash, reason: "rootDistance" },
  { bit: PACKET_TESTS.header.flash, reason: "header" },
  { bit: PACKET_TESTS.bogus.flash, reason: "bogus" },
];

function reasonOf(
  { verdict, authenticationEnabled, authentic, reachable }: PeerStatus,
  flash: number,
  kiss: string | null,
): Reason | null {
  if (verdict !== "rejected") return VERDICT_REASONS[verdict];
  const kissed = KISS_REASONS.get(kiss);
  if (kissed !== undefined) return kissed;
  const flashed = FLASH_REASONS.find(({ bit }) => (flash & bit) !== 0);
  if (flashed !== undefined) return flashed.reason;
  if (authenticationEnabled && !authentic && !reachable) return "authentication";
  return reachable ? "pending" : "unreachable";
}

const VERDICT_REASONS = {
  systemPeer: null,
  survivor: null,
  outlier: "selectJitter",
  excess: "surplus",
  backup: "surplus",
  falseticker: "outsideIntersection",
} as const;

/** What mode 6 does not tell of keys. */
const UNTOLD_KEYS = { age: null, server: null, until: null, kept: false, reduced: null, attempts: 0, fault: null };

function authenticationOf(
  status: PeerStatus,
  variables: Variables,
): Pick<PeerReport, "authentication" | "security" | "keyId" | "nts" | "autokey"> {
  const keyId = integerOf(variables.get("keyid")) ?? 0;
  const cookies = integerOf(variables.get("ntscookies")) ?? -1;
  const authentication = status.authenticationEnabled ? (status.authentic ? "ok" : "failed") : "none";
  if (cookies >= 0) return { authentication, security: "nts", keyId: null, nts: { ...UNTOLD_KEYS, cookies } };
  const dance = danceOf(variables);
  if (dance !== null) return { authentication, security: "autokey", keyId: null, autokey: dance };
  // Autokey's identifiers are random and above those of key files.
  const security = keyId === 0 ? "none" : keyId > 0xffff ? "autokey" : "key";
  return { authentication: keyId === 0 ? "none" : authentication, security, keyId: security === "key" ? keyId : null };
}

/** How far the dance of an association under Autokey has come; `null`: it is not, or it has not begun. Of the trail mode 6 tells nothing. */
function danceOf(variables: Variables): DanceReport | null {
  const status = integerOf(variables.get("flags"));
  if (status === null) return null;
  const named = (name: string): string | null => variables.get(name) ?? null;
  return { status, host: named("host"), ident: named("ident"), signature: named("signature"), fault: null, trail: [] };
}

function instantOf(value: string | undefined, pivot: UnixNanoseconds): UnixNanoseconds | null {
  const time = timestampOf(value);
  return time === null || time === UNKNOWN_TIME ? null : unfold(time, pivot);
}

function millionths(value: string | undefined): number | null {
  const parts = numberOf(value);
  return parts === null ? null : parts / 1e6;
}
