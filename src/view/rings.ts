/** Rings in words: how far a group was asked, and how many answered. */
import type { Snapshot } from "../engine/port/snapshot.ts";
import { counted, printable } from "./text.ts";

/** Rings shown for each group; the daemon asks the last one again and again. */
const SHOWN = 32;

/**
 * One line a ring.
 * @returns e.g. `239.1.1.1  ring 2 (2 hops): 3 answered`
 */
export function ringLines({ rings }: Pick<Snapshot, "rings">): readonly string[] {
  return rings
    .slice(-SHOWN)
    .map(({ group, ttl, replies }) => `${printable(group)}  ring ${ttl} (${counted(ttl, "hop")}): ${replies} answered`);
}
