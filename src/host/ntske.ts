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
import { isIP } from "node:net";
import { checkServerIdentity, connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { EstablishFault } from "../engine/port/establish.ts";
import type { EstablishedKeys } from "../security/security.ts";
import {
  KE_ERRORS,
  NTPV4,
  OFFERED_AEADS,
  SHORTEST_FIRST,
  exporterContext,
  readKeResponse,
  requestRecords,
  type KeAnswer,
  type KeGrant,
} from "../security/nts/ke.ts";
import { elapsed } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Address } from "../wire/address.ts";
import { MAX_KE_RESPONSE, decodeKeMessage, encodeKeMessage } from "../wire/ntske.ts";
import { concatenate } from "../wire/octets.ts";
import { own } from "../wire/own.ts";
import { authenticityFault, authoritiesOf, chainOf, shownOf, type Fault, type Shown } from "./certificate.ts";
import { steady } from "./clock.ts";
import type { EstablishKeys, Trust } from "./establish.ts";

/** How long all of a handshake may take, milliseconds. */
const PATIENCE = 5000;

/** The protocol's name in TLS (RFC 8915 §7.2). */
export const ALPN = "ntske/1";

/** The label of the TLS exporter (RFC 8915 §4.3). */
export const EXPORTER_LABEL = "EXPORTER-network-time-security";

/** What a handshake came to, and what was seen on the way. */
export type Settled = { readonly seen: Seen } & (
  | { readonly kind: "failed"; readonly why: EstablishFault; readonly detail: string | null }
  | { readonly kind: "granted"; readonly grant: KeGrant; readonly keys: EstablishedKeys }
);

/** What was seen of the other side, as far as it came to that; moments are seconds since the beginning. */
export interface Seen {
  readonly connected: Seconds | null;
  readonly secured: Seconds | null;
  readonly ended: Seconds;
  /** As TLSv1.3. */
  readonly protocol: string | null;
  /** The protocol in it that was agreed on. */
  readonly alpn: string | null;
  /** The certificates that were shown, the server's first. */
  readonly chain: readonly Shown[];
}

/** With whom, and for which AEADs. */
export interface Handshake {
  readonly name: string;
  readonly with: Address;
  /** Numbers, the best first. */
  readonly aeads: readonly number[];
  /** Told what has been seen so far, whenever that is more: whoever ends it hears nothing else. */
  readonly watch?: (seen: Seen) => void;
}

/** Shakes hands; told to end, it says nothing more. */
export type ShakeHands = (handshake: Handshake, abandoned: AbortSignal, settle: (settled: Settled) => void) => void;

/** Makes what establishes keys with whoever is trusted. */
export function keyEstablishment(trust: Trust): EstablishKeys {
  const shake = handshakes(trust);
  return ({ token, name, with: place, shortest }, abandoned, put) =>
    shake({ name, with: place, aeads: shortest ? SHORTEST_FIRST : OFFERED_AEADS }, abandoned, (settled) => {
      if (settled.kind === "failed")
        return put({ kind: "notEstablished", token, why: settled.why, detail: settled.detail });
      const { server, port } = settled.grant;
      put({
        kind: "established",
        token,
        keys: settled.keys,
        server,
        port,
        ...datesOf(settled.seen),
      });
    });
}

/** Within which all certificates are valid that were shown. */
function datesOf({ chain }: Seen): { readonly from: string | null; readonly until: string | null } {
  const dates = (of: (shown: Shown) => string | null): string[] => chain.flatMap((shown) => of(shown) ?? []).toSorted();
  return { from: dates(({ from }) => from).at(-1) ?? null, until: dates(({ until }) => until)[0] ?? null };
}

/** Makes what shakes hands with whoever is trusted. */
export function handshakes(trust: Trust): ShakeHands {
  let context: SecureContext | null = null;
  return (handshake, abandoned, settle) => {
    if (abandoned.aborted) return;
    try {
      context ??= createSecureContext({ ca: authoritiesOf(trust), minVersion: "TLSv1.3", maxVersion: "TLSv1.3" });
      shakeHands(context, trust, handshake, abandoned, settle);
    } catch (error) {
      settle({ kind: "failed", why: "unconnected", detail: messageOf(error), seen: NOTHING_SEEN });
    }
  };
}

/** Before anything has come of it. */
export const NOTHING_SEEN: Seen = { connected: null, secured: null, ended: 0, protocol: null, alpn: null, chain: [] };

/** The same before it is said what was seen. */
type Outcome = Settled extends infer S ? (S extends Settled ? Omit<S, "seen"> : never) : never;

/** One handshake. */
function shakeHands(
  secureContext: SecureContext,
  trust: Trust,
  { name, with: { ip, port }, aeads, watch = () => undefined }: Handshake,
  abandoned: AbortSignal,
  settle: (settled: Settled) => void,
): void {
  let phase: "tcp" | "tls" | "records" = "tcp";
  let received: Uint8Array = new Uint8Array(0);
  let seen = NOTHING_SEEN;
  const began = steady();
  const since = (): Seconds => elapsed(began, steady());
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

  const end = (outcome: Outcome | null): void => {
    clearTimeout(timer);
    abandoned.removeEventListener("abort", abandon);
    socket.removeAllListeners();
    socket.on("error", () => {});
    socket.destroy();
    if (outcome !== null) settle({ ...outcome, seen: { ...seen, ended: since() } });
  };
  const fail = (why: EstablishFault, detail: string | null = null): void => end({ kind: "failed", why, detail });
  const abandon = (): void => end(null);
  const timer = setTimeout(() => fail(TOO_LATE[phase]), PATIENCE);
  abandoned.addEventListener("abort", abandon, { once: true });

  socket.on("connect", () => {
    phase = "tls";
    seen = { ...seen, connected: since() };
    watch(seen);
  });
  socket.on("secureConnect", () => {
    const { alpnProtocol: alpn } = socket;
    seen = { ...seen, secured: since(), protocol: socket.getProtocol(), alpn: alpn === false ? null : alpn };
    const chain = chainOf(socket);
    seen = { ...seen, chain: chain.map(shownOf) };
    watch(seen);
    const fault = authenticityFault(socket, chain, expected, trust) ?? (alpn === ALPN ? null : NOT_NTS);
    if (fault !== null) return fail(fault.why, fault.detail);
    phase = "records";
    socket.write(requestFor(aeads));
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
    const answer = readKeResponse(message.records, aeads);
    if (answer.kind === "failed") return fail(answer.why, detailOf(answer));
    end({ kind: "granted", grant: answer.grant, keys: keysOf(socket, answer.grant) });
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

/** NTPv4 by one of some AEADs (RFC 8915 §4.1). */
function requestFor(aeads: readonly number[]): Uint8Array {
  return encodeKeMessage(
    requestRecords({ protocols: [NTPV4], aeads, server: null, port: null, compliantExporter: true }),
  );
}

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

/** It speaks TLS, and something else in it. */
const NOT_NTS: Fault = { why: "alpn", detail: null };

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

function messageOf(error: unknown): string | null {
  return error instanceof Error ? error.message : null;
}
