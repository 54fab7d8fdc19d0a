/**
 * A systemd of the lab's own in one of its hosts: units really start, with everything they are confined by.
 *
 * It runs as process 1 of PID, mount, IPC, host name and control group namespaces, on a root that is thrown away
 * (`programs/boot.sh`). Services that set the clock set one of the shim's, by a drop-in that adds nothing else.
 */
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "./clock.ts";
import type { Host } from "./netns.ts";
import type { Peer } from "./peers.ts";
import { type Finished, run, type Running, start } from "./processes.ts";

/** What is to be booted. */
export interface Boot {
  /** A folder of this systemd's own, not there yet. */
  readonly folder: string;
  readonly systemd: Peer;
  /** The entry of ntpkit, bin/ntpkit.js. */
  readonly ntpkit: string;
  /** The shim's shared object. */
  readonly shim: string;
  /** The clock of the services; its state file is `folder`/shared/clock. */
  readonly clock: Clock;
  /** Files under /etc by name. */
  readonly etc: Readonly<Record<string, readonly string[]>>;
}

const UNITS = fileURLToPath(new URL("../../man/examples/systemd", import.meta.url));
const NAMES = ["ntpkit.service", "ntpkit-sync.service", "ntpkit-sync.timer"];

/** A systemd that runs. */
export class Systemd {
  /** What its services set. */
  readonly clock: Clock;
  readonly #group: string;
  readonly #running: Running;
  readonly #pid: number;

  private constructor(clock: Clock, group: string, running: Running, pid: number) {
    this.clock = clock;
    this.#group = group;
    this.#running = running;
    this.#pid = pid;
  }

  /** Boots in a host, and waits until it can be asked. */
  static async boot(host: Host, boot: Boot): Promise<Systemd> {
    const { folder, systemd, ntpkit, clock, etc } = boot;
    await install(boot);
    for (const [name, lines] of Object.entries(etc)) await writeFile(`${folder}/etc/${name}`, lines.join("\n") + "\n");
    const group = `ntpkit-lab-${host.namespace}-${process.pid}`;
    const script = fileURLToPath(new URL("programs/boot.sh", import.meta.url));
    const running = start(
      host.inside([
        "unshare",
        "--mount",
        script,
        folder,
        group,
        systemd.path(""),
        dirname(dirname(ntpkit)),
        process.execPath,
      ]),
    );
    const end = performance.now() + 30_000;
    for (;;) {
      if (running.ended() !== undefined || performance.now() > end)
        throw new Error(`systemd did not start: ${running.output()}`);
      const pid = await innermost(running.pid);
      if (pid !== null && (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim() === "systemd") {
        const booted = new Systemd(clock, group, running, pid);
        if (/^(running|degraded)$/m.test((await booted.run(["systemctl", "is-system-running"])).stdout)) return booted;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Runs a program in it. */
  run(argv: readonly string[]): Promise<Finished> {
    return run([
      "nsenter",
      "--target",
      `${this.#pid}`,
      "--mount",
      "--pid",
      "--uts",
      "--ipc",
      "--net",
      "--cgroup",
      ...argv,
    ]);
  }

  /** A property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.run(["systemctl", "show", "--property", name, "--value", unit])).stdout.trim();
  }

  /** Waits until a property of a unit is as wanted. */
  async until(unit: string, name: string, wanted: RegExp, seconds = 30): Promise<string> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const value = await this.property(unit, name);
      if (wanted.test(value)) return value;
      if (performance.now() > end)
        throw new Error(`after ${seconds} s ${name} of ${unit} is ${JSON.stringify(value)}\n${await this.journal()}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** Writes a file under /etc anew. */
  async write(name: string, lines: readonly string[]): Promise<void> {
    await writeFile(join("/proc", String(this.#pid), "root", "etc", name), lines.join("\n") + "\n");
  }

  /** The log. */
  async journal(): Promise<string> {
    return (await this.run(["journalctl", "--no-pager", "--output", "short-monotonic"])).stdout;
  }

  async stop(): Promise<void> {
    await this.#running.stop();
    // What no process is in any more can go.
    await run(["unshare", "--mount", "sh", "-c", REMOVE_GROUP, "sh", this.#group]);
  }
}

/** Its last processes may not be gone yet. Seen by this command alone, for the machine may have its control groups elsewhere. */
const REMOVE_GROUP = `mount --make-rprivate / && mount -t cgroup2 cgroup2 /mnt
for attempt in $(seq 50); do
  [ -d "/mnt/$1" ] || exit 0
  find "/mnt/$1" -depth -type d -exec rmdir {} + 2>/dev/null
  sleep 0.1
done`;

/** All that the units are given besides what they say. */
const DROP_IN = `[Service]
Environment=LD_PRELOAD=/usr/lib/ntpkit-lab-clock.so
Environment=NTPKIT_LAB_CLOCK=/lab/clock
ReadWritePaths=/lab
`;

async function install({ folder, shim }: Boot): Promise<void> {
  await mkdir(`${folder}/etc`, { recursive: true });
  await mkdir(`${folder}/shared`, { recursive: true });
  await chmod(`${folder}/shared`, 0o777);
  await chmod(`${folder}/shared/clock`, 0o666);
  await copyFile(shim, `${folder}/clock.so`);
  for (const name of NAMES) {
    const dropIns = `${folder}/units/${name}.d`;
    await mkdir(dropIns, { recursive: true });
    await copyFile(`${UNITS}/${name}`, `${folder}/units/${name}`);
    if (name.endsWith(".service")) await writeFile(`${dropIns}/lab.conf`, DROP_IN);
  }
  const target = ["[Unit]", "DefaultDependencies=no", "Wants=systemd-journald.socket systemd-journald.service"];
  await writeFile(`${folder}/units/lab.target`, target.join("\n") + "\n");
}

/** The innermost of the processes that give it a namespace each. */
async function innermost(pid: number): Promise<number | null> {
  let at = pid;
  for (let depth = 0; depth < 8; depth++) {
    if ((await readFile(`/proc/${at}/comm`, "utf8").catch(() => "")).trim() === "systemd") return at;
    const [child] = (await readFile(`/proc/${at}/task/${at}/children`, "utf8").catch(() => "")).trim().split(" ");
    if (!child) return null;
    at = Number(child);
  }
  return null;
}
