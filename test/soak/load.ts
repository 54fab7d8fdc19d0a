/**
 * A steady load on a server: so many packets a second for so long, of which 2 % are octets that mean nothing, from ever new
 * addresses of the loopback network; and one client beside them that asks by itself, whose answers are timed. Prints a line of
 * JSON every ten seconds: `{"sent", "replies", "asked", "lost", "p50", "p99"}`, since the line before; times in microseconds.
 *
 * Arguments: port, packets a second, seconds, seed.
 */
import { createSocket } from "node:dgram";
import { isKnownLayout } from "../../src/host/layout.ts";
import { libc } from "../../src/host/libc.ts";
import { toSockaddr } from "../../src/host/udp/sockaddr.ts";
import { createChance } from "../../src/sim/chance.ts";
import { many, MOST } from "../support/many.ts";

const [port = 123, rate = 50_000, seconds = 60, seed = 1] = process.argv.slice(2).map(Number);

const SERVER = "127.0.0.1";
/** Room for each packet: what means nothing may be longer than a request. */
const ROOM = 512;
const REQUEST = Buffer.from(`23${"00".repeat(39)}e001020304050607`, "hex");
/** One of so many means nothing. */
const GARBAGE = 50;
/** Packets go out by the dozen, so often. */
const TICK_MS = 2;
/** An address asks for so long, and is not seen again. */
const CLIENT_MS = 100;
const ASKED_EVERY_MS = 5;
const TOLD_EVERY_MS = 10_000;
/** An answer that takes longer is lost. */
const PATIENCE_MS = 1000;
const MSG_DONTWAIT = 0x40;

const c = libc();
if (c === null || !isKnownLayout()) throw new Error("there is no libc to call");
const chance = createChance(seed);
const out = many(c, ROOM);
const back = many(c, ROOM);
for (let index = 0; index < MOST; index += 1) put(index, REQUEST);

const end = performance.now() + seconds * 1000;
const to = toSockaddr(SERVER, port)!;
let fd = -1;
let clients = 0;
let movesOnAt = 0;
let due = performance.now();
let told = zero();

const asking = createSocket("udp4");
let question = 0;
let askedAt = 0;
asking.on("message", (reply) => {
  if (reply.length < 48 || reply.readUInt32BE(28) !== question) return;
  told.times.push((performance.now() - askedAt) * 1000);
  askedAt = 0;
});
asking.on("error", () => undefined);
asking.connect(port, SERVER, () => {
  const asked = setInterval(ask, ASKED_EVERY_MS);
  const load = setInterval(send, TICK_MS);
  const tell = setInterval(report, TOLD_EVERY_MS);
  setTimeout(() => {
    for (const timer of [asked, load, tell]) clearInterval(timer);
    report();
    asking.close();
  }, seconds * 1000);
});

/** What is due by now goes out, from whoever asks at the moment; what has come back is counted. */
function send(): void {
  const now = performance.now();
  if (now >= movesOnAt) moveOn(now);
  for (; due < Math.min(now, end); due += (MOST / rate) * 1000) {
    for (let index = 0; index < MOST; index += GARBAGE) spoil(index);
    told.sent += Math.max(0, c!.sendmmsg(fd, out.headers, MOST, MSG_DONTWAIT));
    gather();
  }
  gather();
}

/** The next client. */
function moveOn(now: number): void {
  if (fd >= 0) c!.close(fd);
  fd = c!.socket(2, 2, 0);
  clients += 1;
  const from = toSockaddr(`127.${1 + ((clients >> 14) & 63)}.${(clients >> 7) & 127}.${1 + (clients & 127)}`, 0)!;
  if (c!.bind(fd, from, from.length) < 0 || c!.connect(fd, to, to.length) < 0) throw new Error("cannot connect");
  movesOnAt = now + CLIENT_MS;
}

function gather(): void {
  for (let count = MOST; count === MOST;) {
    count = Math.max(0, c!.recvmmsg(fd, back.headers, MOST, MSG_DONTWAIT, null));
    told.replies += count;
  }
}

/** Octets that mean nothing, of any length. */
function spoil(index: number): void {
  const octets = new Uint8Array(1 + chance.below(ROOM));
  for (let at = 0; at < octets.length; at += 1) octets[at] = chance.below(256);
  put(index, octets);
}

function put(index: number, octets: Uint8Array): void {
  out.bytes.set(octets, index * ROOM);
  out.cut(index, octets.length);
}

function ask(): void {
  if (askedAt !== 0 && performance.now() - askedAt < PATIENCE_MS) return;
  if (askedAt !== 0) told.lost += 1;
  const request = Buffer.from(REQUEST);
  request.writeUInt32BE(++question, 44);
  told.asked += 1;
  askedAt = performance.now();
  asking.send(request);
}

function report(): void {
  const times = told.times.toSorted((one, other) => one - other);
  const quantile = (part: number): number => Math.round(times[Math.floor(times.length * part)] ?? NaN);
  const { sent, replies, asked, lost } = told;
  console.log(JSON.stringify({ sent, replies, asked, lost, p50: quantile(0.5), p99: quantile(0.99) }));
  told = zero();
}

function zero(): { sent: number; replies: number; asked: number; lost: number; times: number[] } {
  return { sent: 0, replies: 0, asked: 0, lost: 0, times: [] };
}
