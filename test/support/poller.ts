/**
 * The smallest thing that is an engine: asks each server once a poll interval and sets the clock by what it answers. It
 * stands in for the real one where the world itself is tested, and where its speed is measured.
 */
import type { Action, QuestionToken, SocketToken } from "../../src/engine/port/action.ts";
import type { Chance, Engine } from "../../src/engine/port/engine.ts";
import type { Event } from "../../src/engine/port/event.ts";
import type { Snapshot } from "../../src/engine/port/snapshot.ts";
import { after, type Mono } from "../../src/time/mono.ts";
import type { Now } from "../../src/time/now.ts";
import type { Seconds } from "../../src/time/seconds.ts";
import { difference, type NtpTimestamp, UNKNOWN_TIME } from "../../src/time/timestamp.ts";
import type { Address } from "../../src/wire/address.ts";
import { encodeHeader, readHeader } from "../../src/wire/header.ts";

/** What a poller does. */
export interface PollerOptions {
  readonly servers: readonly Address[];
  /** Seconds between two questions to one server. */
  readonly interval: Seconds;
  /** Steps the clock by the first offset and slews by all others; else only measures. */
  readonly set?: boolean;
  /** Keep what was heard and measured; leave it out for long runs. Default true. */
  readonly keep?: boolean;
}

interface Exchange {
  readonly server: number;
  readonly cookie: NtpTimestamp;
  t1: NtpTimestamp | null;
  t2t3t4: readonly [NtpTimestamp, NtpTimestamp, NtpTimestamp] | null;
}

/** One poller. */
export class Poller implements Engine {
  /** θ of each exchange that came to an end, in order, with the server's number. */
  readonly offsets: { readonly server: number; readonly offset: Seconds; readonly delay: Seconds }[] = [];
  /** Every event it was handed. */
  readonly heard: Event["kind"][] = [];
  readonly outcome = null;
  readonly #options: PollerOptions;
  readonly #chance: Chance;
  readonly #due: Mono[] = [];
  readonly #open = new Map<number, Exchange>();
  #count = 0;
  #stepped = false;

  constructor(options: PollerOptions, chance: Chance) {
    this.#options = options;
    this.#chance = chance;
  }

  get wakeAt(): Mono | undefined {
    return this.#due.length === 0 ? undefined : (Math.min(...this.#due) as Mono);
  }

  handle(event: Event, now: Now): readonly Action[] {
    if (this.#options.keep !== false) this.heard.push(event.kind);
    if (event.kind === "start") {
      for (const index of this.#options.servers.keys())
        this.#due[index] = after(now.mono, this.#chance.uniform() * this.#options.interval);
    }
    if (event.kind === "wake") return this.#poll(now);
    if (event.kind === "sent") return this.#finish(event.token, (exchange) => (exchange.t1 = event.at));
    if (event.kind !== "datagram") return [];
    const reply = readHeader(new DataView(event.bytes.buffer, event.bytes.byteOffset));
    return this.#finish(event.socket, (exchange) => {
      if (reply.origin === exchange.cookie) exchange.t2t3t4 = [reply.receive, reply.transmit, event.at];
    });
  }

  memory(): never {
    throw new Error("a poller remembers nothing");
  }

  snapshot(): Snapshot {
    throw new Error("a poller has no snapshot");
  }

  #poll(now: Now): readonly Action[] {
    return this.#options.servers.flatMap((to, server) => {
      if (this.#due[server]! > now.mono) return [];
      this.#due[server] = after(this.#due[server]!, this.#options.interval);
      const number = ++this.#count;
      const cookie = this.#chance.bits64() as NtpTimestamp;
      this.#open.set(number, { server, cookie, t1: null, t2t3t4: null });
      const token = number as QuestionToken;
      return [{ kind: "ask", token, to, sourcePort: null, interface: null, bytes: request(cookie) }] satisfies Action[];
    });
  }

  #finish(number: number, learn: (exchange: Exchange) => void): readonly Action[] {
    const exchange = this.#open.get(number);
    if (exchange === undefined) return [];
    learn(exchange);
    const { server, t1, t2t3t4 } = exchange;
    if (t1 === null || t2t3t4 === null) return [];
    this.#open.delete(number);
    const [t2, t3, t4] = t2t3t4;
    const offset = (difference(t2, t1) + difference(t3, t4)) / 2;
    const first = !this.#stepped;
    this.#stepped = true;
    if (this.#options.keep !== false)
      this.offsets.push({ server, offset, delay: difference(t4, t1) - difference(t3, t2) });
    const close: Action = { kind: "close", socket: number as SocketToken };
    if (this.#options.set !== true) return [close];
    return [close, { kind: first ? "step" : "slew", offset }];
  }
}

function request(transmit: NtpTimestamp): Uint8Array {
  return encodeHeader({
    leap: "none",
    version: 4,
    mode: "client",
    stratum: 0,
    poll: 6,
    precision: -20,
    rootDelay: 0,
    rootDispersion: 0,
    referenceId: 0,
    reference: UNKNOWN_TIME,
    origin: UNKNOWN_TIME,
    receive: UNKNOWN_TIME,
    transmit,
  });
}
