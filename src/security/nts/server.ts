/**
 * The server's side of NTS for NTPv4, without state: a request's cookie has the keys that open it and seal its answer
 * (RFC 8915 §5.7).
 *
 * An answer is never longer than its request: it has as many cookies as the request has cookies and placeholders, all of
 * one length, and the request's padding makes room for our nonce where its own is shorter.
 */
import { MIN_NTS_FIELD, NTS_FIELDS, additionalPadding, isUnderNts } from "../../wire/nts.ts";
import { encodeExtension, type ExtensionField } from "../../wire/extension.ts";
import type { Packet } from "../../wire/packet.ts";
import type { MakeAead } from "./aead.ts";
import { openCookie, sealCookie, type CookieKeys, type MasterKey } from "./cookie.ts";
import { COOKIES_IN_HAND } from "./size.ts";
import { openPacket, protectedPacket, sealPacket, type RandomOctets } from "./packet.ts";

/** An authentic request, with what its answer needs. */
export interface NtsRequest {
  readonly keys: CookieKeys;
  readonly uniqueIdentifier: Uint8Array;
  /** Cookies to give, at least 1. */
  readonly cookies: number;
  /** How many master keys are younger than that of its cookie. */
  readonly age: number;
}

/** Why a request is not authentic: its cookie is by no master key that is kept, or was altered; or the request was. */
export type Refusal = "unknownKey" | "cookie" | "request";

/** What a request is. */
export type NtsArrival =
  /** It has no cookie: NTS is not spoken of. */
  | { readonly kind: "plain" }
  | { readonly kind: "authentic"; readonly request: NtsRequest }
  /** To be answered with the kiss NTSN, since the cookie or the request is not authentic. */
  | { readonly kind: "nak"; readonly why?: Refusal; readonly uniqueIdentifier: Uint8Array }
  /** To be dropped: it is not made as the RFC has it. */
  | { readonly kind: "malformed" };

/**
 * Judges a request.
 * @param bytes the datagram
 * @param packet the same, decoded
 * @param masters the master keys still kept
 */
export function openRequest(
  bytes: Uint8Array,
  packet: Packet,
  masters: readonly MasterKey[],
  makeAead: MakeAead,
): NtsArrival {
  if (!isUnderNts(packet)) return { kind: "plain" };
  const parts = protectedPacket(packet);
  const cookie = parts === null ? null : onlyCookie(parts.clear);
  if (parts === null || parts.authenticator === null || cookie === null) return { kind: "malformed" };

  const { uniqueIdentifier, clear, authenticator } = parts;
  const inside = openCookie(cookie, masters, makeAead);
  if (inside.kind !== "opened")
    return { kind: "nak", why: inside.kind === "wrong" ? "cookie" : "unknownKey", uniqueIdentifier };
  const { keys, age } = inside;
  const aead = makeAead(keys.aead, keys.c2s);
  const opened = openPacket(bytes, authenticator, aead);
  if (opened === null) return { kind: "nak", why: "request", uniqueIdentifier };
  if (opened.padding < additionalPadding(opened.nonce, aead.row.longestNonce)) return { kind: "malformed" };

  const asked = 1 + placeholders(clear, cookie.length) + placeholders(opened.fields, cookie.length);
  const cookies = Math.min(asked, COOKIES_IN_HAND);
  return { kind: "authentic", request: { keys, age, uniqueIdentifier: uniqueIdentifier.slice(), cookies } };
}

/**
 * Seals the answer to an authentic request.
 * @param header 48 octets
 * @param master the youngest master key
 * @param memory where to; absent: a new array
 */
export function sealAnswer(
  header: Uint8Array,
  { keys, uniqueIdentifier, cookies }: NtsRequest,
  master: MasterKey,
  makeAead: MakeAead,
  random: RandomOctets,
  memory?: Uint8Array,
): Uint8Array {
  const given = Array.from({ length: cookies }, () => ({
    type: NTS_FIELDS.cookie,
    value: sealCookie(master, keys, makeAead, random),
  }));
  const clear = [{ type: NTS_FIELDS.uniqueIdentifier, value: uniqueIdentifier }];
  return sealPacket(header, clear, given, makeAead(keys.aead, keys.s2c), random, memory);
}

/**
 * The answer that says NTSN: the kiss's header, and the unique identifier by which the client knows it for an answer.
 * @param header 48 octets
 */
export function encodeNak(header: Uint8Array, uniqueIdentifier: Uint8Array): Uint8Array {
  const field = encodeExtension(NTS_FIELDS.uniqueIdentifier, uniqueIdentifier, MIN_NTS_FIELD);
  const octets = new Uint8Array(header.length + field.length);
  octets.set(header);
  octets.set(field, header.length);
  return octets;
}

/** The one cookie; `null` where there is none, or more. */
function onlyCookie(fields: readonly ExtensionField[]): Uint8Array | null {
  let cookie: Uint8Array | null = null;
  for (const { type, value } of fields) {
    if (type !== NTS_FIELDS.cookie) continue;
    if (cookie !== null) return null;
    cookie = value;
  }
  return cookie;
}

/** How many of them make room for one cookie more. */
function placeholders(fields: readonly ExtensionField[], cookieOctets: number): number {
  let count = 0;
  for (const { type, value } of fields)
    if (type === NTS_FIELDS.placeholder && value.length === cookieOctets) count += 1;
  return count;
}
