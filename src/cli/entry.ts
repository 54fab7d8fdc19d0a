/** Where the command begins: arguments and streams of the process in, exit code out. */
import { processIo } from "./io.ts";
import { run } from "./program.ts";

// A name server that does not answer keeps a thread, and with it the process, for longer than any deadline: hence `exit`.
void run(process.argv.slice(2), processIo()).then((code) => process.exit(code));
