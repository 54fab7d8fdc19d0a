/** The JSON Schemas of the documents of the commands that ask daemons. */
import { REASONS, TALLIES, type Reason, type Verdict } from "../association/verdict.ts";
import type { AssociationReport } from "../engine/port/snapshot.ts";
import { LEAPS, MODES } from "../wire/header.ts";
import type { HopDocument, TraceDocument, WaitDocument } from "./daemon-document.ts";
import type {
  DaemonSystemDocument,
  ExplanationDocument,
  HostDocument,
  MruRow,
  PeerDocument,
  PeersDocument,
} from "./daemon-document.ts";
import { schemaName } from "./document.ts";
import { STATUSES, type CheckDocument } from "./plugin.ts";
import type { RememberedDocument } from "./recalled.ts";
import {
  amount,
  ASSOCIATION_FIELDS,
  documentSchema,
  enveloped,
  ERROR,
  flag,
  instant,
  integer,
  INTERVAL,
  keywords,
  list,
  maybe,
  oneOf,
  open,
  optional,
  plain,
  record,
  runSchema,
  seconds,
  SYSTEM_FIELDS,
  text,
  type Schema,
} from "./schema.ts";
import { own } from "../wire/own.ts";

const ratio: Schema<number> = { ...amount, description: "seconds per second" };
const VARIABLES: Schema<Readonly<Record<string, string>>> = keywords({
  type: "object",
  description: "as the daemon wrote them, without quotes; names are the daemon's",
});

const PEER: Schema<PeerDocument> = record<PeerDocument>({
  ...ASSOCIATION_FIELDS,
  id: { ...integer(0), description: "as the daemon numbers it" },
  mode: oneOf([...MODES, "broadcastClient"]),
  port: integer(0, 65_535),
  tally: oneOf<string>([...new Set([...Object.values(TALLIES), "o"])]),
  unreach: maybe({ ...integer(0), description: "polls since the last answer" }),
  packets: maybe(
    record<AssociationReport["packets"]>({
      sent: integer(0),
      received: integer(0),
      rejected: keywords({ type: "integer" }),
    }),
  ),
  flash: maybe({ ...integer(0, 0xffff), description: "ntpd's flash bits" }),
  type: { ...text, description: "ntpq's letter: u s S b B M p a l" },
  configured: flag,
  local: maybe({ ...text, description: "the local address it uses" }),
  status: maybe({ ...integer(0, 0xffff), description: "the status word" }),
  variables: VARIABLES,
});

