/** Leap seconds: told to the kernel on the last day, by whoever is to be believed, and taken back when they are over. */
import { describe, expect } from "vitest";
import { defaultRules } from "../../src/server/access.ts";
import type { ServingConfig } from "../../src/engine/port/config.ts";
import { toIso, UNIX_EPOCH } from "../../src/time/timestamp.ts";
import type { LeapKnowledge } from "../../src/time/leap.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import type { Leap } from "../../src/wire/header.ts";
import { daemon } from "../support/daemon.ts";
import type { DaemonOptions } from "../support/daemon.ts";
import { scenario } from "../support/world.ts";
import { notesOf, serversOf } from "./oneshot.ts";
import { BASE_SERVING } from "../../src/config/base.ts";

const HOUR = 3600;
/** Eight hours before the last day of the year begins, and how long it is until it ends. */
const BEGINNING = { seeds: 3, beginning: "2026-12-30T16:00:00Z" } as const;
const LAST_DAY = 8 * HOUR;
const MIDNIGHT = LAST_DAY + 24 * HOUR;

/** A daemon of servers that announce leaps, which they see through with true time. */
function begun(
  world: SimWorld,
  leaps: readonly Leap[],
  options: Partial<DaemonOptions> = {},
): { client: Runner; servers: readonly ScriptedServer[] } {
  const servers = serversOf(world, ...leaps.map((leap) => ({ leap, oscillator: {} })));
  return {
    servers,
    client: daemon(world, { servers, clockError: 0.01, oscillator: { frequency: 20e-6, wander: 1e-9 }, ...options }),
  };
}

/** At the end of the day the servers' clocks leap; some minutes later they announce nothing any more. */
function leaping(world: SimWorld, servers: readonly ScriptedServer[], by: number): void {
  world.at(MIDNIGHT - (by > 0 ? 1 : 0), () => servers.forEach(({ machine }) => machine.stepClock(by, null)));
  world.at(MIDNIGHT + 300, () => servers.forEach((server) => (server.script = { ...server.script, leap: "none" })));
}

const listOf = (date: string, leap: "insert" | "delete"): LeapKnowledge => ({
  next: { at: ntpTime(date), leap, tai: 38 },
  tai: null,
  latest: null,
  expires: null,
});
/** NTP seconds since 1900. */
const ntpTime = (date: string): number => Date.parse(date) / 1000 + Number(UNIX_EPOCH);
/** Somewhere near. */
const ERA = 1_795_219_200n * 1_000_000_000n;
const SERVING: ServingConfig = { ...BASE_SERVING, access: defaultRules([], null, false) };
const steps = (client: Runner): number => notesOf(client, "clockStepped").length;

