/** The options of a run that remembers. */
import { UsageError } from "../config/usage.ts";
import { plainDuration } from "../config/values.ts";
import { statePath } from "../state/place.ts";
import { CLOCK, duration, MEASURING, OUTPUT, SELECTION, SERVERS, type OptionGroup, type OptionRow } from "./options.ts";

/** What they parse to. */
export interface RememberingOptions {
  /** A path, or `true` for the usual place. */
  readonly state?: string | true;
  readonly frequency?: boolean;
  /** Seconds. */
  readonly spread?: number;
}

/** Whoever spreads runs without saying how far, seconds: cron's crowd is over by then. */
const SPREAD = 60;

/** `--state [PATH]`, with what it is for in this command. */
export function stateRow(text: string, conflicts: readonly string[] = []): OptionRow {
  return { flags: "--state [path]", text, parse: statePathOf, conflicts };
}

/** Their heading and rows. */
export const REMEMBERING: OptionGroup = {
  heading: "What is remembered:",
  rows: [
    stateRow("start from what earlier runs have learned of the servers and of this clock, and keep it; in this file"),
    { flags: "--frequency", text: "correct the clock's rate, too, once runs have learned it; implies --state" },
    {
      flags: "--spread [duration]",
      text: "where nobody watches, wait a random part of this before public servers are asked",
      preset: plainDuration(SPREAD),
      parse: duration("--spread", { least: 0, most: 86_400 }),
    },
  ],
};

/** The options of `sync`, by heading. */
export const SYNC_GROUPS: readonly OptionGroup[] = [SERVERS, MEASURING, SELECTION, CLOCK, REMEMBERING, OUTPUT];

/** Where servers are remembered; `undefined`: they are not. */
export function stateWanted({ state, frequency }: RememberingOptions): string | undefined {
  if (state === undefined && frequency !== true) return undefined;
  return typeof state === "string" ? state : statePath();
}

/** A server behind `--state` would be taken for its path. */
function statePathOf(text: string): string {
  if (/[/\\]/.test(text)) return text;
  if (text === "")
    throw new UsageError(
      "--state: no path stands behind it",
      "write --state=PATH, or --state alone for the usual place",
    );
  throw new UsageError(
    `--state: "${text}" is no path`,
    `write --state=./${text} for a file here, or put --state behind the servers`,
  );
}
