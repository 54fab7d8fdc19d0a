/** Datagrams on their way in and out, in memory that is used again for each. */
import type { Ticket } from "../security/security.ts";
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { Address } from "../wire/address.ts";
import { HEADER_LENGTH } from "../wire/header.ts";
import { MAX_MAC_LENGTH } from "../wire/mac.ts";
import { MAX_PACKET_LENGTH } from "../wire/packet.ts";
import type { Malformed, Packet } from "../wire/packet.ts";
import { lowerWord, publish, upperWord, NOTHING_TO_SERVE } from "./published.ts";
import type { Published } from "./published.ts";
import { readSource } from "./source.ts";
import type { SourceWords } from "./source.ts";

/**
 * The most octets of a reply: what fits Ethernet's MTU with the headers of IPv4 and UDP. Only under NTS it comes near, and there a reply
 * is never longer than its request: longer requests are not answered.
 */
export const REPLY_OCTETS: number = 1500 - 20 - 8;

/** How a datagram was addressed. */
export type Cast = "unicast" | "broadcast" | "group";

/** A datagram as it came. Its memory is the host's, which fills one of these again and again. */
export interface Arrival {
  /** Holds the datagram from its first octet; may be longer. */
  bytes: Uint8Array;
  /** The same memory. */
  view: DataView;
  /** Of the datagram, octets, even where there is less memory. */
  length: number;
  readonly source: SourceWords;
  /** The source port, 0 … 65535. */
  port: number;
  cast: Cast;
  /** The address of ours that it was sent to, an IP literal; `null`: nobody has asked the socket, or it cannot tell. */
  to: string | null;
  /** When it arrived, by the steady clock. */
  mono: Mono;
  /** T2, when it arrived by the clock that is served, in two signed 32-bit words. */
  seconds: number;
  fraction: number;
  /** What it says, where somebody has read it before; `null`: nobody has, and only what needs it will. */
  packet: Packet | Malformed | null;
}

/** Memory for arrivals. */
export function newArrival(): Arrival {
  const bytes = new Uint8Array(MAX_PACKET_LENGTH);
  const view = new DataView(bytes.buffer);
  return {
    bytes,
    view,
    length: 0,
    source: { a: 0, b: 0, c: 0, d: 0 },
    port: 0,
    cast: "unicast",
    to: null,
    mono: 0 as Mono,
    seconds: 0,
    fraction: 0,
    packet: null,
  };
}

/**
 * Copies a datagram into an arrival's memory.
 * @param datagram of any length and content
 * @param at when it arrived, by the clock that is served
 * @param packet what it says, where it is read already
 * @param to the address of ours that it was sent to, where that is known
 */
export function loadArrival(
  into: Arrival,
  datagram: Uint8Array,
  from: Address,
  cast: Cast,
  at: NtpTimestamp,
  mono: Mono,
  packet: Arrival["packet"] = null,
  to: string | null = null,
): void {
  into.bytes.set(datagram.length > into.bytes.length ? datagram.subarray(0, into.bytes.length) : datagram);
  into.length = datagram.length;
  readSource(from.ip, into.source);
  into.port = from.port;
  into.cast = cast;
  into.to = to;
  into.mono = mono;
  into.seconds = upperWord(at);
  into.fraction = lowerWord(at);
  into.packet = packet;
}

/** A reply to be completed by `NtpServer.complete` and then sent to where the request came from. */
export interface Reply {
  /** Memory for the longest reply. */
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly view: DataView;
  /** Octets so far. */
  length: number;
  /** The request's length: no reply is longer. */
  most: number;
  /** The key that seals it; 0: none. */
  keyId: number;
  /** What seals it under NTS; `null`: nothing does. */
  ticket: Ticket | null;
  /** Whether T3 has yet to be put in. A kiss has none of its own. */
  isTime: boolean;
  /** What it was made with. */
  published: Published;
  /** How long to wait before it is sent, seconds; 0 but for solicitations. */
  delay: Seconds;
}

/** Memory for replies. */
export function newReply(): Reply {
  const bytes = new Uint8Array(REPLY_OCTETS);
  const published = publish(NOTHING_TO_SERVE, { precision: 0, leastPoll: 0, age: 0, smear: 0 });
  return {
    bytes,
    view: new DataView(bytes.buffer),
    length: 0,
    most: 0,
    keyId: 0,
    ticket: null,
    isTime: false,
    published,
    delay: 0,
  };
}

/** Whether T3 has to be in a reply before it is sealed; others may be stamped as they leave. */
export function isSealed({ keyId, ticket }: Readonly<Reply>): boolean {
  return keyId !== 0 || ticket !== null;
}

/** A copy that outlives the next request, for replies that wait. */
export function keepReply(reply: Readonly<Reply>): Reply {
  const bytes = reply.bytes.slice(0, reply.ticket?.grows === true ? reply.bytes.length : WAITING_OCTETS);
  return { ...reply, bytes, view: new DataView(bytes.buffer) };
}

/** What waits for long is the answer to a solicitation: a header, a key identifier and the longest digest. */
const WAITING_OCTETS: number = HEADER_LENGTH + MAX_MAC_LENGTH;
