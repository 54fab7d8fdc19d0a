/** Starting programs and ending them: every process of the lab is known here by its pid, and none outlives the lab. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";

/** What a program that ended left behind. */
export interface Finished {
  /** Exit code; null if it was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Wall time in seconds. */
  readonly elapsed: number;
}

/** A program that goes on until it is stopped. */
export interface Running {
  readonly pid: number;
  /** All it has written so far, both streams. */
  output(): string;
  /** Exit code or signal name, undefined while it runs. */
  ended(): number | string | undefined;
  stop(): Promise<void>;
}

/** Options of a program's start. */
export interface RunOptions {
  /** Seconds until it is killed (default 30). */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const running = new Set<ChildProcess>();

/** Runs a program to its end. It is killed after `timeout`, which is an error. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const started = performance.now();
  const child = launch(argv, options);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const seconds = options.timeout ?? 30;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, seconds * 1000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  if (late) throw new Error(`${shown(argv)} was still running after ${seconds} s\n${stdout}${stderr}`);
  return { code, stdout, stderr, elapsed: (performance.now() - started) / 1000 };
}

/** Runs a program that must succeed, and returns what it printed. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options);
  if (code !== 0) throw new Error(`${shown(argv)} ended with ${code}\n${stderr || stdout}`.trim());
  return stdout;
}

/** Starts a program that goes on. */
export function start(argv: readonly string[], options: RunOptions = {}): Running {
  const child = launch(argv, options);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return {
    pid: child.pid ?? 0,
    output: () => output,
    ended: () => child.exitCode ?? child.signalCode ?? undefined,
    stop: () => stop(child),
  };
}

/** Sends a signal to the innermost of the programs that start each other, whose names and places they are. */
export async function signalInnermost(pid: number, name: NodeJS.Signals): Promise<void> {
  process.kill(await innermost(pid), name);
}

/** The pid of the innermost of the programs that start each other. */
export async function innermost(pid: number): Promise<number> {
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  return child ? innermost(Number(child)) : pid;
}

/** Ends everything that still runs; the last resort of a scenario that failed and of an interrupted lab. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((child) => stop(child)));
}

function launch(argv: readonly string[], options: RunOptions): ChildProcess {
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error("no program to run");
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = once(child, "close");
  // A program that has given up root does not die with those that started it (prctl(2), PR_SET_PDEATHSIG).
  const pids = [await innermost(child.pid).catch(() => child.pid), child.pid];
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of new Set(pids)) if (pid !== undefined) send(pid, name);
  };
  signal("SIGTERM");
  const timer = setTimeout(() => signal("SIGKILL"), 3000);
  await closed;
  clearTimeout(timer);
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself in the meantime.
  }
}

function shown(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./[\]-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
}
