/** A clock of the engine's own, as programs have it: what a call of `now()` takes, and what it leaves for the collector. */
import { startServer } from "../../src/cli/demo/server.ts";
import { clockReader } from "../../src/host/clock.ts";
import { openClock } from "../../src/index.ts";
import { row } from "./answers.ts";

const CALLS = 1_000_000;
const ROUNDS = 5;

const server = await startServer({ name: "good", ahead: 0, stratum: 1, refid: "GPS" }, clockReader());
const clock = await openClock(`127.0.0.1:${server.port}`);
let least = Infinity;
let octets = Infinity;
let last = 0n;
for (let round = 0; round < ROUNDS; round += 1) {
  const before = process.cpuUsage();
  for (let call = 0; call < CALLS; call += 1) last = clock.now().best;
  const { user, system } = process.cpuUsage(before);
  least = Math.min(least, (user + system) / CALLS);
  // Of so few calls nothing is collected yet.
  const used = process.memoryUsage().heapUsed;
  for (let call = 0; call < 1000; call += 1) last = clock.now().best;
  const grown = process.memoryUsage().heapUsed - used;
  if (grown > 0) octets = Math.min(octets, grown / 1000);
}
if (last === 0n) throw new Error("the clock told nothing");
row("openClock: now()", least * 1000, "ns of CPU a call");
row("openClock: now(), its answer included", octets, "octets a call");
clock.close();
server.close();
