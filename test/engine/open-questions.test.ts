/** However long a run lasts and whoever is silent, few questions of one server are out. */
import { describe, expect, it } from "vitest";
import { MOST_OPEN } from "../../src/engine/asking.ts";
import { at } from "../support/association.ts";
import { Bench, queryConfig } from "../support/engine.ts";

const TEN = Array.from({ length: 10 }, (_, index) => ({ name: `192.0.2.${index + 1}`, minpoll: 4, maxpoll: 4 }));

describe("the questions that are out", () => {
  it("are a few a server in a daemon that nobody ever answers", () => {
    const bench = new Bench(queryConfig(TEN, {}, { once: null }));
    bench.at(0, { kind: "start" });
    for (const { name } of TEN) bench.at(0, { kind: "resolved", name, addresses: [name] });
    const open = new Set<number>();
    let asked = 0;
    for (let wakes = 0; wakes < 20_000; wakes += 1) {
      for (const action of bench.engine.handle({ kind: "wake" }, at(bench.engine.wakeAt!))) {
        if (action.kind === "close") open.delete(action.socket);
        if (action.kind !== "ask") continue;
        asked += 1;
        open.add(action.token);
      }
      expect(open.size).toBeLessThanOrEqual(3 * TEN.length);
    }
    expect(asked).toBeGreaterThan(5000);
  });

  it("are a few in a one-shot of which most questions are lost", () => {
    const bench = new Bench(queryConfig([{ name: "192.0.2.1" }], { samples: 60, deadline: 10_000 }));
    const open = new Set<number>();
    let asked = 0;
    const questions = bench.start();
    for (const { token } of questions) open.add(token);
    for (let wakes = 0; wakes < 2000 && bench.engine.outcome === null; wakes += 1) {
      const due = bench.engine.wakeAt!;
      for (const action of bench.at(due, { kind: "wake" })) {
        if (action.kind === "close") open.delete(action.socket);
        if (action.kind !== "ask") continue;
        open.add(action.token);
        bench.at(due, { kind: "sent", token: action.token, at: at(due).clock, stamp: "kernel" });
        asked += 1;
        if (asked % 2 !== 0) continue;
        const send = { ...action, socket: action.token, ttl: null };
        for (const after of bench.answer(send, due)) if (after.kind === "close") open.delete(after.socket);
      }
      expect(open.size).toBeLessThanOrEqual(MOST_OPEN);
    }
    expect(asked).toBeGreaterThan(30);
    expect(bench.engine.outcome).toBe("ok");
  });
});
