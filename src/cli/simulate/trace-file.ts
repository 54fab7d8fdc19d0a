/**
 * A run's trace as a file: a head that says what was run, and a line for everything that happened. The same is run again by it
 * (`--replay`), and held to it line by line.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { UsageError } from "../../config/usage.ts";
import { systemReason } from "../../security/place.ts";
import { entryLine, type Witness } from "../../sim/trace.ts";
import type { Seconds } from "../../time/seconds.ts";
import { openWritten, type Kind } from "../page-file.ts";
import { STANDARD_OUTPUT, type Io, type Sink } from "../io.ts";

/** What was run. */
export interface TraceHead {
  /** The version that ran it. */
  readonly ntpkit: string;
  /** The world's file, or the configuration and its network; `null`: not given, or no file. */
  readonly world: string | null;
  readonly config: string | null;
  readonly network: string | null;
  readonly seed: string;
  readonly duration: Seconds;
}

/** What a trace begins with; the number is that of its form. */
const TITLE = "# ntpkit trace 1";

/** Only a trace is overwritten by one. */
export const TRACES: Kind = { beginning: /^# ntpkit trace/, other: "no trace" };

/** Written and read so many octets at a time. */
const CHUNK = 65_536;

/** Tells of everything that happens. */
export interface Telling {
  readonly witness: Witness;
  end(): void;
  abandon(): void;
}

/**
 * Begins a trace.
 * @param where a file, `-`: standard output; `true`: standard error, without a head
 */
export function openTrace(where: string | true, head: TraceHead, io: Io): Telling {
  if (where === true) return told(io.err);
  const beginning = `${TITLE}\n# ${JSON.stringify(head)}\n`;
  if (where !== STANDARD_OUTPUT) {
    const file = openWritten(where, TRACES);
    file.write(beginning);
    return { ...told(file, () => file.end()), abandon: () => file.abandon() };
  }
  io.out.write(beginning);
  return told(io.out);
}

function told(sink: Pick<Sink, "write">, ended: () => void = () => undefined): Telling {
  let waiting = "";
  const flush = (): void => {
    if (waiting !== "") sink.write(waiting);
    waiting = "";
  };
  return {
    witness(entry) {
      waiting += `${entryLine(entry)}\n`;
      if (waiting.length >= CHUNK) flush();
    },
    end() {
      flush();
      ended();
    },
    abandon: flush,
  };
}

/** A trace that a run is held to. */
export class Replay {
  readonly head: TraceHead;
  readonly #file: string;
  readonly #lines: Iterator<string, void>;
  /** The line that was read last. */
  #number = 0;

  /** @throws UsageError for what cannot be read, or is no trace */
  constructor(file: string) {
    this.#file = file;
    this.#lines = linesOf(file);
    if (this.#next() !== TITLE)
      throw new UsageError(`${file} is no trace`, "as ntpkit simulate --trace FILE writes one");
    this.head = this.#readHead();
  }

  /** How much of it happened. */
  get length(): number {
    return this.#number - 2;
  }

  /** Holds what happens to it. */
  readonly witness: Witness = (entry) => {
    const line = entryLine(entry);
    const there = this.#next();
    if (there !== line) throw this.#difference(line, there);
  };

  /** The run is over, and so must the trace be. */
  end(): void {
    const there = this.#next();
    if (there !== null) throw this.#difference(null, there);
    this.#number -= 1;
  }

  /** Whatever comes, nothing more is read. */
  close(): void {
    this.#lines.return?.();
  }

  #next(): string | null {
    this.#number += 1;
    const { value, done } = this.#lines.next();
    return done === true ? null : value;
  }

  #difference(run: string | null, trace: string | null): UsageError {
    const { ntpkit, world, config } = this.head;
    const column = 1 + alike(run ?? "", trace ?? "");
    const quoted = (line: string | null): string => (line === null ? "at its end" : `"${around(line, column)}"`);
    return new UsageError(
      `the run differs from here on: it is ${quoted(run)}, the trace ${quoted(trace)}`,
      `the trace is of ${world ?? config ?? "a world"} by ntpkit ${ntpkit}; another world or version makes another run`,
      { file: this.#file, line: this.#number, column },
    );
  }

  #readHead(): TraceHead {
    const line = this.#next();
    try {
      const head = JSON.parse((line ?? "").slice(1)) as Record<string, unknown>;
      const { ntpkit, seed, duration } = head;
      if (typeof ntpkit === "string" && typeof seed === "string" && typeof duration === "number" && duration > 0)
        return {
          ntpkit,
          seed,
          duration,
          world: name(head["world"]),
          config: name(head["config"]),
          network: name(head["network"]),
        };
    } catch {
      // It is told alike.
    }
    throw new UsageError("this does not say what was run", "as ntpkit simulate --trace FILE writes one", {
      file: this.#file,
      line: 2,
      column: 1,
    });
  }
}

function name(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** How many characters two lines begin with alike. */
function alike(one: string, other: string): number {
  let count = 0;
  while (count < one.length && one[count] === other[count]) count += 1;
  return count;
}

/** So much of a line is quoted on either side of where it differs. */
const AROUND = 40;

function around(line: string, column: number): string {
  const from = Math.max(0, column - 1 - AROUND);
  const to = column - 1 + AROUND;
  return `${from > 0 ? "…" : ""}${line.slice(from, to).trim()}${to < line.length ? "…" : ""}`;
}

/** The lines of a file, read as they are wanted. A last one that has no end is a line. */
function* linesOf(file: string): Generator<string, void> {
  const descriptor = opened(file);
  try {
    const octets = Buffer.alloc(CHUNK);
    const decoder = new TextDecoder();
    let rest = "";
    for (let count = read(descriptor, octets, file); count > 0; count = read(descriptor, octets, file)) {
      const lines = (rest + decoder.decode(octets.subarray(0, count), { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
    if (rest !== "") yield rest;
  } finally {
    closeSync(descriptor);
  }
}

function opened(file: string): number {
  try {
    if (statSync(file).isFile()) return openSync(file, "r");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${systemReason(error)}`);
  }
  throw new UsageError(`cannot read ${file}: it is no file`);
}

function read(descriptor: number, octets: Uint8Array, file: string): number {
  try {
    return readSync(descriptor, octets);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${systemReason(error)}`);
  }
}
