/** What a command reads and writes: streams, environment, signals. Given in, so that commands run in tests as they are. */

import type { Seconds } from "../time/seconds.ts";
import { printable } from "../view/text.ts";

/** Standard output, as a file's name. */
export const STANDARD_OUTPUT = "-";

/** Somewhere to write. */
export interface Sink {
  write(text: string): void;
  /** A person reads along. */
  readonly isTerminal: boolean;
  /** Columns of the terminal; `null` where it is none, or does not know its size. */
  readonly columns: number | null;
  /** Its rows, as `columns`; absent: not known. */
  readonly rows?: number | null;
}

/** A signal that asks the process to end. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** A command's surroundings. */
export interface Io {
  /** Results. */
  readonly out: Sink;
  /** Progress, warnings and errors. */
  readonly err: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Takes over what happens on the first SIGINT or SIGTERM; without anybody listening, and on the second, the process
   * ends at once.
   * @returns how to stop listening
   */
  onStop(listener: (signal: StopSignal) => void): () => void;
  /**
   * Seconds of its deadline that the command has used before it began to ask, as by reading the names of thousands of servers.
   * Absent: none.
   */
  readonly spent?: () => Seconds;
}

/**
 * Writes a line of words. It may quote what was read from a file, a packet or a name server, none of which is to steer the
 * terminal.
 */
export function sayLine(sink: Pick<Sink, "write">, words: string): void {
  sink.write(`${printable(words)}\n`);
}

/** The width where nothing says otherwise. */
export const DEFAULT_WIDTH = 80;

/** Signals of the process. */
export function onStop(listener: (signal: StopSignal) => void): () => void {
  let heard = false;
  const handle = (signal: StopSignal): void => {
    if (heard) return;
    heard = true;
    // Not before all have heard of it: whoever restores a cursor and finds itself the last that listens ends the process.
    queueMicrotask(release);
    listener(signal);
  };
  const release = (): void => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return release;
}