describe("a leap second", () => {
  for (const [leap, by] of [
    ["insert", -1],
    ["delete", 1],
  ] as const)
    scenario(
      `that servers announce (${leap}) is told to the kernel on the last day, happens there, and is taken back`,
      BEGINNING,
      (world) => {
        const { client, servers } = begun(world, [leap, leap, leap]);
        leaping(world, servers, by);
        world.run(LAST_DAY - 5);
        expect(client.snapshot().system.leap).toBe(leap);
        expect(client.machine.kernel).toMatchObject({ synchronized: true, leap: "none" });
        world.run(HOUR);
        expect(client.machine.kernel).toMatchObject({ synchronized: true, leap });
        world.run(MIDNIGHT - world.now - 2);
        expect(client.machine.kernel.leap).toBe(leap);
        expect(Math.abs(client.machine.error)).toBeLessThan(0.002);
        world.run(5);
        expect(client.machine.kernel).toMatchObject({ synchronized: true, leap: "none" });
        expect(notesOf(client, "leapSecond")).toEqual([{ what: "leapSecond", leap }]);
        let worst = 0;
        world.every(10, () => (worst = Math.max(worst, Math.abs(client.machine.error - by))));
        world.run(6 * HOUR);
        expect(worst, "against servers that leapt").toBeLessThan(0.002);
        expect(client.machine.kernel.leap).toBe("none");
        expect(client.snapshot().system.leap).toBe("none");
        expect(notesOf(client, "leapSecond")).toHaveLength(1);
        expect(steps(client)).toBe(0);
      },
    );

  scenario("that only one of three announces is none", BEGINNING, (world) => {
    const { client } = begun(world, ["insert", "none", "none"]);
    world.run(MIDNIGHT - 60);
    expect(client.machine.kernel.leap).toBe("none");
    expect(client.snapshot().system.leap).toBe("none");
  });

  scenario("of a list comes though no server knows of it", BEGINNING, (world) => {
    const { client, servers } = begun(world, ["none", "none", "none"], {
      leaps: listOf("2027-01-01T00:00:00Z", "insert"),
    });
    leaping(world, servers, -1);
    world.run(LAST_DAY - 5);
    expect(client.machine.kernel.leap).toBe("none");
    expect(client.snapshot().system.leap).toBe("insert");
    world.run(HOUR);
    expect(client.machine.kernel.leap).toBe("insert");
    world.run(MIDNIGHT + 60 - world.now);
    expect(client.machine.kernel.leap).toBe("none");
    expect(Math.abs(client.machine.error + 1)).toBeLessThan(0.002);
    expect(steps(client)).toBe(0);
  });

  scenario("that all servers announce is none where a list says otherwise", BEGINNING, (world) => {
    const { client } = begun(world, ["insert", "insert", "insert"], {
      leaps: listOf("2027-07-01T00:00:00Z", "insert"),
    });
    world.run(MIDNIGHT - 60);
    expect(client.machine.kernel.leap).toBe("none");
    expect(client.snapshot().system.leap).toBe("none");
  });

  scenario(
    "that is announced in the middle of a month waits for its end",
    { ...BEGINNING, beginning: "2026-12-10T16:00:00Z" },
    (world) => {
      const { client } = begun(world, ["insert", "insert", "insert"]);
      world.run(MIDNIGHT + HOUR);
      expect(client.snapshot().system.leap).toBe("insert");
      expect(client.machine.kernel.leap).toBe("none");
      expect(Math.abs(client.machine.error)).toBeLessThan(0.002);
    },
  );

  scenario("comes though the last hour's servers are silent", { ...BEGINNING, seeds: 2 }, (world) => {
    const { client, servers } = begun(world, ["insert", "insert", "insert"]);
    world.at(MIDNIGHT - 6 * HOUR, () =>
      servers.forEach((server) => (server.script = { ...server.script, oddities: [() => []] })),
    );
    world.run(MIDNIGHT + 60);
    expect(client.snapshot().system.systemPeer).toBeNull();
    expect(client.machine.error).toBeCloseTo(-1, 1);
    expect(client.machine.kernel.leap).toBe("none");
  });

  scenario("is not told of by a daemon that only reports", { ...BEGINNING, seeds: 1 }, (world) => {
    const { client } = begun(world, ["insert", "insert", "insert"], { loop: { of: "shadow" } });
    world.run(MIDNIGHT - 60);
    expect(client.machine.kernel.leap).toBe("none");
  });

  scenario("that the servers take back is taken back from the kernel", { ...BEGINNING, seeds: 2 }, (world) => {
    const { client, servers } = begun(world, ["insert", "insert", "insert"]);
    world.run(LAST_DAY + 2 * HOUR);
    expect(client.machine.kernel.leap).toBe("insert");
    for (const server of servers) server.script = { ...server.script, leap: "none" };
    world.run(2 * HOUR);
    expect(client.machine.kernel).toMatchObject({ synchronized: true, leap: "none" });
    world.run(MIDNIGHT + HOUR - world.now);
    expect(Math.abs(client.machine.error)).toBeLessThan(0.002);
    expect(notesOf(client, "leapSecond")).toEqual([]);
  });

  scenario("that falsetickers announce is none, for they have no vote", { ...BEGINNING, seeds: 2 }, (world) => {
    const { client, servers } = begun(world, ["none", "insert", "none", "insert", "insert"]);
    for (const place of [1, 3]) servers[place]!.machine.stepClock(3 * place, null);
    world.run(MIDNIGHT - 60);
    expect(client.snapshot().system.truechimers).toBe(3);
    expect(client.machine.kernel.leap).toBe("none");
  });

  scenario(
    "is noticed while its second runs, when the clock reads 23:59:59 again",
    { ...BEGINNING, seeds: 2 },
    (world) => {
      const { client } = begun(world, ["insert", "insert", "insert"]);
      world.run(MIDNIGHT - 1);
      expect(notesOf(client, "leapSecond")).toEqual([]);
      // The clock is right to a few hundred microseconds, and the second has begun.
      world.run(1.05);
      expect(notesOf(client, "leapSecond")).toEqual([{ what: "leapSecond", leap: "insert" }]);
      expect(toIso(client.machine.now().clock, ERA)).toMatch(/^2026-12-31T23:59:59\.0/);
      expect(client.machine.kernel.leap).toBe("insert");
      world.run(3);
      expect(client.machine.kernel.leap).toBe("none");
    },
  );

  scenario(
    "moves TAI's offset in the kernel by itself, and the list's word for it stays",
    { ...BEGINNING, seeds: 1 },
    (world) => {
      const { client, servers } = begun(world, ["none", "none", "none"], {
        leaps: { ...listOf("2027-01-01T00:00:00Z", "insert"), tai: 37 },
      });
      leaping(world, servers, -1);
      world.run(HOUR);
      expect(client.machine.kernel.tai).toBe(37);
      world.run(MIDNIGHT + 0.5 - world.now);
      expect(client.machine.kernel.tai).toBe(38);
      world.run(2 * HOUR);
      expect(client.machine.kernel.tai).toBe(38);
    },
  );
});

