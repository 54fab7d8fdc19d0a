/** A sign of life on a terminal while a run waits for servers. */
import { DEFAULT_WIDTH, type Io } from "./io.ts";
import { isPlain, plain } from "./plain.ts";

/** Runs shorter than this show none, milliseconds: loading the library takes a good part of it. */
const PATIENCE = 300;

/** How often its words are made anew, milliseconds. */
const PERIOD = 250;

/** Columns of the sign itself and the space behind it; the last column stays free. */
const SIGN = 3;

/** The library writes by itself, so that nobody makes ASCII of its own sign. */
const ASCII_SIGN = { interval: 120, frames: ["-", "\\", "|", "/"] };

/** Something that can be ended. */
export interface Spinner {
  stop(): void;
}

const SILENT: Spinner = { stop: () => {} };

/**
 * A spinner on stderr once the run has taken a while.
 * @param wanted false with `-q`, `-v`, or whenever the lines would mix
 * @param text what is awaited, made again and again, in so many columns
 */
export function spinner(io: Io, wanted: boolean, text: (width: number) => string): Spinner {
  // Without a size the library would clear endless lines.
  if (!wanted || !io.err.isTerminal || io.err.columns === null || io.env["TERM"] === "dumb") return SILENT;
  let ended = false;
  let shown: { text: string; stop(): unknown } | undefined;
  let ticking: NodeJS.Timeout | undefined;
  const show = async (): Promise<void> => {
    const { default: ora } = await import("ora");
    if (ended) return;
    const plainly = isPlain(io.env) ? plain : (words: string): string => words;
    const fitting = (): string => plainly(text((io.err.columns ?? DEFAULT_WIDTH) - SIGN));
    const sign = isPlain(io.env) ? { spinner: ASCII_SIGN } : {};
    shown = ora({ ...sign, text: fitting(), stream: process.stderr, discardStdin: false }).start();
    ticking = setInterval(() => (shown!.text = fitting()), PERIOD);
  };
  const patience = setTimeout(() => void show(), PATIENCE);
  return {
    stop() {
      ended = true;
      clearTimeout(patience);
      clearInterval(ticking);
      shown?.stop();
    },
  };
}
