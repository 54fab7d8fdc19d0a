/** What the library throws: classes with a `code` that stays as it is, while the words may change. */
import type { Outcome } from "../engine/port/outcome.ts";

/** A clock that cannot do what was asked of it. */
export class ClockError extends Error {
  override readonly name: string = "ClockError";
  /** Why: an outcome of the contract, e.g. `no-reply`, `no-agreement`, `deadline`, `interrupted`; or `closed`, `unsynchronized`. */
  readonly code: Outcome | "closed" | "unsynchronized";
  /** What to do next, or `null` where the message says it all. */
  readonly hint: string | null;

  constructor(code: ClockError["code"], message: string, hint: string | null = null) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
