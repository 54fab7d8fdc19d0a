/**
 * Session keys: what a packet under Autokey has its MAC by (RFC 5906 §4, §5.1), and the lists of them that are worked through backwards.
 *
 * ```text
 * session key = H(source address | destination address | key ID | cookie)      key ID of the next = its first 4 octets
 * MAC         = key ID | H(session key | header, extension fields)
 * ```
 *
 * The answer has the question's key ID, and the addresses change places. A packet with extension fields has the cookie 0, as has a
 * broadcast: everybody may check it, and believes what it carries by the signature. Without them it is the cookie that only
 * client and server should know. The hash is MD5 unless both sides were told another.
 */
import { createHash } from "node:crypto";
import type { Mac } from "../../wire/mac.ts";
import { DIGEST_LIMIT, sameDigest } from "../digests.ts";
import { KEY_ID_LIMIT } from "../keyids.ts";

/** What a session key is made of. */
export interface SessionKeyParts {
  /** 4 or 16 octets. */
  readonly source: Uint8Array;
  /** Of the same length. */
  readonly destination: Uint8Array;
  /** Unsigned 32 bits. */
  readonly keyId: number;
  /** Unsigned 32 bits. */
  readonly cookie: number;
}

/** Node's name of the hash of session keys and their MACs. */
export type SessionDigest = "md5" | "sha1" | "sha256" | "sha384" | "sha512";

/** A list of key IDs, used from its end; `last` is the one that would follow it, which everybody is told of (RFC 5906 §5.1). */
export interface KeyList {
  readonly keyIds: number[];
  /** The autokey values: how many key IDs precede the last, and the key ID that follows it. */
  readonly autokey: { readonly sequence: number; readonly keyId: number };
}

/** Key IDs of a list at most, as ntpd has it. */
export const LONGEST_LIST = 100;

/** The session key of a packet. */
export function sessionKey(digest: SessionDigest, { source, destination, keyId, cookie }: SessionKeyParts): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(8));
  numbers.setUint32(0, keyId);
  numbers.setUint32(4, cookie);
  return createHash(digest).update(source).update(destination).update(new Uint8Array(numbers.buffer)).digest();
}

/** The key ID that a session key names: that of the next in its list, or a cookie. */
export function keyIdOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(0);
}

/** Whether a key ID may be one of Autokey's: those up to 65535 are of key files (RFC 5905 §7.3). */
export function isSessionKeyId(keyId: number): boolean {
  return keyId > KEY_ID_LIMIT;
}

/**
 * The MAC of a packet.
 * @param covered header and extension fields
 */
export function sessionMac(digest: SessionDigest, parts: SessionKeyParts, covered: Uint8Array): Mac {
  const octets = createHash(digest).update(sessionKey(digest, parts)).update(covered).digest();
  return { keyId: parts.keyId, digest: octets.subarray(0, DIGEST_LIMIT) };
}

/** Octets of such a MAC: key ID and digest. */
export function macLength(digest: SessionDigest): number {
  return 4 + Math.min(createHash(digest).digest().length, DIGEST_LIMIT);
}

/** Whether a packet's MAC is the one that it ought to have. */
export function isSessionMac(
  digest: SessionDigest,
  parts: Omit<SessionKeyParts, "keyId">,
  covered: Uint8Array,
  mac: Mac,
): boolean {
  if (!isSessionKeyId(mac.keyId)) return false;
  return sameDigest(sessionMac(digest, { ...parts, keyId: mac.keyId }, covered).digest, mac.digest);
}

/**
 * A fresh list.
 * @param first the key ID that is used last, random
 * @param length key IDs at most, 1 …
 */
export function keyList(
  digest: SessionDigest,
  parts: Omit<SessionKeyParts, "keyId">,
  first: number,
  length: number = LONGEST_LIST,
): KeyList {
  const keyIds = [first];
  let next = following(digest, parts, first);
  while (keyIds.length < length && isSessionKeyId(next) && !keyIds.includes(next)) {
    keyIds.push(next);
    next = following(digest, parts, next);
  }
  return { keyIds, autokey: { sequence: keyIds.length - 1, keyId: next } };
}

/**
 * How many packets a key ID lies before one that is known: hashing leads from the packets sent later to those sent earlier.
 * @param most steps to look
 * @returns 1 …; `null`: it does not lead there
 */
export function stepsTo(
  digest: SessionDigest,
  parts: Omit<SessionKeyParts, "keyId">,
  received: number,
  known: number,
  most: number,
): number | null {
  let keyId = received;
  for (let steps = 1; steps <= most; steps += 1) {
    keyId = following(digest, parts, keyId);
    if (keyId === known) return steps;
  }
  return null;
}

function following(digest: SessionDigest, parts: Omit<SessionKeyParts, "keyId">, keyId: number): number {
  return keyIdOf(sessionKey(digest, { ...parts, keyId }));
}
