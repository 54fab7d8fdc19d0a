/**
 * A bad path to a server: passes UDP packets on with a delay, losses, duplicates and reordering, for each direction its own.
 * One argument: the path as JSON (see `Path`). Prints "ready" when it listens, and one line for each packet: its direction and
 * what became of it, such as `there lost` or `back passed`.
 *
 * What becomes of the n-th packet of a direction depends on the seed and n alone, so a scenario meets the same path each time.
 * Nothing passes earlier than it should, however the timers fall; on a busy machine it may be later.
 */
import { createSocket, type Socket } from "node:dgram";

/** What happens to packets one way; left out means that nothing does. */
export interface Way {
  /** Seconds each packet is held. */
  readonly delay?: number;
  /** Seconds more at most, drawn anew for each. */
  readonly jitter?: number;
  /** Shares of the packets, 0 … 1: not passed on; passed on twice, the copy `late` seconds after the first. */
  readonly loss?: number;
  readonly duplicate?: number;
  /** Share that is held `late` seconds longer, so that those behind it overtake. */
  readonly reorder?: number;
  readonly late?: number;
}

/** The path between whoever asks port 123 of this host and a server. */
export interface Path {
  /** The server's address. */
  readonly to: string;
  readonly there?: Way;
  readonly back?: Way;
  readonly seed?: number;
  /** Shows each packet, in hexadecimal behind what became of it. */
  readonly shown?: boolean;
}

type Direction = "there" | "back";

const PORT = 123;
/** Timers fall on whole milliseconds: the last one is waited out by looking at the clock. */
const TIMER_MS = 2;

const path = JSON.parse(process.argv[2] ?? "{}") as Path;
const type = path.to.includes(":") ? "udp6" : "udp4";
const seed = path.seed ?? 1;
const chance: Readonly<Record<Direction, () => number>> = { there: uniform(2 * seed), back: uniform(2 * seed + 1) };
/** One socket to the server for each that a client asks from, so that replies find back. */
const upstream = new Map<string, Socket>();
/** A client that asks from the port of servers, as symmetric peers do, is passed on from that port. */
let peer: { readonly address: string; readonly port: number } | undefined;

const listening = createSocket({ type, ...(type === "udp6" ? { ipv6Only: true } : {}) });
listening.on("message", (packet, from) => {
  if (isServer(from)) {
    const to = peer;
    if (to !== undefined) pass("back", packet, (): void => listening.send(packet, to.port, to.address));
  } else {
    if (from.port === PORT) peer = from;
    const socket = from.port === PORT ? listening : upstreamFor(from);
    pass("there", packet, (): void => socket.send(packet, PORT, path.to));
  }
});
listening.bind(PORT, () => console.log("ready"));

function upstreamFor(client: { readonly address: string; readonly port: number }): Socket {
  const name = `${client.address} ${client.port}`;
  const known = upstream.get(name);
  if (known !== undefined) return known;
  const socket = createSocket(type);
  socket.on("message", (packet, from) => {
    if (isServer(from)) pass("back", packet, (): void => listening.send(packet, client.port, client.address));
  });
  // Whoever asked may be gone by the time the answer comes.
  socket.on("error", () => undefined);
  upstream.set(name, socket);
  return socket;
}

function isServer({ address, port }: { readonly address: string; readonly port: number }): boolean {
  return address === path.to && port === PORT;
}

/** Sends a packet when its time has come, once, twice or never. Each draws as often, whatever the path is like. */
function pass(direction: Direction, packet: Buffer, send: () => void): void {
  const shown = path.shown === true ? ` ${packet.toString("hex")}` : "";
  const arrived = performance.now();
  const { delay = 0, jitter = 0, loss = 0, duplicate = 0, reorder = 0, late = 0 } = path[direction] ?? {};
  const [isLost, isDoubled, isHeld, more] = [
    chance[direction]() < loss,
    chance[direction]() < duplicate,
    chance[direction]() < reorder,
    chance[direction](),
  ];
  if (isLost) {
    console.log(`${direction} lost${shown}`);
    return;
  }
  const due = arrived + 1000 * (delay + jitter * more + (isHeld ? late : 0));
  at(due, () => {
    send();
    console.log(`${direction} passed${isHeld ? " late" : ""}${shown}`);
  });
  if (isDoubled) {
    at(due + 1000 * late, () => {
      send();
      console.log(`${direction} doubled${shown}`);
    });
  }
}

/** Does something as soon as the steady clock shows `due`, milliseconds, and not before. */
function at(due: number, act: () => void): void {
  const left = due - performance.now();
  if (left <= 0) act();
  else if (left <= TIMER_MS) setImmediate(at, due, act);
  else setTimeout(at, left - TIMER_MS, due, act);
}

/** A generator of numbers from 0 to 1 that a seed determines (mulberry32). */
function uniform(from: number): () => number {
  let state = Math.imul(from, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}
