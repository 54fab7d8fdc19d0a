/**
 * What a host answers to the questions of a dance (RFC 5906 §10), whoever asks: a client, of which nothing is remembered, or a peer.
 *
 * The cookie it gives away, and the autokey values, are its asker's to say.
 */
import { constants, publicEncrypt } from "node:crypto";
import {
  AUTOKEY_CODES,
  isAutokeyType,
  readAutokeyMessage,
  type AutokeyMessage,
  type AutokeyValue,
} from "../../wire/autokey.ts";
import type { Packet } from "../../wire/packet.ts";
import type { Moment } from "../security.ts";
import { countersigned, readCertificate } from "./certificate.ts";
import type { Credentials } from "./credentials.ts";
import type { AutokeyFault } from "./faults.ts";
import { answerTo, IDENTITY_SCHEMES } from "./identity/identity.ts";
import type { RandomOctets } from "./identity/numbers.ts";
import { readHostKey } from "./keys.ts";
import { ntpSeconds } from "./stamps.ts";

/** Answers that take a private key, or as long: so many a second, and as many at once. Others wait and ask again. */
const COSTLY_PER_SECOND = 50;

const { ASSOC, AUTO, CERT, COOKIE, LEAP, SIGN } = AUTOKEY_CODES;

/** What is reckoned anew for each question. */
const COSTLY: ReadonlySet<number> = new Set([COOKIE, SIGN, ...IDENTITY_SCHEMES.map(({ code }) => code)]);

/** What depends on who asks. */
export interface Asker {
  /** The cookie that it is given. */
  cookie(): number;
  /** The autokey values of a list; `null`: there is none of that association. */
  autokey(associationId: number, moment: Moment): AutokeyValue | null;
}

/** One who answers. */
export class Answers {
  readonly #credentials: Credentials;
  readonly #random: RandomOctets;
  #second = Number.NaN;
  #spent = 0;

  constructor(credentials: Credentials, random: RandomOctets) {
    this.#credentials = credentials;
    this.#random = random;
  }

  /**
   * The answer to a question.
   * @returns `null`: it is none; `busy`: too much was asked in this second
   */
  reply(field: Packet["extensions"][number], asker: Asker, moment: Moment): AutokeyMessage | null | "busy" {
    if (!isAutokeyType(field.type)) return null;
    const question = readAutokeyMessage(field);
    const code = field.type & 0xff;
    if (typeof question === "string") return { code, response: true, error: true, associationId: 0, content: null };
    if (question.response) return null;
    this.#credentials.refresh(moment);
    if (COSTLY.has(code) && this.#isSpent(moment)) return "busy";
    const content = this.#contentFor(question, asker, moment);
    const isFault = typeof content === "string";
    const { associationId } = question;
    return { code, response: true, error: isFault, associationId, content: isFault ? null : content };
  }

  /** What is answered: a value, nothing, or that it cannot be done. */
  #contentFor(question: AutokeyMessage, asker: Asker, moment: Moment): AutokeyValue | AutokeyFault | null {
    const { code, content, associationId } = question;
    const credentials = this.#credentials;
    if (code === ASSOC) return credentials.association();
    if (code === LEAP) return credentials.leapValues();
    if (code === AUTO) return asker.autokey(associationId, moment) ?? "association";
    if (content === null) return "fieldLength";
    switch (code) {
      case CERT:
        return this.#certificateFor(content, moment);
      case COOKIE:
        return this.#encryptedCookie(content, asker, moment);
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

  #encryptedCookie({ value }: AutokeyValue, asker: Asker, moment: Moment): AutokeyValue | AutokeyFault {
    const key = readHostKey(value);
    if (key === null) return "publicKey";
    const cookie = Buffer.alloc(4);
    try {
      cookie.writeUInt32BE(asker.cookie());
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
