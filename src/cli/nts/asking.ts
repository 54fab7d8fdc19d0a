/** The doctor's hands: handshakes for some AEADs, and single questions under NTS, of any size and by any cookie. */
import { addressesOf, cookie as drawn, type AskOptions } from "../../host/ask.ts";
import { handshakes, NOTHING_SEEN, type Seen, type Settled } from "../../host/ntske.ts";
import { probe, type Probe } from "../../host/probe.ts";
import type { Trust } from "../../host/establish.ts";
import { ntsSecurity } from "../../security/nts/client.ts";
import { loadAeads, type MakeAead } from "../../security/nts/aead.ts";
import type { EstablishedKeys, Security } from "../../security/security.ts";
import type { Address } from "../../wire/address.ts";
import { HEADER_LENGTH } from "../../wire/header.ts";

/** Seconds to wait for an answer; three times that are listened for. */
const TIMEOUT = 0.5;

/** A handshake that gave keys. */
export type Granted = Extract<Settled, { readonly kind: "granted" }>;

/** A handshake that was told to end, and what was seen by then. */
export interface Cut {
  readonly kind: "cut";
  readonly seen: Seen;
}

/** Asks one host. */
export class Hands {
  readonly #shakeHands: ReturnType<typeof handshakes>;
  readonly #options: AskOptions;
  readonly #makeAead: MakeAead;

  private constructor(trust: Trust, options: AskOptions, makeAead: MakeAead) {
    this.#shakeHands = handshakes(trust);
    this.#options = options;
    this.#makeAead = makeAead;
  }

  /** Loads the cryptography. */
  static async ready(trust: Trust, options: AskOptions): Promise<Hands> {
    return new Hands(trust, options, await loadAeads());
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  addresses(name: string): ReturnType<typeof addressesOf> {
    return addressesOf(name, this.#options);
  }

  /** Shakes hands. */
  shake(name: string, place: Address, aeads: readonly number[]): Promise<Settled | Cut> {
    const { signal } = this;
    let seen = NOTHING_SEEN;
    const watch = (now: Seen): void => void (seen = now);
    return new Promise((done) => {
      const abandon = (): void => done({ kind: "cut", seen });
      if (signal.aborted) return abandon();
      signal.addEventListener("abort", abandon, { once: true });
      this.#shakeHands({ name, with: place, aeads, watch }, signal, (settled) => {
        signal.removeEventListener("abort", abandon);
        done(settled);
      });
    });
  }

  /**
   * Asks for the time under NTS.
   * @param most placeholders to send
   * @returns `null`: no answer that is opened
   */
  ask(to: Address, keys: EstablishedKeys, cookie: Uint8Array, most: number): Promise<Probe | null> {
    return probe(to, drawn(), TIMEOUT, this.signal, this.#security(keys, cookie, most)).answer;
  }

  /** The octets of such a question. */
  octetsOf(keys: EstablishedKeys, cookie: Uint8Array, most: number): number {
    const security = this.#security(keys, cookie, most);
    const sealed = security.seal(new Uint8Array(HEADER_LENGTH));
    return sealed.kind === "sealed" ? sealed.bytes.length : 0;
  }

  #security(keys: EstablishedKeys, cookie: Uint8Array, most: number): Security {
    const security = ntsSecurity(this.#makeAead, process.getBuiltinModule("node:crypto").randomBytes, most);
    security.establish({ ...keys, cookies: [cookie] });
    return security;
  }

  /** Asks for the time without anything. */
  askPlainly(to: Address): Promise<Probe | null> {
    return probe(to, drawn(), TIMEOUT, this.signal).answer;
  }
}
