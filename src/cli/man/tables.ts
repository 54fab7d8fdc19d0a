/** The sections of the manual that are drawn from the program's own tables. */
import { PACKET_TESTS } from "../../association/tests.ts";
import { REASONS, TALLIES, type Verdict } from "../../association/verdict.ts";
import { CONFIG_PATHS, CONFIG_VARIABLE } from "../../config/files.ts";
import { COMMANDS, type CommandSyntax } from "../../config/ntpconf/commands.ts";
import type { Standard } from "../../config/ntpconf/syntax.ts";
import { OUTCOMES } from "../../engine/port/outcome.ts";
import { KISS_CODES } from "../../wire/kiss.ts";
import type { TreeCommand, TreeOption } from "../completion/tree.ts";
import type { Block, Section } from "./roff.ts";

/** The exit codes. */
export function exitStatus(names: readonly string[] | null = null): Section {
  const shown = Object.entries(OUTCOMES).filter(([name]) => names === null || names.includes(name));
  return {
    title: "EXIT STATUS",
    blocks: [
      { terms: shown.map(([name, { exitCode, text }]) => [`\`${exitCode}\` ${name}`, sentence(text)] as const) },
    ],
  };
}

/** What each tally character and verdict means. */
const VERDICT_TEXTS: Readonly<Record<Verdict, string>> = {
  systemPeer: "the server whose time is followed",
  survivor: "it agrees, and its offset is combined with the others",
  outlier: "it agrees, but only adds jitter to the survivors",
  excess: "it agrees, but there are enough without it",
  backup: "it agrees, and is kept in reserve",
  falseticker: "its time disagrees with the majority",
  rejected: "it cannot be judged at all; the reason says why",
};

/** Verdicts and reasons. */
export function verdicts(): Section {
  const tallies = Object.entries(TALLIES) as [Verdict, string][];
  return {
    title: "VERDICTS AND REASONS",
    blocks: [
      "Each server has a verdict, shown by a tally character as `ntpq` shows it:",
      {
        terms: tallies.map(
          ([verdict, tally]) =>
            [`\`${tally === " " ? "blank" : tally}\` ${verdict}`, sentence(VERDICT_TEXTS[verdict])] as const,
        ),
      },
      "All but the system peer and the survivors have a reason as well. Its name is the same in JSON and here, and in tables its words (`outside intersection`); the number is ntpd's flash bit for the same cause, where it has one.",
      {
        terms: Object.entries(REASONS).map(
          ([reason, { flash, text }]) =>
            [
              `\`${reason}\`${flash === 0 ? "" : ` (0x${flash.toString(16).padStart(4, "0")})`}`,
              sentence(text),
            ] as const,
        ),
      },
      { under: "Packets that are not used" },
      "With `-v` each packet that fails a test is noted by the test's words:",
      {
        terms: Object.entries(PACKET_TESTS).map(
          ([test, { flash, text }]) =>
            [`\`${test}\`${flash === 0 ? "" : ` (0x${flash.toString(16).padStart(4, "0")})`}`, sentence(text)] as const,
        ),
      },
      { under: "Kiss codes" },
      {
        terms: Object.entries(KISS_CODES).map(
          ([code, { action, text }]) => [`\`${code}\``, `${sentence(text)}${KISS_ACTIONS[action]}`] as const,
        ),
      },
    ],
  };
}

const KISS_ACTIONS: Readonly<Record<(typeof KISS_CODES)[keyof typeof KISS_CODES]["action"], string>> = {
  goAway: " The server is not asked again, in later runs either.",
  slowDown: " The server is not asked again in this run.",
  none: "",
};

/** The configuration file, as the one-shots read it. */
export function configurationFile(): Section {
  const used = Object.entries(COMMANDS).filter(([, { once }]) => once === "used");
  return {
    title: "CONFIGURATION FILE",
    blocks: [
      `The syntax is that of ntp.conf(5). The file is the one named by \`--config\`, else by \`$${CONFIG_VARIABLE}\`, else the first of ${CONFIG_PATHS.map((path) => `\`${path}\``).join(", ")} that exists. \`-v\` says which. Faults are reported as FILE:LINE:COLUMN.`,
      "These commands are used:",
      { terms: used.map(([name, syntax]) => [commandTerm(name, syntax), commandText(syntax, "unused")] as const) },
      `Unknown commands and options are left out with a warning. With one, because servers may be lost by it, these are left out, too: ${commandsOf("warned")}. These matter to daemons only and are left out silently: ${commandsOf("noted")}.`,
    ],
  };
}

