/**
 * What a host brings to the dance: its keys and certificate, the certificates it has been given, and values signed by it that say when
 * (RFC 5906 §10 "Host State Variables").
 *
 * Only who is synchronized signs: the stamp of a signature is the moment when its values were last made anew, which is when a
 * certificate comes in, when the leap seconds do, and daily. Values are signed when they are first wanted.
 */
import { createPublicKey, privateDecrypt, constants, type KeyObject } from "node:crypto";
import { AUTOKEY_CODES, autokeyField, signedOctets, type AutokeyValue } from "../../wire/autokey.ts";
import { encodeExtension } from "../../wire/extension.ts";
import { HEADER_LENGTH } from "../../wire/header.ts";
import type { Moment } from "../security.ts";
import { readCertificate, signature, type Certificate, type Issuer } from "./certificate.ts";
import type { AutokeyFault } from "./faults.ts";
import { rowOf, type GroupParameters } from "./identity/identity.ts";
import { KeyFileFault, type Stamped } from "./keyfiles.ts";
import { macLength, type SessionDigest } from "./session.ts";
import { isBefore, ntpSeconds } from "./stamps.ts";
import { STATUS } from "./status.ts";

/** What the files of a host have. */
export interface HostFiles {
  readonly hostKey: Stamped<KeyObject>;
  /** `null`: the host key signs, too. */
  readonly signKey: Stamped<KeyObject> | null;
  /** DER. */
  readonly certificate: Stamped<Uint8Array>;
  /** Of a server of a group, with its secrets, one a scheme; none: it proves its identity to nobody. */
  readonly identities: readonly GroupParameters[];
}

/** What is known of leap seconds: TAI − UTC, when it came to be, and until when that is known; NTP seconds; 0: nothing. */
export type LeapValues = readonly [offset: number, since: number, expires: number];

/** A certificate in hand. */
export interface HeldCertificate {
  readonly certificate: Certificate;
  readonly filestamp: number;
}

/** Certificates in hand at most: ours, and those of the trails of our servers. */
const MOST_CERTIFICATES = 32;

/** How often everything is signed anew, seconds. */
const RESIGNED_AFTER = 86_400;

/** What there is to be told of a host. */
export interface HostFacts {
  /** The status word. */
  readonly flags: number;
  readonly host: string;
  /** The group whose server it is; `null`: that of its own name. */
  readonly ident: string | null;
  readonly digest: string;
  readonly signature: string;
  /** When values were last signed, NTP seconds; `null`: never. */
  readonly updated: number | null;
  readonly certificates: readonly {
    readonly subject: string;
    readonly issuer: string;
    readonly flags: number;
    /** NTP seconds. */
    readonly until: number;
  }[];
}

/** A host that speaks Autokey. */
export class Credentials {
  readonly name: string;
  readonly digest: SessionDigest;
  readonly own: HeldCertificate;
  readonly identities: readonly GroupParameters[];
  readonly #issuer: Issuer;
  readonly #hostKey: Stamped<KeyObject>;
  /** The youngest first. */
  #certificates: readonly HeldCertificate[];
  #leap: LeapValues = [0, 0, 0];
  #knowsLeap = false;
  /** When values were last made anew; 0: never. */
  #updated = 0;
  #signed = new Map<string, AutokeyValue>();

  private constructor(files: HostFiles, certificate: Certificate, digest: SessionDigest) {
    const { hostKey, signKey, identities } = files;
    this.name = certificate.subject;
    this.digest = digest;
    this.identities = identities;
    this.own = { certificate, filestamp: files.certificate.filestamp };
    this.#certificates = [this.own];
    this.#hostKey = hostKey;
    this.#issuer = { name: this.name, key: (signKey ?? hostKey).what, scheme: certificate.scheme };
  }

  /** @param digest of session keys, MD5 unless everybody was told another (`crypto digest`) */
  static of(files: HostFiles, digest: SessionDigest = "md5"): Credentials | KeyFileFault {
    const certificate = readCertificate(files.certificate.what);
    if (typeof certificate === "string") return new KeyFileFault(`the certificate cannot be used (${certificate})`);
    if (files.hostKey.what.asymmetricKeyType !== "rsa") return new KeyFileFault("the host key is not an RSA key");
    if (certificate.subject !== certificate.issuer)
      return new KeyFileFault("the certificate was not signed by its own host");
    const signer = createPublicKey((files.signKey ?? files.hostKey).what);
    if (!signer.equals(certificate.publicKey)) return new KeyFileFault("the certificate is of another key");
    return new Credentials(files, certificate, digest);
  }

