/** What the contract of worlds leaves to sockets: interfaces, all addresses at once, and what the kernel tells of a packet. */
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import type { PacketToken, QuestionToken, SocketToken } from "../../src/engine/port/action.ts";
import type { Event } from "../../src/engine/port/event.ts";
import type { World } from "../../src/engine/port/world.ts";
import { after } from "../../src/time/mono.ts";
import { difference, shift } from "../../src/time/timestamp.ts";
import type { Address } from "../../src/wire/address.ts";
import { clockReader } from "../../src/host/clock.ts";
import { isKnownLayout } from "../../src/host/layout.ts";
import { libc, type Libc } from "../../src/host/libc.ts";
import { dgramUdp, nativeUdp } from "../../src/host/udp/choose.ts";
import { NativeUdp } from "../../src/host/udp/native.ts";
import type { Udp, UdpHost } from "../../src/host/udp/udp.ts";
import { openWorld } from "../../src/host/world.ts";

const LOOPBACK =
  Object.entries(networkInterfaces()).find(([, infos]) => infos?.some((info) => info.address === "127.0.0.1"))?.[0] ??
  "lo";
const HAS_IPV6 = Object.values(networkInterfaces())
  .flat()
  .some((info) => info?.address === "::1");
const SERVER = 1 as SocketToken;
const CLIENT = 7 as QuestionToken;

let world: World | undefined;
afterEach(() => world?.close());

/** A world on its own sockets, and its events until one of a kind comes, or for a while. */
async function opened(udp: (host: UdpHost) => Udp | Promise<Udp>): Promise<World> {
  world = await openWorld({ clock: null, udp });
  return world;
}
async function until(of: World, kind: Event["kind"]): Promise<readonly Event[]> {
  const end = after(of.now().mono, 10);
  const events: Event[] = [];
  while (events.at(-1)?.kind !== kind) {
    if (of.now().mono >= end) throw new Error(`no ${kind}: ${JSON.stringify(events.map((event) => event.kind))}`);
    events.push(await of.next(end));
  }
  return events;
}
async function datagram(of: World): Promise<Extract<Event, { kind: "datagram" }>> {
  const found = (await until(of, "datagram")).at(-1);
  if (found?.kind !== "datagram") throw new Error("no datagram");
  return found;
}

/** A port that is free in both families. */
async function freePort(of: World): Promise<number> {
  for (let port = 20_000 + Math.floor(Math.random() * 10_000); ; port += 1) {
    of.perform({ kind: "listen", socket: 99 as SocketToken, port, address: null, interface: null });
    const event = await of.next(after(of.now().mono, 0.05));
    of.perform({ kind: "close", socket: 99 as SocketToken });
    if (event.kind === "wake") return port;
  }
}
function listen(of: World, port: number, address: string | null, name: string | null = null): void {
  of.perform({ kind: "listen", socket: SERVER, port, address, interface: name });
}
function ask(of: World, to: Address, name: string | null = null): void {
  of.perform({ kind: "ask", token: CLIENT, to, sourcePort: null, interface: name, bytes: Uint8Array.of(1) });
}
function send(of: World, to: Address, ttl: number | null, token: PacketToken = CLIENT): void {
  of.perform({ kind: "send", token, socket: CLIENT, association: null, to, ttl, bytes: Uint8Array.of(1) });
}

const KINDS: [string, (host: UdpHost) => Udp | Promise<Udp>][] = [["Node's sockets", dgramUdp]];
const native = isKnownLayout() ? libc() : null;
if (native !== null) KINDS.push(["our own sockets", (host) => nativeUdp(host) ?? dgramUdp(host)]);

describe.each(KINDS)("%s", (_name, udp) => {
  it("listen on all addresses of both families", async () => {
    const w = await opened(udp);
    const port = await freePort(w);
    listen(w, port, null);
    for (const ip of HAS_IPV6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]) {
      ask(w, { ip, port });
      expect(await datagram(w)).toMatchObject({ socket: SERVER, from: { ip } });
      w.perform({ kind: "close", socket: CLIENT });
    }
  });

  it("ask from the address of an interface that is given by it, or by its name", async () => {
    const w = await opened(udp);
    const port = await freePort(w);
    listen(w, port, "127.0.0.1");
    for (const [name, ip] of [
      ["127.0.0.1", "127.0.0.1"],
      [LOOPBACK, "127.0.0.1"],
    ] as const) {
      ask(w, { ip: "127.0.0.1", port }, name);
      expect(await datagram(w)).toMatchObject({ socket: SERVER, from: { ip } });
      w.perform({ kind: "close", socket: CLIENT });
    }
  });

  it("say that there is no such interface", async () => {
    const w = await opened(udp);
    ask(w, { ip: "127.0.0.1", port: 123 }, "no-such-if");
    expect(await until(w, "failed")).toMatchObject([{ kind: "failed", token: CLIENT, why: "noAddress" }]);
  });

  it("cannot join what is no group, nor on an interface that is not there", async () => {
    const w = await opened(udp);
    listen(w, await freePort(w), "0.0.0.0");
    w.perform({ kind: "join", socket: SERVER, group: "192.0.2.1", interface: null });
    expect((await until(w, "notOpened")).at(-1)).toMatchObject({ socket: SERVER });
    w.perform({ kind: "join", socket: SERVER, group: "224.0.1.1", interface: "no-such-if" });
    expect((await until(w, "notOpened")).at(-1)).toMatchObject({ socket: SERVER });
  });
});

