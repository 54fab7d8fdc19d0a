/** The network: delays, faults, hops, groups, errors sent back, and those who stand in the way. */
import { beforeEach, describe, expect, it } from "vitest";
import type { QuestionToken, SocketToken } from "../../src/engine/port/action.ts";
import type { Event } from "../../src/engine/port/event.ts";
import type { Machine } from "../../src/sim/machine.ts";
import { createWorld, type HostOptions, type SimWorld } from "../../src/sim/world.ts";
import type { Address } from "../../src/wire/address.ts";

type Heard = { readonly at: number; readonly event: Event };

const PORT = 5000;
const one = 1 as SocketToken;
const two = 2 as SocketToken;

let world: SimWorld;
beforeEach(() => {
  world = createWorld({ seed: "network" });
});

/** A machine that writes down what it hears, listening on PORT. */
function listener(name: string, options: HostOptions = {}): { machine: Machine; heard: Heard[]; address: Address } {
  const machine = world.machine(name, options);
  const heard: Heard[] = [];
  machine.load({ handle: (event) => heard.push({ at: world.now, event }) });
  machine.perform({ kind: "listen", socket: one, port: PORT, address: null, interface: null });
  return { machine, heard, address: { ip: machine.address(), port: PORT } };
}

const octets = (heard: readonly Heard[]): number[] =>
  heard.flatMap(({ event }) => (event.kind === "datagram" ? [event.bytes[0]!] : []));
const kinds = (heard: readonly Heard[]): unknown[] =>
  heard.map(({ event }) => ("why" in event ? [event.kind, event.why] : [event.kind]));
const arrivals = (heard: readonly Heard[]): number[] =>
  heard.flatMap(({ at, event }) => (event.kind === "datagram" ? [at] : []));

/** Asks, of whoever is there. */
function ask(machine: Machine, to: Address, over: { sourcePort?: number; interface?: string } = {}): void {
  const rest = { sourcePort: null, interface: null, ...over };
  machine.perform({ kind: "ask", token: two as QuestionToken, to, bytes: Uint8Array.of(2), ...rest });
}

/** When what one host sends another arrives, in a world with so many others that it sends to as well. */
function delaysAmong(others: number): readonly number[] {
  world = createWorld({ seed: 3 });
  for (let n = 0; n < others; n++) listener(`other${n}`, { addresses: [`192.0.2.${n + 1}`] });
  const link = { delay: 0.01, jitter: { shape: "exponential", mean: 0.01 }, loss: 0.1 } as const;
  const a = listener("a", { addresses: ["198.51.100.1"], link });
  const b = listener("b", { addresses: ["198.51.100.2"], link });
  for (let n = 0; n < 50; n++) a.machine.transmit(one, b.address, Uint8Array.of(n));
  for (let n = 0; n < others; n++) a.machine.transmit(one, { ip: `192.0.2.${n + 1}`, port: PORT }, Uint8Array.of(n));
  world.run(1);
  return arrivals(b.heard);
}

