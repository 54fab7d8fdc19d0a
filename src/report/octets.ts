/**
 * Lines of peerstats and loopstats read from their octets, without a string of any: of these two a year has millions. What is not as
 * daemons write it is left to `lines.ts`, which is the measure of what is read here, too.
 */
import { isSound, LONGEST_DAY, momentOf, verdictOf, type Row } from "./lines.ts";

const [FEED, SPACE, DOT, MINUS, ZERO, NINE] = [10, 32, 46, 45, 48, 57];
/** So many digits are an integer that a number has exactly. */
const EXACT_DIGITS = 15;
/** Powers of ten that a number has exactly: a quotient of two such is rounded once, as `Number` rounds. */
const TENS: readonly number[] = Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power);
/** A name that is longer is read as text is. */
const LONGEST_NAME = 64;

/** Reads one line after the other out of octets. */
export class OctetReader {
  #octets: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** The numbers of a line: here and not given back, since a number that is given back is an object. */
  readonly #numbers: Float64Array = new Float64Array(7);
  readonly #names: Map<number, { readonly octets: Uint8Array; readonly name: string }> = new Map();

  /** Behind the line that was read last, its line feed included. */
  get at(): number {
    return this.#at;
  }

  /**
   * Reads a line that ends with a line feed.
   * @param octets which have a line feed at or behind `from`
   * @returns `null`: it is not of those two, or not written plainly
   */
  read(octets: Uint8Array, from: number): Row | null {
    this.#octets = octets;
    this.#at = from;
    if (!this.#read(0, SPACE) || !this.#read(1, SPACE)) return null;
    const [day, second] = [this.#numbers[0]!, this.#numbers[1]!];
    if (!(day >= 10_000 && day <= 99_999 && second >= 0 && second < LONGEST_DAY)) return null;
    const row = this.#peer(momentOf(day, second), this.#at) ?? this.#loop(momentOf(day, second));
    return row !== null && isSound(row) ? row : null;
  }

  #peer(at: number, start: number): Row | null {
    const server = this.#name();
    const status = server === null ? -1 : this.#status();
    if (server !== null && status >= 0 && this.#readAll(4)) {
      const numbers = this.#numbers;
      return {
        kind: "server",
        at,
        server,
        offset: numbers[0]!,
        delay: numbers[1]!,
        dispersion: numbers[2]!,
        verdict: verdictOf(status),
      };
    }
    this.#at = start;
    return null;
  }

  #loop(at: number): Row | null {
    if (!this.#readAll(5)) return null;
    const numbers = this.#numbers;
    return { kind: "clock", at, offset: numbers[0]!, frequency: numbers[1]!, jitter: numbers[2]! };
  }

  /** So many numbers, the last at the line's end. */
  #readAll(count: number): boolean {
    for (let index = 0; index < count - 1; index += 1) if (!this.#read(index, SPACE)) return false;
    return this.#read(count - 1, FEED);
  }

  /**
   * Reads a decimal number and the octet that ends it.
   * @param index where it is put
   * @returns whether it is one, and has no more digits than are exact
   */
  #read(index: number, end: number): boolean {
    const octets = this.#octets;
    let at = this.#at;
    const isNegative = octets[at] === MINUS;
    if (isNegative) at += 1;
    const start = at;
    let value = 0;
    let digit = octets[at]! - ZERO;
    for (; digit >= 0 && digit <= 9; digit = octets[++at]! - ZERO) value = value * 10 + digit;
    let digits = at - start;
    let decimals = 0;
    if (octets[at] === DOT) {
      const point = (at += 1);
      digit = octets[at]! - ZERO;
      for (; digit >= 0 && digit <= 9; digit = octets[++at]! - ZERO) value = value * 10 + digit;
      decimals = at - point;
      digits += decimals;
    }
    if (octets[at] !== end || digits === 0 || digits > EXACT_DIGITS) return false;
    this.#at = at + 1;
    const size = decimals === 0 ? value : value / TENS[decimals]!;
    this.#numbers[index] = isNegative ? -size : size;
    return true;
  }

  /** Four hexadecimal digits and a space; less than 0 where it is not that. */
  #status(): number {
    let status = 0;
    for (let place = 0; place < 4; place += 1) {
      const digit = hexadecimal(this.#octets[this.#at + place]!);
      if (digit < 0) return -1;
      status = status * 16 + digit;
    }
    if (this.#octets[this.#at + 4] !== SPACE) return -1;
    this.#at += 5;
    return status;
  }

  /** A word, the same text for the same octets. */
  #name(): string | null {
    const octets = this.#octets;
    let [at, digest] = [this.#at, 0x811c_9dc5];
    for (; octets[at]! > SPACE && octets[at]! < 127; at += 1) digest = Math.imul(digest ^ octets[at]!, 0x0100_0193);
    const length = at - this.#at;
    if (octets[at] !== SPACE || length === 0 || length > LONGEST_NAME) return null;
    const start = this.#at;
    this.#at = at + 1;
    const known = this.#names.get(digest);
    if (known !== undefined && known.octets.length === length && isAt(octets, start, known.octets)) return known.name;
    const own = octets.slice(start, at);
    const name = String.fromCharCode(...own);
    this.#names.set(digest, { octets: own, name });
    return name;
  }
}

function isAt(octets: Uint8Array, start: number, word: Uint8Array): boolean {
  for (let place = 0; place < word.length; place += 1) if (octets[start + place] !== word[place]) return false;
  return true;
}

function hexadecimal(octet: number): number {
  if (octet >= ZERO && octet <= NINE) return octet - ZERO;
  const letter = octet | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
