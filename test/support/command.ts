/** Commands run in this process, with streams and signals of the test's own. */
import type { Io, Sink, StopSignal } from "../../src/cli/io.ts";
import { run } from "../../src/cli/program.ts";

/** What came of a command. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Surroundings other than a plain pipe. */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Both streams are a terminal of this many columns. */
  readonly columns?: number;
  /** And of so many rows. */
  readonly rows?: number;
  /** A signal that comes as soon as the command listens for one. */
  readonly signal?: StopSignal;
  /** Seconds that its start has taken. */
  readonly spent?: number;
}

/** Runs a command line. */
export async function ntpkit(
  argv: readonly string[],
  { env = {}, columns, rows, signal, spent = 0 }: CommandOptions = {},
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const sink = (lines: string[]): Sink => ({
    write: (text) => void lines.push(text),
    isTerminal: columns !== undefined,
    columns: columns ?? null,
    rows: rows ?? null,
  });
  const io: Io = {
    out: sink(out),
    err: sink(err),
    env: { NTPKIT_CONFIG: "/nonexistent/ntpkit.conf", TERM: "dumb", ...env },
    spent: () => spent,
    onStop(listener) {
      if (signal !== undefined) queueMicrotask(() => listener(signal));
      return () => {};
    },
  };
  const code = await run(argv, io);
  return { code, out: out.join(""), err: err.join("") };
}
