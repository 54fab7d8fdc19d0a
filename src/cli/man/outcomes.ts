/** What can come of each command, for the manual. */
import type { Outcome } from "../../engine/port/outcome.ts";
import type { CommandName } from "../options/offers.ts";
import { QUESTIONS } from "../questions.ts";
import type { Section } from "./roff.ts";

const STOPPED = ["interrupted", "terminated"] as const;
const ALWAYS = ["ok", "usage", "internal", "io"] as const;
const FINDS: readonly Outcome[] = [
  ...ALWAYS,
  ...STOPPED,
  "no-reply",
  "no-agreement",
  "permission",
  "authentication",
  "kiss",
  "deadline",
];
const ASKS: readonly Outcome[] = [
  ...ALWAYS,
  ...STOPPED,
  "no-reply",
  "resolve",
  "authentication",
  "deadline",
  "unavailable",
];

/** By command; absent: all of them. */
export const OUTCOMES_OF: Readonly<Partial<Record<CommandName, readonly Outcome[]>>> = {
  query: [...FINDS, "resolve"],
  pool: [...FINDS, "resolve"],
  manycast: FINDS,
  broadcast: FINDS.filter((name) => name !== "kiss"),
  serve: [...ALWAYS, "permission"],
  run: [...ALWAYS, "limit", "permission", "other-daemon"],
  peers: ASKS,
  ...Object.fromEntries(Object.keys(QUESTIONS).map((name) => [name, ASKS])),
  trace: ASKS,
  nts: [...ALWAYS, ...STOPPED, "no-reply", "resolve", "authentication", "deadline"],
  wait: [...ALWAYS, ...STOPPED, "resolve", "deadline", "unavailable"],
  now: [...FINDS, "resolve", "unavailable"],
  watch: [...ALWAYS, ...STOPPED, "no-reply", "permission"],
  decode: [...ALWAYS, ...STOPPED],
  report: [...ALWAYS, ...STOPPED],
  simulate: [...ALWAYS, ...STOPPED],
  demo: [...ALWAYS, ...STOPPED, "no-agreement", "no-reply", "deadline"],
  keygen: [...ALWAYS, "permission"],
  adopt: [...ALWAYS, "permission"],
  man: ALWAYS,
  completion: ALWAYS,
};

/** How a monitoring plugin ends. */
export const PLUGIN_STATUS: Section = {
  title: "EXIT STATUS",
  blocks: [
    {
      terms: [
        ["`0` OK", "All is as demanded."],
        ["`1` WARNING", "A figure is beyond its warning range, or with `--leap` a leap second is announced."],
        [
          "`2` CRITICAL",
          "A figure is beyond its critical range, nobody answered, no majority agreed, or the daemon is not synchronized.",
        ],
        ["`3` UNKNOWN", "It could not be checked: a name that cannot be resolved, a mistake in the command line."],
      ],
    },
  ],
};
