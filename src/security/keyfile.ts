/**
 * Key files, read: the `ntp.keys` of ntpd and NTPsec and the `chrony.keys` of chrony.
 *
 * ```text
 * ID ALGORITHM SECRET [ADDRESS[/BITS],…]     ntpd's rule: a secret of more than 20 characters is hexadecimal,
 *                                            # begins a comment anywhere
 * ID [ALGORITHM] [ASCII:|HEX:]SECRET         chrony's rule: text unless HEX: says otherwise, MD5 when no algorithm is
 *                                            named, comments are lines of their own that begin with one of ! ; # %
 * ```
 *
 * Told nothing, a line whose secret begins with `HEX:` or `ASCII:` is read by chrony's rule, any other by ntpd's.
 * Where the daemons would guess, pad silently or drop half a digit, a fault or a warning says so.
 */
import { parseNetwork } from "./addresses.ts";
import { ALGORITHMS, algorithmNamed, type Algorithm } from "./digests.ts";
import { KEY_ID_LIMIT, KEY_ID_MAXIMUM, parseKeyId } from "./keyids.ts";
import type { Place, PlacedMessage } from "./place.ts";

/** By whose rule a file is read; `auto` decides line by line. */
export type KeyFormat = "auto" | "ntp" | "chrony";

/** A key as a file gives it. */
export interface Key {
  /** 1 … 65535 by ntpd's rule, 1 … 4294967295 by chrony's. */
  readonly id: number;
  readonly algorithm: Algorithm;
  /** At least one octet. */
  readonly secret: Uint8Array;
  /** Addresses and networks (`10.0.0.0/8`) whose packets this key may vouch for; empty: any. */
  readonly addresses: readonly string[];
  /** Where the line begins. */
  readonly place: Place;
}

/** What a key file says. */
export interface ParsedKeys {
  /** The keys of the lines without fault, in order. */
  readonly keys: readonly Key[];
  readonly faults: readonly PlacedMessage[];
  /** Keys that were read, but not as somebody may expect. */
  readonly warnings: readonly PlacedMessage[];
}

/** By whose rule a line is read. */
type Rule = "ntp" | "chrony";

/** Characters up to which ntpd takes a secret as text. */
const TEXT_LIMIT = 20;

/** Octets of secret that ntpd keeps. */
const NTP_SECRET_LIMIT = 64;

/** U+FEFF in UTF-8, as some editors begin a file; read as Latin-1. */
const BYTE_ORDER_MARK = /^\xef\xbb\xbf/;

/** A word of a line. */
interface Word {
  readonly text: string;
  /** 1 … */
  readonly column: number;
}

/** What is wrong with a line; a value, never thrown. */
class LineFault {
  readonly column: number;
  readonly message: string;
  constructor(column: number, message: string) {
    this.column = column;
    this.message = message;
  }
}

/**
 * Reads the text of a key file. Pure; never throws.
 * @param text a character an octet, as Latin-1 decodes a file, so that secrets keep their octets
 * @param options by whose rule, and the file's name for the messages
 * @returns the keys, and what is wrong where; of two keys with one identifier the first is kept
 */
export function parseKeys(text: string, options: { readonly format: KeyFormat; readonly file: string }): ParsedKeys {
  const { format, file } = options;
  const keys = new Map<number, Key>();
  const faults: PlacedMessage[] = [];
  const warnings: PlacedMessage[] = [];
  for (const [index, content] of text.replace(BYTE_ORDER_MARK, "").split(/\r?\n/).entries()) {
    const line = index + 1;
    const key = parseLine(content, format, { file, line });
    if (key === null) continue;
    if (key instanceof LineFault) {
      faults.push({ file, line, column: key.column, message: key.message });
      continue;
    }
    const earlier = keys.get(key.id);
    if (earlier !== undefined) {
      faults.push({ ...key.place, message: `key ${key.id} was already given in line ${earlier.place.line}` });
      continue;
    }
    keys.set(key.id, key);
    const warning = fitWarning(key);
    if (warning !== null) warnings.push({ ...key.place, message: warning });
  }
  return { keys: [...keys.values()], faults, warnings };
}

