/** An engine and a clock of its own put together: what the engine notes and thinks becomes what the clock tells. Pure. */
import type { Engine } from "../engine/port/engine.ts";
import type { DriveOptions } from "../host/drive.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import type { OwnWorld } from "../world/own.ts";
import { Timekeeper, type ClockChange } from "./timekeeper.ts";

/**
 * Keeps time.
 * @param pivot a Unix time near what the clock reads
 * @param told takes what becomes of the clock, in order
 * @returns who tells the time, and what is to watch the run
 */
export function keepTime(
  engine: Engine,
  world: OwnWorld,
  pivot: UnixNanoseconds,
  told: (change: ClockChange) => void,
): { readonly keeper: Timekeeper; readonly watch: Pick<DriveOptions, "onNotes" | "frequency"> } {
  const keeper = new Timekeeper(world, pivot);
  return {
    keeper,
    watch: {
      // Nobody else has ever corrected it.
      frequency: 0,
      onNotes(notes) {
        const now = world.now();
        const oscillator = engine.memory(now).remembered?.clock?.oscillator ?? null;
        const deviation = oscillator === null ? null : Math.sqrt(oscillator.variance);
        for (const change of keeper.hear(engine.snapshot(now), notes, deviation, now.mono)) told(change);
      },
    },
  };
}
