/**
 * Whether whoever we are connected to has proved to be who it is: by a chain to somebody trusted, by its name, by its dates; or by a
 * pin, which stands for the chain alone.
 */
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { checkServerIdentity, rootCertificates, type PeerCertificate, type TLSSocket } from "node:tls";
import type { EstablishFault } from "../engine/port/establish.ts";
import { own } from "../wire/own.ts";
import { builtAt } from "./built.ts";
import type { Trust } from "./establish.ts";

/** A fault, and what is to be said of it. */
export interface Fault {
  readonly why: EstablishFault;
  readonly detail: string | null;
}

/** A certificate as it was shown, dates as ISO 8601. */
export interface Shown {
  readonly subject: string;
  readonly issuer: string;
  readonly from: string | null;
  readonly until: string | null;
  /** SHA-256 of all of it, and of its public key, in hexadecimal digits: what a pin may name. */
  readonly fingerprint: string;
  readonly keyFingerprint: string;
}

/** What is wrong with whom we are connected to; `null`: it has proved to be who it is. */
export function authenticityFault(socket: TLSSocket, chain: Chain, name: string, trust: Trust): Fault | null {
  const [leaf] = chain;
  if (leaf === undefined) return { why: "certificate", detail: "it has shown none" };
  const certificate = leaf.toLegacyObject();
  const code = codeOf(socket);
  if (trust.pins.length > 0) {
    const shown = shownOf(leaf);
    if (!isPinned(shown, trust)) return { why: "pin", detail: `its SHA-256 is ${shown.fingerprint}` };
    return nameFault(name, certificate) ?? (trust.dates === "ignored" ? null : datesFault(certificate));
  }
  if (socket.authorized) return null;
  // What OpenSSL finds last is all that it tells, and dates come last: of the rest it has said nothing.
  if (trust.dates === "ignored" && (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID"))
    return chainFault(chain, trust) ?? nameFault(name, certificate);
  const why = own(CERTIFICATE_FAULTS, code) ?? "certificate";
  return { why, detail: certificateDetail(why, code, certificate) };
}

/** Certificates as they were shown, the server's first. */
export type Chain = readonly X509Certificate[];

/** What there is to tell of one. */
export function shownOf(certificate: X509Certificate): Shown {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    from: isoDate(certificate.validFrom),
    until: isoDate(certificate.validTo),
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    keyFingerprint: createHash("sha256")
      .update(certificate.publicKey.export({ type: "spki", format: "der" }))
      .digest("hex"),
  };
}

/** Whom a run trusts, as Node takes them. */
export function authoritiesOf({ ca }: Trust): string[] {
  return [...systemRoots(), ...ca];
}

/** A certificate's date, as ISO 8601 has it; `null` where it is none. */
function isoDate(text: string): string | null {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? null : new Date(milliseconds).toISOString().replace(".000Z", "Z");
}

function codeOf(socket: TLSSocket): string {
  const error: unknown = socket.authorizationError;
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}

/** What OpenSSL and Node find wrong with a certificate. */
const CERTIFICATE_FAULTS: Readonly<Record<string, EstablishFault>> = {
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "notYetValid",
  ERR_TLS_CERT_ALTNAME_INVALID: "wrongName",
  ERR_TLS_CERT_ALTNAME_FORMAT: "wrongName",
  DEPTH_ZERO_SELF_SIGNED_CERT: "selfSigned",
  SELF_SIGNED_CERT_IN_CHAIN: "untrusted",
  UNABLE_TO_GET_ISSUER_CERT: "untrusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "untrusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "untrusted",
  CERT_UNTRUSTED: "untrusted",
};

/** So much of a list of names still fits a line. */
const NAMES_SHOWN = 120;

function certificateDetail(why: EstablishFault, code: string, certificate: PeerCertificate): string | null {
  if (why === "expired") return `it was valid until ${dateOf(certificate.valid_to)}`;
  if (why === "notYetValid") return notYetDetail(certificate);
  if (why === "wrongName") {
    const names = (certificate.subjectaltname ?? "").replaceAll("DNS:", "").replaceAll("IP Address:", "");
    return names === "" ? "it is for no name at all" : `it is for ${names.slice(0, NAMES_SHOWN)}`;
  }
  return why === "certificate" ? code : null;
}

/** A clock that is before the day on which this program was made was never set: then it is wrong, and not the certificate. */
function notYetDetail({ valid_from }: PeerCertificate): string {
  const from = `it is valid from ${dateOf(valid_from)} on`;
  const now = Date.now();
  if (now >= builtAt()) return from;
  return `${from}, and this host's clock reads ${dateOf(new Date(now).toISOString())}, before this ntpkit was made: the clock is wrong`;
}

function dateOf(text: string): string {
  return isoDate(text) ?? text;
}

function nameFault(name: string, certificate: PeerCertificate): Fault | null {
  if (checkServerIdentity(name, certificate) === undefined) return null;
  return { why: "wrongName", detail: certificateDetail("wrongName", "", certificate) };
}

function datesFault(certificate: PeerCertificate): Fault | null {
  const [from, until] = [Date.parse(certificate.valid_from), Date.parse(certificate.valid_to)];
  const why = !(Date.now() >= from) ? "notYetValid" : !(Date.now() <= until) ? "expired" : null;
  return why === null ? null : { why, detail: certificateDetail(why, "", certificate) };
}

function isPinned({ fingerprint, keyFingerprint }: Shown, { pins }: Trust): boolean {
  return pins.includes(fingerprint) || pins.includes(keyFingerprint);
}

/** More certificates above each other nobody has. */
const LONGEST_CHAIN = 8;

/** The certificates that were shown; to be asked for once, since Node hands them over and has none after that. */
export function chainOf(socket: TLSSocket): Chain {
  const chain: X509Certificate[] = [];
  let shown: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (shown !== undefined && chain.length < LONGEST_CHAIN) {
    const { fingerprint256 } = shown;
    if (chain.some((other) => other.fingerprint256 === fingerprint256)) break;
    chain.push(shown);
    shown = shown.issuerCertificate;
  }
  return chain;
}

/**
 * Whether a chain leads to somebody trusted, whatever its dates: every signature, who may sign, for how many below, and for what the
 * server's own may be used (RFC 5280 §6.1). Names that an authority is confined to OpenSSL has looked at after the dates.
 */
function chainFault(chain: Chain, trust: Trust): Fault | null {
  const anchors = authoritiesOf(trust).flatMap(certificatesIn);
  const isAnchor = ({ fingerprint256 }: X509Certificate): boolean =>
    anchors.some((anchor) => anchor.fingerprint256 === fingerprint256);
  const leaf = chain[0]!;
  if (!servesTls(leaf)) return { why: "certificate", detail: "it is not for TLS servers" };
  for (const [below, certificate] of chain.entries()) {
    if (isAnchor(certificate)) return null;
    const issuer = anchors.find((anchor) => signs(anchor, certificate, below)) ?? chain[below + 1];
    if (issuer === undefined || !signs(issuer, certificate, below)) break;
    if (isAnchor(issuer)) return null;
  }
  return { why: chain.length === 1 && leaf.checkIssued(leaf) ? "selfSigned" : "untrusted", detail: null };
}

/** @param below certificates of authorities between the issuer and the server's own */
function signs(issuer: X509Certificate, certificate: X509Certificate, below: number): boolean {
  return (
    issuer.ca && certificate.checkIssued(issuer) && pathLength(issuer) >= below && certificate.verify(issuer.publicKey)
  );
}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

function servesTls({ keyUsage }: X509Certificate): boolean {
  // Node's word for the extended key usage, which a certificate need not have.
  const usage: readonly string[] | undefined = keyUsage;
  return usage === undefined || usage.includes(SERVER_AUTH);
}

/** The object identifier of basicConstraints, 2.5.29.19. */
const BASIC_CONSTRAINTS = Buffer.of(0x06, 0x03, 0x55, 0x1d, 0x13);

/** How many authorities may stand below one (RFC 5280 §4.2.1.9): `SEQUENCE { BOOLEAN, INTEGER }`; without the number any. */
function pathLength({ raw }: X509Certificate): number {
  const at = raw.indexOf(BASIC_CONSTRAINTS);
  if (at === -1) return 0;
  const rest = raw.subarray(at + BASIC_CONSTRAINTS.length, at + BASIC_CONSTRAINTS.length + 24);
  const sequence = rest.indexOf(Buffer.of(0x30), rest.indexOf(0x04) + 2);
  if (sequence === -1) return 0;
  const content = rest.subarray(sequence + 2, sequence + 2 + rest[sequence + 1]!);
  const number = content[0] === 0x01 ? content.subarray(3) : content;
  if (number.length === 0) return Infinity;
  return number[0] === 0x02 && number[1] === 1 ? number[2]! : 0;
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return found.flatMap((text) => {
    try {
      return [new X509Certificate(text)];
    } catch {
      return []; // of a kind that this OpenSSL does not know: nobody is trusted by it
    }
  });
}

function oneLine(name: string): string {
  return name.split("\n").join(", ");
}

/** Where systems keep whom they trust, in one file. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Alpine
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora
  "/etc/ssl/ca-bundle.pem", // SUSE
  "/etc/ssl/cert.pem", // BSD
];

/** Whom this system trusts; where it has no word in that, Node. */
function systemRoots(): readonly string[] {
  const named = process.env["SSL_CERT_FILE"];
  const bundle = named !== undefined && named !== "" ? named : BUNDLES.find((path) => existsSync(path));
  if (bundle === undefined) return rootCertificates;
  try {
    return [readFileSync(bundle, "utf8")];
  } catch {
    return rootCertificates;
  }
}
