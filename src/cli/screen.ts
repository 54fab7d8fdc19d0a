/** A terminal that is drawn anew from its first line, again and again. */
import type { Io } from "./io.ts";

/** Home, and clear what stands below; lines are cleared one by one so that nothing flickers. */
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const CLEAR_SCREEN = "\x1b[2J";

/** Whether standard output is a terminal that can be drawn anew. */
export function isScreen(io: Io): boolean {
  return io.out.isTerminal && io.env["TERM"] !== "dumb";
}

/** Clears the terminal; returns what draws it anew. */
export function openScreen(io: Io): (text: string) => void {
  io.out.write(CLEAR_SCREEN);
  return (text) => io.out.write(`${HOME}${text.replaceAll("\n", `${CLEAR_LINE}\n`)}${CLEAR_BELOW}`);
}
