/** A line of `decode`: what a packet of a capture says, as somebody who knows NTP would put it. */
import type { Decoded } from "../decode/decoded.ts";
import { namedFields, type NamedField } from "../decode/fields.ts";
import { VERDICTS, type DecodeVerdict } from "../decode/verdict.ts";
import { parseVariables, textOf } from "../control/variables.ts";
import { pollInterval } from "../time/seconds.ts";
import { MAXSTRAT, type Header, type Mode } from "../wire/header.ts";
import { OPERATIONS, controlError, type Control } from "../wire/control.ts";
import { kissCode, kissText } from "../wire/kiss.ts";
import { isCryptoNak, type Mac } from "../wire/mac.ts";
import type { PrivateMessage } from "../wire/private.ts";
import { refidText } from "../wire/refid.ts";
import type { Palette } from "./palette.ts";
import { counted, durationText, inWords, listed, NOTHING, printable, signedText } from "./text.ts";

const NTP_PORT = 123;
const MICROSECOND = 1000n;
const DAY_MICROSECONDS = 86_400_000_000;

/** Verdicts about which the line itself says all. */
const NO_REMARK: ReadonlySet<DecodeVerdict> = new Set(["ok", "kiss", "refused"]);

/**
 * Writes lines, and a day's date before the first of its packets.
 */
export class DecodeLines {
  readonly #palette: Palette;
  #day: number | null = null;

  constructor(palette: Palette) {
    this.#palette = palette;
  }

  /** The line of a packet, with its end, and the date's before it where that is new. */
  lineOf(decoded: Decoded): string {
    const { packet, at, verdict } = decoded;
    const { bad, faint } = this.#palette;
    const said = wordsOf(decoded);
    const judged = NO_REMARK.has(verdict) ? "" : ` ${bad(`✗ ${inWords(verdict)}: ${VERDICTS[verdict]}`)}`;
    const number = faint(String(packet).padStart(6));
    return `${this.#date(at)}${number} ${timeOf(at)} ${wayOf(decoded)} ${said}${judged}\n`;
  }

  #date(at: bigint | null): string {
    if (at === null) return "";
    const day = Math.floor(Number(at / MICROSECOND) / DAY_MICROSECONDS);
    if (day === this.#day) return "";
    this.#day = day;
    const date = new Date((day * DAY_MICROSECONDS) / 1000);
    return Number.isNaN(date.getTime()) ? "" : `${this.#palette.heading(`${date.toISOString().slice(0, 10)} UTC`)}\n`;
  }
}

/** The time of day, UTC, to the microsecond. */
function timeOf(at: bigint | null): string {
  if (at === null) return NOTHING.padEnd(15);
  const micros = Number(at / MICROSECOND) % DAY_MICROSECONDS;
  const ofDay = micros < 0 ? micros + DAY_MICROSECONDS : micros;
  const seconds = Math.floor(ofDay / 1e6);
  const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
  const fraction = String(ofDay - seconds * 1e6).padStart(6, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}`;
}

/** From whom to whom; the port of NTP goes without saying, and that of who asks there says nothing. */
function wayOf({ from, to }: Decoded): string {
  const isServed = from.port === NTP_PORT || to.port === NTP_PORT;
  const end = ({ ip, port }: Decoded["from"]): string => (isServed || port === NTP_PORT ? ip : `${ip}:${port}`);
  return `${end(from)} > ${end(to)}:`;
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
  const parts = [`${MODE_WORDS[header.mode]} v${header.version}`];
  if (header.mode !== "client") parts.push(...clockWords(header));
  if (header.mode === "broadcast") parts.push(`every ${durationText(pollInterval(header.poll))}`);
  parts.push(...fieldWords(fields));
  if (mac !== null) parts.push(macWords(mac, verified, algorithm));
  if (cut) parts.push("cut short");
  const said = parts.join(", ");
  if (answers === null) return said;
  const { packet, offset, delay } = answers;
  const measured = offset === null ? "" : ` offset ${signedText(offset)} delay ${durationText(delay)}`;
  return `${said}; answers ${packet}${measured}`;
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
function fieldWords(fields: readonly NamedField[]): string[] {
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
