/**
 * A virtual machine in a host of the lab's network: its clock is a real kernel's, really set, and the truth is outside.
 *
 * The host's addresses are the machine's. The lab speaks to it by a serial line (init.sh) and to its emulator by a monitor;
 * what its clock reads is asked over the network, of a program that does nothing else (clock.c).
 */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { must, type Finished, type Running, start } from "../processes.ts";
import type { Host } from "../netns.ts";
import type { Image } from "./image.ts";

/** Megabytes: its root is in them. */
const MEMORY = 640;

/** How a machine is started. */
export interface MachineOptions {
  /** For its sockets. */
  readonly folder: string;
  /** What its hardware clock reads at the start, Unix time in seconds; without, the time. */
  readonly begin?: number;
}

/** What its kernel says of its clock, as busybox's adjtimex prints it. */
export interface KernelState {
  /** Bits of STA_…. */
  readonly status: number;
  /** 2⁻¹⁶ ppm. */
  readonly frequency: number;
  /** Microseconds in a hundredth of a second. */
  readonly tick: number;
  /** Microseconds. */
  readonly maximumError: number;
  /** What adjtimex returns: TIME_INS, TIME_OOP, … */
  readonly state: number;
}

/** A machine that runs. */
export class Machine {
  readonly #running: Running;
  readonly #line: Line;
  readonly #monitor: Socket;

  private constructor(running: Running, line: Line, monitor: Socket) {
    this.#running = running;
    this.#line = line;
    this.#monitor = monitor;
  }

  /** Boots in a host, and waits until it can be spoken to. */
  static async boot(image: Image, host: Host, options: MachineOptions): Promise<Machine> {
    await giveNetwork(host);
    const [serial, monitor] = [`${options.folder}/serial`, `${options.folder}/monitor`];
    const running = start(host.inside(words(image, options, serial, monitor)));
    try {
      const line = new Line(await connected(serial, running));
      await line.next(60);
      const machine = new Machine(running, line, await connected(monitor, running));
      await machine.must(`ip link set eth0 up && ip addr add ${host.ipv4}/24 dev eth0`);
      return machine;
    } catch (error) {
      await running.stop();
      throw new Error(`the machine did not boot: ${running.output().slice(-2000)}`, { cause: error });
    }
  }

  /** Runs a command of the shell in it. Seconds of patience, before that is an error: 60. */
  async run(command: string, patience = 60): Promise<Finished> {
    const started = performance.now();
    this.#line.say(Buffer.from(command).toString("base64"));
    const answer = await this.#line.next(patience);
    // Nothing written is nothing between two spaces.
    const [code = "", stdout = "", stderr = ""] = answer.split(" ");
    const text = (base64: string): string => Buffer.from(base64, "base64").toString();
    const elapsed = (performance.now() - started) / 1000;
    return { code: Number(code), stdout: text(stdout), stderr: text(stderr), elapsed };
  }

