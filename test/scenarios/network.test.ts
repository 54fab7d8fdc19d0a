/** Networks that lose, duplicate, reorder, lack a family, or are not there yet; late stamps; names that fail first. */
import { describe, expect } from "vitest";
import { silent } from "../../src/sim/oddities.ts";
import { scenario } from "../support/world.ts";
import {
  about,
  CLOSE,
  expectSynchronized,
  expectTrue,
  finish,
  notesOf,
  serversOf,
  start,
  verdicts,
} from "./oneshot.ts";

describe("bad networks", () => {
  scenario("loss, duplication, reordering and queues together still end in a true clock", { seeds: 20 }, (world) => {
    const link = {
      delay: 0.02,
      jitter: { shape: "exponential", mean: 0.005 },
      loss: 0.15,
      duplication: 0.1,
      reordering: { probability: 0.1, by: 0.05 },
    } as const;
    const client = start(world, {
      servers: serversOf(world, { link }, { link }, { link }, { link }),
      command: "query",
      options: { samples: 4 },
    });
    expect(finish(world, client)).toBe("ok");
    expectTrue(client, client.machine.error, CLOSE);
  });

  scenario("a lost packet is made up for", {}, (world) => {
    const [server] = serversOf(world, {});
    const client = start(world, { servers: [server!] });
    world.network.between("client", "ntp1", { dead: [{ from: 1, until: 3 }] });
    finish(world, client);
    expectSynchronized(client);
    expect(about(client, server!).packets).toMatchObject({ sent: 4, received: 3 });
    expect(notesOf(client, "timedOut")).toHaveLength(1);
  });

  scenario("an answer that overtakes an earlier one is matched to its own question", {}, (world) => {
    const [server] = serversOf(world, {});
    // Longer than the spacing of the burst, shorter than the patience given: the first two answers cross.
    world.network.tap((datagram, at) => (datagram.from.port === 123 && at < 1 ? { delay: 2.5 } : "pass"));
    const client = start(world, { servers: [server!], options: { timeout: 5 } });
    finish(world, client);
    expectSynchronized(client);
    expect(notesOf(client, "sample").length).toBeGreaterThanOrEqual(3);
    expect(notesOf(client, "refused")).toEqual([]);
  });

  scenario("while enough answers are on their way nothing more is asked", {}, (world) => {
    const [server] = serversOf(world, {});
    world.network.between("ntp1", "client", { delay: 2.5 });
    const client = start(world, {
      servers: [server!],
      command: "query",
      options: { samples: 2, timeout: 6, maxdist: 5 },
    });
    expect(finish(world, client)).toBe("ok");
    expect(server!.count).toBe(2);
    expectTrue(client, client.machine.error);
  });

  scenario("an answer later than the timeout is not taken for that of a later question", {}, (world) => {
    const [server] = serversOf(world, {});
    world.network.between("ntp1", "client", { delay: 1.5 });
    const client = start(world, { servers: [server!] });
    const before = client.machine.error;
    finish(world, client);
    // Each is an answer to its own question, or the delay, and with it the offset, would be nonsense.
    for (const { delay } of notesOf(client, "sample")) expect(delay).toBeCloseTo(1.52, 1);
    expect(about(client, server!).packets.rejected).toBe(0);
    expect(client.outcome).toBe("ok");
    const { clock } = expectTrue(client, before);
    // A clock that may be right by what was measured is not stepped.
    if (clock.reason === "uncertain") expect(client.machine.error).toBeCloseTo(before, 2);
    else expectSynchronized(client, 0.77);
  });
});

describe("stamps", () => {
  scenario("T1 that arrives after the reply gives the same true sample", { seeds: 10 }, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}), stamps: { late: 0.5 } });
    finish(world, client);
    expectSynchronized(client);
    expect(client.snapshot().associations.map(({ timestamps }) => timestamps)).toEqual(["kernel", "kernel", "kernel"]);
  });

  scenario("T1 that arrives after the patience does not hang the run", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}), stamps: { late: 3 } });
    finish(world, client, 30);
    expectSynchronized(client);
  });

  scenario("T1 is when a packet left, not when it was handed over", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}), stamps: { queueing: 0.3 } });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("a process's stamps are worse, and called so", {}, (world) => {
    const client = start(world, {
      servers: serversOf(world, {}, {}, {}),
      stamps: { source: "user", noise: 200e-6 },
      command: "query",
      options: { samples: 4 },
    });
    expect(finish(world, client)).toBe("ok");
    expectTrue(client, client.machine.error, CLOSE);
    expect(about(client, "192.0.2.1").timestamps).toBe("user");
  });
});

