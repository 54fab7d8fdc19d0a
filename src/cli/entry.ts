/** Where the command begins: arguments and streams of the process in, exit code out. */
import { processIo } from "./io.ts";
import { run } from "./program.ts";

// A name server that does not answer keeps a thread, and with it the process, for longer than any deadline: hence `exit`,
// but not before a slow reader of a pipe has had everything.
void run(process.argv.slice(2), processIo()).then(async (code) => {
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit(code);
});

/** All that was written to a stream has left the process, or its reader is gone. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });
}
