/** Mistakes of the person who typed or configured something: one clear line that says what, where and what to do. */
import { placedText, type Place } from "../security/place.ts";

export type { Place } from "../security/place.ts";

/** A bad option, argument or configuration: exit code 64. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  /** Stable, for JSON documents. */
  readonly code: "usage" = "usage" as const;
  /** What to do next, or `null` where the message says it all. */
  readonly hint: string | null;

  /**
   * @param message one line, without a full stop, naming what is wrong
   * @param hint what to do next
   * @param place where it stands, put before the message
   */
  constructor(message: string, hint: string | null = null, place: Place | null = null) {
    const short = shortened(message);
    super(place === null ? short : placedText({ ...place, message: short }));
    this.hint = hint;
  }
}

/** What is quoted need not be read to its end to be found. */
const LONGEST_QUOTE = 100;

/** A message with whatever it quotes cut to what fits on a line. */
export function shortened(message: string): string {
  return message.length <= LONGEST_QUOTE ? message : message.replace(/"([^"]{100})[^"]+"/g, '"$1…"');
}
