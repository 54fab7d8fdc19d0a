/** Whom a one-shot believes: clean runs, liars, the unsynchronized, the dead, and those who cannot agree. */
import { describe, expect } from "vitest";
import { fromRequest, lies, says, silent, unsynchronized } from "../../src/sim/oddities.ts";
import { scenario } from "../support/world.ts";
import { about, CLOSE, expectSynchronized, expectTrue, finish, QUIET, serversOf, start, verdicts } from "./oneshot.ts";

describe("agreement", () => {
  scenario("four honest servers set a clock that is wrong by seconds", { seeds: 20 }, (world) => {
    const servers = serversOf(world, {}, {}, {}, {});
    const client = start(world, { servers });
    const before = client.machine.error;
    finish(world, client);
    expectSynchronized(client);
    expect(client.snapshot().clock).toMatchObject({
      action: "step",
      applied: true,
      direction: before < 0 ? "behind" : "ahead",
    });
    expect(client.snapshot().system).toMatchObject({ truechimers: 4, falsetickers: 0, stratum: 3, leap: "none" });
    // Three samples at a spacing of two seconds, and no more than that.
    expect(world.now).toBeGreaterThan(4);
    expect(world.now).toBeLessThan(4.1);
    for (const server of servers) expect(server.count).toBe(3);
  });

  scenario("one honest server is enough", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}) });
    finish(world, client);
    expectSynchronized(client);
    expect(verdicts(client)).toEqual(["systemPeer"]);
  });

  scenario("a clock that is nearly right glides", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}), clockError: 0.06, oscillator: {} });
    finish(world, client);
    expect(client.snapshot().clock).toMatchObject({ action: "slew", applied: true, direction: "ahead" });
    expect(client.snapshot().clock.lasting).toBeCloseTo(120, -1);
    expect(client.machine.error).toBeCloseTo(0.06, 3);
    world.run(130);
    expectSynchronized(client);
  });

  scenario(
    "the offset is true within the uncertainty that is told, over paths as uneven as may be",
    { seeds: 20 },
    (world) => {
      const chance = world.chance("paths");
      const uneven = { link: { out: { delay: 0.1 * chance.uniform() }, in: { delay: 0.1 * chance.uniform() } } };
      const client = start(world, { servers: serversOf(world, uneven), command: "query", options: { samples: 4 } });
      expect(finish(world, client)).toBe("ok");
      expectTrue(client, client.machine.error);
    },
  );

  scenario("of four servers one lies: it is found out", { seeds: 20 }, (world) => {
    const chance = world.chance("lie");
    const liar = chance.below(4);
    const lie = (chance.uniform() < 0.5 ? -1 : 1) * (0.1 + chance.exponential());
    const servers = serversOf(world, ...[0, 1, 2, 3].map((index) => (index === liar ? { clockError: lie } : {})));
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expect(about(client, servers[liar]!)).toMatchObject({
      verdict: "falseticker",
      reason: "outsideIntersection",
      tally: "x",
    });
    expect(client.snapshot().system).toMatchObject({ truechimers: 3, falsetickers: 1 });
  });

  scenario("two of five lie, each its own lie", { seeds: 10 }, (world) => {
    const client = start(world, { servers: serversOf(world, {}, { clockError: 5 }, {}, { clockError: -3 }, {}) });
    finish(world, client);
    expectSynchronized(client);
    expect(client.snapshot().system).toMatchObject({ truechimers: 3, falsetickers: 2 });
  });

  scenario("one that lies only now and then is no worse than a lost sample", { seeds: 10 }, (world) => {
    const chance = world.chance("now and then");
    const fickle = {
      oddities: [(...it: Parameters<ReturnType<typeof lies>>) => (chance.happens(0.3) ? lies(7)(...it) : it[0])],
    };
    const client = start(world, { servers: serversOf(world, {}, fickle, {}, {}) });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("all servers lie, each its own lie: nothing is believed and nothing is changed", {}, (world) => {
    const client = start(world, {
      servers: serversOf(world, { clockError: 1 }, { clockError: 4 }, { clockError: -2 }, { clockError: 9 }),
    });
    const before = client.machine.error;
    expect(finish(world, client)).toBe("no-agreement");
    expect(verdicts(client)).toEqual(Array(4).fill("falseticker: noMajority"));
    expect(client.snapshot().clock).toMatchObject({
      offset: null,
      action: "none",
      applied: false,
      reason: "no-agreement",
    });
    expect(client.machine.error).toBeCloseTo(before, 2);
  });

  scenario("two against two is no majority", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, { clockError: 2 }, { clockError: 2 }) });
    expect(finish(world, client)).toBe("no-agreement");
  });

  scenario("a majority that lies alike is believed: nobody can know better", {}, (world) => {
    const client = start(world, {
      servers: serversOf(world, {}, { clockError: 2 }, { clockError: 2 }, { clockError: 2 }),
      clockError: -3,
    });
    expect(finish(world, client)).toBe("ok");
    expect(client.machine.error).toBeCloseTo(2, 2);
  });

  scenario("one is not synchronized: it says so, and the others do", {}, (world) => {
    const servers = serversOf(world, {}, { oddities: [unsynchronized()] }, {}, { leap: "unsynchronized" });
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    for (const unset of [servers[1]!, servers[3]!])
      expect(about(client, unset)).toMatchObject({
        verdict: "rejected",
        reason: "unsynchronized",
        leap: "unsynchronized",
      });
  });

  scenario("one loses its own source while it is asked: it is not used any more", {}, (world) => {
    const servers = serversOf(world, {}, { oddities: [fromRequest(2, unsynchronized())] }, {}, {});
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expect(about(client, servers[1]!)).toMatchObject({ verdict: "rejected", reason: "unsynchronized" });
  });

  scenario("none is synchronized", {}, (world) => {
    const unset = { oddities: [unsynchronized()] };
    const client = start(world, { servers: serversOf(world, unset, unset) });
    expect(finish(world, client)).toBe("no-agreement");
    expect(verdicts(client)).toEqual(["rejected: unsynchronized", "rejected: unsynchronized"]);
  });

  scenario("servers too far from a primary source are not used", {}, (world) => {
    const servers = serversOf(world, { rootDispersion: 3 }, {}, { stratum: 15, rootDelay: 4 });
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    for (const far of [servers[0]!, servers[2]!])
      expect(about(client, far)).toMatchObject({ verdict: "rejected", reason: "rootDistance" });
  });

  scenario("a server whose header is nonsense is not used", {}, (world) => {
    const servers = serversOf(world, { oddities: [says({ rootDispersion: 40_000 })] }, {}, {});
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expect(about(client, servers[0]!)).toMatchObject({ verdict: "rejected", reason: "header" });
  });

  scenario("a leap second that the majority announces is told", {}, (world) => {
    const client = start(world, {
      servers: serversOf(world, { leap: "insert" }, { leap: "insert" }, { leap: "insert" }),
    });
    finish(world, client);
    expectSynchronized(client);
    expect(client.snapshot().system.leap).toBe("insert");
  });

  scenario("dead servers are named, and cost no more than their own time", {}, (world) => {
    const servers = serversOf(world, { oddities: [silent()] }, {}, {}, {}, { link: { loss: 1 } });
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expect(world.now).toBeLessThan(6.1);
    for (const dead of [servers[0]!, servers[4]!]) expect(about(client, dead)).toMatchObject({ verdict: "rejected" });
  });

  scenario("all dead: no reply, once each had its time", {}, (world) => {
    const servers = serversOf(world, { oddities: [silent()] }, { link: { loss: 1 } });
    const client = start(world, { servers });
    expect(finish(world, client)).toBe("no-reply");
    expect(verdicts(client)).toEqual(["rejected: unreachable", "rejected: unreachable"]);
    // Three questions two seconds apart, and a second for the last answer.
    expect(world.now).toBeCloseTo(5, 3);
    expect(servers[0]!.count).toBe(3);
  });

  scenario("nothing listens there: that is known at once", {}, (world) => {
    world.machine("closed", { addresses: ["192.0.2.99"], link: QUIET });
    const client = start(world, { servers: ["192.0.2.99"] });
    expect(finish(world, client)).toBe("no-reply");
    expect(verdicts(client)).toEqual(["rejected: portUnreachable"]);
    expect(world.now).toBeLessThan(0.1);
  });

  scenario("preferred, watched and trusted servers are treated so", {}, (world) => {
    const [near, preferred, watched] = serversOf(
      world,
      { stratum: 1 },
      { stratum: 3, clockError: 0.0002 },
      { clockError: 0.0001 },
    );
    const client = start(world, {
      servers: [near!, `${preferred!.address.ip},prefer`, `${watched!.address.ip},noselect`],
    });
    finish(world, client);
    expectSynchronized(client, CLOSE);
    expect(about(client, preferred!).verdict).toBe("systemPeer");
    expect(about(client, watched!)).toMatchObject({ verdict: "rejected", reason: "noselect" });
  });
});
