/** What a scenario works with: a network, daemons, clocks, and ntpkit itself, all of which end with the scenario. */
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compileLeapZone, type LeapLine, writeLeapList } from "./leap-files.ts";
import { type Clock, makeClock } from "./clock.ts";
import { command, type DaemonOptions, NO_CLOCK, ORPHAN, startChronyd, startNtpd, startOpenntpd } from "./daemons.ts";
import { type Host, Network } from "./netns.ts";
import { environment, NTPKIT, type NtpkitOptions, type NtpkitRun, ntpkitWords } from "./ntpkit.ts";
import type { Peer, PeerName } from "./peers.ts";
import { type Finished, run, type Running, start } from "./processes.ts";
import type { Behaviour } from "./programs/odd-server.ts";
import type { NtsPath } from "./programs/nts-path.ts";
import type { Path } from "./programs/relay.ts";
import type { Report } from "./report.ts";
import { Systemd } from "./systemd.ts";
import { image } from "./vm/image.ts";
import { Machine } from "./vm/machine.ts";

/** The state of a server that the lab waits for before a scenario goes on. */
export type Wanted = "synchronized" | "unsynchronized" | "leap" | "any";

/** What the lab's own probe got from a server. */
export interface Reply {
  readonly leap: number;
  readonly stratum: number;
  readonly refid: string;
  readonly rootDelay: number;
  readonly rootDispersion: number;
  readonly offset: number;
  readonly delay: number;
}

/** Things made once for all scenarios. */
export interface Workshop {
  readonly folder: string;
  readonly shim: string;
  readonly programs: string;
  readonly peers: ReadonlyMap<PeerName, Peer>;
}

/** The world of one scenario. */
export class World {
  readonly #workshop: Workshop;
  readonly #network: Network;
  readonly #folder: string;
  readonly #daemons: { readonly name: string; readonly running: Running }[] = [];
  readonly #booted: Systemd[] = [];
  readonly #machines: Machine[] = [];
  readonly #transcript: string[] = [];

  private constructor(workshop: Workshop, network: Network, folder: string) {
    this.#workshop = workshop;
    this.#network = network;
    this.#folder = folder;
  }

  /** Makes an empty world. */
  static async create(workshop: Workshop, number: number): Promise<World> {
    const folder = `${workshop.folder}/${number}`;
    await mkdir(`${folder}/state`, { recursive: true });
    await writeFile(`${folder}/empty.conf`, "");
    return new World(workshop, await Network.create(number), folder);
  }

  /** Stops and removes everything. */
  async remove(): Promise<void> {
    await Promise.all([
      ...this.#daemons.map(({ running }) => running.stop()),
      ...this.#booted.map((booted) => booted.stop()),
      ...this.#machines.map((machine) => machine.stop()),
    ]);
    await this.#network.remove();
  }

