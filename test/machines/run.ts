/**
 * Runs generated machines: `npm run machines -- [--seed N] [--triples] [--rows N] [--from N] [--only ROW]…
 * [--command NAME]… [--environment NAME]… [--found] [--lanes N]`.
 *
 * A row is a command in surroundings against a server; the rows cover every pair of these (with `--triples` every triple), and
 * what is asked of each is the command-line contract. `--found` begins with those that found something. Needs root and Linux: it is a network namespace of its own.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Certificates, type Certified } from "../support/certificates.ts";
import { COMMANDS } from "./commands.ts";
import { faultsOf } from "./contract.ts";
import { ENVIRONMENTS } from "./environments.ts";
import { FOUND } from "./found.ts";
import { hasNode, Impossible, Machines } from "./perform.ts";
import { whyNot } from "./needs.ts";
import { nameOf, rowNamed, rowsOf, type Row } from "./row.ts";

const INSIDE = "NTPKIT_MACHINES_INSIDE";

/** Seconds after its deadline and half a second more, unless said: what else keeps a process on a busy machine. */
const GRACE = "2";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    triples: { type: "boolean", default: false },
    rows: { type: "string" },
    from: { type: "string", default: "0" },
    found: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    lanes: { type: "string", default: "4" },
    grace: { type: "string", default: GRACE },
    command: { type: "string", multiple: true, default: [] },
    environment: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
  },
});

if (values.list) {
  for (const row of chosen()) console.log(nameOf(row));
} else if (process.env[INSIDE] === undefined) {
  process.exitCode = await outside();
} else {
  process.exitCode = await campaign();
}

