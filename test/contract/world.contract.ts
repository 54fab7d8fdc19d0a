/**
 * What every world must do, whether its packets cross real sockets or exist only in arithmetic. `host.test.ts` and
 * `sim.test.ts` run this same suite.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requestHeader } from "../../src/association/client.ts";
import { addressKey, type Address } from "../../src/wire/address.ts";
import { BASE, BASE_SERVICE, BASE_SERVING, FOLLOW } from "../../src/config/base.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { Chance } from "../../src/engine/port/engine.ts";
import type { HandshakeToken, PacketToken, QuestionToken, SocketToken } from "../../src/engine/port/action.ts";
import type { EngineConfig } from "../../src/engine/port/config.ts";
import type { ClockFault, Event, HostAddresses } from "../../src/engine/port/event.ts";
import type { World } from "../../src/engine/port/world.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { NO_FALLBACKS } from "../../src/server/local.ts";
import { after } from "../../src/time/mono.ts";
import { difference, shift, type NtpTimestamp } from "../../src/time/timestamp.ts";
import { encodeHeader, HEADER_LENGTH, readHeader, type Header } from "../../src/wire/header.ts";
import { isOfClock, type ClockAction } from "../../src/world/shadow-clock.ts";
import { withShadow } from "../../src/world/shadow.ts";
import { template } from "../support/association.ts";

/** Somebody else in the world, who answers datagrams. */
export interface Peer {
  /** Where it listens. */
  readonly address: Address;
  /** Everything that arrived there, with where it came from. */
  readonly received: { readonly from: Address; readonly bytes: Uint8Array }[];
  /** Sends a datagram from its own address. */
  send(bytes: Uint8Array, to: Address): void;
}

/** Somebody who tells with what hop limit each datagram arrived. */
export interface Ear {
  readonly address: Address;
  readonly hops: number[];
}

/** What a peer sends back for one datagram: each with who sends it, the peer or a stranger at another port. */
export type Answer = (
  bytes: Uint8Array,
) => readonly { readonly bytes: Uint8Array; readonly as: "itself" | "stranger" }[];

/** A world with what the suite needs round it. */
export interface ContractWorld {
  readonly world: World;
  /** The address families that this world has. */
  readonly families: readonly (4 | 6)[];
  /** A name with all the addresses it has in this world. */
  readonly known: { readonly name: string; readonly addresses: readonly string[] };
  /** A name that does not exist. */
  readonly unknown: string;
  /** Adds a peer that can be reached. */
  peer(family: 4 | 6, answer: Answer): Peer | Promise<Peer>;
  /** An address at which a host is, but nothing listens: port unreachable comes back. */
  unheard(family: 4 | 6): Address | Promise<Address>;
  /** An address and a free port of this world's own, where peers can reach it. */
  own(family: 4 | 6): Address | Promise<Address>;
  /** Another IPv4 address of this world's own, where peers can reach it, too. */
  readonly second: string;
  /** An address that is not this world's own. */
  readonly foreign: string;
  /** Its sockets tell where a datagram was sent to. */
  readonly tellsDestination: boolean;
  /** Its sockets answer plain requests as they read them. */
  readonly answersAtOnce: boolean;
  /** Adds an ear; `null`: nobody tells of hop limits here. */
  ear(family: 4 | 6): Ear | null | Promise<Ear | null>;
  /** Gives this world's machine other addresses, by interface. */
  readdress(addresses: HostAddresses): void;
  /** The machine is suspended for so many seconds, from now on. */
  sleep(duration: number): void;
  /** Somebody else steps the clock. */
  setClock(by: number): void;
  /** From now on the clock may not be touched, for this reason. */
  forbid(why: ClockFault): void;
  /** What the kernel was told of the clock last. */
  readonly claimed: () => object | null;
  /** Ends the peers; the suite closes the world itself. */
  end(): void | Promise<void>;
}

/** How long the suite waits for something that is to happen, and for something that is not, seconds. */
const LONG = 10;
const SHORT = 0.05;

const socket = (n: number): SocketToken => n as SocketToken;
const packet = (n: number): PacketToken => n as PacketToken;
const echo: Answer = (bytes) => [{ bytes, as: "itself" }];

