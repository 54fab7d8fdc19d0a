/** A daemon that stays for days with ten servers, some of which come and go: its clock is kept, and nothing in it grows. A year is in `bench/daemon.bench.ts`. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { LoopConfig } from "../../src/engine/port/config.ts";
import { createWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";

const DAY = 86_400;
const SEED = 1;

/** After a collection, octets. */
function heap(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

describe.each<readonly [name: string, loop: Partial<LoopConfig>, worst: number]>([
  ["adaptive", { discipline: "adaptive", huffpuff: 7200 }, 0.003],
  ["rfc5905 with the kernel's loop", { discipline: "rfc5905", kernel: true }, 0.01],
])("%s", (name, loop, limit) => {
  it(`keeps its clock for eight days, and holds no more every evening (seed ${SEED})`, () => {
    // Without a trace the world keeps nothing of what happens in it.
    const world = createWorld({ seed: SEED, trace: false });
    const servers = Array.from({ length: 10 }, (_, index) =>
      world.server(`ntp${index}`, { link: { delay: 0.01, jitter: { shape: "exponential", mean: 0.001 } } }),
    );
    const client = daemon(world, {
      servers,
      clockError: 0.01,
      oscillator: { frequency: 30e-6, wander: 1e-9, tick: 16 },
      loop,
    });
    // Each day one is silent, and one lies.
    world.every(DAY, () => {
      const today = Math.floor(world.now / DAY);
      for (const [place, server] of servers.entries())
        server.script = { ...server.script, oddities: place === today % 10 ? [() => []] : [] };
      servers[(today + 3) % 10]!.machine.stepClock(today % 2 === 0 ? 2 : -2, null);
      world.at(world.now + DAY / 2, () => servers[(today + 3) % 10]!.machine.stepClock(today % 2 === 0 ? -2 : 2, null));
    });
    world.run(DAY);
    let worst = 0;
    world.every(600, () => (worst = Math.max(worst, Math.abs(client.machine.error))));
    const evenings = [heap()];
    for (let day = 2; day <= 8; day++) {
      world.run(DAY);
      evenings.push(heap());
    }
    expect(client.outcome).toBeNull();
    expect(worst, name).toBeLessThan(limit);
    // What leaks grows every day; what V8 compiles and learns, on some.
    const growths = evenings.slice(1).map((octets, day) => octets - evenings[day]!);
    expect(Math.min(...growths), growths.join(", ")).toBeLessThan(50_000);
  });
});
