/** A server under NTS on loopback: key establishment over TLS, and the time over UDP, both as the RFC has them unless told otherwise. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { randomBytes } from "node:crypto";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { ALPN, EXPORTER_LABEL } from "../../src/host/ntske.ts";
import { loadAeads, type MakeAead } from "../../src/security/nts/aead.ts";
import { COOKIES_IN_HAND } from "../../src/security/nts/size.ts";
import { sealCookie, type MasterKey } from "../../src/security/nts/cookie.ts";
import { chooseAead, exporterContext, grantRecords, readKeRequest, type KeGrant } from "../../src/security/nts/ke.ts";
import { encodeNak, openRequest, sealAnswer } from "../../src/security/nts/server.ts";
import { fromUnix } from "../../src/time/timestamp.ts";
import { encodeHeader, type Header } from "../../src/wire/header.ts";
import { MAX_KE_REQUEST, decodeKeMessage, encodeKeMessage } from "../../src/wire/ntske.ts";
import { NTS_FIELDS } from "../../src/wire/nts.ts";
import { decodePacket } from "../../src/wire/packet.ts";
import type { Certified } from "./certificates.ts";

/** What is said to a client that has asked for keys. */
export type Said =
  | { readonly kind: "octets"; readonly octets: Uint8Array; readonly after: "end" | "wait" }
  | { readonly kind: "grant"; readonly change?: Partial<KeGrant> };

/** What is special about a server. */
export interface NtsServerOptions {
  readonly certified: Certified;
  readonly tls?: TlsOptions;
  /** Default: keys. */
  readonly says?: Said;
  /** The AEADs that it takes, by number; default all. */
  readonly aeads?: readonly number[];
  /** Requests for the time of more octets are lost. */
  readonly longest?: number;
  /** It says nothing to a cookie that it does not know. */
  readonly mute?: boolean;
  /** How much its clock is ahead, seconds. */
  readonly ahead?: number;
}

const NTSN = 0x4e54534e;

/** One server. */
export class NtsServer {
  readonly options: NtsServerOptions;
  /** Of key establishment, TCP; and of the time, UDP. */
  port = 0;
  timePort = 0;
  handshakes = 0;
  /** Requests for the time by what became of them. */
  readonly asked: string[] = [];
  /** The cookies that came, as text. */
  readonly cookies: string[] = [];
  readonly #makeAead: MakeAead;
  readonly #connections = new Set<Socket>();
  #time: UdpSocket = createSocket("udp4");
  readonly #server: ReturnType<typeof createServer>;
  #masters: readonly MasterKey[] = [newMaster()];

  private constructor(options: NtsServerOptions, makeAead: MakeAead) {
    this.options = options;
    this.#makeAead = makeAead;
    const { certificate, key } = options.certified;
    this.#server = createServer(
      { cert: certificate, key, minVersion: "TLSv1.3", ALPNProtocols: [ALPN], ...options.tls },
      (connection) => this.#heed(connection),
    );
    this.#server.on("tlsClientError", () => {});
    this.#server.on("connection", (connection: Socket) => {
      this.#connections.add(connection);
      connection.on("close", () => this.#connections.delete(connection));
    });
  }

  /** Opens one on loopback, at ports of its own. */
  static async open(options: NtsServerOptions): Promise<NtsServer> {
    const server = new NtsServer(options, await loadAeads());
    await new Promise<void>((done) => server.#server.listen(0, "127.0.0.1", done));
    server.port = (server.#server.address() as AddressInfo).port;
    await server.#openTime();
    return server;
  }

  /** Tells the time at another port from now on, and says so to nobody but those who ask for keys. */
  async moveTime(): Promise<void> {
    await new Promise<void>((done) => this.#time.close(() => done()));
    this.#time = createSocket("udp4");
    await this.#openTime();
  }

  async #openTime(): Promise<void> {
    const socket = this.#time;
    socket.on("message", (bytes, from) => {
      const answer = this.#answer(bytes);
      if (answer !== null) socket.send(answer, from.port, from.address);
    });
    await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
    this.timePort = socket.address().port;
  }

  /** The cookies that were given say nothing to it any more. */
  forgetMasters(): void {
    this.#masters = [newMaster()];
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await new Promise<void>((done) => this.#server.close(() => done()));
    await new Promise<void>((done) => this.#time.close(() => done()));
  }

  #heed(connection: TLSSocket): void {
    this.handshakes += 1;
    connection.on("error", () => {});
    let received = Buffer.alloc(0);
    connection.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const message = decodeKeMessage(received, MAX_KE_REQUEST);
      if (message.kind !== "message") return;
      const { says = { kind: "grant" } } = this.options;
      if (says.kind === "grant") return void connection.end(this.#grant(connection, message.records, says.change));
      connection.write(says.octets);
      if (says.after === "end") connection.end();
    });
  }

  #grant(
    connection: TLSSocket,
    records: Parameters<typeof readKeRequest>[0],
    change: Partial<KeGrant> = {},
  ): Uint8Array {
    const question = readKeRequest(records);
    if (question.kind === "bad") throw new Error(`our own request is bad: ${question.code}`);
    const { aeads: offered, compliantExporter } = question.request;
    const { aeads = offered } = this.options;
    const aead = chooseAead(offered.filter((id) => aeads.includes(id)))!;
    const agreed = { aead, compliantExporter, ...change };
    const key = (direction: "c2s" | "s2c"): Uint8Array =>
      connection.exportKeyingMaterial(aead.keyOctets, EXPORTER_LABEL, Buffer.from(exporterContext(agreed, direction)));
    const keys = { aead, c2s: key("c2s"), s2c: key("s2c") };
    const cookies = Array.from({ length: COOKIES_IN_HAND }, () =>
      sealCookie(this.#masters[0]!, keys, this.#makeAead, randomBytes),
    );
    return encodeKeMessage(grantRecords({ ...agreed, cookies, server: null, port: this.timePort, ...change }));
  }

  #answer(bytes: Uint8Array): Uint8Array | null {
    const packet = decodePacket(bytes);
    if (packet.kind === "malformed" || bytes.length > (this.options.longest ?? Infinity)) return null;
    const arrival = openRequest(bytes, packet, this.#masters, this.#makeAead);
    this.asked.push(arrival.kind);
    const cookie = packet.extensions.find(({ type }) => type === NTS_FIELDS.cookie);
    if (cookie !== undefined) this.cookies.push(Buffer.from(cookie.value).toString("hex"));
    const header = encodeHeader(this.#header(packet.header, arrival.kind === "nak"));
    if (arrival.kind === "nak" && this.options.mute === true) return null;
    if (arrival.kind === "plain") return header;
    if (arrival.kind === "nak") return encodeNak(header, arrival.uniqueIdentifier);
    if (arrival.kind !== "authentic") return null;
    return sealAnswer(header, arrival.request, this.#masters[0]!, this.#makeAead, randomBytes);
  }

  #header({ transmit: origin, version }: Header, isNak: boolean): Header {
    const now = fromUnix(BigInt(Math.round((Date.now() + (this.options.ahead ?? 0) * 1000) * 1e6)));
    return {
      leap: isNak ? "unsynchronized" : "none",
      version,
      mode: "server",
      stratum: isNak ? 0 : 1,
      poll: 6,
      precision: -20,
      rootDelay: 0,
      rootDispersion: 0.001,
      referenceId: isNak ? NTSN : 0x47505300,
      reference: now,
      origin,
      receive: now,
      transmit: now,
    };
  }
}

function newMaster(): MasterKey {
  return { id: randomBytes(4).readUInt32BE(), key: randomBytes(32) };
}
