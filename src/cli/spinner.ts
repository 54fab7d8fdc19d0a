/** A sign of life on a terminal while a run waits for servers. */
import type { Io } from "./io.ts";

/** Runs shorter than this show none, milliseconds: loading the library takes a good part of it. */
const PATIENCE = 300;

/** Something that can be told what is awaited, and ended. */
export interface Spinner {
  say(text: string): void;
  stop(): void;
}

const SILENT: Spinner = { say: () => {}, stop: () => {} };

/**
 * A spinner on stderr once the run has taken a while.
 * @param wanted false with `-q`, `-v`, or whenever the lines would mix
 */
export function spinner(io: Io, wanted: boolean): Spinner {
  // Without a size the library would clear endless lines.
  if (!wanted || !io.err.isTerminal || io.err.columns === null || io.env["TERM"] === "dumb") return SILENT;
  let text = "";
  let ended = false;
  let shown: { text: string; stop(): unknown } | undefined;
  const show = async (): Promise<void> => {
    const { default: ora } = await import("ora");
    if (!ended) shown = ora({ text, stream: process.stderr, discardStdin: false }).start();
  };
  const timer = setTimeout(() => void show(), PATIENCE);
  return {
    say(next) {
      text = next;
      if (shown !== undefined) shown.text = next;
    },
    stop() {
      ended = true;
      clearTimeout(timer);
      shown?.stop();
    },
  };
}
