/**
 * Putting a response together from its fragments, which come in any order, twice, or not at all (RFC 9327 §1.2).
 *
 * The first fragment for a place wins. A later one that says the same is a duplicate; one that overlaps otherwise, or
 * contradicts where the response ends, is a lie and changes nothing. Both are counted, neither ends the response: whoever
 * guessed a sequence number must not be able to spoil it.
 */
import type { Control } from "../wire/control.ts";

/** How much a response may be. */
export interface ResponseLimits {
  /** Octets of data. Offsets have 16 bits, so there are never more than 131070. */
  readonly octets: number;
  /** Datagrams. ntpd sends 128 at most. */
  readonly fragments: number;
}

/** What ntpd could send, and a little more. */
export const RESPONSE_LIMITS: ResponseLimits = { octets: 0x1_0000, fragments: 256 };

/** What became of a fragment. */
export type Taken =
  | "taken" // the response is not whole yet
  | "whole" // this was the last one missing
  | "duplicate"
  | "overlap" // of other octets than we have there, or it contradicts the response's end
  | "empty" // no data, but more is announced
  | "tooMuch"; // the limits are exceeded: the response will never be whole

/** A whole response. */
export interface Response {
  /** From the last fragment, as ntpq takes it. */
  readonly status: number;
  /** The association that the last fragment names; some daemons name another than was asked for. */
  readonly association: number;
  readonly data: Uint8Array;
}

/** Fragments of one response. */
export class Reassembly {
  /** Fragments that were refused as lies. */
  lies = 0;
  readonly #limits: ResponseLimits;
  /** Without overlaps, by offset. */
  readonly #fragments: Control[] = [];
  #octets = 0;
  #last: Control | null = null;

  constructor(limits: ResponseLimits = RESPONSE_LIMITS) {
    this.#limits = limits;
  }

  /** How many fragments there are. */
  get fragments(): number {
    return this.#fragments.length;
  }

  /**
   * Adds a fragment.
   * @param fragment of a response without error; its data is kept, not copied
   */
  add(fragment: Control): Taken {
    const taken = this.#place(fragment);
    if (taken === "overlap") this.lies += 1;
    return taken;
  }

  /** The response, `null` until it is whole. */
  response(): Response | null {
    if (this.#last === null || this.#octets !== endOf(this.#last)) return null;
    const data = new Uint8Array(this.#octets);
    for (const fragment of this.#fragments) data.set(fragment.data, fragment.offset);
    return { status: this.#last.status, association: this.#last.association, data };
  }

  #place(fragment: Control): Taken {
    if (fragment.more && fragment.data.length === 0) return "empty";
    if (endOf(fragment) > this.#limits.octets || this.#fragments.length >= this.#limits.fragments) return "tooMuch";
    const at = this.#placeOf(fragment.offset);
    const same = this.#fragments[at];
    if (same !== undefined && isSame(same, fragment)) return "duplicate";
    if (this.#contradicts(fragment, at)) return "overlap";
    this.#fragments.splice(at, 0, fragment);
    this.#octets += fragment.data.length;
    if (!fragment.more) this.#last = fragment;
    // Nothing overlaps and nothing lies beyond the end, so as many octets as the end says are all of them.
    return this.#last !== null && this.#octets === endOf(this.#last) ? "whole" : "taken";
  }

  /** Where in the list the first fragment at or behind an offset stands. Most come in order. */
  #placeOf(offset: number): number {
    let at = this.#fragments.length;
    while (at > 0 && this.#fragments[at - 1]!.offset >= offset) at -= 1;
    return at;
  }

  #contradicts(fragment: Control, at: number): boolean {
    const before = this.#fragments[at - 1];
    const behind = this.#fragments[at];
    if (before !== undefined && endOf(before) > fragment.offset) return true;
    if (behind !== undefined && endOf(fragment) > behind.offset) return true;
    if (this.#last !== null) return !fragment.more || endOf(fragment) > endOf(this.#last);
    return !fragment.more && behind !== undefined;
  }
}

function endOf({ offset, data }: Control): number {
  return offset + data.length;
}

function isSame(left: Control, right: Control): boolean {
  return (
    left.offset === right.offset &&
    left.more === right.more &&
    left.data.length === right.data.length &&
    left.data.every((octet, index) => octet === right.data[index])
  );
}
