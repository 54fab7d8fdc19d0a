/**
 * Answering clients under NTS: judges requests by their cookies and seals the answers, and counts both as NTPsec's `ntsinfo` does.
 *
 * It knows no client. Only what the keys of the last few sessions come to is kept, since a client that asks again soon spares it.
 */
import type { Packet } from "../../wire/packet.ts";
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

  constructor(keys: MasterKeys, makeAead: MakeAead, random: RandomOctets) {
    this.keys = keys;
    this.#makeAead = keeping(makeAead);
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
    return sealAnswer(header, request, this.keys[0], this.#makeAead, this.#random);
  }
}

/** What so many keys come to is kept: those of the master keys, and both of some hundred sessions. */
const KEPT = 512;

/** Keeps what the keys used last come to. */
function keeping(makeAead: MakeAead): MakeAead {
  const kept = new Map<string, Aead>();
  return (row: AeadRow, key: Uint8Array) => {
    const name = nameOf(row, key);
    const aead = kept.get(name) ?? makeAead(row, key);
    kept.delete(name);
    kept.set(name, aead);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return aead;
  };
}

function nameOf({ id }: AeadRow, key: Uint8Array): string {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  let name = String.fromCharCode(id);
  for (let at = 0; at < key.length; at += 2) name += String.fromCharCode(view.getUint16(at));
  return name;
}

function wordOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(0);
}
