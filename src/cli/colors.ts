/** Whether to colour, and the palette that does; the library is loaded only when something is to be coloured. */
import { PLAIN, type Palette } from "../view/palette.ts";
import type { Io, Sink } from "./io.ts";

/**
 * Whether a stream is written in colour: `--no-color` before `FORCE_COLOR` before `NO_COLOR` before what the stream is.
 * @param option false for `--no-color`
 */
export function wantsColor(sink: Sink, env: Io["env"], option: boolean): boolean {
  if (!option) return false;
  const force = env["FORCE_COLOR"];
  if (force !== undefined) return force !== "0" && force !== "false";
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  return sink.isTerminal && env["TERM"] !== "dumb";
}

/** The palette for a stream. */
export async function paletteFor(sink: Sink, env: Io["env"], option: boolean): Promise<Palette> {
  if (!wantsColor(sink, env, option)) return PLAIN;
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: 1 });
  // Wrapped, since chalk joins all the arguments it is given.
  return {
    heading: (text) => chalk.dim(text),
    good: (text) => chalk.green(text),
    doubtful: (text) => chalk.yellow(text),
    bad: (text) => chalk.red(text),
    faint: (text) => chalk.dim(text),
    strong: (text) => chalk.bold(text),
  };
}
