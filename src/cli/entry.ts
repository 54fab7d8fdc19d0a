/** Where the command begins: arguments and streams of the process in, exit code out. */
import { isApart, leave } from "../host/resolver.ts";
import { exitCode } from "./exit.ts";
import { outputOf, type Output } from "./output.ts";
import type { Io } from "./io.ts";
import { codeOf, fail, run } from "./program.ts";
import { Reader } from "./reader.ts";

/** So long a start takes on a busy machine, seconds: deadlines are counted from then on, and hold to half a second. */
const ORDINARY_START = 0.25;

// A name server that does not answer keeps a thread for longer than any deadline: it is not waited for, but a slow reader of a
// pipe is.
if (!isApart(process.argv.slice(2))) void main();

async function main(): Promise<void> {
  const out = outputOf(1);
  const err = outputOf(2);
  const reader = new Reader(out);
  const argv = process.argv.slice(2);
  const io: Io = {
    out: reader.sink,
    err,
    env: process.env,
    onStop: (listener) => reader.onStop(listener),
    // Not `performance`, which takes 2 ms to load.
    spent: () => Math.max(0, process.uptime() - ORDINARY_START),
  };
  const end = async (code: number): Promise<void> => {
    await Promise.all([out.written(), err.written()]);
    leave(code === exitCode("ok") || reader.isGone ? codeOfOutput(out, err, argv[0]) : code);
  };
  // What nobody was there to catch is a bug, and told as any other.
  let isTold = false;
  process.on("uncaughtException", (error) => {
    if (!isTold) void end(fail(error, argv, io));
    isTold = true;
  });
  await end(await run(argv, io));
}

/** A reader that is gone has had enough: `ntpkit … | head`. What could not be written for another reason, as on a full disk, is lost. */
function codeOfOutput({ fault }: Output, err: Output, command: string | undefined): number {
  if (fault === null || fault.code === "EPIPE") return exitCode("ok");
  err.write(`ntpkit: standard output cannot be written: ${fault.message}\n`);
  return codeOf("io", command);
}
