/** System variables: those of RFC 5905 §11.1 as ntpd tells them, and the counters behind ntpq's `sysinfo`, `sysstats`, … */
import type { ControlPeer, ControlView } from "../../engine/port/control.ts";
import { tallyOf, type Tally } from "../../server/disposition.ts";
import { ENTRY_OCTETS } from "../../server/mru.ts";
import { addressText } from "../../wire/address.ts";
import { LEAPS, MAXSTRAT } from "../../wire/header.ts";
import { hostMode, refidValue } from "./peer.ts";
import type { AutokeyFacts, KernelReport, NtsFacts, ResponderFacts } from "./facts.ts";
import { withoutValue, type VariableTable } from "./table.ts";
import {
  calendarText,
  general,
  hexadecimal,
  integer,
  milliseconds,
  partsPerMillion,
  quoted,
  seconds,
  timestampText,
  type Value,
} from "./text.ts";
import { associationNumber } from "./number.ts";

/** What the variables are made of. */
export interface SystemThing {
  readonly view: ControlView;
  readonly facts: ResponderFacts;
  /** Control queries so far. */
  readonly queries: number;
}

/** The variables of an answer to a question that names none, in this order. */
export const DEFAULT_SYSTEM: readonly string[] = [
  "version processor system leap stratum precision rootdelay rootdisp refid reftime clock peer",
  "tc mintc offset frequency sys_jitter clk_jitter clk_wander tai leapsec expire",
  "host ident flags digest signature update cert",
].flatMap((line) => line.split(" "));

