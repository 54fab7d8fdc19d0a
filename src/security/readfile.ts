/**
 * The one door by which a file that somebody names is read: keys, configuration, state, lists.
 *
 * A name may stand for what never ends (a device), what never begins (a pipe that nobody writes to) or what fills the memory. So a
 * file is opened without waiting, has to be a regular one, and has a size that what it is for never needs.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from "node:fs";

const MEBI = 1 << 20;

/** The most octets of each kind of file. */
export const LARGEST: Readonly<Record<"keys" | "configuration" | "certificates" | "leaps" | "state", number>> = {
  keys: MEBI,
  configuration: MEBI,
  certificates: 4 * MEBI,
  leaps: MEBI,
  state: 16 * MEBI,
};

/** A file that is not read, because of what it is. */
export class FileFault extends Error {
  override readonly name: string = "FileFault";
  readonly code: "ENOTREG" | "EISDIR" | "EFBIG";

  constructor(code: FileFault["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** A file's text, and what it was when it was read. */
export interface WholeFile {
  readonly text: string;
  readonly status: Stats;
}

/**
 * Reads a file.
 * @param most octets that it may have
 * @throws FileFault for what is no regular file, or too large; else what the system says. `/dev/null` is an empty file.
 */
export function readWhole(path: string, most: number, encoding: "utf8" | "latin1" = "utf8"): WholeFile {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile() && !isNothing(status)) throw unfit(status);
    return { text: octetsOf(descriptor, status.size, most).toString(encoding), status };
  } finally {
    closeSync(descriptor);
  }
}

/** The text of a file. */
export function readText(path: string, most: number): string {
  return readWhole(path, most).text;
}

/** One octet more than expected, since a file may grow meanwhile, and those of /proc do not tell their size. */
function octetsOf(descriptor: number, expected: number, most: number): Buffer {
  if (expected > most) throw tooLarge(most);
  const pieces: Buffer[] = [];
  let length = 0;
  for (let room = expected + 1; ; room = 65_536) {
    const piece = Buffer.allocUnsafe(room);
    const read = readSync(descriptor, piece);
    if (read === 0) return Buffer.concat(pieces, length);
    pieces.push(piece.subarray(0, read));
    length += read;
    if (length > most) throw tooLarge(most);
  }
}

/** What is larger than it may be. */
export function tooLarge(most: number): FileFault {
  return new FileFault("EFBIG", `it is larger than ${most / MEBI} MiB`);
}

function unfit(status: Stats): FileFault {
  if (status.isDirectory()) return new FileFault("EISDIR", "it is a directory, not a file");
  const what = status.isFIFO() ? "a pipe" : status.isSocket() ? "a socket" : "a device";
  return new FileFault("ENOTREG", `it is ${what}, not a regular file`);
}

function isNothing(status: Stats): boolean {
  if (process.platform === "win32" || !status.isCharacterDevice()) return false;
  return status.rdev === statSync("/dev/null").rdev;
}
