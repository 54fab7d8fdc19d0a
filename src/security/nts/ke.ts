/**
 * What key establishment says: a client's request, a server's response, and what is wrong with either (RFC 8915 §4.1).
 *
 * One table tells each record's critical bit, its body, and how often it may stand in a request and in a response; the
 * readers below only take what it has let through. The octets are `wire/ntske.ts`'s, the handshake is the host's.
 */
import { KE_RECORDS, encodeNumbers, readNumbers, type KeRecord } from "../../wire/ntske.ts";
import { isNoHost } from "../../wire/address.ts";
import { AEADS, aeadNumbered, type AeadRow } from "./aead.ts";

/** What a client asks for. */
export interface KeRequest {
  /** Next protocols, at least one; NTPv4 is {@link NTPV4}. */
  readonly protocols: readonly number[];
  /** Numbers of AEADs, the best first. */
  readonly aeads: readonly number[];
  /** The NTP server wished for: an IP literal, or a name in ASCII; `null`: none. */
  readonly server: string | null;
  /** Its UDP port; `null`: none. */
  readonly port: number | null;
  /** Whether it can derive AES-128-GCM-SIV's keys as the RFC has it. */
  readonly compliantExporter: boolean;
}

/** What a server grants. */
export interface KeGrant {
  readonly aead: AeadRow;
  /** At least one; views into the message. */
  readonly cookies: readonly Uint8Array[];
  /** Whom to ask: an IP literal, or a name in ASCII without a last dot; `null`: the address that granted it. */
  readonly server: string | null;
  /** At which UDP port. */
  readonly port: number;
  /** Whether AES-128-GCM-SIV's keys are derived as the RFC has it. */
  readonly compliantExporter: boolean;
}

/** Why a response establishes nothing. One name a cause. */
export type KeFailure =
  | "unknownCritical" // a record of a type we do not know, with the critical bit
  | "record" // a record whose critical bit, body or number of times is wrong
  | "error" // the server says so
  | "warning" // there are no warning codes, and unknown ones are errors (RFC 8915 §4.1.4)
  | "protocol" // it does not speak NTPv4
  | "aead" // it takes none of the AEADs offered, or chose another
  | "cookies" // it gave none
  | "server"; // the server it names is neither an address nor a name

/** A response, read. */
export type KeAnswer =
  | { readonly kind: "granted"; readonly grant: KeGrant }
  /** The record's type, and the code of an error or a warning; `null` where there is none. */
  | { readonly kind: "failed"; readonly why: KeFailure; readonly type: number | null; readonly code: number | null };

/** A request, read: or the code of the error to answer it with. */
export type KeQuestion =
  | { readonly kind: "request"; readonly request: KeRequest }
  | { readonly kind: "bad"; readonly code: KeErrorCode };

/** The error codes (RFC 8915 §4.1.3). */
export const KE_ERRORS = { unrecognizedCritical: 0, badRequest: 1, internal: 2 } as const;

/** One of {@link KE_ERRORS}. */
export type KeErrorCode = (typeof KE_ERRORS)[keyof typeof KE_ERRORS];

/** NTPv4's Protocol ID (RFC 8915 §7.7). */
export const NTPV4 = 0;

/** The port of NTP, where none is negotiated. */
export const NTP_PORT = 123;

/** The longest cookie taken, octets: chrony's bound. One cookie and the rest of a request stay far below an MTU with it. */
export const MAX_COOKIE = 256;

/** How often a record may stand in a message. */
type Times = "never" | "once" | "atMostOnce" | "any";

/** One row of the table. */
interface RecordRow {
  readonly type: number;
  /** Whether the critical bit must be set. */
  readonly critical: boolean;
  readonly request: Times;
  readonly response: Times;
  /** Whether a body can be one of this record's. */
  readonly body: (body: Uint8Array) => boolean;
}

const even = (body: Uint8Array): boolean => body.length % 2 === 0;
const two = (body: Uint8Array): boolean => body.length === 2;

/** Every record but the End of Message, which the wire knows. An error comes without the records that it replaces. */
const RECORDS: readonly RecordRow[] = [
  { type: KE_RECORDS.nextProtocol, critical: true, request: "once", response: "once", body: even },
  { type: KE_RECORDS.error, critical: true, request: "never", response: "any", body: two },
  { type: KE_RECORDS.warning, critical: true, request: "never", response: "any", body: two },
  { type: KE_RECORDS.aead, critical: false, request: "atMostOnce", response: "atMostOnce", body: even },
  { type: KE_RECORDS.newCookie, critical: false, request: "never", response: "any", body: isCookie },
  { type: KE_RECORDS.server, critical: false, request: "atMostOnce", response: "atMostOnce", body: () => true },
  { type: KE_RECORDS.port, critical: false, request: "atMostOnce", response: "atMostOnce", body: two },
  {
    type: KE_RECORDS.compliantExporter,
    critical: false,
    request: "atMostOnce",
    response: "atMostOnce",
    body: (body) => body.length === 0,
  },
];

