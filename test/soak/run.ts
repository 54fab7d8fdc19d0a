/**
 * `npm run soak [-- --minutes 30] [--rate 50000] [--days 365] [--seed 1]`: what long use leaves behind.
 *
 * `ntpkit serve` and `ntpkit run`, each in a host of its own and under a load of its own (`load.ts`), for so many minutes; then a
 * simulated year (`year.ts`). A line a minute says what each holds, and how long its answers take. Memory and descriptors that
 * still grow in the second half fail it; times are told, not judged.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildShim, makeClock } from "../lab/clock.ts";
import { NO_CLOCK } from "../lab/daemons.ts";
import { type Host, Network, removeLeftovers } from "../lab/netns.ts";
import { environment, NTPKIT } from "../lab/ntpkit.ts";
import { innermost, type Running, start, stopAll } from "../lab/processes.ts";
import { liveAYear } from "./year.ts";

/** What one process held at a moment, and what its clients saw in the minute before. */
interface Moment {
  /** Kilobytes. */
  readonly memory: number;
  readonly descriptors: number;
  readonly sent: number;
  readonly replies: number;
  readonly lost: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** A program under load. */
interface Soaked {
  readonly name: string;
  readonly program: Running;
  readonly load: Running;
  readonly moments: Moment[];
  /** Lines of the load's that were read. */
  read: number;
}

const LOAD = fileURLToPath(new URL("load.ts", import.meta.url));
const FOLDER = fileURLToPath(new URL(`../lab/.work/soak-${process.pid}`, import.meta.url));
/** From the middle to the end memory may grow by this part, for what a heap does between collections. */
const GROWTH = 0.1;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    rate: { type: "string", default: "50000" },
    days: { type: "string", default: "365" },
    seed: { type: "string", default: "1" },
  },
});
const minutes = Math.min(Number(values.minutes), 24 * 60);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}

const faults = [...(minutes > 0 ? await soak() : []), ...(await liveAYear(Number(values.days), Number(values.seed)))];
for (const fault of faults) console.log(`FAIL ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** Returns what is wrong. */
async function soak(): Promise<readonly string[]> {
  await removeLeftovers();
  await mkdir(`${FOLDER}/state`, { recursive: true });
  const network = await Network.create(1);
  const soaked: Soaked[] = [];
  try {
    const server = await network.host("server");
    soaked.push(await under(server, "serve", ["serve", "--local-stratum", "6"], {}));
    const config = `${FOLDER}/run.conf`;
    await writeFile(config, `server ${server.ipv4} iburst minpoll 3 maxpoll 6\n`);
    const clock = await makeClock(await buildShim(FOLDER), `${FOLDER}/clock`, 0.001, 0, 10e-6);
    soaked.push(await under(await network.host("daemon"), "run", ["run", "-c", config], clock.env));
    console.log(
      "minute  program  memory kB  descriptors  packets/s  replies/s  p50 µs  p99 µs  lost of the client beside",
    );
    for (let minute = 1; minute <= minutes; minute += 1) {
      await sleep(60_000);
      for (const one of soaked) console.log(row(minute, one.name, await lookAt(one)));
    }
    return soaked.flatMap(judged);
  } finally {
    await stopAll();
    await network.remove();
    await rm(FOLDER, { recursive: true, force: true });
  }
}

/** Starts ntpkit in a host, and its load. */
async function under(
  host: Host,
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Soaked> {
  const own = { ...env, STATE_DIRECTORY: `${FOLDER}/state`, RUNTIME_DIRECTORY: `${FOLDER}/run-${name}`, NO_COLOR: "1" };
  await mkdir(own.RUNTIME_DIRECTORY, { recursive: true });
  const words = [...NO_CLOCK, ...environment(own), process.execPath, NTPKIT, ...args];
  // A time daemon of the machine's is none of its business.
  const program = start(host.inside(["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", ...words]));
  await sleep(5000);
  if (program.ended() !== undefined) throw new Error(`${name} has ended: ${program.output()}`);
  const load = [process.execPath, "--import", "tsx", LOAD, "123", values.rate, String(minutes * 60), values.seed];
  return { name, program, load: start(host.inside(load)), moments: [], read: 0 };
}

async function lookAt(one: Soaked): Promise<Moment> {
  if (one.program.ended() !== undefined) throw new Error(`${one.name} has ended: ${one.program.output().slice(-2000)}`);
  const pid = await innermost(one.program.pid);
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const lines = one.load
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  const since = lines.slice(one.read).map((line) => JSON.parse(line) as Moment);
  one.read = lines.length;
  const sum = (of: (moment: Moment) => number): number => since.reduce((total, moment) => total + of(moment), 0);
  const moment = {
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]),
    descriptors: (await readdir(`/proc/${pid}/fd`)).length,
    sent: sum(({ sent }) => sent) / (since.length * 10),
    replies: sum(({ replies }) => replies) / (since.length * 10),
    lost: sum(({ lost }) => lost),
    p50: sum(({ p50 }) => p50) / since.length,
    p99: sum(({ p99 }) => p99) / since.length,
  };
  one.moments.push(moment);
  return moment;
}

function row(minute: number, name: string, moment: Moment): string {
  const cells: readonly (readonly [number, number])[] = [
    [moment.memory, 11],
    [moment.descriptors, 13],
    [moment.sent, 11],
    [moment.replies, 11],
    [moment.p50, 8],
    [moment.p99, 8],
    [moment.lost, 6],
  ];
  const figures = cells.map(([value, width]) => value.toFixed(0).padStart(width)).join("");
  return `${String(minute).padStart(6)}  ${name.padEnd(7)}${figures}`;
}

/** What is wrong with a program: the third quarter beside the last. */
function judged({ name, moments }: Soaked): readonly string[] {
  const quarter = Math.floor(moments.length / 4);
  if (quarter === 0) return [];
  const middle = moments.slice(-2 * quarter, -quarter);
  const last = moments.slice(-quarter);
  const least = (of: (moment: Moment) => number, among: readonly Moment[]): number => Math.min(...among.map(of));
  const memory = least(({ memory }) => memory, last) / least(({ memory }) => memory, middle);
  const descriptors = least(({ descriptors }) => descriptors, last) - least(({ descriptors }) => descriptors, middle);
  const p99 = least(({ p99 }) => p99, last) / least(({ p99 }) => p99, middle);
  console.log(`${name}: last quarter beside the one before: memory × ${memory.toFixed(3)}, p99 × ${p99.toFixed(2)}`);
  return [
    ...(memory > 1 + GROWTH ? [`${name}: memory grows, × ${memory.toFixed(2)} in a quarter`] : []),
    ...(descriptors > 0 ? [`${name}: ${descriptors} more descriptors than a quarter before`] : []),
  ];
}
