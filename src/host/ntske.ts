/**
 * The client's side of NTS key establishment over TLS (RFC 8915 §3, §4): TLS 1.3 and nothing before it, ntske/1, one request, one
 * response, and the keys from the exporter. Everything is bounded: the time of all of it, and the octets that are taken.
 *
 * ```text
 *  tcp ─► tls ─► certificate, alpn ─► request ─► records ─► exporter ─► established
 *   │      │            │                            │
 *   └──────┴────────────┴────────────────────────────┴─► notEstablished, by the name of what went wrong there
 * ```
 */
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  rootCertificates,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import type { EstablishFault } from "../engine/port/establish.ts";
import type { EstablishedKeys } from "../security/security.ts";
import {
  KE_ERRORS,
  NTPV4,
  OFFERED_AEADS,
  exporterContext,
  readKeResponse,
  requestRecords,
  type KeAnswer,
  type KeGrant,
} from "../security/nts/ke.ts";
import { MAX_KE_RESPONSE, decodeKeMessage, encodeKeMessage } from "../wire/ntske.ts";
import { concatenate } from "../wire/octets.ts";
import { own } from "../wire/own.ts";
import type { EstablishKeys, Trust } from "./establish.ts";

/** How long all of a handshake may take, milliseconds. */
const PATIENCE = 5000;

/** The protocol's name in TLS (RFC 8915 §7.2). */
export const ALPN = "ntske/1";

/** The label of the TLS exporter (RFC 8915 §4.3). */
export const EXPORTER_LABEL = "EXPORTER-network-time-security";

/** What a handshake came to. */
type Settled =
  | { readonly kind: "failed"; readonly why: EstablishFault; readonly detail: string | null }
  | {
      readonly kind: "granted";
      readonly grant: KeGrant;
      readonly keys: EstablishedKeys;
      readonly until: string | null;
    };

/** Makes what establishes keys with whoever is trusted. */
export function keyEstablishment(trust: Trust): EstablishKeys {
  let context: SecureContext | null = null;
  return ({ token, name, with: place }, abandoned, put) => {
    if (abandoned.aborted) return;
    const settle = (settled: Settled): void => {
      if (settled.kind === "failed")
        return put({ kind: "notEstablished", token, why: settled.why, detail: settled.detail });
      const { server, port } = settled.grant;
      put({ kind: "established", token, keys: settled.keys, server, port, until: settled.until });
    };
    try {
      context ??= createSecureContext({
        ca: [...systemRoots(), ...trust.ca],
        minVersion: "TLSv1.3",
        maxVersion: "TLSv1.3",
      });
      shakeHands(context, name, place.ip, place.port, abandoned, settle);
    } catch (error) {
      settle({ kind: "failed", why: "unconnected", detail: messageOf(error) });
    }
  };
}

/** One handshake. */
function shakeHands(
  secureContext: SecureContext,
  name: string,
  ip: string,
  port: number,
  abandoned: AbortSignal,
  settle: (settled: Settled) => void,
): void {
  let phase: "tcp" | "tls" | "records" = "tcp";
  let received: Uint8Array = new Uint8Array(0);
  const expected = name.replace(/%.*$/, "");
  const socket = connect({
    host: ip,
    port,
    secureContext,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ALPNProtocols: [ALPN],
    ...(isIP(expected) === 0 ? { servername: expected } : {}),
    // What is wrong with a certificate is told by us: nothing is sent before it has been looked at.
    rejectUnauthorized: false,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(expected, certificate),
  });

  const end = (settled: Settled | null): void => {
    clearTimeout(timer);
    abandoned.removeEventListener("abort", abandon);
    socket.removeAllListeners();
    socket.on("error", () => {});
    socket.destroy();
    if (settled !== null) settle(settled);
  };
  const fail = (why: EstablishFault, detail: string | null = null): void => end({ kind: "failed", why, detail });
  const abandon = (): void => end(null);
  const timer = setTimeout(() => fail(TOO_LATE[phase]), PATIENCE);
  abandoned.addEventListener("abort", abandon, { once: true });

  socket.on("connect", () => {
    phase = "tls";
  });
  socket.on("secureConnect", () => {
    const fault = authenticityFault(socket) ?? (socket.alpnProtocol === ALPN ? null : NOT_NTS);
    if (fault !== null) return fail(fault.why, fault.detail);
    phase = "records";
    socket.write(REQUEST);
  });
  socket.on("data", (chunk) => {
    received = concatenate([received, chunk]);
    const message = decodeKeMessage(received, MAX_KE_RESPONSE);
    if (message.kind === "incomplete") return;
    if (message.kind === "malformed")
      return fail(
        message.fault === "tooLong" ? "tooLong" : "malformed",
        message.fault === "tooLong" ? null : message.fault,
      );
    const answer = readKeResponse(message.records, OFFERED_AEADS);
    if (answer.kind === "failed") return fail(answer.why, detailOf(answer));
    const until = isoDate(socket.getPeerCertificate().valid_to);
    end({ kind: "granted", grant: answer.grant, keys: keysOf(socket, answer.grant), until });
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    const { why, detail } = systemFault(error, phase);
    fail(why, detail);
  });
  for (const event of ["end", "close"])
    socket.on(event, () => fail(phase === "records" ? "cut" : "tls", "it closed the connection"));
}

