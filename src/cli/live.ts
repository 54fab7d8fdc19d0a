/** Text that is drawn in place on a terminal while something goes on, and wiped away at its end. */
import { DEFAULT_WIDTH, type Io, type Sink } from "./io.ts";

/** How often it is drawn, milliseconds. */
const PERIOD = 250;

/** The most lines: what scrolls away cannot be wiped away. */
export const LIVE_ROWS = 20;

/** Something drawn again and again. */
export interface Live {
  /** Writes lines above it, which stay. */
  above(write: () => void): void;
  stop(): void;
}

/** Whether there is a terminal to draw on that nothing else writes to: both streams are one, and no lines are asked for. */
export function isLive(
  io: Io,
  options: { readonly json?: boolean; readonly quiet?: boolean; readonly verbose?: boolean; readonly debug?: boolean },
): boolean {
  const wordy = options.json === true || options.verbose === true || options.debug === true;
  return io.err.isTerminal && io.out.isTerminal && io.env["TERM"] !== "dumb" && !wordy && options.quiet !== true;
}

/**
 * Draws from now on.
 * @param lines what to draw; each is cut to the terminal's width, escape sequences not counted
 */
export function drawLive(sink: Sink, lines: () => readonly string[]): Live {
  let drawn = 0;
  // From the first column: where a terminal echoes `^C`, the cursor stands behind it.
  const wipe = (): string => (drawn === 0 ? "" : `\r\u001b[${drawn}A\u001b[0J`);
  const draw = (): void => {
    const next = lines()
      .slice(0, LIVE_ROWS)
      .map((line) => cut(line, sink.columns ?? DEFAULT_WIDTH));
    sink.write(`${wipe()}${next.map((line) => `${line}\n`).join("")}`);
    drawn = next.length;
  };
  const clear = (): void => {
    sink.write(wipe());
    drawn = 0;
  };
  draw();
  const timer = setInterval(draw, PERIOD);
  return {
    above(write) {
      clear();
      write();
      draw();
    },
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}

/** Cuts a line to some columns; colours end with it. */
function cut(line: string, width: number): string {
  let columns = 0;
  let text = "";
  for (const [piece] of line.matchAll(PIECES)) {
    if (!piece.startsWith("\u001b")) columns += 1;
    if (columns > width) return text.includes("\u001b") ? `${text}\u001b[0m` : text;
    text += piece;
  }
  return text;
}

// An escape sequence of colours, or one character.
// oxlint-disable-next-line no-control-regex
const PIECES = /\u001b\[[\d;]*m|[^]/gu;
