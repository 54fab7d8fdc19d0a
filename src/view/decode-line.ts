/** A line of `decode`: what a packet of a capture says, as somebody who knows NTP would put it. */
import type { Decoded } from "../decode/decoded.ts";
import { namedFields, type NamedField } from "../decode/fields.ts";
import { VERDICTS, type DecodeVerdict } from "../decode/verdict.ts";
import { parseVariables, textOf } from "../control/variables.ts";
import { pollInterval } from "../time/seconds.ts";
import { DIGITS, parted, type UnixNanoseconds } from "../time/timestamp.ts";
import { MAXSTRAT, type Header, type Mode } from "../wire/header.ts";
import { OPERATIONS, controlError, type Control } from "../wire/control.ts";
import { kissCode, kissText } from "../wire/kiss.ts";
import { isCryptoNak, type Mac } from "../wire/mac.ts";
import type { PrivateMessage } from "../wire/private.ts";
import { refidText } from "../wire/refid.ts";
import type { Palette } from "./palette.ts";
import { counted, durationText, inWords, listed, NOTHING, printable, signedText } from "./text.ts";

const NTP_PORT = 123;
const DAY = 86_400;
/** So many texts that come again and again are remembered at a time. */
const REMEMBERED = 512;

/** Verdicts about which the line itself says all. */
const NO_REMARK: ReadonlySet<DecodeVerdict> = new Set(["ok", "kiss", "refused"]);

/**
 * Writes lines, and a day's date before the first of its packets.
 */
export class DecodeLines {
  readonly #palette: Palette;
  #day: number | null = null;
  #second: number | null = null;
  #clock = "";

  constructor(palette: Palette) {
    this.#palette = palette;
  }

  /** The line of a packet, with its end, and the date's before it where that is new. */
  lineOf(decoded: Decoded): string {
    const { packet, at, verdict } = decoded;
    const { bad, faint } = this.#palette;
    const said = wordsOf(decoded);
    const judged = NO_REMARK.has(verdict) ? "" : ` ${bad(`✗ ${inWords(verdict)}: ${VERDICTS[verdict]}`)}`;
    const number = faint(packet < 100_000 ? String(packet).padStart(6) : String(packet));
    const when = at === null ? `${number} ${NO_TIME}` : this.#moment(number, at);
    return `${when} ${wayOf(decoded)} ${said}${judged}\n`;
  }

  /** The time of day, UTC, to the microsecond, behind the packet's number; and the date's line before it where that is new. */
  #moment(number: string, at: UnixNanoseconds): string {
    const { seconds, nanoseconds } = parted(at);
    if (seconds !== this.#second) {
      this.#second = seconds;
      this.#clock = clockText(seconds);
    }
    const micros = Math.floor(nanoseconds / 1000);
    const millis = Math.floor(micros / 1000);
    const time = `${number} ${this.#clock}.${DIGITS[millis]!}${DIGITS[micros - millis * 1000]!}`;
    const day = Math.floor(seconds / DAY);
    if (day === this.#day) return time;
    this.#day = day;
    const date = new Date(day * DAY * 1000);
    return Number.isNaN(date.getTime())
      ? time
      : `${this.#palette.heading(`${date.toISOString().slice(0, 10)} UTC`)}\n${time}`;
  }
}

const NO_TIME = NOTHING.padEnd(15);

function clockText(seconds: number): string {
  const ofDay = seconds - Math.floor(seconds / DAY) * DAY;
  const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
  return `${two(Math.floor(ofDay / 3600))}:${two(Math.floor(ofDay / 60) % 60)}:${two(ofDay % 60)}`;
}

/** From whom to whom; the port of NTP goes without saying, and that of who asks there says nothing. */
function wayOf({ from, to }: Decoded): string {
  const isServed = from.port === NTP_PORT || to.port === NTP_PORT;
  return isServed ? `${from.ip} > ${to.ip}:` : `${from.ip}:${from.port} > ${to.ip}:${to.port}:`;
}

function wordsOf(decoded: Decoded): string {
  const { message } = decoded;
  switch (message.kind) {
    case "ntp":
      return packetWords(
        decoded,
        message.packet.header,
        message.packet.mac,
        namedFields(message.packet.extensions),
        message.cut,
      );
    case "control":
      return controlWords(decoded, message.control);
    case "private":
      return privateWords(message.message);
    case "malformed":
      return counted(decoded.length, "octet");
  }
}

const MODE_WORDS: Readonly<Record<Mode, string>> = {
  reserved: "reserved",
  symmetricActive: "symmetric active",
  symmetricPassive: "symmetric passive",
  client: "client",
  server: "server",
  broadcast: "broadcast",
  control: "control",
  private: "private",
};

