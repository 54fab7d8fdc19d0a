/** The documents of `decode`: a line of JSON a packet, or one for the whole capture; and their schemas. */
import { parseVariables, textOf, unquoted } from "../control/variables.ts";
import type { Decoded } from "../decode/decoded.ts";
import { namedFields, type NamedField } from "../decode/fields.ts";
import type { CaptureSummary } from "../decode/summary.ts";
import { VERDICTS, type DecodeVerdict } from "../decode/verdict.ts";
import { toIso, unixToIso, type NtpTimestamp, type UnixNanoseconds } from "../time/timestamp.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Address } from "../wire/address.ts";
import type { AutokeyField } from "../wire/autokey.ts";
import { controlError, type Control } from "../wire/control.ts";
import { LEAPS, MODES, type Header, type Leap, type Mode } from "../wire/header.ts";
import { refidText } from "../wire/refid.ts";
import { head, type Head } from "./daemon-document.ts";
import { operationName } from "./decode-line.ts";
import { schemaName, type FailureDocument } from "./document.ts";
import {
  amount,
  documentSchema,
  flag,
  instant,
  integer,
  INTERVAL,
  keywords,
  list,
  maybe,
  oneOf,
  open,
  record,
  seconds,
  text,
  type Schema,
} from "./schema.ts";

/** An end of a packet's way. */
interface PlaceDocument {
  readonly address: string;
  readonly port: number;
}

/** The MAC of a packet. */
interface MacDocument {
  readonly keyId: number;
  readonly algorithm: string | null;
  readonly verified: boolean | null;
}

/** An extension field. */
interface FieldDocument extends Omit<NamedField, "autokey"> {
  readonly autokey?: AutokeyField;
}

/** A control message. */
interface ControlDocument {
  readonly operation: string;
  readonly response: boolean;
  readonly error: string | null;
  readonly more: boolean;
  readonly sequence: number;
  readonly status: number;
  readonly association: number;
  /** Of the whole response, in the document of the fragment that completes it. */
  readonly variables: Readonly<Record<string, string>> | null;
}

/** A packet, a line of `decode --json`. */
export interface DecodeDocument {
  readonly schema: string;
  readonly packet: number;
  readonly at: string | null;
  readonly from: PlaceDocument;
  readonly to: PlaceDocument;
  readonly version: number | null;
  readonly mode: Mode | null;
  readonly leap: Leap | null;
  readonly stratum: number | null;
  readonly poll: number | null;
  readonly precision: number | null;
  readonly rootDelay: Seconds | null;
  readonly rootDispersion: Seconds | null;
  readonly refid: string | null;
  readonly reference: string | null;
  readonly origin: string | null;
  readonly receive: string | null;
  readonly transmit: string | null;
  readonly extensions: readonly FieldDocument[];
  readonly mac: MacDocument | null;
  readonly answers: number | null;
  readonly offset: Seconds | null;
  readonly delay: Seconds | null;
  readonly verdict: DecodeVerdict;
  readonly control: ControlDocument | null;
}

/** The document of `decode --summary`. */
export interface DecodeSummaryDocument extends Head, Omit<CaptureSummary, "first" | "last" | "sources"> {
  readonly first: string | null;
  readonly last: string | null;
  readonly sources: readonly (Omit<CaptureSummary["sources"][number], "referenceId"> & { readonly refid: string })[];
}

type HeaderPart = Pick<
  DecodeDocument,
  | "version"
  | "mode"
  | "leap"
  | "stratum"
  | "poll"
  | "precision"
  | "rootDelay"
  | "rootDispersion"
  | "refid"
  | "reference"
  | "origin"
  | "receive"
  | "transmit"
>;

const NO_HEADER: HeaderPart = {
  version: null,
  mode: null,
  leap: null,
  stratum: null,
  poll: null,
  precision: null,
  rootDelay: null,
  rootDispersion: null,
  refid: null,
  reference: null,
  origin: null,
  receive: null,
  transmit: null,
};

/**
 * The document of a packet.
 * @param now round what moment timestamps are unfolded where the capture does not say
 */
