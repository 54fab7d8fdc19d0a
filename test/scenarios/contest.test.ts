/** The default discipline in the worlds where chronyd and ntpd were measured: it keeps the clock no worse than the better of them. */
import { describe, expect, it } from "vitest";
import { FIGURES, goal, live, medians, WORLDS } from "../support/contest-worlds.ts";

const SEEDS = 10;

describe("in the worlds of chronyd and ntpd", () => {
  it.each(WORLDS)(
    `$name: no figure is worse than the better one's, and no more packets are sent (seeds 1 to ${SEEDS})`,
    (world) => {
      const ours = medians(Array.from({ length: SEEDS }, (_, index) => live(world, index + 1, "adaptive", false)));
      const goals = goal(world);
      for (const figure of FIGURES) expect(ours[figure], figure).toBeLessThanOrEqual(goals[figure]);
    },
  );
});
