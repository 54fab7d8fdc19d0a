import { describe, expect, it } from "vitest";
import type { EngineConfig } from "../../src/engine/port/config.ts";
import { DEFAULT_STEP_LIMITS } from "../../src/discipline/limits.ts";
import type { StepLimits } from "../../src/discipline/limits.ts";
import { Bench, queryConfig, sendsOf } from "../support/engine.ts";

function syncConfig(
  names: readonly string[],
  limits: Partial<StepLimits> = {},
  dryRun = false,
  once = {},
): EngineConfig {
  const clock = {
    kind: "once",
    of: dryRun ? "shadow" : "machine",
    frequency: false,
    limits: { ...DEFAULT_STEP_LIMITS, ...limits },
  } as const;
  return queryConfig(
    names.map((name) => ({ name })),
    { samples: 4, enough: 3, ...once },
    { clock },
  );
}

/** Answers every question until the run ends or a moment passes; returns when it ended. */
function serve(bench: Bench, until: number, offset: (ip: string) => number | null, addresses = {}) {
  let questions = bench.start(addresses).map((send) => ({ send, left: 0 }));
  const actions = [];
  for (let second = 0; second <= until && bench.engine.outcome === null; second = bench.engine.wakeAt ?? Infinity) {
    if (questions.length === 0) {
      const done = bench.at(second, { kind: "wake" });
      for (const { token } of sendsOf(done))
        bench.at(second, { kind: "sent", token, at: bench.snapshot.at, stamp: "kernel" });
      questions = sendsOf(done).map((send) => ({ send, left: second }));
      actions.push(...done);
    }
    for (const { send, left } of questions) {
      const theta = offset(send.to.ip);
      if (theta !== null) actions.push(...bench.answer(send, left, { offset: theta }));
    }
    questions = [];
  }
  return actions;
}

