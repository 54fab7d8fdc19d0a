/**
 * Autokey of a server that broadcasts (RFC 5906 §9, §11.4.2): each packet says who sends it and by which name its list of keys is to be asked
 * for; the first of a new list has the list's autokey values, signed, instead. The cookie is 0: everybody may check what is for all.
 */
import { AUTOKEY_CODES, autokeyField, type AutokeyValue } from "../../wire/autokey.ts";
import { addressOctets } from "../../wire/address.ts";
import { encodeExtension } from "../../wire/extension.ts";
import { encodeMac } from "../../wire/mac.ts";
import { concatenate } from "../../wire/octets.ts";
import type { BroadcasterSecurity, Moment, Sealed } from "../security.ts";
import type { Credentials } from "./credentials.ts";
import type { RandomOctets } from "./identity/numbers.ts";
import { SendingList } from "./lists.ts";
import { sessionMac } from "./session.ts";

/** Seals what is broadcast to one group. */
export class AutokeyBroadcaster implements BroadcasterSecurity {
  readonly #credentials: Credentials;
  readonly #associationId: number;
  readonly #group: Uint8Array | null;
  readonly #list: SendingList;

  /**
   * @param associationId by which its list is asked for, 1 … 65535
   * @param group an IP literal
   */
  constructor(credentials: Credentials, associationId: number, group: string, random: RandomOctets) {
    this.#credentials = credentials;
    this.#associationId = associationId;
    this.#group = addressOctets(group);
    this.#list = new SendingList(credentials, random);
  }

  /** See {@link BroadcasterSecurity}. */
  seal(header: Uint8Array, from: string, moment: Moment): Sealed {
    const [source, destination] = [addressOctets(from), this.#group];
    if (source === null || destination === null || source.length !== destination.length)
      return { kind: "unsealed", fault: "noAddress" };
    this.#credentials.refresh(moment);
    const parts = { source, destination, cookie: 0 };
    const { keyId, isFirst } = this.#list.next(parts, moment);
    const code = isFirst ? AUTOKEY_CODES.AUTO : AUTOKEY_CODES.ASSOC;
    const content = isFirst ? this.#list.values(moment) : this.#credentials.association();
    const associationId = this.#associationId;
    const { type, value } = autokeyField({ code, response: true, error: false, associationId, content });
    const covered = concatenate([header, encodeExtension(type, value)]);
    const mac = sessionMac(this.#credentials.digest, { ...parts, keyId }, covered);
    return { kind: "sealed", bytes: concatenate([covered, encodeMac(mac)]) };
  }

  /** The values of the list that is in use; `null`: nothing was sent yet. */
  values(moment: Moment): AutokeyValue | null {
    return this.#list.values(moment);
  }
}