  /** Runs one that must succeed, and returns what it printed. */
  async must(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(command);
    if (code !== 0) throw new Error(`${command} ended with ${code} in the machine\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs ntpkit in it. */
  ntpkit(args: string, patience = 60): Promise<Finished> {
    return this.run(`NO_COLOR=1 ${NTPKIT} ${args}`, patience);
  }

  /** Starts a program that goes on; what it writes is on the console and in the file of its name under /tmp; so is its pid. */
  async begin(name: string, command: string): Promise<void> {
    const log = `/tmp/${name}.log`;
    await this.must(`NO_COLOR=1 ${command} >${log} 2>&1 & echo $! >/tmp/${name}.pid; tail -f ${log} >/dev/ttyS0 &`);
  }

  /** What a program that was begun has written. */
  log(name: string): Promise<string> {
    return this.must(`cat /tmp/${name}.log`);
  }

  /** Ends a program that was begun, and waits until it is gone. */
  async end(name: string): Promise<void> {
    const gone = "kill -0 $pid 2>/dev/null || exit 0; sleep 0.1";
    await this.must(`pid=$(cat /tmp/${name}.pid); kill $pid; for i in $(seq 100); do ${gone}; done; exit 1`);
  }

  async kernel(): Promise<KernelState> {
    const told = await this.must("adjtimex");
    const number = (name: string): number => Number(new RegExp(`${name}:?\\s+(-?\\d+)`).exec(told)?.[1] ?? NaN);
    return {
      status: number("status"),
      frequency: number("-f\\s+freq.adjust|freq.adjust"),
      tick: number("tick"),
      maximumError: number("maxerror"),
      state: number("return value"),
    };
  }

  /** Stops its processor: for it, no time goes by. */
  pause(): void {
    this.#monitor.write("stop\n");
  }

  resume(): void {
    this.#monitor.write("cont\n");
  }

  /** What was written on its console. */
  output(): string {
    return this.#running.output();
  }

  async stop(): Promise<void> {
    this.#monitor.destroy();
    this.#line.close();
    await this.#running.stop();
  }
}

/** ntpkit in the machine. */
export const NTPKIT = "node /opt/ntpkit/bin/ntpkit.js";

function words(image: Image, { begin }: MachineOptions, serial: string, monitor: string): readonly string[] {
  const clock = begin === undefined ? "utc" : new Date(begin * 1000).toISOString().slice(0, 19);
  return [
    image.qemu,
    ["-m", `${MEMORY}`, "-display", "none", "-no-reboot", "-nodefaults", "-rtc", `base=${clock}`],
    ["-kernel", image.kernel, "-initrd", image.root, "-append", "console=ttyS0 panic=-1 quiet"],
    ["-serial", "stdio", "-serial", `unix:${serial},server=on,wait=off`],
    ["-monitor", `unix:${monitor},server=on,wait=off`],
    ["-netdev", "tap,id=lan,ifname=tap0,script=no,downscript=no"],
    ["-device", "virtio-net-pci,netdev=lan,romfile="],
  ].flat();
}

/** Gives the host's place on the LAN, and its address, to the machine in it. */
async function giveNetwork(host: Host): Promise<void> {
  for (const command of [
    "addr flush dev eth0",
    "link add bridge0 type bridge forward_delay 0 mcast_snooping 0",
    "tuntap add dev tap0 mode tap",
    "link set eth0 master bridge0",
    "link set tap0 master bridge0 up",
    "link set bridge0 up",
  ]) {
    await must(["ip", "-n", host.namespace, ...command.split(" ")]);
  }
}

/** A socket that the emulator makes as it starts. */
async function connected(path: string, emulator: Running): Promise<Socket> {
  for (let attempt = 0; attempt < 100 && emulator.ended() === undefined; attempt += 1) {
    const socket = connect(path);
    const done = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    // The emulator may end before the lab is done with it.
    if (done) return socket.on("error", () => undefined).resume();
    await sleep(100);
  }
  throw new Error("the emulator does not answer");
}

/** The serial line, by lines. */
class Line {
  readonly #socket: Socket;
  #heard = "";
  #waiting: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket.setEncoding("latin1").on("data", (text: string) => {
      this.#heard += text;
      this.#waiting?.();
    });
  }

  say(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  /** The next line, which must come within so many seconds. */
  async next(seconds: number): Promise<string> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const at = this.#heard.indexOf("\n");
      if (at >= 0) {
        const line = this.#heard.slice(0, at);
        this.#heard = this.#heard.slice(at + 1);
        return line;
      }
      const left = end - performance.now();
      if (left <= 0) throw new Error(`no answer within ${seconds} s; so far ${JSON.stringify(this.#heard)}`);
      const wait = new AbortController();
      this.#waiting = () => wait.abort();
      await sleep(left, undefined, { signal: wait.signal }).catch(() => undefined);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
