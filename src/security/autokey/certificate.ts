/**
 * Certificates as Autokey has them (RFC 5906 §7, appendix H): a common name, who signed it, and marks in extensions that were meant
 * for something else. A certificate that signed itself and is marked as trusted is where a trail of them ends.
 */
import { X509Certificate, sign, verify, type KeyObject } from "node:crypto";
import {
  DER,
  derElement,
  derIdentifier,
  derNumber,
  identifierText,
  readElements,
  readNested,
  toNumber,
  toOctets,
  type DerElement,
} from "./der.ts";
import type { AutokeyFault } from "./faults.ts";
import { isFitKey } from "./keys.ts";
import { schemeIdentified, type Scheme } from "./schemes.ts";

/** A certificate that was read. */
export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  /** Unix seconds. */
  readonly from: number;
  /** Unix seconds. */
  readonly until: number;
  /** Extended key usage `trustRoot`: its host is one that the group trusts. */
  readonly trusted: boolean;
  /** Extended key usage `Private`: of the private certificate scheme, never to be shown. */
  readonly private: boolean;
  /** Of GQ, in the subject key identifier; `null`: none. */
  readonly groupKey: bigint | null;
  readonly publicKey: KeyObject;
  readonly scheme: Scheme;
  /** DER. */
  readonly octets: Uint8Array;
}

/** What an issuer signs by. */
export interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
  readonly scheme: Scheme;
}

/** OpenSSL's "Trust Root", which ntp-keygen has for trusted hosts, and "Private" (RFC 5906 appendix H). */
export const TRUST_ROOT = "1.3.6.1.5.5.7.48.1.11";
const PRIVATE = "1.3.6.1.4";

const COMMON_NAME = "2.5.4.3";
const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";

/** Octets of a certificate at most: no datagram that is taken has more. */
const LONGEST = 4096;

/** Octets of a name at most, as ntpd bounds host names. */
const LONGEST_NAME = 255;

/** A year, as ntp-keygen's certificates and those signed for others last; seconds. */
export const CERTIFICATE_LIFE: number = 365 * 86_400;

/**
 * Reads a certificate; one that says that it signed itself is checked for that.
 * @param octets DER
 */
export function readCertificate(octets: Uint8Array): Certificate | AutokeyFault {
  if (octets.length > LONGEST) return "certificate";
  const parsed = parsedByNode(octets);
  const own = partsOf(octets);
  if (parsed === null || own === null) return "certificate";
  if (!isFitKey(parsed.publicKey)) return "publicKey";
  const scheme = schemeIdentified(own.algorithm);
  if (scheme === null) return "digest";
  const { certificate, publicKey } = parsed;
  const { subjectName: subject, issuerName: issuer } = own;
  if (subject === null || issuer === null) return "certificate";
  const from = Date.parse(certificate.validFrom) / 1000;
  const until = Date.parse(certificate.validTo) / 1000;
  if (!(from <= until)) return "period";
  if (subject === issuer && !certificate.verify(publicKey)) return "selfSignature";
  const usages: readonly string[] = certificate.keyUsage ?? [];
  return {
    subject,
    issuer,
    from,
    until,
    trusted: usages.includes(TRUST_ROOT),
    private: usages.includes(PRIVATE),
    groupKey: own.groupKey,
    publicKey,
    scheme,
    octets: Uint8Array.from(octets),
  };
}

/** Whether one certificate was signed by the key of another, and while that was valid (RFC 5906 §7). */
export function isSignedBy(signed: Certificate, by: Certificate): boolean {
  if (signed.issuer !== by.subject || signed.scheme.key !== by.publicKey.asymmetricKeyType) return false;
  if (signed.from < by.from || signed.from > by.until) return false;
  return new X509Certificate(signed.octets).verify(by.publicKey);
}

/** Whether a name may be a host's: it becomes a certificate's name, and a word on terminals. */
export function isHostName(name: string): boolean {
  return name.length <= LONGEST_NAME && /^[!-~]+$/.test(name);
}

/**
 * Signs a certificate that signed itself, as the SIGN exchange has it (RFC 5906 §8): its subject, key and extensions, our name and time.
 * @param from Unix seconds; valid for a year
 * @param serial the NTP seconds of the moment
 */
export function countersigned(own: Certificate, by: Issuer, from: number, serial: number): Uint8Array {
  const parts = partsOf(own.octets)!;
  const { version, subject, publicKey, extensions } = parts;
  return signedBy(by, [
    ...version,
    derNumber(BigInt(serial)),
    algorithm(by.scheme),
    nameOf(by.name),
    validity(from, from + CERTIFICATE_LIFE),
    subject,
    publicKey,
    ...extensions,
  ]);
}

/**
 * A certificate for a host that signs it itself, as ntp-keygen makes them.
 * @param from Unix seconds
 * @param seconds how long it is valid
 */
export function selfSigned(
  by: Issuer,
  publicKey: KeyObject,
  marks: { readonly trusted: boolean; readonly groupKey?: bigint },
  from: number,
  serial: number,
  seconds: number = CERTIFICATE_LIFE,
): Uint8Array {
  const usage = Uint8Array.of(DER.bitString, 2, 2, 0x84); // digitalSignature, keyCertSign
  const extensions = [
    extension(BASIC_CONSTRAINTS, derElement(DER.sequence, Uint8Array.of(1, 1, 0xff)), true),
    extension(KEY_USAGE, usage, false),
    ...(marks.groupKey === undefined
      ? []
      : [extension(SUBJECT_KEY_IDENTIFIER, derElement(DER.octetString, toOctets(marks.groupKey)), false)]),
    ...(marks.trusted
      ? [extension(EXTENDED_KEY_USAGE, derElement(DER.sequence, derIdentifier(TRUST_ROOT)), false)]
      : []),
  ];
  return signedBy(by, [
    derElement(DER.version, derNumber(2n)),
    derNumber(BigInt(serial)),
    algorithm(by.scheme),
    nameOf(by.name),
    validity(from, from + seconds),
    nameOf(by.name),
    publicKey.export({ format: "der", type: "spki" }),
    derElement(DER.extensions, derElement(DER.sequence, ...extensions)),
  ]);
}

