/**
 * The server's side of Autokey, without state for its clients: a cookie is a hash of both addresses and a secret of ours, and what a
 * question needs it carries (RFC 5906 §4.2, §9).
 *
 * ntpd 4.2.8 never draws that secret: it is 0, and everybody can reckon everybody's cookie. Ours is random, and another after a restart,
 * of which clients are told by a crypto-NAK.
 */
import { constants, publicEncrypt } from "node:crypto";
import {
  AUTOKEY_CODES,
  autokeyField,
  isAutokeyType,
  readAutokeyMessage,
  type AutokeyMessage,
  type AutokeyValue,
} from "../../wire/autokey.ts";
import { addressOctets } from "../../wire/address.ts";
import { encodeExtension } from "../../wire/extension.ts";
import { encodeMac } from "../../wire/mac.ts";
import { concatenate } from "../../wire/octets.ts";
import type { Packet } from "../../wire/packet.ts";
import type { AutokeyAnswering, Moment, Ticket } from "../security.ts";
import { countersigned, readCertificate } from "./certificate.ts";
import type { Credentials } from "./credentials.ts";
import { ntpSeconds, unixNear } from "./stamps.ts";
import type { AutokeyFault } from "./faults.ts";
import { answerTo, IDENTITY_SCHEMES } from "./identity/identity.ts";
import type { RandomOctets } from "./identity/numbers.ts";
import { readHostKey } from "./keys.ts";
import { isSessionMac, keyIdOf, sessionKey, sessionMac } from "./session.ts";

const NO_ANSWER = new Uint8Array(0);

/** Between whom a packet goes: octets of both addresses, of the same length. */
export interface Path {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** Answers that take a private key, or as long: so many a second, and as many at once. Others wait and ask again. */
const COSTLY_PER_SECOND = 50;

const { ASSOC, CERT, COOKIE, LEAP, SIGN } = AUTOKEY_CODES;

/** What is reckoned anew for each question. */
const COSTLY: ReadonlySet<number> = new Set([COOKIE, SIGN, ...IDENTITY_SCHEMES.map(({ code }) => code)]);

/** A server that speaks Autokey. */
export class AutokeyServer implements AutokeyAnswering {
  readonly #credentials: Credentials;
  readonly #random: RandomOctets;
  readonly #secret: number;
  /** When it was last asked. */
  #unix: number;
  #second = Number.NaN;
  #spent = 0;

  /** @param unix about when, Unix seconds: the era of what is served */
  constructor(credentials: Credentials, random: RandomOctets, unix: number = credentials.own.certificate.from) {
    this.#unix = unix;
    this.#credentials = credentials;
    this.#random = random;
    const octets = random(4);
    this.#secret = new DataView(octets.buffer, octets.byteOffset).getUint32(0);
  }

