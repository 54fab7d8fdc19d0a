/** Writes an Autokey host's new files: each whole and for its owner only, and the links to them when all are there. */
import { renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { writeKeyFile, type KeyFileWritten } from "../keygen.ts";
import { systemReason } from "../place.ts";
import type { KeyText } from "./make.ts";

/** Why a file could not be written. */
export interface WriteFault {
  readonly path: string;
  readonly why: string;
}

/**
 * Writes the files, and then the links, the certificate's last. What cannot be written leaves none of the new files and every link as it was.
 * @returns `null`: all is there
 */
export function writeKeyTexts(folder: string, texts: readonly KeyText[]): WriteFault | null {
  const written: string[] = [];
  for (const { name, text } of texts) {
    const path = join(folder, name);
    const done: KeyFileWritten = writeKeyFile(path, text, { force: true });
    if (done.kind === "written") {
      written.push(path);
      continue;
    }
    for (const other of written) rmSync(other, { force: true });
    return { path, why: done.kind === "failed" ? done.why : "it is there already" };
  }
  for (const { name, link } of texts) {
    const why = link === null ? null : linkFault(join(folder, link), name);
    if (why !== null) return { path: join(folder, link!), why };
  }
  return null;
}

/** Puts a link in the place of an older one, at once. */
function linkFault(path: string, name: string): string | null {
  const draft = `${path}.${process.pid}.new`;
  try {
    rmSync(draft, { force: true });
    symlinkSync(name, draft);
    renameSync(draft, path);
    return null;
  } catch (error) {
    rmSync(draft, { force: true });
    return systemReason(error);
  }
}