/** What Node says of a certificate. */
function parsedByNode(octets: Uint8Array): {
  readonly certificate: X509Certificate;
  readonly publicKey: KeyObject;
} | null {
  try {
    const certificate = new X509Certificate(octets);
    return { certificate, publicKey: certificate.publicKey };
  } catch {
    return null; // Node says in no other way that it is none
  }
}

/**
 * What Node 20 does not tell, and the parts that another certificate is made of. Names, too: `toLegacyObject`, which has them, leaves
 * node:tls without its functions where that is loaded later (Node 20).
 */
interface Parts {
  /** The last common name; `null`: there is none, or it is no host's. */
  readonly subjectName: string | null;
  readonly issuerName: string | null;
  /** Object identifier of the signature's scheme. */
  readonly algorithm: string;
  readonly groupKey: bigint | null;
  readonly version: readonly Uint8Array[];
  readonly subject: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

function partsOf(octets: Uint8Array): Parts | null {
  const [body] = readNested(octets) ?? [];
  const fields = body === undefined ? null : readElements(body.content);
  if (fields === null) return null;
  const versioned = fields[0]?.tag === DER.version;
  const [, signature, issuer, , subject, publicKey] = versioned ? fields.slice(1) : fields;
  const extensions = fields.find(({ tag }) => tag === DER.extensions);
  const [scheme] = signature === undefined ? [] : (readElements(signature.content) ?? []);
  if (scheme?.tag !== DER.objectIdentifier || issuer === undefined) return null;
  if (subject === undefined || publicKey === undefined) return null;
  return {
    subjectName: commonName(subject),
    issuerName: commonName(issuer),
    algorithm: identifierText(scheme.content),
    groupKey: extensions === undefined ? null : groupKeyOf(extensions),
    version: versioned ? [fields[0]!.whole] : [],
    subject: subject.whole,
    publicKey: publicKey.whole,
    extensions: extensions === undefined ? [] : [extensions.whole],
  };
}

function commonName({ content }: DerElement): string | null {
  const names = (readElements(content) ?? []).flatMap((set) => {
    const [identifier, text] = readElements(set.content)?.flatMap((pair) => readElements(pair.content) ?? []) ?? [];
    return text !== undefined && identifierText(identifier!.content) === COMMON_NAME ? [text.content] : [];
  });
  const name = Buffer.from(names.at(-1) ?? []).toString("latin1");
  return isHostName(name) ? name : null;
}

/** GQ's public key is an octet string within the extension's own. */
function groupKeyOf({ content }: DerElement): bigint | null {
  for (const { content: fields } of readNested(content) ?? []) {
    const parts = readElements(fields) ?? [];
    const [identifier] = parts;
    const value = parts.at(-1);
    if (identifier === undefined || identifierText(identifier.content) !== SUBJECT_KEY_IDENTIFIER) continue;
    const [inner] = value?.tag === DER.octetString ? (readElements(value.content) ?? []) : [];
    return inner?.tag === DER.octetString ? toNumber(inner.content) : null;
  }
  return null;
}

function signedBy({ key, scheme }: Issuer, fields: readonly Uint8Array[]): Uint8Array {
  const body = derElement(DER.sequence, ...fields);
  const signature = sign(scheme.digest, body, key);
  return derElement(DER.sequence, body, algorithm(scheme), derElement(DER.bitString, Uint8Array.of(0), signature));
}

function algorithm({ oid, key }: Scheme): Uint8Array {
  // RSA's has a parameter that says nothing (RFC 4055 §5), DSA's none (RFC 3279 §2.2.2).
  const parameters = key === "rsa" ? [derElement(DER.null)] : [];
  return derElement(DER.sequence, derIdentifier(oid), ...parameters);
}

function nameOf(name: string): Uint8Array {
  const text = derElement(DER.utf8String, Buffer.from(name, "utf8"));
  return derElement(DER.sequence, derElement(DER.set, derElement(DER.sequence, derIdentifier(COMMON_NAME), text)));
}

function extension(oid: string, value: Uint8Array, critical: boolean): Uint8Array {
  const mark = critical ? [Uint8Array.of(1, 1, 0xff)] : [];
  return derElement(DER.sequence, derIdentifier(oid), ...mark, derElement(DER.octetString, value));
}

function validity(from: number, until: number): Uint8Array {
  return derElement(DER.sequence, moment(from), moment(until));
}

/** Two digits of the year until 2049 (RFC 5280 §4.1.2.5). */
function moment(unix: number): Uint8Array {
  const digits = new Date(unix * 1000).toISOString().replace(/\.\d+|[-:T]/g, "");
  const short = digits < "2050";
  return derElement(short ? DER.utcTime : DER.generalizedTime, Buffer.from(short ? digits.slice(2) : digits, "latin1"));
}

/** Signs octets by a scheme. */
export function signature({ key, scheme }: Omit<Issuer, "name">, octets: Uint8Array): Uint8Array {
  return sign(scheme.digest, octets, key);
}

/** Whether a signature is of these octets and this key. */
export function isSignature(scheme: Scheme, key: KeyObject, octets: Uint8Array, of: Uint8Array): boolean {
  return scheme.key === key.asymmetricKeyType && verify(scheme.digest, octets, key, of);
}
