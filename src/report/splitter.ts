/** Octets as they come, into rows: split at line feeds, whatever pieces they come in. */
import { readLine, type Row, type Unread } from "./lines.ts";
import { OctetReader } from "./octets.ts";

const FEED = 10;
/** A line that is longer is of another kind: a file of none would be held whole. */
const LONGEST_LINE = 1 << 20;
const NOTHING = new Uint8Array(0);

/** Splits one file. */
export class Splitter {
  readonly #take: (row: Row | Unread) => void;
  readonly #reader: OctetReader = new OctetReader();
  readonly #text: InstanceType<typeof TextDecoder> = new TextDecoder();
  /** What has come of a line that has not ended. */
  #rest: Uint8Array = NOTHING;
  /** Whether the line that is coming is too long, and was told. */
  #isTooLong = false;

  /** @param take is given what each line is */
  constructor(take: (row: Row | Unread) => void) {
    this.#take = take;
  }

  /** Takes octets. */
  add(octets: Uint8Array): void {
    const last = octets.lastIndexOf(FEED);
    if (last < 0) return this.#keep(octets);
    const first = octets.indexOf(FEED);
    this.#keep(octets.subarray(0, first + 1));
    this.#lines(this.#rest, this.#rest.length);
    this.#isTooLong = false;
    this.#lines(octets.subarray(first + 1), last - first);
    this.#rest = octets.slice(last + 1);
  }

  /** No more comes: a last line needs no line feed. */
  end(): void {
    if (this.#rest.length > 0) this.#take(readLine(this.#text.decode(this.#rest)));
    this.#rest = NOTHING;
    this.#isTooLong = false;
  }

  #keep(octets: Uint8Array): void {
    if (this.#isTooLong) return;
    const whole = new Uint8Array(this.#rest.length + octets.length);
    whole.set(this.#rest);
    whole.set(octets, this.#rest.length);
    this.#rest = whole;
    if (whole.length <= LONGEST_LINE) return;
    this.#take("foreign");
    this.#isTooLong = true;
    this.#rest = NOTHING;
  }

  /** Whole lines: the last octet before `end` is a line feed. */
  #lines(octets: Uint8Array, end: number): void {
    for (let from = 0; from < end;) {
      const row = this.#reader.read(octets, from);
      if (row !== null) {
        this.#take(row);
        from = this.#reader.at;
        continue;
      }
      const feed = octets.indexOf(FEED, from);
      this.#take(readLine(this.#text.decode(octets.subarray(from, feed))));
      from = feed + 1;
    }
  }
}
