/**
 * The master keys of a server's cookies: which seals, which still open, and when the next is due (RFC 8915 §6).
 *
 * A new one is drawn each day, and ten former ones still open cookies: a client that asks every day and a half and holds eight cookies
 * finds the oldest of them good. Whoever steals the keys reads what was sealed in these eleven days, and nothing before.
 */
import type { MasterKey } from "./cookie.ts";
import type { RandomOctets } from "./packet.ts";

/** A master key, and since when it seals. */
export interface DatedKey extends MasterKey {
  /** Seconds since 1970. */
  readonly madeAt: number;
}

/** Master keys, the youngest first; it seals, all open. At least one. */
export type MasterKeys = readonly [DatedKey, ...DatedKey[]];

/** How long a master key seals, seconds. */
export const ROTATION = 86_400;

/** How many that seal no more still open. */
export const FORMER_KEYS = 10;

/** Octets of a master key. */
export const MASTER_KEY_OCTETS = 32;

/** Master keys that nobody has any cookie of. */
export function firstKeys(now: number, random: RandomOctets): MasterKeys {
  return [newKey(now, random, [])];
}

/** The master keys after one more was drawn. */
export function rotated(keys: MasterKeys, now: number, random: RandomOctets): MasterKeys {
  return [newKey(now, random, keys), ...keys.slice(0, FORMER_KEYS)];
}

/**
 * Whether a new key is due.
 * @param now seconds since 1970; where the clock was set back by more than a day, it is due, too
 */
export function isDue([{ madeAt }]: MasterKeys, now: number): boolean {
  return Math.abs(now - madeAt) >= ROTATION;
}

/** How a file of master keys begins. */
const HEADING = "# ntpkit: master keys of NTS cookies: number, made at (seconds since 1970), key. Keep them secret.";

const LINE = /^([0-9]{1,10}) ([0-9]{1,12}) ([0-9a-f]{64})$/;

/** Master keys as a file has them, one a line. */
export function keysText(keys: MasterKeys): string {
  const lines = keys.map(({ id, madeAt, key }) => `${id} ${madeAt} ${hex(key)}`);
  return `${[HEADING, ...lines].join("\n")}\n`;
}

/**
 * Reads such a file.
 * @returns `null` where any line is not one of ours: then no key of it is used
 */
export function readKeysText(text: string): MasterKeys | null {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const keys = lines.map(readLine);
  const [first, ...others] = keys;
  if (first === undefined || first === null || !others.every((key) => key !== null)) return null;
  if (new Set(keys.map((key) => key!.id)).size < keys.length) return null;
  return [first, ...others.slice(0, FORMER_KEYS)];
}

function readLine(line: string): DatedKey | null {
  const [, id, madeAt, key] = LINE.exec(line) ?? [];
  if (id === undefined || madeAt === undefined || key === undefined || Number(id) > 0xffff_ffff) return null;
  return {
    id: Number(id),
    madeAt: Number(madeAt),
    key: Uint8Array.from(key.match(/../g)!, (octet) => parseInt(octet, 16)),
  };
}

/** Numbers are drawn: two servers behind one address must not take each other's cookies for their own. */
function newKey(now: number, random: RandomOctets, others: readonly MasterKey[]): DatedKey {
  for (;;) {
    const octets = random(4);
    const id = new DataView(octets.buffer, octets.byteOffset).getUint32(0);
    if (others.every((other) => other.id !== id))
      return { id, madeAt: Math.floor(now), key: Uint8Array.from(random(MASTER_KEY_OCTETS)) };
  }
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
