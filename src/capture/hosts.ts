/**
 * The texts of addresses, made once for a host rather than once a packet: those that came last are remembered, in flat memory.
 */
import { addressLiteral } from "../wire/address.ts";

/** So many of each family, a power of two. Where two fall into one place the later takes it. */
const PLACES = 4096;

/** Texts of the addresses in packets. */
export class Hosts {
  readonly #words = new Int32Array(PLACES);
  readonly #texts: string[] = Array.from({ length: PLACES }, () => "");
  readonly #longWords = new Int32Array(4 * PLACES);
  readonly #longTexts: string[] = Array.from({ length: PLACES }, () => "");

  /** The text of an IPv4 address of four octets. */
  short(octets: Uint8Array, at: number): string {
    const word = wordAt(octets, at);
    const place = placeOf(word);
    const known = this.#texts[place]!;
    if (known !== "" && this.#words[place] === word) return known;
    this.#words[place] = word;
    return (this.#texts[place] = addressLiteral(octets.subarray(at, at + 4)));
  }

  /** The text of an IPv6 address of sixteen. */
  long(octets: Uint8Array, at: number): string {
    const [first, second] = [wordAt(octets, at), wordAt(octets, at + 4)];
    const [third, fourth] = [wordAt(octets, at + 8), wordAt(octets, at + 12)];
    const place = placeOf(first ^ Math.imul(second, 3) ^ Math.imul(third, 5) ^ Math.imul(fourth, 7));
    const words = this.#longWords;
    const known = this.#longTexts[place]!;
    const start = 4 * place;
    const isKnown =
      words[start] === first &&
      words[start + 1] === second &&
      words[start + 2] === third &&
      words[start + 3] === fourth;
    if (known !== "" && isKnown) return known;
    words[start] = first;
    words[start + 1] = second;
    words[start + 2] = third;
    words[start + 3] = fourth;
    return (this.#longTexts[place] = addressLiteral(octets.subarray(at, at + 16)));
  }
}

function wordAt(octets: Uint8Array, at: number): number {
  return (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!;
}

function placeOf(word: number): number {
  const mixed = Math.imul(word, 0x9e37_79b1);
  return (mixed ^ (mixed >>> 15)) & (PLACES - 1);
}
