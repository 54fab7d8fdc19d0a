/** Files that a report is made of, as they are read. */
import { statSync } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UsageError } from "../../config/usage.ts";
import type { Row, Unread } from "../../report/lines.ts";
import { Splitter } from "../../report/splitter.ts";
import { systemReason } from "../../security/place.ts";
import { openInput } from "../input.ts";

/** Octets read at a time. */
const CHUNK = 1 << 18;

/** A file that is read, and with `--watch` read on from where it ended. */
export class Reading {
  readonly #file: string;
  readonly #splitter: Splitter;
  /** Which file it was, and how much of it was read: one that takes its place, or is cut, is read from its beginning. */
  #inode = 0n;
  #read = 0;

  /** @param take is given what each line is */
  constructor(file: string, take: (row: Row | Unread) => void) {
    this.#file = file;
    this.#splitter = new Splitter(take);
  }

  /**
   * Reads to the end.
   * @param isAll no more will come: a last line needs no line feed
   * @throws UsageError
   */
  async readOn(signal: AbortSignal, isAll: boolean): Promise<void> {
    if (signal.aborted) return;
    if (!isAll && !this.#isThere()) return;
    const input = openInput(this.#file, CHUNK, this.#read);
    // What is destroyed has no end: whoever reads of it would wait for one.
    const abandon = (): void => void input.on("error", () => undefined).destroy();
    signal.addEventListener("abort", abandon, { once: true });
    try {
      for await (const octets of isAll ? unpacked(input) : (input as AsyncIterable<Buffer>)) {
        if (!isAll && this.#read === 0 && isCompressed(octets))
          throw new UsageError(`${this.#file} is compressed`, "--watch reads on in plain files only");
        this.#read += octets.length;
        this.#splitter.add(octets);
      }
      if (isAll) this.#splitter.end();
    } catch (error) {
      if (error instanceof UsageError) throw error;
      if (!signal.aborted) throw new UsageError(`cannot read ${this.#file}: ${systemReason(error)}`);
    } finally {
      signal.removeEventListener("abort", abandon);
    }
  }

  /** Whether there is something to read on in: between its two places a file that daemons begin anew is in none. */
  #isThere(): boolean {
    const found = statSync(this.#file, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return this.#inode === 0n; // a name that never was one is told by opening it
    const isOther = this.#inode !== 0n && (found.ino !== this.#inode || found.size < BigInt(this.#read));
    this.#inode = found.ino;
    if (isOther) {
      this.#splitter.end();
      this.#read = 0;
    }
    return true;
  }
}

/** What is read; where gzip has packed it, by whatever name, what it packed. */
async function* unpacked(input: Readable): AsyncGenerator<Buffer, void, undefined> {
  const pieces = (input as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (first.done === true) return;
  const all = (async function* again(): AsyncGenerator<Buffer, void, undefined> {
    for (let piece: IteratorResult<Buffer> = first; piece.done !== true; piece = await pieces.next()) yield piece.value;
  })();
  if (!isCompressed(first.value)) return yield* all;
  const gunzip = createGunzip({ chunkSize: CHUNK });
  // What goes wrong with either ends the other, and whoever reads is told.
  pipeline(all, gunzip, () => undefined);
  yield* gunzip as AsyncIterable<Buffer>;
}

/** What gzip begins its files with (RFC 1952 section 2.3.1). */
function isCompressed(octets: Buffer): boolean {
  return octets[0] === 0x1f && octets[1] === 0x8b;
}
