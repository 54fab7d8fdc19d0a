/** The JSON Schemas of `run`: its resolved configuration (`run --check`), and the lines of its log (`run --json`). */
import {
  amount,
  ERROR,
  EXIT_CODE,
  flag,
  integer,
  keywords,
  list as many,
  maybe,
  oneOf,
  plain,
  text,
  type Schema,
} from "./schema.ts";

/** What later versions may add to. */
const openRecord = (properties: Readonly<Record<string, Schema>>): Schema<object> => ({
  ...plain(properties),
  additionalProperties: true,
});

const ASSOCIATION: Schema = openRecord({
  name: text,
  address: maybe({ ...text, description: "IP literal; null for a name" }),
  mode: oneOf(["client", "pool", "symmetricActive", "broadcast", "broadcastClient", "manycastClient"]),
  family: maybe(keywords({ type: "integer", enum: [4, 6] })),
  port: integer(1, 65_535),
  version: integer(1, 4),
  minpoll: integer(3, 17),
  maxpoll: integer(3, 17),
  iburst: flag,
  burst: flag,
  prefer: flag,
  noselect: flag,
  true: flag,
  preempt: flag,
  xleave: flag,
  key: maybe(integer(1, 65_535)),
  ttl: maybe({ ...integer(1, 255), description: "hops" }),
  file: text,
  line: integer(0),
});

const SELECTION: Schema = openRecord({
  minclock: integer(1),
  maxclock: integer(1),
  minsane: integer(0),
  mindist: amount,
  maxdist: amount,
  floor: integer(0, 16),
  ceiling: integer(1, 16),
  cohort: flag,
  orphan: maybe(integer(1, 15)),
  orphanwait: amount,
  beacon: amount,
});

const PROPERTIES: Readonly<Record<string, Schema>> = {
  file: text,
  port: integer(1, 65_535),
  associations: many(ASSOCIATION),
  localClock: maybe(openRecord({ address: text, stratum: integer(0, 15) })),
  broadcastClient: openRecord({ enabled: flag, groups: many(text), delay: maybe(amount) }),
  manycastServer: openRecord({ groups: many(text) }),
  rings: many(integer(1, 255)),
  callDelay: maybe(amount),
  keys: maybe(text),
  trustedKeys: maybe(many(keywords({ anyOf: [text, integer(1)] }))),
  controlKey: maybe(integer(1, 65_535)),
  selection: SELECTION,
  restrict: many(
    openRecord({
      address: text,
      family: maybe(integer(4, 6)),
      mask: maybe(keywords({ anyOf: [text, integer(0, 128)] })),
      flags: many(text),
    }),
  ),
  discard: openRecord({ average: integer(0, 16), minimum: amount, monitor: amount }),
  autokey: maybe(
    openRecord({ keysFolder: maybe(text), host: maybe(text), ident: maybe(text), digest: text, idents: many(text) }),
  ),
  nts: openRecord({
    enabled: flag,
    certificate: maybe(text),
    key: maybe(text),
    cookies: maybe(text),
    port: integer(1, 65_535),
    server: maybe({ ...text, description: "who is asked by those who are given keys; null: this host" }),
  }),
  mru: keywords({ type: "object", additionalProperties: maybe(amount) }),
  switches: keywords({ type: "object", additionalProperties: flag }),
  tinker: openRecord({
    step: maybe(amount),
    stepBack: maybe(amount),
    stepout: amount,
    panic: maybe(amount),
    frequency: maybe(amount),
    allan: maybe(amount),
    dispersion: amount,
    huffpuff: maybe(amount),
  }),
  driftTolerance: maybe(amount),
  driftFile: maybe(text),
  driftForm: oneOf(["ntp", "chrony"]),
  leapFile: maybe(openRecord({ path: text, checkHash: flag })),
  leapSmearInterval: amount,
  statistics: openRecord({
    folder: text,
    files: many(openRecord({ name: text, file: text, type: text, link: flag, enabled: flag })),
  }),
  interfaces: many(openRecord({ action: oneOf(["listen", "ignore", "drop"]), what: text })),
  variables: many(openRecord({ name: text, value: text, default: flag })),
  logFile: maybe(text),
  pidFile: maybe(text),
  remarks: many(
    openRecord({
      level: oneOf(["warning", "note"]),
      file: text,
      line: integer(0),
      column: integer(0),
      text,
      message: text,
    }),
  ),
};

/** The schema of the resolved configuration. */
export function configSchema(): Schema {
  return keywords({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "ntpkit/config/1",
    title: "The resolved configuration that ntpkit run --check prints",
    type: "object",
    properties: { schema: { const: "ntpkit/config/1" }, ok: { const: true }, exitCode: { const: 0 }, ...PROPERTIES },
    required: ["schema", "ok", "exitCode", ...Object.keys(PROPERTIES)],
  });
}

/** The schema of the log's lines, and of the document of a start that failed. */
export function logSchema(): Schema {
  return keywords({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "ntpkit/run/1",
    title: "A line of ntpkit run --json, or of its log with --log json",
    type: "object",
    properties: {
      schema: { const: "ntpkit/run/1" },
      time: { ...text, description: "ISO 8601 UTC" },
      level: oneOf(["debug", "info", "warning", "error"]),
      event: { ...text, description: "what happened, a stable name; more properties tell of it" },
      text: { ...text, description: "the same in words, which may change" },
      ok: { const: false },
      exitCode: EXIT_CODE,
      error: ERROR,
    },
    required: ["schema"],
    if: { required: ["event"] },
    // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
    then: { required: ["time", "level", "text"] },
    else: { required: ["ok", "exitCode", "error"] },
  });
}
