/**
 * Octets as they come, in chunks of any length, handed on in pieces of the length that a format asks for. No more is held
 * than one piece and one chunk, however long the file.
 */

/** A queue of octets. */
export class Intake {
  /** Octets passed over or taken since the beginning. */
  position = 0;
  /** What is at hand; the next octet is that at {@link at}. */
  octets: Uint8Array = new Uint8Array(0);
  /** The same, for words. */
  view: DataView = new DataView(this.octets.buffer);
  at = 0;
  /** Octets yet to be passed over, of chunks that have not come. */
  #owed = 0;

  /** Adds what came next. The chunk is kept by reference: it must not be written to afterwards. */
  push(chunk: Uint8Array): void {
    const passed = Math.min(this.#owed, chunk.length);
    this.#owed -= passed;
    const [held, rest] = [this.octets.subarray(this.at), chunk.subarray(passed)];
    this.octets = held.length === 0 ? rest : joined(held, rest);
    this.view = new DataView(this.octets.buffer, this.octets.byteOffset, this.octets.length);
    this.at = 0;
  }

  /** Octets at hand. */
  get length(): number {
    return this.octets.length - this.at;
  }

  /** Whether the stream would end in the midst of something, if it ended now. */
  get isOwing(): boolean {
    return this.#owed > 0;
  }

  /** Whether so many of the next octets have come. */
  has(length: number): boolean {
    return this.#owed === 0 && this.octets.length - this.at >= length;
  }

  /** Passes over the next octets, those that have not come yet included. */
  skip(length: number): void {
    const passed = Math.min(length, this.length);
    this.at += passed;
    this.#owed += length - passed;
    this.position += length;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
