/** Kiss codes: what a server of stratum 0 says instead of the time (RFC 5905 §7.4). */
import type { Header } from "./header.ts";
import { asciiWord } from "./refid.ts";

/** What a client has to do about a kiss: stop for good, ask less often, or only take note. */
export type KissAction = "goAway" | "slowDown" | "none";

/**
 * The registered codes (RFC 5905 figure 13, RFC 8915 §5.7) with their meaning and what a client has to do (RFC 5905 §7.4,
 * a to d).
 */
export const KISS_CODES = {
  ACST: { action: "none", text: "the association belongs to a unicast server" },
  AUTH: { action: "none", text: "server authentication failed" },
  AUTO: { action: "none", text: "the Autokey sequence failed" },
  BCST: { action: "none", text: "the association belongs to a broadcast server" },
  CRYP: { action: "none", text: "cryptographic authentication or identification failed" },
  DENY: { action: "goAway", text: "access denied by the server" },
  DROP: { action: "none", text: "the server lost its peer in symmetric mode" },
  INIT: { action: "none", text: "the server has not yet synchronized for the first time" },
  MCST: { action: "none", text: "the association belongs to a dynamically discovered server" },
  NKEY: { action: "none", text: "the server has not found the key, or does not trust it" },
  NTSN: { action: "none", text: "the server could not verify the NTS fields" },
  RATE: { action: "slowDown", text: "the server limits our rate" },
  RMOT: { action: "none", text: "the association was altered from a remote host" },
  RSTR: { action: "goAway", text: "access denied by the server's policy" },
  STEP: { action: "none", text: "the server's time was stepped and it has not synchronized again" },
} as const;

/** A registered kiss code. */
export type KissCode = keyof typeof KISS_CODES;

/**
 * The kiss code of a packet that came from a server: its stratum is 0 and its reference identifier printable.
 * @returns one to four visible ASCII characters, registered or not; `null` where there is none
 */
export function kissCode(header: Pick<Header, "stratum" | "referenceId">): string | null {
  return header.stratum === 0 ? asciiWord(header.referenceId) : null;
}

/** What a client has to do about a code; nothing about one that is not registered, as those with an X (RFC 5905 §7.4 c). */
export function kissAction(code: string): KissAction {
  return isRegistered(code) ? KISS_CODES[code].action : "none";
}

/** What a code means, for people; `null` where it is not registered. */
export function kissText(code: string): string | null {
  return isRegistered(code) ? KISS_CODES[code].text : null;
}

function isRegistered(code: string): code is KissCode {
  return Object.hasOwn(KISS_CODES, code);
}
