/** `ntpkit completion`: the script that completes commands and options, generated from their tables. */
import { didYouMean } from "../config/suggest.ts";
import { UsageError } from "../config/usage.ts";
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { tree, type Tree } from "./completion/tree.ts";
import { zshScript } from "./completion/zsh.ts";
import { exitCode } from "./exit.ts";
import type { Io } from "./io.ts";

const SCRIPTS: ReadonlyMap<string, (tree: Tree) => string> = new Map([
  ["bash", bashScript],
  ["zsh", zshScript],
  ["fish", fishScript],
]);

/**
 * Prints a shell's script.
 * @returns the exit code
 * @throws UsageError for a shell there is none for
 */
export function runCompletion(shell: string, io: Io): number {
  const script = SCRIPTS.get(shell);
  const shells = [...SCRIPTS.keys()];
  if (script === undefined)
    throw new UsageError(
      `no completion for "${shell}"`,
      didYouMean(shell, shells) ?? `there is one for ${shells.join(", ")}`,
    );
  io.out.write(script(tree()));
  return exitCode("ok");
}
