/** Where the command begins: arguments and streams of the process in, exit code out. */
import { exitCode } from "./exit.ts";
import { processIo } from "./io.ts";
import { run } from "./program.ts";

// A name server that does not answer keeps a thread, and with it the process, for longer than any deadline: hence `exit`,
// but not before a slow reader of a pipe has had everything.
void main();

async function main(): Promise<void> {
  const code = await run(process.argv.slice(2), processIo());
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit(code === exitCode("ok") ? codeOfOutput(process.stdout.errored) : code);
}

/** A reader that is gone has had enough: `ntpkit … | head`. What could not be written for another reason, as on a full disk, is lost. */
function codeOfOutput(error: NodeJS.ErrnoException | null): number {
  if (error === null || error.code === "EPIPE") return exitCode("ok");
  process.stderr.write(`ntpkit: standard output cannot be written: ${error.message}\n`);
  return exitCode("internal");
}

/** All that was written to a stream has left the process, or its reader is gone. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });
}
