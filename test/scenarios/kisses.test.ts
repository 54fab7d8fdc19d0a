/** Kisses-o'-death: obeyed, remembered, and believed from nobody but the server. */
import { describe, expect } from "vitest";
import { atRequest, fromRequest, kiss } from "../../src/sim/oddities.ts";
import { scenario } from "../support/world.ts";
import { about, expectSynchronized, finish, notesOf, serversOf, start, verdicts } from "./oneshot.ts";

describe("kisses", () => {
  scenario("RATE ends the burst of that server, and the others go on", {}, (world) => {
    const servers = serversOf(world, {}, { oddities: [atRequest(2, kiss("RATE"))] }, {}, {});
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expect(servers.map(({ count }) => count)).toEqual([3, 2, 3, 3]);
    expect(about(client, servers[1]!).kiss).toBe("RATE");
    expect(client.memory.kisses).toEqual([]);
  });

  scenario("what was measured before RATE stays usable", {}, (world) => {
    const [server] = serversOf(world, { oddities: [fromRequest(2, kiss("RATE"))] });
    const client = start(world, { servers: [server!] });
    finish(world, client);
    expectSynchronized(client);
    expect(server!.count).toBe(2);
    expect(world.now).toBeLessThan(2.1);
  });

  scenario("RATE from all at once leaves nothing, and is no invitation to ask again", {}, (world) => {
    const servers = serversOf(world, { oddities: [kiss("RATE")] }, { oddities: [kiss("RATE")] });
    const client = start(world, { servers });
    expect(finish(world, client)).toBe("kiss");
    expect(servers.map(({ count }) => count)).toEqual([1, 1]);
    expect(verdicts(client)).toEqual(["rejected: kiss", "rejected: kiss"]);
  });

  for (const code of ["DENY", "RSTR"]) {
    scenario(`${code} is the end of it, in this run and the next`, {}, (world) => {
      const servers = serversOf(world, { oddities: [kiss(code)] });
      const first = start(world, { servers });
      expect(finish(world, first)).toBe("kiss");
      expect(about(first, servers[0]!)).toMatchObject({ verdict: "rejected", reason: "denied", kiss: code });
      expect(first.memory.kisses).toMatchObject([{ ip: "192.0.2.1", port: 123, code }]);
      expect(first.memory.kisses[0]!.at).toMatch(/^2026-11-2[01]T/);

      // It would answer by now; it is not asked.
      servers[0]!.script = { ...servers[0]!.script, oddities: [] };
      world.run(3600);
      const second = start(world, { servers, on: first.machine, memory: first.memory });
      expect(finish(world, second)).toBe("kiss");
      expect(verdicts(second)).toEqual(["rejected: denied"]);
      expect(servers[0]!.count).toBe(1);
    });
  }

  scenario("one that denied us is left out, and the others set the clock", {}, (world) => {
    const servers = serversOf(world, {}, { oddities: [fromRequest(2, kiss("DENY"))] }, {}, {});
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expect(servers[1]!.count).toBe(2);
    expect(about(client, servers[1]!)).toMatchObject({ verdict: "rejected", reason: "denied" });
    expect(client.memory.kisses.map(({ ip }) => ip)).toEqual(["192.0.2.2"]);
  });

  scenario("of more than a thousand that ever denied us the latest are remembered", { seeds: 1 }, (world) => {
    const at = "2026-11-20T00:00:00.000000000Z";
    const kisses = Array.from({ length: 1024 }, (_, index) => ({
      ip: `10.9.${index >> 8}.${index & 255}`,
      port: 123,
      code: "DENY",
      at,
    }));
    const client = start(world, { servers: serversOf(world, { oddities: [kiss("DENY")] }), memory: { kisses } });
    finish(world, client);
    const kept = client.memory.kisses.map(({ ip }) => ip);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([1024, "10.9.0.1", "192.0.2.1"]);
  });

  scenario("a memory of other servers hinders nobody", {}, (world) => {
    const kisses = [{ ip: "192.0.2.1", port: 124, code: "DENY", at: "2026-11-20T00:00:00.000000000Z" }] as const;
    const client = start(world, { servers: serversOf(world, {}), memory: { kisses } });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("codes that ask for nothing are told, and asked again", {}, (world) => {
    const [server] = serversOf(world, { oddities: [atRequest(1, kiss("INIT"))] });
    const client = start(world, { servers: [server!] });
    finish(world, client);
    expectSynchronized(client);
    expect(notesOf(client, "kiss").map(({ code }) => code)).toEqual(["INIT"]);
    expect(server!.count).toBeGreaterThan(2);
  });
});
