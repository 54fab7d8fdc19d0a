/**
 * One writer at a time: a file beside the state that only one run can make. It says whose it is: a process, its host, and the
 * namespace that its number is of.
 *
 * What is done under it takes milliseconds, so a lock was left by a run that died if that process has ended, if it is
 * {@link STALE} seconds old (or so far in the future), or if nobody who is known to live gives it up while it is waited for; it is
 * taken away. The clock may be stepped meanwhile, by this very program: then a lock may be taken for stale when it is not, and two
 * writers meet; the file stays whole even so, since it is replaced in one stroke.
 */
import { type Files, hasCode } from "./files.ts";
import { quietly } from "./leftovers.ts";

/** After this long a lock counts as left behind, seconds. */
const STALE = 10;
/** A run waits this long for another, and looks this often, milliseconds. */
const PATIENCE = 2000;
const LOOK = 10;

/**
 * Does something while holding a lock, or without it when somebody who lives does not give it up, and is told which.
 * @param path of the lock
 * @param wait lets some milliseconds pass
 */
export function underLock<T>(
  files: Files,
  path: string,
  body: (isHeld: boolean) => T,
  wait: (milliseconds: number) => void = sleep,
): T {
  const held = acquire(files, path, wait);
  try {
    return body(held);
  } finally {
    if (held) quietly(() => files.remove(path));
  }
}

function acquire(files: Files, path: string, wait: (milliseconds: number) => void): boolean {
  let before = holderOf(files, path);
  let waited = 0;
  for (let attempt = 0; waited <= PATIENCE; attempt += 1) {
    if (make(files, path)) return true;
    const holder = holderOf(files, path);
    // Another has it now: the waiting begins anew, but not for ever.
    if (holder !== before && attempt < PATIENCE / LOOK) waited = 0;
    before = holder;
    if (isLeft(files, path, holder) && takeAway(files, path, holder, attempt)) continue;
    wait(LOOK);
    waited += LOOK;
  }
  return stateOf(files, before) !== "alive" && takeAway(files, path, before, waited) && make(files, path);
}

function make(files: Files, path: string): boolean {
  try {
    const descriptor = files.create(path);
    quietly(() => files.write(descriptor, `${process.pid} ${files.here}\n`));
    files.close(descriptor);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** Whose a lock is, in its own words; empty: it does not say, or there is none. */
function holderOf(files: Files, path: string): string {
  try {
    return files.read(path);
  } catch {
    return "";
  }
}

/** What is known of a holder: of processes elsewhere nothing is. Under our own number it is of one before us. */
function stateOf(files: Files, holder: string): "alive" | "dead" | "unknown" {
  const [, pid = "", here] = /^(\d+) (.*)\n$/.exec(holder) ?? [];
  if (pid === "" || here !== files.here) return "unknown";
  return Number(pid) === process.pid || files.isEnded(Number(pid)) ? "dead" : "alive";
}

function isLeft(files: Files, path: string, holder: string): boolean {
  try {
    return stateOf(files, holder) === "dead" || Math.abs(files.age(path)) >= STALE;
  } catch {
    return false; // it has just gone
  }
}

/** Takes away a lock that was left behind; returns whether this run did. */
function takeAway(files: Files, path: string, holder: string, attempt: number): boolean {
  const aside = `${path}.${process.pid}.${attempt}`;
  try {
    // Renamed, not removed: of two runs that see it left one gets it, and the other must not take the new one instead.
    files.rename(path, aside);
    const isIt = holderOf(files, aside) === holder;
    if (!isIt) quietly(() => files.link(aside, path));
    files.remove(aside);
    return isIt;
  } catch {
    return false; // it has just gone
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
