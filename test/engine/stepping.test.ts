/** A daemon's own step, and the replies that were under way meanwhile. */
import { expect, it } from "vitest";
import type { Action } from "../../src/engine/port/action.ts";
import { shift } from "../../src/time/timestamp.ts";
import { at } from "../support/association.ts";
import { Bench, queryConfig, sendsOf } from "../support/engine.ts";
import { BASE_LOOP } from "../../src/config/base.ts";

it("is not taken for somebody else's by a reply that is read before it is confirmed", () => {
  const clock = BASE_LOOP;
  const bench = new Bench(queryConfig([{ name: "192.0.2.1" }, { name: "192.0.2.2" }], {}, { once: null, clock }));
  const questions = bench.start();
  bench.at(0, { kind: "steered", phase: 0, frequency: 0, lasting: 0 });
  let step: Action | undefined;
  for (let second = 0; step === undefined && second < 60; second = bench.engine.wakeAt ?? 60) {
    const sends = second === 0 ? questions : sendsOf(bench.at(second, { kind: "wake" }));
    if (second > 0)
      for (const { token } of sends) bench.at(second, { kind: "sent", token, at: at(second).clock, stamp: "kernel" });
    const answers: Action[] = [];
    for (const send of sends) {
      if (answers.some(({ kind }) => kind === "step")) {
        // The clock reads five seconds more by now, and nobody has said so yet.
        const now = at(second + 0.011);
        const datagram = {
          kind: "datagram",
          socket: send.socket,
          from: send.to,
          cast: "unicast",
          at: now.clock,
          stamp: "kernel",
          bytes: new Uint8Array(48),
        } as const;
        const stepped = { mono: now.mono, clock: shift(now.clock, 5) };
        answers.push(...bench.engine.handle(datagram, stepped));
        continue;
      }
      answers.push(...bench.answer(send, second, { offset: 5 }));
    }
    step = answers.find(({ kind }) => kind === "step");
    if (step === undefined) continue;
    // Whatever was asked and not answered is not waited for.
    const closed = new Set(answers.flatMap((action) => (action.kind === "close" ? [action.socket] : [])));
    for (const { socket } of sends) expect(closed).toContain(socket);
    expect(answers.filter((action) => action.kind === "note" && action.note.what === "clockStepped")).toEqual([]);
  }
  expect(step).toMatchObject({ kind: "step", offset: expect.closeTo(5, 3) });
});
