/**
 * Cookies that need no state: the session's keys, sealed by a master key of the server's (RFC 8915 §6).
 *
 * ```text
 * | master key's identifier, 4 | nonce, 16 | tag, 16 | AEAD's number, 4 | c2s | s2c |
 *                                         |<-- sealed by AES-SIV-CMAC-256 -------->|
 * ```
 *
 * 104 octets for AES-SIV-CMAC-256, 72 for AES-128-GCM-SIV: whole words, so that nothing pads them.
 */
import { AEADS, TAG_OCTETS, aeadNumbered, type AeadRow, type MakeAead } from "./aead.ts";
import type { RandomOctets } from "./packet.ts";

/** A master key. */
export interface MasterKey {
  /** Unsigned 32 bits, different for each. */
  readonly id: number;
  /** 32 octets. */
  readonly key: Uint8Array;
}

/** What a cookie holds. */
export interface CookieKeys {
  readonly aead: AeadRow;
  readonly c2s: Uint8Array;
  readonly s2c: Uint8Array;
}

/** What a cookie comes to. */
export type Opened =
  /** With how many master keys are younger than its own. */
  | { readonly kind: "opened"; readonly keys: CookieKeys; readonly age: number }
  /** It is by no master key that is still kept. */
  | { readonly kind: "unknownKey" }
  /** It is of one of them, and was altered. */
  | { readonly kind: "wrong" };

const UNKNOWN: Opened = { kind: "unknownKey" };
const WRONG: Opened = { kind: "wrong" };

/** The AEAD of cookies: one that forgives a nonce that was drawn twice. */
const SEALED_BY: AeadRow = AEADS[0]!;

const ID = 4;
const NUMBER = 4;
const NOTHING = new Uint8Array(0);

/** Octets of the cookies for an AEAD. */
export function cookieOctets({ keyOctets }: AeadRow): number {
  return ID + SEALED_BY.nonceOctets + TAG_OCTETS + NUMBER + 2 * keyOctets;
}

/** Makes a cookie by a master key. */
export function sealCookie(
  master: MasterKey,
  { aead, c2s, s2c }: CookieKeys,
  makeAead: MakeAead,
  random: RandomOctets,
): Uint8Array {
  const plaintext = new Uint8Array(NUMBER + 2 * aead.keyOctets);
  writeNumber(plaintext, aead.id);
  plaintext.set(c2s, NUMBER);
  plaintext.set(s2c, NUMBER + aead.keyOctets);
  const nonce = random(SEALED_BY.nonceOctets);
  const cookie = new Uint8Array(cookieOctets(aead));
  writeNumber(cookie, master.id);
  cookie.set(nonce, ID);
  makeAead(SEALED_BY, master.key).seal(nonce, NOTHING, plaintext, cookie.subarray(ID + nonce.length));
  return cookie;
}

/**
 * Opens a cookie.
 * @param masters the master keys still kept, the youngest first
 */
export function openCookie(cookie: Uint8Array, masters: readonly MasterKey[], makeAead: MakeAead): Opened {
  const sealedAt = ID + SEALED_BY.nonceOctets;
  if (cookie.length < sealedAt + TAG_OCTETS + NUMBER) return WRONG;
  const id = readNumber(cookie);
  const age = masters.findIndex((candidate) => candidate.id === id);
  const master = masters[age];
  if (master === undefined) return UNKNOWN;
  const plaintext = makeAead(SEALED_BY, master.key).open(
    cookie.subarray(ID, sealedAt),
    NOTHING,
    cookie.subarray(sealedAt),
  );
  if (plaintext === null) return WRONG;
  const aead = aeadNumbered(readNumber(plaintext));
  if (aead === null || plaintext.length !== NUMBER + 2 * aead.keyOctets) return WRONG;
  const s2cAt = NUMBER + aead.keyOctets;
  return {
    kind: "opened",
    age,
    keys: { aead, c2s: plaintext.subarray(NUMBER, s2cAt), s2c: plaintext.subarray(s2cAt) },
  };
}

/** Four octets, the first the highest. */
function readNumber(octets: Uint8Array): number {
  return ((octets[0]! << 24) | (octets[1]! << 16) | (octets[2]! << 8) | octets[3]!) >>> 0;
}

function writeNumber(octets: Uint8Array, value: number): void {
  octets[0] = value >>> 24;
  octets[1] = value >>> 16;
  octets[2] = value >>> 8;
  octets[3] = value;
}
