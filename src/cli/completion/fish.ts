/** Completion for fish. */
import { NTP_GROUPS } from "../../config/groups.ts";
import { SHELLS } from "./tree.ts";
import type { Tree, TreeCommand, TreeOption } from "./tree.ts";

/** The script; a file `ntpkit.fish` in fish's completions folder. */
export function fishScript(tree: Tree): string {
  const names = tree.commands.map(({ name }) => name);
  const lines = [
    "# ntpkit completion for fish: ntpkit completion fish > ~/.config/fish/completions/ntpkit.fish",
    "complete -c ntpkit -f",
    ...tree.commands.map(
      ({ name, text }) => `complete -c ntpkit -n __fish_use_subcommand -a ${name} -d ${quoted(text)}`,
    ),
    ...tree.options.map((option) => `complete -c ntpkit -n __fish_use_subcommand ${optionWords(option)}`),
    `complete -c ntpkit -n __fish_use_subcommand -a help -d ${quoted("print the help of a command")}`,
    `complete -c ntpkit -n '__fish_seen_subcommand_from help' -a ${quoted(names.join(" "))}`,
    ...tree.commands.flatMap(commandLines),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(command: TreeCommand): string[] {
  const seen = `complete -c ntpkit -n '__fish_seen_subcommand_from ${command.name}'`;
  const [operand] = command.arguments;
  const operands: Readonly<Record<string, string>> = {
    file: "-F",
    shell: `-a ${quoted(SHELLS.join(" "))}`,
    servers: "-a '(__fish_print_hostnames)'",
    names: "-a '(__fish_print_hostnames)'",
    groups: `-a ${quoted(NTP_GROUPS.join(" "))}`,
    addresses: `-a ${quoted(NTP_GROUPS.join(" "))}`,
  };
  const words = operand === undefined ? undefined : operands[operand.name];
  return [
    ...(words === undefined ? [] : [`${seen} ${words}`]),
    ...command.options.map((option) => `${seen} ${optionWords(option)}`),
  ];
}

function optionWords({ short, long, text, value, choices, optional }: TreeOption): string {
  const words = [...(short === null ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`];
  if (value !== null && !optional) words.push(valueWords(value, choices));
  return [...words, `-d ${quoted(text)}`].join(" ");
}

function valueWords(value: string, choices: readonly string[]): string {
  if (choices.length > 0) return `-x -a ${quoted(choices.join(" "))}`;
  if (value === "file") return "-r -F";
  if (value === "name") return "-x -a '(__fish_print_interfaces)'";
  if (value === "user") return "-x -a '(__fish_complete_users)'";
  return "-x";
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