export function decodeDocument(decoded: Decoded, now: UnixNanoseconds): DecodeDocument {
  const { packet, at, from, to, message, answers, verdict } = decoded;
  const isPacket = message.kind === "ntp";
  return {
    schema: schemaName("decode"),
    packet,
    at: at === null ? null : unixToIso(at),
    from: placeDocument(from),
    to: placeDocument(to),
    ...headerPart(decoded, at ?? now),
    extensions: isPacket ? namedFields(message.packet.extensions).map(fieldDocument) : [],
    mac: macDocument(decoded),
    answers: answers?.packet ?? null,
    offset: answers?.offset ?? null,
    delay: answers?.delay ?? null,
    verdict,
    control: message.kind === "control" ? controlDocument(message.control, decoded.response) : null,
  };
}

function placeDocument({ ip, port }: Address): PlaceDocument {
  return { address: ip, port };
}

function headerPart({ message }: Decoded, pivot: UnixNanoseconds): HeaderPart {
  switch (message.kind) {
    case "ntp":
      return headerDocument(message.packet.header, pivot);
    case "control":
      return { ...NO_HEADER, version: message.control.version, mode: "control", leap: message.control.leap };
    case "private":
      return { ...NO_HEADER, version: message.message.version, mode: "private" };
    case "malformed":
      return NO_HEADER;
  }
}

function headerDocument(header: Header, pivot: UnixNanoseconds): HeaderPart {
  const { version, mode, leap, stratum, poll, precision, rootDelay, rootDispersion, referenceId } = header;
  const iso = (timestamp: NtpTimestamp): string | null => toIso(timestamp, pivot);
  return {
    version,
    mode,
    leap,
    stratum,
    poll,
    precision,
    rootDelay,
    rootDispersion,
    refid: refidText(stratum, referenceId),
    reference: iso(header.reference),
    origin: iso(header.origin),
    receive: iso(header.receive),
    transmit: iso(header.transmit),
  };
}

function fieldDocument({ autokey, ...field }: NamedField): FieldDocument {
  return autokey === null ? field : { ...field, autokey };
}

function macDocument({ message, verified, algorithm }: Decoded): MacDocument | null {
  const mac = message.kind === "ntp" ? message.packet.mac : message.kind === "control" ? message.control.mac : null;
  return mac === null ? null : { keyId: mac.keyId, algorithm, verified };
}

function controlDocument(control: Control, response: Uint8Array | null): ControlDocument {
  const { operation, error, more, sequence, status, association } = control;
  return {
    operation: operationName(operation),
    response: control.response,
    error: error ? controlError(status) : null,
    more,
    sequence,
    status,
    association,
    variables: response === null || response.length === 0 ? null : variablesOf(response),
  };
}

function variablesOf(data: Uint8Array): Readonly<Record<string, string>> {
  return Object.fromEntries(parseVariables(textOf(data)).map(({ name, value }) => [name, unquoted(value)]));
}

/** The document of a whole capture; it may have been damaged somewhere, which is its failure. */
export function summaryDocument(summary: CaptureSummary, failure: FailureDocument | null): DecodeSummaryDocument {
  const { first, last, sources, ...rest } = summary;
  return {
    ...head("decode-summary", failure),
    ...rest,
    first: first === null ? null : unixToIso(first),
    last: last === null ? null : unixToIso(last),
    sources: sources.map(({ referenceId, ...source }) => ({
      ...source,
      refid: refidText(source.stratum, referenceId),
    })),
  };
}

const VERDICT: Schema<DecodeVerdict> = oneOf(Object.keys(VERDICTS) as DecodeVerdict[]);
const PLACE: Schema<PlaceDocument> = open(record<PlaceDocument>({ address: text, port: integer(0, 65_535) }));
const REFID: Schema<string> = { ...text, description: "as ntpq prints it" };

const AUTOKEY: Schema<AutokeyField> = open(
  record<AutokeyField>({
    message: text,
    response: flag,
    error: flag,
    associationId: integer(0),
    timestamp: maybe({ ...integer(0), description: "NTP seconds of the era" }),
    filestamp: maybe(integer(0)),
  }),
);

