/** Lines of ntp.conf being written, and what is told of those that could not be. */
import { placedText, type Place } from "../../security/place.ts";
import { asciiName } from "../hostname.ts";
import { literalFamily } from "../literal.ts";
import { UsageError } from "../usage.ts";
import type { Translation } from "./translate.ts";

/** Writes a translation. */
export class Writer {
  readonly #lines: string[] = [];
  readonly #warnings: string[] = [];

  /** A line, and no more than one, whatever its words are. */
  line(text: string): void {
    this.#lines.push(oneLine(text));
  }

  /** Something that has no like: kept as a comment. @param text as it stood there */
  left(text: string, at: Place, why: string): void {
    this.#lines.push(`# ${text.replaceAll(/\s+/g, " ").trim()}   (${why})`);
    this.warn(at, `"${text.trim().split(/\s+/)[0] ?? ""}" is left out: ${why}`);
  }

  /** Something worth knowing of a line that was written. */
  warn(at: Place, message: string): void {
    this.#warnings.push(placedText({ ...at, message }));
  }

  /** What cannot be said, and changes whom the daemon answers, or whom it believes. */
  refuse(message: string, at: Place): never {
    throw new UsageError(message, null, at);
  }

  /** @param from the file, for the first line */
  done(from: string): Translation {
    return {
      text: `# From ${oneLine(from)}\n${this.#lines.map((line) => `${line}\n`).join("")}`,
      warnings: this.#warnings,
    };
  }
}

/** Why a text cannot be the name or the address of a server, so that our own reader would refuse it; `null`: it can. */
export function hostFault(text: string): string | null {
  if (!isWord(text)) return "that is no address";
  const told = literalFamily(text) === 0 ? asciiName(text) : null;
  return told !== null && "message" in told ? told.message : null;
}

/** A file name or another word, in quotes where it needs them. */
export function quoted(word: string): string {
  return isWord(word) ? word : `"${word.replaceAll('"', "")}"`;
}

/** Whether ntp.conf reads it as the one word that it is: `a#b` would be `a` and a comment there. */
function isWord(text: string): boolean {
  return /^[^\s"#()]+$/.test(text);
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\u0085\u2028\u2029]+/g, " ");
}