function packetWords(
  { answers, verified, algorithm }: Decoded,
  header: Header,
  mac: Mac | null,
  fields: readonly NamedField[],
  cut: boolean,
): string {
  let said = `${MODE_WORDS[header.mode]} v${header.version}`;
  if (header.mode !== "client") said += `, ${CLOCKS.of(header)}`;
  if (header.mode === "broadcast") said += `, every ${durationText(pollInterval(header.poll))}`;
  for (const word of fieldWords(fields)) said += `, ${word}`;
  if (mac !== null) said += `, ${macWords(mac, verified, algorithm)}`;
  if (cut) said += ", cut short";
  if (answers === null) return said;
  const { packet, offset, delay } = answers;
  const measured = offset === null ? "" : ` offset ${signedText(offset)} delay ${durationText(delay)}`;
  return `${said}; answers ${packet}${measured}`;
}

/** What servers say of their clocks: packet by packet the same, of each. */
const CLOCKS = {
  known: Array.from({ length: REMEMBERED }, (): { header: Header; words: string } | undefined => undefined),
  of(header: Header): string {
    const mixed = header.referenceId ^ (header.rootDispersion * 65_536) ^ (header.rootDelay * 65_536);
    const place = (mixed ^ (mixed >>> 16)) & (REMEMBERED - 1);
    const known = this.known[place];
    if (known !== undefined && saysTheSame(known.header, header)) return known.words;
    const words = clockWords(header).join(", ");
    this.known[place] = { header, words };
    return words;
  },
};

function saysTheSame(one: Header, other: Header): boolean {
  return (
    one.leap === other.leap &&
    one.stratum === other.stratum &&
    one.referenceId === other.referenceId &&
    one.rootDelay === other.rootDelay &&
    one.rootDispersion === other.rootDispersion
  );
}

/** What a server says of its clock, or that it says none. */
function clockWords({ leap, stratum, referenceId, rootDelay, rootDispersion }: Header): string[] {
  const kiss = stratum === 0 ? kissCode({ stratum, referenceId }) : null;
  if (kiss !== null) return [`kiss ${printable(kiss)}${explained(kissText(kiss))}`];
  if (leap === "unsynchronized" || stratum === 0 || stratum >= MAXSTRAT) return ["not synchronized"];
  const words = [
    `stratum ${stratum} by ${printable(refidText(stratum, referenceId))}`,
    `root ${durationText(rootDelay / 2 + rootDispersion)}`,
  ];
  if (leap !== "none") words.push(leap === "insert" ? "leap second coming" : "leap second to be left out");
  return words;
}

function explained(text: string | null): string {
  return text === null ? "" : ` (${text})`;
}

function macWords(mac: Mac, verified: boolean | null, algorithm: string | null): string {
  if (isCryptoNak(mac)) return "crypto-NAK";
  const what = verified === null ? "" : verified ? " right" : " wrong";
  return `key ${mac.keyId}${algorithm === null ? "" : ` ${algorithm}`}${what}`;
}

/** Fields, several of a kind counted. */
function fieldWords(fields: readonly NamedField[]): readonly string[] {
  if (fields.length === 0) return [];
  const counts = new Map<string, number>();
  for (const field of fields) {
    const word = fieldWord(field);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => (count === 1 ? word : `${count} × ${word}`));
}

function fieldWord({ type, name, length, autokey }: NamedField): string {
  if (autokey !== null) {
    const { message, response, error } = autokey;
    return `Autokey ${message} ${error ? "error" : response ? "response" : "request"}`;
  }
  return name === null
    ? `field 0x${type.toString(16).padStart(4, "0")} (${length} octets)`
    : `${inWords(name)} (${length} octets)`;
}

/** An operation by its code; `null`: none has it. */
const OPERATION_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(OPERATIONS).map(([name, code]) => [code, name]),
);

/** The name of a control operation, or its code in digits. */
export function operationName(code: number): string {
  return OPERATION_NAMES.get(code) ?? String(code);
}

function controlWords({ answers, response, verified, algorithm }: Decoded, control: Control): string {
  const { error, status, association, more, offset, mac } = control;
  const parts = [`${inWords(operationName(control.operation))} ${control.response ? "response" : "request"}`];
  if (association !== 0) parts.push(`association ${association}`);
  if (error) parts.push(`refused: ${controlError(status)}`);
  else if (more || offset > 0) parts.push(`octets ${offset} to ${offset + control.data.length}`);
  if (response !== null && response.length > 0) parts.push(variableWords(response));
  if (mac !== null) parts.push(macWords(mac, verified, algorithm));
  return `${parts.join(", ")}${answers === null ? "" : `; answers ${answers.packet}`}`;
}

/** So many variables are named in a line. */
const NAMED = 6;

function variableWords(data: Uint8Array): string {
  const names = parseVariables(textOf(data)).map(({ name }) => printable(name));
  if (names.length === 0) return counted(data.length, "octet");
  const more = names.length > NAMED ? [`${names.length - NAMED} more`] : [];
  return listed([...names.slice(0, NAMED), ...more]);
}

function privateWords({ response, request, code, error, items, more }: PrivateMessage): string {
  const what = `ntpdc ${request ?? `request ${code}`} ${response ? "response" : "request"}`;
  if (error !== 0) return `${what}, error ${error}`;
  return `${what}${items === 0 ? "" : `, ${counted(items, "item")}`}${more ? ", more follow" : ""}`;
}
