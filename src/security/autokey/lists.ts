/**
 * Key lists, from both ends (RFC 5906 §5.1): ours, which is worked through backwards and announced by autokey values, and another's, of which
 * we know what was announced, and how far its packets have led back.
 *
 * ```text
 *  made      first ─H─► … ─H─► … ─H─► used first ─H─► key ID of the autokey values
 *  sent      ◄──────────────────────── used first
 *  followed  received ─H─► … ─H─► the last that was received, or announced: so many steps as packets were sent
 * ```
 */
import type { AutokeyValue } from "../../wire/autokey.ts";
import type { Moment } from "../security.ts";
import type { Credentials } from "./credentials.ts";
import type { AutokeyFault } from "./faults.ts";
import type { RandomOctets } from "./identity/numbers.ts";
import { isSessionKeyId, keyList, LONGEST_LIST, stepsTo, type KeyList, type SessionKeyParts } from "./session.ts";
import { isBefore } from "./stamps.ts";

/** Between whom a list's packets go, and by which cookie. */
export type ListParts = Omit<SessionKeyParts, "keyId">;

/** A list of ours; another is made where it is used up, or its parts have changed. */
export class SendingList {
  readonly #credentials: Credentials;
  readonly #random: RandomOctets;
  #list: KeyList | null = null;
  #name = "";
  /** Signed once a list. */
  #values: AutokeyValue | null = null;

  constructor(credentials: Credentials, random: RandomOctets) {
    this.#credentials = credentials;
    this.#random = random;
  }

  /**
   * The key ID of the next packet.
   * @returns `isFirst`: of a list that nobody has been told of
   */
  next(parts: ListParts, { synchronized }: Moment): { readonly keyId: number; readonly isFirst: boolean } {
    const { source, destination, cookie } = parts;
    const name = `${source.join(".")} ${destination.join(".")} ${cookie}`;
    const isFirst = this.#list === null || this.#list.keyIds.length === 0 || this.#name !== name;
    if (isFirst) {
      // Who is not synchronized cannot sign a list, and makes one of one key.
      const length = synchronized ? LONGEST_LIST : 1;
      this.#list = keyList(this.#credentials.digest, parts, freshKeyId(this.#random), length);
      this.#name = name;
      this.#values = null;
    }
    return { keyId: this.#list!.keyIds.pop()!, isFirst };
  }

  /** The autokey values of the list that is in use, signed if we are synchronized; `null`: there is none. */
  values(moment: Moment): AutokeyValue | null {
    if (this.#list === null) return null;
    if (this.#values === null || this.#values.timestamp === 0)
      this.#values = this.#credentials.fresh(octetsOf(this.#list.autokey), moment);
    return this.#values;
  }

  /** The next packet begins another. */
  forget(): void {
    this.#list = null;
  }
}

/** Another's list. */
export class FollowedList {
  #known: { keyId: number; left: number } | null = null;
  /** The values, and when they were signed, NTP seconds. */
  #announced: { readonly keyId: number; readonly timestamp: number } | null = null;

  /** Takes autokey values whose signature is right. */
  learn({ timestamp, value }: AutokeyValue): AutokeyFault | null {
    if (value.length !== 8) return "autokey";
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    const [keyId, sequence] = [view.getUint32(0), view.getUint32(4)];
    if (sequence >= LONGEST_LIST) return "autokey";
    const before = this.#announced;
    if (before !== null && isBefore(timestamp, before.timestamp)) return "timestamp";
    // What was announced once more leads on from where it has come to.
    if (before?.timestamp === timestamp && before.keyId === keyId) return null;
    this.#announced = { keyId, timestamp };
    this.#known = { keyId, left: sequence + 1 };
    return null;
  }

  /**
   * Whether a packet is the next of the list, or one of those after it, if some were lost.
   * @returns `old`: it was before; `broken`: it does not lead there, and the values are to be asked for
   */
  follow(digest: Credentials["digest"], parts: ListParts, received: number): "next" | "old" | "broken" {
    const known = this.#known;
    if (known === null) return "broken";
    if (received === known.keyId) return "old";
    const steps = stepsTo(digest, parts, received, known.keyId, known.left);
    if (steps !== null) {
      this.#known = { keyId: received, left: known.left - steps };
      return "next";
    }
    return stepsTo(digest, parts, known.keyId, received, LONGEST_LIST) === null ? "broken" : "old";
  }

  /** Of another, or of the same with other keys. */
  forget(): void {
    this.#known = null;
    this.#announced = null;
  }
}

/** Autokey values on the wire (RFC 5906 §10.5): the final key ID, and its index. */
function octetsOf({ sequence, keyId }: KeyList["autokey"]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, keyId);
  view.setUint32(4, sequence);
  return new Uint8Array(view.buffer);
}

/** A key ID above those of key files. */
function freshKeyId(random: RandomOctets): number {
  for (;;) {
    const octets = random(4);
    const keyId = new DataView(octets.buffer, octets.byteOffset).getUint32(0);
    if (isSessionKeyId(keyId)) return keyId;
  }
}
