/**
 * The file of a server's master keys: whoever reads it can read every cookie, so nobody but the owner may (0600); and at every moment it
 * is the old one or the new one, or clients would find that none of their cookies opens.
 */
import { dirname } from "node:path";
import { keysText, readKeysText, type MasterKeys } from "../security/nts/masters.ts";
import { hasCode, realFiles, reasonOf, type Files } from "./files.ts";
import { draftOf, quietly, sweepLeftovers } from "./leftovers.ts";

/** What the file has. */
export interface StoredKeys {
  /** `null`: there are none yet, or nothing that could be read. */
  readonly keys: MasterKeys | null;
  /** What is wrong with it; `null`: nothing, also when it is missing. */
  readonly fault: string | null;
}

/** Reads the keys. A file that somebody else could have written is not believed. */
export function readMasterKeys(path: string, files: Files = realFiles): StoredKeys {
  try {
    const text = files.read(path);
    if (files.isForeign(path)) return { keys: null, fault: "it belongs to another user" };
    const keys = readKeysText(text);
    return { keys, fault: keys === null ? "it is no file of master keys" : null };
  } catch (error) {
    return { keys: null, fault: hasCode(error, "ENOENT") ? null : reasonOf(error) };
  }
}

/**
 * Replaces the file at once.
 * @returns what went wrong; `null`: nothing
 */
export function writeMasterKeys(path: string, keys: MasterKeys, files: Files = realFiles): string | null {
  const beside = draftOf(path);
  try {
    files.makeFolder(dirname(path));
    sweepLeftovers(files, path);
    quietly(() => files.remove(beside));
    const descriptor = files.create(beside, true);
    try {
      files.write(descriptor, keysText(keys));
      files.sync(descriptor);
    } finally {
      files.close(descriptor);
    }
    files.rename(beside, path);
    files.syncFolder(dirname(path));
    return null;
  } catch (error) {
    quietly(() => files.remove(beside));
    return reasonOf(error);
  }
}
