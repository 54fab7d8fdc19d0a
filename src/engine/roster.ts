/**
 * All associations, found by number, by address and by the question of theirs that is out.
 *
 * It keeps the ledger in which the verbs of `association/` enter what they have changed. `State.heed` reads it after every step of the
 * engine's: deadlines are set anew and selection looks again, and nobody has to ask for either.
 */
import type { Association, AssociationId } from "../association/association.ts";
import { changesOf, enterIn } from "../association/change.ts";
import type { Ledger } from "../association/change.ts";
import { moveTo } from "../association/life.ts";
import type { PacketToken, QuestionToken, SocketToken } from "../association/request.ts";
import { addressKey } from "../wire/address.ts";
import type { Address } from "../wire/address.ts";

/** The engine's associations, in order of mobilization. */
export class Roster {
  readonly #byId = new Map<AssociationId, Association>();
  readonly #byAddress = new Map<string, Association>();
  /** Those that are only listed: they claim no packets. */
  readonly #listed = new Map<string, Association>();
  readonly #byQuestion = new Map<SocketToken | PacketToken, Association>();
  readonly #ledger: Ledger = [];
  #lastId = 0;

  /** The next number. */
  nextId(): AssociationId {
    this.#lastId += 1;
    return this.#lastId as AssociationId;
  }

  add(association: Association): void {
    this.#byId.set(association.id, association);
    enterIn(association, this.#ledger);
    if (association.address === null || association.ended === "duplicate") return;
    const key = addressKey(association.address);
    if (isListed(association)) {
      this.#listed.set(key, association);
      return;
    }
    const listed = this.#listed.get(key);
    if (listed !== undefined) this.remove(listed);
    this.#byAddress.set(key, association);
  }

  remove(association: Association): void {
    this.#byId.delete(association.id);
    enterIn(association, null);
    if (association.address !== null && this.listedAt(association.address) === association)
      this.#listed.delete(addressKey(association.address));
    if (association.address !== null && this.at(association.address) === association)
      this.#byAddress.delete(addressKey(association.address));
  }

  /** Another of its name's addresses is tried for an association. */
  move(association: Association, address: Address): void {
    if (association.address !== null) this.#byAddress.delete(addressKey(association.address));
    moveTo(association, address);
    this.#byAddress.set(addressKey(address), association);
  }

  get(id: AssociationId): Association | undefined {
    return this.#byId.get(id);
  }

  /** The association that has an address. */
  at(address: Address): Association | undefined {
    return this.#byAddress.get(addressKey(address));
  }

  /** What is listed under an address, heard but not used. */
  listedAt(address: Address): Association | undefined {
    return this.#listed.get(addressKey(address));
  }

  /** The association whose question it is, by its packet or by its socket, which are named alike. */
  asking(question: PacketToken | SocketToken): Association | undefined {
    return this.#byQuestion.get(question);
  }

  /** A question of an association is out; `null`: no longer. */
  occupy(question: QuestionToken, association: Association | null): void {
    if (association === null) this.#byQuestion.delete(question);
    else this.#byQuestion.set(question, association);
  }

  /**
   * Hands over what has changed since this was last called, in the order in which it did; also of those that were removed.
   * @param heed is told the association and what of it has changed, as bits of `CHANGE`; changes nothing itself
   */
  readLedger(heed: (association: Association, what: number) => void): void {
    const ledger = this.#ledger;
    for (const association of ledger) heed(association, changesOf(association));
    // By taking them out, not by setting its length: that would give its memory back, to be asked for again at once.
    while (ledger.length > 0) ledger.pop();
  }

  get size(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): MapIterator<Association> {
    return this.#byId.values();
  }
}

/** Heard by a probe, and never to be used: it ended before it began. */
function isListed({ ended, lifetime }: Association): boolean {
  return lifetime === "preemptable" && (ended === "authentication" || ended === "stratum" || ended === "surplus");
}