  /** What others are told of us. */
  get status(): number {
    const { nid } = this.#issuer.scheme;
    const schemes = this.identities.reduce((flags, { scheme }) => flags | rowOf(scheme).flag, 0);
    const isPrivate = this.own.certificate.private ? STATUS.private : 0;
    return ((nid << 16) | STATUS.enabled | schemes | isPrivate | (this.#updated === 0 ? 0 : STATUS.tai)) >>> 0;
  }

  get issuer(): Issuer {
    return this.#issuer;
  }

  /** Stamps and signs all anew, if we are synchronized. */
  update({ unix, synchronized }: Moment): void {
    if (!synchronized) return;
    this.#updated = ntpSeconds(unix);
    this.#signed.clear();
  }

  /** As {@link Credentials.update}, where that is due. */
  refresh(moment: Moment): void {
    const due = this.#updated === 0 || !isBefore(ntpSeconds(moment.unix), this.#updated + RESIGNED_AFTER);
    if (due) this.update(moment);
  }

  /** Our status word and name, which nobody signs. */
  association(): AutokeyValue {
    return { timestamp: this.#updated, filestamp: this.status, value: octetsOf(this.name), signature: NOT_SIGNED };
  }

  /** The key that cookies are to be encrypted by. */
  publicKey(): AutokeyValue {
    const { what, filestamp } = this.#hostKey;
    return this.#lasting("key", filestamp, () => createPublicKey(what).export({ format: "der", type: "pkcs1" }));
  }

  /** A certificate in hand. */
  certificate({ certificate, filestamp }: HeldCertificate): AutokeyValue {
    const { subject, issuer, octets } = certificate;
    return this.#lasting(`certificate ${subject} ${issuer}`, filestamp, () => octets);
  }

  /** Octets of the packet that shows our certificate: header, field and MAC (RFC 5906 §10; of other certificates of its trail alike). */
  get octetsShown(): number {
    const { certificate, filestamp } = this.own;
    const content = this.#signedValue({ timestamp: 1, filestamp, value: certificate.octets });
    const answer = { code: AUTOKEY_CODES.CERT, response: true, error: false, associationId: 0, content };
    const { type, value: field } = autokeyField(answer);
    return HEADER_LENGTH + encodeExtension(type, field).length + macLength(this.digest);
  }

  leapValues(): AutokeyValue {
    return this.#lasting("leap", this.#hostKey.filestamp, () => {
      const octets = new DataView(new ArrayBuffer(12));
      for (const [index, number] of this.#leap.entries()) octets.setUint32(index * 4, number);
      return new Uint8Array(octets.buffer);
    });
  }

  /** What is known of leap seconds. */
  takeLeap(values: LeapValues, moment: Moment): void {
    if (this.#knowsLeap && values[0] === 0) return;
    this.#leap = values;
    this.#knowsLeap ||= values[0] !== 0;
    this.update(moment);
  }

  /**
   * A value made for one question, signed now if we are synchronized.
   * @param filestamp NTP seconds; absent: when our lasting values were made
   */
  fresh(value: Uint8Array, { unix, synchronized }: Moment, filestamp: number = this.#updated): AutokeyValue {
    return this.#signedValue({ timestamp: synchronized ? ntpSeconds(unix) : 0, filestamp, value });
  }

  /**
   * The certificate to show for a name: one that signed itself and is trusted, else one that another has signed.
   * @returns `null`: there is none, or it is private
   */
  find(name: string): HeldCertificate | null {
    const shown = this.#certificates.filter(({ certificate }) => certificate.subject === name && !certificate.private);
    const trusted = shown.find(({ certificate }) => certificate.issuer === name && certificate.trusted);
    return trusted ?? shown.find(({ certificate }) => certificate.issuer !== name) ?? null;
  }

  /** The trail in hand, for reports: the youngest first. */
  get certificates(): readonly HeldCertificate[] {
    return this.#certificates;
  }

  /** What control queries are told, as ntpd tells it. @param ident the group whose server we are; `null`: that of our own name */
  facts(ident: string | null): HostFacts {
    return {
      flags: this.status,
      host: this.name,
      ident,
      digest: this.digest,
      signature: this.#issuer.scheme.name,
      updated: this.#updated === 0 ? null : this.#updated,
      certificates: this.#certificates.map(({ certificate }) => ({
        subject: certificate.subject,
        issuer: certificate.issuer,
        flags: marksOf(certificate),
        until: ntpSeconds(certificate.until),
      })),
    };
  }

  /** Takes a certificate, in place of an older one of the same subject and issuer. */
  install(certificate: Certificate, filestamp: number, moment: Moment): void {
    const same = this.#certificates.find((held) => isSamePair(held.certificate, certificate));
    if (same !== undefined && !isBefore(same.filestamp, filestamp)) return;
    const others = this.#certificates.filter((held) => held !== same && held !== this.own);
    this.#certificates = [{ certificate, filestamp }, ...others.slice(0, MOST_CERTIFICATES - 2), this.own];
    this.update(moment);
  }

  /** The cookie that was encrypted for us. */
  decryptCookie(encrypted: Uint8Array): number | AutokeyFault {
    try {
      const key = this.#hostKey.what;
      const octets = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }, encrypted);
      return octets.length === 4 ? octets.readUInt32BE() : "cookie";
    } catch {
      return "cookie"; // Node says in no other way that it was not encrypted for us
    }
  }

  #lasting(name: string, filestamp: number, value: () => Uint8Array): AutokeyValue {
    const known = this.#signed.get(name);
    if (known !== undefined) return known;
    const made = this.#signedValue({ timestamp: this.#updated, filestamp, value: value() });
    this.#signed.set(name, made);
    return made;
  }

  #signedValue(value: Omit<AutokeyValue, "signature">): AutokeyValue {
    const { timestamp } = value;
    return { ...value, signature: timestamp === 0 ? NOT_SIGNED : signature(this.#issuer, signedOctets(value)) };
  }
}

/** ntpd's bits of a certificate: trusted, signed by another, valid, private. */
function marksOf({ trusted, subject, issuer, private: isPrivate }: Certificate): number {
  return (trusted ? 1 : 0) | (subject === issuer ? 0 : 2) | 4 | (isPrivate ? 8 : 0);
}

const NOT_SIGNED = new Uint8Array(0);

/** A name's octets. */
export function octetsOf(name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(name, "latin1"));
}

function isSamePair(one: Certificate, other: Certificate): boolean {
  return one.subject === other.subject && one.issuer === other.issuer;
}
