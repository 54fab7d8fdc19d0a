/**
 * Nonces: proof that whoever asks receives what is sent to its address (RFC 9327 §4 "Request Nonce").
 *
 * ```text
 * 16 hexadecimal digits: when it was given out, NTP timestamp | 16: keyed digest of that and the client's address
 * ```
 *
 * Nothing is remembered: a nonce is known again by making it again.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Seconds } from "../../time/seconds.ts";
import { difference, type NtpTimestamp } from "../../time/timestamp.ts";

/** So long a nonce is worth something, as ntpd's. */
export const NONCE_LIFETIME: Seconds = 16;

/**
 * A nonce for an address.
 * @param secret unpredictable, of 16 octets or more
 * @param ip as text; a nonce is good for every port of it
 * @returns 32 hexadecimal digits
 */
export function makeNonce(secret: Uint8Array, ip: string, now: NtpTimestamp): string {
  const time = now.toString(16).padStart(16, "0");
  const digest = createHmac("sha256", secret).update(`${time} ${ip}`).digest("hex");
  return `${time}${digest.slice(0, 16)}`;
}

/** Whether a nonce was made for this address, a short while ago. */
export function isValidNonce(secret: Uint8Array, ip: string, now: NtpTimestamp, nonce: string): boolean {
  if (!NONCE.test(nonce)) return false;
  const given = BigInt(`0x${nonce.slice(0, 16)}`) as NtpTimestamp;
  const age = difference(now, given);
  if (age < 0 || age >= NONCE_LIFETIME) return false;
  return timingSafeEqual(Buffer.from(makeNonce(secret, ip, given)), Buffer.from(nonce));
}

const NONCE = /^[0-9a-f]{32}$/;
