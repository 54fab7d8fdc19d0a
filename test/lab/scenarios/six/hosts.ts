/**
 * Six hosts on one LAN: chronyd, NTPsec, ntp.org's ntpd and three of `ntpkit run`.
 *
 * ```text
 *   chrony    ntpsec      ntp      one and two ask chrony and ntpsec; ntp and they are a clique of peers, by key
 *      │ ╲    ╱   │      ╱  │
 *      │   ╳      │    ╱    │
 *     one ─────── two ──────┤
 *      └────── three ───────┘      three knows nobody: it finds one, two and ntp by a multicast group
 * ```
 */
import { readFile } from "node:fs/promises";
import type { Clock } from "../../clock.ts";
import type { Host } from "../../netns.ts";
import { must, type Running } from "../../processes.ts";
import type { World } from "../../world.ts";

/** The hosts' names, in the order of their addresses. */
const NAMES = ["chrony", "ntpsec", "ntp", "one", "two", "three"] as const;

export type Name = (typeof NAMES)[number];

/** Those that run ntpkit. */
export const OURS = ["one", "two", "three"] as const;

/** What clocks are ahead by at first, seconds, and how much too fast they run. The servers' own are true. */
const CLOCKS: Readonly<Record<Name, readonly [offset: number, rate: number]>> = {
  chrony: [0, 0],
  ntpsec: [-0.3, 0],
  ntp: [0, 0],
  one: [-0.25, 40e-6],
  two: [0.008, -30e-6],
  three: [0.5, 20e-6],
};

const SECRETS = ["1 SHA1 6ab3c02a4f9be8d1"];
const GROUP = "239.1.1.1";
const POLL = "minpoll 3 maxpoll 3";

/** NTPsec answers ntpq only where it is told to. */
const QUESTIONS = ["restrict 127.0.0.1", "restrict ::1"];

/** Nobody's: what is sent there is lost without a word. */
const NOWHERE = "02:00:00:00:ff:ff";

/** The six hosts, their clocks and what runs on them. */
export class SixHosts {
  readonly world: World;
  readonly #hosts: Readonly<Record<Name, Host>>;
  readonly #clocks: Readonly<Record<Name, Clock>>;
  readonly #keys: string;
  readonly #running = new Map<Name, Running>();

  private constructor(
    world: World,
    hosts: Readonly<Record<Name, Host>>,
    clocks: Readonly<Record<Name, Clock>>,
    keys: string,
  ) {
    this.world = world;
    this.#hosts = hosts;
    this.#clocks = clocks;
    this.#keys = keys;
  }

  /** Six hosts on which nothing runs yet. */
  static async create(world: World): Promise<SixHosts> {
    const hosts = {} as Record<Name, Host>;
    const clocks = {} as Record<Name, Clock>;
    for (const name of NAMES) {
      const [offset, rate] = CLOCKS[name];
      hosts[name] = await world.host(name);
      clocks[name] = await world.clock(name, offset, 0, rate);
    }
    return new SixHosts(world, hosts, clocks, await world.write("ntp.keys", SECRETS));
  }

  host(name: Name): Host {
    return this.#hosts[name];
  }

  clock(name: Name): Clock {
    return this.#clocks[name];
  }

  /** Whose address it is; the address itself if nobody's. */
  nameOf(address: string): string {
    return NAMES.find((name) => this.#hosts[name].ipv4 === address) ?? address;
  }

  /** Ends what runs on a host; returns its exit code. */
  async stop(name: Name): Promise<number | string | undefined> {
    const running = this.#running.get(name);
    if (running === undefined) return undefined;
    if (isOurs(name)) await signal(running, "SIGTERM");
    else await running.stop();
    await this.world.until(() => running.ended() !== undefined, 10, `${name} did not end`);
    this.#running.delete(name);
    return running.ended();
  }

  /** chronyd, right by itself. */
  async chronydServes(): Promise<void> {
    this.#running.set(
      "chrony",
      await this.world.chronyd(this.host("chrony"), ["local stratum 3"], { clock: this.clock("chrony") }),
    );
  }

