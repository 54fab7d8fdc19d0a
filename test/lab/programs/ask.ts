/**
 * Asks a server for the time until it answers as wanted; the lab's own check that a daemon is ready, which shares no code
 * with the project. Arguments: address, "synchronized" | "unsynchronized" | "leap" | "any", seconds to go on for. Prints
 * the last reply as JSON; exit code 0 if it was as wanted.
 */
import { createSocket } from "node:dgram";

const UNIX_EPOCH = 2_208_988_800;
/** Often while a daemon starts, then seldom: NTPsec postpones its once-a-second work while packets keep coming. */
const QUICK_MS = 200;
const SLOW_MS = 1000;
const QUICK_TRIES = 15;

const [address = "127.0.0.1", want = "any", seconds = "5"] = process.argv.slice(2);
const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
const until = performance.now() + Number(seconds) * 1000;
/** When each question left, by the transmit timestamp that its answer has to name. */
const asked = new Map<string, number>();
let tries = 0;
let last: object | undefined;

socket.on("message", (reply) => {
  const receivedAt = now();
  const sentAt = asked.get(reply.toString("hex", 24, 32));
  if (reply.length < 48 || sentAt === undefined) return;
  const time = (octet: number): number =>
    reply.readUInt32BE(octet) - UNIX_EPOCH + reply.readUInt32BE(octet + 4) / 2 ** 32;
  const leap = reply.readUInt8(0) >> 6;
  const stratum = reply.readUInt8(1);
  last = {
    leap,
    stratum,
    refid: reply.toString("latin1", 12, 16),
    rootDelay: reply.readUInt32BE(4) / 65536,
    rootDispersion: reply.readUInt32BE(8) / 65536,
    offset: (time(32) - sentAt + (time(40) - receivedAt)) / 2,
    delay: receivedAt - sentAt - (time(40) - time(32)),
  };
  const synchronized = leap !== 3 && stratum > 0 && stratum < 16;
  const wanted = { synchronized, unsynchronized: !synchronized, leap: leap === 1 || leap === 2, any: true }[want];
  if (wanted === true) end(0);
});
// A port nobody listens on yet is reported as an error: the daemon is still starting.
socket.on("error", () => undefined);
ask();

function ask(): void {
  if (performance.now() >= until) end(1);
  const request = Buffer.alloc(48);
  request.writeUInt8(0x23, 0);
  request.fill(0x5a, 40, 48).writeUInt32BE(tries, 44);
  asked.set(request.toString("hex", 40, 48), now());
  socket.send(request, 123, address);
  setTimeout(ask, ++tries < QUICK_TRIES ? QUICK_MS : SLOW_MS);
}

function now(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}

function end(code: number): never {
  console.log(JSON.stringify(last ?? null));
  process.exit(code);
}
