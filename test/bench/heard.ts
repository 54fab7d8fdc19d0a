/**
 * Makes the daemon on 127.0.0.1 hear so many addresses: one client request from each of 127.1.0.1, 127.1.0.2, …, at a pace that
 * it can follow. Argument: how many. What is lost is the caller's to ask again for.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { libc } from "../../src/host/libc.ts";
import { toSockaddr } from "../../src/host/udp/sockaddr.ts";

const count = Number(process.argv[2] ?? 1000);
const c = libc();
const to = toSockaddr("127.0.0.1", 123);
if (c === null || to === null) throw new Error("there is no libc to call");

/** Requests in a row; the daemon's socket holds a few hundred. */
const ROW = 100;
const AF_INET = 2;
const SOCK_DGRAM = 2;
// Version 4, client, and a transmit timestamp, as clients send one.
const packet = Uint8Array.of(0x23, ...new Uint8Array(39), 0xe0, 1, 2, 3, 4, 5, 6, 7);

for (let index = 0; index < count; index += 1) {
  const from = toSockaddr(`127.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`, 0)!;
  const fd = c.socket(AF_INET, SOCK_DGRAM, 0);
  if (c.bind(fd, from, from.length) !== 0) throw new Error(`cannot bind: ${c.errno()}`);
  c.sendto(fd, packet, packet.length, 0, to, to.length);
  c.close(fd);
  if (index % ROW === ROW - 1) await sleep(2);
}
