/**
 * Octets as they come, in chunks of any length, handed on in pieces of the length that a format asks for. No more is held
 * than one piece and one chunk, however long the file.
 */

/** A queue of octets. */
export class Intake {
  /** Octets passed over or taken since the beginning. */
  position = 0;
  #held: Uint8Array = NOTHING;
  /** Octets yet to be passed over, of chunks that have not come. */
  #owed = 0;

  /** Adds what came next. The chunk is kept by reference: it must not be written to afterwards. */
  push(chunk: Uint8Array): void {
    const passed = Math.min(this.#owed, chunk.length);
    this.#owed -= passed;
    const rest = chunk.subarray(passed);
    if (this.#held.length === 0) this.#held = rest;
    else if (rest.length > 0) this.#held = joined(this.#held, rest);
  }

  /** Octets at hand. */
  get length(): number {
    return this.#held.length;
  }

  /** Whether the stream would end in the midst of something, if it ended now. */
  get isOwing(): boolean {
    return this.#owed > 0;
  }

  /** The next octets, left where they are; `null` while fewer have come. A view, valid for good. */
  peek(length: number): Uint8Array | null {
    return this.#owed > 0 || this.#held.length < length ? null : this.#held.subarray(0, length);
  }

  /** Passes over the next octets, those that have not come yet included. */
  skip(length: number): void {
    const passed = Math.min(length, this.#held.length);
    this.#held = this.#held.subarray(passed);
    this.#owed += length - passed;
    this.position += length;
  }
}

const NOTHING = new Uint8Array(0);

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
