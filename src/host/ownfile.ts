/**
 * Opening a file to write it, by a name that a configuration gives, while we may be root.
 *
 * Whoever may write in the file's folder could have put a link there, to a file that only root may write. So the last step of the
 * name follows no link (O_NOFOLLOW), unless nobody but root and ourselves could have placed it; and a second name of a file that
 * was made elsewhere is taken for such a link. A pipe without a reader is not waited for.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  statSync,
  writeSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";

/** For everybody but the owner. */
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** A name that is not to be written by. */
export class PlacedByAnother extends Error {
  override readonly name: string = "PlacedByAnother";
  readonly code = "ELOOP";
}

/**
 * Opens a file, and makes one where there is none.
 * @param flags besides O_CREAT, of `fs.constants`
 * @returns its descriptor
 * @throws PlacedByAnother where a foreign user could have placed what has this name; else what the system says
 */
export function openOwn(path: string, flags: number, mode = 0o644): number {
  const safely = flags | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  let descriptor: number;
  try {
    descriptor = openSync(path, safely, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ELOOP" || !lstatSync(path).isSymbolicLink()) throw error;
    if (!isPlacedByUs(path)) throw new PlacedByAnother("it is a link that another user could have placed");
    return openSync(path, safely & ~(constants.O_NOFOLLOW ?? 0), mode);
  }
  const status = fstatSync(descriptor);
  if (status.isFile() && status.nlink > 1 && isForeignFolder(statSync(dirname(path)))) {
    closeSync(descriptor);
    throw new PlacedByAnother("it has a second name, which another user could have made");
  }
  return descriptor;
}

/** Adds to a file, by {@link openOwn}: all of it or nothing, for a disk that is full in the middle would leave half a line. */
export function appendOwn(path: string, text: string): void {
  const descriptor = openOwn(path, constants.O_WRONLY | constants.O_APPEND);
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(descriptor, bytes, done);
  } catch (error) {
    if (done > 0) takeBack(descriptor, done);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** What has gone down a pipe cannot be taken back. */
function takeBack(descriptor: number, written: number): void {
  try {
    const { size } = fstatSync(descriptor);
    ftruncateSync(descriptor, size - written);
  } catch {
    // the first error says more
  }
}

/** What went wrong: the system's code, or our own words. */
export function ownFault(error: unknown): string {
  if (error instanceof PlacedByAnother) return error.message;
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** Whether nobody but root and ourselves could have placed a link. */
export function isPlacedByUs(path: string): boolean {
  const folder = statSync(dirname(path));
  if (!isForeignFolder(folder)) return true;
  // Where everybody may write and only remove what is his own, as in /tmp.
  return isTrusted(folder.uid) && (folder.mode & STICKY) !== 0 && isTrusted(lstatSync(path).uid);
}

/** Whether somebody else may make and remove names in a folder. */
function isForeignFolder({ uid, mode }: Stats): boolean {
  return !isTrusted(uid) || (mode & WRITABLE_BY_OTHERS) !== 0;
}

/** Root and we may write what we may write anyhow. */
function isTrusted(uid: number): boolean {
  return uid === 0 || uid === (process.geteuid?.() ?? uid);
}
