/**
 * Status words and flash bits, by tables (RFC 9327 §3; ntpq "Status Words", "Flash Status Word").
 *
 * ```text
 *           0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15
 * system  |  LI   |     clock source      |     count     |     event     |
 * peer    | C | A | a | R | B |  select   |     count     |     event     |   C A a R B: see PEER_BITS
 * clock   |           reserved            |     count     |     code      |
 * ```
 *
 * The short words are ntpq's, which people and scripts know.
 */
import { TALLIES, type Verdict } from "../association/verdict.ts";
import { LEAPS, type Leap } from "../wire/header.ts";

/** What set the system clock, by code 0 … 9 (RFC 9327 table 3). */
export const CLOCK_SOURCES = [
  "unspec",
  "pps",
  "lf_radio",
  "hf_radio",
  "uhf_radio",
  "local",
  "ntp",
  "other",
  "wristwatch",
  "telephone",
] as const;

/** System events, by code 0 … 15 (RFC 9327 table 4). */
export const SYSTEM_EVENTS: readonly string[] = [
  "unspecified freq_not_set freq_set spike_detect freq_mode clock_sync restart panic_stop",
  "no_sys_peer leap_armed leap_disarmed leap_event clock_step kern TAI stale_leapsecond_values",
].flatMap(words);

/** Peer events, by code 0 … 15 (RFC 9327 table 7). */
export const PEER_EVENTS: readonly string[] = [
  "unspecified mobilize demobilize unreachable reachable restart no_reply rate_exceeded",
  "access_denied leap_armed sys_peer clock_event bad_auth popcorn interleave_mode interleave_error",
].flatMap(words);

/** Clock codes 0 … 6 (RFC 9327 table 8). */
export const CLOCK_CODES = ["unspec", "no_reply", "bad_format", "fault", "bad_signal", "bad_date", "bad_time"] as const;

/** The bits of a peer's status, within its upper octet (RFC 9327 table 5). */
export const PEER_BITS = {
  configured: 0x80,
  authenticationEnabled: 0x40,
  authentic: 0x20,
  reachable: 0x10,
  broadcast: 0x08,
} as const;

/** What selection made of a peer, by select field 0 … 7 (RFC 9327 table 6), in ntpq's words and in ours. */
export const SELECTIONS: readonly { readonly word: string; readonly tally: string; readonly verdict: Verdict }[] = [
  { word: "reject", tally: TALLIES.rejected, verdict: "rejected" },
  { word: "falsetick", tally: TALLIES.falseticker, verdict: "falseticker" },
  { word: "excess", tally: TALLIES.excess, verdict: "excess" },
  { word: "outlier", tally: TALLIES.outlier, verdict: "outlier" },
  { word: "candidate", tally: TALLIES.survivor, verdict: "survivor" },
  { word: "backup", tally: TALLIES.backup, verdict: "backup" },
  { word: "sys.peer", tally: TALLIES.systemPeer, verdict: "systemPeer" },
  { word: "pps.peer", tally: "o", verdict: "systemPeer" },
];

/** Flash bits from the lowest on (ntpq "Flash Status Word"). */
export const FLASH_BITS: readonly string[] = [
  "pkt_dup pkt_bogus pkt_unsync pkt_denied pkt_auth pkt_stratum pkt_header",
  "pkt_autokey pkt_crypto peer_stratum peer_dist peer_loop peer_unreach",
].flatMap(words);

/** The bit by which ntpd says that a server is synchronized to it. */
export const FLASH_LOOP = 0x0800;

/** A system status word. */
export interface SystemStatus {
  readonly word: number;
  readonly leap: Leap;
  readonly source: string;
  /** How often the event happened since it was last another, 0 … 15. */
  readonly count: number;
  readonly event: string;
}

/** A peer status word. */
export interface PeerStatus {
  readonly word: number;
  readonly configured: boolean;
  readonly authenticationEnabled: boolean;
  readonly authentic: boolean;
  readonly reachable: boolean;
  readonly broadcast: boolean;
  readonly selection: string;
  readonly tally: string;
  readonly verdict: Verdict;
  readonly count: number;
  readonly event: string;
}

/** A clock status word. */
export interface ClockStatus {
  readonly word: number;
  readonly count: number;
  readonly code: string;
}

/** @param word unsigned 16 bits */
export function systemStatus(word: number): SystemStatus {
  const source = (word >> 8) & 0x3f;
  return {
    word,
    leap: LEAPS[(word >> 14) & 3]!,
    source: CLOCK_SOURCES[source] ?? `${source}`,
    count: countOf(word),
    event: SYSTEM_EVENTS[word & 15]!,
  };
}

/** @param word unsigned 16 bits */
export function peerStatus(word: number): PeerStatus {
  const bits = word >> 8;
  const { word: selection, tally, verdict } = SELECTIONS[bits & 7]!;
  return {
    word,
    configured: (bits & PEER_BITS.configured) !== 0,
    authenticationEnabled: (bits & PEER_BITS.authenticationEnabled) !== 0,
    authentic: (bits & PEER_BITS.authentic) !== 0,
    reachable: (bits & PEER_BITS.reachable) !== 0,
    broadcast: (bits & PEER_BITS.broadcast) !== 0,
    selection,
    tally,
    verdict,
    count: countOf(word),
    event: PEER_EVENTS[word & 15]!,
  };
}

/** @param word unsigned 16 bits */
export function clockStatus(word: number): ClockStatus {
  const code = word & 15;
  return { word, count: countOf(word), code: CLOCK_CODES[code] ?? `${code}` };
}

/** The names of the flash bits that are set. */
export function flashNames(flash: number): string[] {
  return FLASH_BITS.filter((_, bit) => (flash & (1 << bit)) !== 0);
}

function countOf(word: number): number {
  return (word >> 4) & 15;
}

function words(line: string): string[] {
  return line.split(" ");
}
