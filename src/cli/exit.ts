/** How commands end: exit codes from the one table of outcomes, failures as values. */
import { OUTCOMES, type Outcome } from "../engine/port/outcome.ts";
import { UsageError } from "../config/usage.ts";
import type { FailureDocument } from "../view/document.ts";
import { printable } from "../view/text.ts";

/** The exit code of an outcome. */
export function exitCode(outcome: Outcome): number {
  return OUTCOMES[outcome].exitCode;
}

/** A command failed for a reason that has a name; thrown where there is nothing else to report. */
export class CommandFailure extends Error {
  override readonly name: string = "CommandFailure";
  readonly failure: FailureDocument;

  constructor(failure: FailureDocument) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What an exception means to whoever ran the command. */
export function failureOfError(error: unknown): FailureDocument {
  if (error instanceof CommandFailure) return error.failure;
  if (error instanceof UsageError) return { code: "usage", message: error.message, hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "internal",
    message: `internal error: ${message}`,
    hint: "this is a bug; run again with --debug for where it happened",
  };
}

/** One line for stderr: what is wrong, and what to do next. It may quote a file or an argument, which is not to steer the terminal. */
export function failureLine(command: string, failure: FailureDocument): string {
  return `${command}: ${failureText(failure)}\n`;
}

/** The same without who says it. */
export function failureText({ message, hint }: FailureDocument): string {
  return `${oneLine(message)}${hint === null ? "" : `; ${oneLine(hint)}`}`;
}

function oneLine(text: string): string {
  return printable(text.replace(/\s*\n\s*/g, " "));
}
