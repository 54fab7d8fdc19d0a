/** Who hears samples: the discipline that steers, or the one by which a one-shot learns; where neither ever will, nothing is kept for it. */
import { describe, expect, it } from "vitest";
import { hear } from "../../src/engine/clock/steer.ts";
import { startLearning } from "../../src/engine/memory/unattended.ts";
import { State } from "../../src/engine/state.ts";
import { at, client } from "../support/association.ts";
import { queryConfig } from "../support/engine.ts";

const SAMPLE = { at: at(1).mono, offset: 0.1, delay: 0.01, dispersion: 0.001 };

/** How many samples wait for the discipline of a run that does not steer, after five were heard. */
function waiting(once: null | undefined): number {
  const config = queryConfig([{ name: "192.0.2.1" }]);
  const chance = { bits64: () => 1n, uniform: () => 0.5, split: () => chance };
  const security = {
    none: () => null as never,
    key: () => null as never,
    judge: () => "none",
    sealWith: () => null,
  } as never;
  const state = new State(once === null ? { ...config, once } : config, {
    chance,
    security,
    referenceIdOf: () => 1,
    era: 1_790_000_000n * 1_000_000_000n,
  });
  state.memory.learning = startLearning(state, at(0));
  for (let count = 0; count < 5; count += 1) hear(state, client(), SAMPLE);
  return state.memory.learning?.heard.length ?? 0;
}

describe("samples of a run that does not steer", () => {
  it("wait for a one-shot's decision", () => expect(waiting(undefined)).toBe(5));

  it("are kept for nobody where the run goes on: it would grow for ever", () => expect(waiting(null)).toBe(0));
});
