/**
 * A scripted NTP server: the instrument on which clients are tested. It answers from its machine's clock with whatever
 * header it is told to, and oddities (`oddities.ts`) bend its answers. It keeps no associations and follows nobody; its
 * error is its machine's `clockError`.
 */
import type { SocketToken } from "../engine/port/action.ts";
import type { Event } from "../engine/port/event.ts";
import type { NtsArrival } from "../security/nts/server.ts";
import type { SecurityProvider } from "../security/security.ts";
import type { Seconds } from "../time/seconds.ts";
import { type NtpTimestamp, shift } from "../time/timestamp.ts";
import type { Address } from "../wire/address.ts";
import { encodeHeader, type Header, type Leap } from "../wire/header.ts";
import { decodePacket, type Packet } from "../wire/packet.ts";
import type { Machine, Program } from "./machine.ts";
import type { Network } from "./network.ts";
import type { SimNts } from "./nts.ts";
import type { Timeline } from "./timeline.ts";
import { later, type TrueTime } from "./truth.ts";

/** What a server says of itself. */
export interface ServerOptions {
  /** Default 123. */
  readonly port?: number;
  /** Default `none`. */
  readonly leap?: Leap;
  /** As on the wire. Default 2. */
  readonly stratum?: number;
  /** log₂ seconds. Default −24. */
  readonly precision?: number;
  /** Seconds. Default 1 ms. */
  readonly rootDelay?: Seconds;
  /** Seconds. Default 1 ms. */
  readonly rootDispersion?: Seconds;
  /** Unsigned 32 bits. Default 127.127.1.1-like: `GPS` at stratum 1, else 192.0.2.1. */
  readonly referenceId?: number;
  /** How long ago its clock was last set, seconds. Default 16. */
  readonly referenceAge?: Seconds;
  /** How long it takes from receiving to answering, seconds. Default 20 µs. */
  readonly processing?: Seconds;
  /** Keys: requests that carry a MAC are answered under the same key, or by a crypto-NAK. Default `null`: MACs are ignored. */
  readonly security?: SecurityProvider | null;
  /** Network Time Security: what comes under it is answered under it, or by a NAK; what is not, in clear. Default `null`: its fields are ignored. */
  readonly nts?: SimNts | null;
  /** What is odd about its answers, applied in order. */
  readonly oddities?: readonly Oddity[];
}

/** A request as it came. */
export interface Request {
  readonly packet: Packet;
  readonly bytes: Uint8Array;
  readonly from: Address;
  readonly to: Address;
  /** True time of its arrival. */
  readonly at: TrueTime;
  /** Counts requests from 1: all of them, and those from the same IP address. */
  readonly number: number;
  readonly numberOfClient: number;
}

/** An answer before it is sent. */
export interface Answer {
  readonly header: Header;
  /** Symmetric key that seals it; `null`: none; `nak`: a crypto-NAK. */
  readonly key: number | "nak" | null;
  /** What the request was under NTS, which the answer is then, too; `null`: nothing is. */
  readonly nts: NtsArrival | null;
  /** Where it comes from; anything is possible here. */
  readonly from: Address;
  /** How long after the request's arrival it leaves, seconds. */
  readonly delay: Seconds;
  /** The last thing done to the octets; `null`: nothing. */
  readonly mangle: ((bytes: Uint8Array) => Uint8Array) | null;
}

/** Something odd: what a server's answers become. No answers: silence. */
export type Oddity = (answers: readonly Answer[], request: Request) => readonly Answer[];

const GPS = 0x47505300;
const UPSTREAM = 0xc0000201;

/** One server. */
export class ScriptedServer implements Program {
  readonly machine: Machine;
  /** Where it answers: its first address. */
  readonly address: Address;
  /** What it says of itself; may be changed while the world runs. */
  script: Required<ServerOptions>;
  /** Every request that could be read: kept only if asked for. */
  readonly requests: Request[] = [];
  /** How many there were. */
  count = 0;
  readonly #keep: boolean;
  readonly #timeline: Timeline;
  readonly #network: Network;
  readonly #clients = new Map<string, number>();
  readonly #sockets = new Map<string, SocketToken>();

  /** @param keep whether {@link ScriptedServer.requests} is filled */
  constructor(machine: Machine, options: ServerOptions, timeline: Timeline, network: Network, keep: boolean) {
    this.machine = machine;
    this.script = complete(options);
    this.address = { ip: machine.address(), port: this.script.port };
    this.#timeline = timeline;
    this.#network = network;
    this.#keep = keep;
    machine.load(this);
    this.#listen();
  }

