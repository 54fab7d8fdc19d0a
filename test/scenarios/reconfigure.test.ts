/** A daemon whose configuration changes while it lives: what stays is not disturbed, what is gone ends, what is new begins. */
import { describe, expect, it } from "vitest";
import type { SimWorld } from "../../src/sim/world.ts";
import { Bench, sendsOf } from "../support/engine.ts";
import { daemonBy as daemon, orders } from "../support/orders.ts";
import { associationsOf, keysOf, notesOf } from "../support/site.ts";
import { scenario } from "../support/world.ts";

function servers(world: SimWorld, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) =>
    world.server(`s${index}`, { link: { delay: 0.005 } }).machine.address(),
  );
}

describe("a changed configuration", () => {
  scenario(
    "leaves associations that stay as they are, ends those that are gone, and begins new ones",
    { seeds: 3 },
    (world) => {
      const [a = "", b = "", c = "", d = ""] = servers(world, 4);
      const us = daemon(world, "us", "192.0.2.100", `server ${a} iburst\nserver ${b} iburst\nserver ${c} iburst`);
      world.run(1000);
      const before = us.snapshot();
      const peer = before.associations.find(({ id }) => id === before.system.systemPeer)!.address;
      const gone = [a, b, c].find((ip) => ip !== peer)!;
      const kept = [a, b, c].filter((ip) => ip !== gone);
      us.handle({
        kind: "reconfigure",
        config: orders(`${kept.map((ip) => `server ${ip} iburst maxpoll 9`).join("\n")}\nserver ${d} iburst prefer`),
      });
      world.run(1);
      const after = us.snapshot();
      const measured = (ip: string): unknown =>
        before.associations
          .filter(({ address }) => address === ip)
          .map(({ id, reach, offset, delay, packets }) => ({ id, reach, offset, delay, packets }));
      for (const ip of kept)
        expect(after.associations.filter(({ address }) => address === ip)).toMatchObject(measured(ip) as object[]);
      expect(after.associations.map(({ address }) => address).toSorted()).toEqual([...kept, d].toSorted());
      expect(after.system.systemPeer).toBe(before.system.systemPeer);
      expect(after.discipline).toEqual(before.discipline);
      expect(notesOf(us, "demobilized")).toMatchObject([{ address: { ip: gone }, why: "unconfigured" }]);
      expect(notesOf(us, "reconfigured")).toMatchObject([{ kept: 2, ended: 1 }]);
      world.run(300);
      // The new one is preferred.
      expect(us.snapshot()).toMatchObject({
        outcome: null,
        associations: [{}, {}, { address: d, verdict: "systemPeer" }],
      });
      expect(notesOf(us, "clockStepped").filter(({ whose }) => whose === "another")).toEqual([]);
    },
  );

  scenario("takes the clock out of its hands, and gives it back", { seeds: 2 }, (world) => {
    const [a = ""] = servers(world, 1);
    const us = daemon(world, "us", "192.0.2.100", `server ${a} iburst maxpoll 6`);
    world.run(2000);
    expect(us.snapshot().discipline).not.toBeNull();
    us.handle({ kind: "reconfigure", config: orders(`server ${a} iburst maxpoll 6\ndisable ntp`) });
    world.run(200);
    expect(us.snapshot()).toMatchObject({ outcome: null, discipline: null, associations: [{ verdict: "systemPeer" }] });
    us.handle({ kind: "reconfigure", config: orders(`server ${a} iburst maxpoll 6\ntinker panic 5`) });
    world.run(2000);
    expect(us.snapshot()).toMatchObject({ outcome: null, discipline: { state: "SYNC" } });
  });

  scenario(
    "ends an ephemeral peer whose key is gone, and asks a configured server by the key there is",
    { seeds: 2 },
    async (world) => {
      const [old, young] = [await keysOf("1 SHA1 a-secret-of-ours"), await keysOf("1 SHA1 another-secret")];
      const [theirs, ours] = [{ current: old }, { current: old }];
      const [ref = ""] = servers(world, 1);
      const text = `server ${ref} iburst`;
      const them = daemon(world, "them", "192.0.2.101", `${text}\npeer 192.0.2.100 key 1 minpoll 4 maxpoll 4`, theirs);
      const us = daemon(world, "us", "192.0.2.100", `${text}\nserver 192.0.2.101 key 1 minpoll 4 maxpoll 4`, ours);
      world.run(400);
      const passive = (): readonly string[] =>
        associationsOf(us).flatMap(({ mode }) => (mode === "symmetricPassive" ? [mode] : []));
      const client = (): string | undefined =>
        associationsOf(us).find(({ address, mode }) => address === "192.0.2.101" && mode === "client")?.authentication;
      expect([passive(), client()]).toEqual([[], "ok"]);
      // One address, one association: without the server's line the peer becomes one.
      us.handle({ kind: "reconfigure", config: orders(text) });
      world.run(100);
      expect(passive()).toEqual(["symmetricPassive"]);
      ours.current = young;
      us.handle({ kind: "reconfigure", config: orders(text) });
      expect(passive()).toEqual([]);
      expect(notesOf(us, "demobilized").at(-1)).toMatchObject({ why: "authentication" });
      us.handle({ kind: "reconfigure", config: orders(`${text}\nserver 192.0.2.101 key 1 minpoll 4 maxpoll 4`) });
      world.run(100);
      expect(client()).toBe("nak");
      theirs.current = young;
      them.handle({
        kind: "reconfigure",
        config: orders(`${text}\npeer 192.0.2.100 key 1 minpoll 4 maxpoll 4`, "192.0.2.101"),
      });
      world.run(200);
      expect(client()).toBe("ok");
    },
  );

  scenario("answers by the new access list, and still knows who has asked", { seeds: 1 }, (world) => {
    const [ref = ""] = servers(world, 1);
    const us = daemon(world, "us", "192.0.2.100", `server ${ref} iburst`);
    const client = daemon(world, "client", "192.0.2.101", "server 192.0.2.100 iburst minpoll 4 maxpoll 4");
    world.run(300);
    expect(associationsOf(client)).toMatchObject([{ verdict: "systemPeer" }]);
    const served = us.snapshot().served!;
    us.handle({ kind: "reconfigure", config: orders(`server ${ref} iburst\nrestrict default noserve`) });
    world.run(600);
    expect(us.snapshot().served).toMatchObject({ answered: served.answered });
    expect(us.snapshot().served!.noServe).toBeGreaterThan(5);
    expect(associationsOf(client)[0]!.reach).toBe(0);
  });
});

