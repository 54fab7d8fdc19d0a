/**
 * New symmetric keys, for `ntpkit keygen`: the text of a key file, and the writing of it so that nobody else reads it.
 *
 * What ntpd's and NTPsec's `ntp.keys` take, or chrony's `chrony.keys`. An MD5 secret is text of 20 characters, as
 * ntp-keygen makes them, and works in both; the others are hexadecimal, which chrony wants marked with `HEX:`.
 */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { ALGORITHMS, type Algorithm } from "./digests.ts";
import { KEY_ID_LIMIT } from "./keyids.ts";
import { systemReason } from "./place.ts";

/** What to generate. */
export interface KeyRequest {
  readonly algorithm: Algorithm;
  /** How many keys, 1 or more; the last identifier is 65535 at most. */
  readonly count: number;
  /** The first key's identifier, 1 or more. */
  readonly firstId: number;
  /** Whose key file. */
  readonly format: "ntp" | "chrony";
}

/** Characters of a text secret: 64, so that an octet chooses one evenly; no blank, no `#`, nothing a shell minds. */
const CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

/** The longest text ntpd takes as text. */
const TEXT_CHARACTERS = 20;

/** Secrets as long as NTPsec keeps at most; SHA-1's as ntp-keygen makes them. */
const SECRET_OCTETS: Readonly<Record<Algorithm, number>> = {
  MD5: TEXT_CHARACTERS,
  SHA1: 20,
  SHA256: 32,
  SHA384: 32,
  SHA512: 32,
  AES128CMAC: 16,
  AES256CMAC: 32,
};

/** How many random octets {@link generateKeys} wants for this. */
export function octetsNeeded({ algorithm, count }: Pick<KeyRequest, "algorithm" | "count">): number {
  return SECRET_OCTETS[algorithm] * count;
}

/**
 * The text of a key file with new keys. Pure: the same octets give the same text.
 * @param random {@link octetsNeeded} octets from a cryptographic source
 * @throws RangeError when there are too few of them, or the identifiers leave 1 … 65535
 */
export function generateKeys(request: KeyRequest, random: Uint8Array): string {
  const { algorithm, count, firstId, format } = request;
  if (random.length < octetsNeeded(request))
    throw new RangeError(`${count} keys need ${octetsNeeded(request)} random octets`);
  if (firstId < 1 || count < 1 || firstId + count - 1 > KEY_ID_LIMIT)
    throw new RangeError(`key identifiers are 1 to ${KEY_ID_LIMIT}`);
  const name = format === "ntp" ? ALGORITHMS[algorithm].names[0] : ALGORITHMS[algorithm].chronyName;
  const each = SECRET_OCTETS[algorithm];
  const lines = Array.from({ length: count }, (_, index) => {
    const octets = random.subarray(index * each, (index + 1) * each);
    return `${firstId + index} ${name} ${secretText(algorithm, format, octets)}`;
  });
  return [
    `# ${format === "ntp" ? "ntp.keys" : "chrony.keys"}: both ends need the same lines; nobody else may read them`,
    ...lines,
    "",
  ].join("\n");
}

function secretText(algorithm: Algorithm, format: "ntp" | "chrony", octets: Uint8Array): string {
  if (algorithm === "MD5") return Array.from(octets, (octet) => CHARACTERS[octet % CHARACTERS.length]).join("");
  const digits = Buffer.from(octets).toString("hex");
  return format === "ntp" ? digits : `HEX:${digits}`;
}

/** What became of writing a key file. */
export type KeyFileWritten =
  | { readonly kind: "written" }
  | { readonly kind: "exists" } // something is there already, and it was left alone
  | { readonly kind: "failed"; readonly why: string };

/** Only the owner may read or write. */
const SECRET_MODE = 0o600;

/**
 * Writes a key file that only its owner may read. Whole or not at all: a temporary file beside it is filled, brought
 * to the disk and renamed.
 * @param options `force`: replace what is there
 */
export function writeKeyFile(
  path: string,
  text: string,
  options: { readonly force: boolean; readonly mode?: number },
): KeyFileWritten {
  try {
    // As root a name like /dev/null would become a file.
    if (options.force && statSync(path, { throwIfNoEntry: false })?.isFile() === false)
      return { kind: "failed", why: "it is not a regular file" };
    return !options.force && present(path)
      ? { kind: "exists" }
      : placeFile(path, text, options.force, options.mode ?? SECRET_MODE);
  } catch (error) {
    return { kind: "failed", why: systemReason(error) };
  }
}

function present(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function placeFile(path: string, text: string, force: boolean, mode: number): KeyFileWritten {
  const temporary = `${path}.${process.pid}.new`;
  // Of one before us that had our number.
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, "wx", SECRET_MODE);
  try {
    fillFile(descriptor, text, mode);
    if (force) renameSync(temporary, path);
    else if (!named(temporary, path)) return { kind: "exists" };
    syncFolder(dirname(path));
    return { kind: "written" };
  } finally {
    discard(temporary);
  }
}

/** What cannot be removed is swept by the next run, and changes nothing of what was written. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // what happened before says more
  }
}

function fillFile(descriptor: number, text: string, mode: number): void {
  try {
    fchmodSync(descriptor, mode);
    writeFileSync(descriptor, text, "utf8");
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Gives a filled file the name, so that of two runs at once only one does, and nobody ever sees it empty. `false`: somebody was
 * first. Where a file cannot have two names (FAT), the name is taken first, and the file put in its place.
 */
export function named(temporary: string, path: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
  }
  if (!reserve(path)) return false;
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
  return true;
}

/** Takes the name. `false`: somebody was first. */
function reserve(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", SECRET_MODE));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * The rename too should survive a power cut. Where the folder cannot be opened or synced, the file has its name all the same, and the
 * system sees to the rest in its own time.
 */
export function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // It is written: to say otherwise would be wrong.
  }
}
