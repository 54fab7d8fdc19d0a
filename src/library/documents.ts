/**
 * A command run for its documents: it is given streams of the library's own, so that what it would print with `--json` comes as
 * objects, and nothing else is written anywhere.
 */
import type { Io } from "../cli/io.ts";

/** Runs a command to its end. @returns its exit code */
export type Command = (io: Io) => Promise<number>;

/** Whatever a document says of how it went. */
interface Outcomes {
  readonly error?: { readonly code: string; readonly message: string };
}

/**
 * The one document of a command that ends.
 * @throws UsageError as the command does
 */
export async function documentOf<Document>(command: Command, signal?: AbortSignal): Promise<Document> {
  const lines: string[] = [];
  await command(silentIo((line) => lines.push(line), signal));
  const [only] = lines;
  if (only === undefined) throw new Error("the command has printed no document");
  return parsed(only) as Document;
}

/**
 * The documents of a command that goes on, as they come; it is ended when nobody wants any more of them.
 * @throws UsageError at the first, as the command does
 */
export async function* documentsOf<Document>(
  command: Command,
  signal?: AbortSignal,
): AsyncGenerator<Document, void, undefined> {
  const enough = new AbortController();
  const lines: string[] = [];
  let arrived = (): void => undefined;
  const end = (): void => enough.abort();
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted === true) end();
  const ended = command(
    silentIo((line) => {
      lines.push(line);
      arrived();
    }, enough.signal),
  );
  const state = { isOver: false };
  const over = ended.then(
    () => void (state.isOver = true),
    () => void (state.isOver = true),
  );
  try {
    while (!state.isOver || lines.length > 0) {
      const line = lines.shift();
      if (line !== undefined) yield parsed(line) as Document;
      else await Promise.race([new Promise<void>((come) => (arrived = come)), over]);
    }
    await ended;
  } finally {
    signal?.removeEventListener("abort", end);
    end();
    await over;
  }
}

function parsed(line: string): unknown {
  const document = JSON.parse(line) as Outcomes;
  // No signal of the process came; the caller's did.
  return document.error?.code === "interrupted"
    ? { ...document, error: { ...document.error, message: "ended by its AbortSignal" } }
    : document;
}

/** Streams for a command that is to print documents; `take` is given each line of them. */
function silentIo(take: (line: string) => void, signal?: AbortSignal): Io {
  let rest = "";
  const write = (text: string): void => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line);
  };
  const nowhere = { isTerminal: false, columns: null };
  return {
    out: { ...nowhere, write },
    err: { ...nowhere, write: () => undefined },
    env: process.env,
    onStop(listener) {
      const stop = (): void => listener("SIGINT");
      if (signal?.aborted === true) queueMicrotask(stop);
      signal?.addEventListener("abort", stop, { once: true });
      return () => signal?.removeEventListener("abort", stop);
    },
  };
}
