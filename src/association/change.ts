/**
 * Who may change an association, and who learns of it.
 *
 * Outside this room all of an association is readonly, as searches and broadcasters are, and it changes by the room's verbs alone:
 * functions whose parameter says {@link Writable} (TypeScript lets what is readonly be handed to them). A verb says what it has changed, and whoever holds the
 * association finds it in its ledger: when it next has something to do is reckoned anew, and selection looks again, without
 * anybody having to remember that.
 */
import type { Association, PacketCounts } from "./association.ts";

/** The same, to be written: for this room only, which a lint rule sees to. */
export type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** What can have changed of an association, as bits. */
export const CHANGE = {
  /** When it next has something to do. */
  due: 1,
  /** It gave a sample that says nothing newer than the last: of note only where it is not used yet (the prime directive). */
  sample: 2,
  /** What selection goes by. */
  fitness: 4,
} as const;

/** Associations that have changed since the ledger was last read, each once. */
export type Ledger = Association[];

/** Enters what has changed. One that nobody holds keeps it to itself. */
export function changed(association: Writable<Association>, what: number): void {
  if (association.changes === 0) association.ledger?.push(association);
  association.changes |= what;
}

/** From now on its changes are entered in a ledger; `null`: nobody holds it any more. That is itself a change. */
export function enterIn(association: Writable<Association>, ledger: Ledger | null): void {
  changed(association, CHANGE.due | CHANGE.fitness);
  if (ledger !== null) ledger.push(association);
  association.ledger = ledger;
}

/** What has changed since this was last asked. */
export function changesOf(association: Writable<Association>): number {
  const { changes } = association;
  association.changes = 0;
  return changes;
}

/** Counts a packet. */
export function count({ packets }: Association, what: keyof PacketCounts): void {
  const counts: Writable<PacketCounts> = packets;
  counts[what] += 1;
}