/** Starts itself anew in a network of its own: a loopback, and an interface that leads nowhere. */
async function outside(): Promise<number> {
  const obstacle = whyNot();
  if (obstacle !== null) {
    console.log(`skipped: ${obstacle}`);
    return process.env["CI"] === undefined ? 0 : 1;
  }
  const script = [
    "ip link set lo up",
    "ip link add eth0 type veth peer name eth1",
    "ip addr add 10.78.0.1/24 dev eth0; ip link set eth1 up; ip link set eth0 up",
    "ip route add 224.0.0.0/4 dev eth0",
    'exec "$@"',
  ].join("\n");
  const words = ["--net", "--mount", "bash", "-c", script, "bash", process.execPath, "--import", "tsx"];
  const child = spawn("unshare", [...words, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, [INSIDE]: "1" },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

function chosen(): readonly Row[] {
  if (values.only.length > 0) return values.only.map(rowNamed);
  const here = Object.entries(ENVIRONMENTS).flatMap(([name, environment]) => (hasNode(environment) ? [name] : []));
  const rows = rowsOf(Number(values.seed), values.triples ? 3 : 2, here).filter(
    ({ command, environment }) =>
      (values.command.length === 0 || values.command.includes(command)) &&
      (values.environment.length === 0 || values.environment.includes(environment)),
  );
  const from = Number(values.from);
  const found = values.found ? Object.keys(FOUND).map(rowNamed) : [];
  return [...found, ...rows.slice(from, values.rows === undefined ? undefined : from + Number(values.rows))];
}

async function campaign(): Promise<number> {
  const folder = await mkdtemp(`${tmpdir()}/ntpkit-machines-`);
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const { ports, stop } = await servers();
    stops.push(stop);
    const certificates = new Certificates();
    stops.push(async () => certificates.end());
    const proof = certificates.make(["DNS:ntp.test", "IP:127.0.0.1", "IP:::1"], { authority: true });
    const daemon = await startDaemon(folder, ports["good"]!, proof);
    stops.push(daemon.stop);
    const machines = await Machines.create(folder, { ...ports, daemon: daemon.port }, proof);
    return await runAll(machines);
  } finally {
    for (const stop of stops) await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function runAll(machines: Machines): Promise<number> {
  const rows = [...chosen()];
  const leftOut = Object.keys(ENVIRONMENTS).filter((name) => !hasNode(ENVIRONMENTS[name]!));
  if (leftOut.length > 0)
    console.log(`left out, for NTPKIT_NODES names no folder with their Node: ${leftOut.join(", ")}`);
  let faulty = 0;
  let deaf = 0;
  let latest = { by: -Infinity, row: "" };
  const without = new Map<string, number>();
  const lane = async (): Promise<void> => {
    for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
      const { faults, told, impossible, startsNode, over } = await judged(machines, row);
      if (!startsNode) deaf += 1;
      if (impossible !== null) without.set(impossible, (without.get(impossible) ?? 0) + 1);
      if (over > latest.by) latest = { by: over, row: nameOf(row) };
      if (faults.length === 0 && values.only.length === 0) continue;
      if (faults.length > 0) faulty += 1;
      console.log([nameOf(row), ...faults.map((fault) => `  ${fault}`), told].join("\n"));
    }
  };
  const count = rows.length;
  await Promise.all(Array.from({ length: Number(values.lanes) }, lane));
  for (const [why, how] of without) console.log(`not run (${how}): ${why}`);
  const left = [...without.values()].reduce((sum, one) => sum + one, 0);
  if (deaf > 0) console.log(`in ${deaf} of them Node itself does not start`);
  console.log(
    `${count - left} rows run, ${faulty} with a fault, ${left} not run (seed ${values.seed}; the latest ${latest.by.toFixed(2)} s after its deadline: ${latest.row})`,
  );
  return faulty === 0 && (left === 0 || process.env["CI"] === undefined) ? 0 : 1;
}

interface Judged {
  readonly faults: readonly string[];
  /** What it said, indented. */
  readonly told: string;
  readonly impossible: string | null;
  /** Whether Node itself starts there, as far as that was asked. */
  readonly startsNode: boolean;
  /** Seconds beyond the deadline. */
  readonly over: number;
}

async function judged(machines: Machines, row: Row): Promise<Judged> {
  try {
    const ran = await machines.run(row);
    const faults = faultsOf(row, ran, Number(values.grace));
    const told = [
      `  = ${ran.code ?? ran.signal} after ${ran.waited.toFixed(2)} s (${ran.starved.toFixed(2)} s starved), left: ${ran.files.join(" ") || "nothing"}`,
      ...indented("out", ran.out),
      ...indented("err", ran.err),
    ].join("\n");
    const startsNode = faults.length === 0 || (await machines.startsNode(row));
    const over = startsNode ? ran.waited - deadlineOf(row) : -Infinity;
    return { faults: startsNode ? faults : [], told, impossible: null, startsNode, over };
  } catch (error) {
    if (error instanceof Impossible)
      return { faults: [], told: "", impossible: error.message, startsNode: true, over: -Infinity };
    throw error;
  }
}

function deadlineOf({ command }: Row): number {
  const { deadline, stopped } = COMMANDS[command]!;
  return deadline ?? stopped!.after;
}

function indented(stream: string, text: string): string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  const shown = lines.slice(0, 14).map((line) => `  ${stream}| ${JSON.stringify(line.slice(0, 400)).slice(1, -1)}`);
  return lines.length > 14 ? [...shown, `  ${stream}| … ${lines.length - 14} lines more`] : shown;
}

async function servers(): Promise<{ readonly ports: Record<string, number>; readonly stop: () => Promise<unknown> }> {
  const program = fileURLToPath(new URL("programs/servers.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program, values.seed], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return {
    ports: JSON.parse(line.toString()) as Record<string, number>,
    stop: () => ended(child, () => child.stdin.end()),
  };
}

function ended(child: ChildProcess, end: () => void): Promise<unknown> {
  const exit = once(child, "exit");
  end();
  return exit;
}

/** Our own daemon, which follows the good server, answers questions of the control protocol, and establishes keys. */
async function startDaemon(
  folder: string,
  good: number,
  proof: Certified,
): Promise<{ readonly port: number; readonly stop: () => Promise<unknown> }> {
  const port = 20_123;
  const config = `${folder}/daemon.conf`;
  const lines = [
    `server 127.0.0.1 port ${good} iburst minpoll 3 maxpoll 3`,
    `nts enable cert ${proof.file} key ${proof.keyFile} port ${port}`,
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const bin = fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
  const words = [bin, "run", "--no-clock", "--force", "-c", config, "--port", String(port)];
  const child = spawn(process.execPath, words, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, STATE_DIRECTORY: folder, RUNTIME_DIRECTORY: folder },
  });
  let said = "";
  child.stderr.on("data", (part: Buffer) => (said += part.toString()));
  await synchronized(port, () => said);
  return { port, stop: () => ended(child, () => child.kill()) };
}

/** Until the daemon has a source, which its bursts give it within seconds. */
async function synchronized(port: number, said: () => string): Promise<void> {
  const bin = fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));
  const child = spawn(process.execPath, [bin, "wait", "--daemon", `127.0.0.1:${port}`, "--deadline", "60s"], {
    stdio: "ignore",
  });
  const [code] = (await once(child, "exit")) as [number];
  if (code !== 0) throw new Error(`the campaign's own daemon is not synchronized (${code})\n${said()}`);
}
