/**
 * NTS as an association's security: the cookies in hand, the requests that are out, and what is believed (RFC 8915 §5.7).
 *
 * A cookie is spent by being sent, answered or not, so none is ever sent twice; a request asks by placeholders for as many
 * as bring the hand back to eight. Whatever is wrong, a packet is `failed`: there is no way from here to unauthenticated
 * time. Keys come from outside, by `Keying.establish`; this file shakes no hands.
 */
import { HEADER_LENGTH } from "../../wire/header.ts";
import { kissAction, kissCode } from "../../wire/kiss.ts";
import { MIN_UNIQUE_IDENTIFIER, NTS_FIELDS, authenticatorOctets } from "../../wire/nts.ts";
import type { EstablishedKeys, Keying, Opened, Sealed, Security } from "../security.ts";
import { TAG_OCTETS, aeadNumbered, type Aead, type MakeAead } from "./aead.ts";
import { MAX_COOKIE, SHORTEST_AEAD } from "./ke.ts";
import { COOKIES_IN_HAND, RequestSizes } from "./size.ts";
import { fieldOctets, openPacket, protectedPacket, sealPacket, type RandomOctets } from "./packet.ts";

/** The security of an association under NTS; it is its own {@link Keying}. */
export interface NtsSecurity extends Security, Keying {
  readonly keying: Keying;
}

/**
 * The most octets of a request: IPv6's least MTU without its and UDP's headers, so that no request is fragmented
 * (RFC 8915 §5.7).
 */
export const MAX_REQUEST: number = 1280 - 40 - 8;

/** Requests out at a time that an answer is taken for: two bursts. */
const OUTSTANDING = 16;

/** Keys in use. */
interface Session {
  readonly c2s: Aead;
  readonly s2c: Aead;
  readonly cookies: Uint8Array[];
  /** The same two keys as octets. */
  readonly keys: Pick<EstablishedKeys, "aead" | "c2s" | "s2c">;
}

/** A request that is out. */
interface Outstanding {
  readonly placeholders: number;
  readonly uniqueIdentifier: Uint8Array;
  readonly session: Session;
}

/**
 * The security of one association; it cannot seal before it was given keys.
 * @param most placeholders of a request at most
 */
export function ntsSecurity(makeAead: MakeAead, random: RandomOctets, most: number = COOKIES_IN_HAND - 1): NtsSecurity {
  let session: Session | null = null;
  let outstanding: readonly Outstanding[] = [];
  let refused = false;
  const sizes = new RequestSizes();

  function seal(header: Uint8Array): Sealed {
    const cookie = session?.cookies.shift();
    if (session === null || cookie === undefined) return { kind: "unsealed", fault: "noCookies" };
    const uniqueIdentifier = random(MIN_UNIQUE_IDENTIFIER);
    const placeholder = { type: NTS_FIELDS.placeholder, value: new Uint8Array(cookie.length) };
    const count = sizes.next(Math.min(most, placeholders(session, cookie.length)));
    const clear = [
      { type: NTS_FIELDS.uniqueIdentifier, value: uniqueIdentifier },
      { type: NTS_FIELDS.cookie, value: cookie },
      ...Array.from({ length: count }, () => placeholder),
    ];
    outstanding = [{ uniqueIdentifier, session, placeholders: count }, ...outstanding].slice(0, OUTSTANDING);
    return { kind: "sealed", bytes: sealPacket(header, clear, [], session.c2s, random) };
  }

  function open(bytes: Uint8Array, packet: Parameters<Security["open"]>[1]): Opened {
    const parts = protectedPacket(packet);
    const request = parts === null ? undefined : outstanding.find(repeats(parts.uniqueIdentifier));
    if (parts === null || request === undefined) return "failed";
    if (parts.authenticator === null) {
      const kiss = kissCode(packet.header);
      if (kiss !== null && kissAction(kiss) !== "none") return "kiss";
      if (kiss !== "NTSN") return "failed";
      // Anybody on the path can say so: it changes what is asked for next, never what is believed.
      refused ||= request.session === session;
      return "nak";
    }
    const opened = openPacket(bytes, parts.authenticator, request.session.s2c);
    if (opened === null) return "failed";
    outstanding = outstanding.filter((other) => other !== request);
    takeCookies(request.session, opened.fields);
    sizes.answered(request.placeholders);
    if (request.session === session) refused = false;
    return "ok";
  }

  const security: NtsSecurity = {
    kind: "nts",
    keyId: null,
    seal,
    open,
    get keying() {
      return security;
    },
    get cookies() {
      return session?.cookies.length ?? 0;
    },
    get needsKeys() {
      return refused || session === null || session.cookies.length === 0;
    },
    get reduced() {
      return sizes.reduced;
    },
    get wantsShorter() {
      return sizes.isMute && session !== null && session.keys.aead !== SHORTEST_AEAD;
    },
    establish({ aead, c2s, s2c, cookies }) {
      const row = aeadNumbered(aead);
      if (row === null) throw new RangeError(`AEAD ${aead} is not one of ours`);
      session = {
        c2s: makeAead(row, c2s),
        s2c: makeAead(row, s2c),
        cookies: cookies.slice(0, COOKIES_IN_HAND).map((cookie) => Uint8Array.from(cookie)),
        keys: { aead, c2s: Uint8Array.from(c2s), s2c: Uint8Array.from(s2c) },
      };
      refused = false;
      sizes.restart();
    },
    surrender() {
      const given = session;
      session = null;
      return given === null || refused || given.cookies.length === 0 ? null : { ...given.keys, cookies: given.cookies };
    },
  };
  return security;
}

/** How many cookies to ask for beside the one that every answer brings: those lacking to eight, as far as they fit. */
function placeholders({ cookies, c2s }: Session, cookieOctets: number): number {
  const lacking = COOKIES_IN_HAND - cookies.length - 1;
  const field = fieldOctets(cookieOctets);
  const authenticator = authenticatorOctets(c2s.row.nonceOctets, TAG_OCTETS);
  const bare = HEADER_LENGTH + fieldOctets(MIN_UNIQUE_IDENTIFIER) + field + authenticator;
  return Math.max(0, Math.min(lacking, Math.floor((MAX_REQUEST - bare) / field)));
}

/** The cookies of an answer go to the keys that they belong to, which may have been replaced meanwhile. */
function takeCookies(
  { cookies }: Session,
  fields: readonly { readonly type: number; readonly value: Uint8Array }[],
): void {
  const room = COOKIES_IN_HAND - cookies.length;
  const fresh = fields.filter(({ type, value }) => type === NTS_FIELDS.cookie && isCookie(value));
  cookies.push(...fresh.slice(0, room).map(({ value }) => Uint8Array.from(value)));
}

function isCookie({ length }: Uint8Array): boolean {
  return length > 0 && length <= MAX_COOKIE;
}

function repeats(received: Uint8Array): (request: Outstanding) => boolean {
  return ({ uniqueIdentifier }) =>
    uniqueIdentifier.length === received.length && uniqueIdentifier.every((octet, at) => octet === received[at]);
}