/** All system variables, in the order of ntpd's. */
export const SYSTEM_VARIABLES: VariableTable<SystemThing> = [
  ["leap", ({ view }) => integer(LEAPS.indexOf(view.told.leap))],
  ["stratum", ({ view }) => integer(view.told.stratum)],
  ["precision", ({ view }) => integer(view.precision)],
  ["rootdelay", ({ view }) => milliseconds(view.told.rootDelay)],
  ["rootdisp", ({ view }) => milliseconds(view.told.rootDispersion)],
  ["rootdist", ({ view }) => milliseconds(view.told.rootDispersion + view.told.rootDelay / 2)],
  ["refid", ({ view }) => systemRefid(view)],
  ["reftime", ({ view }) => timestampText(view.told.reference)],
  ["tc", ({ view }) => integer(view.discipline?.poll ?? systemPeer(view)?.report.poll ?? view.leastPoll)],
  [
    "peer",
    ({ view }) =>
      integer(view.snapshot.system.systemPeer === null ? 0 : associationNumber(view.snapshot.system.systemPeer)),
  ],
  ["offset", ({ view }) => milliseconds(view.snapshot.clock.offset ?? 0, 6)],
  ["frequency", ({ view }) => partsPerMillion(view.discipline?.frequency ?? 0)],
  ["sys_jitter", ({ view }) => milliseconds(view.snapshot.clock.jitter ?? 0, 6)],
  ["clk_jitter", ({ view }) => milliseconds(view.discipline?.jitter ?? 0)],
  ["clock", ({ view }) => timestampText(view.now.clock)],
  ["processor", ({ facts }) => quoted(facts.build.processor)],
  ["system", ({ facts }) => quoted(facts.build.system)],
  ["version", ({ facts }) => quoted(facts.build.version)],
  ["clk_wander", ({ view }) => partsPerMillion(view.discipline?.wander ?? 0)],
  ["sys_var_list", () => quoted(SYSTEM_VARIABLES.map(([name]) => name).join(","))],
  ["tai", ({ view }) => integer(view.leaps?.tai ?? null)],
  ["leapsec", ({ view }) => calendarText(view.leaps?.latest ?? null)],
  ["expire", ({ view }) => calendarText(view.leaps?.expires ?? null)],
  ["mintc", ({ view }) => integer(view.leastPoll)],

  // Of Autokey, as ntpd has them; each certificate is followed by its end.
  ["host", ofAutokey(({ host }) => quoted(host))],
  ["ident", ofAutokey(({ ident }) => (ident === null ? null : quoted(ident)))],
  ["flags", ofAutokey(({ flags }) => hexadecimal(flags))],
  ["digest", ofAutokey(({ digest }) => quoted(digest))],
  ["signature", ofAutokey(({ signature }) => quoted(signature))],
  ["update", ofAutokey(({ updated }) => calendarText(updated))],
  ["cert", ofAutokey(certificatesText)],

  ["mru_enabled", () => hexadecimal(1)],
  ["mru_depth", ({ view }) => integer(view.mru.size)],
  // Entries are used again, never given back.
  ["mru_deepest", ({ view }) => integer(view.mru.size)],
  ["mru_mindepth", ({ view }) => integer(view.mru.limits.mindepth)],
  ["mru_maxage", ({ view }) => integer(view.mru.limits.maxage)],
  ["mru_maxdepth", ({ view }) => integer(view.mru.limits.maxdepth)],
  ["mru_mem", ({ view }) => kilobytes(view.mru.size)],
  ["mru_maxmem", ({ view }) => kilobytes(view.mru.limits.maxdepth)],
  ...withoutValue<SystemThing>(
    "mru_hashslots mru_minage mru_exists mru_new mru_recycleold mru_recyclefull mru_none mru_oldest_age",
  ),

  ["ss_uptime", uptime],
  ["ss_numctlreq", ({ queries }) => integer(queries)],
  ["ss_reset", uptime],
  ["ss_received", tallied("received")],
  ...withoutValue<SystemThing>("ss_thisver ss_oldver ss_ver1 ss_ver1client ss_ver1zero ss_ver1symm"),
  ["ss_badformat", tallied("malformed")],
  ["ss_badauth", tallied("authentication")],
  ["ss_declined", tallied("declined")],
  ["ss_restricted", tallied("restricted")],
  ["ss_limited", tallied("limited")],
  ["ss_kodsent", ({ view }) => integer(view.counts.kissed)],
  [
    "ss_processed",
    ({ view }) => integer(sum(view.peers, ({ report: { packets } }) => packets.received - packets.rejected)),
  ],

  ["peeradr", ({ view }) => peerAddress(view)],
  ["peermode", ({ view }) => integer(hostMode(systemPeer(view)?.mode ?? null))],
  ["bcastdelay", ({ view }) => milliseconds(view.broadcastDelay)],
  ...withoutValue<SystemThing>("authdelay"),
  ["authkeys", ({ facts }) => integer(facts.keys?.keys.length ?? 0)],
  ...withoutValue<SystemThing>(
    "authfreek authklookups authknotfound authkuncached authkexpired authencrypts authdecrypts",
  ),
  ...withoutValue<SystemThing>(
    "authdigestencrypts authcmacencrypts authdigestdecrypts authdigestfails authcmacdecrypts authcmacfails",
  ),
  ["authreset", uptime],

  ["koffset", kernel(({ offset }) => general(offset * 1e3))],
  ["kfreq", kernel(({ frequency }) => general(frequency * 1e6))],
  ["kmaxerr", kernel(({ maximumError }) => general(maximumError * 1e3))],
  ["kesterr", kernel(({ estimatedError }) => general(estimatedError * 1e3))],
  ["kstflags", kernel(({ flags }) => quoted(flags.join(" ")))],
  ["ktimeconst", kernel(({ timeConstant }) => integer(timeConstant))],
  ["kprecis", kernel(({ precision }) => general(precision * 1e3))],
  ["kfreqtol", kernel(({ frequencyTolerance }) => general(frequencyTolerance * 1e6))],
  ...withoutPulse("kppsfreq kppsstab kppsjitter kppscalibdur kppscalibs kppscaliberrs kppsjitexc kppsstbexc"),

  ["iostats_reset", uptime],
  ...withoutValue<SystemThing>("total_rbuf free_rbuf used_rbuf rbuf_lowater io_dropped"),
  ["io_ignored", tallied("restricted")],
  [
    "io_received",
    ({ view }) => integer(tallyOf(view.counts).received + sum(view.peers, ({ report }) => report.packets.received)),
  ],
  [
    "io_sent",
    ({ view }) => integer(tallyOf(view.counts).answered + sum(view.peers, ({ report }) => report.packets.sent)),
  ],
  ...withoutValue<SystemThing>("io_sendfailed io_wakeups io_goodwakeups"),
  ["timerstats_reset", uptime],
  ...withoutValue<SystemThing>("timer_overruns"),
  ["timer_xmts", ({ view }) => integer(sum(view.peers, ({ report }) => report.packets.sent))],

  // NTPsec's, behind its `ntsinfo`.
  ["nts_client_send", underNts(({ sent }) => sent)],
  ["nts_client_recv_good", underNts(({ received, rejected }) => received - rejected)],
  ["nts_client_recv_bad", underNts(({ rejected }) => rejected)],
  ["nts_server_send", served(({ sent }) => sent)],
  ["nts_server_recv_good", served(({ received }) => received)],
  ["nts_server_recv_bad", served(({ refused }) => refused)],
  ["nts_cookie_make", served(({ cookiesMade }) => cookiesMade)],
  ...withoutValue<SystemThing>("nts_cookie_not_server"),
  ["nts_cookie_decode_total", served(cookiesSeen)],
  ["nts_cookie_decode", served(({ cookiesOpened }) => cookiesOpened[0])],
  ["nts_cookie_decode_current", served(({ cookiesOpened }) => cookiesOpened[0])],
  ["nts_cookie_decode_old", served(({ cookiesOpened }) => cookiesOpened[1])],
  ["nts_cookie_decode_old2", served(({ cookiesOpened }) => cookiesOpened[2])],
  ["nts_cookie_decode_older", served(({ cookiesOpened }) => cookiesOpened[3])],
  ["nts_cookie_decode_too_old", served(({ cookiesTooOld }) => cookiesTooOld)],
  ["nts_cookie_decode_error", served(({ cookiesWrong }) => cookiesWrong)],
  ["nts_ke_serves_good", served(({ handshakes }) => handshakes.good)],
  ["nts_ke_serves_nossl", served(({ handshakes }) => handshakes.withoutTls)],
  ["nts_ke_serves_bad", served(({ handshakes }) => handshakes.bad)],
  ...withoutValue<SystemThing>("nts_ke_probes_good nts_ke_probes_bad"),
];

