/**
 * How fast the server answers, and what it allocates:
 * `node --expose-gc --min-semi-space-size=512 --max-semi-space-size=512 --import tsx test/server/bench.ts`.
 *
 * Prints answers a second of the pure function and of the whole server (access list, recent clients, rate limits), and octets
 * of heap that each answer costs; with so much room nothing is collected meanwhile, so that what is allocated is what is seen.
 */
import { AccessList } from "../../src/server/access.ts";
import { answer, stampTransmit } from "../../src/server/answer.ts";
import { newArrival } from "../../src/server/reply.ts";
import { IPV4_MAPPED } from "../../src/server/source.ts";
import type { Mono } from "../../src/time/mono.ts";
import { SYNCHRONIZED, requestOf, serverOf } from "./packets.ts";
import { publish } from "../../src/server/published.ts";

const COUNT = 3_000_000;

const request = new DataView(requestOf({}).buffer);
const out = new DataView(new ArrayBuffer(72));
const published = publish(SYNCHRONIZED, { precision: -24, leastPoll: 3, age: 0, smear: 0 });

measure("answer() and T3", () => {
  for (let index = 0; index < COUNT; index += 1) {
    answer(request, 48, index, ~index, published, out);
    stampTransmit(out, index, index, published);
  }
});

const access = new AccessList();
for (let net = 0; net < 1000; net += 1)
  access.restrict({ address: `10.${net >> 8}.${net & 255}.0`, mask: 24, flags: ["limited", "kod"] });
access.restrict({ address: "2001:db8::", mask: 32, flags: ["noquery"] });
const server = serverOf({ access });
const arrival = newArrival();
arrival.bytes.set(requestOf({}));
arrival.length = 48;
arrival.port = 40_000;
arrival.source.c = IPV4_MAPPED;

for (const clients of [4096, 16_384])
  measure(`the whole server, ${clients} clients`, () => {
    for (let index = 0; index < COUNT; index += 1) {
      arrival.source.d = 0xc0a8_0000 | (index & (clients - 1));
      arrival.mono = (index / 1e5) as Mono;
      arrival.seconds = (index / 1e5) | 0;
      server.receive(arrival);
      server.complete(server.reply, arrival.seconds, index);
    }
  });
console.log(server.counts.answered, "answered,", server.mru.size, "clients remembered");

function measure(what: string, run: () => void): void {
  run();
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  const before = process.memoryUsage().heapUsed;
  const start = process.hrtime.bigint();
  run();
  const nanoseconds = Number(process.hrtime.bigint() - start);
  const octets = process.memoryUsage().heapUsed - before;
  console.log(
    `${what}: ${((COUNT / nanoseconds) * 1e3).toFixed(2)} million a second, ${(octets / COUNT).toFixed(3)} octets of heap each`,
  );
}
