/** What the manual says of finding servers and of being one; and the modes, in one table. */
import { MODE_TABLE, type AssociationMode, type PacketMode, type Process } from "../../association/modes.ts";
import type { AssociationKind } from "../../association/template.ts";
import { FINDING_EXAMPLES } from "../finding-examples.ts";
import { MODES } from "../../wire/header.ts";
import { CAUSES } from "../../view/serve.ts";
import type { Prose } from "./prose.ts";
import type { Block, Section } from "./roff.ts";

const FINDS: readonly string[] = [
  "ok",
  "no-reply",
  "no-agreement",
  "permission",
  "authentication",
  "kiss",
  "deadline",
  "usage",
  "internal",
  "interrupted",
  "terminated",
];

/** What can come of each command. */
export const FINDING_OUTCOMES: Readonly<Record<string, readonly string[]>> = {
  pool: ["resolve", ...FINDS],
  manycast: FINDS,
  broadcast: FINDS.filter((name) => name !== "kiss"),
  serve: ["ok", "permission", "usage", "internal"],
};

/** What each kind of line or operand mobilizes; every kind the program knows stands here. */
const KINDS: Readonly<Record<AssociationKind, string>> = {
  server: "A persistent client association with one server. `sync`, `query`, `serve`, `run`.",
  pool: "Preemptable client associations with the addresses of a name. `pool`; names given to `sync`, `query` and `serve`; `pool` lines of `run`.",
  peer: "A persistent symmetric active association: each is the other's server when it has the better time. `peer` lines of `run`.",
  broadcast: "No association: packets to a broadcast address or group. `serve --broadcast`, `run`.",
  broadcastClient:
    "Ephemeral broadcast client associations, by the packets that are heard. `broadcast`; `broadcastclient` and `multicastclient` lines of `run`.",
  manycast: "Preemptable client associations, by the answers to a search. `manycast`; `manycastclient` lines of `run`.",
};

/** What comes of packets alone, with nothing configured for whom they come from. */
const UNCONFIGURED: readonly (readonly [string, string])[] = [
  ["symmetric passive", "An ephemeral association, by an authentic packet of a symmetric active peer. `run`."],
  ["server", "No association: requests are answered. `serve`, `run`."],
  [
    "manycast server",
    "No association: searches in a group are answered by who is synchronized, at a stratum below the searcher's, with `--cohort` (`tos cohort 1`) at the same, too. `serve --manycast`, `manycastserver` lines of `run`.",
  ],
];

/** Each process as it fits a column, and what it means. */
const PROCESSES: Readonly<Record<Process, readonly [word: string, text: string]>> = {
  process: ["process", "The packet goes to the association's peer process."],
  answer: [
    "answer",
    "The server answers it; no association comes of it, only an entry in the list of recent clients (`ntpkit mru`).",
  ],
  mobilizePassive: ["+passive", "A symmetric passive association is mobilized, if the packet is authentic."],
  mobilizeBroadcast: ["+bclient", "A broadcast client association is mobilized, if the packet is authentic."],
  solicited: ["+client", "If it answers a search, a client association is mobilized."],
  error: ["error", "It contradicts the association, and is refused."],
  discard: ["-", "It is dropped."],
};

/** The modes: what may be configured, and what packets do. */
export function modes(): Section {
  return {
    title: "MODES",
    blocks: [
      "What is configured, and what comes of it:",
      { terms: [...Object.entries(KINDS).map(([kind, text]) => [`\`${kind}\``, text] as const), ...UNCONFIGURED] },
      "What a packet of each mode (columns, by number) does to an association of each mode (rows); `none` is for packets that no association claims (RFC 5905 figure 20):",
      { code: modeTable() },
      { terms: Object.values(PROCESSES).map(([word, text]) => [`\`${word}\``, text] as const) },
    ],
  };
}

function modeTable(): string {
  const rows = Object.keys(MODE_TABLE) as (AssociationMode | "none")[];
  const columns = Object.keys(MODE_TABLE.none) as PacketMode[];
  const head = ["", ...columns.map((mode) => `${MODES.indexOf(mode)} ${COLUMN_NAMES[mode]}`)];
  const lines = rows.map((row) => [row, ...columns.map((column) => PROCESSES[MODE_TABLE[row][column]][0])]);
  const widths = head.map((_, index) => Math.max(...[head, ...lines].map((line) => line[index]!.length)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index]! + 2))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

const COLUMN_NAMES: Readonly<Record<PacketMode, string>> = {
  symmetricActive: "active",
  symmetricPassive: "passive",
  client: "client",
  server: "server",
  broadcast: "broadcast",
};

const TRUST: Section = {
  title: "WHO IS BELIEVED",
  blocks: [
    "Anybody can answer a search or send broadcasts, so what is found must be authentic: signed with a key of the file that `--keys` names, or of those of them that `--trusted` names. What is not is listed all the same, with the offset it implies, as `rejected` for `authentication`; nothing is mobilized by it, and the exit status is 15 when nothing else was found. `--no-auth` believes servers without a key, too; what carries a code that cannot be checked is refused even then.",
  ],
};

const LIVE: Section = {
  title: "OUTPUT",
  blocks: [
    "On a terminal a table is drawn in place while the run goes on. The report at the end goes to standard output: a line a server with `*` for the one that is followed and `+` for those that agree, as ntpkit-query(1) has it, and a sentence for each that is not used.",
    "With `--json` one document is printed, with `--follow` one a line whenever the set has changed: `ok` and `exitCode` say how it stands, and of a pool `notDrawn` and `unresolved` name the addresses and names that give nothing. Its JSON Schema is in the package's `schemas` folder.",
  ],
};