describe("a server that smears a leap second", () => {
  const INTERVAL = 4 * HOUR;

  for (const placement of ["before", "centred"] as const)
    scenario(
      `(${placement}) gives out time without a jump, and announces nothing, while its own clock leaps`,
      { ...BEGINNING, seeds: 2 },
      (world) => {
        const at = ntpTime("2027-01-01T00:00:00Z");
        const smear = { at, leap: "insert", interval: INTERVAL, placement, shape: "linear" } as const;
        const leaps = listOf("2027-01-01T00:00:00Z", "insert");
        const { client, servers } = begun(world, ["none", "none", "none"], {
          leaps,
          more: { serving: { ...SERVING, smear } },
        });
        leaping(world, servers, -1);
        /** What is given out − true time that does not leap. */
        const given = (): number => {
          const now = client.machine.now();
          const { shiftSeconds, shiftFraction, head } = client.engine.responder!.server.published(now);
          expect(head >>> 30, "leap indicator").toBe(0);
          return client.machine.error + shiftSeconds + (shiftFraction >>> 0) / 2 ** 32;
        };
        const begins = placement === "before" ? MIDNIGHT - INTERVAL : MIDNIGHT - INTERVAL / 2;
        world.run(begins - 60);
        expect(Math.abs(given())).toBeLessThan(0.002);
        for (const since of [0.1, 0.25, 0.4, 0.6, 0.75, 0.9]) {
          world.run(begins + since * INTERVAL - world.now);
          expect(given() + since, `${since} of it`).toBeCloseTo(0, 2);
        }
        world.run(begins + INTERVAL + HOUR - world.now);
        expect(given()).toBeCloseTo(-1, 2);
      },
    );

  scenario("does so in the inserted second, too", { ...BEGINNING, seeds: 2 }, (world) => {
    const at = ntpTime("2027-01-01T00:00:00Z");
    const smear = {
      at,
      leap: "insert",
      interval: INTERVAL,
      placement: "centred",
      shape: "linear",
    } as const;
    const { client, servers } = begun(world, ["none", "none", "none"], {
      leaps: listOf("2027-01-01T00:00:00Z", "insert"),
      more: { serving: { ...SERVING, smear } },
    });
    leaping(world, servers, -1);
    for (const since of [-0.5, 0.1, 0.5, 0.9, 1.1, 2]) {
      world.run(MIDNIGHT + since - world.now);
      const { shiftSeconds, shiftFraction } = client.engine.responder!.server.published(client.machine.now());
      expect(client.machine.error + shiftSeconds + (shiftFraction >>> 0) / 2 ** 32, `${since} s`).toBeCloseTo(-0.5, 2);
    }
  });

  scenario(
    "goes by what most servers announce where it has no list, and leaves off where they take it back",
    { ...BEGINNING, seeds: 2 },
    (world) => {
      const { client, servers } = begun(world, ["insert", "insert", "insert"], {
        more: { serving: { ...SERVING, smearInterval: INTERVAL } },
      });
      leaping(world, servers, -1);
      const given = (): number => {
        const { shiftSeconds, shiftFraction, head } = client.engine.responder!.server.published(client.machine.now());
        expect(head >>> 30, "leap indicator").toBe(0);
        return client.machine.error + shiftSeconds + (shiftFraction >>> 0) / 2 ** 32;
      };
      world.run(MIDNIGHT - INTERVAL / 2);
      expect(given()).toBeCloseTo(-0.5, 2);
      for (const since of [-1, 0.2, 0.8, 5]) {
        world.run(MIDNIGHT + since - world.now);
        expect(given(), `${since} s`).toBeCloseTo(-1, 2);
      }
      world.run(2 * HOUR);
      expect(given()).toBeCloseTo(-1, 2);
      expect(client.engine.responder!.server.settings.smear).toBeNull();
    },
  );
});
