/**
 * Whether a text can be the name of a host. It is asked as it stands or not at all: what a URL's reader would leave out (`h/24`,
 * `h#1`, a line's end) or understand as a number (`0x7f.1`) would have another host asked than was named.
 */
import { domainToASCII } from "node:url";
import { literalFamily } from "./literal.ts";

/** What is wrong with a name, and where. */
export interface NameFault {
  /** From 1, in UTF-16 units as an editor counts. */
  readonly column: number;
  readonly message: string;
}

const IS_NONE = "is not a host name or an IP address";

/** A DNS name as it goes to the resolver, in ASCII and lower case (RFC 5890), or why it is none. */
export function asciiName(text: string): { readonly name: string } | NameFault {
  const stray = /[^\w.\-\p{L}\p{M}\p{N}\u3002\uff0e\uff61]/u.exec(text);
  if (stray !== null)
    return {
      column: stray.index + 1,
      message: `"${text}" ${IS_NONE}: ${shown(stray[0])} in column ${stray.index + 1}`,
    };
  // eslint-disable-next-line no-control-regex -- ASCII is meant
  const name = /^[\x00-\x7f]*$/.test(text) ? text.toLowerCase() : domainToASCII(text);
  const fault = labelFault(name, text);
  // Of a name that was written otherwise no place can be told.
  return fault === null ? { name } : name.length === text.length ? fault : { ...fault, column: 1 };
}

/** Of DNS, in its dotted form with a dot at the end (RFC 1035 §2.3.4). */
const LONGEST_NAME = 254;

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** What `inet_aton`, and so the resolver, takes for a part of an IPv4 address; no top-level domain is a number (RFC 3696 §2). */
const NUMBER = /^(\d+|0x[\da-f]*)$/;

function labelFault(name: string, text: string): NameFault | null {
  if (name.length > LONGEST_NAME) return { column: LONGEST_NAME + 1, message: `"${text}" ${IS_NONE}: it is too long` };
  const labels = name.replace(/\.$/, "").split(".");
  let column = 1;
  for (const label of labels) {
    if (!LABEL.test(label))
      return { column, message: `"${text}" ${IS_NONE}${placeOf(label, column, name === text.toLowerCase())}` };
    column += label.length + 1;
  }
  if (NUMBER.test(labels.at(-1)!) || literalFamily(name) === 4)
    return { column: 1, message: `"${text}" is not an IPv4 address` };
  return null;
}

/** What is wrong with a part of a name; of one that was written otherwise no place can be told. */
function placeOf(label: string, column: number, isAsWritten: boolean): string {
  if (!isAsWritten) return "";
  return label === "" ? `: nothing stands before the dot in column ${column}` : `: "${label}" in column ${column}`;
}

/** A character that can be seen as itself, others by their number. */
function shown(character: string): string {
  if (/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) return `"${character}"`;
  if (character === " ") return "a space";
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}
