/**
 * Answering clients under NTS: judges requests by their cookies and seals the answers, and counts both as NTPsec's `ntsinfo` does.
 *
 * It knows no client. Only what the keys of the last few sessions come to is kept, since a client that asks again soon spares it.
 */
import { MAX_PACKET_LENGTH, type Packet } from "../../wire/packet.ts";
import type { Judged, NtsAnswering } from "../security.ts";
import type { Aead, AeadRow, MakeAead } from "./aead.ts";
import { sealCookie, type CookieKeys } from "./cookie.ts";
import type { MasterKeys } from "./masters.ts";
import type { RandomOctets } from "./packet.ts";
import { openRequest, sealAnswer, type NtsRequest } from "./server.ts";

/** What a server has done under NTS so far. */
export interface NtsCounts {
  /** Requests that were authentic. */
  received: number;
  /** Requests that were not: their cookie does not open, or their seal is wrong. */
  refused: number;
  /** Answers sealed. */
  sent: number;
  /** Cookies made, for answers and in handshakes. */
  cookiesMade: number;
  /** Cookies opened, by how many keys were drawn after theirs; the last entry has all older ones. */
  readonly cookiesOpened: [current: number, old: number, old2: number, older: number];
  /** Cookies of a master key that is not known (any more). */
  cookiesTooOld: number;
  /** Cookies of a known master key that do not open. */
  cookiesWrong: number;
}

/** Answers clients. */
export class NtsServer implements NtsAnswering {
  readonly counts: NtsCounts = {
    received: 0,
    refused: 0,
    sent: 0,
    cookiesMade: 0,
    cookiesOpened: [0, 0, 0, 0],
    cookiesTooOld: 0,
    cookiesWrong: 0,
  };
  /** The master keys that count. */
  keys: MasterKeys;
  readonly #makeAead: MakeAead;
  readonly #random: RandomOctets;
  /** Where answers are sealed. */
  readonly #memory = new Uint8Array(MAX_PACKET_LENGTH);

  constructor(keys: MasterKeys, makeAead: MakeAead, random: RandomOctets) {
    this.keys = keys;
    this.#makeAead = seating(makeAead);
    this.#random = random;
  }

  judge(bytes: Uint8Array, packet: Packet): Judged {
    const { counts } = this;
    const arrival = openRequest(bytes, packet, this.keys, this.#makeAead);
    if (arrival.kind === "plain" || arrival.kind === "malformed") return { kind: "malformed" };
    if (arrival.kind === "nak") {
      counts.refused += 1;
      if (arrival.why === "unknownKey") counts.cookiesTooOld += 1;
      if (arrival.why === "cookie") counts.cookiesWrong += 1;
      return { kind: "nak" };
    }
    const { request } = arrival;
    counts.received += 1;
    counts.cookiesOpened[Math.min(request.age, counts.cookiesOpened.length - 1)]! += 1;
    return {
      kind: "authentic",
      ticket: { session: wordOf(request.keys.c2s), seal: (header) => this.#seal(header, request) },
    };
  }

  /** Makes a cookie by the youngest key. */
  cookie(keys: CookieKeys): Uint8Array {
    this.counts.cookiesMade += 1;
    return sealCookie(this.keys[0], keys, this.#makeAead, this.#random);
  }

  #seal(header: Uint8Array, request: NtsRequest): Uint8Array {
    this.counts.sent += 1;
    this.counts.cookiesMade += request.cookies;
    return sealAnswer(header, request, this.keys[0], this.#makeAead, this.#random, this.#memory);
  }
}

/** Seats of each algorithm. */
const SEATS = 64;

/** An algorithm, and the key that it has. */
interface Seat {
  readonly key: Uint8Array;
  readonly aead: Aead;
}

/**
 * Gives keys a seat each, by their first word, which is chance: who comes again before another one sat there finds it warm. Most do not,
 * where a server has thousands of clients; so that taking a seat is made cheap, and costs no memory. What is given is to be used before
 * the next is asked for.
 */
function seating(makeAead: MakeAead): MakeAead {
  const seats = new Map<AeadRow, (Seat | undefined)[]>();
  return (row: AeadRow, key: Uint8Array) => {
    let ofRow = seats.get(row);
    if (ofRow === undefined) seats.set(row, (ofRow = Array.from({ length: SEATS }, () => undefined)));
    const place = wordOf(key) % SEATS;
    const seat = (ofRow[place] ??= { key: key.slice(), aead: makeAead(row, key) });
    if (!isSame(seat.key, key)) {
      seat.aead.rekey(key);
      seat.key.set(key);
    }
    return seat.aead;
  };
}

/** Whether two keys are the same, in a time that does not tell where they differ. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index += 1) difference |= one[index]! ^ other[index]!;
  return difference === 0;
}

function wordOf(key: Uint8Array): number {
  return ((key[0]! << 24) | (key[1]! << 16) | (key[2]! << 8) | key[3]!) >>> 0;
}
