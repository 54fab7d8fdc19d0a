/**
 * A simulated year of a daemon that follows four servers and a pool, looked at each thirty days: what it holds is not to grow.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";

const DAY = 86_400;
const LOOKED_AT = 30;
/** From the middle of the year to its end the heap may grow by this part. */
const GROWTH = 0.05;

/** Returns what is wrong; it prints a line for each look. */
export async function liveAYear(days: number, seed: number): Promise<readonly string[]> {
  if (days <= 0) return [];
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const world = createWorld({ seed, trace: false });
  const servers = Array.from({ length: 4 }, (_, index) => world.server(`ntp${index}`, { stratum: 1 + (index % 2) }));
  const link = { delay: 0.01, jitter: { shape: "exponential", mean: 1e-3 }, loss: 0.02 } as const;
  const oscillator = { frequency: 20e-6, wander: 1e-8 };
  const client = daemon(world, { servers, link, clockError: 0.05, oscillator });
  const heaps: number[] = [];
  console.log("day     heap kB  most actions an event     error µs");
  for (let day = 0; day < days;) {
    const next = Math.min(days, day + LOOKED_AT);
    world.run((next - day) * DAY);
    day = next;
    collect();
    heaps.push(process.memoryUsage().heapUsed / 1024);
    const cells = [heaps.at(-1)!.toFixed(0), String(client.most), (client.machine.error * 1e6).toFixed(0)];
    console.log(`${String(day).padEnd(6)}${[9, 23, 13].map((width, at) => cells[at]!.padStart(width)).join("")}`);
    await Promise.resolve();
  }
  const grown = heaps.at(-1)! / heaps[heaps.length >> 1]!;
  return grown > 1 + GROWTH ? [`a year: the heap grows, × ${grown.toFixed(2)} in half of it`] : [];
}
