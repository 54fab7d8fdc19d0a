/** What a command reads as it comes: a file, a pipe with a name, standard input. */
import { constants, createReadStream, openSync, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { tooLarge } from "../security/readfile.ts";

/** Standard input, as a file's name. */
export const STANDARD_INPUT = "-";

/**
 * Opens what is to be read; that it cannot be is the stream's error.
 *
 * A pipe whose other end nobody opens is waited for without a thread: one that waits in open(2) can be told nothing, and Node waits for
 * it at its own end.
 * @param chunk octets read at a time; of files only
 * @param from where reading begins; of files only
 */
export function openInput(path: string, chunk?: number, from = 0): Readable {
  if (path === STANDARD_INPUT) return process.stdin;
  const pipe = openPipe(path);
  if (pipe !== null) return new Socket({ fd: pipe, readable: true, writable: false });
  return createReadStream(path, { start: from, ...(chunk === undefined ? {} : { highWaterMark: chunk }) });
}

/** A descriptor of a pipe; `null`: it is none, or cannot be read, which opening it as a file will tell. */
function openPipe(path: string): number | null {
  try {
    return statSync(path).isFIFO() ? openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) : null;
  } catch {
    return null;
  }
}

/** Whether what has this name is read as it comes: standard input, or a pipe. */
export function isStream(path: string): boolean {
  return path === STANDARD_INPUT || statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
}

/**
 * The text of what is read as it comes, to its end.
 * @param most octets that it may have
 * @throws FileFault for more; else what the system says
 */
export async function readStream(input: Readable, most: number): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of input as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > most) throw tooLarge(most);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
