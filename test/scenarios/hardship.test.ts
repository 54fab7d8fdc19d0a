/** What a daemon has to live through: it goes on, says so once, and loses nothing. */
import { describe, expect } from "vitest";
import type { SimWorld } from "../../src/sim/world.ts";
import { daemonBy, saidBy } from "../support/orders.ts";
import { associationsOf } from "../support/site.ts";
import { scenario } from "../support/world.ts";

const DAY = 86_400;
const YEARS = 20 * 365.25 * DAY;
const US = "192.0.2.100";
const CRYSTAL = { frequency: 12e-6, wander: 1e-10 };

/** A daemon that has followed three servers for four hours. */
function settled(world: SimWorld): ReturnType<typeof daemonBy> {
  const servers = Array.from({ length: 3 }, (_, index) =>
    world.server(`s${index}`, { link: { delay: 0.005 } }).machine.address(),
  );
  const us = daemonBy(world, "us", US, servers.map((ip) => `server ${ip} iburst`).join("\n"), undefined, {
    oscillator: CRYSTAL,
  });
  world.run(4 * 3600);
  expect(Math.abs(us.machine.error)).toBeLessThan(0.001);
  return us;
}

describe("a network that loses everything for a day", () => {
  scenario(
    "costs the system peer and nothing else: the clock is kept by its frequency, and the servers are found again",
    { seeds: 3 },
    (world) => {
      const us = settled(world);
      const [before, lines] = [us.snapshot(), saidBy(us).length];
      const release = world.network.tap(() => "drop");
      world.run(DAY);
      const during = us.snapshot();
      expect(during).toMatchObject({ outcome: null, system: { systemPeer: null } });
      expect(associationsOf(us).map(({ id, reach }) => [id, reach])).toEqual(
        before.associations.map(({ id }) => [id, 0]),
      );
      expect(Math.abs(during.discipline!.frequency! - before.discipline!.frequency!)).toBeLessThan(1e-9);
      expect(Math.abs(us.machine.error)).toBeLessThan(0.05);
      // One after the other falls out of reach; then there is nobody to be followed, and nothing more is said.
      const said = saidBy(us).slice(lines);
      expect(said.at(-1)).toBe("no system peer");
      expect(said.length).toBeLessThanOrEqual(3);
      release();
      world.run(2400);
      expect(us.snapshot().system.survivors).toBe(3);
      world.run(3600);
      expect(Math.abs(us.machine.error)).toBeLessThan(0.001);
      expect(
        saidBy(us)
          .slice(lines)
          .filter((line) => /^no system peer|by somebody else/.test(line)),
      ).toHaveLength(1);
    },
  );
});

describe("names that cannot be looked up for a week", () => {
  scenario(
    "from the start on: it is said once, they are not asked for too often, and the clock is set in the end",
    { seeds: 2 },
    (world) => {
      const server = world.server("s", { link: { delay: 0.005 } }).machine.address();
      world.names.set("ntp.example", { fault: "again" }, { from: 7 * DAY, addresses: [server] });
      const us = daemonBy(world, "us", US, "server ntp.example iburst", undefined, { clockError: 0.3 });
      world.run(7 * DAY);
      expect(us.snapshot()).toMatchObject({ outcome: null, unresolved: [{ name: "ntp.example", why: "again" }] });
      expect(saidBy(us).filter((line) => line.includes("ntp.example"))).toHaveLength(1);
      const asked = us.notes.filter(({ note }) => note.what === "resolving").length;
      expect(asked).toBeLessThan((7 * DAY) / 60);
      expect(asked).toBeGreaterThan((7 * DAY) / 1100);
      world.run(1200);
      expect(us.snapshot()).toMatchObject({ system: { survivors: 1 }, unresolved: [] });
      expect(Math.abs(us.machine.error)).toBeLessThan(0.001);
    },
  );

  scenario("while their servers are followed: nobody notices", { seeds: 2 }, (world) => {
    const server = world.server("s", { link: { delay: 0.005 } }).machine.address();
    world.names.set("ntp.example", { addresses: [server] }, { from: 3600, fault: "again" });
    const us = daemonBy(world, "us", US, "server ntp.example iburst", undefined, { oscillator: CRYSTAL });
    world.run(3600);
    const lines = saidBy(us).length;
    world.run(7 * DAY);
    expect(us.snapshot().system.survivors).toBe(1);
    expect(saidBy(us).slice(lines)).toEqual([]);
  });
});

describe("a clock that somebody sets by hand", () => {
  for (const by of [3600, -3600, YEARS, -YEARS])
    scenario(`by ${by} s is set right again, and each of the two is said once`, { seeds: 2 }, (world) => {
      const us = settled(world);
      const [before, lines] = [us.snapshot(), saidBy(us).length];
      us.machine.stepClock(by, 0.1);
      world.run(120);
      expect(Math.abs(us.machine.error)).toBeLessThan(0.005);
      expect(us.snapshot().associations.map(({ id }) => id)).toEqual(before.associations.map(({ id }) => id));
      const said = saidBy(us)
        .slice(lines)
        .filter((line) => line.startsWith("the clock was stepped"));
      expect(said).toHaveLength(2);
      expect(said[0]).toMatch(/by somebody else: measuring begins anew$/);
      expect(said[1]).toMatch(/by us$/);
      expect(us.snapshot().outcome).toBeNull();
    });
});

describe("a machine that sleeps", () => {
  scenario("says so once, does not take it for a step, and measures anew", { seeds: 2 }, (world) => {
    const us = settled(world);
    const lines = saidBy(us).length;
    us.machine.sleep(8 * 3600);
    world.run(8 * 3600 + 300);
    expect(us.snapshot().system.survivors).toBe(3);
    const said = saidBy(us).slice(lines);
    expect(said.filter((line) => line.includes("slept"))).toEqual([
      "this machine slept for 28800 s: everything is measured anew",
    ]);
    expect(said.filter((line) => line.includes("by somebody else"))).toEqual([]);
    world.run(3600);
    expect(Math.abs(us.machine.error)).toBeLessThan(0.001);
  });
});
