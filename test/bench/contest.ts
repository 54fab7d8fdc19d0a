/**
 * Runs a contest of whole processes by turns (A B C, A B C, …) and prints what was measured as JSON. Argument: the contest.
 * Wall time is taken round the process; peak memory in one more run each, under time(1) where the machine has it.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";

/** Programs to be measured side by side. */
export interface Contest {
  readonly title: string;
  readonly rounds: number;
  readonly memory: boolean;
  readonly entries: readonly {
    readonly name: string;
    readonly argv: readonly string[];
    /** Text whose occurrences in the output are counted. */
    readonly counts?: string;
  }[];
}

/** What one program took. */
export interface Measured {
  readonly name: string;
  /** Milliseconds. */
  readonly wall: { readonly median: number; readonly min: number; readonly max: number };
  /** Peak resident memory in KiB; null if it was not measured. */
  readonly memory: number | null;
  /** The exit codes that were seen. */
  readonly exits: readonly (number | null)[];
  /** Occurrences of `counts` in the last run's output. */
  readonly counted: number | null;
}

interface Run {
  readonly wall: number;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const TIME = "/usr/bin/time";

const contest = JSON.parse(process.argv[2] ?? "{}") as Contest;
const runs = new Map<string, Run[]>(contest.entries.map(({ name }) => [name, []]));
for (let round = 0; round < contest.rounds; round += 1) {
  for (const { name, argv } of contest.entries) runs.get(name)?.push(await timed(argv));
}
const measured: Measured[] = [];
for (const { name, argv, counts } of contest.entries) {
  const all = runs.get(name) ?? [];
  const walls = all.map(({ wall }) => wall).sort((a, b) => a - b);
  measured.push({
    name,
    wall: { median: median(walls), min: walls[0] ?? 0, max: walls.at(-1) ?? 0 },
    memory: contest.memory ? await peakMemory(argv) : null,
    exits: [...new Set(all.map(({ code }) => code))],
    counted: counts === undefined ? null : (all.at(-1)?.stdout.split(counts).length ?? 1) - 1,
  });
}
console.log(JSON.stringify(measured));

async function timed([program = "", ...rest]: readonly string[]): Promise<Run> {
  const started = performance.now();
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { wall: performance.now() - started, code, stdout, stderr };
}

async function peakMemory(argv: readonly string[]): Promise<number | null> {
  if (!existsSync(TIME)) return null;
  const peaks: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const { stderr } = await timed([TIME, "-f", "peak %M", ...argv]);
    peaks.push(Number(/^peak (\d+)$/m.exec(stderr)?.[1]));
  }
  return median(peaks.sort((a, b) => a - b));
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
