/**
 * New symmetric keys, for `ntpkit keygen`: the text of a key file, and the writing of it so that nobody else reads it.
 *
 * What ntpd's and NTPsec's `ntp.keys` take, or chrony's `chrony.keys`. An MD5 secret is text of 20 characters, as
 * ntp-keygen makes them, and works in both; the others are hexadecimal, which chrony wants marked with `HEX:`.
 */
import { randomUUID } from "node:crypto";
import { closeSync, fchmodSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
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
export function writeKeyFile(path: string, text: string, options: { readonly force: boolean }): KeyFileWritten {
  try {
    return !options.force && present(path) ? { kind: "exists" } : placeFile(path, text, options.force);
  } catch (error) {
    return { kind: "failed", why: systemReason(error) };
  }
}

function present(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function placeFile(path: string, text: string, force: boolean): KeyFileWritten {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  const descriptor = openSync(temporary, "wx", SECRET_MODE);
  try {
    fillFile(descriptor, text);
    if (!force && !reserve(path)) return { kind: "exists" };
    renameOnto(path, temporary, force);
    syncFolder(dirname(path));
    return { kind: "written" };
  } finally {
    rmSync(temporary, { force: true });
  }
}

function fillFile(descriptor: number, text: string): void {
  try {
    fchmodSync(descriptor, SECRET_MODE);
    writeFileSync(descriptor, text, "latin1");
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Takes the name, so that of two runs at once only one writes there. `false`: somebody was first. */
function reserve(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", SECRET_MODE));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function renameOnto(path: string, temporary: string, replaced: boolean): void {
  try {
    renameSync(temporary, path);
  } catch (error) {
    if (!replaced) rmSync(path, { force: true });
    throw error;
  }
}

/** The rename too must survive a power cut; where folders cannot be opened (Windows) the system sees to it. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
