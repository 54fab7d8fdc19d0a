/**
 * The server's side of NTS key establishment over TLS: TLS 1.3 and nothing before it, ntske/1, one request, one response. Loaded only
 * where it is served.
 *
 * ```text
 *  tcp ─► admission ─► tls ─► alpn ─► request ─► response ─► end
 *             │         └───────┴────────┴──── 5 s for all of it
 *             └─ one too many, or too often: closed; the oldest goes where all places are taken
 * ```
 */
import { constants, X509Certificate } from "node:crypto";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createSecureContext, createServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import type { HostFault } from "../engine/port/event.ts";
import { Admission, type AdmissionLimits } from "../security/nts/admission.ts";
import { answerKe, type KeService } from "../security/nts/keserver.ts";
import { concatenate } from "../wire/octets.ts";
import { steady } from "./clock.ts";
import { faultOfCode } from "./errno.ts";
import { ALPN, EXPORTER_LABEL } from "./ntske.ts";
import { portOf } from "./tcpport.ts";

/** How long a connection may take, from its first packet to its last, milliseconds. */
const PATIENCE = 5000;

/** A certificate with those above it, and its key, PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** What is listened by. */
export interface ListenerOptions {
  readonly identity: Identity;
  /** TCP; 0: any that is free. */
  readonly port: number;
  /** IP literal; absent: all addresses of both families. */
  readonly address?: string;
  readonly service: KeService;
  /** Whether one of this host's addresses is served, an IP literal without a zone. Absent: all are. */
  readonly isServed?: (ip: string) => boolean;
  /** Absent: what is bearable. */
  readonly limits?: AdmissionLimits;
}

/** Handshakes by how they ended. */
export interface KeCounts {
  /** Keys were given. */
  good: number;
  /** It was not TLS 1.3, or not ntske/1, or was cut, or took too long. */
  withoutTls: number;
  /** What was asked for is not spoken here, or nothing was asked. */
  bad: number;
  /** Not begun, since there were too many. */
  limited: number;
}

/** A listener that is open. */
export interface NtsListener {
  readonly port: number;
  readonly counts: Readonly<KeCounts>;
  /** Handshakes that are open. */
  readonly open: number;
  /** Goes on by another certificate. @throws where it and the key are not of each other */
  identify(identity: Identity): void;
  /** Ends it; handshakes that are open end with it. */
  close(): void;
}

/** A listener, or why there is none. */
export type Listening =
  | { readonly kind: "listening"; readonly listener: NtsListener }
  | { readonly kind: "fault"; readonly why: HostFault };

/**
 * Checks that a certificate and a key are of each other, and both can be read.
 * @returns what OpenSSL says is wrong; `null`: nothing
 */
export function identityFault(identity: Identity): string | null {
  // What is empty is as if it were absent to Node, and that is no fault.
  if (!identity.certificate.includes("-----BEGIN CERTIFICATE-----")) return "there is no certificate in it";
  if (!identity.key.includes("PRIVATE KEY-----")) return "there is no private key in it";
  // OpenSSL says of it that it decrypts badly.
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(identity.key))
    return "the key is encrypted, and nobody is there to be asked for its password (openssl pkey writes it without)";
  try {
    createSecureContext(contextOf(identity));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Why clients would not believe a certificate that can be used all the same, by this host's clock.
 * @param now Unix milliseconds
 * @returns `null`: they would
 */
export function datesFault({ certificate }: Identity, now: number): string | null {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const day = (text: string): string => new Date(text).toISOString().slice(0, 10);
  if (now > Date.parse(validTo)) return `this certificate has expired on ${day(validTo)}`;
  return now < Date.parse(validFrom) ? `this certificate is not valid before ${day(validFrom)}` : null;
}

/** Opens a listener. @throws where the certificate and the key are not of each other */
export function listenForKeys(options: ListenerOptions): Promise<Listening> {
  const listener = new Listener(options);
  return new Promise((done) => {
    listener.begin(options, (fault) =>
      done(fault === null ? { kind: "listening", listener } : { kind: "fault", why: fault }),
    );
  });
}

class Listener implements NtsListener {
  readonly counts: KeCounts = { good: 0, withoutTls: 0, bad: 0, limited: 0 };
  readonly #admission: Admission<Socket>;
  readonly #service: KeService;
  readonly #isServed: (ip: string) => boolean;
  readonly #tls: TlsServer;
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();
  #asked = 0;

  constructor({ identity, service, isServed = () => true, limits }: ListenerOptions) {
    this.#admission = new Admission(limits);
    this.#service = service;
    this.#isServed = isServed;
    this.#tls = createServer({ ...contextOf(identity), ALPNProtocols: [ALPN] }, (secured) => this.#secured(secured));
    this.#tls.on("tlsClientError", (_error, secured) => {
      this.counts.withoutTls += 1;
      secured.destroy();
    });
    // Who was admitted is handed to TLS; who was not costs no more than this.
    this.#tcp = createTcpServer({ noDelay: true }, (socket) => this.#heed(socket));
  }

  begin({ port, address }: ListenerOptions, done: (fault: HostFault | null) => void): void {
    this.#asked = port;
    this.#tcp.once("error", (error: NodeJS.ErrnoException) => done(faultOfCode(error.code)));
    this.#tcp.listen(address === undefined ? { port } : { port, host: address }, () => {
      this.#tcp.removeAllListeners("error");
      // A process without file descriptors left goes on when it has some.
      this.#tcp.on("error", () => undefined);
      done(null);
    });
  }

  get port(): number {
    return portOf(this.#tcp, this.#asked);
  }

  get open(): number {
    return this.#admission.open;
  }

  identify(identity: Identity): void {
    this.#tls.setSecureContext(contextOf(identity));
  }

  close(): void {
    this.#tcp.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #heed(socket: Socket): void {
    socket.on("error", () => undefined);
    // A socket of both families has IPv4 addresses within IPv6's.
    const own = (socket.localAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "").replace(/%.*$/, "");
    if (!this.#isServed(own)) return void socket.resetAndDestroy();
    const admitted = this.#admission.admit(socket, socket.remoteAddress ?? "", steady());
    if (admitted.kind === "limited") {
      this.counts.limited += 1;
      return void socket.destroy();
    }
    admitted.evicted?.destroy();
    const timer = setTimeout(() => socket.destroy(), PATIENCE);
    this.#sockets.add(socket);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
      this.#admission.done(socket);
    });
    this.#tls.emit("connection", socket);
  }

  #secured(secured: TLSSocket): void {
    secured.on("error", () => secured.destroy());
    if (secured.alpnProtocol !== ALPN) {
      this.counts.withoutTls += 1;
      return void secured.destroy();
    }
    const silent = (): void => void (this.counts.bad += 1);
    secured.once("close", silent);
    let received: Uint8Array = new Uint8Array(0);
    secured.on("data", (chunk: Uint8Array) => {
      received = concatenate([received, chunk]);
      const answer = answerKe(received, this.#service, (octets, context) =>
        Uint8Array.from(secured.exportKeyingMaterial(octets, EXPORTER_LABEL, Buffer.from(context))),
      );
      if (answer.kind === "incomplete") return;
      this.counts[answer.outcome === "granted" ? "good" : "bad"] += 1;
      secured.off("close", silent);
      secured.removeAllListeners("data");
      secured.resume();
      secured.end(answer.octets);
    });
  }
}

function contextOf({ certificate, key }: Identity) {
  return {
    cert: certificate,
    key,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    // Nobody comes back to go on with a session: one handshake is worth days of cookies.
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const;
}
