/** The JSON Schemas of the documents of the commands that ask daemons. */
import { REASONS, TALLIES } from "../association/verdict.ts";
import { OUTCOMES } from "../engine/port/outcome.ts";
import { LEAPS, MODES } from "../wire/header.ts";
import { schemaName } from "./document.ts";
import {
  ASSOCIATION,
  ERROR,
  flag,
  instant,
  integer,
  maybe,
  oneOf,
  open,
  record,
  runSchema,
  seconds,
  SYSTEM,
  text,
  type Schema,
} from "./schema.ts";

const ratio: Schema = { type: "number", description: "seconds per second" };
const VARIABLES: Schema = {
  type: "object",
  description: "as the daemon wrote them, without quotes; names are the daemon's",
};
const list = (items: Schema): Schema => ({ type: "array", items });

/** A schema's properties with others put over and behind them. */
function extended(schema: Schema, more: Readonly<Record<string, Schema>>): Schema {
  return record({ ...(schema["properties"] as Readonly<Record<string, Schema>>), ...more }, ["ttl", "group"]);
}

const PEER: Schema = extended(ASSOCIATION, {
  id: { ...integer(0), description: "as the daemon numbers it" },
  mode: oneOf([...MODES, "broadcastClient"]),
  port: integer(0, 65_535),
  tally: oneOf([...new Set([...Object.values(TALLIES), "o"])]),
  unreach: maybe({ ...integer(0), description: "polls since the last answer" }),
  packets: maybe(record({ sent: integer(0), received: integer(0), rejected: { type: "integer" } })),
  flash: maybe({ ...integer(0, 0xffff), description: "ntpd's flash bits" }),
  type: { ...text, description: "ntpq's letter: u s S b B M p a l" },
  configured: flag,
  local: maybe({ ...text, description: "the local address it uses" }),
  status: maybe({ ...integer(0, 0xffff), description: "the status word" }),
  variables: VARIABLES,
});

const DAEMON_SYSTEM: Schema = extended(SYSTEM, {
  stratum: integer(0, 255),
  systemPeer: maybe(integer(0)),
  survivors: maybe(integer(0)),
  truechimers: maybe({
    ...integer(0),
    description: "null where the daemon does not tell what it makes of its sources",
  }),
  falsetickers: maybe(integer(0)),
  offset: maybe(seconds("server − local")),
  frequency: maybe(ratio),
  jitter: maybe(seconds("of the system peer's samples")),
  clockJitter: maybe(seconds("of the clock")),
  clockWander: maybe(ratio),
  precision: maybe({ ...integer(-128, 127), description: "log₂ seconds" }),
  reference: maybe(instant),
  variables: VARIABLES,
});

const INTERVAL: Schema = maybe(record({ low: seconds("least offset"), high: seconds("greatest offset") }));

const age: Schema = seconds("ago");

/** With --state: what is remembered besides. */
const REMEMBERED: Schema = record({
  age: maybe(seconds("since it was left")),
  broken: maybe({
    ...oneOf(["restart", "sleep", "step", "frequency"]),
    description: "why samples of then say nothing any more",
  }),
  clock: maybe(
    open(
      record({
        correction: { ...ratio, description: "what corrects the clock's rate, s/s" },
        deviation: { ...ratio, description: "standard deviation of that, s/s" },
        inForce: { ...ratio, description: "the correction in force, s/s" },
        measured: age,
        runs: integer(0),
      }),
    ),
  ),
  kisses: list(open(record({ address: text, port: integer(1, 65_535), code: text, at: text }))),
  associations: list(
    open(
      record({
        address: text,
        port: integer(1, 65_535),
        since: { ...age, description: "how long ago it was first asked, seconds" },
        seen: { ...age, description: "how long ago it was last part of a run, seconds" },
        heard: maybe(age),
        probation: maybe({
          ...age,
          description: "how long ago it was a falseticker, seconds; null: it is not on probation",
        }),
        backoff: maybe(record({ poll: integer(0, 17), left: seconds("for how long it is to be left alone") })),
        samples: list(
          record({
            offset: seconds("server − local, as the clock is now"),
            delay: seconds("round trip"),
            dispersion: seconds("error bound when it was made"),
            age,
          }),
        ),
      }),
    ),
  ),
});

const HOST: Schema = record(
  {
    host: text,
    ok: flag,
    error: ERROR,
    protocol: maybe(oneOf(["mode6", "cmdmon", "observe", "live", "state"])),
    daemon: maybe({ ...text, description: "its name and version in its own words" }),
    withheld: { ...flag, description: "it tells more over its Unix socket" },
    system: maybe(open(DAEMON_SYSTEM)),
    associations: list(open(PEER)),
    remembered: open(REMEMBERED),
    explanation: record({
      intersection: INTERVAL,
      offset: maybe(seconds("of those we would follow")),
      judgements: list(
        record({
          id: integer(0),
          verdict: oneOf(Object.keys(TALLIES)),
          reason: maybe(oneOf(Object.keys(REASONS))),
          interval: INTERVAL,
          differs: { ...flag, description: "the daemon decided otherwise" },
        }),
      ),
    }),
  },
  ["error", "withheld", "explanation", "remembered"],
);