/** What was waited for in vain. */
const TOO_LATE = { tcp: "silent", tls: "tlsSilent", records: "stalled" } as const;

/** NTPv4 by any AEAD of ours (RFC 8915 §4.1). */
const REQUEST = encodeKeMessage(
  requestRecords({ protocols: [NTPV4], aeads: OFFERED_AEADS, server: null, port: null, compliantExporter: true }),
);

/** The keys of both directions, which the connection has and nobody else (RFC 8915 §4.3, §5.1). */
function keysOf(socket: TLSSocket, grant: KeGrant): EstablishedKeys {
  const key = (direction: "c2s" | "s2c"): Uint8Array =>
    Uint8Array.from(
      socket.exportKeyingMaterial(grant.aead.keyOctets, EXPORTER_LABEL, Buffer.from(exporterContext(grant, direction))),
    );
  return {
    aead: grant.aead.id,
    c2s: key("c2s"),
    s2c: key("s2c"),
    cookies: grant.cookies.map((cookie) => Uint8Array.from(cookie)),
  };
}

/** A fault, and what is to be said of it. */
interface Fault {
  readonly why: EstablishFault;
  readonly detail: string | null;
}

/** It speaks TLS, and something else in it. */
const NOT_NTS: Fault = { why: "alpn", detail: null };

/** What is wrong with whom we are connected to; `null`: it has proved to be who it is. */
function authenticityFault(socket: TLSSocket): Fault | null {
  if (socket.authorized) return null;
  const error: unknown = socket.authorizationError;
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  const why = own(CERTIFICATE_FAULTS, code) ?? "certificate";
  return { why, detail: certificateDetail(why, code, socket.getPeerCertificate()) };
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
  if (why === "notYetValid") return `it is valid from ${dateOf(certificate.valid_from)} on`;
  if (why === "wrongName") {
    const names = (certificate.subjectaltname ?? "").replaceAll("DNS:", "").replaceAll("IP Address:", "");
    return names === "" ? "it is for no name at all" : `it is for ${names.slice(0, NAMES_SHOWN)}`;
  }
  return why === "certificate" ? code : null;
}

/** A certificate's date, as ISO 8601 has it; as it stands where it is none. */
function dateOf(text: string): string {
  return isoDate(text) ?? text;
}

/** The same; `null` where it is none. */
function isoDate(text: string): string | null {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? null : new Date(milliseconds).toISOString().replace(".000Z", "Z");
}

/** What the system, or OpenSSL, says of a connection. */
function systemFault(error: NodeJS.ErrnoException, phase: "tcp" | "tls" | "records"): Fault {
  const code = error.code ?? "";
  const known = own(SYSTEM_FAULTS, code);
  if (phase === "tcp")
    return { why: known ?? "unconnected", detail: known === undefined ? code || error.message : null };
  if (phase === "records") return { why: "cut", detail: code || error.message };
  return {
    why: own(TLS_FAULTS, code) ?? "tls",
    detail: own(TLS_FAULTS, code) === undefined ? code || error.message : null,
  };
}

const SYSTEM_FAULTS: Readonly<Record<string, EstablishFault>> = {
  ECONNREFUSED: "refused",
  ENETUNREACH: "unreached",
  EHOSTUNREACH: "unreached",
  ENETDOWN: "unreached",
  EADDRNOTAVAIL: "unreached",
  ETIMEDOUT: "silent",
};

const TLS_FAULTS: Readonly<Record<string, EstablishFault>> = {
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "tlsVersion",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "tlsVersion",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "alpn",
  ERR_SSL_TLSV13_ALERT_NO_APPLICATION_PROTOCOL: "alpn",
};

/** What an error or a warning says, and by which record a response is wrong. */
function detailOf({ why, type, code }: Extract<KeAnswer, { kind: "failed" }>): string | null {
  if (code !== null) return `code ${code}${why === "error" ? (ERRORS.get(code) ?? "") : ""}`;
  return why === "record" || why === "unknownCritical" ? `record type ${type}` : null;
}

/** The errors of RFC 8915 §4.1.3 in words. */
const ERRORS: ReadonlyMap<number, string> = new Map([
  [KE_ERRORS.unrecognizedCritical, ", a critical record that it does not know"],
  [KE_ERRORS.badRequest, ", a bad request"],
  [KE_ERRORS.internal, ", an internal error"],
]);

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

function messageOf(error: unknown): string | null {
  return error instanceof Error ? error.message : null;
}
