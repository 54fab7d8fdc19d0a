/** Where pages, pictures and traces are written to. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
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
import { STANDARD_OUTPUT, type Sink } from "./io.ts";
import { STANDARD_INPUT } from "./input.ts";

/** What is written to files that users name: only such a file is overwritten. */
export interface Kind {
  /** What it begins with. */
  readonly beginning: RegExp;
  /** What a file is that does not. */
  readonly other: string;
}

/** Pages and pictures. */
const PAGES: Kind = { beginning: /^(?:<!doctype html|<svg[\s>]|<\?xml)/i, other: "neither a page nor a picture" };
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
export function refusePlace(output: string, inputs: readonly string[] = [], kind: Kind = PAGES): void {
  if (output === STANDARD_OUTPUT) return;
  const status = statusOf(output);
  if (status?.isFile() === false) return; // a device or a pipe loses nothing
  if (inputs.some((input) => resolve(input) === resolve(output) || isSame(status, statusOf(input))))
    throw new UsageError(`${output} is a file that is read, and would be overwritten`, "name another file to write");
  try {
    refuseOther(fileOf(output), output, kind);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // What the system does not let us see it does not let us write, or writing says so.
  }
}

/** @throws UsageError where a file is there that is neither empty nor one of those that are written here */
function refuseOther(path: string, output: string, kind: Kind): void {
  // A link that another could have placed is replaced itself: what it leads to stays.
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  const beginning = beginningOf(path);
  if (beginning !== "" && !kind.beginning.test(beginning))
    throw new UsageError(
      `${output} is there, and is ${kind.other}: it is not overwritten`,
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

/** Writes piece by piece what appears under its name all at once. */
export interface Written {
  write(text: string): void;
  /** It is whole. */
  end(): void;
  /** It never will be: what was there stays. */
  abandon(): void;
}

/**
 * Begins to write a file: who looks meanwhile sees the one before. What is no file, as /dev/stdout or a pipe, is written to.
 * @throws CommandFailure, as all that it gives back does
 * @throws UsageError where another file than one of this kind has this name
 */
export function openWritten(output: string, kind: Kind = PAGES): Written {
  const path = fileOf(output);
  const draft = draftOf(path);
  const isDirect = isNoFile(path);
  const told = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      if (error instanceof UsageError) throw error;
      if (!isDirect) quietly(() => rmSync(draft, { force: true }));
      throw new CommandFailure({ code: "io", message: `cannot write ${output}: ${systemReason(error)}`, hint: null });
    }
  };
  const descriptor = told(() => {
    if (isDirect) return openSync(path, "w");
    refuseOther(path, output, kind);
    rmSync(draft, { force: true });
    return openSync(draft, "wx", 0o644);
  });
  return {
    write: (text) => told(() => writeFileSync(descriptor, text)),
    end: () =>
      told(() => {
        if (!isDirect) fsyncSync(descriptor);
        closeSync(descriptor);
        if (isDirect) return;
        refuseOther(path, output, kind);
        replaceFile(draft, path);
      }),
    abandon() {
      quietly(() => closeSync(descriptor));
      if (!isDirect) quietly(() => rmSync(draft, { force: true }));
    },
  };
}

/**
 * Writes a page or a picture.
 * @param output `-`: standard output
 * @throws CommandFailure
 * @throws UsageError where another file has this name
 */
export function writePage(output: string, page: string, out: Pick<Sink, "write">): void {
  if (output === STANDARD_OUTPUT) return out.write(page);
  const file = openWritten(output);
  file.write(page);
  file.end();
}

/**
 * Refuses to write two things to standard output.
 * @throws UsageError
 */
export function refuseBoth(output: string | undefined, flag: string, json: boolean | undefined): void {
  if (output === STANDARD_OUTPUT && json === true)
    throw new UsageError(`--json and ${flag} - are both for standard output`, `name a file with ${flag}`);
}

/**
 * Refuses, before anybody is asked, a picture where it would be lost or would make others so.
 * @throws UsageError
 */
export function refusePicture(output: string, json: boolean | undefined): void {
  refuseBoth(output, "--svg", json);
  refusePlace(output);
}
