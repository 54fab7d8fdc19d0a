/**
 * A small network of its own for one scenario: hosts are network namespaces, joined by a bridge in one more. Host n has
 * the addresses 10.77.0.n and fd77::n on `eth0`; nothing of it touches the machine's network.
 */
import { rm } from "node:fs/promises";
import { must, run } from "./processes.ts";

const PREFIX = "nk";

let closing = false;

/** One host of the network. */
export interface Host {
  readonly name: string;
  /** Name of the network namespace. */
  readonly namespace: string;
  readonly ipv4: string;
  readonly ipv6: string;
  /** The link-local address, without a zone. */
  readonly linkLocal: string;
  /** The words that run a program in this host. */
  inside(argv: readonly string[]): readonly string[];
  /** Gives the host more IPv4 addresses, such as "10.77.0.101/24". */
  addAddresses(addresses: readonly string[]): Promise<void>;
}

/** The network of one scenario. */
export class Network {
  readonly #stem: string;
  readonly #namespaces: string[] = [];
  #hosts = 0;

  private constructor(stem: string) {
    this.#stem = stem;
  }

  /** Makes an empty network; `number` tells the networks of one lab apart. */
  static async create(number: number): Promise<Network> {
    const network = new Network(`${PREFIX}${process.pid}-${number}`);
    const hub = await network.#namespace("hub");
    await ip(hub, ["link add hub type bridge forward_delay 0", "link set hub up"]);
    return network;
  }

  /** Adds a host and plugs it into the bridge. */
  async host(name: string): Promise<Host> {
    const number = ++this.#hosts;
    const hub = `${this.#stem}-hub`;
    const namespace = await this.#namespace(name);
    const ipv4 = `10.77.0.${number}`;
    const ipv6 = `fd77::${number}`;
    const octet = number.toString(16).padStart(2, "0");
    await ip(hub, [
      `link add port${number} type veth peer name eth0 netns ${namespace} address 02:00:00:00:00:${octet}`,
      `link set port${number} master hub up`,
    ]);
    await ip(namespace, [
      "link set lo up",
      `addr add ${ipv4}/24 dev eth0`,
      `addr add ${ipv6}/64 dev eth0 nodad`,
      "link set eth0 addrgenmode none",
      "link set eth0 up",
      // The classic daemon joins a group by the routing table.
      "route add 224.0.0.0/4 dev eth0",
      `addr add fe80::${number}/64 dev eth0 nodad`,
    ]);
    return {
      name,
      namespace,
      ipv4,
      ipv6,
      linkLocal: `fe80::${number}`,
      inside: (argv) => ["ip", "netns", "exec", namespace, ...argv],
      addAddresses: (addresses) =>
        ip(
          namespace,
          addresses.map((address) => `addr add ${address} dev eth0`),
        ),
    };
  }

  /** Ends what still runs in the hosts and removes them. */
  async remove(): Promise<void> {
    await Promise.all(this.#namespaces.splice(0).map(removeNamespace));
  }

  async #namespace(name: string): Promise<string> {
    const namespace = `${this.#stem}-${name}`;
    if (closing) throw new Error("the lab is ending");
    await must(["ip", "netns", "add", namespace]);
    this.#namespaces.push(namespace);
    return namespace;
  }
}

/** Removes all networks of this lab, whatever state they are in, and lets no new one be made: the lab is ending. */
export async function removeAll(): Promise<void> {
  closing = true;
  for (const namespace of await namespacesOf((pid) => pid === process.pid)) await removeNamespace(namespace);
}

/** Removes the networks of labs that died before they could do it themselves. */
export async function removeLeftovers(): Promise<void> {
  for (const namespace of await namespacesOf((pid) => !alive(pid))) await removeNamespace(namespace);
}

async function namespacesOf(belongs: (pid: number) => boolean): Promise<readonly string[]> {
  const { stdout } = await run(["ip", "netns", "list"]);
  const names = stdout.split("\n").map((line) => line.split(" ")[0] ?? "");
  return names.filter((name) => {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    return pid !== undefined && belongs(Number(pid));
  });
}

async function ip(namespace: string, commands: readonly string[]): Promise<void> {
  for (const command of commands) await must(["ip", "-n", namespace, ...command.split(" ")]);
}

async function removeNamespace(namespace: string): Promise<void> {
  const { stdout } = await run(["ip", "netns", "pids", namespace]);
  for (const pid of stdout.split(/\s+/).filter(Boolean)) kill(Number(pid));
  await run(["ip", "netns", "del", namespace]);
  await rm(`/run/netns/${namespace}`, { force: true }).catch(() => undefined);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself in the meantime.
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
