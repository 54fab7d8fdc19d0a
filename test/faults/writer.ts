/**
 * Writes one of our files as the commands do, in a process that may fail or be killed on the way: `writer.cjs KIND PATH`.
 * Ends with 0 where it says that it has written, with 1 where it says that it has not.
 */
import { appendOwn } from "../../src/host/ownfile.ts";
import { giveMetrics } from "../../src/cli/metrics.ts";
import { writeKeys } from "../../src/cli/keygen.ts";
import { writeDrift } from "../../src/state/drift.ts";
import { StateFile } from "../../src/state/file.ts";
import { KISS } from "./kinds.ts";

const WRITERS: Readonly<Record<string, (path: string) => boolean>> = {
  state(path) {
    const file = new StateFile(path);
    const { memory, warning } = file.recall();
    if (warning !== null) return false;
    return file.remember({ kisses: [...memory.kisses, KISS] }) === null;
  },
  drift: (path) => writeDrift(path, 2e-6) === null,
  keys: (path) => succeeds(() => writeKeys(path, "2 SHA1 new\n", true)),
  "new keys": (path) => succeeds(() => writeKeys(path, "2 SHA1 new\n", false)),
  figures: (path) => succeeds(() => giveMetrics("# EOF\n", { textfile: path }, undefined as never)),
  log: (path) => succeeds(() => appendOwn(path, "the second line\n")),
};

function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    // What has no name of its own would be told as a bug.
    const { name, code } = error as NodeJS.ErrnoException;
    if (name === "Error" && process.argv[2] !== "log") process.stdout.write(`${code}: ${String(error)}`);
    return false;
  }
}

const [kind = "", path = ""] = process.argv.slice(2);
process.exitCode = WRITERS[kind]!(path) ? 0 : 1;
