/**
 * The JSON Schemas of the documents, drawn from the same tables as the documents themselves. `npm run docs` writes them
 * to `schemas/`.
 */
import { REASONS, TALLIES } from "../association/verdict.ts";
import { OUTCOMES } from "../engine/port/outcome.ts";
import { LEAPS, MODES } from "../wire/header.ts";
import { schemaName } from "./document.ts";
import { HOST_FAULTS, RESOLVE_FAULTS } from "./explain.ts";
import { CLOCK_FAULTS } from "./notes.ts";

/** A JSON Schema (draft 2020-12), as plain data. */
export type Schema = { readonly [keyword: string]: unknown };

/** Any text. */
export const text: Schema = { type: "string" };
/** True or false. */
export const flag: Schema = { type: "boolean" };
/** A value, or null where it is not known. */
export const maybe = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
/** One of some words. */
export const oneOf = (names: readonly string[]): Schema => ({ type: "string", enum: names });
/** A whole number. */
export const integer = (minimum: number, maximum?: number): Schema => ({
  type: "integer",
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
});
export const seconds = (description: string): Schema => ({ type: "number", description: `${description}, seconds` });
export const instant: Schema = {
  type: "string",
  pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$",
  description: "ISO 8601 UTC",
};

/** An object with exactly these properties; all but `optional` are required. */
export function record(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return {
    type: "object",
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: false,
  };
}

/** Readers must bear additions, so the documents' own level is open. */
export function open(schema: Schema): Schema {
  const { additionalProperties: _closed, ...rest } = schema;
  return rest;
}

const CLOCK: Schema = record(
  {
    offset: maybe(seconds("server − local, positive when the local clock is behind")),
    uncertainty: maybe(seconds("how far the offset may be wrong")),
    jitter: maybe(seconds("RMS of the offset differences")),
    direction: maybe(oneOf(["behind", "ahead", "exact"])),
    action: oneOf(["none", "step", "slew", "refused"]),
    applied: { ...flag, description: "true once the kernel has accepted the change" },
    reason: maybe(
      oneOf(["dry-run", "query", "panic", "max-step", "no-agreement", "other-daemon", ...Object.keys(CLOCK_FAULTS)]),
    ),
    lasting: maybe(seconds("how long a slew takes")),
    frequency: maybe(
      record({
        correction: { type: "number", description: "what corrects the clock's rate, s/s, as runs have learned it" },
        deviation: { type: "number", description: "standard deviation of that, s/s" },
        applied: { ...flag, description: "this run has set it" },
      }),
    ),
    moved: seconds("where it was refused: what it was stepped by before, which counts towards the panic threshold"),
  },
  ["frequency", "moved"],
);

/** The system variables. */
export const SYSTEM: Schema = record({
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
  intersection: maybe(record({ low: seconds("least offset"), high: seconds("greatest offset") })),
});

/** One association. */
export const ASSOCIATION: Schema = record(
  {
    id: integer(1),
    name: text,
    address: maybe({ ...text, description: "IP literal; null while unresolved" }),
    port: { ...integer(1, 65_535), description: "UDP port" },
    mode: oneOf(MODES.slice(1)),
    lifetime: oneOf(["persistent", "preemptable", "ephemeral"]),
    tally: oneOf([...new Set(Object.values(TALLIES))]),
    verdict: oneOf(Object.keys(TALLIES)),
    reason: maybe(oneOf(Object.keys(REASONS))),
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
    kiss: maybe({ ...text, description: "the kiss code last received" }),
    timestamps: maybe(oneOf(["kernel", "user"])),
    packets: record({ sent: integer(0), received: integer(0), rejected: integer(0) }),
    flash: { ...integer(0, 0xffff), description: "ntpd's flash bits" },
    reference: maybe(instant),
    unreachable: maybe(oneOf([...Object.keys(HOST_FAULTS), ...Object.keys(RESOLVE_FAULTS)])),
    when: maybe(seconds("since the last valid packet")),
    ttl: { ...integer(1, 255), description: "the ring that found it, hops; absent unless one did" },
    group: { ...text, description: "the group or broadcast address it was found by; absent unless it was" },
  },
  ["ttl", "group"],
);

/** What went wrong. */
export const ERROR: Schema = record({ code: oneOf(Object.keys(OUTCOMES)), message: text, hint: maybe(text) });

/** The schema of a run's document: `sync`, `query`, `demo`. */
export function runSchema(command: string): Schema {
  const properties = {
    schema: { const: schemaName(command) },
    ok: flag,
    exitCode: { type: "integer", enum: [...new Set(Object.values(OUTCOMES).map(({ exitCode }) => exitCode))] },
    error: ERROR,
    startedAt: maybe({ ...instant, description: "by the local clock, ISO 8601 UTC" }),
    elapsed: seconds("by the steady clock"),
    clock: open(CLOCK),
    system: open(SYSTEM),
    associations: { type: "array", items: open(ASSOCIATION) },
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaName(command),
    title: `The JSON document of ntpkit ${command}`,
    type: "object",
    properties,
    required: ["schema", "ok", "exitCode"],
    if: { properties: { ok: { const: true } } },
    // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
    then: {
      required: ["startedAt", "elapsed", "clock", "system", "associations"],
      properties: { exitCode: { const: 0 } },
    },
    else: { required: ["error"] },
  };
}

/** The schema of `keygen`'s document. */
export function keygenSchema(): Schema {
  return {
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
      keys: { type: "array", items: open(record({ id: integer(1, 65_535), algorithm: text })) },
      text: maybe({ ...text, description: "the key file's text, when it was not written to a file" }),
    },
    required: ["schema", "ok", "exitCode"],
  };
}
