/** A daemon that is restarted takes up its associations where the one before left them. */
import { describe, expect } from "vitest";
import { DEFAULT_DISCIPLINE, type DisciplineName } from "../../src/discipline/disciplines.ts";
import type { Break } from "../../src/engine/memory/lapse.ts";
import { carriedOver } from "../../src/engine/memory/remembered.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { daemon } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";
import { serversOf } from "./oneshot.ts";

const PAUSE = 30;
const SERVER = { oscillator: {} } as const;

/** A daemon for two hours, a pause, and the one after it. */
function restarted(
  world: SimWorld,
  broken: Break | null,
  meanwhile: (first: Runner) => void = () => undefined,
  discipline: DisciplineName = DEFAULT_DISCIPLINE,
): { readonly second: Runner; readonly asked: () => readonly number[] } {
  const servers = serversOf(world, SERVER, SERVER, SERVER);
  const first = daemon(world, {
    servers,
    oscillator: { frequency: 20e-6, wander: 1e-9 },
    clockError: 0.3,
    loop: { discipline },
  });
  world.run(7200);
  const { remembered } = first.engine.memory(first.machine.now());
  first.stop();
  meanwhile(first);
  world.run(PAUSE);
  const counts = servers.map(({ count }) => count);
  const memory = { kisses: [], remembered: carriedOver(remembered!, { elapsed: PAUSE, broken }) };
  const second = daemon(world, {
    servers,
    memory,
    on: first.machine,
    loop: { discipline, frequency: remembered!.clock!.oscillator.frequency },
  });
  world.run(0.001);
  return { second, asked: () => servers.map(({ count }, place) => count - counts[place]!) };
}

describe("a daemon that is restarted", () => {
  scenario("follows its servers at once, and asks each for one packet, not a burst", { trace: false }, (world) => {
    const { second, asked } = restarted(world, null);
    const { system, associations } = second.snapshot();
    expect(system.systemPeer).not.toBeNull();
    expect(associations.map(({ reach }) => reach >= 0o376)).toEqual([true, true, true]);
    world.run(20);
    expect(asked()).toEqual([1, 1, 1]);
    expect(second.snapshot().associations.map(({ reach }) => reach & 1)).toEqual([1, 1, 1]);
    world.run(600);
    expect(Math.abs(second.machine.error)).toBeLessThan(0.001);
  });

  scenario("steers by what it hears itself, not once more by what was heard before", { trace: false }, (world) => {
    const { second } = restarted(world, null, undefined, "rfc5905");
    expect(second.snapshot().discipline!.state).toBe("FSET");
    world.run(30);
    expect(second.snapshot().discipline!.state).toBe("SYNC");
  });

  scenario("begins with a burst where the clock was touched meanwhile", { trace: false }, (world) => {
    const { second, asked } = restarted(world, "step", (first) => first.machine.stepClock(0.05, null));
    expect(second.snapshot().system.systemPeer).toBeNull();
    world.run(20);
    for (const count of asked()) expect(count).toBeGreaterThan(3);
    world.run(600);
    expect(Math.abs(second.machine.error)).toBeLessThan(0.001);
  });
});