/** A client's request. */
function request(cookie: bigint): Uint8Array {
  return encodeHeader(requestHeader({ version: 4 }, cookie as NtpTimestamp));
}

/** What a header says. */
function headerOf(bytes: Uint8Array): Header {
  expect(bytes.length).toBe(HEADER_LENGTH);
  return readHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
}

/** The answer of a server of stratum 1 to a request, at a moment. */
function served(bytes: Uint8Array, at: NtpTimestamp): Uint8Array {
  const times = { reference: at, origin: headerOf(bytes).transmit, receive: at, transmit: at };
  return encodeHeader({ ...headerOf(bytes), leap: "none", mode: "server", stratum: 1, ...times });
}

/** A control query (mode 6, RFC 9327): nothing that is answered at once. */
const CONTROL_QUERY = Uint8Array.of(0x26, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);

/**
 * The suite.
 * @param name of the world, for the report
 * @param makeWorld makes a fresh world; its clock can be set, and setting it touches no real clock
 */
export function worldContract(name: string, makeWorld: () => ContractWorld | Promise<ContractWorld>): void {
  describe(`${name} keeps the contract of worlds`, () => {
    let contract: ContractWorld;
    let world: World;

    beforeEach(async () => {
      contract = await makeWorld();
      world = contract.world;
    });
    afterEach(async () => {
      world.close();
      await contract.end();
    });

    /** Hands out events until `enough` says so or LONG has passed. */
    async function until(enough: (events: readonly Event[]) => boolean): Promise<readonly Event[]> {
      const end = after(world.now().mono, LONG);
      const events: Event[] = [];
      while (!enough(events)) {
        const event = await world.next(end);
        if (event.kind === "wake" && world.now().mono >= end) break;
        events.push(event);
      }
      return events;
    }

    /** Everything that happens in a short while. */
    async function soon(): Promise<readonly Event[]> {
      const end = after(world.now().mono, SHORT);
      const events: Event[] = [];
      for (;;) {
        const event = await world.next(end);
        if (event.kind === "wake" && world.now().mono >= end) return events;
        events.push(event);
      }
    }

    /** Lets the world go on until something is so outside it. */
    async function eventually(condition: () => boolean): Promise<void> {
      const end = after(world.now().mono, LONG);
      while (!condition() && world.now().mono < end) await world.next(after(world.now().mono, 0.005));
    }

    /** The first event of a kind, waited for. */
    async function first<K extends Event["kind"]>(kind: K): Promise<Extract<Event, { kind: K }>> {
      const events = await until((seen) => seen.some((event) => event.kind === kind));
      const found = events.find((event): event is Extract<Event, { kind: K }> => event.kind === kind);
      if (found === undefined) throw new Error(`no ${kind}, only ${JSON.stringify(events.map((event) => event.kind))}`);
      return found;
    }

    function ask(n: number, to: Address, bytes: Uint8Array, sourcePort: number | null = null): void {
      world.perform({ kind: "ask", token: n as QuestionToken, to, sourcePort, interface: null, bytes });
    }
    function send(n: number, to: Address, bytes: Uint8Array): void {
      world.perform({ kind: "send", token: packet(n), socket: socket(n), association: null, to, ttl: null, bytes });
    }
    function close(n: number): void {
      world.perform({ kind: "close", socket: socket(n) });
    }

    const eachFamily = async (body: (family: 4 | 6) => Promise<void>): Promise<void> => {
      for (const family of contract.families) await body(family);
    };

    describe("time", () => {
      it("never runs back by the steady clock, and wakes when asked, not before", async () => {
        const start = world.now();
        const due = after(start.mono, 0.01);
        expect(await world.next(due)).toEqual({ kind: "wake" });
        expect(world.now().mono).toBeGreaterThanOrEqual(due);
        expect(difference(world.now().clock, start.clock)).toBeGreaterThan(0);
      });

      it("wakes at once for a moment that has passed", async () => {
        expect(await world.next(after(world.now().mono, -1))).toEqual({ kind: "wake" });
      });

      it("hands out what the driver put in, in order, before it wakes", async () => {
        world.put({ kind: "start" });
        world.put({ kind: "stop" });
        expect(await world.next(world.now().mono)).toEqual({ kind: "start" });
        expect(await world.next(world.now().mono)).toEqual({ kind: "stop" });
        expect(await world.next(world.now().mono)).toEqual({ kind: "wake" });
      });
    });

    describe("sleep", () => {
      it("is told of before whatever came meanwhile; the steady clock stood still, the other went on", async () => {
        const before = world.now();
        world.perform({ kind: "resolve", name: contract.known.name, family: null });
        contract.sleep(100);
        const [stepped, ...rest] = await until((seen) => seen.some(({ kind }) => kind === "resolved"));
        if (stepped?.kind !== "stepped") throw new Error(`first came ${stepped?.kind}`);
        expect(rest.map(({ kind }) => kind)).toEqual(["resolved"]);
        expect(stepped.whose).toBe("another");
        expect(stepped.by).toBeCloseTo(100, 1);
        expect(stepped.slept).toBeCloseTo(100, 1);
        const later = world.now();
        expect(later.mono - before.mono).toBeLessThan(50);
        expect(difference(later.clock, before.clock)).toBeGreaterThan(99.9);
      });
    });

    describe("interfaces", () => {
      it("are told of when they change, all of them, to whoever watches", async () => {
        const { ip } = await contract.own(4);
        contract.readdress({ eth0: [ip] });
        expect(await soon()).toEqual([]);
        world.perform({ kind: "watchInterfaces" });
        expect(await soon()).toEqual([]);
        const changes: HostAddresses[] = [{ eth0: [ip, "198.51.100.7"], eth1: ["2001:db8:7::1"] }, { eth0: [ip] }];
        for (const addresses of changes) {
          contract.readdress(addresses);
          // Several may come of one change; the last says how things are.
          expect([await first("interfaces"), ...(await soon())].at(-1)).toEqual({ kind: "interfaces", addresses });
        }
      });
    });

    describe("names", () => {
      it("resolves a name to its addresses", async () => {
        world.perform({ kind: "resolve", name: contract.known.name, family: null });
        const resolved = await first("resolved");
        expect(resolved.name).toBe(contract.known.name);
        expect([...resolved.addresses].toSorted()).toEqual([...contract.known.addresses].toSorted());
      });

      it("resolves a literal to itself, in its own family only", async () => {
        world.perform({ kind: "resolve", name: "192.0.2.7", family: null });
        expect(await first("resolved")).toEqual({ kind: "resolved", name: "192.0.2.7", addresses: ["192.0.2.7"] });
        world.perform({ kind: "resolve", name: "2001:db8::7", family: 4 });
        expect(await first("unresolved")).toEqual({ kind: "unresolved", name: "2001:db8::7", why: "otherFamily" });
      });

      it("says that a name does not exist", async () => {
        world.perform({ kind: "resolve", name: contract.unknown, family: null });
        expect(await first("unresolved")).toEqual({ kind: "unresolved", name: contract.unknown, why: "notFound" });
      });

      it("answers never during perform", () => {
        world.perform({ kind: "resolve", name: "192.0.2.7", family: null });
        expect(world.next(world.now().mono)).toBeDefined();
      });
    });

    describe("routes", () => {
      it("are told by the address of ours that packets leave from", async () => {
        await eachFamily(async (family) => {
          const peer = await contract.peer(family, echo);
          world.perform({ kind: "route", to: peer.address, interface: null });
          const own = await contract.own(family);
          expect(await first("routed")).toEqual({ kind: "routed", to: peer.address, from: own.ip });
        });
      });
    });

    describe("keys", () => {
      const establish = (n: number, at: Address): void =>
        world.perform({
          kind: "establish",
          token: n as HandshakeToken,
          name: contract.known.name,
          with: at,
          kept: true,
          shortest: false,
        });

      it("are refused by name where nobody establishes them", async () => {
        await eachFamily(async (family) => {
          establish(family, await contract.unheard(family));
          expect(await first("notEstablished")).toEqual({
            kind: "notEstablished",
            token: family,
            why: "refused",
            detail: null,
          });
        });
      });

      it("are not spoken of any more once they are abandoned; what is over, or never was, may be abandoned", async () => {
        const nobody = await contract.unheard(4);
        establish(1, nobody);
        world.perform({ kind: "abandon", token: 1 as HandshakeToken });
        world.perform({ kind: "abandon", token: 2 as HandshakeToken });
        establish(3, nobody);
        expect(await first("notEstablished")).toMatchObject({ token: 3 });
        world.perform({ kind: "abandon", token: 3 as HandshakeToken });
        expect(await soon()).toEqual([]);
      });
    });

    describe("requests", () => {
      it("leave from the port asked for, to several servers at once, and each socket has its own server's reply", async () => {
        const { port } = await contract.own(4);
        const peers = [await contract.peer(4, echo), await contract.peer(4, echo)] as const;
        for (const [index, { address }] of peers.entries()) ask(index + 1, address, Uint8Array.of(index + 1), port);
        const events = await until((seen) => seen.filter((event) => event.kind === "datagram").length === 2);
        const replies = events.flatMap((event) =>
          event.kind === "datagram" ? [[event.socket, event.from, event.bytes[0]]] : [],
        );
        expect(replies.toSorted(([one], [other]) => Number(one) - Number(other))).toEqual(
          peers.map(({ address }, index) => [socket(index + 1), address, index + 1]),
        );
        expect(peers.map(({ received }) => received.map(({ from }) => from.port))).toEqual([[port], [port]]);
      });

      it("exchange one packet: sent, then the reply, both stamped between the clock's readings", async () => {
        await eachFamily(async (family) => {
          const peer = await contract.peer(family, echo);
          const before = world.now().clock;
          ask(family, peer.address, Uint8Array.of(family, 1, 2, 3));
          const events = await until(
            (seen) => seen.some((e) => e.kind === "datagram") && seen.some((e) => e.kind === "sent"),
          );
          const later = world.now().clock;
          const sent = events.find((event) => event.kind === "sent");
          const datagram = events.find((event) => event.kind === "datagram");
          if (sent?.kind !== "sent" || datagram?.kind !== "datagram") throw new Error("no exchange");
          expect(sent.token).toBe(packet(family));
          expect(datagram).toMatchObject({ socket: socket(family), from: peer.address, cast: "unicast" });
          expect([...datagram.bytes]).toEqual([family, 1, 2, 3]);
          // A host without kernel stamps reads its clock to within a millisecond.
          const slack = sent.stamp === "user" ? 0.002 : 0;
          expect(difference(sent.at, before)).toBeGreaterThanOrEqual(-slack);
          expect(difference(datagram.at, sent.at)).toBeGreaterThanOrEqual(-slack);
          expect(difference(later, datagram.at)).toBeGreaterThanOrEqual(-slack);
        });
      });

      it("carry octets untouched, none at all included", async () => {
        await eachFamily(async (family) => {
          const peer = await contract.peer(family, echo);
          for (const [index, length] of [0, 1, 48, 1500, 4000].entries()) {
            const bytes = Uint8Array.from({ length }, (_, at) => (at * 7) & 0xff);
            const n = family * 10 + index;
            ask(n, peer.address, bytes);
            const datagram = await first("datagram");
            expect(datagram.socket).toBe(socket(n));
            expect(datagram.bytes).toEqual(bytes);
            close(n);
          }
        });
      });

      it("keep the octets of one datagram when the next arrives", async () => {
        const peer = await contract.peer(4, echo);
        ask(1, peer.address, Uint8Array.of(1, 1, 1, 1));
        send(1, peer.address, Uint8Array.of(2, 2, 2, 2));
        const events = await until((seen) => seen.filter((event) => event.kind === "datagram").length === 2);
        const octets = events.flatMap((event) => (event.kind === "datagram" ? [[...event.bytes]] : []));
        expect(octets.toSorted()).toEqual([
          [1, 1, 1, 1],
          [2, 2, 2, 2],
        ]);
      });

      it("leave from a fresh port each, or from the one that was asked for", async () => {
        const peer = await contract.peer(4, echo);
        for (let n = 1; n <= 8; n += 1) {
          ask(n, peer.address, Uint8Array.of(n));
          await first("datagram");
          close(n);
        }
        expect(new Set(peer.received.map((one) => one.from.port)).size).toBeGreaterThan(1);
        const own = await contract.own(4);
        ask(9, peer.address, Uint8Array.of(9), own.port);
        await first("datagram");
        expect(peer.received.at(-1)?.from.port).toBe(own.port);
      });

      it("join a group as often as they are told to, while interfaces are watched, and nothing happens", async () => {
        const own = await contract.own(4);
        world.perform({ kind: "watchInterfaces" });
        world.perform({ kind: "listen", socket: socket(1), port: own.port, address: "0.0.0.0", interface: null });
        for (let time = 0; time < 3; time += 1)
          world.perform({ kind: "join", socket: socket(1), group: "239.255.7.7", interface: null });
        expect(await soon()).toEqual([]);
      });

      it("hear no stranger", async () => {
        await eachFamily(async (family) => {
          const peer = await contract.peer(family, () => [
            { bytes: Uint8Array.of(66), as: "stranger" },
            { bytes: Uint8Array.of(1), as: "itself" },
          ]);
          ask(family, peer.address, Uint8Array.of(0));
          const datagrams = [await first("datagram"), ...(await soon())].filter((event) => event.kind === "datagram");
          expect(datagrams.map((event) => [...event.bytes])).toEqual([[1]]);
        });
      });

      it("hear that a port is closed", async () => {
        await eachFamily(async (family) => {
          const address = await contract.unheard(family);
          ask(family, address, Uint8Array.of(0));
          expect(await first("unreachable")).toEqual({
            kind: "unreachable",
            socket: socket(family),
            why: "portUnreachable",
          });
        });
      });

      it("are silent once closed; closing what never opened does no harm", async () => {
        const peer = await contract.peer(4, echo);
        ask(1, peer.address, Uint8Array.of(1));
        close(1);
        close(1);
        close(77);
        expect((await soon()).filter((event) => event.kind === "datagram" || event.kind === "unreachable")).toEqual([]);
      });

      it("fail by name when there is no socket, or the datagram is too large for UDP", async () => {
        const peer = await contract.peer(4, echo);
        send(5, peer.address, Uint8Array.of(1));
        expect(await first("failed")).toMatchObject({ token: packet(5) });
        ask(6, peer.address, new Uint8Array(65_508));
        expect(await first("failed")).toEqual({ kind: "failed", token: packet(6), why: "tooLarge", to: peer.address });
      });

      it("fail once, by name, when their socket cannot be opened", async () => {
        const peer = await contract.peer(4, echo);
        const token = 7 as QuestionToken;
        const to = peer.address;
        world.perform({ kind: "ask", token, to, sourcePort: null, interface: "no-such-if", bytes: Uint8Array.of(1) });
        expect(await soon()).toEqual([{ kind: "failed", token, why: "noAddress", to }]);
        expect(peer.received).toEqual([]);
      });

      it("go to many at once, and every one is answered", async () => {
        const peer = await contract.peer(4, echo);
        const answered = new Set<number>();
        // A hundred at a time, all left open: more would not fit the receive buffer of one socket of a peer.
        for (let hundred = 0; hundred < 3; hundred += 1) {
          for (let n = hundred * 100 + 1; n <= hundred * 100 + 100; n += 1) {
            ask(n, peer.address, Uint8Array.of(n & 0xff, n >> 8));
          }
          const events = await until((seen) => seen.filter((event) => event.kind === "datagram").length === 100);
          for (const event of events) {
            if (event.kind !== "datagram") continue;
            expect([...event.bytes]).toEqual([event.socket & 0xff, event.socket >> 8]);
            answered.add(event.socket);
          }
        }
        expect(answered.size).toBe(300);
      });
    });

    describe("listening", () => {
      it("hears anybody and answers from where it was asked", async () => {
        await eachFamily(async (family) => {
          const own = await contract.own(family);
          const peer = await contract.peer(family, () => []);
          world.perform({ kind: "listen", socket: socket(family), port: own.port, address: own.ip, interface: null });
          peer.send(Uint8Array.of(7), own);
          const datagram = await first("datagram");
          expect(datagram).toMatchObject({ socket: socket(family), from: peer.address, cast: "unicast" });
          if (datagram.to !== undefined) expect(addressKey(datagram.to)).toBe(addressKey(own));
          send(family, datagram.from, Uint8Array.of(8));
          expect(await first("sent")).toMatchObject({ token: packet(family) });
          await eventually(() => peer.received.length > 0);
          expect(peer.received.map((one) => [addressKey(one.from), ...one.bytes])).toEqual([[addressKey(own), 8]]);
        });
      });

      it("says by name why it cannot", async () => {
        const own = await contract.own(4);
        world.perform({ kind: "listen", socket: socket(1), port: own.port, address: own.ip, interface: null });
        world.perform({ kind: "listen", socket: socket(2), port: own.port, address: own.ip, interface: null });
        expect(await first("notOpened")).toEqual({ kind: "notOpened", socket: socket(2), why: "portInUse" });
        world.perform({
          kind: "listen",
          socket: socket(3),
          port: own.port,
          address: contract.foreign,
          interface: null,
        });
        expect(await first("notOpened")).toEqual({ kind: "notOpened", socket: socket(3), why: "noAddress" });
      });
    });

    describe("sending", () => {
      function sendWith(n: number, to: Address, how: { from?: string; ttl?: number }): void {
        const { from, ttl = null } = how;
        const bytes = Uint8Array.of(n);
        const origin = from === undefined ? {} : { from };
        world.perform({
          kind: "send",
          token: packet(n),
          socket: socket(1),
          association: null,
          to,
          ttl,
          bytes,
          ...origin,
        });
      }

      it("leaves from the address of ours it was asked at, where sockets tell which that was", async () => {
        const own = await contract.own(4);
        const peer = await contract.peer(4, () => []);
        world.perform({ kind: "listen", socket: socket(1), port: own.port, address: null, interface: null });
        for (const ip of [own.ip, contract.second]) {
          peer.send(Uint8Array.of(0), { ip, port: own.port });
          const { from, to } = await first("datagram");
          if (!contract.tellsDestination) {
            expect(to).toBeUndefined();
            continue;
          }
          expect(to).toEqual({ ip, port: own.port });
          sendWith(1, from, { from: ip });
          await eventually(() => peer.received.length > 0);
          expect(peer.received.splice(0).map((one) => one.from)).toEqual([{ ip, port: own.port }]);
        }
      });

      it("leaves with the hop limit it is told, and with the system's where it is told none", async () => {
        await eachFamily(async (family) => {
          const own = await contract.own(family);
          const ear = await contract.ear(family);
          if (ear === null) return;
          world.perform({ kind: "listen", socket: socket(1), port: own.port, address: own.ip, interface: null });
          sendWith(1, ear.address, {});
          sendWith(2, ear.address, { ttl: 7 });
          sendWith(3, ear.address, { ttl: 255 });
          sendWith(4, ear.address, {});
          await eventually(() => ear.hops.length === 4);
          const [usual] = ear.hops;
          expect(ear.hops).toEqual([usual, 7, 255, usual]);
          close(1);
        });
      });
    });

    describe("an engine that serves", () => {
      /** Starts it and goes on until something is so; what it heard, and what it would have done to the clock. */
      async function run(
        config: EngineConfig,
        enough: () => boolean,
      ): Promise<{ heard: readonly Event[]; touched: readonly ClockAction[]; ahead: () => number }> {
        let bits = 1n;
        const chance: Chance = {
          bits64: () => (bits += 0x1234_5678_9abc_def1n),
          uniform: () => 0.5,
          split: () => chance,
        };
        const engine = withShadow(config, (told) =>
          createEngine(told, {
            chance,
            security: securityProvider(null),
            referenceIdOf: () => 0x7f00_0001,
            era: 1_790_000_000n * 1_000_000_000n,
          }),
        );
        const [heard, touched]: [Event[], ClockAction[]] = [[], []];
        const turn = (event: Event): void => {
          for (const action of engine.handle(event, world.now())) {
            if (isOfClock(action)) touched.push(action);
            else if (action.kind !== "note" && action.kind !== "remember") world.perform(action);
          }
        };
        turn({ kind: "start" });
        world.answerBy?.(engine.responder!);
        const end = after(world.now().mono, LONG);
        while (!enough() && world.now().mono < end) {
          const event = await world.next(after(world.now().mono, 0.005));
          if (event.kind !== "wake") heard.push(event);
          turn(event);
        }
        return { heard, touched, ahead: () => engine.responder!.ahead(world.now().mono) };
      }

      function serverConfig({ ip, port }: Address): EngineConfig {
        const serving = { ...BASE_SERVING, fallbacks: { ...NO_FALLBACKS, local: 5 }, ownAddresses: [ip] };
        return { ...BASE, serving, service: { ...BASE_SERVICE, port, addresses: [ip] } };
      }

      it("has plain requests answered, at once where its world can, and hears of all else", async () => {
        await eachFamily(async (family) => {
          const own = await contract.own(family);
          const peer = await contract.peer(family, () => []);
          const { clock: before } = world.now();
          const { heard } = await run(serverConfig(own), () => {
            if (peer.received.length === 0) peer.send(CONTROL_QUERY, own);
            if (peer.received.length === 0) peer.send(request(7n), own);
            return peer.received.length > 0;
          });
          const [answer] = peer.received;
          expect(answer!.from).toEqual(own);
          const header = headerOf(answer!.bytes);
          expect(header).toMatchObject({ mode: "server", stratum: 5, origin: 7n });
          expect(difference(header.receive, before)).toBeGreaterThan(-0.002);
          expect(difference(header.transmit, header.receive)).toBeGreaterThanOrEqual(0);
          expect(difference(world.now().clock, header.transmit)).toBeGreaterThanOrEqual(-0.000_001);
          const lengths = heard.flatMap((event) => (event.kind === "datagram" ? [event.bytes.length] : []));
          expect(new Set(lengths)).toEqual(new Set([CONTROL_QUERY.length, ...(contract.answersAtOnce ? [] : [48])]));
          close(1);
        });
      });

      it("serves a shadow's time, and the clock itself is left alone", async () => {
        const own = await contract.own(4);
        const source = await contract.peer(4, (bytes) => [
          { bytes: served(bytes, shift(world.now().clock, 10)), as: "itself" },
        ]);
        const client = await contract.peer(4, () => []);
        const before = world.now();
        const associations = [template({ name: source.address.ip, port: source.address.port })];
        const { touched, ahead } = await run(
          { ...serverConfig(own), associations, clock: FOLLOW, emptyStages: "brief" },
          () => {
            const isFollowed = source.received.length > 0 && client.received.length === 0;
            if (isFollowed) client.send(request(9n), own);
            return client.received.some(({ bytes }) => headerOf(bytes).stratum === 2);
          },
        );
        const header = headerOf(client.received.at(-1)!.bytes);
        const later = world.now();
        expect(header).toMatchObject({ origin: 9n, stratum: 2 });
        expect(ahead()).toBeCloseTo(10, 1);
        expect(difference(header.transmit, later.clock)).toBeCloseTo(10, 0);
        expect(difference(header.receive, later.clock)).toBeCloseTo(10, 0);
        expect(touched).toEqual([]);
        expect(difference(later.clock, before.clock)).toBeCloseTo(later.mono - before.mono, 2);
      });
    });

    describe("the clock", () => {
      it("is stepped at once, and says so", async () => {
        const before = world.now();
        world.perform({ kind: "step", offset: 3600 });
        expect(await first("stepped")).toEqual({ kind: "stepped", by: 3600, whose: "ours" });
        const later = world.now();
        expect(difference(later.clock, before.clock)).toBeGreaterThanOrEqual(3600);
        expect(later.mono - before.mono).toBeLessThan(1800);
        expect((await soon()).filter((event) => event.kind === "stepped")).toEqual([]);
      });

      it("is slewed without a jump, and says for how long", async () => {
        const before = world.now();
        world.perform({ kind: "slew", offset: 0.05 });
        const slewing = await first("slewing");
        expect(slewing.by).toBe(0.05);
        expect(slewing.lasting).toBeGreaterThan(0);
        const later = world.now();
        expect(Math.abs(difference(later.clock, before.clock) - (later.mono - before.mono))).toBeLessThan(0.04);
      });

      it("is steered, and says how and for how long it glides", async () => {
        world.perform({ kind: "steer", phase: 0.0005, frequency: 30e-6 });
        const steered = await first("steered");
        expect(steered.phase).toBeCloseTo(0.0005, 6);
        expect(steered.frequency).toBeCloseTo(30e-6, 10);
        expect(steered.lasting).toBeGreaterThanOrEqual(0);
      });

      it("is locked to a phase by the kernel's loop, which makes a frequency of it", async () => {
        world.perform({ kind: "lock", phase: 0.01, timeConstant: 6 });
        expect(await first("locked")).toMatchObject({ phase: 0.01, timeConstant: 6 });
        world.perform({ kind: "steer", phase: 0, frequency: 20e-6 });
        await first("steered");
        world.perform({ kind: "lock", phase: 0, timeConstant: 2 });
        const locked = await first("locked");
        expect(locked.timeConstant).toBe(2);
        expect(locked.frequency).toBeCloseTo(20e-6, 10);
      });

      it("refuses by name what no kernel takes, and everything where it may not be touched", async () => {
        const refused = async (action: ClockAction): Promise<ClockFault> => {
          world.perform(action);
          return (await first("clockRefused")).why;
        };
        expect(await refused({ kind: "steer", phase: 0, frequency: 600e-6 })).toBe("outOfRange");
        expect(await refused({ kind: "lock", phase: 0.6, timeConstant: 4 })).toBe("outOfRange");
        expect(await refused({ kind: "step", offset: Number.NaN })).toBe("outOfRange");
        contract.forbid("noPrivilege");
        const before = world.now();
        for (const action of [
          { kind: "step", offset: 5 },
          { kind: "slew", offset: 0.1 },
          { kind: "steer", phase: 0, frequency: 1e-6 },
          { kind: "lock", phase: 0.1, timeConstant: 4 },
        ] as const)
          expect(await refused(action)).toBe("noPrivilege");
        const later = world.now();
        expect(difference(later.clock, before.clock)).toBeCloseTo(later.mono - before.mono, 3);
      });

      it("is said to be stepped when somebody else has done so", async () => {
        contract.setClock(-30);
        const stepped = await first("stepped");
        expect(stepped.whose).toBe("another");
        expect(stepped.by).toBeCloseTo(-30, 1);
        expect(stepped.slept).toBeUndefined();
      });

      it("is said to be as good as it is, which nobody answers", async () => {
        const claim = {
          synchronized: true,
          maximumError: 0.01,
          estimatedError: 0.001,
          timeConstant: 6,
          leap: "none",
          loop: false,
          tai: null,
        } as const;
        world.perform({ kind: "kernel", claim });
        expect(await soon()).toEqual([]);
        expect(contract.claimed()).toMatchObject({
          synchronized: true,
          estimatedError: 0.001,
          timeConstant: 6,
          leap: "none",
        });
      });
    });

    describe("its end", () => {
      it("ends whoever waits, and nothing happens any more", async () => {
        const own = await contract.own(4);
        const peer = await contract.peer(4, () => []);
        world.perform({ kind: "watchInterfaces" });
        world.perform({ kind: "listen", socket: socket(1), port: own.port, address: own.ip, interface: null });
        const waiting = world.next(undefined);
        world.close();
        expect(await waiting).toEqual({ kind: "wake" });
        world.perform({ kind: "step", offset: 5 });
        world.put({ kind: "stop" });
        peer.send(Uint8Array.of(1), own);
        contract.readdress({ eth0: [own.ip] });
        for (let time = 0; time < 3; time += 1)
          expect(await world.next(after(world.now().mono, SHORT))).toEqual({ kind: "wake" });
      });
    });
  });
}
