/**
 * A load generator: keeps so many client requests in flight to one server for so long, and prints the replies a second as JSON.
 * Arguments: address, port, requests in flight, seconds, and a request in hexadecimal where it is no plain one. Blocking system calls, so that it is not the generator that is measured.
 */
import { isKnownLayout } from "../../src/host/layout.ts";
import { libc } from "../../src/host/libc.ts";
import { toSockaddr } from "../../src/host/udp/sockaddr.ts";
import { many, MOST } from "../support/many.ts";

// Version 4, client, and a transmit timestamp, as clients send one.
const PLAIN = `23${"00".repeat(39)}e001020304050607`;
const [ip = "127.0.0.1", port = "123", flight = "16", seconds = "2", request = PLAIN] = process.argv.slice(2);
const inFlight = Number(flight);
const until = performance.now() + Math.min(Number(seconds), 30) * 1000;
const c = libc();
const to = toSockaddr(ip, Number(port));
if (c === null || to === null || !isKnownLayout()) throw new Error("there is no libc to call, or that is no address");

const PACKET = request.length / 2;
const MSG_WAITFORONE = 0x10000;
const out = many(c, PACKET);
const back = many(c, PACKET);
for (let index = 0; index < MOST; index += 1) out.bytes.set(Buffer.from(request, "hex"), index * PACKET);

// Half a second without a reply: what is missing was lost, and as much is sent again.
const fd = c.socket(2, 2, 0);
const patience = new BigInt64Array([0n, 500_000n]);
c.setsockopt(fd, 1, 20, patience, 16);
if (c.connect(fd, to, to.length) < 0) throw new Error("cannot connect");
let replies = 0;
let lost = 0;
let unusable = 0;
const began = performance.now();
send(inFlight);
while (performance.now() < until) {
  const count = c.recvmmsg(fd, back.headers, Math.min(inFlight, MOST), MSG_WAITFORONE, null);
  if (count <= 0) {
    lost += inFlight;
    send(inFlight);
    continue;
  }
  // Mode 4, and no kiss.
  for (let index = 0; index < count; index += 1)
    if ((back.bytes[index * PACKET]! & 7) !== 4 || back.bytes[index * PACKET + 1] === 0) unusable += 1;
  replies += count;
  send(count);
}
const taken = (performance.now() - began) / 1000;
console.log(JSON.stringify({ perSecond: Math.round(replies / taken), replies, lost, unusable }));

function send(count: number): void {
  for (let left = count; left > 0;) {
    const sent = c!.sendmmsg(fd, out.headers, Math.min(left, MOST), 0);
    if (sent <= 0) return;
    left -= sent;
  }
}
