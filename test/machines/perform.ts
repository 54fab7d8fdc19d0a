/** Runs rows: a folder, a mount namespace and a process for each, and what is seen of them. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { onTerminal } from "../lab/terminal.ts";
import type { Certified } from "../support/certificates.ts";
import { COMMANDS, outputWords } from "./commands.ts";
import { ENVIRONMENTS, type Environment } from "./environments.ts";
import type { Row } from "./row.ts";

/** What came of a row. */
export interface Ran {
  /** The exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /**
   * Seconds from its start to its end, but those for which it ran or a busy machine had no processor for it: what it waited.
   * `late`: it had to be killed.
   */
  readonly waited: number;
  readonly late: boolean;
  /** Seconds for which the machine had no processor for it. */
  readonly starved: number;
  /** Files in its folder that were not there before, and processes that outlived it. */
  readonly files: readonly string[];
  readonly children: readonly string[];
}

/** A row that cannot be run on this machine, and why. */
export class Impossible extends Error {}

/** How long after its deadline a process is killed, seconds: a busy machine may make it late, and how late is reported. */
const PATIENCE = 15;

/** From here on every row has a port of its own. */
const OWN_PORTS = 21_000;

/** What the shell ends with where the surroundings cannot be made. */
const NOT_MADE = 99;

/** The interpreter itself: what is found by its name may be a shell's script that finds it. */
const PYTHON = spawnSync("python3", ["-c", "import sys; print(sys.executable)"]).stdout.toString().trim();

const TOP = fileURLToPath(new URL("../..", import.meta.url));
const REFUSE = fileURLToPath(new URL("../lab/programs/refuse.py", import.meta.url));

/** There before the command: what the rows give it. */
const GIVEN = new Set(["ntp.conf", "run.conf", "resolv.conf", "home", "tmp", "state", "run", "var"]);

/** Files that commands are given, beside those, by the test's own: a capture, a log, a world, another daemon's machine, Autokey's keys. */
const INPUTS: Readonly<Record<string, string>> = {
  "capture.pcap": "test/fixtures/captures/a1-iburst.pcap",
  "world.toml": "man/examples/worlds/liar.toml",
  autokey: "test/fixtures/autokey/i11/c",
};
const TEXTS: Readonly<Record<string, string>> = {
  loopstats: "60000 10.1 0.000012 -3.1 0.00001 0.01 6\n60000 74.1 0.000011 -3.1 0.00001 0.01 6\n",
  keys: "7 SHA1 a-secret-of-ours\n",
  password: "clipw\n",
  "other/etc/chrony/chrony.conf": "server 127.0.0.1 iburst\nkeyfile /etc/chrony/chrony.keys\nrtcsync\nmakestep 1 3\n",
  "other/etc/chrony/chrony.keys": "1 MD5 secret\n",
};

/** Runs rows in a folder of its own. */
export class Machines {
  readonly #folder: string;
  readonly #ports: Readonly<Record<string, number>>;
  readonly #proof: Certified;
  #count = 0;
  /** What is among the inputs. */
  readonly #given = new Set(GIVEN);
  readonly #bare = new Map<string, Promise<boolean>>();

  private constructor(folder: string, ports: Readonly<Record<string, number>>, proof: Certified) {
    this.#folder = folder;
    this.#ports = ports;
    this.#proof = proof;
  }

  /**
   * Copies the package as it is installed to the folder, once with its native library and once without.
   * @param proof the certificate of whoever establishes keys
   */
  static async create(folder: string, ports: Readonly<Record<string, number>>, proof: Certified): Promise<Machines> {
    for (const kind of ["whole", "without-koffi"]) {
      for (const part of ["bin", "dist", "schemas", "man", "package.json"]) {
        await cp(`${TOP}${part}`, `${folder}/${kind}/${part}`, { recursive: true });
      }
    }
    for (const part of ["koffi", "@koromix"]) {
      await cp(`${TOP}node_modules/${part}`, `${folder}/whole/node_modules/${part}`, { recursive: true });
    }
    await chmod(folder, 0o755);
    return new Machines(folder, ports, proof);
  }