  /** chronyd that knows nothing but what ours tell it; it leaves its clock alone, and serves what it has learned. */
  async chronydFollows(): Promise<void> {
    const running = await this.world.chronyd(this.host("chrony"), this.#asksOurs(), {
      clock: this.clock("chrony"),
      want: "any",
    });
    this.#running.set("chrony", running);
  }

  /** ntpd by its own clock, which is to be found by the group, and in a clique with one and two. */
  async ntpdServes(): Promise<void> {
    const reference = [`server 127.127.1.0 ${POLL} prefer`, "fudge 127.127.1.0 stratum 3"];
    const peers = (["one", "two"] as const).map((name) => `peer ${this.host(name).ipv4} key 1 ${POLL}`);
    await this.#ntpd("classic", "ntp", [
      ...this.#keyed(),
      ...reference,
      ...peers,
      `manycastserver ${GROUP}`,
      "tos cohort 1",
    ]);
  }

  /** ntpd or NTPsec that knows nothing but what ours tell it. */
  async ntpdFollows(name: "ntp" | "ntpsec"): Promise<void> {
    await this.#ntpd(name === "ntp" ? "classic" : "ntpsec", name, [...QUESTIONS, ...this.#asksOurs()]);
  }

  /** NTPsec, right by itself. */
  async ntpsecServes(): Promise<void> {
    await this.#ntpd("ntpsec", "ntpsec", [...QUESTIONS, "tos orphan 3 orphanwait 1"]);
  }

  /** One or two; a second time: it rereads its configuration. */
  async ntpkitRuns(name: "one" | "two", { manycast }: { readonly manycast: boolean }): Promise<void> {
    const other = name === "one" ? "two" : "one";
    const servers = (["chrony", "ntpsec"] as const).map((server) => `server ${this.host(server).ipv4} iburst ${POLL}`);
    const peers = (["ntp", other] as const).map((peer) => `peer ${this.host(peer).ipv4} key 1 ${POLL}`);
    await this.#ntpkit(name, [...servers, ...peers, ...(manycast ? [`manycastserver ${GROUP}`] : [])]);
  }

  /** Three, which searches. */
  async ntpkitSearches(): Promise<void> {
    await this.#ntpkit("three", ["ttl 1", `manycastclient ${GROUP} key 1 ${POLL}`]);
  }

  /** From now on nothing that a host sends to another arrives. */
  async cut(from: Name, to: Name): Promise<void> {
    await must(
      this.host(from).inside([
        "ip",
        "neigh",
        "replace",
        this.host(to).ipv4,
        "lladdr",
        NOWHERE,
        "nud",
        "permanent",
        "dev",
        "eth0",
      ]),
    );
  }

  async mend(from: Name, to: Name): Promise<void> {
    await must(this.host(from).inside(["ip", "neigh", "del", this.host(to).ipv4, "dev", "eth0"]));
  }

  /** Plugs hosts into a LAN: 0, where all are at first, or 1, where nobody is. */
  async plug(names: readonly Name[], lan: 0 | 1): Promise<void> {
    for (const name of names) await this.host(name).replug(lan);
  }

  async #ntpd(which: "classic" | "ntpsec", name: Name, lines: readonly string[]): Promise<void> {
    const options = { clock: this.clock(name), orphan: false, want: "any" } as const;
    this.#running.set(name, await this.world.ntpd(which, this.host(name), lines, options));
  }

  async #ntpkit(name: Name, lines: readonly string[]): Promise<void> {
    const pidfile = `pidfile ${this.world.file(`${name}.pid`)}`;
    const file = await this.world.write(`run-${name}.conf`, [pidfile, ...this.#keyed(), "tos cohort 1", ...lines]);
    const known = this.#running.get(name);
    if (known !== undefined) return await signal(known, "SIGHUP");
    const env = { STATE_DIRECTORY: this.world.file(`state-${name}`) };
    const options = { clock: this.clock(name), env, want: "any" } as const;
    this.#running.set(name, await this.world.ntpkitDaemon(this.host(name), ["run", "-c", file], options));
  }

  #keyed(): readonly string[] {
    return [`keys ${this.#keys}`, "trustedkey 1"];
  }

  #asksOurs(): readonly string[] {
    return OURS.map((name) => `server ${this.host(name).ipv4} iburst ${POLL}`);
  }
}

function isOurs(name: Name): boolean {
  return OURS.some((ours) => ours === name);
}

/** Sends a signal to ntpkit itself, the innermost of the processes that give it a namespace each. */
async function signal({ pid }: Pick<Running, "pid">, name: NodeJS.Signals): Promise<void> {
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  if (child) await signal({ pid: Number(child) }, name);
  else process.kill(pid, name);
}
