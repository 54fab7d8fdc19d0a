/**
 * Mode 7, ntpdc's private protocol, as ntpd's `ntp_request.h` lays it out: enough to say what a packet asks or answers. Nothing
 * here speaks it; no daemon of today answers it but old ones, which are abused for their long answers.
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |R|M| VN  |  7  |A|  Sequence   |Implementation |  Request Code |   0
 * |  Err  |    Items              |  MBZ  |     Item Size         |   4
 * ```
 */

/** The octets that every message begins with. */
export const PRIVATE_HEADER_LENGTH = 8;

/** Request codes of ntpdc by number; those without a name are not known. */
const REQUESTS: Readonly<Record<number, string>> = {
  0: "peer list",
  1: "peer list summary",
  2: "peer info",
  3: "peer stats",
  4: "system info",
  5: "system stats",
  6: "I/O stats",
  7: "memory stats",
  8: "loop info",
  9: "timer stats",
  10: "configure",
  11: "unconfigure",
  12: "set system flag",
  13: "clear system flag",
  14: "monitor",
  15: "stop monitoring",
  16: "restrictions",
  17: "add restriction flags",
  18: "remove restriction flags",
  19: "unrestrict",
  20: "monlist",
  21: "reset stats",
  22: "reset peer",
  23: "reread keys",
  26: "trust key",
  27: "untrust key",
  28: "authentication info",
  29: "traps",
  30: "add trap",
  31: "clear trap",
  32: "request key",
  33: "control key",
  34: "control stats",
  35: "leap info",
  36: "clock info",
  37: "set clock fudge",
  38: "kernel info",
  39: "clock bug info",
  41: "set precision",
  42: "monlist",
  43: "host name of association",
  44: "interface stats",
  45: "interface reload",
};

/** A message's header. */
export interface PrivateMessage {
  readonly response: boolean;
  /** More messages of the same response follow. */
  readonly more: boolean;
  /** 0 … 7 */
  readonly version: number;
  /** Whether it is authenticated. */
  readonly authenticated: boolean;
  /** 0 … 127 */
  readonly sequence: number;
  /** The request code, 0 … 255. */
  readonly code: number;
  /** What the code asks for; `null`: nobody knows. */
  readonly request: string | null;
  /** Of a response, 0: none. */
  readonly error: number;
  /** Items it carries, 0 … 4095. */
  readonly items: number;
}

/** Reads a message's header; `null` where it is shorter than that. */
export function readPrivate(bytes: Uint8Array): PrivateMessage | null {
  if (bytes.length < PRIVATE_HEADER_LENGTH) return null;
  const [first = 0, second = 0, , code = 0, fourth = 0, fifth = 0] = bytes;
  return {
    response: (first & 0x80) !== 0,
    more: (first & 0x40) !== 0,
    version: (first >> 3) & 7,
    authenticated: (second & 0x80) !== 0,
    sequence: second & 0x7f,
    code,
    request: REQUESTS[code] ?? null,
    error: fourth >> 4,
    items: ((fourth & 0xf) << 8) | fifth,
  };
}
