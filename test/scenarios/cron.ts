/** Runs of `sync --state` one after the other on one machine, as cron makes them, with what each leaves to the next. */
import { carriedTo } from "../../src/engine/memory/remembered.ts";
import type { Remembered } from "../../src/engine/port/memory.ts";
import type { Lapse, Moment } from "../../src/engine/memory/lapse.ts";
import type { Memory } from "../../src/engine/port/memory.ts";
import type { OnceOptions } from "../../src/config/options.ts";
import type { Machine } from "../../src/sim/machine.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { ClientOptions, SimWorld } from "../../src/sim/world.ts";
import type { Seconds } from "../../src/time/seconds.ts";
import { start } from "./oneshot.ts";

/** How cron runs it. */
export interface CronOptions extends ClientOptions {
  readonly servers: readonly (string | ScriptedServer)[];
  readonly options?: OnceOptions;
  /** Whether it remembers anything. Default: it does. */
  readonly remembers?: boolean;
}

/** What came of one run. */
export interface CronRun {
  readonly runner: Runner;
  /** The clock's true error just before, and as soon as it is where the run wanted it. */
  readonly before: Seconds;
  readonly after: Seconds;
  /** Since the run before; `null`: there was none. */
  readonly lapse: Lapse | null;
}

/** A machine on which cron runs `sync`. */
export class Cron {
  readonly #world: SimWorld;
  readonly #options: CronOptions;
  readonly runs: CronRun[] = [];
  machine: Machine | null = null;
  /** Names the machine's start. */
  boot = "first";
  /** What the last run left, and when. */
  left: { readonly memory: Memory; readonly at: Moment } | null = null;

  constructor(world: SimWorld, options: CronOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** Runs go on with what a daemon on the same machine has left. */
  takeOver({ machine, engine }: Runner): void {
    this.machine = machine;
    this.left = { memory: engine.memory(machine.now()), at: this.#moment() };
  }

  /** One run, to its end. */
  once(servers: readonly (string | ScriptedServer)[] = this.#options.servers): CronRun {
    const { options = {}, remembers = true, ...machine } = this.#options;
    const { memory, lapse } = this.#recalled();
    const runner = start(this.#world, {
      ...machine,
      servers,
      options: { ...options, remember: remembers },
      memory,
      ...(this.machine === null ? {} : { on: this.machine }),
    });
    this.machine = runner.machine;
    const before = runner.machine.error;
    this.#world.run(300, () => runner.outcome !== null);
    if (runner.outcome === null) throw new Error("the run has no end");
    const learned = runner.engine.memory(runner.machine.now());
    this.left = { memory: remembers ? learned : { kisses: learned.kisses }, at: this.#moment() };
    // A kernel begins to slew at its next second, and takes another for half a millisecond.
    this.#world.run(3);
    const run = { runner, before, after: runner.machine.error, lapse };
    this.runs.push(run);
    return run;
  }

  /** So many runs, one each interval. */
  repeat(count: number, interval: Seconds = 3600): readonly CronRun[] {
    const runs: CronRun[] = [];
    for (let run = 0; run < count; run += 1) {
      const began = this.#world.now;
      runs.push(this.once());
      this.#world.run(interval - (this.#world.now - began));
    }
    return runs;
  }

  /** What the last run knows of servers and clock. */
  get remembered(): Remembered {
    const remembered = this.left?.memory.remembered;
    if (remembered === undefined) throw new Error("nothing is remembered");
    return remembered;
  }

  #recalled(): { readonly memory: Memory; readonly lapse: Lapse | null } {
    if (this.left === null) return { memory: { kisses: [] }, lapse: null };
    const { memory, at } = this.left;
    if (memory.remembered === undefined) return { memory, lapse: null };
    const { remembered, lapse } = carriedTo(memory.remembered, at, this.#moment());
    return { memory: { kisses: memory.kisses, remembered }, lapse };
  }

  #moment(): Moment {
    const machine = this.machine!;
    const { clock, mono } = machine.now();
    return { clock, steady: mono, slept: 0, boot: this.boot, frequency: machine.frequency };
  }
}
