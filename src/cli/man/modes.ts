/** The modes, for the manual: what may be configured, and what packets do. */
import { MODE_TABLE, type PacketMode, type Process, type Recipient } from "../../association/modes.ts";
import type { AssociationKind } from "../../association/template.ts";
import type { Section } from "./roff.ts";

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
    "No association: searches in a group are answered by who is synchronized, at a stratum equal to or lower than the searcher's. `serve --manycast`, `manycastserver` lines of `run`.",
  ],
];

/** Each process as it fits a column, and what it means. */
const PROCESSES: Readonly<Record<Process, readonly [word: string, text: string]>> = {
  process: ["process", "The packet goes to the association's peer process."],
  answer: [
    "answer",
    "The server answers it, where there is one; no association comes of it, only an entry in the list of recent clients (`ntpkit mru`).",
  ],
  mobilizePassive: [
    "+passive",
    "A symmetric passive association is mobilized, if the packet is authentic and there is none at its address; or the server answers it.",
  ],
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
      "What a packet of each mode (columns, by number) does to whom it comes to (rows): `client` is the socket of a question, `solicitor` that of a search; on the port that is served it is the association at the packet's source, `none` if there is none (RFC 5905 figure 20). `other` is mode 0, control and private queries:",
      { code: modeTable() },
      { terms: Object.values(PROCESSES).map(([word, text]) => [`\`${word}\``, text] as const) },
    ],
  };
}

function modeTable(): string {
  const rows = Object.keys(MODE_TABLE) as Recipient[];
  const columns = Object.keys(MODE_TABLE.none) as PacketMode[];
  const head = ["", ...columns.map((mode) => COLUMN_NAMES[mode])];
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
  symmetricActive: "1 active",
  symmetricPassive: "2 passive",
  client: "3 client",
  server: "4 server",
  broadcast: "5 broadcast",
  other: "other",
};
