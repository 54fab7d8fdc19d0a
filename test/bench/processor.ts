/**
 * What programs take of the processor: on a machine that others use, too, the only figure that can be compared.
 */
import { readFileSync } from "node:fs";

/** Clock ticks a second of what the kernel tells in /proc (getconf CLK_TCK): 100 on x86 and ARM. */
const TICKS = 100;

/** Processor seconds of all children of this process that have ended, with theirs. */
export function childrensProcessor(): number {
  const fields = fieldsOf("self");
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}

/** Processor seconds, user's and system's, that a process and those that it started have used so far. */
export function processorOf(pid: number): number {
  const fields = fieldsOf(String(pid));
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return (
    (Number(fields[11]) + Number(fields[12])) / TICKS + children.map(processorOf).reduce((one, other) => one + other, 0)
  );
}

/** The fields behind a program's name, which is in brackets and may have spaces: utime is the 12th of them (proc(5)). */
function fieldsOf(pid: string): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
}