  handle(event: Event): void {
    if (event.kind !== "datagram" || event.to === undefined) return;
    const packet = decodePacket(event.bytes);
    if (packet.kind === "malformed") return;
    const numberOfClient = (this.#clients.get(event.from.ip) ?? 0) + 1;
    this.#clients.set(event.from.ip, numberOfClient);
    const request: Request = {
      packet,
      bytes: event.bytes,
      from: event.from,
      to: event.to,
      at: this.#timeline.now,
      number: ++this.count,
      numberOfClient,
    };
    if (this.#keep) this.requests.push(request);
    this.#answer(request, event.at);
  }

  /** One socket an address, so that answers leave from where the question went. */
  #listen(): void {
    for (const ip of this.machine.interfaces.flatMap((one) => one.addresses)) {
      const socket = (this.#sockets.size + 1) as SocketToken;
      this.#sockets.set(ip, socket);
      this.machine.perform({ kind: "listen", socket, port: this.script.port, address: ip, interface: null });
    }
  }

  #answer(request: Request, receive: NtpTimestamp): void {
    const nts = this.script.nts?.open(request.bytes, request.packet) ?? null;
    if (nts?.kind === "malformed") return;
    let answers: readonly Answer[] = [this.#plain(request, receive, nts)];
    for (const oddity of this.script.oddities) answers = oddity(answers, request);
    for (const answer of answers) {
      const bytes = this.#seal(answer);
      this.#timeline.in(answer.delay, () => this.#send(answer.from, request.from, answer.mangle?.(bytes) ?? bytes));
    }
  }

  /** What an honest server says (RFC 5905 §9.2 figure 19 "fast_xmit"). */
  #plain(request: Request, receive: NtpTimestamp, nts: NtsArrival | null): Answer {
    const { script } = this;
    const transmit = this.machine.clock.read(later(request.at, script.processing));
    return {
      header: {
        leap: script.leap,
        version: request.packet.header.version,
        mode: "server",
        stratum: script.stratum,
        poll: request.packet.header.poll,
        precision: script.precision,
        rootDelay: script.rootDelay,
        rootDispersion: script.rootDispersion,
        referenceId: script.referenceId,
        reference: shift(receive, -script.referenceAge),
        origin: request.packet.header.transmit,
        receive,
        transmit,
      },
      key: script.security === null ? null : keyFor(request, script.security),
      nts,
      from: request.to,
      delay: script.processing,
      mangle: null,
    };
  }

  #seal(answer: Answer): Uint8Array {
    if (answer.nts !== null) return this.script.nts!.seal(answer.header, answer.nts);
    const header = encodeHeader(answer.header);
    if (answer.key === null) return header;
    if (answer.key === "nak") return Uint8Array.of(...header, 0, 0, 0, 0);
    const sealed = this.script.security?.sealWith(answer.key, header);
    if (sealed?.kind !== "sealed") throw new Error(`${this.machine.name} cannot seal by key ${answer.key}`);
    return sealed.bytes;
  }

  #send(from: Address, to: Address, bytes: Uint8Array): void {
    const socket = from.port === this.script.port ? this.#sockets.get(from.ip) : undefined;
    if (socket !== undefined) this.machine.transmit(socket, to, bytes);
    else this.#network.send({ from, to, ttl: 64, bytes }, this.machine.interfaces[0]!);
  }
}

/** The key a request was sealed with, if any and if it is authentic (RFC 5905 §9.2: otherwise a crypto-NAK). */
function keyFor(request: Request, security: SecurityProvider): number | "nak" | null {
  const { packet, bytes, from } = request;
  if (packet.mac === null) return null;
  return security.judge(bytes, packet, from.ip) === "ok" ? packet.mac.keyId : "nak";
}

function complete(options: ServerOptions): Required<ServerOptions> {
  const stratum = options.stratum ?? 2;
  return {
    port: 123,
    leap: "none",
    stratum,
    precision: -24,
    rootDelay: stratum === 1 ? 0 : 0.001,
    rootDispersion: 0.001,
    referenceId: stratum === 1 ? GPS : UPSTREAM,
    referenceAge: 16,
    processing: 20e-6,
    security: null,
    nts: null,
    oddities: [],
    ...options,
  };
}