/** A key, `null` for a line without one, or its fault. */
function parseLine(content: string, format: KeyFormat, place: { file: string; line: number }): Key | LineFault | null {
  const rule = ruleOf(content, format);
  const words = rule === "ntp" ? ntpWords(content) : chronyWords(content);
  const first = words[0];
  if (first === undefined || (format === "auto" && /^[!;%]/.test(first.text))) return null;
  const id = keyIdOf(first, rule);
  if (id instanceof LineFault) return id;
  const fields = rule === "ntp" ? ntpFields(id, words) : chronyFields(id, words);
  if (fields instanceof LineFault) return fields;
  const algorithm = algorithmNamed(fields.algorithm.text);
  if (algorithm === null) return unknownAlgorithm(fields);
  const secret = rule === "ntp" ? ntpSecret(fields.secret) : chronySecret(fields.secret, algorithm);
  if (secret instanceof LineFault) return secret;
  const addresses = addressesOf(fields.addresses);
  if (addresses instanceof LineFault) return addresses;
  return { id, algorithm, secret, addresses, place: { ...place, column: first.column } };
}

function ruleOf(content: string, format: KeyFormat): Rule {
  if (format !== "auto") return format;
  return chronyWords(content)
    .slice(1, 3)
    .some(({ text }) => /^(HEX|ASCII):/.test(text))
    ? "chrony"
    : "ntp";
}