  /** See {@link AutokeyAnswering}. */
  judge(
    bytes: Uint8Array,
    packet: Packet,
    client: string,
    server: string,
    seconds: number,
    synchronized: boolean,
  ): Ticket | null {
    const [source, own] = [addressOctets(client), addressOctets(server)];
    if (source === null || own === null || source.length !== own.length) return null;
    const path = { client: source, server: own };
    if (!this.isAuthentic(bytes, packet, path)) return null;
    this.#unix = unixNear(seconds, this.#unix);
    const moment = { unix: this.#unix, synchronized };
    return {
      session: null,
      grows: true,
      seal: (header) => this.answer(header, packet, path, moment) ?? NO_ANSWER,
    };
  }

  /** Whether a question's MAC is right. */
  isAuthentic(bytes: Uint8Array, { mac, covered, extensions }: Packet, path: Path): boolean {
    if (mac === null) return false;
    const parts = { source: path.client, destination: path.server, cookie: this.#cookieFor(extensions.length, path) };
    return isSessionMac(this.#credentials.digest, parts, bytes.subarray(0, covered), mac);
  }

  /**
   * The answer to an authentic question.
   * @param header 48 octets of it
   * @returns `null`: too much was asked in this second
   */
  answer(header: Uint8Array, { mac, extensions }: Packet, path: Path, moment: Moment): Uint8Array | null {
    const [field] = extensions;
    const message = field === undefined ? null : this.#reply(field, path, moment);
    if (message === "busy") return null;
    const encoded = message === null ? null : autokeyField(message);
    const covered = encoded === null ? header : concatenate([header, encodeExtension(encoded.type, encoded.value)]);
    const cookie = this.#cookieFor(extensions.length, path);
    const parts = { source: path.server, destination: path.client, keyId: mac!.keyId, cookie };
    return concatenate([covered, encodeMac(sessionMac(this.#credentials.digest, parts, covered))]);
  }

  /** Packets with extension fields have none. */
  #cookieFor(fields: number, path: Path): number {
    return fields > 0 ? 0 : this.#cookieOf(path);
  }

  #cookieOf({ client, server }: Path): number {
    const parts = { source: client, destination: server, keyId: 0, cookie: this.#secret };
    return keyIdOf(sessionKey(this.#credentials.digest, parts));
  }

  /** Of several messages the first is answered, as ntpd has it. */
  #reply(field: Packet["extensions"][number], path: Path, moment: Moment): AutokeyMessage | null | "busy" {
    if (!isAutokeyType(field.type)) return null;
    const question = readAutokeyMessage(field);
    const code = field.type & 0xff;
    if (typeof question === "string") return { code, response: true, error: true, associationId: 0, content: null };
    if (question.response) return null;
    this.#credentials.refresh(moment);
    if (COSTLY.has(code) && this.#isSpent(moment)) return "busy";
    const content = this.#contentFor(question, path, moment);
    const isFault = typeof content === "string";
    const { associationId } = question;
    return { code, response: true, error: isFault, associationId, content: isFault ? null : content };
  }

  /** What is answered: a value, nothing, or that it cannot be done. */
  #contentFor({ code, content }: AutokeyMessage, path: Path, moment: Moment): AutokeyValue | AutokeyFault | null {
    const credentials = this.#credentials;
    if (code === ASSOC) return credentials.association();
    if (code === LEAP) return credentials.leapValues();
    if (content === null) return "fieldLength";
    switch (code) {
      case CERT:
        return this.#certificateFor(content, moment);
      case COOKIE:
        return this.#encryptedCookie(content, path, moment);
      case SIGN:
        return this.#countersigned(content, moment);
      default:
        return this.#proof(code, content, moment);
    }
  }

  #certificateFor({ value }: AutokeyValue, { synchronized }: Moment): AutokeyValue | null {
    const held = synchronized ? this.#credentials.find(Buffer.from(value).toString("latin1")) : null;
    return held === null ? null : this.#credentials.certificate(held);
  }

  #encryptedCookie({ value }: AutokeyValue, path: Path, moment: Moment): AutokeyValue | AutokeyFault {
    const key = readHostKey(value);
    if (key === null) return "publicKey";
    const cookie = Buffer.alloc(4);
    cookie.writeUInt32BE(this.#cookieOf(path));
    try {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      return this.#credentials.fresh(publicEncrypt({ key, padding, oaepHash: "sha1" }, cookie), moment);
    } catch {
      return "publicKey"; // its modulus is too small for the padding
    }
  }

  #countersigned({ value, filestamp }: AutokeyValue, moment: Moment): AutokeyValue | AutokeyFault {
    const { issuer, own } = this.#credentials;
    const { unix, synchronized } = moment;
    if (!synchronized) return "unsynchronized";
    if (unix > own.certificate.until) return "expired";
    if (unix < own.certificate.from) return "notYetValid";
    const theirs = readCertificate(value);
    if (typeof theirs === "string") return theirs;
    // Whoever asks shows that he has the key; and in our name nobody else is vouched for.
    if (theirs.subject !== theirs.issuer || theirs.subject === this.#credentials.name) return "subject";
    const signed = countersigned(theirs, issuer, unix, ntpSeconds(unix));
    return this.#credentials.fresh(signed, moment, filestamp);
  }

  /** That we are of our group, by the scheme that is asked for. */
  #proof(code: number, { value }: AutokeyValue, moment: Moment): AutokeyValue | AutokeyFault {
    const row = IDENTITY_SCHEMES.find((known) => known.code === code);
    if (row === undefined) return "unexpected";
    const group = this.#credentials.identities.find(({ scheme }) => scheme === row.scheme);
    const answer = group === undefined ? null : answerTo(group, value, this.#random);
    return answer === null ? "noIdentity" : this.#credentials.fresh(answer, moment, group!.filestamp);
  }

  #isSpent({ unix }: Moment): boolean {
    if (unix !== this.#second) this.#spent = 0;
    this.#second = unix;
    this.#spent += 1;
    return this.#spent > COSTLY_PER_SECOND;
  }
}
