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
  /** Where it stands; `null`: in no file. */
  readonly place: Place | null;

  /**
   * @param message one line, without a full stop, naming what is wrong
   * @param hint what to do next
   * @param place where it stands, put before the message
   */
  constructor(message: string, hint: string | null = null, place: Place | null = null) {
    const short = shortened(message);
    super(place === null ? short : placedText({ ...place, message: short }));
    this.hint = hint;
    this.place = place;
  }
}

/** Takes a mistake, so that reading goes on behind it. */
export type OnFault = (fault: UsageError) => void;

/** Does something; a mistake goes to whoever takes it, else on. */
export function guarded(onFault: OnFault | null, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (onFault === null || !(error instanceof UsageError)) throw error;
    onFault(error);
  }
}

/** Several mistakes, those of one file in the order of its lines; its own message, on one line, is that of the first. */
export class UsageErrors extends UsageError {
  readonly faults: readonly UsageError[];

  constructor(faults: readonly [UsageError, ...UsageError[]]) {
    const files = [...new Set(faults.map(({ place }) => place?.file))];
    const rank = ({ place }: UsageError): number => files.indexOf(place?.file);
    const ordered = faults.toSorted(
      (one, other) => rank(one) - rank(other) || (one.place?.line ?? 0) - (other.place?.line ?? 0),
    );
    const [first = faults[0], ...others] = ordered;
    super(others.length === 0 ? first.message : `${first.message} (and ${others.length} more)`, first.hint);
    this.faults = ordered;
  }
}

/** What is quoted need not be read to its end to be found. */
const LONGEST_QUOTE = 100;

/** A message with whatever it quotes cut to what fits on a line. */
export function shortened(message: string): string {
  return message.length <= LONGEST_QUOTE ? message : message.replace(/"([^"]{100})[^"]+"/g, '"$1…"');
}