/** The configuration file, as the daemon reads it. */
export function daemonConfigurationFile(): readonly Block[] {
  const does = (wanted: CommandSyntax["daemon"]["does"]): [string, CommandSyntax][] =>
    Object.entries(COMMANDS).filter(([, { daemon }]) => daemon.does === wanted);
  const listed = (wanted: "leaves" | "refuses"): string =>
    does(wanted)
      .map(([name]) => `\`${name}\``)
      .join(", ");
  return [
    `The syntax is that of ntp.conf(5). The file is the one named by \`--config\`, else by \`$${CONFIG_VARIABLE}\`, else the first of ${CONFIG_PATHS.map((path) => `\`${path}\``).join(", ")} that exists. What is wrong in it is said as FILE:LINE:COLUMN, and ends the program with 64. In brackets: what counts where an option is not given. \`--check\` tells of every word that has no effect.`,
    {
      terms: does("uses").map(([name, syntax]) => [commandTerm(name, syntax), commandText(syntax, "idle")] as const),
    },
    `These are left out, with a warning: ${listed("leaves")}. With these the daemon does not start: ${listed("refuses")}.`,
  ];
}

function commandsOf(once: CommandSyntax["once"]): string {
  return Object.entries(COMMANDS)
    .filter(([, syntax]) => syntax.once === once)
    .map(([name]) => `\`${name}\``)
    .join(", ");
}

function commandTerm(name: string, { operands, family }: CommandSyntax): string {
  const words = operands.map(
    ({ name: operand, needed, many }) => `${needed ? operand : `[${operand}]`}${many ? "…" : ""}`,
  );
  return `\`${[name, ...(family ? ["[-4|-6]"] : []), ...words].join(" ")}\``;
}

function commandText(syntax: CommandSyntax, without: "unused" | "idle"): string {
  const { text, options } = syntax;
  const shown = Object.entries(options).filter(
    ([, option]) => option[without] === undefined && option.drops === undefined,
  );
  const words = shown.map(
    ([name, { takes, standard }]) =>
      `\`${name}\`${takes === "nothing" ? "" : " N"}${without === "idle" ? standardText(standard) : ""}`,
  );
  return `${sentence(text)}${words.length === 0 ? "" : ` Options: ${words.join(", ")}.`}${without === "idle" ? idleText(syntax) : ""}`;
}

/** What is read and changes nothing, and why. */
function idleText({ idle, options }: CommandSyntax): string {
  if (idle !== null) return ` Read, and without effect: ${idle}.`;
  const names = new Map<string, string[]>();
  for (const [name, { idle: why }] of Object.entries(options))
    if (why !== undefined) names.set(why, [...(names.get(why) ?? []), `\`${name}\``]);
  const parts = [...names].map(([why, options]) => `${options.join(", ")} (${why})`);
  return parts.length === 0 ? "" : ` Read, and without effect: ${parts.join("; ")}.`;
}

function standardText(standard: Standard | undefined): string {
  return typeof standard === "number" || typeof standard === "string"
    ? ` [${standard}]`
    : standard === true
      ? " [on]"
      : "";
}

/** How a command is called. */
export function synopsis(command: TreeCommand, prefix: string): Block {
  const operands = command.arguments.map(({ name, required, many }) => {
    const word = `${name.toUpperCase().replace(/(SS)ES$|S$/, "$1")}${many ? "…" : ""}`;
    return required ? word : `[${word}]`;
  });
  return [`\`${prefix}\``, "[OPTION…]", ...operands].join(" ");
}

/** The options under their headings. */
export function optionsSection(options: readonly TreeOption[]): Section {
  const headings = [...new Set(options.map(({ heading }) => heading))];
  return {
    title: "OPTIONS",
    blocks: headings.flatMap((heading): Block[] => [
      { under: heading.replace(/:$/, "") },
      {
        terms: options
          .filter((option) => option.heading === heading)
          .map((option) => [optionTerm(option), optionText(option)] as const),
      },
    ]),
  };
}

function optionTerm({ short, long, value, optional }: TreeOption): string {
  const takes = value === null ? "" : optional ? ` [${value.toUpperCase()}]` : ` ${value.toUpperCase()}`;
  return `${[...(short === null ? [] : [short]), long].map((name) => `\`${name}\``).join(", ")}${takes}`;
}

function optionText({ text, choices, standard, without, conf }: TreeOption): string {
  const clauses = [
    standard === null ? text : `${text} (${standard})`,
    ...(choices.length === 0 ? [] : [`one of ${choices.join(", ")}`]),
    ...(without === null ? [] : [`alone it is ${without}`]),
  ];
  return `${sentence(clauses.join("; "))}${conf === null ? "" : ` As \`${conf}\` of ntp.conf.`}`;
}

/** A phrase as a sentence. */
export function sentence(text: string): string {
  const first = text.slice(0, 1);
  return `${/^[a-z][a-z ]/.test(text) ? first.toUpperCase() : first}${text.slice(1)}${/[.)]$/.test(text) && !text.endsWith(")") ? "" : "."}`;
}
