/**
 * Autokey's extension fields (RFC 5906 §10), as far as their headers go: which message, of which association, and how old.
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |R|E|  Version  |     Code      |            Length             |   0
 * |                        Association ID                         |   4
 * |                           Timestamp                           |   8
 * |                           Filestamp                           |  12
 * ```
 *
 * The version stands in the high octet, 2 as ntpd sends it; RFC 5906 draws code and version the other way round.
 */
import type { ExtensionField } from "./extension.ts";

/** Messages by their codes (RFC 5906 §10). */
export const AUTOKEY_MESSAGES: Readonly<Record<number, string>> = {
  0: "NOOP",
  1: "ASSOC",
  2: "CERT",
  3: "COOKIE",
  4: "AUTO",
  5: "LEAP",
  6: "SIGN",
  7: "IFF",
  8: "GQ",
  9: "MV",
};

/** A field's header. */
export interface AutokeyField {
  /** A name of {@link AUTOKEY_MESSAGES}, or the code in digits. */
  readonly message: string;
  readonly response: boolean;
  readonly error: boolean;
  /** 0: none yet. */
  readonly associationId: number;
  /** NTP seconds of the current era; 0: unknown; `null`: a request that carries none. */
  readonly timestamp: number | null;
  /** When what it carries was made, likewise. */
  readonly filestamp: number | null;
}

/** The version ntpd sends. */
const VERSION = 2;

/** Whether a field's type is one of Autokey's messages, and none of another protocol's: NTS's cookie has type 0x0204, too. */
export function isAutokeyType(type: number): boolean {
  return ((type >> 8) & 0x3f) === VERSION && Object.hasOwn(AUTOKEY_MESSAGES, type & 0xff);
}

/** Reads a field of a type that {@link isAutokeyType} knows. */
export function readAutokey({ type, value }: ExtensionField): AutokeyField {
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const word = (offset: number): number | null => (value.length >= offset + 4 ? view.getUint32(offset) : null);
  const code = type & 0xff;
  return {
    message: AUTOKEY_MESSAGES[code] ?? String(code),
    response: (type & 0x8000) !== 0,
    error: (type & 0x4000) !== 0,
    associationId: word(0) ?? 0,
    timestamp: word(4),
    filestamp: word(8),
  };
}
