/**
 * The JSON Schemas of the documents, drawn from the same tables as the documents themselves. `npm run docs` writes them
 * to `schemas/`.
 */
import { REASONS, TALLIES, type Reason, type Verdict } from "../association/verdict.ts";
import { OUTCOMES, type Outcome } from "../engine/port/outcome.ts";
import { ESTABLISH_FAULTS, type EstablishFault } from "../engine/port/establish.ts";
import type {
  AssociationReport,
  ClockReport,
  FrequencyReport,
  NtsReport,
  SystemReport,
} from "../engine/port/snapshot.ts";
import { AUTOKEY_FAULTS, type AutokeyFault } from "../security/autokey/faults.ts";
import type { DanceReport } from "../security/security.ts";
import { LEAPS, MODES } from "../wire/header.ts";
import { schemaName, type AssociationDocument, type FailureDocument, type RunDocument } from "./document.ts";
import { HOST_FAULTS, RESOLVE_FAULTS } from "./explain.ts";
import { CLOCK_FAULTS } from "./notes.ts";

declare const VALUES: unique symbol;

/**
 * A JSON Schema (draft 2020-12), as plain data, that lets every value of a type through. A schema of a record has each of the
 * type's fields and no others, or it does not compile: so documents and their schemas cannot drift apart.
 */
export interface Schema<in Value = never> {
  readonly [keyword: string]: unknown;
  /** Only for the compiler. */
  readonly [VALUES]: (value: Value) => void;
}

/** A field that may be absent. */
export interface Optional<in Value> {
  readonly optional: Schema<Value>;
}

/** A schema by its keywords. */
export function keywords<Value>(plain: Readonly<Record<string, unknown>>): Schema<Value> {
  return plain as Schema<Value>;
}

/** Any text. */
export const text: Schema<string> = keywords({ type: "string" });
/** True or false. */
export const flag: Schema<boolean> = keywords({ type: "boolean" });
/** A number. */
export const amount: Schema<number> = keywords({ type: "number" });
/** A value, or null where it is not known. */
export const maybe = <Value>(schema: Schema<Value>): Schema<Value | null> =>
  keywords({ anyOf: [schema, { type: "null" }] });
/** A list. */
export const list = <Item>(items: Schema<Item>): Schema<readonly Item[]> => keywords({ type: "array", items });
/** One of some words. */
export const oneOf = <Word extends string>(names: readonly Word[]): Schema<NoInfer<Word>> =>
  keywords({ type: "string", enum: names });
/** A field that may be absent. */
export const optional = <Value>(schema: Schema<Value>): Optional<Value> => ({ optional: schema });
/** A whole number. */
export const integer = (minimum: number, maximum?: number): Schema<number> =>
  keywords({ type: "integer", minimum, ...(maximum === undefined ? {} : { maximum }) });
export const seconds = (description: string): Schema<number> =>
  keywords({ type: "number", description: `${description}, seconds` });
export const instant: Schema<string> = keywords({
  type: "string",
  pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$",
  description: "ISO 8601 UTC",
});

/** The schemas of a record's fields: every one of them, those that may be absent as such. */
export type Fields<Shape> = {
  readonly [Name in keyof Shape]-?: undefined extends Shape[Name]
    ? Optional<Exclude<Shape[Name], undefined>>
    : Schema<Shape[Name]>;
};

/**
 * An object with exactly these properties.
 * @typeParam Shape the type of the documents; it must be named, or nothing compiles
 */
export function record<Shape = never>(fields: Fields<NoInfer<Shape>>): Schema<NoInfer<Shape>> {
  const all = Object.entries(fields) as [string, Schema | Optional<never>][];
  return keywords({
    type: "object",
    properties: Object.fromEntries(all.map(([name, field]) => [name, isOptional(field) ? field.optional : field])),
    required: all.filter(([, field]) => !isOptional(field)).map(([name]) => name),
    additionalProperties: false,
  });
}

function isOptional(field: Schema | Optional<never>): field is Optional<never> {
  return "optional" in field;
}

/** An object whose documents have no type of their own. */
export function plain(properties: Readonly<Record<string, Schema>>): Schema<object> {
  return keywords({ type: "object", properties, required: Object.keys(properties), additionalProperties: false });
}

/** Readers must bear additions, so the documents' own level is open. */
export function open<Value>(schema: Schema<Value>): Schema<Value> {
  const { additionalProperties: _closed, ...rest } = schema;
  return keywords(rest);
}

