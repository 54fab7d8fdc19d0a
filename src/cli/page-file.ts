/** Where pages and pictures are written to. */
import { lstatSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { isPlacedByUs } from "../host/ownfile.ts";
import { systemReason } from "../security/place.ts";
import { isNoFile, replaceFile } from "../state/files.ts";
import { draftOf, quietly } from "../state/leftovers.ts";
import { CommandFailure } from "./exit.ts";

/** What a link of our own, as /dev/stdout is, leads to; of what another could have placed the link itself is replaced. */
function fileOf(path: string): string {
  try {
    return lstatSync(path).isSymbolicLink() && isPlacedByUs(path) && !isNoFile(path) ? realpathSync(path) : path;
  } catch {
    return path; // not there yet, or nowhere: writing says so
  }
}

/**
 * All at once: who looks meanwhile sees the page before. What is no file, as /dev/stdout or a pipe, is written to.
 * @throws CommandFailure
 */
export function writePage(output: string, page: string): void {
  const path = fileOf(output);
  const draft = draftOf(path);
  try {
    if (isNoFile(path)) return writeFileSync(path, page);
    rmSync(draft, { force: true });
    writeFileSync(draft, page, { mode: 0o644, flag: "wx", flush: true });
    replaceFile(draft, path);
  } catch (error) {
    quietly(() => rmSync(draft, { force: true }));
    throw new CommandFailure({ code: "io", message: `cannot write ${output}: ${systemReason(error)}`, hint: null });
  }
}