  /** Runs a row. @throws Impossible */
  async run(row: Row): Promise<Ran> {
    const command = COMMANDS[row.command]!;
    const environment = ENVIRONMENTS[row.environment]!;
    const folder = await this.#prepared(row);
    const port = this.#ports[row.server]!;
    const place = { ipv4: `127.0.0.1:${port}`, ipv6: `[::1]:${port}`, name: `ntp.test:${port}` }[row.spelling];
    const kind = environment.withoutKoffi === true ? "without-koffi" : "whole";
    const own = OWN_PORTS + (Number(/\d+$/.exec(folder)![0]) % 9000);
    const words = [
      ...command.words({ place, port, own, folder, authority: `${folder}/proof.crt` }),
      ...outputWords(command, row.output),
    ];
    const argv = [nodeOf(environment), `${this.#folder}/${kind}/bin/ntpkit.js`, ...words];
    const { stopped, deadline } = command;
    const ran = await performed(row, folder, argv, {
      killedAfter: (deadline ?? stopped!.after) + PATIENCE,
      ...(stopped === undefined ? {} : { stopped }),
    });
    if (ran.code === NOT_MADE) throw new Impossible(`${row.environment} cannot be made here: ${ran.err.trim()}`);
    const files = (await filesOf(folder)).filter((name) => !this.#given.has(name));
    await rm(folder, { recursive: true, force: true });
    return { ...ran, files };
  }

  /** Whether Node itself starts in the surroundings of a row: where it does not, nothing can be asked of a program of it. */
  startsNode(row: Row): Promise<boolean> {
    const key = `${row.environment}=${row.error}`;
    const known = this.#bare.get(key);
    if (known !== undefined) return known;
    const started = (async () => {
      const folder = await this.#prepared(row);
      const script = `require("node:dgram"); require("node:fs").readFileSync(process.argv[1]); setTimeout(() => console.log(1), 10)`;
      const argv = [nodeOf(ENVIRONMENTS[row.environment]!), "-e", script, `${this.#folder}/whole/package.json`];
      const { code } = await performed(row, folder, argv, { killedAfter: PATIENCE });
      await rm(folder, { recursive: true, force: true });
      return code === 0;
    })();
    this.#bare.set(key, started);
    return started;
  }

  async #prepared(row: Row): Promise<string> {
    const folder = `${this.#folder}/row${++this.#count}`;
    for (const name of ["home", "tmp", "state", "run", "var"]) await mkdir(`${folder}/${name}`, { recursive: true });
    await writeFile(`${folder}/ntp.conf`, "");
    await writeFile(`${folder}/resolv.conf`, "nameserver 127.0.0.2\n");
    const followed = `server 127.0.0.1 port ${this.#ports[row.server]!} iburst\n`;
    await writeFile(`${folder}/run.conf`, `${followed}driftfile ${folder}/state/drift\n`);
    const user = ENVIRONMENTS[row.environment]!.user;
    for (const name of await this.#inputs(folder)) if (user !== undefined) await chown(`${folder}/${name}`, user, user);
    if (user !== undefined) {
      for (const name of [".", "home", "tmp", "state", "run"]) await chown(`${folder}/${name}`, user, user);
    }
    return folder;
  }

  /** Lays down what commands read. @returns the names */
  async #inputs(folder: string): Promise<readonly string[]> {
    for (const [name, from] of Object.entries(INPUTS))
      await cp(`${TOP}${from}`, `${folder}/${name}`, { recursive: true });
    for (const [name, text] of Object.entries(TEXTS)) {
      await mkdir(dirname(`${folder}/${name}`), { recursive: true });
      await writeFile(`${folder}/${name}`, text, { mode: 0o600 });
    }
    await cp(this.#proof.file, `${folder}/proof.crt`);
    await writeFile(`${folder}/proof.key`, this.#proof.key, { mode: 0o600 });
    const names = (await readdir(folder, { recursive: true })).filter((name) => !GIVEN.has(name));
    for (const name of names) this.#given.add(name);
    return names;
  }
}

interface Limits {
  /** Seconds. */
  readonly killedAfter: number;
  readonly stopped?: { readonly by: NodeJS.Signals; readonly after: number };
}

async function performed(
  { environment: name, error }: Row,
  folder: string,
  argv: readonly string[],
  { killedAfter, stopped }: Limits,
): Promise<Omit<Ran, "files">> {
  const environment = ENVIRONMENTS[name]!;
  const words = [
    ...(environment.through ?? []),
    ...withoutClock(environment.user),
    ...(environment.refusing === undefined ? [] : [PYTHON, REFUSE]),
    ...(environment.refusing ?? []).map((call) => call.replace("ERROR", error)),
    ...(environment.refusing === undefined ? [] : ["--"]),
    ...onTerminal(argv, environment.columns).map((word) => (word === "python3" ? PYTHON : word)),
  ];
  // In a session of its own, by which what it leaves behind is known.
  const child = spawn("unshare", ["--mount", "bash", "-c", scriptOf(environment), "row", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: variablesOf(environment, folder),
    detached: true,
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => out.push(part));
  child.stderr.on("data", (part: Buffer) => err.push(part));
  const { pid } = child;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill(-pid!, "SIGKILL");
  }, killedAfter * 1000);
  const watch = new ProcessWatch(pid!, argv.slice(0, 2), stopped);
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  const { waited, starved } = watch.end();
  const children = await sessionOf(pid!);
  if (children.length > 0) kill(-pid!, "SIGKILL");
  if (!child.stdout.closed || !child.stderr.closed) {
    await Promise.race([once(child, "close"), new Promise((resolve) => setTimeout(resolve, 2000))]);
  }
  return { code, signal, out: textOf(out), err: textOf(err), waited, late, starved, children };
}

/** The shell makes the surroundings and becomes the command. What belongs to the machine's daemons and state is out of its sight. */
function scriptOf({ before = ":", redirect = "" }: Environment): string {
  return [
    `trap 'exit ${NOT_MADE}' ERR`,
    "mount -t tmpfs tmpfs /run",
    "mount --bind $WORK/var /var/lib",
    "[ ! -e /etc/resolv.conf ] || mount --bind $WORK/resolv.conf /etc/resolv.conf",
    "cd $WORK",
    before,
    `trap - ERR`,
    `exec "$@" ${redirect}`,
  ].join("\n");
}

function variablesOf({ variables = {}, user }: Environment, folder: string): Record<string, string> {
  const all: Record<string, string | null> = {
    PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    WORK: folder,
    HOME: `${folder}/home`,
    TMPDIR: `${folder}/tmp`,
    LANG: "C.UTF-8",
    STATE_DIRECTORY: `${folder}/state`,
    RUNTIME_DIRECTORY: `${folder}/run`,
    NTPKIT_CONFIG: `${folder}/ntp.conf`,
    ...(user === undefined ? {} : { USER: String(user) }),
    ...variables,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null));
}