/** The records of a request, in the order in which others send them. */
export function requestRecords(request: KeRequest): readonly KeRecord[] {
  return [
    record(KE_RECORDS.nextProtocol, encodeNumbers(request.protocols)),
    record(KE_RECORDS.aead, encodeNumbers(request.aeads)),
    ...exporterRecord(request.compliantExporter),
    ...serverRecords(request.server, request.port),
  ];
}

/** The records of a response that grants. */
export function grantRecords(grant: KeGrant): readonly KeRecord[] {
  return [
    record(KE_RECORDS.nextProtocol, encodeNumbers([NTPV4])),
    record(KE_RECORDS.aead, encodeNumbers([grant.aead.id])),
    ...exporterRecord(grant.compliantExporter),
    ...serverRecords(grant.server, grant.port === NTP_PORT ? null : grant.port),
    ...grant.cookies.map((cookie) => record(KE_RECORDS.newCookie, cookie)),
  ];
}

/** The records of a response that grants nothing, since nothing of what was offered is spoken here. */
export function nothingRecords(protocol: "spoken" | "unspoken"): readonly KeRecord[] {
  return protocol === "unspoken"
    ? [record(KE_RECORDS.nextProtocol, encodeNumbers([]))]
    : [record(KE_RECORDS.nextProtocol, encodeNumbers([NTPV4])), record(KE_RECORDS.aead, encodeNumbers([]))];
}

/** The records of a response that says an error. */
export function errorRecords(code: KeErrorCode): readonly KeRecord[] {
  return [record(KE_RECORDS.error, encodeNumbers([code]))];
}

/** Reads a client's request. */
export function readKeRequest(records: readonly KeRecord[]): KeQuestion {
  const fault = faultOf(records, "request");
  if (fault !== null) {
    const unknown = fault.why === "unknownCritical";
    return { kind: "bad", code: unknown ? KE_ERRORS.unrecognizedCritical : KE_ERRORS.badRequest };
  }
  const protocols = numbersOf(records, KE_RECORDS.nextProtocol);
  const aeads = numbersOf(records, KE_RECORDS.aead);
  const server = serverOf(records);
  // The AEADs may be missing only where NTPv4 is not offered (RFC 8915 §4.1.5).
  const lacking = protocols.length === 0 || (protocols.includes(NTPV4) && aeads.length === 0);
  if (lacking || server === "malformed") return { kind: "bad", code: KE_ERRORS.badRequest };
  const port = numbersOf(records, KE_RECORDS.port)[0] ?? null;
  const compliantExporter = has(records, KE_RECORDS.compliantExporter);
  return { kind: "request", request: { protocols, aeads, server: server?.name ?? null, port, compliantExporter } };
}

/**
 * Reads a server's response.
 * @param offered the AEADs of the request: another is not taken
 */
export function readKeResponse(records: readonly KeRecord[], offered: readonly number[]): KeAnswer {
  const fault = faultOf(records, "response") ?? saidOf(records);
  if (fault !== null) return fault;
  if (!numbersOf(records, KE_RECORDS.nextProtocol).includes(NTPV4)) return failed("protocol", KE_RECORDS.nextProtocol);
  const aead = chosenOf(records, offered);
  if (aead === null) return failed("aead", KE_RECORDS.aead);
  const cookies = records.filter(({ type }) => type === KE_RECORDS.newCookie).map(({ body }) => body);
  if (cookies.length === 0) return failed("cookies", KE_RECORDS.newCookie);
  const server = serverOf(records);
  if (server === "malformed") return failed("server", KE_RECORDS.server);
  const port = numbersOf(records, KE_RECORDS.port)[0] ?? NTP_PORT;
  if (port === 0) return failed("record", KE_RECORDS.port);
  const compliantExporter = has(records, KE_RECORDS.compliantExporter);
  return { kind: "granted", grant: { aead, cookies, server: server?.name ?? null, port, compliantExporter } };
}

/**
 * The first AEAD of a client's list that is ours.
 * @returns `null` when none is
 */
export function chooseAead(offered: readonly number[]): AeadRow | null {
  return offered.map(aeadNumbered).find((row) => row !== null) ?? null;
}

/** The AEAD whose cookies are the shortest: two thirds of the others'. */
export const SHORTEST_AEAD = 30;

/** Every AEAD of ours, that one first. */
export const SHORTEST_FIRST: readonly number[] = [
  SHORTEST_AEAD,
  ...AEADS.flatMap(({ id }) => (id === SHORTEST_AEAD ? [] : id)),
];

