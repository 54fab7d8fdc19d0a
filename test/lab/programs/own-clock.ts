/**
 * Opens a clock of its own with the library, and prints after so many seconds by how much that is ahead of the clock this process
 * is on, as JSON: seconds, the middle of several readings. Arguments: the library's file, how long, servers.
 */
import { setTimeout as sleep } from "node:timers/promises";
import koffi from "koffi";

interface Clock {
  now(): { readonly best: bigint };
  close(): void;
}

const READINGS = 21;
const CLOCK_REALTIME = 0;

const [library = "", seconds = "60", ...servers] = process.argv.slice(2);
const { openClock } = (await import(library)) as { openClock: (servers: readonly string[]) => Promise<Clock> };
const gettime = koffi.load(null).func("int clock_gettime(int, void *)");
const words = new BigInt64Array(2);
const clock = await openClock(servers);
await sleep(Number(seconds) * 1000);
const ahead: number[] = [];
for (let count = 0; count < READINGS; count += 1) {
  const before = realtime();
  const { best } = clock.now();
  ahead.push(Number(2n * best - before - realtime()) / 2e9);
}
clock.close();
console.log(JSON.stringify(ahead.toSorted((one, other) => one - other)[READINGS >> 1]));

function realtime(): bigint {
  gettime(CLOCK_REALTIME, words);
  return words[0]! * 1_000_000_000n + words[1]!;
}
