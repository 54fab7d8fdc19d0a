/** Completion for zsh. */
import { SHELLS } from "./tree.ts";
import type { Tree, TreeCommand, TreeOption } from "./tree.ts";

/** The script; a file `_ntpkit` in a folder of `$fpath`. */
export function zshScript(tree: Tree): string {
  return `#compdef ntpkit
# ntpkit completion for zsh: ntpkit completion zsh > "\${fpath[1]}/_ntpkit"
_ntpkit() {
  local -a commands
  commands=(
${tree.commands.map(({ name, text }) => `    ${quoted(`${name}:${text}`)}`).join("\n")}
    'help:print the help of a command'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments -s ${tree.options.map(optionSpec).join(" ")}
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${tree.commands.map(commandCase).join("\n")}
    help) _describe command commands ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _ntpkit "$@"; else compdef _ntpkit ntpkit; fi
`;
}

function commandCase(command: TreeCommand): string {
  const operand = operandSpec(command);
  const specs = [...command.options.map(optionSpec), ...(operand === null ? [] : [operand])];
  return `    ${command.name})
      _arguments -s \\
        ${specs.join(" \\\n        ")} ;;`;
}

function optionSpec({ short, long, text, value, choices, optional }: TreeOption): string {
  const names = short === null ? [long] : [short, long];
  const takes =
    value === null ? "" : `${optional ? "::" : ":"}${value.replaceAll(":", "\\:")}:${valueAction(value, choices)}`;
  const explained = `[${text.replace(/[\\[\]:]/g, "\\$&")}]${takes}`;
  const excludes = names.length > 1 ? quoted(`(${names.join(" ")})`) : "";
  return names.length > 1 ? `${excludes}{${names.join(",")}}${quoted(explained)}` : quoted(`${names[0]!}${explained}`);
}

function valueAction(value: string, choices: readonly string[]): string {
  if (choices.length > 0) return `(${choices.join(" ")})`;
  if (value === "file") return "_files";
  if (value === "name") return "_net_interfaces";
  if (value === "user") return "_users";
  return " ";
}

function operandSpec(command: TreeCommand): string | null {
  const [operand] = command.arguments;
  if (operand === undefined) return null;
  if (operand.name === "file") return quoted(":file:_files");
  if (operand.name === "shell") return quoted(`:shell:(${SHELLS.join(" ")})`);
  if (operand.name === "groups" || operand.name === "addresses") return quoted("*:group: ");
  return quoted("*:server:_hosts");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
