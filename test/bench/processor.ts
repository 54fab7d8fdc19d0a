/**
 * What programs take of the processor: on a machine that others use, too, the only figure that can be compared.
 */
import { readFileSync } from "node:fs";

/** Clock ticks a second of what the kernel tells in /proc (getconf CLK_TCK): 100 on x86 and ARM. */
const TICKS = 100;

/** Processor seconds, user's and system's, that a process and those that it started have used so far. */
export function processorOf(pid: number): number {
  // The program's name, in brackets, may have spaces; utime and stime are the 12th and 13th fields after it (proc(5)).
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return (
    (Number(fields[11]) + Number(fields[12])) / TICKS + children.map(processorOf).reduce((one, other) => one + other, 0)
  );
}