describe("a sync", () => {
  it("decides after three samples of a majority that agree, four seconds after the start", () => {
    const bench = new Bench(syncConfig(["192.0.2.1", "192.0.2.2", "192.0.2.3"]));
    const actions = serve(bench, 20, () => 0.5);
    const step = actions.find((action) => action.kind === "step");
    expect(step!.offset).toBeCloseTo(0.5, 8);
    expect(bench.snapshot.elapsed).toBeCloseTo(4.01, 6);
    expect(bench.engine.outcome).toBeNull();
    bench.at(4.02, { kind: "stepped", by: 0.5, whose: "ours" });
    expect(bench.engine.outcome).toBe("ok");
    expect(bench.snapshot.clock).toMatchObject({ action: "step", applied: true });
  });

  it("slews what is below the threshold, and says how long it takes", () => {
    const bench = new Bench(syncConfig(["192.0.2.1"]));
    const actions = serve(bench, 20, () => -0.05);
    expect(actions.find((action) => action.kind === "slew")!.offset).toBeCloseTo(-0.05, 8);
    bench.at(5, { kind: "slewing", by: -0.05, lasting: 100 });
    expect(bench.snapshot.clock).toMatchObject({ action: "slew", applied: true, lasting: 100, direction: "ahead" });
  });

  it("touches nothing in a dry run", () => {
    const bench = new Bench(syncConfig(["192.0.2.1"], {}, true));
    const actions = serve(bench, 20, () => 0.5);
    expect(actions.filter(({ kind }) => kind === "step" || kind === "slew")).toEqual([]);
    expect(bench.engine.outcome).toBe("ok");
    expect(bench.snapshot.clock).toMatchObject({ action: "step", applied: false, reason: "dry-run" });
  });

  it.each([
    ["beyond the panic threshold", 1001, {}, "panic"],
    ["a step back beyond --max-step", -2, { maxStep: { forward: Infinity, backward: 1 } }, "max-step"],
  ] as const)("refuses what is %s", (_, offset, limits, reason) => {
    const bench = new Bench(syncConfig(["192.0.2.1"], limits));
    serve(bench, 20, () => offset);
    expect(bench.engine.outcome).toBe("limit");
    expect(bench.snapshot.clock).toMatchObject({ action: "refused", applied: false, reason });
    expect(bench.snapshot.clock.offset).toBeCloseTo(offset, 6);
  });

  it("keeps the measurement when the clock may not be touched", () => {
    const bench = new Bench(syncConfig(["192.0.2.1"]));
    serve(bench, 20, () => 0.5);
    bench.at(5, { kind: "clockRefused", why: "noPrivilege" });
    expect(bench.engine.outcome).toBe("permission");
    expect(bench.snapshot.clock).toMatchObject({ applied: false, reason: "noPrivilege" });
    expect(bench.snapshot.clock.offset).toBeCloseTo(0.5, 8);
  });

  it("ends after one exchange when that is accurate enough", () => {
    const bench = new Bench(syncConfig(["192.0.2.1", "192.0.2.2", "192.0.2.3"], {}, true, { accuracy: 0.01 }));
    serve(bench, 20, () => 0.5);
    expect(bench.engine.outcome).toBe("ok");
    expect(bench.snapshot.elapsed).toBeLessThan(0.1);
  });

  it("does not let two of four dead servers keep it waiting for ever", () => {
    const bench = new Bench(syncConfig(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"], {}, true));
    serve(bench, 20, (ip) => (ip === "192.0.2.3" || ip === "192.0.2.4" ? null : 0.5));
    expect(bench.engine.outcome).toBe("ok");
    expect(bench.snapshot.elapsed).toBeLessThanOrEqual(6);
  });

  it("does not choose between two servers that disagree", () => {
    const bench = new Bench(syncConfig(["192.0.2.1", "192.0.2.2"], {}, true));
    serve(bench, 20, (ip) => (ip === "192.0.2.1" ? 0 : 5));
    expect(bench.engine.outcome).toBe("no-agreement");
    expect(bench.snapshot.clock).toMatchObject({ offset: null, action: "none", reason: "no-agreement" });
    expect(bench.snapshot.associations.map(({ reason }) => reason)).toEqual(["noMajority", "noMajority"]);
  });

  it("says that good servers are too few, not that none answered", () => {
    const config = syncConfig(["192.0.2.1", "192.0.2.2"], {}, true);
    const bench = new Bench({ ...config, limits: { ...config.limits, minsane: 3 } });
    serve(bench, 20, () => 0.5);
    expect(bench.engine.outcome).toBe("no-agreement");
    expect(bench.snapshot.clock.offset).toBeNull();
  });

  it("ends at the deadline with 17 if someone could still have answered", () => {
    const bench = new Bench(syncConfig(["192.0.2.1"], {}, true, { deadline: 3 }));
    serve(bench, 20, () => null);
    expect(bench.engine.outcome).toBe("deadline");
  });

  it("decides at the deadline with what it has", () => {
    const bench = new Bench(syncConfig(["192.0.2.1"], {}, true, { deadline: 1.5 }));
    serve(bench, 20, () => 0.5);
    expect(bench.engine.outcome).toBe("ok");
  });

  it("starts over when the clock is stepped under it", () => {
    const bench = new Bench(syncConfig(["192.0.2.1"], {}, true));
    const [question] = bench.start();
    bench.answer(question!, 0, { offset: 0.5 });
    expect(bench.snapshot.associations[0]!.offset).toBeCloseTo(0.5, 8);
    bench.at(1, { kind: "stepped", by: 100, whose: "another" });
    expect(bench.snapshot.associations[0]!.offset).toBeNull();
    expect(bench.engine.wakeAt).toBeDefined();
  });

  it("stops when it is told to, leaving nothing open", () => {
    const bench = new Bench(syncConfig(["192.0.2.1"]));
    const [question] = bench.start();
    const actions = bench.at(0.5, { kind: "stop" });
    expect(actions).toContainEqual({ kind: "close", socket: question!.socket });
    expect(bench.engine.outcome).toBe("interrupted");
  });
});
