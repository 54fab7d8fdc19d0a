/**
 * Networks with flags, found by address: the structure behind access lists.
 *
 * One open-addressed hash table for each mask in use, in flat memory; the masks in order, those with most bits first.
 *
 * ```text
 * slot   0 … 3 network   4 which entries there are   5 flags   6 flags for port 123   7, 8 how often each was found
 * ```
 */
import { sameSource } from "./source.ts";
import type { SourceWords } from "./source.ts";

/** Words a slot. */
const SLOT = 9;
const PRESENT = 4;
const FLAGS = 5;
const PORT_FLAGS = 6;
const HITS = 7;
const PORT_HITS = 8;

/** Bits of {@link PRESENT}: an entry for any port, one for port 123 only, and whether each is only there for an association. */
const ANY = 1;
const PORT = 2;
const TEMPORARY_ANY = 4;
const TEMPORARY_PORT = 8;
/** The slot is taken, even while it has no entries. */
const USED = 16;
/** Somebody asked for the entry: it is not one that is there anyway. */
const ASKED_ANY = 32;
const ASKED_PORT = 64;

const FIRST_SLOTS = 4;

/** All networks of one mask. */
interface MaskGroup {
  readonly mask: Readonly<SourceWords>;
  readonly bits: number;
  /** {@link SLOT} words a slot; a power of two of them, at most half in use. */
  slots: Int32Array;
  /** Slots in use, those whose entries were removed included. */
  used: number;
}

/** An entry, as lists show it. */
export interface MaskEntry {
  readonly network: SourceWords;
  readonly mask: Readonly<SourceWords>;
  readonly onlyNtpPort: boolean;
  readonly flags: number;
  /** How often it was the one that counted, modulo 2^32. */
  readonly hits: number;
}

/** Networks with flags. Looked up by every packet, changed by configuration and by associations only. */
export class MaskTable {
  readonly #groups: MaskGroup[] = [];

  /**
   * Adds flags to a network's entry, which is made if need be.
   * @param onlyNtpPort whether it counts for source port 123 only; such an entry is apart from that of the other ports
   * @param isAsked whether somebody asked for it, see {@link MaskTable.look}
   */
  add(
    network: Readonly<SourceWords>,
    mask: Readonly<SourceWords>,
    flags: number,
    onlyNtpPort: boolean,
    isAsked: boolean = true,
  ): void {
    const { slots, at } = this.#slotFor(network, mask);
    const where = at + (onlyNtpPort ? PORT_FLAGS : FLAGS);
    const temporary = onlyNtpPort ? TEMPORARY_PORT : TEMPORARY_ANY;
    const isTemporary = (slots[at + PRESENT]! & temporary) !== 0;
    slots[where] = isTemporary ? flags : slots[where]! | flags;
    slots[at + PRESENT] = (slots[at + PRESENT]! | (onlyNtpPort ? PORT : ANY)) & ~temporary;
    if (isAsked) slots[at + PRESENT]! |= onlyNtpPort ? ASKED_PORT : ASKED_ANY;
  }

  /** Adds an entry that can be removed; nothing happens where there is one already. */
  addTemporary(network: Readonly<SourceWords>, mask: Readonly<SourceWords>, flags: number, onlyNtpPort: boolean): void {
    const { slots, at } = this.#slotFor(network, mask);
    if ((slots[at + PRESENT]! & (onlyNtpPort ? PORT : ANY)) !== 0) return;
    slots[at + PRESENT]! |= onlyNtpPort ? PORT | TEMPORARY_PORT : ANY | TEMPORARY_ANY;
    slots[at + (onlyNtpPort ? PORT_FLAGS : FLAGS)] = flags;
  }

  /** Removes what {@link MaskTable.addTemporary} added, and nothing else. */
  removeTemporary(network: Readonly<SourceWords>, mask: Readonly<SourceWords>): void {
    const group = this.#groups.find((one) => sameSource(one.mask, mask));
    const at = group === undefined ? -1 : findSlot(group.slots, network.a, network.b, network.c, network.d);
    if (group === undefined || at < 0) return;
    const present = group.slots[at + PRESENT]!;
    if ((present & TEMPORARY_ANY) !== 0) group.slots[at + FLAGS] = 0;
    if ((present & TEMPORARY_PORT) !== 0) group.slots[at + PORT_FLAGS] = 0;
    // The slot stays, empty: probing goes on over it, and the next association with this address uses it again.
    group.slots[at + PRESENT] = (present & ~(present >> 2) & (ANY | PORT | ASKED_ANY | ASKED_PORT)) | USED;
  }

  /**
   * The flags of the most specific entry that matches.
   * @param isNtpPort whether the source port is 123
   * @returns 0 where nothing matches
   */
  find(source: Readonly<SourceWords>, isNtpPort: boolean): number {
    const groups = this.#groups;
    for (let index = 0; index < groups.length; index += 1) {
      const { mask, slots } = groups[index]!;
      const at = findSlot(slots, source.a & mask.a, source.b & mask.b, source.c & mask.c, source.d & mask.d);
      if (at < 0) continue;
      const present = slots[at + PRESENT]!;
      if (isNtpPort && (present & PORT) !== 0) {
        slots[at + PORT_HITS]! += 1;
        return slots[at + PORT_FLAGS]!;
      }
      if ((present & ANY) !== 0) {
        slots[at + HITS]! += 1;
        return slots[at + FLAGS]!;
      }
    }
    return 0;
  }

