/** Where there are many associations, judging is put off: what that may change, and what it may not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AssociationReport } from "../../src/engine/port/snapshot.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import { selectSystem } from "../../src/system/selection.ts";
import type { Selection } from "../../src/system/selection.ts";
import { at } from "../support/association.ts";
import { Bench, queryConfig, sendsOf } from "../support/engine.ts";

const POLL = 4;
const ROUND = 2 ** POLL;

/** Servers that are asked every {@link ROUND} seconds; each answers by an offset and with a delay of its own, anew every time. */
class Crowd {
  readonly bench: Bench;
  readonly offsets: number[];
  #noise: number;
  #now = 0;

  constructor(offsets: readonly number[], seed: number) {
    this.offsets = [...offsets];
    this.#noise = seed;
    const lines = offsets.map((_, member) => ({
      name: `10.0.${member >> 8}.${member & 255}`,
      minpoll: POLL,
      maxpoll: POLL,
      iburst: false,
    }));
    this.bench = new Bench(queryConfig(lines, {}, { once: null, emptyStages: "rfc5905" }));
    for (const action of this.bench.at(0, { kind: "start" }))
      if (action.kind === "resolve")
        this.bench.at(0, { kind: "resolved", name: action.name, addresses: [action.name] });
  }

  run(until: number): void {
    for (let due = this.bench.engine.wakeAt ?? Infinity; due <= until; due = this.bench.engine.wakeAt ?? Infinity) {
      this.#now = Math.max(this.#now, due);
      for (const send of sendsOf(this.bench.at(this.#now, { kind: "wake" }))) {
        this.bench.at(this.#now, { kind: "sent", token: send.token, at: at(this.#now).clock, stamp: "kernel" });
        const [, , high, low] = send.to.ip.split(".").map(Number) as [number, number, number, number];
        const delay = 0.01 + 0.01 * this.#random();
        this.bench.answer(send, this.#now, { offset: this.offsets[high * 256 + low]!, delay });
        this.#now += delay;
      }
    }
    this.#now = Math.max(this.#now, until);
  }

  get system(): ReturnType<Bench["engine"]["snapshot"]>["system"] {
    return this.bench.snapshot.system;
  }

  get associations(): readonly AssociationReport[] {
    return this.bench.snapshot.associations;
  }

  /** What is decided by everything as it is now. */
  judged(): Selection {
    const fit = this.associations.filter(
      ({ offset, reason }) => offset !== null && reason !== "unreachable" && reason !== "rootDistance",
    );
    const candidates = fit.map(({ id, stratum, offset, delay, jitter, rootDistance }) => ({
      id,
      stratum: stratum!,
      offset: offset!,
      delay: delay!,
      jitter: jitter!,
      rootDistance: rootDistance!,
      prefer: false,
      trusted: false,
    }));
    return selectSystem(candidates, DEFAULT_LIMITS, this.system.systemPeer);
  }

  #random(): number {
    this.#noise = (this.#noise * 48_271) % 2_147_483_647;
    return this.#noise / 2_147_483_647;
  }
}

const isFalse = ({ verdict }: { readonly verdict: string }): boolean => verdict === "falseticker";

describe("many associations", () => {
  it("are judged in time as they would be at once, whoever lies", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 65, max: 160 }),
        fc.double({ min: 0, max: 0.4, noNaN: true }),
        fc.double({ min: 1, max: 50, noNaN: true }),
        fc.integer({ min: 1, max: 2 ** 30 }),
        (many, lying, by, seed) => {
          const offsets = Array.from({ length: many }, (_, member) =>
            member < lying * many ? by * (member % 2 === 0 ? 1 : -1) : 0,
          );
          const crowd = new Crowd(offsets, seed);
          for (let quarter = 8 * 4; quarter < 12 * 4; quarter += 1) {
            crowd.run((quarter * ROUND) / 4 + (seed % 7) / 7);
            const { offset, judgements } = crowd.judged();
            const { clock } = crowd.bench.snapshot;
            expect(Math.abs(clock.offset! - offset!)).toBeLessThan(clock.uncertainty!);
            expect(crowd.associations.filter(isFalse).map(({ id }) => id)).toEqual(
              [...judgements]
                .filter(([, judgement]) => isFalse(judgement))
                .map(([id]) => id)
                .sort((a, b) => a - b),
            );
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  it("lose whoever changes its mind, be it followed or not", () => {
    const crowd = new Crowd(
      Array.from({ length: 100 }, () => 0),
      1,
    );
    crowd.run(20 * ROUND);
    expect(crowd.system).toMatchObject({ truechimers: 100, falsetickers: 0 });
    for (const verdict of ["survivor", "excess"] as const) {
      const liar = crowd.associations.find((one) => one.verdict === verdict)!;
      crowd.offsets[liar.id - 1] = 5;
      // A spike is not believed at first; then nothing that comes from it is near enough to anything.
      crowd.run(crowd.bench.snapshot.elapsed + 4 * ROUND);
      expect(
        crowd.associations.find(({ id }) => id === liar.id),
        verdict,
      ).toMatchObject({ verdict: "rejected", reason: "rootDistance" });
    }
  });
});
