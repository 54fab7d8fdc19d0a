/**
 * The lists of variables that ntpq has a command for: what is asked, and what each is called in the report.
 *
 * All are plain reads of system variables, `pstats` of an association's (ntpq `sysinfo`, `kerninfo`, …).
 */

/** How a value is shown. */
export type ListedKind =
  | "text" // as it comes, without quotes
  | "peer" // an address with its port
  | "mode" // an association mode by number
  | "leap" // two bits
  | "refid"
  | "time" // a timestamp
  | "endpoint"; // an address and a port in two variables, `…adr` and `…port`

/** One line of a report. */
export interface Listed {
  /** The variable; of an `endpoint` the two names' common beginning. */
  readonly name: string;
  readonly label: string;
  readonly kind: ListedKind;
}

/** A report. */
export interface VariableList {
  /** Whether ntpq prints the status word above it. */
  readonly headed: boolean;
  /** Of the labels' column, characters. */
  readonly width: number;
  readonly lines: readonly Listed[];
}

/** A report's name. */
export type ListName =
  | "sysinfo"
  | "kerninfo"
  | "sysstats"
  | "iostats"
  | "timerstats"
  | "authinfo"
  | "monstats"
  | "pstats";

/** Every report, by ntpq's command. */
export const VARIABLE_LISTS: Readonly<Record<ListName, VariableList>> = {
  sysinfo: list(true, 18, [
    ["peeradr", "system peer:", "peer"],
    ["peermode", "system peer mode:", "mode"],
    ["leap", "leap indicator:", "leap"],
    ["stratum", "stratum:"],
    ["precision", "log2 precision:"],
    ["rootdelay", "root delay:"],
    ["rootdisp", "root dispersion:"],
    ["refid", "reference ID:", "refid"],
    ["reftime", "reference time:", "time"],
    ["sys_jitter", "system jitter:"],
    ["clk_jitter", "clock jitter:"],
    ["clk_wander", "clock wander:"],
    ["bcastdelay", "broadcast delay:"],
    ["authdelay", "symm. auth. delay:"],
  ]),
  kerninfo: list(true, 21, [
    ["koffset", "pll offset:"],
    ["kfreq", "pll frequency:"],
    ["kmaxerr", "maximum error:"],
    ["kesterr", "estimated error:"],
    ["kstflags", "kernel status:"],
    ["ktimeconst", "pll time constant:"],
    ["kprecis", "precision:"],
    ["kfreqtol", "frequency tolerance:"],
    ["kppsfreq", "pps frequency:"],
    ["kppsstab", "pps stability:"],
    ["kppsjitter", "pps jitter:"],
    ["kppscalibdur", "calibration interval"],
    ["kppscalibs", "calibration cycles:"],
    ["kppsjitexc", "jitter exceeded:"],
    ["kppsstbexc", "stability exceeded:"],
    ["kppscaliberrs", "calibration errors:"],
  ]),
  sysstats: list(false, 22, [
    ["ss_uptime", "uptime:"],
    ["ss_reset", "sysstats reset:"],
    ["ss_received", "packets received:"],
    ["ss_thisver", "current version:"],
    ["ss_oldver", "older version:"],
    ["ss_badformat", "bad length or format:"],
    ["ss_badauth", "authentication failed:"],
    ["ss_declined", "declined:"],
    ["ss_restricted", "restricted:"],
    ["ss_limited", "rate limited:"],
    ["ss_kodsent", "KoD responses:"],
    ["ss_processed", "processed for time:"],
  ]),
  iostats: list(false, 22, [
    ["iostats_reset", "time since reset:"],
    ["total_rbuf", "receive buffers:"],
    ["free_rbuf", "free receive buffers:"],
    ["used_rbuf", "used receive buffers:"],
    ["rbuf_lowater", "low water refills:"],
    ["io_dropped", "dropped packets:"],
    ["io_ignored", "ignored packets:"],
    ["io_received", "received packets:"],
    ["io_sent", "packets sent:"],
    ["io_sendfailed", "packet send failures:"],
    ["io_wakeups", "input wakeups:"],
    ["io_goodwakeups", "useful input wakeups:"],
  ]),
  timerstats: list(false, 19, [
    ["timerstats_reset", "time since reset:"],
    ["timer_overruns", "timer overruns:"],
    ["timer_xmts", "calls to transmit:"],
  ]),
  authinfo: list(false, 17, [
    ["authreset", "time since reset:"],
    ["authkeys", "stored keys:"],
    ["authfreek", "free keys:"],
    ["authklookups", "key lookups:"],
    ["authknotfound", "keys not found:"],
    ["authkuncached", "uncached keys:"],
    ["authkexpired", "expired keys:"],
    ["authencrypts", "encryptions:"],
    ["authdecrypts", "decryptions:"],
  ]),
  monstats: list(false, 20, [
    ["mru_enabled", "enabled:"],
    ["mru_depth", "addresses:"],
    ["mru_deepest", "peak addresses:"],
    ["mru_maxdepth", "maximum addresses:"],
    ["mru_mindepth", "reclaim above count:"],
    ["mru_maxage", "reclaim older than:"],
    ["mru_mem", "kilobytes:"],
    ["mru_maxmem", "maximum kilobytes:"],
  ]),
  pstats: list(true, 21, [
    ["src", "remote host:", "endpoint"],
    ["dst", "local address:", "endpoint"],
    ["timerec", "time last received:"],
    ["timer", "time until next send:"],
    ["timereach", "reachability change:"],
    ["sent", "packets sent:"],
    ["received", "packets received:"],
    ["badauth", "bad authentication:"],
    ["bogusorg", "bogus origin:"],
    ["oldpkt", "duplicate:"],
    ["seldisp", "bad dispersion:"],
    ["selbroken", "bad reference time:"],
    ["candidate", "candidate order:"],
  ]),
};

/** The variables a report asks for. */
export function namesOf({ lines }: VariableList): string[] {
  return lines.flatMap(({ name, kind }) => (kind === "endpoint" ? [`${name}adr`, `${name}port`] : [name]));
}

function list(
  headed: boolean,
  width: number,
  lines: readonly (readonly [name: string, label: string, kind?: ListedKind])[],
): VariableList {
  return { headed, width, lines: lines.map(([name, label, kind = "text"]) => ({ name, label, kind })) };
}