describe("links", () => {
  it("delay each way by its own", () => {
    const a = listener("a", { link: { out: { delay: 0.01 }, in: { delay: 0.002 } } });
    const b = listener("b", { link: { delay: 0.03 } });
    a.machine.transmit(one, b.address, Uint8Array.of(1));
    world.run(1);
    b.machine.transmit(one, a.address, Uint8Array.of(2));
    world.run(1);
    expect(arrivals(b.heard)[0]).toBeCloseTo(0.04, 12);
    expect(arrivals(a.heard)[0]).toBeCloseTo(1.032, 12);
  });

  it("lose and duplicate as often as they are told", () => {
    const a = listener("a");
    const b = listener("b", { link: { in: { loss: 0.25, duplication: 0.5 } } });
    for (let n = 0; n < 4000; n++) a.machine.transmit(one, b.address, Uint8Array.of(1));
    world.run(1);
    expect(octets(b.heard).length / 4000).toBeCloseTo(0.75 * 1.5, 1);
  });

  it("jitter above their base delay, with the mean they are told", () => {
    const a = listener("a");
    const exponential = listener("b", { link: { in: { delay: 0.01, jitter: { shape: "exponential", mean: 0.002 } } } });
    const gaussian = listener("c", { link: { in: { delay: 0.01, jitter: { shape: "gaussian", deviation: 0.002 } } } });
    for (const { heard, address, mean } of [
      { ...exponential, mean: 0.012 },
      { ...gaussian, mean: 0.01 + 0.002 * Math.sqrt(2 / Math.PI) },
    ]) {
      const start = world.now;
      for (let n = 0; n < 2000; n++) a.machine.transmit(one, address, Uint8Array.of(1));
      world.run(1);
      const delays = arrivals(heard).map((at) => at - start);
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(0.01 - 1e-12);
      expect(delays.reduce((sum, delay) => sum + delay, 0) / delays.length).toBeCloseTo(mean, 3);
    }
  });

  it("let later packets overtake", () => {
    const a = listener("a");
    const b = listener("b", { link: { in: { reordering: { probability: 0.5, by: 0.01 } } } });
    for (let n = 0; n < 20; n++) a.machine.transmit(one, b.address, Uint8Array.of(n));
    world.run(1);
    expect(octets(b.heard)).not.toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(octets(b.heard).toSorted((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it("swallow everything while they are dead", () => {
    const a = listener("a");
    const b = listener("b", { link: { in: { dead: [{ from: 2, until: 4 }] } } });
    for (let second = 0; second < 6; second++)
      world.at(second, () => a.machine.transmit(one, b.address, Uint8Array.of(second)));
    world.run(10);
    expect(octets(b.heard)).toEqual([0, 1, 4, 5]);
  });

  it("differ between two hosts alone where that is said, even in the middle of a run", () => {
    const [a, b, c] = [listener("a"), listener("b"), listener("c")];
    a.machine.transmit(one, b.address, Uint8Array.of(0));
    world.run(1);
    const way = world.network.between("a", "b", { delay: 0.5 });
    for (const { address } of [b, c]) a.machine.transmit(one, address, Uint8Array.of(1));
    b.machine.transmit(one, a.address, Uint8Array.of(2));
    world.run(1);
    expect(arrivals(b.heard)).toEqual([0, 1.5]);
    expect(arrivals(c.heard)).toEqual([1]);
    expect(arrivals(a.heard)).toEqual([1]);
    way.loss = 1;
    a.machine.transmit(one, b.address, Uint8Array.of(3));
    world.run(1);
    expect(octets(b.heard)).toEqual([0, 1]);
  });

  it("do not care what else there is: another host leaves every delay as it was", () => {
    expect(delaysAmong(0)).toEqual(delaysAmong(5));
  });
});

describe("whom it reaches", () => {
  it("parts some from the others for a while", () => {
    const [a, b, c] = [listener("a"), listener("b"), listener("c")];
    world.network.partitions.push({ stations: ["a", "b"], from: 1, until: 3 });
    for (let second = 0; second < 4; second++) {
      world.at(second, () => {
        for (const { address } of [b, c]) a.machine.transmit(one, address, Uint8Array.of(second));
      });
    }
    world.run(10);
    expect(octets(b.heard)).toEqual([0, 1, 2, 3]);
    expect(octets(c.heard)).toEqual([0, 3]);
  });

  it("counts hops between LANs, and takes the way with the fewest", () => {
    world.network.routes.join("home", "isp", { hops: 1, delay: 0.001 });
    world.network.routes.join("isp", "far", { hops: 3, delay: 0.05 });
    world.network.routes.join("home", "far", { hops: 6, delay: 0.0001 });
    const a = listener("a", { lan: "home" });
    const b = listener("b", { lan: "far" });
    a.machine.transmit(one, b.address, Uint8Array.of(4), 4);
    a.machine.transmit(one, b.address, Uint8Array.of(5), 5);
    world.run(1);
    expect(octets(b.heard)).toEqual([5]);
    expect(arrivals(b.heard)[0]).toBeCloseTo(0.051, 12);
    expect(b.heard[0]!.event).toMatchObject({ ttl: 1 });
  });

  it("carries a group as far as its hops and multicast routers let it, to those who joined", () => {
    const group = "224.0.1.1";
    world.network.routes.join("lan", "next", { hops: 1 });
    world.network.routes.join("next", "deaf", { hops: 1, multicast: false });
    world.network.routes.join("next", "far", { hops: 2 });
    const sender = listener("sender");
    const hosts = { here: "lan", next: "next", far: "far", deaf: "deaf", idle: "lan" };
    const heard = Object.entries(hosts).map(([name, lan]) => {
      const host = listener(name, { lan });
      if (name !== "idle") host.machine.perform({ kind: "join", socket: one, group, interface: null });
      return [name, host.heard] as const;
    });
    for (const ttl of [1, 2, 4, 255]) {
      sender.machine.transmit(one, { ip: group, port: PORT }, Uint8Array.of(ttl), ttl);
      world.run(1);
    }
    expect(Object.fromEntries(heard.map(([name, events]) => [name, octets(events)]))).toEqual({
      here: [1, 2, 4, 255],
      next: [2, 4, 255],
      far: [4, 255],
      deaf: [],
      idle: [],
    });
    expect(heard[1]![1][0]!.event).toMatchObject({ cast: "group", to: { ip: group, port: PORT }, ttl: 1 });
  });

  it("keeps broadcasts and ff02:: on their LAN", () => {
    world.network.routes.join("lan", "other");
    const sender = listener("sender", { addresses: ["192.0.2.1", "2001:db8::1"], broadcast: "192.0.2.255" });
    const near = listener("near", { addresses: ["192.0.2.2", "2001:db8::2"] });
    const far = listener("far", { addresses: ["192.0.2.3", "2001:db8::3"], lan: "other" });
    for (const { machine } of [near, far])
      machine.perform({ kind: "join", socket: one, group: "ff02::101", interface: null });
    for (const ip of ["255.255.255.255", "192.0.2.255", "ff02::101"])
      sender.machine.transmit(one, { ip, port: PORT }, Uint8Array.of(1), 255);
    world.run(1);
    expect(near.heard.map(({ event }) => event.kind === "datagram" && event.cast)).toEqual([
      "broadcast",
      "broadcast",
      "group",
    ]);
    expect(far.heard).toEqual([]);
  });
});

describe("errors", () => {
  it("come back from a closed port, not from a host that hides", () => {
    const a = listener("a", { link: { delay: 0.01 } });
    const talkative = world.machine("open", { link: { delay: 0.01 } });
    const hidden = world.machine("hidden", { icmp: false });
    for (const machine of [talkative, hidden]) {
      ask(a.machine, { ip: machine.address(), port: 9 });
      world.run(1);
    }
    expect(kinds(a.heard)).toEqual([["sent"], ["unreachable", "portUnreachable"], ["sent"]]);
    expect(a.heard[1]!.at).toBeCloseTo(0.04, 12);
  });

  it("come from a router that knows no way; other unknown addresses are silent", () => {
    const a = listener("a");
    world.network.unroutable.add("203.0.113.1");
    for (const ip of ["203.0.113.1", "203.0.113.2"]) {
      ask(a.machine, { ip, port: 123 });
      world.run(1);
    }
    expect(kinds(a.heard)).toEqual([["unreachable", "noRoute"], ["sent"], ["sent"]]);
  });

  it("are known at once where there is no network, no such family, no such interface", () => {
    const a = listener("a", { down: [{ from: 0, until: 10 }] });
    ask(a.machine, { ip: "10.9.9.9", port: 123 });
    world.run(20);
    ask(a.machine, { ip: "2001:db8::1", port: 123 });
    ask(a.machine, { ip: "10.9.9.9", port: 1 }, { interface: "wlan0" });
    world.run(1);
    expect(kinds(a.heard)).toEqual([
      ["failed", "noRoute"],
      ["failed", "noRoute"],
      ["failed", "noAddress"],
    ]);
  });
});

describe("those in the way", () => {
  it("see everything, and may drop, hold up and change", () => {
    const [a, b] = [listener("a"), listener("b")];
    const seen: number[] = [];
    const untap = world.network.tap(({ bytes }) => {
      seen.push(bytes[0]!);
      if (bytes[0] === 1) return "drop";
      if (bytes[0] === 2) return { delay: 0.5 };
      return bytes[0] === 3 ? { bytes: Uint8Array.of(33) } : "pass";
    });
    for (const octet of [1, 2, 3, 4]) a.machine.transmit(one, b.address, Uint8Array.of(octet));
    world.run(1);
    untap();
    a.machine.transmit(one, b.address, Uint8Array.of(1));
    world.run(1);
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(octets(b.heard)).toEqual([33, 4, 2, 1]);
  });

  it("can send with anybody's address, and need not see anything for it", () => {
    const [a, b] = [listener("a"), listener("b")];
    ask(a.machine, b.address, { sourcePort: 6000 });
    world.network.inject(
      { from: b.address, to: { ip: a.address.ip, port: 6000 }, ttl: 64, bytes: Uint8Array.of(66) },
      0.25,
    );
    world.run(1);
    const forged = a.heard.filter(({ event }) => event.kind === "datagram");
    expect(forged.map(({ at, event }) => [at, event.kind === "datagram" && event.from])).toEqual([[0.25, b.address]]);
  });
});
