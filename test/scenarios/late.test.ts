/**
 * Networks that are slow (LTE, satellites): a reply that comes after `--timeout` is a reply all the same. How late it was its delay
 * says, and with that how wrong it may be.
 */
import { describe, expect } from "vitest";
import type { OnceCommand } from "../../src/config/options.ts";
import type { LinkOptions } from "../../src/sim/link.ts";
import { silent } from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { associationsOf, Site } from "../support/site.ts";
import { scenario } from "../support/world.ts";
import { about, expectTrue, finish, notesOf, serversOf, start } from "./oneshot.ts";

/** How far off the client is, seconds. */
const OFF = -20;

const WAYS: readonly (readonly [string, (delay: number) => LinkOptions])[] = [
  ["on the way out", (delay) => ({ out: { delay }, in: { delay: 0.005 } })],
  ["on the way back", (delay) => ({ out: { delay: 0.005 }, in: { delay } })],
];

const COMMANDS: readonly OnceCommand[] = ["sync", "query"];

/** A one-shot behind a slow way to three servers, or to one. */
function run(world: SimWorld, command: OnceCommand, link: LinkOptions, count: number): Runner {
  const servers = serversOf(world, ...Array.from({ length: count }, () => ({})));
  return start(world, { servers, command, link, clockError: OFF });
}

describe("a reply that comes after the timeout", () => {
  for (const command of COMMANDS)
    for (const [where, link] of WAYS)
      for (const delay of [1.2, 2.5])
        scenario(`counts: ${command}, ${delay} s ${where}`, { trace: false, seeds: 2 }, (world) => {
          const client = run(world, command, link(delay), 3);
          expect(finish(world, client)).toBe("ok");
          const { clock, associations } = expectTrue(client, OFF);
          expect(clock.uncertainty).toBeGreaterThan(delay / 2);
          expect(associations.map(({ reason }) => reason)).toEqual([null, null, null]);
        });

  scenario("steps no clock by less than it may be wrong by, unless it is told to", {}, (world) => {
    const servers = serversOf(world, {}, {}, {});
    const link = { out: { delay: 2.5 }, in: { delay: 0.005 } };
    const client = start(world, { servers, link, clockError: 0.4 });
    expect(finish(world, client)).toBe("ok");
    expect(client.snapshot().clock).toMatchObject({ action: "none", reason: "uncertain", applied: false });
    const told = start(world, { servers, on: client.machine, options: { method: "step" } });
    expect(finish(world, told)).toBe("ok");
    expect(told.snapshot().clock).toMatchObject({ action: "step", applied: true });
  });

  scenario("is one answer, though another question has taken its place", {}, (world) => {
    const client = run(world, "query", { out: { delay: 2.5 }, in: { delay: 0.005 } }, 1);
    finish(world, client);
    const { packets } = about(client, "192.0.2.1");
    expect(packets.rejected).toBe(0);
    expect(notesOf(client, "sample")).toHaveLength(1);
  });

  scenario("is further away than a server may be, and called so, if it comes after 3 s", {}, (world) => {
    const client = run(world, "sync", { out: { delay: 3.5 }, in: { delay: 0.005 } }, 1);
    expect(finish(world, client)).toBe("no-agreement");
    expect(about(client, "192.0.2.1")).toMatchObject({ reason: "rootDistance" });
  });

  scenario("makes a silent server no less silent: it ends the run as soon as before", {}, (world) => {
    const [dead] = serversOf(world, { oddities: [silent()] });
    const client = start(world, { servers: [dead!], command: "sync" });
    expect(finish(world, client)).toBe("no-reply");
    expect(about(client, dead!)).toMatchObject({ reason: "unreachable", packets: { sent: 3 } });
    expect(world.now).toBeLessThan(8);
  });

  scenario("counts for a daemon, too", { trace: false, seeds: 2 }, (world) => {
    const site = new Site(world);
    const servers = [site.reference("gps1"), site.reference("gps2"), site.reference("gps3")];
    const link = { out: { delay: 1.2 }, in: { delay: 0.005 } };
    const lines = servers.map(({ address }) => ({ name: address.ip, minpoll: 4, maxpoll: 4 }));
    const client = site.host("far", { link, lines });
    world.run(600);
    for (const { reach } of associationsOf(client)) expect(reach | 1).toBe(255);
    expect(site.systemPeerOf(client)).not.toBeNull();
  });
});

describe("a pool behind a slow way", () => {
  scenario("gives its servers", { trace: false, seeds: 2 }, (world) => {
    const site = new Site(world);
    const members = Array.from({ length: 4 }, (_, index) => site.reference(`gps${index + 1}`));
    world.names.set("pool.example", { addresses: members.map(({ address }) => address.ip) });
    const link = { out: { delay: 1.2 }, in: { delay: 0.005 } };
    const client = site.host("far", { link, lines: [{ kind: "pool", name: "pool.example" }] });
    world.run(300);
    expect(site.friendsOf(client)).toEqual(["gps1", "gps2", "gps3", "gps4"]);
    expect(site.systemPeerOf(client)).not.toBeNull();
  });
});

describe("at the deadline", () => {
  scenario("a server that was asked and is silent did not answer", {}, (world) => {
    const [dead] = serversOf(world, { oddities: [silent()] });
    const client = start(world, { servers: [dead!], command: "query", options: { deadline: 0.5 } });
    expect(finish(world, client)).toBe("deadline");
    expect(about(client, dead!)).toMatchObject({ reason: "unreachable" });
  });
});