/** Every AEAD of ours, as a request offers them: the mandatory one first. */
export const OFFERED_AEADS: readonly number[] = AEADS.map(({ id }) => id);

/**
 * The context of the TLS exporter for one direction's key (RFC 8915 §5.1). Where AES-128-GCM-SIV was agreed on without the
 * record for it, the keys are derived as chrony did first: under the number of AES-SIV-CMAC-256.
 */
export function exporterContext(
  { aead, compliantExporter }: Pick<KeGrant, "aead" | "compliantExporter">,
  direction: "c2s" | "s2c",
): Uint8Array {
  const id = aead.name === "AES-128-GCM-SIV" && !compliantExporter ? MANDATORY_AEAD : aead.id;
  return Uint8Array.of(...encodeNumbers([NTPV4, id]), direction === "c2s" ? 0 : 1);
}

const MANDATORY_AEAD = 15;

function record(type: number, body: Uint8Array): KeRecord {
  // The AEADs' record may be critical or not; chrony and NTPsec set the bit, and so do we.
  const critical = type === KE_RECORDS.aead || RECORDS.some((row) => row.type === type && row.critical);
  return { critical, type, body };
}

function exporterRecord(compliant: boolean): readonly KeRecord[] {
  return compliant ? [record(KE_RECORDS.compliantExporter, new Uint8Array(0))] : [];
}

function serverRecords(server: string | null, port: number | null): readonly KeRecord[] {
  return [
    ...(server === null ? [] : [record(KE_RECORDS.server, new TextEncoder().encode(server))]),
    ...(port === null ? [] : [record(KE_RECORDS.port, encodeNumbers([port]))]),
  ];
}

type Failed = Extract<KeAnswer, { kind: "failed" }>;

function failed(why: KeFailure, type: number | null, code: number | null = null): Failed {
  return { kind: "failed", why, type, code };
}

/** What the table finds wrong. A response that says an error or a warning need have nothing else. */
function faultOf(records: readonly KeRecord[], message: "request" | "response"): Failed | null {
  const seen = new Map<number, number>();
  for (const { type, critical, body } of records) {
    const row = RECORDS.find((known) => known.type === type);
    if (row === undefined && critical) return failed("unknownCritical", type);
    if (row === undefined) continue;
    const times = (seen.get(type) ?? 0) + 1;
    seen.set(type, times);
    const wrong = (row.critical && !critical) || !row.body(body) || times > MOST[row[message]];
    if (wrong) return failed("record", type);
  }
  if (seen.has(KE_RECORDS.error) || seen.has(KE_RECORDS.warning)) return null;
  const missing = RECORDS.find((row) => row[message] === "once" && !seen.has(row.type));
  return missing === undefined ? null : failed("record", missing.type);
}

const MOST: Readonly<Record<Times, number>> = { never: 0, once: 1, atMostOnce: 1, any: Infinity };

/** The error or warning that a response says. */
function saidOf(records: readonly KeRecord[]): Failed | null {
  for (const [why, type] of [
    ["error", KE_RECORDS.error],
    ["warning", KE_RECORDS.warning],
  ] as const) {
    const code = numbersOf(records, type)[0];
    if (code !== undefined) return failed(why, type, code);
  }
  return null;
}

function chosenOf(records: readonly KeRecord[], offered: readonly number[]): AeadRow | null {
  const [chosen, ...others] = numbersOf(records, KE_RECORDS.aead);
  if (chosen === undefined || others.length > 0 || !offered.includes(chosen)) return null;
  return aeadNumbered(chosen);
}

function has(records: readonly KeRecord[], type: number): boolean {
  return records.some((candidate) => candidate.type === type);
}

function numbersOf(records: readonly KeRecord[], type: number): readonly number[] {
  const found = records.find((candidate) => candidate.type === type);
  return found === undefined ? [] : (readNumbers(found.body) ?? []);
}

/** The server that is named, without the dot of a full name; `null` when none is. */
function serverOf(records: readonly KeRecord[]): { readonly name: string } | "malformed" | null {
  const found = records.find(({ type }) => type === KE_RECORDS.server);
  if (found === undefined) return null;
  const name = new TextDecoder("latin1").decode(found.body).replace(/\.$/, "");
  return SERVER_NAME.test(name) && !isNoHost(name) ? { name } : "malformed";
}

/** What an address or a name is made of, and no zone (RFC 8915 §4.1.7): it is shown, and looked up, as it stands. */
const SERVER_NAME = /^[0-9A-Za-z_.:-]{1,253}$/;

/** A cookie is whatever its server likes, and longer than nothing: where it is no row of whole words, the field pads it. */
function isCookie(body: Uint8Array): boolean {
  return body.length > 0 && body.length <= MAX_COOKIE;
}
