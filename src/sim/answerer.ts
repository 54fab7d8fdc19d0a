/**
 * Answers plain requests as a simulated machine reads them, as `host/udp/answerer.ts` does: by the engine's own server, with no
 * event and no action between a request and its answer.
 */
import type { Responder } from "../server/responder.ts";
import { DISPOSITIONS } from "../server/disposition.ts";
import { lowerWord, upperWord } from "../server/published.ts";
import { loadArrival, newArrival } from "../server/reply.ts";
import type { Now } from "../time/now.ts";
import { shift, type NtpTimestamp } from "../time/timestamp.ts";
import type { Cast, Datagram } from "./network.ts";

/** A machine's. */
export class Answerer {
  readonly #responder: Responder;
  readonly #arrival = newArrival();

  constructor(responder: Responder) {
    this.#responder = responder;
  }

  /**
   * Takes a datagram.
   * @param at when it arrived by the machine's clock, T2
   * @param now both clocks as the answer is made, T3
   * @returns the answer, empty where there is none; `null`: the datagram is no plain request, and the program is to hear of it
   */
  answer({ from, bytes }: Datagram, cast: Cast, at: NtpTimestamp, { mono, clock }: Now): Uint8Array | null {
    const arrival = this.#arrival;
    const { server, ahead } = this.#responder;
    const served = ahead(mono);
    loadArrival(arrival, bytes, from, cast, shift(at, served), mono);
    if (!this.#responder.takes(arrival)) return null;
    if (DISPOSITIONS[server.receive(arrival)].kind !== "answered") return NOTHING;
    const { reply } = server;
    const leaving = shift(clock, served);
    return reply.bytes.slice(0, server.complete(reply, upperWord(leaving), lowerWord(leaving)));
  }
}

const NOTHING = new Uint8Array();