const CONTROL: Schema<ControlDocument> = open(
  record<ControlDocument>({
    operation: text,
    response: flag,
    error: maybe(text),
    more: flag,
    sequence: integer(0, 65_535),
    status: integer(0, 65_535),
    association: integer(0, 65_535),
    variables: maybe(
      keywords<Readonly<Record<string, string>>>({
        type: "object",
        description: "of the whole response, with the fragment that completes it",
      }),
    ),
  }),
);

/** The schema of a line of `decode --json`. */
export function decodeSchema(): Schema {
  const line = open(
    record<DecodeDocument>({
      schema: keywords({ const: schemaName("decode") }),
      packet: { ...integer(1), description: "its number in the capture" },
      at: maybe({ ...instant, description: "when it was captured" }),
      from: PLACE,
      to: PLACE,
      version: maybe(integer(0, 7)),
      mode: maybe(oneOf(MODES)),
      leap: maybe(oneOf(LEAPS)),
      stratum: maybe(integer(0, 255)),
      poll: maybe(integer(-128, 127)),
      precision: maybe(integer(-128, 127)),
      rootDelay: maybe(seconds("Δ")),
      rootDispersion: maybe(seconds("Ε")),
      refid: maybe(REFID),
      reference: maybe(instant),
      origin: maybe(instant),
      receive: maybe(instant),
      transmit: maybe({ ...instant, description: "of a request it may be a cookie, and no time" }),
      extensions: list(
        open(
          record<FieldDocument>({
            type: integer(0, 65_535),
            name: maybe(text),
            length: { ...integer(0), description: "octets, type and length included" },
            autokey: { optional: AUTOKEY },
          }),
        ),
      ),
      mac: maybe(
        open(
          record<MacDocument>({
            keyId: integer(0),
            algorithm: maybe(text),
            verified: maybe({ ...flag, description: "null: its key is not at hand" }),
          }),
        ),
      ),
      answers: maybe({ ...integer(1), description: "the number of the packet it answers" }),
      offset: maybe(seconds("server − client, as the client saw it")),
      delay: maybe(seconds("round trip")),
      verdict: VERDICT,
      control: maybe(CONTROL),
    }),
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaName("decode"),
    title: "The JSON document of a packet, a line of ntpkit decode --json",
    ...line,
  };
}

type Item<List> = List extends readonly (infer One)[] ? One : never;

/** The schema of the document of `decode --summary --json`. */
export function decodeSummarySchema(): Schema {
  return documentSchema<DecodeSummaryDocument>("decode-summary", {
    packets: integer(0),
    first: maybe(instant),
    last: maybe(instant),
    verdicts: keywords({ type: "object", description: "packets by verdict" }),
    pairs: list(
      open(
        record<Item<DecodeSummaryDocument["pairs"]>>({
          client: text,
          server: text,
          requests: integer(0),
          answers: integer(0),
          bad: { ...integer(0), description: "answers that a client would refuse" },
          interval: maybe(
            record<{ least: number; median: number }>({ least: seconds("least"), median: seconds("median") }),
          ),
          kisses: keywords({ type: "object", description: "by code" }),
          ignored: { ...integer(0), description: "requests against a kiss" },
          hasty: { ...flag, description: "it asks more often than every 8 s on average" },
        }),
      ),
    ),
    sources: list(
      open(
        record<Item<DecodeSummaryDocument["sources"]>>({
          address: text,
          stratum: integer(0, 255),
          refid: REFID,
          offset: maybe(seconds("server − capturing clock")),
          bound: maybe(seconds("how far that may be wrong")),
          agrees: maybe({ ...flag, description: "with most; null: not known" }),
        }),
      ),
    ),
    intersection: INTERVAL,
    reflections: list(
      open(
        record<Item<DecodeSummaryDocument["reflections"]>>({
          victim: text,
          server: text,
          requests: integer(0),
          answers: integer(0),
          factor: maybe({ ...amount, description: "octets answered for one asked" }),
        }),
      ),
    ),
    unlisted: integer(0),
  });
}
