/**
 * Answering at once: what a host needs to answer plain requests as it reads them, without an event and actions for each.
 *
 * It is the engine's own server, with its access list, recent clients and rates; the engine goes on publishing to it what there
 * is to tell. Whatever is not a request sent to this host alone stays an event.
 */
import { lowerWord, upperWord } from "./published.ts";
import type { Arrival } from "./reply.ts";
import type { NtpServer } from "./server.ts";
import { HEADER_LENGTH } from "../wire/header.ts";
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import { shift, UNKNOWN_TIME } from "../time/timestamp.ts";

/** The engine's server, as a host sees it. */
export class Responder {
  readonly server: NtpServer;
  /** What has to be added to the local clock for the time that is served, as two signed 32-bit words. */
  shiftSeconds = 0;
  shiftFraction = 0;
  /** By how much the time that is served is ahead of the host's clock at a moment; set by whoever has the engine steer another. */
  ahead: (mono: Mono) => Seconds = () => 0;
  #offset: Seconds = 0;

  constructor(server: NtpServer) {
    this.server = server;
  }

  /** Whether a datagram is one to be answered at once: a client's request, sent to this host alone. */
  takes({ length, cast, bytes }: Arrival): boolean {
    const mode = length === 0 ? 0 : bytes[0]! & 7;
    // Under Autokey it matters to which address of ours it was sent, which only the event says.
    const isPlain = length === HEADER_LENGTH || (this.server.settings.security.autokeyAnswering ?? null) === null;
    return mode === CLIENT && cast === "unicast" && isPlain;
  }

  /** Brings the shift up to date; once a batch, since it changes little while the system is not judged. */
  refresh(mono: Mono): void {
    const offset = this.ahead(mono);
    if (offset === this.#offset) return;
    const shifted = shift(UNKNOWN_TIME, offset);
    this.#offset = offset;
    this.shiftSeconds = upperWord(shifted);
    this.shiftFraction = lowerWord(shifted);
  }
}

/** Mode 3. */
const CLIENT = 3;
