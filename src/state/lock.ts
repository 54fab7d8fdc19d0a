/**
 * One writer at a time: a file beside the state that only one run can make.
 *
 * What is done under it takes milliseconds, so a lock that has been there for {@link STALE} seconds was left by a run that
 * died; it is taken away. The clock may be stepped meanwhile, by this very program: then a lock may be taken for stale or
 * fresh when it is not, and two writers meet; the file stays whole even so, since it is replaced in one stroke.
 */
import { type Files, hasCode } from "./files.ts";

/** After this long a lock counts as left behind, seconds. */
const STALE = 10;
/** A run waits this long for another, and looks this often, milliseconds. */
const PATIENCE = 2000;
const LOOK = 10;

/**
 * Does something while holding a lock, or without it when it cannot be had in time.
 * @param path of the lock
 * @param wait lets some milliseconds pass
 */
export function underLock<T>(
  files: Files,
  path: string,
  body: () => T,
  wait: (milliseconds: number) => void = sleep,
): T {
  const held = acquire(files, path, wait);
  try {
    return body();
  } finally {
    if (held) quietly(() => files.remove(path));
  }
}

function acquire(files: Files, path: string, wait: (milliseconds: number) => void): boolean {
  for (let waited = 0; waited <= PATIENCE; waited += LOOK) {
    try {
      files.close(files.create(path));
      return true;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    if (!removeStale(files, path, waited)) wait(LOOK);
  }
  return false;
}

/** Takes a lock away that was left behind; returns whether there was one. */
function removeStale(files: Files, path: string, attempt: number): boolean {
  const aside = `${path}.${process.pid}.${attempt}`;
  try {
    if (files.age(path) < STALE) return false;
    // Renamed, not removed: of two runs that see it stale one gets it, and the other must not take the new one instead.
    files.rename(path, aside);
    const stale = files.age(aside) >= STALE;
    if (!stale) quietly(() => files.link(aside, path));
    files.remove(aside);
    return stale;
  } catch {
    return false; // it has just gone
  }
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // gone already, or another's by now
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
