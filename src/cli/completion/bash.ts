/** Completion for bash. */
import { NTP_GROUPS } from "../../config/groups.ts";
import { SHELLS } from "./tree.ts";
import type { Tree, TreeCommand, TreeOption } from "./tree.ts";

/** The script; `eval "$(ntpkit completion bash)"`, or a file in bash's completion folder. */
export function bashScript(tree: Tree): string {
  return `# ntpkit completion for bash: eval "$(ntpkit completion bash)"
_ntpkit() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W "${[...tree.commands.map(({ name }) => name), "help", ...flags(tree)].join(" ")}" -- "$word"))
    return
  fi
  case $command in
${tree.commands.map(commandCase).join("\n")}
    help) COMPREPLY=($(compgen -W "${tree.commands.map(({ name }) => name).join(" ")}" -- "$word")) ;;
  esac
}
complete -F _ntpkit ntpkit
`;
}

function commandCase(command: TreeCommand): string {
  const valued = command.options.filter(({ value, optional }) => value !== null && !optional);
  const values = valued.map((option) => `        ${names(option).join("|")}) ${valueAction(option)} return ;;`);
  return `    ${command.name})
      case $previous in
${values.join("\n")}
      esac
      if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "${flags(command).join(" ")}" -- "$word"))
      else
        ${operandAction(command)}
      fi ;;`;
}

function valueAction({ value, choices }: TreeOption): string {
  if (choices.length > 0) return `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$word"));`;
  if (value === "file") return 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$word"));';
  if (value === "name") return 'COMPREPLY=($(compgen -W "$(ls /sys/class/net 2>/dev/null)" -- "$word"));';
  if (value === "user") return 'COMPREPLY=($(compgen -u -- "$word"));';
  return "";
}

function operandAction(command: TreeCommand): string {
  const [operand] = command.arguments;
  if (operand?.name === "file") return 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$word"))';
  if (operand?.name === "shell") return `COMPREPLY=($(compgen -W "${SHELLS.join(" ")}" -- "$word"))`;
  if (operand?.name === "groups" || operand?.name === "addresses")
    return `COMPREPLY=($(compgen -W "${NTP_GROUPS.join(" ")}" -- "$word"))`;
  if (operand?.name === "servers" || operand?.name === "names") return 'COMPREPLY=($(compgen -A hostname -- "$word"))';
  return ":";
}

function flags(command: TreeCommand): string[] {
  return command.options.flatMap(names);
}

function names({ short, long }: TreeOption): string[] {
  return short === null ? [long] : [short, long];
}