const CHECKS: Block =
  "Each server found is measured by a volley of six exchanges (`--samples`), and all of them are judged as `ntpkit query` judges servers; the clock is never touched.";

/** The words for each command. */
export const FINDING_PROSE: Readonly<Record<string, Prose>> = {
  pool: {
    description: [
      "Finds the servers behind names, as those of the NTP pool, and says of each how good it is. Up to ten addresses of each name are asked at once (`--maxclock`).",
      CHECKS,
      "Below the table stand warnings about the set: servers that follow one and the same source (`sharedUpstream`), some that smear leap seconds beside others that do not (`mixedSmear`), servers that follow each other (`refidLoop`), and names without the addresses that this host can reach (`ipv4Pool`).",
    ],
    sections: [LIVE],
    examples: FINDING_EXAMPLES.pool,
    seeAlso: ["ntpkit", "ntpkit-query", "ntpkit-manycast"],
  },
  manycast: {
    description: [
      "Searches multicast groups for servers, ring by ring: the first question goes one hop, the next two, up to `--ttl`. It ends when `--minclock` servers were found, or at the last ring; with `--all` at the last ring in any case. A line a ring says how many answered.",
      CHECKS,
      "Servers answer only when they are synchronized, and spread their answers over half a second or more. Routers have to forward the group for anything to be found beyond the first hop. What is searched for are manycast servers: `ntpkit serve --manycast`, or ntpd's `manycastserver`.",
    ],
    sections: [TRUST, LIVE],
    examples: FINDING_EXAMPLES.manycast,
    seeAlso: ["ntpkit", "ntpkit-serve", "ntpkit-broadcast"],
  },
  broadcast: {
    description: [
      "Listens to broadcast and multicast servers. A server's first authentic packet mobilizes it; after a random wait of up to its poll interval it is asked by a volley, which tells how long its packets travel; from then on it is only listened to. A server that interleaves is understood as such. It goes on until interrupted (exit status 130, after the report), until `--count` broadcasts were used, or until `--deadline`; both of these shorten the wait.",
      "Without ADDRESS all broadcasts of all interfaces are heard, with `--multicast` the groups assigned to NTP as well. Port 123 needs root or CAP_NET_BIND_SERVICE. It is shared with a daemon that shares it, as chronyd does; ntpd does not.",
      "Where the output is no terminal, each thing that happens is a line: `mobilized`, `volley`, `sample` for each broadcast that was used, `rejected`, `demobilized`.",
    ],
    sections: [
      TRUST,
      {
        title: "OUTPUT",
        blocks: [
          "With `--json` each event is a document on a line of its own, with `address`, `group`, `keyId`, `authentication`, `offset`, `delay` and `reason`. Its JSON Schema is in the package's `schemas` folder.",
        ],
      },
    ],
    examples: FINDING_EXAMPLES.broadcast,
    seeAlso: ["ntpkit", "ntpkit-serve", "ntpkit-manycast"],
  },
  serve: {
    description: [
      "Answers NTP clients. It follows the servers named, or those of the configuration file, and tells their time without touching the local clock; or it trusts the local clock, at once, with `--local-stratum`. With neither it says that it is not synchronized.",
      "Of a configuration file it uses `server`, `pool`, `broadcast`, `manycastserver`, `restrict`, `discard`, `keys`, `trustedkey`, `tos` and the local clock (`server 127.127.1.0`, `fudge`). `--allow` and `--deny` are short for an access list: the most specific network decides, and as soon as one is allowed all others are denied.",
      "No answer to a client is longer than its question. Control queries (mode 6, as of ntpq and `ntpkit peers`) are answered to this host only, unless `restrict` lines let others ask; mode 7 never is. An answer leaves from the address it was asked at, and gives up root as soon as the port is open. SIGINT and SIGTERM end it with exit status 0.",
      "With `--broadcast` it sends a packet to an address or group every 64 s (`--minpoll`), signed with a key where a key file is named; with `--manycast` it answers searches in a group, when it is synchronized and at a stratum below the searcher's (with `--cohort` or `tos cohort 1` at the same, too), after a random delay; searches of other processes of this host as well. A group that is not confined to the site is warned of (RFC 2365). With `--xleave` each packet tells when the one before truly left, by the kernel's stamp (RFC 9769); clients that do not know of it are not disturbed.",
    ],
    sections: [
      {
        title: "WHAT IS COUNTED",
        blocks: [
          "Every packet is counted by what became of it; `--json` tells the counters as `causes`, every 64 s and at the end:",
          {
            terms: CAUSES.map(
              ([name, text]) => [`\`${name}\``, `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`] as const,
            ),
          },
        ],
      },
      {
        title: "OUTPUT",
        blocks: [
          "A line, or with `--json` a document a line, when it begins to answer (`listening`), when it follows another server (`source`), every 64 s (`counts`) and at the end (`stopped`). On a terminal a table is drawn in place. Its JSON Schema is in the package's `schemas` folder.",
        ],
      },
    ],
    examples: FINDING_EXAMPLES.serve,
    seeAlso: ["ntpkit", "ntpkit-run", "ntpkit-broadcast", "ntpkit-manycast"],
  },
};
