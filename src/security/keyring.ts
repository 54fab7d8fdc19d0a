/**
 * The keyring: the symmetric keys a run holds, each ready to make and to check digests.
 *
 * Loaded by `import()` where keys were asked for, so that a run without them pays neither for cryptography nor for
 * reading files. The engine never sees it: it sees the securities that `symmetric.ts` makes of it.
 */
import { admission } from "./addresses.ts";
import { ALGORITHMS, prepareDigest, sameDigest, type Algorithm, type Digest } from "./digests.ts";
import { parseKeys, type Key, type KeyFormat } from "./keyfile.ts";
import { trusts, type TrustedKeys } from "./keyids.ts";
import { systemReason, type PlacedMessage } from "./place.ts";
import { LARGEST, readWhole } from "./readfile.ts";

/** A key in the keyring. The secret stays inside. */
export interface HeldKey {
  readonly id: number;
  readonly algorithm: Algorithm;
  readonly trusted: boolean;
  /** Makes the digest of header and extension fields: 16 or 20 octets. */
  digest(covered: Uint8Array): Uint8Array;
  /** Checks a digest, in a time that does not tell where it differs. */
  verify(covered: Uint8Array, digest: Uint8Array): boolean;
  /**
   * Whether the key's address list, if it has one, names this address.
   * @param ip an IP literal
   */
  admits(ip: string): boolean;
}

/** Keys by identifier. */
export interface Keyring {
  /** In the order of the file. */
  readonly keys: readonly HeldKey[];
  find(keyId: number): HeldKey | null;
}

/** A keyring, and what there is to say about where it came from. */
export interface LoadedKeys {
  readonly keyring: Keyring;
  /** What is wrong; the lines named are not in the keyring. Whoever loads decides whether to go on. */
  readonly faults: readonly PlacedMessage[];
  readonly warnings: readonly PlacedMessage[];
}

/**
 * The fault that ends a run which needs these keys, for the file cannot be read, no key is left, or one that is needed may be in a
 * faulty line; `null`: the others do, and what is wrong with the rest is worth a warning.
 */
export function fatalFault({ keyring, faults }: LoadedKeys, needed: Iterable<number>): PlacedMessage | null {
  const isShort = keyring.keys.length === 0 || [...needed].some((id) => keyring.find(id) === null);
  return faults.find(({ line }) => line === 0) ?? (isShort ? (faults[0] ?? null) : null);
}

/** The faults of lines that others can do without, as warnings. */
export function withoutLines(faults: readonly PlacedMessage[]): readonly PlacedMessage[] {
  return faults.map((fault) => ({ ...fault, message: `${fault.message}; this line is left out` }));
}

/**
 * Reads a key file into a keyring. Prints nothing and does not throw: an unreadable file is a fault of line 0.
 * @param path of a regular file
 * @param options by whose rule it is read (`auto` unless given) and which keys are trusted (all unless given)
 * @returns among the warnings: that others on this machine may read or change the file
 */
export async function loadKeys(
  path: string,
  options: { readonly format?: KeyFormat; readonly trusted?: TrustedKeys } = {},
): Promise<LoadedKeys> {
  const read = readKeyFile(path);
  if ("fault" in read) return { keyring: keyringOf([]), faults: [read.fault], warnings: [] };
  const parsed = parseKeys(read.text, { format: options.format ?? "auto", file: path });
  const opened = await openKeyring(parsed.keys, options.trusted ?? "all");
  return {
    keyring: opened.keyring,
    faults: [...parsed.faults, ...opened.faults],
    warnings: [...read.warnings, ...parsed.warnings],
  };
}

/**
 * Makes keys ready for use.
 * @returns the keyring; a fault for each key whose algorithm this machine's cryptography refuses
 */
export async function openKeyring(
  keys: readonly Key[],
  trusted: TrustedKeys,
): Promise<{ readonly keyring: Keyring; readonly faults: readonly PlacedMessage[] }> {
  const held: HeldKey[] = [];
  const faults: PlacedMessage[] = [];
  for (const key of keys) {
    const digest = await prepareDigest(key.algorithm, key.secret);
    if (digest !== null) held.push(heldKey(key, digest, trusts(trusted, key.id)));
    else
      faults.push({
        ...key.place,
        message: `this machine's cryptography does not allow ${key.algorithm} (FIPS mode); use AES128CMAC or SHA256 for key ${key.id}`,
      });
  }
  return { keyring: keyringOf(held), faults };
}

function keyringOf(keys: readonly HeldKey[]): Keyring {
  const byId = new Map(keys.map((key) => [key.id, key]));
  return { keys, find: (keyId) => byId.get(keyId) ?? null };
}

function heldKey({ id, algorithm, addresses }: Key, digest: Digest, trusted: boolean): HeldKey {
  const { octets } = ALGORITHMS[algorithm];
  return {
    id,
    algorithm,
    trusted,
    digest,
    verify: (covered, received) => received.length === octets && sameDigest(digest(covered), received),
    admits: admission(addresses),
  };
}

type ReadFile =
  | { readonly text: string; readonly warnings: readonly PlacedMessage[] }
  | { readonly fault: PlacedMessage };

/** Mode bits by which everyone on a machine may read or write a file. */
const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;

/** The mode is that of the very file that was read. */
function readKeyFile(path: string): ReadFile {
  const place = { file: path, line: 0, column: 0 };
  try {
    const { text, status } = readWhole(path, LARGEST.keys, "latin1");
    const message = status.isFile() && process.platform !== "win32" ? modeWarning(status.mode) : null;
    return { text, warnings: message === null ? [] : [{ ...place, message }] };
  } catch (error) {
    return { fault: { ...place, message: `the key file cannot be read: ${systemReason(error)}` } };
  }
}

function modeWarning(mode: number): string | null {
  if ((mode & OTHERS_WRITE) !== 0) return "everyone on this machine may change the keys in this file: chmod 600 it";
  if ((mode & OTHERS_READ) !== 0) return "everyone on this machine may read the keys in this file: chmod 600 it";
  return null;
}