/** NTPsec asks for counters since their last reset, too; these have none, so that both are the same. */
export const RECENT = "_r";

/** What is told of Autokey, where it is spoken. */
function ofAutokey(value: (facts: AutokeyFacts) => Value): (thing: SystemThing) => Value {
  return ({ facts }) => {
    const autokey = facts.autokey?.() ?? null;
    return autokey === null ? null : value(autokey);
  };
}

/** `"subject issuer flags", until=202701010000, cert=…`: a list that ntpd tells under one name. */
function certificatesText({ certificates }: AutokeyFacts): Value {
  return certificates
    .map(
      ({ subject, issuer, flags, until }) =>
        `${quoted(`${subject} ${issuer} ${hexadecimal(flags)}`)}, until=${calendarText(until)}`,
    )
    .join(", cert=");
}

function systemPeer({ snapshot, peers }: ControlView): ControlPeer | undefined {
  const { systemPeer: id } = snapshot.system;
  return id === null ? undefined : peers.find(({ report }) => report.id === id);
}

function peerAddress(view: ControlView): string {
  const { address = null, port = 0 } = systemPeer(view)?.report ?? {};
  return addressText(address === null ? { ip: "0.0.0.0", port: 0 } : { ip: address, port });
}

function systemRefid({ told: { stratum, referenceId } }: ControlView): string {
  if (stratum >= MAXSTRAT && referenceId === 0) return "INIT";
  return refidValue(stratum, referenceId);
}

function uptime({ view }: SystemThing): Value {
  return seconds(view.snapshot.elapsed);
}

/** Of all associations under NTS together. */
function underNts(count: (packets: ControlPeer["report"]["packets"]) => number): (thing: SystemThing) => Value {
  return ({ view: { peers } }) =>
    integer(sum(peers, ({ report: { security, packets } }) => (security === "nts" ? count(packets) : 0)));
}

/** Of answering clients under NTS; 0 where nobody is. */
function served(count: (facts: NtsFacts) => number): (thing: SystemThing) => Value {
  return ({ facts }) => {
    const nts = facts.nts?.() ?? null;
    return integer(nts === null ? 0 : count(nts));
  };
}

function cookiesSeen({ cookiesOpened, cookiesTooOld, cookiesWrong }: NtsFacts): number {
  return cookiesOpened.reduce((all, some) => all + some, 0) + cookiesTooOld + cookiesWrong;
}

function tallied(kind: keyof Tally): (thing: SystemThing) => Value {
  return ({ view }) => integer(tallyOf(view.counts)[kind]);
}

function kernel(value: (report: KernelReport) => Value): (thing: SystemThing) => Value {
  return ({ facts }) => {
    const report = facts.kernel?.() ?? null;
    return report === null ? null : value(report);
  };
}

/** What a kernel says that hears no pulse a second; of those that do nothing is known here. */
function withoutPulse(names: string): VariableTable<SystemThing> {
  return names.split(" ").map((name) => [name, kernel(({ flags }) => (flags.includes("ppssig") ? null : "0"))]);
}

function kilobytes(entries: number): Value {
  return integer(Math.floor((entries * ENTRY_OCTETS + 512) / 1024));
}

function sum(peers: readonly ControlPeer[], count: (peer: ControlPeer) => number): number {
  return peers.reduce((total, peer) => total + count(peer), 0);
}
