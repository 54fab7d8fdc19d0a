/**
 * A small network of its own for one scenario: hosts are network namespaces, joined by a bridge in one more. Host n has
 * the addresses 10.77.0.n and fd77::n on `eth0`; nothing of it touches the machine's network. A scenario may have more
 * LANs, in a row with a router between each and the next: there host n of LAN m has 10.77.m.n and fd77:0:0:m::n.
 */
import { rm } from "node:fs/promises";
import { must, run } from "./processes.ts";

const PREFIX = "nk";

/** LANs in a row at most: hosts have routes to so many. */
const LANS = 3;

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
  /** Plugs the host into another LAN with the addresses it has: it reaches those that are there with addresses like its own. */
  replug(lan: number): Promise<void>;
}

/** The network of one scenario. */
export class Network {
  readonly #stem: string;
  readonly #namespaces: string[] = [];
  #hosts = 0;
  #ports = 0;

  private constructor(stem: string) {
    this.#stem = stem;
  }

  /** Makes an empty network; `number` tells the networks of one lab apart. */
  static async create(number: number): Promise<Network> {
    const network = new Network(`${PREFIX}${process.pid}-${number}`);
    const hub = await network.#namespace("hub");
    for (let lan = 0; lan < LANS; lan += 1) {
      await ip(hub, [`link add lan${lan} type bridge forward_delay 0 mcast_snooping 0`, `link set lan${lan} up`]);
    }
    return network;
  }

  /** Adds a host and plugs it into the bridge of a LAN. */
  async host(name: string, lan = 0): Promise<Host> {
    const number = ++this.#hosts;
    const namespace = await this.#namespace(name);
    const { ipv4, ipv6 } = addresses(lan, number);
    const port = await this.#plug(namespace, "eth0", lan);
    await ip(namespace, [
      "link set lo up",
      `addr add ${ipv4}/24 brd + dev eth0`,
      `addr add ${ipv6}/64 dev eth0 nodad`,
      "link set eth0 addrgenmode none",
      "link set eth0 up",
      // The classic daemon joins a group by the routing table.
      "route add 224.0.0.0/4 dev eth0",
      `addr add fe80::${number}/64 dev eth0 nodad`,
      ...others(lan).flatMap((other) => routes(other, routerAt(lan, other < lan ? "eth1" : "eth0"))),
    ]);
    return this.#member(name, namespace, port, ipv4, ipv6, `fe80::${number}`);
  }

  /** Plugs a host into one more LAN, on its `eth1`; returns its addresses there. It forwards nothing from one to the other. */
  async leg({ namespace, ipv4 }: Host, lan: number): Promise<{ ipv4: string; ipv6: string }> {
    const number = Number(ipv4.split(".").at(-1));
    const here = addresses(lan, number);
    await this.#plug(namespace, "eth1", lan);
    await ip(namespace, [
      `route del ${subnets(lan).ipv4}`,
      `route del ${subnets(lan).ipv6}`,
      `addr add ${here.ipv4}/24 brd + dev eth1`,
      `addr add ${here.ipv6}/64 dev eth1 nodad`,
      "link set eth1 addrgenmode none",
      "link set eth1 up",
      `addr add fe80::${number}/64 dev eth1 nodad`,
    ]);
    return here;
  }

  /** Words of `ip`, done in a host. */
  configure({ namespace }: Host, words: string): Promise<void> {
    return ip(namespace, [words]);
  }

  /** Adds a router between a LAN, on its `eth0`, and the next, on its `eth1`. Groups it forwards only when told to. */
  async router(name: string, lan: number): Promise<Host> {
    const namespace = await this.#namespace(name);
    const next = lan + 1;
    const port = await this.#plug(namespace, "eth0", lan);
    await this.#plug(namespace, "eth1", next);
    const here = routerAt(lan, "eth0");
    const there = routerAt(next, "eth1");
    await ip(namespace, [
      "link set lo up",
      `addr add ${here.ipv4}/24 dev eth0`,
      `addr add ${here.ipv6}/64 dev eth0 nodad`,
      `addr add ${there.ipv4}/24 dev eth1`,
      `addr add ${there.ipv6}/64 dev eth1 nodad`,
      ...["eth0", "eth1"].flatMap((device) => [
        `link set ${device} addrgenmode none`,
        `link set ${device} up`,
        `addr add fe80::${device === "eth0" ? 254 : 253}/64 dev ${device} nodad`,
      ]),
      ...others(lan)
        .filter((other) => other !== next)
        .flatMap((other) => routes(other, other < lan ? routerAt(lan, "eth1") : routerAt(next, "eth0"))),
    ]);
    const forward = ["ipv4/ip_forward", "ipv6/conf/all/forwarding"].map((file) => `echo 1 > /proc/sys/net/${file}`);
    await must(["ip", "netns", "exec", namespace, "sh", "-c", forward.join(" && ")]);
    return this.#member(name, namespace, port, here.ipv4, here.ipv6, "");
  }

  #member(name: string, namespace: string, port: string, ipv4: string, ipv6: string, linkLocal: string): Host {
    return {
      name,
      namespace,
      ipv4,
      ipv6,
      linkLocal,
      inside: (argv) => ["ip", "netns", "exec", namespace, ...argv],
      addAddresses: (addresses) =>
        ip(
          namespace,
          addresses.map((address) => `addr add ${address} dev eth0`),
        ),
      replug: (lan) => ip(`${this.#stem}-hub`, [`link set ${port} master lan${lan}`]),
    };
  }

  /** Puts a cable between a device and a LAN; returns the cable's end at the LAN. */
  async #plug(namespace: string, device: string, lan: number): Promise<string> {
    const number = ++this.#ports;
    const port = `port${number}`;
    const octet = number.toString(16).padStart(2, "0");
    await ip(`${this.#stem}-hub`, [
      `link add ${port} type veth peer name ${device} netns ${namespace} address 02:00:00:00:00:${octet}`,
      `link set ${port} master lan${lan} up`,
    ]);
    return port;
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

/** Those of a host on a LAN. */
function addresses(lan: number, number: number): { ipv4: string; ipv6: string } {
  return { ipv4: `10.77.${lan}.${number}`, ipv6: lan === 0 ? `fd77::${number}` : `fd77:0:0:${lan}::${number}` };
}

/** Those of the router that has a LAN on this device of its: on `eth0` it leads to the next LAN, on `eth1` to the one before. */
function routerAt(lan: number, device: "eth0" | "eth1"): { ipv4: string; ipv6: string } {
  return addresses(lan, device === "eth0" ? 254 : 253);
}

/** How a LAN is reached. */
function routes(lan: number, router: { readonly ipv4: string; readonly ipv6: string }): readonly string[] {
  return [`route add ${subnets(lan).ipv4} via ${router.ipv4}`, `route add ${subnets(lan).ipv6} via ${router.ipv6}`];
}

function subnets(lan: number): { ipv4: string; ipv6: string } {
  const { ipv4, ipv6 } = addresses(lan, 0);
  return { ipv4: `${ipv4}/24`, ipv6: `${ipv6}/64` };
}

function others(lan: number): readonly number[] {
  return Array.from({ length: LANS }, (_, other) => other).filter((other) => other !== lan);
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