describe("what a configuration opens", () => {
  const started = (text: string): Bench => {
    const bench = new Bench(orders(text));
    bench.start({ "pool.example": ["192.0.2.1", "192.0.2.2"], "no.example": [] });
    return bench;
  };
  const told = (bench: Bench, text: string): readonly string[] =>
    bench
      .at(1, { kind: "reconfigure", config: orders(text) })
      .flatMap((action) => (action.kind === "note" ? [] : [action.kind]));

  it("stays open where nothing changes", () => {
    const text =
      "server 192.0.2.1\npeer 192.0.2.2\npool pool.example\nmanycastclient 239.1.1.1\nbroadcast 192.0.2.255\nbroadcastclient";
    expect(told(started(text), text)).toEqual([]);
  });

  it("is opened anew for other addresses and groups", () => {
    expect(told(started("server 192.0.2.1"), "server 192.0.2.1\nmulticastclient 224.0.1.1")).toEqual([
      "close",
      "close",
      "listen",
      "listen",
      "join",
    ]);
    expect(told(started("server 192.0.2.1"), "server 192.0.2.1\ninterface ignore ipv6")).toEqual([
      "close",
      "close",
      "listen",
    ]);
  });

  it("is closed where a search has ended, and opened where one begins", () => {
    const bench = started("manycastclient 239.1.1.1\npool pool.example");
    expect(sendsOf(bench.run(3)).length).toBeGreaterThan(0);
    expect(told(bench, "pool pool.example").filter((kind) => kind === "close")).toHaveLength(1);
    expect(sendsOf(bench.run(2000)).filter(({ to }) => to.ip === "239.1.1.1")).toEqual([]);
    expect(
      bench.at(2001, { kind: "reconfigure", config: orders("manycastclient 239.1.1.1\nbroadcast 192.0.2.255") }),
    ).toMatchObject([{ kind: "note" }, { kind: "note" }, { kind: "resolve", name: "239.1.1.1" }]);
  });

  it("asks at once for names that had no address", () => {
    const bench = started("server no.example\nserver 192.0.2.1");
    expect(told(bench, "server no.example\nserver 192.0.2.1")).toEqual(["resolve"]);
    bench.at(2, { kind: "resolved", name: "no.example", addresses: ["192.0.2.9"] });
    expect(bench.snapshot.associations.map(({ address }) => address).toSorted()).toEqual(["192.0.2.1", "192.0.2.9"]);
  });

  it("lets the other of two names for one server take its place", () => {
    const bench = new Bench(orders("server a.example\nserver b.example"));
    bench.start({ "a.example": ["192.0.2.1"], "b.example": ["192.0.2.1"] });
    expect(bench.snapshot.associations.map(({ name, reason }) => [name, reason])).toEqual([
      ["a.example", "pending"],
      ["b.example", "duplicate"],
    ]);
    told(bench, "server b.example");
    expect(bench.snapshot.associations.map(({ name, reason }) => [name, reason])).toEqual([["b.example", "pending"]]);
  });

  it("asks by the new options at once, and no sooner than they say", () => {
    const bench = new Bench(orders("server 192.0.2.1 minpoll 10 maxpoll 10"));
    const [first] = bench.start();
    bench.answer(first!, 0);
    told(bench, "server 192.0.2.1 minpoll 4 maxpoll 5 version 3");
    const sends = sendsOf(bench.run(100));
    expect(sends.length).toBeGreaterThanOrEqual(3);
    expect((sends[0]!.bytes[0]! >> 3) & 7).toBe(3);
  });
});

describe("what a line says of an association", () => {
  scenario("preempt: it goes when it is of no use, and the others stay", { seeds: 1 }, (world) => {
    const [a = ""] = servers(world, 1);
    const us = daemon(
      world,
      "us",
      "192.0.2.100",
      `server ${a} iburst\nserver 192.0.2.77 minpoll 4 maxpoll 4\nserver 192.0.2.78 preempt minpoll 4 maxpoll 4`,
    );
    world.run(400);
    expect(associationsOf(us).map(({ address }) => address)).toEqual([a, "192.0.2.77"]);
    expect(notesOf(us, "demobilized")).toMatchObject([{ address: { ip: "192.0.2.78" }, why: "unreachable" }]);
  });
});