/** What became of the clock. */
export const CLOCK: Schema<ClockReport> = record<ClockReport>({
  offset: maybe(seconds("server − local, positive when the local clock is behind")),
  uncertainty: maybe(seconds("how far the offset may be wrong")),
  jitter: maybe(seconds("RMS of the offset differences")),
  direction: maybe(oneOf(["behind", "ahead", "exact"])),
  action: oneOf(["none", "step", "slew", "refused"]),
  applied: { ...flag, description: "true once the kernel has accepted the change" },
  reason: maybe(
    oneOf([
      "dry-run",
      "query",
      "panic",
      "max-step",
      "uncertain",
      "no-agreement",
      "other-daemon",
      ...(Object.keys(CLOCK_FAULTS) as (keyof typeof CLOCK_FAULTS)[]),
    ]),
  ),
  lasting: maybe(seconds("how long a slew takes")),
  frequency: optional(
    maybe(
      record<FrequencyReport>({
        correction: { ...amount, description: "what corrects the clock's rate, s/s, as runs have learned it" },
        deviation: { ...amount, description: "standard deviation of that, s/s" },
        applied: { ...flag, description: "this run has set it" },
      }),
    ),
  ),
  moved: optional(
    seconds("where it was refused: what it was stepped by before, which counts towards the panic threshold"),
  ),
});

/** Where intervals overlap, or one of them. */
export const INTERVAL: Schema<SystemReport["intersection"]> = maybe(
  record<{ low: number; high: number }>({ low: seconds("least offset"), high: seconds("greatest offset") }),
);

/** The fields of the system variables, for those that tell more. */
export const SYSTEM_FIELDS: Fields<SystemReport> = {
  leap: oneOf(LEAPS),
  stratum: { ...integer(1, 16), description: "the system peer's plus one; 16: none" },
  refid: maybe(text),
  rootDelay: maybe(seconds("round trip to the primary source")),
  rootDispersion: maybe(seconds("error bound from the primary source")),
  rootDistance: maybe(seconds("half the width of the correctness interval")),
  systemPeer: maybe({ ...integer(1), description: "the id of an association" }),
  survivors: integer(0),
  truechimers: integer(0),
  falsetickers: integer(0),
  intersection: INTERVAL,
};

/** The system variables. */
export const SYSTEM: Schema<SystemReport> = record<SystemReport>(SYSTEM_FIELDS);

/** How far a dance under Autokey has come. */
export const DANCE: Schema<DanceReport> = open(
  record<DanceReport>({
    status: { ...integer(0, 0xffff_ffff), description: "the status word, ntpd's bits; 0: it has said nothing yet" },
    host: maybe({ ...text, description: "the server's name" }),
    ident: maybe({ ...text, description: "the group that it has to be of; null: any" }),
    signature: maybe({ ...text, description: "the name of its signature scheme" }),
    fault: maybe(oneOf(Object.keys(AUTOKEY_FAULTS) as AutokeyFault[])),
    trail: list(
      record<DanceReport["trail"][number]>({
        subject: text,
        issuer: text,
        until: { ...integer(0), description: "when it expires, Unix seconds" },
      }),
    ),
  }),
);

/** The fields of an association, for those that tell more. */
export const ASSOCIATION_FIELDS: Fields<AssociationDocument> = {
  id: integer(1),
  name: text,
  address: maybe({ ...text, description: "IP literal; null while unresolved" }),
  port: { ...integer(1, 65_535), description: "UDP port" },
  mode: oneOf(MODES.slice(1)),
  lifetime: oneOf(["persistent", "preemptable", "ephemeral"]),
  tally: oneOf<string>([...new Set(Object.values(TALLIES))]),
  verdict: oneOf(Object.keys(TALLIES) as Verdict[]),
  reason: maybe(oneOf(Object.keys(REASONS) as Reason[])),
  version: maybe(integer(1, 7)),
  leap: maybe(oneOf(LEAPS)),
  stratum: maybe(integer(0, 255)),
  refid: maybe({ ...text, description: "as ntpq shows it" }),
  poll: { ...integer(-128, 127), description: "log₂ seconds" },
  reach: { ...integer(0, 255), description: "the last eight polls, one bit each" },
  unreach: { ...integer(0), description: "polls since the last answer" },
  offset: maybe(seconds("server − local")),
  delay: maybe(seconds("round trip")),
  dispersion: maybe(seconds("error bound")),
  jitter: maybe(seconds("RMS of the offset differences")),
  rootDelay: maybe(seconds("the server's, to its primary source")),
  rootDispersion: maybe(seconds("the server's")),
  rootDistance: maybe(seconds("half the width of the correctness interval")),
  precision: maybe({ ...integer(-128, 127), description: "log₂ seconds" }),
  authentication: oneOf(["none", "ok", "failed", "nak"]),
  security: oneOf(["none", "key", "nts", "autokey"]),
  keyId: maybe(integer(1, 0xffff_ffff)),
  nts: optional(
    open(
      record<NtsReport>({
        cookies: { ...integer(0, 8), description: "cookies in hand" },
        age: maybe(seconds("since the keys were established")),
        server: maybe({ ...text, description: "the NTP server's name that was negotiated" }),
        certified: optional({
          ...text,
          description: "the name or address that the certificate of one that was found is for",
        }),
        until: maybe({ ...instant, description: "when the certificate expires by which they were" }),
        kept: { ...flag, description: "an earlier run has left them" },
        reduced: maybe({
          ...oneOf(["placeholders", "aead"]),
          description: "longer requests were lost on the way, and are made shorter by this",
        }),
        attempts: { ...integer(0), description: "handshakes since keys have last proved good" },
        fault: maybe(
          open(
            record<NonNullable<NtsReport["fault"]>>({
              step: oneOf(["tcp", "tls", "alpn", "certificate", "records", "dns"]),
              name: oneOf(Object.keys(ESTABLISH_FAULTS) as EstablishFault[]),
              detail: maybe(text),
            }),
          ),
        ),
      }),
    ),
  ),
  autokey: optional(DANCE),
  kiss: maybe({ ...text, description: "the kiss code last received" }),
  timestamps: maybe(oneOf(["kernel", "user"])),
  packets: record<AssociationReport["packets"]>({ sent: integer(0), received: integer(0), rejected: integer(0) }),
  flash: { ...integer(0, 0xffff), description: "ntpd's flash bits" },
  reference: maybe(instant),
  unreachable: maybe(
    oneOf([...Object.keys(HOST_FAULTS), ...Object.keys(RESOLVE_FAULTS)] as (
      | keyof typeof HOST_FAULTS
      | keyof typeof RESOLVE_FAULTS
    )[]),
  ),
  when: maybe(seconds("since the last valid packet")),
  ttl: optional({ ...integer(1, 255), description: "the ring that found it, hops; absent unless one did" }),
  group: optional({
    ...text,
    description: "the group or broadcast address it was found by; absent unless it was",
  }),
};

