/** Where pages and pictures are written to. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  type BigIntStats,
} from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "../config/usage.ts";
import { isPlacedByUs } from "../host/ownfile.ts";
import { systemReason } from "../security/place.ts";
import { isNoFile, replaceFile } from "../state/files.ts";
import { draftOf, quietly } from "../state/leftovers.ts";
import { CommandFailure } from "./exit.ts";
import { STANDARD_INPUT } from "./input.ts";

/** What pages and pictures begin with. */
const BEGINNING = /^(?:<!doctype html|<svg[\s>]|<\?xml)/i;
/** Octets that are enough to tell. */
const ENOUGH = 16;
/** Descriptor of standard input. */
const STDIN = 0;

/** What a link of our own, as /dev/stdout is, leads to; of what another could have placed the link itself is replaced. */
function fileOf(path: string): string {
  try {
    return lstatSync(path).isSymbolicLink() && isPlacedByUs(path) && !isNoFile(path) ? realpathSync(path) : path;
  } catch {
    return path; // not there yet, or nowhere: writing says so
  }
}

/**
 * Refuses, before anything is measured or read, to write where something would be lost.
 * @param inputs files that are read: a page in the place of one, or through a link to one, would be all that is left of it
 * @throws UsageError
 */
export function refusePlace(output: string, inputs: readonly string[] = []): void {
  const status = statusOf(output);
  if (status?.isFile() === false) return; // a device or a pipe loses nothing
  if (inputs.some((input) => resolve(input) === resolve(output) || isSame(status, statusOf(input))))
    throw new UsageError(`${output} is a file that is read, and would be overwritten`, "name another file to write");
  try {
    refuseOther(fileOf(output), output);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // What the system does not let us see it does not let us write, or writing says so.
  }
}

/** @throws UsageError where a file is there that is neither empty nor one of those that are written here */
function refuseOther(path: string, output: string): void {
  // A link that another could have placed is replaced itself: what it leads to stays.
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  const beginning = beginningOf(path);
  if (beginning !== "" && !BEGINNING.test(beginning))
    throw new UsageError(
      `${output} is there, and is neither a page nor a picture: it is not overwritten`,
      "name another file to write, or remove that one first",
    );
}

/** The first octets of a file, as text. */
function beginningOf(path: string): string {
  const octets = Buffer.alloc(ENOUGH);
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    return octets.toString("latin1", 0, readSync(descriptor, octets));
  } finally {
    closeSync(descriptor);
  }
}

/** What a name leads to; `null`: to nothing. */
function statusOf(path: string): BigIntStats | null {
  try {
    return path === STANDARD_INPUT ? fstatSync(STDIN, { bigint: true }) : statSync(path, { bigint: true });
  } catch {
    return null;
  }
}

function isSame(one: BigIntStats | null, other: BigIntStats | null): boolean {
  return one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
}

/**
 * All at once: who looks meanwhile sees the page before. What is no file, as /dev/stdout or a pipe, is written to.
 * @throws CommandFailure
 * @throws UsageError where another file than a page or a picture has this name
 */
export function writePage(output: string, page: string): void {
  const path = fileOf(output);
  const draft = draftOf(path);
  try {
    if (isNoFile(path)) return writeFileSync(path, page);
    refuseOther(path, output);
    rmSync(draft, { force: true });
    writeFileSync(draft, page, { mode: 0o644, flag: "wx", flush: true });
    replaceFile(draft, path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    quietly(() => rmSync(draft, { force: true }));
    throw new CommandFailure({ code: "io", message: `cannot write ${output}: ${systemReason(error)}`, hint: null });
  }
}