describe("families and addresses", () => {
  scenario("an IPv6 server sets the clock", {}, (world) => {
    const servers = serversOf(world, { addresses: ["2001:db8::1"] }, { addresses: ["2001:db8::2"] });
    const client = start(world, { servers, addresses: ["2001:db8::c"] });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("a name whose first family has no way falls back on the other", {}, (world) => {
    const [server] = serversOf(world, { addresses: ["2001:db8::1", "192.0.2.1"] });
    const client = start(world, { servers: ["ntp1"], addresses: ["192.0.2.200"] });
    finish(world, client);
    expectSynchronized(client);
    expect(server!.requests.every(({ to }) => to.ip === "192.0.2.1")).toBe(true);
  });

  scenario("a name whose first family is silent falls back on the other", {}, (world) => {
    serversOf(world, { addresses: ["192.0.2.1"] });
    world.names.set("two.example", { addresses: ["2001:db8::dead", "192.0.2.1"] });
    const client = start(world, { servers: ["two.example"], addresses: ["192.0.2.200", "2001:db8::c"] });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("a pool's name gives several servers, and a liar among them is found out", { seeds: 10 }, (world) => {
    serversOf(world, {}, {}, {}, {}, { clockError: 3 });
    world.names.set("pool.example", { addresses: [1, 2, 3, 5].map((n) => `192.0.2.${n}`) });
    const client = start(world, { servers: ["pool.example"] });
    finish(world, client);
    expectSynchronized(client);
    expect(client.snapshot().system).toMatchObject({ truechimers: 3, falsetickers: 1 });
    expect(client.snapshot().associations.map(({ name, lifetime }) => `${name} ${lifetime}`)).toEqual(
      Array(4).fill("pool.example preemptable"),
    );
  });

  scenario("one server under two names counts once", {}, (world) => {
    const servers = serversOf(world, {}, {});
    world.names.set("alias.example", { addresses: ["192.0.2.1"] });
    const client = start(world, { servers: ["192.0.2.1", "alias.example", servers[1]!] });
    finish(world, client);
    expectSynchronized(client);
    expect(verdicts(client).filter((verdict) => verdict === "rejected: duplicate")).toHaveLength(1);
    expect(servers[0]!.count).toBe(3);
  });

  scenario("no route anywhere is said, not waited for", {}, (world) => {
    const client = start(world, { servers: ["192.0.2.1", "192.0.2.2"], down: [{ from: 0, until: 1000 }] });
    expect(finish(world, client)).toBe("no-reply");
    expect(verdicts(client)).toEqual(["rejected: noRoute", "rejected: noRoute"]);
    expect(world.now).toBeLessThan(0.1);
  });
});

describe("names", () => {
  scenario("that do not exist end the run", {}, (world) => {
    const client = start(world, { servers: ["no.such.example"] });
    expect(finish(world, client)).toBe("resolve");
    expect(verdicts(client)).toEqual(["rejected: unresolved"]);
  });

  scenario("that fail leave the others to set the clock", {}, (world) => {
    const client = start(world, { servers: ["no.such.example", ...serversOf(world, {}, {}, {})] });
    finish(world, client);
    expectSynchronized(client);
    expect(about(client, "no.such.example")).toMatchObject({
      verdict: "rejected",
      reason: "unresolved",
      address: null,
    });
  });

  scenario("that fail for now end the run, unless it is to wait for the network", {}, (world) => {
    serversOf(world, {}, {});
    for (const name of ["ntp1", "ntp2"])
      world.names.set(name, { fault: "again" }, { from: 20, addresses: [`192.0.2.${name.at(-1)!}`] });
    const hasty = start(world, { servers: ["ntp1", "ntp2"] });
    expect(finish(world, hasty)).toBe("resolve");
    expect(world.now).toBeLessThan(1);
    const patient = start(world, { servers: ["ntp1", "ntp2"], on: hasty.machine, options: { waitNetwork: 60 } });
    finish(world, patient);
    expectSynchronized(patient);
    // Asked again with growing pauses of at most eight seconds.
    expect(world.now).toBeGreaterThan(24);
    expect(world.now).toBeLessThan(33);
    expect(notesOf(patient, "unresolved").length).toBeLessThan(14);
  });

  scenario("no network at first: a run that waits for it succeeds soon after it comes", { seeds: 10 }, (world) => {
    serversOf(world, {}, {}, {});
    const client = start(world, {
      servers: ["ntp1", "192.0.2.2", "192.0.2.3"],
      options: { waitNetwork: 120 },
      down: [{ from: 0, until: 45 }],
    });
    finish(world, client);
    expectSynchronized(client);
    expect(client.snapshot().system.truechimers).toBe(3);
    expect(world.now).toBeGreaterThan(45);
    expect(world.now).toBeLessThan(62);
  });

  scenario("no network at all: the waiting comes to an end too", {}, (world) => {
    const client = start(world, {
      servers: ["ntp1.example", "192.0.2.2"],
      options: { waitNetwork: 30 },
      down: [{ from: 0, until: 1e6 }],
    });
    expect(["resolve", "no-reply", "deadline"]).toContain(finish(world, client, 60));
    expect(world.now).toBeLessThan(46);
  });
});

describe("the deadline", () => {
  scenario("ends a run in which somebody could still have answered", {}, (world) => {
    const client = start(world, { servers: serversOf(world, { oddities: [silent()] }), options: { deadline: 3 } });
    expect(finish(world, client)).toBe("deadline");
    expect(world.now).toBeCloseTo(3, 3);
    expect(client.snapshot().clock.applied).toBe(false);
  });

  scenario("ends names that take too long", {}, (world) => {
    serversOf(world, {});
    world.names.set("slow.example", { addresses: ["192.0.2.1"], delay: 60 });
    const client = start(world, { servers: ["slow.example"], options: { deadline: 5 } });
    expect(finish(world, client)).toBe("deadline");
    expect(world.now).toBeCloseTo(5, 3);
    expect(client.snapshot()).toMatchObject({
      unresolved: [{ name: "slow.example", why: "silent" }],
      associations: [{ name: "slow.example", address: null, reason: "unresolved" }],
    });
  });

  scenario("says of a name that took too long that it did, where others were enough", {}, (world) => {
    const servers = serversOf(world, {}, {}, {});
    world.names.set("slow.example", { addresses: ["192.0.2.9"], delay: 60 });
    const client = start(world, { servers: [...servers, "slow.example"], options: { deadline: 5 } });
    expect(finish(world, client)).toBe("ok");
    expect(client.snapshot().unresolved).toEqual([{ name: "slow.example", why: "silent" }]);
    expect(client.snapshot().associations.at(-1)).toMatchObject({ name: "slow.example", reason: "unresolved" });
  });

  scenario("takes what has been measured by then", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}), options: { deadline: 3 } });
    finish(world, client);
    expectSynchronized(client);
    expect(world.now).toBeCloseTo(3, 3);
  });

  scenario("need not come near when the accuracy asked for is there: one exchange may be enough", {}, (world) => {
    const client = start(world, { servers: serversOf(world, {}, {}, {}, {}), options: { accuracy: 0.02 } });
    finish(world, client);
    expectSynchronized(client);
    expect(world.now).toBeLessThan(0.1);
  });

  scenario(
    "is not waited for when the accuracy asked for cannot be had: all samples are taken, and the best is made of them",
    {},
    (world) => {
      const client = start(world, { servers: serversOf(world, {}, {}, {}, {}), options: { accuracy: 0.0001 } });
      finish(world, client);
      expectSynchronized(client);
      expect(world.now).toBeGreaterThan(6);
      expect(world.now).toBeLessThan(6.1);
    },
  );
});
