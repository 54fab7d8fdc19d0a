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
    super(place === null ? message : placedText({ ...place, message }));
    this.hint = hint;
  }
}