  /** What was run and printed, for a scenario that failed. */
  transcript(): string {
    const daemons = this.#daemons.map(({ name, running }) => `--- ${name}\n${tail(running.output())}`);
    const machines = this.#machines.map((machine) => `--- machine\n${tail(machine.output())}`);
    return [...this.#transcript, ...daemons, ...machines].join("\n");
  }

  /** A host on the first LAN, or on another. */
  host(name: string, lan = 0): Promise<Host> {
    return this.#network.host(name, lan);
  }

  /** Plugs a host into one more LAN; returns its addresses there. */
  leg(host: Host, lan: number): Promise<{ ipv4: string; ipv6: string }> {
    return this.#network.leg(host, lan);
  }

  /** Changes a host's network: words of `ip`, such as "link set eth0 down". */
  configure(host: Host, words: string): Promise<void> {
    return this.#network.configure(host, words);
  }

  /** A router between a LAN and the next, which forwards the group, of either family, from that LAN on. */
  async router(lan: number, group: string): Promise<Host> {
    const router = await this.#network.router(`router${lan}`, lan);
    const file = await this.write(`smcroute-${lan}.conf`, [
      "phyint eth0 enable",
      "phyint eth1 enable",
      `mgroup from eth0 group ${group}`,
      `mroute from eth0 group ${group} to eth1`,
    ]);
    const paths = ["-f", file, "-P", `${file}.pid`, "-u", `${file}.sock`];
    await this.helper("smcroute", router, ["usr/sbin/smcrouted", "-n", "-N", "-l", "info", ...paths], /Ready/i);
    return router;
  }

  /** Path of a file of this scenario's. */
  file(name: string): string {
    return `${this.#folder}/${name}`;
  }

  async write(name: string, lines: readonly string[]): Promise<string> {
    await writeFile(this.file(name), `${lines.join("\n")}\n`, { mode: 0o600 });
    return this.file(name);
  }

  /**
   * A clock that is `offset` seconds ahead of the machine's.
   * @param frequency what somebody has left in it, seconds a second
   * @param rate how much too fast it runs by itself
   */
  clock(name: string, offset: number, frequency = 0, rate = 0): Promise<Clock> {
    return makeClock(this.#workshop.shim, this.file(`${name}.clock`), offset, frequency, rate);
  }

  /** A list of leap seconds. */
  leapList(name: string, lines: readonly LeapLine[]): Promise<string> {
    return writeLeapList(this.file(name), lines);
  }

  /** A time zone with leap seconds; returns what TZDIR should be. */
  leapZone(name: string, leaps: readonly (readonly [year: number, day: string])[]): Promise<string> {
    return compileLeapZone(this.file("zones"), name, leaps);
  }

  peer(name: PeerName): Peer {
    const peer = this.#workshop.peers.get(name);
    if (peer === undefined) throw new Error(`the scenario does not say that it needs ${name}`);
    return peer;
  }

  /** chronyd with a local reference at stratum 3 unless `lines` say otherwise. */
  async chronyd(
    host: Host,
    lines: readonly string[] = ["local stratum 3"],
    options: DaemonOptions & { readonly want?: Wanted; readonly patience?: number } = {},
  ): Promise<Running> {
    const file = this.file(`chrony-${host.name}.conf`);
    const config = [`bindcmdaddress ${this.chronySocket(host)}`, ...lines];
    return this.#ready("chronyd", host, await startChronyd(this.peer("chrony"), host, file, config, options), options);
  }

  /** ntpd, ntp.org's ("classic") or NTPsec's: an orphan parent of stratum 6, and `lines`. */
  async ntpd(
    which: "classic" | "ntpsec",
    host: Host,
    lines: readonly string[] = [],
    options: DaemonOptions & { readonly want?: Wanted; readonly orphan?: boolean; readonly patience?: number } = {},
  ): Promise<Running> {
    const file = this.file(`${which}-${host.name}.conf`);
    const config = [...(options.orphan === false ? [] : ORPHAN), ...lines];
    return this.#ready(which, host, await startNtpd(this.peer(which), host, file, config, options), options);
  }

  /** OpenNTPD. Synchronized it is only after minutes, with a server and a clock it may set. */
  async openntpd(
    host: Host,
    lines: readonly string[],
    options: DaemonOptions & { readonly want?: Wanted; readonly patience?: number } = {},
  ): Promise<Running> {
    const file = this.file(`openntpd-${host.name}.conf`);
    const running = await startOpenntpd(this.peer("openntpd"), host, file, lines, options);
    return this.#ready("openntpd", host, running, options);
  }

  /** The server by hand, for what no daemon sends. */
  async oddServer(host: Host, behaviour: Behaviour): Promise<Running> {
    return this.#own("odd-server", host, behaviour);
  }

  /** A bad path to a server under NTS: whoever establishes keys with this host, and asks it, does so with that server. */
  async ntsPath(host: Host, path: NtsPath): Promise<Running> {
    return this.#own("nts-path", host, path);
  }

  /** A bad path to a server: whoever asks this host asks it. */
  async relay(host: Host, path: Path): Promise<Running> {
    return this.#own("relay", host, path);
  }

  /**
   * `ntpkit serve` or `ntpkit run`, which go on; the lab waits until it answers as wanted.
   * @param options.askedBy who asks, where it would not answer its own host
   */
  async ntpkitDaemon(
    host: Host,
    args: readonly string[],
    options: NtpkitOptions & { readonly want?: Wanted; readonly patience?: number; readonly askedBy?: Host } = {},
  ): Promise<Running> {
    return this.#ready(`ntpkit ${args[0]}`, host, start(this.#ntpkitWords(host, args, options)), options);
  }

  /**
   * A systemd in a host, with ntpkit's units installed and not started.
   * @param offset seconds by which the clock that its services set is ahead
   * @param etc files under /etc by name
   */
  async systemd(host: Host, offset: number, etc: Readonly<Record<string, readonly string[]>>): Promise<Systemd> {
    const folder = this.file(`systemd-${host.name}`);
    const clock = await makeClock(this.#workshop.shim, `${folder}/shared/clock`, offset);
    const booted = await Systemd.boot(host, {
      folder,
      systemd: this.peer("systemd"),
      ntpkit: NTPKIT,
      shim: this.#workshop.shim,
      clock,
      etc,
    });
    this.#booted.push(booted);
    return booted;
  }

  /** A virtual machine in a host, with a real clock; `begin`: what that reads at the start, Unix time in seconds. */
  async machine(host: Host, begin?: number): Promise<Machine> {
    const made = await image(`${this.#workshop.folder}/machine`, this.peer("machine"), this.peer("chrony"));
    const folder = this.file(`machine-${host.name}`);
    await mkdir(folder, { recursive: true });
    const machine = await Machine.boot(made, host, { folder, ...(begin === undefined ? {} : { begin }) });
    this.#machines.push(machine);
    return machine;
  }

  /** By how much a machine's clock is ahead of this one's, seconds, as another host sees it. */
  async aheadIn(machine: Host, asking: Host): Promise<number> {
    const asked = await this.#program(asking, "told", [machine.ipv4], 20);
    if (asked.code !== 0) throw new Error("the machine does not tell its time");
    return (JSON.parse(asked.stdout) as { readonly offset: number }).offset;
  }

  /** A program that goes on and is no time daemon; it is ready when it has printed `ready`. */
  async helper(name: PeerName, host: Host, argv: readonly string[], ready: RegExp): Promise<Running> {
    const running = start(command(this.peer(name), host, argv));
    this.#daemons.push({ name: `${name} on ${host.name}`, running });
    await until(() => ready.test(running.output()), 10, `${name} did not print ${ready}`);
    return running;
  }

  /** A DNS server of these names under "lab"; returns the resolv.conf of those who are to ask it. */
  async names(host: Host, entries: readonly (readonly [address: string, name: string])[]): Promise<string> {
    const hosts = await this.write(
      "names.hosts",
      entries.map((entry) => entry.join(" ")),
    );
    const config = [
      "no-resolv",
      "no-hosts",
      `addn-hosts=${hosts}`,
      "local=/lab/",
      "user=root",
      "pid-file=",
      "log-facility=-",
    ];
    const file = await this.write("dnsmasq.conf", config);
    await this.helper("dnsmasq", host, ["usr/sbin/dnsmasq", "--keep-in-foreground", "-C", file], /started/);
    return this.write("resolv.conf", [`nameserver ${host.ipv4}`]);
  }

  /** Waits for a condition, or fails with `otherwise`. */
  until(condition: () => boolean | Promise<boolean>, seconds: number, otherwise: string): Promise<void> {
    return until(condition, seconds, otherwise);
  }

  /** Asks the chronyd on `host` with chronyc until that prints what `seen` looks for. */
  chronyc(host: Host, argv: readonly string[], seen: RegExp, seconds = 60): Promise<string> {
    return this.#asked(
      "chrony",
      host,
      ["usr/bin/chronyc", "-n", "-h", this.chronySocket(host), ...argv],
      seen,
      seconds,
    );
  }

  /** Asks the daemon on `host` with ntpq, classic unless said otherwise, until that prints what `seen` looks for. */
  async ntpq(
    host: Host,
    argv: readonly string[],
    seen: RegExp,
    seconds = 60,
    which: "classic" | "ntpsec" = "classic",
  ): Promise<string> {
    return this.#asked(which, host, ["usr/bin/ntpq", ...argv], seen, seconds);
  }

  /** Asks a server with the lab's own probe until it answers as wanted. */
  async ask(host: Host, address: string, want: Wanted = "any", seconds = 10): Promise<Reply> {
    const asked = await this.#program(host, "ask", [address, want, String(seconds)], seconds + 10);
    if (asked.code !== 0) {
      throw new Error(`${address} did not answer as ${want} within ${seconds} s; it said ${asked.stdout.trim()}`);
    }
    return JSON.parse(asked.stdout) as Reply;
  }

  /** What time a process on `clock` sees, by JavaScript and by libc through koffi. */
  async clockSeen(host: Host, clock: Clock): Promise<{ koffi: number; javascript: number; maySetClock: boolean }> {
    const argv = [process.execPath, `${this.#workshop.programs}/clock-seen.js`];
    const finished = await run(host.inside([...NO_CLOCK, ...environment(clock.env), ...argv]));
    return JSON.parse(finished.stdout) as { koffi: number; javascript: number; maySetClock: boolean };
  }

  /** By how much the time that a server tells is ahead of the machine's, seconds, as another host sees it: to some 20 µs. */
  async told(address: string, asking: Host): Promise<number> {
    const asked = await this.#program(asking, "told", [address, "123"], 20);
    if (asked.code !== 0) throw new Error(`${address} does not tell its time`);
    return (JSON.parse(asked.stdout) as { readonly offset: number }).offset;
  }

  /**
   * What the library's clock of its own has come to.
   * @param clock whose process it is
   * @returns by how much it is ahead of that after some seconds
   */
  async ownClock(host: Host, clock: Clock, servers: readonly string[], seconds: number): Promise<number> {
    const library = fileURLToPath(new URL("../dist/index.js", pathToFileURL(NTPKIT)));
    const argv = [process.execPath, `${this.#workshop.programs}/own-clock.js`, library, String(seconds), ...servers];
    const finished = await run(host.inside([...NO_CLOCK, ...environment(clock.env), ...argv]), {
      timeout: seconds + 30,
    });
    if (finished.code !== 0) throw new Error(finished.stderr);
    return JSON.parse(finished.stdout) as number;
  }

  /** Runs a program of the machine's in a host; it must succeed. */
  async run(host: Host, argv: readonly string[]): Promise<Finished> {
    const finished = await run(host.inside(argv), { timeout: 60 });
    this.#note(argv, finished);
    if (finished.code !== 0) throw new Error(`${argv[0]} ended with ${finished.code}`);
    return finished;
  }

  /** Runs a program of a peer's, such as "usr/bin/ntpdig", in a host. */
  async tool(name: PeerName, host: Host, argv: readonly string[], options: DaemonOptions = {}): Promise<Finished> {
    const finished = await run(command(this.peer(name), host, argv, options), { timeout: 60 });
    this.#note(argv, finished);
    return finished;
  }

  /** Runs a program of a peer's until it prints what `seen` looks for. */
  async #asked(name: PeerName, host: Host, argv: readonly string[], seen: RegExp, seconds: number): Promise<string> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const { stdout, stderr } = await run(command(this.peer(name), host, argv));
      if (seen.test(stdout)) return stdout;
      if (performance.now() > end) {
        throw new Error(`${argv.join(" ")} did not print ${seen} within ${seconds} s\n${stdout}${stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** A chronyd's command socket: in a folder of its own, which chronyd makes as it wants it. */
  chronySocket(host: Host): string {
    return this.file(`chrony-${host.name}/sock`);
  }

  /**
   * Runs ntpkit in a host: without CAP_SYS_TIME, with state and configuration of its own, and in its own PID namespace, so
   * that a time daemon of the machine's or of another scenario is none of its business.
   */
  async ntpkit(host: Host, args: readonly string[], options: NtpkitOptions = {}): Promise<NtpkitRun> {
    const finished = await run(this.#ntpkitWords(host, args, options), { timeout: options.timeout ?? 60 });
    if (options.untold !== true) this.#note(["ntpkit", ...args], finished);
    return {
      ...finished,
      get report(): Report {
        return JSON.parse(finished.stdout) as Report;
      },
    };
  }

  #ntpkitWords(host: Host, args: readonly string[], options: NtpkitOptions): readonly string[] {
    return ntpkitWords(
      host,
      { state: this.file("state"), runtime: this.file(`run-${host.name}`), config: this.file("empty.conf") },
      args,
      options,
    );
  }

  async #ready(
    name: string,
    host: Host,
    running: Running,
    options: { readonly want?: Wanted; readonly patience?: number; readonly askedBy?: Host },
  ): Promise<Running> {
    this.#daemons.push({ name: `${name} on ${host.name}`, running });
    // Asked from its own host: the packets of this check must not count against the clients' addresses.
    let isReady = false;
    const address = options.askedBy === undefined ? "127.0.0.1" : host.ipv4;
    const answered = this.ask(options.askedBy ?? host, address, options.want ?? "synchronized", options.patience ?? 20);
    const watched = until(
      () => isReady || running.ended() !== undefined,
      (options.patience ?? 20) + 30,
      `${name} is not ready`,
    );
    watched.catch(() => undefined);
    await Promise.race([answered.then(() => (isReady = true)), watched]);
    if (!isReady) throw new Error(`${name} ended with ${running.ended()}: ${tail(running.output())}`);
    return running;
  }

  /** A program of the lab's that goes on, told what to do as JSON; it is ready when it says so. */
  async #own(name: string, host: Host, told: object): Promise<Running> {
    const running = start(
      host.inside([process.execPath, `${this.#workshop.programs}/${name}.js`, JSON.stringify(told)]),
    );
    this.#daemons.push({ name: `${name} on ${host.name}`, running });
    await until(() => running.output().includes("ready"), 10, `the ${name} did not start`);
    return running;
  }

  /** Sends a server `count` packets of each kind that no client should; what came back. */
  async garbage(host: Host, address: string, count: number, seed = 1): Promise<{ answers: number; longest: number }> {
    const { stdout } = await this.#program(host, "garbage", [address, String(count), String(seed)], 60);
    return JSON.parse(stdout) as { answers: number; longest: number };
  }

  async #program(host: Host, name: string, args: readonly string[], timeout: number): Promise<Finished> {
    return run(host.inside([process.execPath, `${this.#workshop.programs}/${name}.js`, ...args]), { timeout });
  }

  #note(argv: readonly string[], { code, stdout, stderr, elapsed }: Finished): void {
    this.#transcript.push(`--- ${argv.join(" ")}\nexit ${code} after ${elapsed.toFixed(2)} s\n${stdout}${stderr}`);
  }
}

async function until(condition: () => boolean | Promise<boolean>, seconds: number, otherwise: string): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-15).join("\n");
}