const DAEMON_SYSTEM: Schema<DaemonSystemDocument> = record<DaemonSystemDocument>({
  ...SYSTEM_FIELDS,
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

const age: Schema<number> = seconds("ago");

/** One of a list's items. */
type Item<List> = List extends readonly (infer One)[] ? One : never;

type RememberedServer = Item<RememberedDocument["associations"]>;

const REMEMBERED_SERVER: Schema<RememberedServer> = record<RememberedServer>({
  address: text,
  port: integer(1, 65_535),
  since: { ...age, description: "how long ago it was first asked, seconds" },
  seen: { ...age, description: "how long ago it was last part of a run, seconds" },
  heard: maybe(age),
  probation: maybe({
    ...age,
    description: "how long ago it was a falseticker, seconds; null: it is not on probation",
  }),
  backoff: maybe(
    record<NonNullable<RememberedServer["backoff"]>>({
      poll: integer(0, 17),
      left: seconds("for how long it is to be left alone"),
    }),
  ),
  samples: list(
    record<Item<RememberedServer["samples"]>>({
      offset: seconds("server − local, as the clock is now"),
      delay: seconds("round trip"),
      dispersion: seconds("error bound when it was made"),
      age,
    }),
  ),
});

/** With --state: what is remembered besides. */
const REMEMBERED: Schema<RememberedDocument> = record<RememberedDocument>({
  age: maybe(seconds("since it was left")),
  broken: maybe({
    ...oneOf(["restart", "sleep", "step", "frequency"]),
    description: "why samples of then say nothing any more",
  }),
  clock: maybe(
    open(
      record<NonNullable<RememberedDocument["clock"]>>({
        correction: { ...ratio, description: "what corrects the clock's rate, s/s" },
        deviation: { ...ratio, description: "standard deviation of that, s/s" },
        inForce: { ...ratio, description: "the correction in force, s/s" },
        measured: age,
        runs: integer(0),
      }),
    ),
  ),
  kisses: list(
    open(record<Item<RememberedDocument["kisses"]>>({ address: text, port: integer(1, 65_535), code: text, at: text })),
  ),
  associations: list(open(REMEMBERED_SERVER)),
});

const EXPLANATION: Schema<ExplanationDocument> = record<ExplanationDocument>({
  intersection: INTERVAL,
  offset: maybe(seconds("of those we would follow")),
  judgements: list(
    record<Item<ExplanationDocument["judgements"]>>({
      id: integer(0),
      verdict: oneOf(Object.keys(TALLIES) as Verdict[]),
      reason: maybe(oneOf(Object.keys(REASONS) as Reason[])),
      interval: INTERVAL,
      differs: { ...flag, description: "the daemon decided otherwise" },
    }),
  ),
});

const HOST: Schema<HostDocument> = record<HostDocument>({
  host: text,
  ok: flag,
  error: optional(ERROR),
  protocol: maybe(oneOf(["mode6", "cmdmon", "observe", "live", "state"])),
  daemon: maybe({ ...text, description: "its name and version in its own words" }),
  via: optional({
    ...text,
    description: "which way it told that: an address with its port, or the path of a Unix socket",
  }),
  withheld: optional({ ...flag, description: "it tells more over its Unix socket" }),
  system: maybe(open(DAEMON_SYSTEM)),
  associations: list(open(PEER)),
  remembered: optional(open(REMEMBERED)),
  explanation: optional(EXPLANATION),
});

/** The schema of the document of `peers`. */
export function peersSchema(): Schema {
  return documentSchema<PeersDocument>("peers", { hosts: list(open(HOST)) });
}

const STATUS: Schema = keywords({
  type: "object",
  description: "the status word, decoded",
  properties: { word: integer(0, 0xffff), event: text, count: integer(0, 15) },
  required: ["word", "count"],
});
const READ: Readonly<Record<string, Schema>> = {
  host: text,
  association: integer(0, 65_535),
  status: STATUS,
  variables: VARIABLES,
};
const ROW: Schema = keywords({ type: "object", properties: { index: integer(0) }, required: ["index"] });

/** What each question's document carries. */
const QUESTIONS: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  associations: { host: text, associations: list(open(plain({ id: integer(0, 65_535), status: STATUS }))) },
  readvar: READ,
  mru: {
    host: text,
    entries: list(
      open(
        record<MruRow>({
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
  return enveloped(command, plain(own(QUESTIONS, command) ?? READ));
}

/** The schema of the document of `trace`. */
export function traceSchema(): Schema {
  const hop = record<HopDocument>({
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
    kiss: maybe({ ...text, description: "the kiss code that it sent instead of the time" }),
  });
  return documentSchema<TraceDocument>("trace", {
    hops: list(open(hop)),
    primary: { ...flag, description: "the last one is a primary server" },
    end: maybe({ ...text, description: "why the trace ended early" }),
  });
}

/** The schema of the document of `wait`. */
export function waitSchema(): Schema {
  return documentSchema<WaitDocument>("wait", {
    elapsed: seconds("by the steady clock"),
    source: maybe(oneOf(["daemon", "kernel"])),
    daemon: maybe(text),
    via: maybe({ ...text, description: "by which way the daemon told: ADDRESS:PORT, or a socket's path" }),
    synchronized: flag,
    offset: maybe(seconds("server − local, as the daemon or the kernel knows it")),
    maximumError: maybe(seconds("root distance, or the kernel's maximum error")),
  });
}

/** The schema of the document of `check`, whose exit codes are those of monitoring plugins. */
export function checkSchema(): Schema {
  const status = oneOf(STATUSES);
  const { properties } = record<CheckDocument>({
    schema: keywords({ const: schemaName("check") }),
    ok: flag,
    exitCode: integer(0, 255),
    error: optional(ERROR),
    status,
    message: { ...text, description: "the plugin's line" },
    figures: list(
      open(
        record<Item<CheckDocument["figures"]>>({
          name: oneOf(["offset", "jitter", "stratum", "truechimers", "falsetickers", "rootdistance", "certificate"]),
          value: maybe(amount),
          status,
        }),
      ),
    ),
    remarks: list(open(record<Item<CheckDocument["remarks"]>>({ status, text }))),
  });
  return keywords({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaName("check"),
    title: "The JSON document of ntpkit check",
    type: "object",
    properties,
    required: ["schema", "ok", "exitCode"],
  });
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
