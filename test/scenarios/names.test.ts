/** A daemon and its names: no name server at boot, none for a week, and names that come to exist later. */
import { describe, expect } from "vitest";
import type { ResolveFault } from "../../src/engine/port/event.ts";
import { associationsOf, notesOf, Site } from "../support/site.ts";
import { scenario } from "../support/world.ts";

const WEEK = 7 * 86_400;

describe("a name that cannot be looked up at boot", () => {
  for (const [fault, atMost, wait] of [
    ["again", 10_000, 70],
    ["notFound", 700, 1100],
    ["failed", 700, 1100],
  ] as const satisfies readonly (readonly [ResolveFault, number, number])[]) {
    scenario(
      `(${fault}) is shown as such, said once, asked ever more rarely, and used a week later`,
      { seeds: 2 },
      (world) => {
        const site = new Site(world);
        const server = site.reference("server");
        world.names.set("time.example", { fault }, { from: WEEK, addresses: [server.address.ip] });
        const host = site.host("host", {
          lines: [
            { name: "time.example", iburst: true },
            { kind: "peer", name: "time.example" },
          ],
        });
        world.run(WEEK - 1);
        expect(host.snapshot().associations).toMatchObject([
          { name: "time.example", address: null, mode: "client", reason: "unresolved" },
          { name: "time.example", address: null, mode: "symmetricActive", reason: "unresolved" },
        ]);
        expect(notesOf(host, "unresolved")).toEqual([{ what: "unresolved", name: "time.example", why: fault }]);
        const asked = notesOf(host, "resolving").length;
        expect(asked).toBeGreaterThan(100);
        expect(asked).toBeLessThan(atMost);
        world.run(wait);
        expect(site.systemPeerOf(host)).toBe("server");
        expect(host.snapshot().associations.map(({ address, reason }) => [address, reason])).toEqual([
          [server.address.ip, null],
          [server.address.ip, "duplicate"],
        ]);
      },
    );
  }
});

describe("a name server that is gone for a week", () => {
  scenario("takes nobody away who has an address", { trace: false, seeds: 1 }, (world) => {
    const site = new Site(world);
    const servers = [1, 2, 3].map((number) => site.reference(`server${number}`));
    world.names.set(
      "pool.example",
      { addresses: servers.map(({ address }) => address.ip) },
      { from: 3600, fault: "again" },
    );
    world.names.set("server.example", { addresses: [servers[0]!.address.ip] }, { from: 3600, fault: "again" });
    const host = site.host("host", {
      lines: [
        { name: "server.example", iburst: true },
        { kind: "pool", name: "pool.example", iburst: true },
      ],
    });
    world.run(WEEK);
    expect(site.friendsOf(host)).toEqual(["server1", "server2", "server3"]);
    expect(associationsOf(host).map(({ reach }) => reach)).toEqual([255, 255, 255]);
  });
});
