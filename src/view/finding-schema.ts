/** The JSON Schemas of `pool`, `manycast`, `broadcast` and `serve`, drawn from the same tables as the documents. */
import { REASONS, type Reason } from "../association/verdict.ts";
import { DISPOSITIONS, noCounts, tallyOf, type Counts, type Tally } from "../server/disposition.ts";
import type { BroadcastEvent } from "./broadcast.ts";
import { schemaName } from "./document.ts";
import type { ManycastDocument, PoolDocument, SetWarning } from "./finding.ts";
import {
  CLOCK,
  DANCE,
  documentSchema,
  ERROR,
  flag,
  instant,
  integer,
  keywords,
  list,
  maybe,
  oneOf,
  open,
  optional,
  record,
  RUN_FIELDS,
  seconds,
  SYSTEM,
  text,
  type Fields,
  type Schema,
} from "./schema.ts";
import type { Presence, ServeDocument } from "./serve.ts";

/** The schemas by name. */
export function findingSchemas(): Readonly<Record<string, Schema>> {
  return { pool: poolSchema(), manycast: manycastSchema(), broadcast: broadcastSchema(), serve: serveSchema() };
}

const REFUSED: Schema<Readonly<Record<string, number>>> = keywords({
  type: "object",
  additionalProperties: integer(1),
  description: "packets that nobody claims so far, by the reason they were refused for",
});

function poolSchema(): Schema {
  return documentSchema<PoolDocument>("pool", {
    ...RUN_FIELDS,
    resolved: list(record<Item<PoolDocument["resolved"]>>({ name: text, addresses: list(text) })),
    unresolved: {
      ...list(open(record<Item<PoolDocument["unresolved"]>>({ name: text, why: text }))),
      description: "names without an address",
    },
    notDrawn: {
      ...list(
        open(
          record<Item<PoolDocument["notDrawn"]>>({ name: text, address: text, port: integer(1, 65_535), why: text }),
        ),
      ),
      description: "with --follow: addresses that gave nothing when they were last asked, and why",
    },
    warnings: list(
      open(
        record<SetWarning>({
          code: oneOf<string>(["sharedUpstream", "mixedSmear", "refidLoop", "ipv4Pool"]),
          text,
        }),
      ),
    ),
  });
}

function manycastSchema(): Schema {
  const ring = record<Item<ManycastDocument["rings"]>>({
    group: text,
    ttl: { ...integer(1, 255), description: "hops" },
    sentAt: maybe(instant),
    replies: integer(0),
  });
  return documentSchema<ManycastDocument>("manycast", {
    ...RUN_FIELDS,
    group: keywords({ anyOf: [text, list(text)], description: "the group; a list where there are several" }),
    refused: REFUSED,
    rings: { ...list(open(ring)), description: "in the order in which they were asked" },
  });
}

/** One of a list's items. */
type Item<List> = List extends readonly (infer One)[] ? One : never;

function broadcastSchema(): Schema {
  return lines<BroadcastEvent>("broadcast", ["mobilized", "volley", "sample", "rejected", "demobilized"], {
    at: maybe({ ...instant, description: "by the local clock" }),
    address: { ...text, description: "the server's" },
    port: integer(1, 65_535),
    group: maybe({ ...text, description: "where its packets are sent to; null: not known" }),
    keyId: maybe(integer(1, 0xffff_ffff)),
    authentication: oneOf(["none", "ok", "failed", "nak"]),
    autokey: optional(DANCE),
    stratum: maybe(integer(0, 255)),
    refid: maybe(text),
    offset: maybe(seconds("server − local; of a rejected one, what its packet says")),
    delay: maybe(seconds("round trip")),
    reason: maybe(oneOf(Object.keys(REASONS) as Reason[])),
    refused: REFUSED,
  });
}

function serveSchema(): Schema {
  const kinds = Object.keys(tallyOf(noCounts())) as (keyof Tally)[];
  const counted = Object.fromEntries(kinds.map((kind) => [kind, integer(0)])) as Fields<Tally>;
  const causes = Object.fromEntries(
    Object.entries(DISPOSITIONS).map(([name, { text: meaning }]) => [
      name,
      optional({ ...integer(0), description: meaning }),
    ]),
  ) as Fields<Partial<Counts>>;
  return lines<ServeDocument>("serve", ["listening", "source", "counts", "stopped"], {
    at: maybe({ ...instant, description: "by the local clock" }),
    listening: open(
      record<Presence>({
        port: integer(1, 65_535),
        address: maybe(text),
        groups: list(text),
        broadcasts: list(text),
        ntsPort: maybe(integer(1, 65_535)),
      }),
    ),
    served: open(record<ServeDocument["served"]>({ synchronized: flag, stratum: integer(1, 16), refid: text })),
    clock: open(CLOCK),
    system: open(SYSTEM),
    clients: { ...integer(0), description: "clients that are remembered" },
    packets: open(record<Tally>(counted)),
    causes: record<Partial<Counts>>(causes),
  });
}

/**
 * One document a line: an event, or the failure that ended the run.
 * @typeParam Event the type of the events' documents
 */
function lines<Event extends { readonly event: string } = never>(
  command: string,
  events: readonly Event["event"][],
  fields: Fields<Omit<Event, "schema" | "event">>,
): Schema {
  const { properties, required } = record<Omit<Event, "schema" | "event">>(fields);
  return keywords({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaName(command),
    title: `One line of ntpkit ${command} --json`,
    type: "object",
    properties: {
      schema: { const: schemaName(command) },
      event: oneOf(events),
      ...(properties as object),
      ok: flag,
      exitCode: integer(0, 255),
      error: ERROR,
    },
    required: ["schema"],
    if: { properties: { ok: { const: false } }, required: ["ok"] },
    // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
    then: { required: ["exitCode", "error"] },
    else: { required: ["event", ...(required as readonly string[])] },
  });
}