/** Words up to a `#`, wherever it stands. */
function ntpWords(content: string): Word[] {
  return wordsOf(content.replace(/#.*$/s, ""));
}

/** Words of a line that is not a comment. What follows the secret may be a comment too; chrony itself would balk. */
function chronyWords(content: string): Word[] {
  if (/^\s*[!;#%]/.test(content)) return [];
  const words = wordsOf(content);
  const comment = words.findIndex(({ text }, index) => index >= 2 && text.startsWith("#"));
  return comment === -1 ? words : words.slice(0, comment);
}

function wordsOf(text: string): Word[] {
  return [...text.matchAll(/[^ \t\v\f\r]+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));
}

function keyIdOf(word: Word, rule: Rule): number | LineFault {
  const id = parseKeyId(word.text);
  const most = rule === "ntp" ? KEY_ID_LIMIT : KEY_ID_MAXIMUM;
  if (id !== null && id <= most) return id;
  if (id !== null) return new LineFault(word.column, `key ${id} is above ${most}: ntpd reserves those for Autokey`);
  return new LineFault(word.column, `a line begins with a key identifier, 1 to ${most}`);
}

/** The words of a line by what they mean. */
interface Fields {
  readonly algorithm: Word;
  readonly secret: Word;
  readonly addresses: Word | null;
}

function ntpFields(id: number, [, algorithm, secret, addresses, extra]: readonly Word[]): Fields | LineFault {
  if (algorithm === undefined) return new LineFault(1, `key ${id} has no algorithm and no secret`);
  if (secret === undefined) {
    return new LineFault(
      algorithm.column,
      `key ${id} lacks an algorithm or a secret (in a chrony file, read with --keys-format chrony or named by keys FILE chrony, the algorithm may be left out)`,
    );
  }
  if (extra !== undefined) return new LineFault(extra.column, "nothing may follow the addresses but a # comment");
  return { algorithm, secret, addresses: addresses ?? null };
}

function chronyFields(id: number, [, second, third, extra]: readonly Word[]): Fields | LineFault {
  if (second === undefined) return new LineFault(1, `key ${id} has no secret`);
  if (extra !== undefined) return new LineFault(extra.column, "nothing may follow the secret in a chrony file");
  if (third === undefined)
    return { algorithm: { text: "MD5", column: second.column }, secret: second, addresses: null };
  return { algorithm: second, secret: third, addresses: null };
}

function ntpSecret(word: Word): Uint8Array | LineFault {
  const secret = word.text.length > TEXT_LIMIT ? fromHex(word, 0) : fromText(word, 0);
  if (secret instanceof LineFault) {
    return new LineFault(
      secret.column,
      `${secret.message}: ntpd reads a secret of more than ${TEXT_LIMIT} characters as hexadecimal (chrony does not: --keys-format chrony, or keys FILE chrony)`,
    );
  }
  if (secret.length > NTP_SECRET_LIMIT)
    return new LineFault(word.column, `the secret has ${secret.length} octets, ntpd takes ${NTP_SECRET_LIMIT} at most`);
  const odd = word.text.search(/[^!-~]/);
  return odd === -1 ? secret : new LineFault(word.column + odd, "ntpd takes only printable ASCII in a secret");
}

/** Chrony refuses AES keys of another length, so padding one here would never match. */
function chronySecret(word: Word, algorithm: Algorithm): Uint8Array | LineFault {
  const secret = word.text.startsWith("HEX:")
    ? fromHex(word, 4)
    : fromText(word, word.text.startsWith("ASCII:") ? 6 : 0);
  const wanted = ALGORITHMS[algorithm].keyOctets;
  if (secret instanceof LineFault || wanted === null || secret.length === wanted) return secret;
  return new LineFault(
    word.column,
    `an ${ALGORITHMS[algorithm].chronyName} key has ${wanted} octets, this has ${secret.length}`,
  );
}

function fromText(word: Word, prefix: number): Uint8Array | LineFault {
  if (word.text.length === prefix) return new LineFault(word.column, "the secret is empty");
  return Buffer.from(word.text.slice(prefix), "latin1");
}

function fromHex(word: Word, prefix: number): Uint8Array | LineFault {
  const digits = word.text.slice(prefix);
  if (digits === "") return new LineFault(word.column, "the secret is empty");
  const wrong = digits.search(/[^0-9a-f]/i);
  if (wrong !== -1) return new LineFault(word.column + prefix + wrong, "not a hexadecimal digit");
  if (digits.length % 2 !== 0)
    return new LineFault(word.column, `${digits.length} hexadecimal digits are half an octet too many`);
  return Buffer.from(digits, "hex");
}

/** A comma-separated list of IP addresses and networks. */
function addressesOf(word: Word | null): string[] | LineFault {
  if (word === null) return [];
  let column = word.column;
  const addresses: string[] = [];
  for (const item of word.text.split(",")) {
    const network = parseNetwork(item);
    if (network === null)
      return new LineFault(
        column,
        "not an IP address or network, as 192.0.2.7 or 10.0.0.0/8 (and a secret has no blanks)",
      );
    addresses.push(network);
    column += item.length + 1;
  }
  return addresses;
}

/** What ntpd and NTPsec do with an AES key of another length, and log. */
function fitWarning({ id, algorithm, secret }: Key): string | null {
  const wanted = ALGORITHMS[algorithm].keyOctets;
  if (wanted === null || secret.length === wanted) return null;
  const done = secret.length < wanted ? "padded with zeros" : "cut";
  return `key ${id} has ${secret.length} octets and is ${done} to the ${wanted} of ${algorithm}, as ntpd and NTPsec do`;
}

/** The name is repeated only where it looks like one: what stands there may be a secret out of its place. */
function unknownAlgorithm({ algorithm, secret }: Fields): LineFault {
  if (algorithmNamed(secret.text) !== null)
    return new LineFault(algorithm.column, "the algorithm stands before the secret");
  const name = /^[a-z][a-z0-9-]{1,11}$/i.test(algorithm.text) ? `"${algorithm.text}"` : "this";
  const known = Object.values(ALGORITHMS).map(({ names }) => names[0]);
  return new LineFault(algorithm.column, `${name} is not an algorithm; there are ${known.join(", ")}`);
}
