/**
 * The proof of identity as its asker sees it (RFC 5906 §8): a challenge by the parameters of a group, and whether the answer is by somebody who
 * has its secret.
 *
 * A server says which schemes it has, but not of which group it is. Whoever may hear servers of several groups (seed 002: "the clients on
 * that LAN must have the client keys for all of them") asks by the parameters of one after the other.
 */
import type { AutokeyValue } from "../../wire/autokey.ts";
import type { Moment } from "../security.ts";
import type { Credentials } from "./credentials.ts";
import type { AutokeyFault } from "./faults.ts";
import { challengeFor, isOfFile, isProof, rowOf, type GroupParameters } from "./identity/identity.ts";
import type { RandomOctets } from "./identity/numbers.ts";

/** What one server has to prove. */
export class IdentityProof {
  readonly #groups: readonly GroupParameters[];
  readonly #random: RandomOctets;
  #turn = 0;
  #challenge: Uint8Array | null = null;

  private constructor(groups: readonly GroupParameters[], random: RandomOctets) {
    this.#groups = groups;
    this.#random = random;
  }

  /**
   * What a server can prove that says it has the schemes of a status word.
   * @param groups in the order they are preferred; at least one has to be its
   * @returns `null`: none of them
   */
  static by(groups: readonly GroupParameters[], status: number, random: RandomOctets): IdentityProof | null {
    const offered = groups.filter(({ scheme }) => (status & rowOf(scheme).flag) !== 0);
    const chosen = offered.filter(({ scheme }) => scheme === offered[0]!.scheme);
    return chosen.length === 0 ? null : new IdentityProof(chosen, random);
  }

  /** Of its messages. */
  get code(): number {
    return rowOf(this.#group.scheme).code;
  }

  get #group(): GroupParameters {
    return this.#groups[this.#turn]!;
  }

  /** A fresh challenge. */
  challenge(credentials: Credentials, moment: Moment): AutokeyValue {
    this.#challenge = challengeFor(this.#group, this.#random);
    return credentials.fresh(this.#challenge, moment, this.#group.filestamp);
  }

  /** @param certified what its certificate has for GQ; `null`: nothing */
  take({ filestamp, value }: AutokeyValue, certified: bigint | null): AutokeyFault | null {
    const challenge = this.#challenge;
    if (challenge === null) return "unexpected";
    if (!isOfFile(this.#group, filestamp)) return "filestamp";
    this.#challenge = null;
    return isProof(this.#group, certified, challenge, value) ? null : "identity";
  }

  /** It was not proved by that group's parameters. @returns whether there is another to ask by, of which nobody knows yet */
  turn(why: AutokeyFault): boolean {
    if (why !== "identity" && why !== "filestamp" && why !== "refused") return false;
    this.#challenge = null;
    this.#turn = (this.#turn + 1) % this.#groups.length;
    return this.#turn !== 0;
  }
}