  /** What {@link MaskTable.find} would find, uncounted, and whether somebody asked for that entry. */
  look(source: Readonly<SourceWords>, isNtpPort: boolean): { readonly flags: number; readonly isAsked: boolean } {
    for (const { mask, slots } of this.#groups) {
      const at = findSlot(slots, source.a & mask.a, source.b & mask.b, source.c & mask.c, source.d & mask.d);
      const present = at < 0 ? 0 : slots[at + PRESENT]!;
      if (isNtpPort && (present & PORT) !== 0)
        return { flags: slots[at + PORT_FLAGS]!, isAsked: (present & ASKED_PORT) !== 0 };
      if ((present & ANY) !== 0) return { flags: slots[at + FLAGS]!, isAsked: (present & ASKED_ANY) !== 0 };
    }
    return { flags: 0, isAsked: false };
  }

  /** All entries, the most specific masks first. */
  *entries(): Generator<MaskEntry> {
    for (const { mask, slots } of this.#groups)
      for (let at = 0; at < slots.length; at += SLOT) {
        const [a, b, c, d] = slots.subarray(at, at + 4) as unknown as [number, number, number, number];
        const present = slots[at + PRESENT]!;
        const network = { a, b, c, d };
        if ((present & PORT) !== 0)
          yield {
            network,
            mask,
            onlyNtpPort: true,
            flags: slots[at + PORT_FLAGS]!,
            hits: slots[at + PORT_HITS]! >>> 0,
          };
        if ((present & ANY) !== 0)
          yield { network, mask, onlyNtpPort: false, flags: slots[at + FLAGS]!, hits: slots[at + HITS]! >>> 0 };
      }
  }

  /** The slot of a network, new if need be, and the memory it is in. */
  #slotFor(network: Readonly<SourceWords>, mask: Readonly<SourceWords>): { slots: Int32Array; at: number } {
    const group = this.#groupFor(mask);
    if (group.used * 2 >= group.slots.length / SLOT) grow(group);
    const [a, b, c, d] = [network.a & mask.a, network.b & mask.b, network.c & mask.c, network.d & mask.d];
    const at = insert(group.slots, a, b, c, d);
    if (group.slots[at + PRESENT] === 0) {
      group.used += 1;
      group.slots[at + PRESENT] = USED;
    }
    return { slots: group.slots, at };
  }

  #groupFor(mask: Readonly<SourceWords>): MaskGroup {
    const listed = this.#groups.find((group) => sameSource(group.mask, mask));
    if (listed !== undefined) return listed;
    const bits = bitsOf(mask.a) + bitsOf(mask.b) + bitsOf(mask.c) + bitsOf(mask.d);
    const group = { mask: { ...mask }, bits, slots: new Int32Array(FIRST_SLOTS * SLOT), used: 0 };
    this.#groups.push(group);
    this.#groups.sort((one, other) => other.bits - one.bits);
    return group;
  }
}

/** Where a network is, or −1. */
function findSlot(slots: Int32Array, a: number, b: number, c: number, d: number): number {
  const wrap = slots.length / SLOT - 1;
  for (let slot = hash(a, b, c, d) & wrap; ; slot = (slot + 1) & wrap) {
    const at = slot * SLOT;
    if (slots[at + PRESENT] === 0) return -1;
    if (slots[at] === a && slots[at + 1] === b && slots[at + 2] === c && slots[at + 3] === d) return at;
  }
}

/** Where a network is or is to be; the network is written there, and nothing else. */
function insert(slots: Int32Array, a: number, b: number, c: number, d: number): number {
  const found = findSlot(slots, a, b, c, d);
  if (found >= 0) return found;
  const wrap = slots.length / SLOT - 1;
  let slot = hash(a, b, c, d) & wrap;
  while (slots[slot * SLOT + PRESENT] !== 0) slot = (slot + 1) & wrap;
  slots.set([a, b, c, d], slot * SLOT);
  return slot * SLOT;
}

function grow(group: MaskGroup): void {
  const old = group.slots;
  group.slots = new Int32Array(old.length * 2);
  group.used = 0;
  for (let from = 0; from < old.length; from += SLOT) {
    if ((old[from + PRESENT]! & (ANY | PORT)) === 0) continue;
    const at = insert(group.slots, old[from]!, old[from + 1]!, old[from + 2]!, old[from + 3]!);
    group.slots.set(old.subarray(from + PRESENT, from + SLOT), at + PRESENT);
    group.used += 1;
  }
}

/** Mixes four words into one; networks are configured, not sent, so that it need not be secret. */
function hash(a: number, b: number, c: number, d: number): number {
  let mixed =
    Math.imul(a ^ Math.imul(b, 0x85eb_ca6b), 0xc2b2_ae35) ^ Math.imul(c, 0x27d4_eb2f) ^ Math.imul(d, 0x9e37_79b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b_3c6d);
  return mixed ^ (mixed >>> 13);
}

function bitsOf(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
