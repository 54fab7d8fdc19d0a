/** `ntpkit completion`: the script that completes commands and options, generated from the command tree. */
import type { Command } from "commander";
import { UsageError } from "../config/usage.ts";
import { didYouMean } from "../config/suggest.ts";
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { treeOf, type Tree } from "./completion/tree.ts";
import { zshScript } from "./completion/zsh.ts";
import { exitCode } from "./exit.ts";
import type { Io } from "./io.ts";

const SCRIPTS: Readonly<Record<string, (tree: Tree) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/**
 * Prints a shell's script.
 * @returns the exit code
 * @throws UsageError for a shell there is none for
 */
export function runCompletion(shell: string, program: Command, io: Io): number {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  const known = Object.keys(SCRIPTS);
  if (script === undefined)
    throw new UsageError(
      `no completion for "${shell}"`,
      didYouMean(shell, known) ?? `there is one for ${known.join(", ")}`,
    );
  io.out.write(script(treeOf(program)));
  return exitCode("ok");
}
