/**
 * Answering as it reads: batches of datagrams in, the answers to plain requests out by one call each, and whatever else came
 * handed on. No event, no promise and no allocation lies between a request and its answer.
 *
 * T2 is the kernel's stamp. T3 is read when a reply is about to leave, after all of its batch have been made, so that a request
 * is not dated earlier for those that came behind it.
 */
import type { Responder } from "../../server/responder.ts";
import { DISPOSITIONS } from "../../server/disposition.ts";
import { stampTransmit } from "../../server/answer.ts";
import type { Published } from "../../server/published.ts";
import { isSealed } from "../../server/reply.ts";
import { sourceText } from "../../server/source.ts";
import type { Mono } from "../../time/mono.ts";
import type { Address } from "../../wire/address.ts";
import { steady } from "../clock.ts";
import type { Libc } from "../libc.ts";
import { Batch, BATCH, WordClock, type Slot } from "./batch.ts";
import type { Control } from "./message.ts";
import { zoneName } from "./sockaddr.ts";

/** Batches read before the rest of the process has its turn. */
const ROUNDS = 16;

/** Takes what is no request: its octets are the taker's to keep. */
export type HandOn = (bytes: Uint8Array, from: Address, control: Control) => void;

/** A reply of the batch that waits for its T3. */
interface Ready {
  length: number;
  /** What it was made with; `null`: it carries no time, or is sealed with it already. */
  published: Published | null;
  view: DataView;
  bytes: Uint8Array;
}

/** Answers by the engine's server. */
export class Answerer {
  readonly #responder: Responder;
  readonly #batch: Batch;
  readonly #clock: WordClock;
  readonly #ready: Ready[];
  #seconds = 0;
  #fraction = 0;

  constructor(c: Libc, responder: Responder) {
    this.#responder = responder;
    this.#batch = new Batch(c);
    this.#clock = new WordClock(c);
    this.#ready = Array.from({ length: BATCH }, (_, place) => {
      const bytes = this.#batch.reply(place);
      return { length: 0, published: null, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
    });
  }

  /** Reads a socket until it is empty, or its turn is over. */
  answerAll(fd: number, handOn: HandOn): void {
    const responder = this.#responder;
    responder.refresh(steady());
    for (let round = 0; round < ROUNDS; round += 1) {
      const count = this.#batch.receive(fd);
      if (count <= 0) return;
      const mono = steady();
      this.#clock.read();
      let replies = 0;
      for (let slot = 0; slot < count; slot += 1) {
        const one = this.#batch.slots[slot]!;
        if (!responder.takes(one.arrival)) this.#pass(one, handOn);
        else if (this.#answer(one, mono, replies)) {
          this.#batch.address(replies, slot, this.#ready[replies]!.length);
          replies += 1;
        }
      }
      for (let place = 0; place < replies; place += 1) this.#stamp(this.#ready[place]!);
      if (replies > 0) this.#batch.send(fd, replies);
      if (count < this.#batch.most) return;
    }
  }

  /** Makes the reply to a request; returns whether there is one. */
  #answer({ arrival, stamped }: Slot, mono: Mono, place: number): boolean {
    const { server } = this.#responder;
    arrival.mono = mono;
    // A stamp of another second than our own reading's neighbours is of another time.
    const isPlausible = stamped && Math.abs((this.#clock.seconds - arrival.seconds) | 0) <= 1;
    this.#serve(
      isPlausible ? arrival.seconds : this.#clock.seconds,
      isPlausible ? arrival.fraction : this.#clock.fraction,
    );
    arrival.seconds = this.#seconds;
    arrival.fraction = this.#fraction;
    if (DISPOSITIONS[server.receive(arrival)].kind !== "answered") return false;
    const { reply } = server;
    const ready = this.#ready[place]!;
    ready.published = null;
    ready.length = reply.length;
    if (reply.isTime && !isSealed(reply)) ready.published = reply.published;
    else {
      this.#readClock();
      ready.length = server.complete(reply, this.#seconds, this.#fraction);
    }
    ready.bytes.set(reply.bytes.subarray(0, ready.length));
    return ready.length > 0;
  }

  #stamp({ published, view }: Ready): void {
    if (published === null) return;
    this.#readClock();
    stampTransmit(view, this.#seconds, this.#fraction, published);
  }

  #readClock(): void {
    this.#clock.read();
    this.#serve(this.#clock.seconds, this.#clock.fraction);
  }

  /** From the local clock to the time that is served. */
  #serve(seconds: number, fraction: number): void {
    const { shiftSeconds, shiftFraction } = this.#responder;
    const sum = (fraction + shiftFraction) | 0;
    this.#seconds = (seconds + shiftSeconds + (sum >>> 0 < fraction >>> 0 ? 1 : 0)) | 0;
    this.#fraction = sum;
  }

  #pass(slot: Slot, handOn: HandOn): void {
    const { arrival } = slot;
    const ip = sourceText(arrival.source);
    const isLinkLocal = /^fe[89ab]/.test(ip) && slot.interface !== 0;
    const from = { ip: isLinkLocal ? `${ip}%${zoneName(slot.interface)}` : ip, port: arrival.port };
    handOn(arrival.bytes.slice(0, Math.min(arrival.length, arrival.bytes.length)), from, this.#batch.control(slot));
  }
}
