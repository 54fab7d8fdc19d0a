/** Where in a file something is, and what is wrong there: what every fault of a key file or a key list carries. */

/** A place in a file. */
export interface Place {
  /** The file's name as the user gave it. */
  readonly file: string;
  /** 1 …; 0 when the fault is the file's as a whole. */
  readonly line: number;
  /** 1 …, in octets of the line; 0 when the fault is the file's as a whole. */
  readonly column: number;
}

/** A fault, or a warning, at a place. Never contains a secret. */
export interface PlacedMessage extends Place {
  readonly message: string;
}

/** One line: `FILE:LINE:COLUMN: message`, or `FILE: message`. */
export function placedText({ file, line, column, message }: PlacedMessage): string {
  return line === 0 ? `${file}: ${message}` : `${file}:${line}:${column}: ${message}`;
}

/** What the system said about a file: "no such file or directory" out of "ENOENT: no such file or directory, open 'x'". */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
}
