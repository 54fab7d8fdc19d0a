/** What was learned of servers and clock, as a document: it comes back as it was, and nothing hostile comes in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Moment } from "../../src/engine/memory/lapse.ts";
import { carriedOver } from "../../src/engine/memory/remembered.ts";
import type { Remembered, RememberedAssociation } from "../../src/engine/port/memory.ts";
import { offsetOf, stillToGlide } from "../../src/discipline/unattended.ts";
import { StateFile } from "../../src/state/file.ts";
import { decodeMemory, encodeMemory } from "../../src/state/memory.ts";
import { documentOf, mergeRemembered, storedOf, type Stored } from "../../src/state/remembered.ts";
import type { Mono } from "../../src/time/mono.ts";
import { shift } from "../../src/time/timestamp.ts";
import { answerTo, EPOCH, requestAt } from "../support/association.ts";
import { Disk, fault } from "./disk.ts";

const AT: Moment = { clock: EPOCH, steady: 5000, slept: 3, boot: "one", frequency: 12e-6 };

const CLOCK: NonNullable<Remembered["clock"]> = {
  age: 1,
  oscillator: { frequency: 21e-6, variance: 1e-14 },
  wander: 3e-9,
  estimate: {
    at: -1 as Mono,
    phase: 1e-4,
    frequency: 21e-6,
    phaseVariance: 1e-8,
    covariance: 1e-12,
    frequencyVariance: 1e-14,
  },
  corrections: {
    at: -1 as Mono,
    total: 0.25,
    frequency: 12e-6,
    slew: [{ rate: 5e-4, until: 20 as Mono }],
    hurry: { rate: -0.0099, until: 0.4 as Mono },
    second: -0.5 as Mono,
    locked: { phase: 1e-3, timeConstant: 6 },
  },
  runs: 7,
};

function entry(ip: string, fields: Partial<RememberedAssociation> = {}): RememberedAssociation {
  return {
    kind: "pool",
    name: "pool.example",
    key: null,
    ip,
    port: 123,
    since: 86_400,
    seen: 0,
    heard: 0.5,
    verdict: "survivor",
    reason: null,
    probation: null,
    backoff: null,
    reach: 255,
    unreach: 0,
    hpoll: 6,
    minpoll: 6,
    header: answerTo(requestAt(0)).header,
    samples: [
      { offset: 0.001, delay: 0.02, dispersion: 1e-4, age: 1 },
      { offset: -0.002, delay: 0.021, dispersion: 1e-4, age: 3601 },
    ],
    history: {
      prior: { ...CLOCK.estimate!, at: -7201 as Mono },
      samples: [{ at: -3601 as Mono, phase: 0.249, delay: 0.02, dispersion: 1e-5 }],
      suspects: [{ at: -1 as Mono, phase: 0.27, delay: 0.02, dispersion: 1e-5 }],
      waited: [],
      route: { longer: 0.01, bias: -0.004 },
    },
    ...fields,
  };
}

const KEPT = { at: 1 as Mono, phase: 0, delay: 0, dispersion: 0 };

const stored = (...ips: readonly string[]): Stored => ({
  remembered: { associations: ips.map((ip) => entry(ip)), clock: CLOCK },
  at: AT,
});
const text = (of: Stored): string => encodeMemory({ kisses: [], stored: of, keys: [] });
const ips = ({ associations }: Remembered): string[] => associations.map(({ ip }) => ip).toSorted();

describe("what was learned, as text", () => {
  it("comes back as it was", () => {
    const one = stored("192.0.2.1", "2001:db8::1");
    expect(decodeMemory(text(one))).toEqual({ kisses: [], stored: one, keys: [] });
    const bare: Stored = {
      remembered: {
        associations: [
          entry("192.0.2.1", {
            header: null,
            samples: [],
            history: null,
            heard: null,
            backoff: { poll: 12, left: -4 },
            probation: 9,
          }),
        ],
        clock: null,
      },
      at: { ...AT, boot: null, frequency: null },
    };
    expect(decodeMemory(text(bare))).toEqual({ kisses: [], stored: bare, keys: [] });
  });

  it("of before clocks hurried is read, and nothing hurries", () => {
    const one = stored("192.0.2.1");
    const without = text(one).replace(/"hurry": *\{[^}]*\},?/, "");
    expect(without).not.toContain("hurry");
    const { corrections } = one.remembered.clock!;
    expect(decodeMemory(without)).toMatchObject({
      stored: { remembered: { clock: { corrections: { ...corrections, hurry: null } } } },
    });
  });

  it("leaves out what could not be read again, and keeps the rest", () => {
    const odd = {
      remembered: {
        associations: [entry("192.0.2.1", { since: Number.NaN }), entry("192.0.2.2")],
        clock: { ...CLOCK, oscillator: { frequency: Infinity, variance: 1 } },
      },
      at: AT,
    };
    const read = decodeMemory(text(odd));
    expect(typeof read === "string" ? read : read.stored?.remembered).toEqual({
      associations: [entry("192.0.2.2")],
      clock: null,
    });
  });

  it("cut short anywhere is corrupt", () => {
    const whole = text(stored("192.0.2.1")).trimEnd();
    for (let length = 0; length < whole.length; length += 1)
      expect(decodeMemory(whole.slice(0, length))).toBe("corrupt");
  });

  it("with anything in the place of any value is read soundly or not at all", () => {
    const document = JSON.parse(text(stored("192.0.2.1"))) as Record<string, unknown>;
    const places = leavesOf(document);
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.oneof(fc.jsonValue(), fc.double(), fc.constantFrom(-1, 1e300, "0x", "é".repeat(9), {}, [], true)),
        (place, value) => {
          const read = decodeMemory(JSON.stringify(replaced(document, place, value)));
          if (typeof read === "string" || read.stored === null) return;
          const { associations, clock } = read.stored.remembered;
          for (const one of associations) {
            expect([
              one.reach >= 0 && one.reach <= 255,
              one.since >= 0,
              one.seen >= 0,
              one.samples.length <= 8,
            ]).toEqual([true, true, true, true]);
            for (const { offset, delay, dispersion, age } of one.samples)
              expect([offset, delay, dispersion, age].every(Number.isFinite) && delay >= 0 && age >= 0).toBe(true);
          }
          expect(clock === null || Math.abs(clock.oscillator.frequency) <= 500.001e-6).toBe(true);
          carriedOver(read.stored.remembered, { elapsed: 3600, broken: null });
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["a negative age", { since: -1 }],
    ["a reach of nine bits", { reach: 256 }],
    ["a verdict of its own", { verdict: "emperor" }],
    ["a reason of its own", { reason: "because" }],
    ["nine samples", { samples: Array.from({ length: 9 }, () => ({ offset: 0, delay: 0, dispersion: 0, age: 0 })) }],
    ["a sample from the future", { samples: [{ offset: 0, delay: 0, dispersion: 0, age: -1 }] }],
    ["a history from the future", { history: { ...entry("192.0.2.1").history, samples: [KEPT] } }],
    [
      "a history longer than any",
      { history: { ...entry("192.0.2.1").history, samples: Array.from({ length: 65 }, () => ({ ...KEPT, at: -1 })) } },
    ],
    ["port 0", { port: 0 }],
    ["a broadcast line", { kind: "broadcastClient" }],
  ])("refuses %s", (_, fields) => {
    const document = documentOf(stored("192.0.2.1"));
    const [one] = document["associations"] as Record<string, unknown>[];
    expect(storedOf({ ...document, associations: [{ ...one, ...fields }] })).toBeNull();
    expect(storedOf({ ...document, associations: [one] })).not.toBeNull();
  });
});

describe("a file of version 1", () => {
  const { history: _, ...entryThen } = entry("192.0.2.1", { header: null });
  const clockThen = {
    age: 10,
    frequency: 21e-6,
    frequencyVariance: 1e-14,
    wander: 3e-9,
    inForce: 12e-6,
    phase: { offset: 1e-4, measured: 2e-4, variance: 1e-8, covariance: 1e-12 },
    gliding: { left: 0.01, lasting: 20 },
    runs: 7,
    surprises: 0,
  };
  const then = (clock: unknown): string =>
    JSON.stringify({
      format: "ntpkit/state",
      version: 1,
      kisses: [],
      remembered: { at: { ...AT, clock: AT.clock.toString(16) }, associations: [entryThen], clock },
    });
  const read = (clock: unknown): Remembered | string => {
    const memory = decodeMemory(then(clock));
    return typeof memory === "string" ? memory : memory.stored!.remembered;
  };

  it("is taken over: servers, the oscillator, and what a slew has yet to add", () => {
    const { associations, clock } = read(clockThen) as Remembered;
    expect(associations).toEqual([{ ...entryThen, history: null }]);
    expect(clock).toMatchObject({ age: 10, runs: 7, wander: 3e-9, oscillator: { frequency: 21e-6, variance: 1e-14 } });
    expect(stillToGlide(clock!)).toBeCloseTo(0.01, 12);
    expect(offsetOf(clock!)).toBeCloseTo(1e-4 + 0.01, 12);
    // An hour later it has drifted by the 9 ppm that the rate in force did not correct, and the slew is done.
    const { clock: later } = carriedOver({ associations, clock }, { elapsed: 3600, broken: null });
    expect(offsetOf(later!)).toBeCloseTo(1e-4 + 9e-6 * 3600, 9);
    expect(
      decodeMemory(encodeMemory({ kisses: [], stored: { remembered: { associations, clock }, at: AT }, keys: [] })),
    ).toEqual({
      kisses: [],
      stored: { remembered: { associations, clock }, at: AT },
      keys: [],
    });
  });

  it("is taken over where it knew less", () => {
    expect(read(null)).toMatchObject({ clock: null });
    expect(read({ ...clockThen, phase: null, gliding: null })).toMatchObject({
      clock: { estimate: null, corrections: { frequency: 12e-6, slew: [] } },
    });
  });

  it.each([
    ["no rate", { frequency: undefined }],
    ["a phase that is none", { phase: "late" }],
    ["a slew that takes no time", { gliding: { left: 0.01, lasting: 0 } }],
    ["a slew that is none", { gliding: 7 }],
  ])("is refused with %s", (_, fields) => {
    expect(read({ ...clockThen, ...fields })).toBe("corrupt");
  });
});

describe("what two runs learned", () => {
  const later: Moment = { ...AT, clock: shift(EPOCH, 60), steady: AT.steady + 60 };

  it("is kept of the servers of both, and older by what has passed", () => {
    const merged = mergeRemembered(stored("192.0.2.1").remembered, stored("192.0.2.1", "192.0.2.2"), false, later)!;
    expect(ips(merged.remembered)).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(merged.remembered.associations.map(({ since }) => since)).toEqual([86_400, 86_460]);
    expect(merged.at).toBe(later);
  });

  it("stays as it is where ours says nothing of it", () => {
    const theirs = stored("192.0.2.1");
    expect(mergeRemembered(undefined, theirs, true, later)).toBe(theirs);
  });

  it("is void as far as it was measured by the clock, if another run may have set that meanwhile", () => {
    const { remembered } = mergeRemembered(stored("192.0.2.1").remembered, stored("192.0.2.2"), true, later)!;
    expect(remembered.associations[0]!.samples).toEqual([]);
    expect(remembered.clock?.estimate).toBeNull();
    // Theirs is reckoned by another log of what was done to the clock than the one that is kept.
    expect(remembered.associations.map(({ history }) => history)).toEqual([null, null]);
    expect(remembered.clock?.oscillator).toEqual(CLOCK.oscillator);
  });
});

describe("a state file with servers in it", () => {
  const PATH = "/state/state.json";

  it("is the old one or the new one, wherever the power fails", () => {
    for (let step = 0; step < 14; step += 1) {
      const disk = new Disk();
      disk.put(PATH, text(stored("192.0.2.1")));
      const file = new StateFile(PATH, disk, () => AT);
      file.recall();
      disk.failAt = disk.steps + step;
      const warning = file.remember({ kisses: [], remembered: stored("192.0.2.1", "192.0.2.2").remembered });
      disk.crash(step % 4, (step % 3) / 2);
      disk.now = 3600;
      const { memory, warning: next } = new StateFile(PATH, disk, () => AT).recall();
      expect(next).toBeNull();
      expect([["192.0.2.1"], ["192.0.2.1", "192.0.2.2"]]).toContainEqual(ips(memory.remembered!));
      if (warning === null) expect(ips(memory.remembered!)).toHaveLength(2);
    }
  });

  it("stays as it is where the disk is full, and nothing lies about after that", () => {
    const disk = new Disk();
    disk.put(PATH, text(stored("192.0.2.1")));
    const file = new StateFile(PATH, disk, () => AT);
    file.recall();
    disk.write = () => {
      throw fault("ENOSPC");
    };
    expect(file.remember({ kisses: [], remembered: stored("192.0.2.2").remembered })).toEqual({
      code: "unwritable",
      path: PATH,
      why: "ENOSPC",
    });
    expect([disk.names(), disk.text(PATH)]).toEqual([[PATH], text(stored("192.0.2.1"))]);
  });

  it("of another user is neither used nor written over", () => {
    const disk = new Disk();
    disk.put(PATH, text(stored("192.0.2.1")));
    disk.foreign = true;
    const file = new StateFile(PATH, disk, () => AT);
    expect(file.recall()).toEqual({ memory: { kisses: [] }, lapse: null, warning: { code: "foreign", path: PATH } });
    expect(file.remember({ kisses: [] })).toEqual({ code: "foreign", path: PATH });
    expect(disk.text(PATH)).toBe(text(stored("192.0.2.1")));
  });

  it("keeps its servers through a run that is not to remember any", () => {
    const disk = new Disk();
    disk.put(PATH, text(stored("192.0.2.1")));
    const file = new StateFile(PATH, disk, () => AT);
    const { memory } = file.recall();
    file.remember({ kisses: memory.kisses });
    expect(ips(new StateFile(PATH, disk, () => AT).recall().memory.remembered!)).toEqual(["192.0.2.1"]);
  });
});

type Place = readonly (string | number)[];

/** The places of all values that are neither object nor list. */
function leavesOf(value: unknown, place: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return [place];
  return [place, ...Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...place, name]))].filter(
    ({ length }) => length > 0,
  );
}

function replaced(value: unknown, [head, ...rest]: Place, by: unknown): unknown {
  if (head === undefined) return by;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[head] = replaced(copy[head], rest, by);
  return copy;
}