/** Nothing of the campaign may set the machine's clock. */
function withoutClock(user: number | undefined): readonly string[] {
  const become = user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  return ["setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time", ...become];
}

/** The Node of a row: this one, or one that somebody has put into the folder NTPKIT_NODES. */
function nodeOf({ node }: Environment): string {
  return node === undefined ? process.execPath : `${process.env["NTPKIT_NODES"]}/${node}/bin/node`;
}

/** Whether this machine has the Node of a surrounding. */
export function hasNode(environment: Environment): boolean {
  return existsSync(nodeOf(environment));
}

/** What is not UTF-8 shows as U+FFFD, which no row may print. */
function textOf(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString("utf8");
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true });
  return found.sort();
}

/** The processes of a session, by what they were started with. */
async function sessionOf(session: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // The name, in parentheses, may have anything in it; state, parent, group and session follow.
    const [state, , , itsSession] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(itsSession) !== session || state === "Z") continue;
    found.push((await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ").trim());
  }
  return found;
}

/** How often a process is looked at, milliseconds. */
const LOOKED_AT = 100;

/** Looks at a process as it runs: since when it is the command, what it was given of a processor, and when it may be stopped. */
class ProcessWatch {
  readonly #pid: number;
  /** How its command line begins once it is the command. */
  readonly #beginning: string;
  readonly #stopped: Limits["stopped"];
  readonly #timer: NodeJS.Timeout;
  #began = performance.now();
  #first: Given | null = null;
  #last: Given | null = null;
  #isTold = false;

  constructor(pid: number, words: readonly string[], stopped: Limits["stopped"]) {
    this.#pid = pid;
    this.#beginning = words.join("\0");
    this.#stopped = stopped;
    this.#timer = setInterval(() => this.#look(), LOOKED_AT);
  }

  end(): { readonly waited: number; readonly starved: number } {
    clearInterval(this.#timer);
    const elapsed = (performance.now() - this.#began) / 1000;
    const ran = (this.#last?.ran ?? 0) - (this.#first?.ran ?? 0);
    const starved = this.#starved();
    return { waited: elapsed - ran - starved, starved };
  }

  #look(): void {
    const given = givenTo(this.#pid);
    if (given === null) return;
    if (this.#first === null) {
      // The shell makes the surroundings first.
      if (!this.#isCommand(this.#command())) return;
      this.#first = given;
      this.#began = performance.now();
    }
    this.#last = given;
    if (this.#stopped === undefined || this.#isTold) return;
    const { by, after } = this.#stopped;
    const pid = this.#command();
    // Node itself catches some signals from its first moment, so this alone says nothing of the command.
    if (!this.#isCommand(pid) || !catches(pid, by) || this.#lived() < after) return;
    this.#isTold = true;
    kill(pid, by);
  }

  /** Seconds since it is the command, but those for which it had no processor. */
  #lived(): number {
    return (performance.now() - this.#began) / 1000 - this.#starved();
  }

  #starved(): number {
    return (this.#last?.starved ?? 0) - (this.#first?.starved ?? 0);
  }

  /** What the shell has become, or what runs on the terminal that it has become. */
  #command(): number {
    return this.#isCommand(this.#pid) ? this.#pid : innermost(this.#pid);
  }

  #isCommand(pid: number): boolean {
    return read(pid, "cmdline").startsWith(this.#beginning);
  }
}

/** What a process was given, seconds: how long it ran, and how long it waited for a processor (proc(5), schedstat). */
interface Given {
  readonly ran: number;
  readonly starved: number;
}

function givenTo(pid: number): Given | null {
  const [ran, starved] = read(pid, "schedstat").split(" ").map(Number);
  return ran === undefined || starved === undefined ? null : { ran: ran / 1e9, starved: starved / 1e9 };
}

/** Whether a process listens for a signal; before, it would end as any does. */
function catches(pid: number, signal: NodeJS.Signals): boolean {
  const [, mask = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(read(pid, "status")) ?? [];
  return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function innermost(pid: number): number {
  const [child] = read(pid, `task/${pid}/children`).trim().split(" ");
  return child ? innermost(Number(child)) : pid;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself in the meantime.
  }
}
