/** The doctor's cookies: none is sent twice but to see whether that is answered, and where they are used up others are asked for. */
import type { EstablishedKeys } from "../../security/security.ts";
import type { Probe } from "../../host/probe.ts";
import type { Address } from "../../wire/address.ts";
import type { Granted, Hands } from "./asking.ts";

/** A cookie that was never sent, and its keys. */
export interface Fresh {
  readonly keys: EstablishedKeys;
  readonly cookie: Uint8Array;
}

/** So often a question is asked before it counts as unanswered. */
export const TRIES = 2;

/** The cookies of one examination. */
export class Purse {
  readonly #hands: Hands;
  readonly #name: string;
  readonly #place: Address;
  #granted: Granted;
  #cookies: Uint8Array[];

  /** @param place where keys are established with `name` */
  constructor(hands: Hands, name: string, place: Address, granted: Granted) {
    this.#hands = hands;
    this.#name = name;
    this.#place = place;
    this.#granted = granted;
    this.#cookies = granted.keys.cookies.slice();
  }

  /** Takes one out; `null`: there are no more to be had. */
  async cookie(): Promise<Fresh | null> {
    if (this.#cookies.length === 0) {
      const settled = await this.#hands.shake(this.#name, this.#place, [this.#granted.grant.aead.id]);
      if (settled.kind !== "granted") return null;
      this.#granted = settled;
      this.#cookies = settled.keys.cookies.slice();
    }
    return { keys: this.#granted.keys, cookie: this.#cookies.shift()! };
  }

  /**
   * Asks for the time, once more where nobody answers.
   * @param most placeholders to send
   */
  async ask(to: Address, most: number): Promise<{ readonly answer: Probe | null; readonly octets: number }> {
    let octets = 0;
    for (let attempt = 0; attempt < TRIES && !this.#hands.signal.aborted; attempt += 1) {
      const next = await this.cookie();
      if (next === null) break;
      octets = this.#hands.octetsOf(next.keys, next.cookie, most);
      const answer = await this.#hands.ask(to, next.keys, next.cookie, most);
      if (answer !== null) return { answer, octets };
    }
    return { answer: null, octets };
  }
}
