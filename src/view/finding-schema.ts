/** The JSON Schemas of `pool`, `manycast`, `broadcast` and `serve`, drawn from the same tables as the documents. */
import { REASONS } from "../association/verdict.ts";
import { DISPOSITIONS, noCounts, tallyOf } from "../server/disposition.ts";
import { OUTCOMES } from "../engine/port/outcome.ts";
import { schemaName } from "./document.ts";
import { flag, instant, integer, maybe, oneOf, open, record, runSchema, seconds, text, type Schema } from "./schema.ts";

/** The schemas by name. */
export function findingSchemas(): Readonly<Record<string, Schema>> {
  return { pool: poolSchema(), manycast: manycastSchema(), broadcast: broadcastSchema(), serve: serveSchema() };
}

const REFUSED: Schema = {
  type: "object",
  additionalProperties: integer(1),
  description: "packets that nobody claims so far, by the reason they were refused for",
};

function poolSchema(): Schema {
  return extended("pool", {
    resolved: { type: "array", items: record({ name: text, addresses: { type: "array", items: text } }) },
    unresolved: {
      type: "array",
      items: open(record({ name: text, why: text })),
      description: "names without an address",
    },
    notDrawn: {
      type: "array",
      items: open(record({ name: text, address: text, port: integer(1, 65_535), why: text })),
      description: "with --follow: addresses that gave nothing when they were last asked, and why",
    },
    warnings: {
      type: "array",
      items: open(record({ code: oneOf(["sharedUpstream", "mixedSmear", "refidLoop", "ipv4Pool"]), text })),
    },
  });
}

function manycastSchema(): Schema {
  const ring = record({
    group: text,
    ttl: { ...integer(1, 255), description: "hops" },
    sentAt: maybe(instant),
    replies: integer(0),
  });
  return extended("manycast", {
    group: { anyOf: [text, { type: "array", items: text }], description: "the group; a list where there are several" },
    refused: REFUSED,
    rings: { type: "array", items: open(ring), description: "in the order in which they were asked" },
  });
}

/** A document of a run with more in it; a failed one may have less. */
function extended(command: string, properties: Readonly<Record<string, Schema>>): Schema {
  const base = runSchema(command);
  const then = base["then"] as { readonly required: readonly string[] };
  return {
    ...base,
    properties: { ...(base["properties"] as object), ...properties },
    // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
    then: { ...then, required: [...then.required, ...Object.keys(properties)] },
  };
}

function broadcastSchema(): Schema {
  return lines("broadcast", ["mobilized", "volley", "sample", "rejected", "demobilized"], {
    at: maybe({ ...instant, description: "by the local clock" }),
    address: { ...text, description: "the server's" },
    port: integer(1, 65_535),
    group: maybe({ ...text, description: "where its packets are sent to; null: not known" }),
    keyId: maybe(integer(1, 0xffff_ffff)),
    authentication: oneOf(["none", "ok", "failed", "nak"]),
    stratum: maybe(integer(0, 255)),
    refid: maybe(text),
    offset: maybe(seconds("server − local; of a rejected one, what its packet says")),
    delay: maybe(seconds("round trip")),
    reason: maybe(oneOf(Object.keys(REASONS))),
    refused: REFUSED,
  });
}

function serveSchema(): Schema {
  const run = runSchema("serve")["properties"] as Readonly<Record<string, Schema>>;
  const kinds = Object.keys(tallyOf(noCounts()));
  return lines("serve", ["listening", "source", "counts", "stopped"], {
    at: maybe({ ...instant, description: "by the local clock" }),
    listening: open(
      record({
        port: integer(1, 65_535),
        address: maybe(text),
        groups: { type: "array", items: text },
        broadcasts: { type: "array", items: text },
      }),
    ),
    served: open(record({ synchronized: flag, stratum: integer(1, 16), refid: text })),
    clock: run["clock"]!,
    system: run["system"]!,
    clients: { ...integer(0), description: "clients that are remembered" },
    packets: open(record(Object.fromEntries(kinds.map((kind) => [kind, integer(0)])))),
    causes: record(
      Object.fromEntries(
        Object.entries(DISPOSITIONS).map(([name, { text: meaning }]) => [
          name,
          { ...integer(0), description: meaning },
        ]),
      ),
      Object.keys(DISPOSITIONS),
    ),
  });
}

/** One document a line: an event, or the failure that ended the run. */
function lines(command: string, events: readonly string[], properties: Readonly<Record<string, Schema>>): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaName(command),
    title: `One line of ntpkit ${command} --json`,
    type: "object",
    properties: {
      schema: { const: schemaName(command) },
      event: oneOf(events),
      ...properties,
      ok: flag,
      exitCode: integer(0, 255),
      error: record({ code: oneOf(Object.keys(OUTCOMES)), message: text, hint: maybe(text) }),
    },
    required: ["schema"],
    if: { properties: { ok: { const: false } }, required: ["ok"] },
    // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
    then: { required: ["exitCode", "error"] },
    else: { required: ["event", ...Object.keys(properties)] },
  };
}