if (native !== null) {
  describe("the kernel", () => {
    it("stamps both ways, and tells destination, hop limit and interface", async () => {
      const w = await opened((host) => new NativeUdp(native, host));
      const port = await freePort(w);
      for (const [ip, of] of HAS_IPV6
        ? ([
            ["127.0.0.1", "0.0.0.0"],
            ["::1", "::"],
          ] as const)
        : ([["127.0.0.1", "0.0.0.0"]] as const)) {
        listen(w, port, of);
        w.perform({ kind: "listen", socket: CLIENT, port: 0, address: of, interface: null });
        send(w, { ip, port }, 5);
        const events = await until(w, "datagram");
        expect(events.find((event) => event.kind === "sent")).toMatchObject({ token: CLIENT, stamp: "kernel" });
        expect(events.at(-1)).toMatchObject({
          stamp: "kernel",
          to: { ip, port },
          ttl: 5,
          interface: LOOPBACK,
          cast: "unicast",
        });
        w.perform({ kind: "close", socket: SERVER });
        w.perform({ kind: "close", socket: CLIENT });
      }
    });

    it("uses the system's hop limit again after one of our own", async () => {
      const w = await opened((host) => new NativeUdp(native, host));
      const port = await freePort(w);
      listen(w, port, "127.0.0.1");
      w.perform({ kind: "listen", socket: CLIENT, port: 0, address: "127.0.0.1", interface: null });
      send(w, { ip: "127.0.0.1", port }, 5);
      expect((await datagram(w)).ttl).toBe(5);
      send(w, { ip: "127.0.0.1", port }, null);
      expect((await datagram(w)).ttl).toBeGreaterThan(5);
    });

    it("tells each of many packets of one socket when it left", async () => {
      const w = await opened((host) => new NativeUdp(native, host));
      const port = await freePort(w);
      listen(w, port, "127.0.0.1");
      ask(w, { ip: "127.0.0.1", port });
      for (let token = 8; token < 28; token += 1) send(w, { ip: "127.0.0.1", port }, null, token as PacketToken);
      const sent: Event[] = [];
      while (sent.length < 21) sent.push(...(await until(w, "sent")).filter((event) => event.kind === "sent"));
      expect(sent.map((event) => (event.kind === "sent" ? [event.token as number, event.stamp] : []))).toEqual(
        Array.from({ length: 21 }, (_, index) => [7 + index, "kernel"]),
      );
    });

    it("lets a send pass that comes after an ICMP error of the one before", async () => {
      const w = await opened((host) => new NativeUdp(native, host));
      const to = { ip: "127.0.0.1", port: await freePort(w) };
      ask(w, to);
      for (let again = 0; again < 3; again += 1) send(w, to, null);
      const kinds: string[] = [];
      while (kinds.filter((kind) => kind === "unreachable").length < 4)
        kinds.push((await w.next(after(w.now().mono, 10))).kind);
      expect(kinds.filter((kind) => kind !== "unreachable")).toEqual(["sent", "sent", "sent", "sent"]);
    });

    it("may never stamp what leaves: then our own reading comes before the reply, or after a while", async () => {
      // An interface whose driver takes no stamps.
      const blind = Object.create(native, {
        recvmsg: {
          value: (fd: number, message: Uint8Array, flags: number) =>
            flags & 0x2000 ? -1 : native.recvmsg(fd, message, flags),
        },
      }) as Libc;
      const w = await opened((host) => new NativeUdp(blind, host));
      const port = await freePort(w);
      listen(w, port, "127.0.0.1");
      ask(w, { ip: "127.0.0.1", port });
      const request = await datagram(w); // with nothing said of the sending yet
      w.perform({
        kind: "send",
        token: 8 as PacketToken,
        socket: SERVER,
        association: null,
        to: request.from,
        ttl: null,
        bytes: new Uint8Array(1),
      });
      const [sent, reply] = await until(w, "datagram");
      expect(sent).toMatchObject({ kind: "sent", token: CLIENT, stamp: "user" });
      expect(reply).toMatchObject({ kind: "datagram", socket: CLIENT });
      expect(await until(w, "sent")).toMatchObject([{ kind: "sent", token: 8, stamp: "user" }]);
    });

    it("is not believed when its time is another than the one we see", async () => {
      const real = clockReader();
      const read = (): ReturnType<typeof real> => shift(real(), 3600);
      const w = await opened((host) => new NativeUdp(native, { ...host, read }));
      const port = await freePort(w);
      listen(w, port, "127.0.0.1");
      ask(w, { ip: "127.0.0.1", port });
      const request = await datagram(w);
      expect(request.stamp).toBe("user");
      expect(Math.abs(difference(request.at, read()))).toBeLessThan(60);
    });
  });
}