/** The schema of the document of `peers`. */
export function peersSchema(): Schema {
  return documentSchema("peers", { hosts: list(open(HOST)) }, ["hosts"]);
}

const STATUS: Schema = {
  type: "object",
  description: "the status word, decoded",
  properties: { word: integer(0, 0xffff), event: text, count: integer(0, 15) },
  required: ["word", "count"],
};
const READ: Readonly<Record<string, Schema>> = {
  host: text,
  association: integer(0, 65_535),
  status: STATUS,
  variables: VARIABLES,
};
const ROW: Schema = { type: "object", properties: { index: integer(0) }, required: ["index"] };

/** What each question's document carries. */
const QUESTIONS: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  associations: { host: text, associations: list(open(record({ id: integer(0, 65_535), status: STATUS }))) },
  readvar: READ,
  mru: {
    host: text,
    entries: list(
      open(
        record({
          address: text,
          port: integer(0, 65_535),
          count: integer(0),
          mode: oneOf(MODES),
          version: integer(0, 7),
          restrictions: integer(0),
          first: maybe(instant),
          last: maybe(instant),
        }),
      ),
    ),
    complete: { ...flag, description: "false where reading was stopped by --limit" },
  },
  ifstats: { host: text, interfaces: list(ROW) },
  reslist: { host: text, restrictions: list(ROW) },
};

/** The schema of a mode 6 question's document; reports that are lists of variables all have one shape. */
export function questionSchema(command: string): Schema {
  const properties = QUESTIONS[command] ?? READ;
  return documentSchema(command, properties, Object.keys(properties));
}

/** A document's schema: what every one has, and what this one carries. */
export function documentSchema(
  command: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaName(command),
    title: `The JSON document of ntpkit ${command}`,
    type: "object",
    properties: {
      schema: { const: schemaName(command) },
      ok: flag,
      exitCode: { type: "integer", enum: [...new Set(Object.values(OUTCOMES).map(({ exitCode }) => exitCode))] },
      error: ERROR,
      ...properties,
    },
    required: ["schema", "ok", "exitCode"],
    if: { properties: { ok: { const: true } } },
    // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
    then: { required, properties: { exitCode: { const: 0 } } },
    else: { required: ["error"] },
  };
}

/** The schema of the document of `trace`. */
export function traceSchema(): Schema {
  const hop = record({
    name: text,
    address: text,
    protocol: oneOf(["mode6", "ntp"]),
    leap: oneOf(LEAPS),
    stratum: integer(0, 255),
    refid: text,
    offset: maybe(seconds("mode6: of its own clock, as it knows it; ntp: server − local")),
    delay: maybe(seconds("ntp: of the exchange; the offset may be off by half of it")),
    distance: maybe(seconds("root delay / 2 + root dispersion")),
    next: maybe({ ...text, description: "whom it follows" }),
  });
  const properties = {
    hops: list(open(hop)),
    primary: { ...flag, description: "the last one is a primary server" },
    end: maybe({ ...text, description: "why the trace ended early" }),
  };
  return documentSchema("trace", properties, Object.keys(properties));
}

/** The schema of the document of `wait`. */
export function waitSchema(): Schema {
  const properties = {
    elapsed: seconds("by the steady clock"),
    source: maybe(oneOf(["daemon", "kernel"])),
    daemon: maybe(text),
    synchronized: flag,
    offset: maybe(seconds("server − local, as the daemon or the kernel knows it")),
    maximumError: maybe(seconds("root distance, or the kernel's maximum error")),
  };
  return documentSchema("wait", properties, Object.keys(properties));
}

/** The schema of the document of `check`, whose exit codes are those of monitoring plugins. */
export function checkSchema(): Schema {
  const status = oneOf(["OK", "WARNING", "CRITICAL", "UNKNOWN"]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaName("check"),
    title: "The JSON document of ntpkit check",
    type: "object",
    properties: {
      schema: { const: schemaName("check") },
      ok: flag,
      exitCode: integer(0, 255),
      error: ERROR,
      status,
      message: { ...text, description: "the plugin's line" },
      figures: list(
        open(
          record({
            name: oneOf(["offset", "jitter", "stratum", "truechimers", "rootdistance"]),
            value: maybe({ type: "number" }),
            status,
          }),
        ),
      ),
      remarks: list(open(record({ status, text }))),
    },
    required: ["schema", "ok", "exitCode"],
  };
}

/** Every schema of this file, by command. */
export function viewingSchemas(): Readonly<Record<string, Schema>> {
  const questions = [...Object.keys(QUESTIONS), ...LISTED];
  return {
    peers: peersSchema(),
    trace: traceSchema(),
    wait: waitSchema(),
    check: checkSchema(),
    watch: runSchema("watch"),
    ...Object.fromEntries(questions.map((name) => [name, questionSchema(name)])),
  };
}

/** Commands whose documents are variables. */
const LISTED = ["sysinfo", "kerninfo", "sysstats", "iostats", "timerstats", "authinfo", "monstats", "pstats"];