/** One association. */
export const ASSOCIATION: Schema<AssociationDocument> = record<AssociationDocument>(ASSOCIATION_FIELDS);

/** What went wrong. */
export const ERROR: Schema<FailureDocument> = record<FailureDocument>({
  code: oneOf(Object.keys(OUTCOMES) as Outcome[]),
  message: text,
  hint: maybe(text),
});

/** One of the exit codes of the contract. */
export const EXIT_CODE: Schema<number> = keywords({
  type: "integer",
  enum: [...new Set(Object.values(OUTCOMES).map(({ exitCode }) => exitCode))],
});

/** What every document has. */
type Envelope = "schema" | "ok" | "exitCode" | "error";

/**
 * A document's schema: what every one has, and what this one carries; a failed one may have less.
 * @typeParam Document the type of the documents; what must be there when all went well is what it cannot do without
 */
export function documentSchema<Document = never>(command: string, fields: Fields<Omit<Document, Envelope>>): Schema {
  return enveloped(command, record<Omit<Document, Envelope>>(fields));
}

/** The same of an object's schema. */
export function enveloped(command: string, { properties, required }: Schema): Schema {
  return keywords({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaName(command),
    title: `The JSON document of ntpkit ${command}`,
    type: "object",
    properties: {
      schema: { const: schemaName(command) },
      ok: flag,
      exitCode: EXIT_CODE,
      error: ERROR,
      ...(properties as object),
    },
    required: ["schema", "ok", "exitCode"],
    if: { properties: { ok: { const: true } } },
    // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
    then: { required, properties: { exitCode: { const: 0 } } },
    else: { required: ["error"] },
  });
}

/** The fields of a run's document, for those that tell more. */
export const RUN_FIELDS: Fields<Omit<RunDocument, Envelope>> = {
  startedAt: maybe({ ...instant, description: "by the local clock, ISO 8601 UTC" }),
  elapsed: seconds("by the steady clock"),
  clock: open(CLOCK),
  system: open(SYSTEM),
  associations: list(open(ASSOCIATION)),
};

/** The schema of a run's document: `sync`, `query`, `demo`. */
export function runSchema(command: string): Schema {
  return documentSchema<RunDocument>(command, RUN_FIELDS);
}

/** The schema of `keygen`'s document. */
export function keygenSchema(): Schema {
  return keywords({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaName("keygen"),
    title: "The JSON document of ntpkit keygen",
    type: "object",
    properties: {
      schema: { const: schemaName("keygen") },
      ok: flag,
      exitCode: integer(0, 255),
      error: ERROR,
      file: maybe({ ...text, description: "where the keys were written; null: they are in `text`" }),
      keys: list(open(plain({ id: integer(1, 65_535), algorithm: text }))),
      text: maybe({ ...text, description: "the key file's text, when it was not written to a file" }),
      files: { ...list(text), description: "with --autokey, the files that were written into the folder `file`" },
    },
    required: ["schema", "ok", "exitCode"],
  });
}
