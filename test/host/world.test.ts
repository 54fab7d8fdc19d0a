/** What the real world does beyond the contract: it notices steps, waits for long, and comes to an end. */
import { afterEach, expect, it } from "vitest";
import type { PacketToken, QuestionToken } from "../../src/engine/port/action.ts";
import type { World } from "../../src/engine/port/world.ts";
import { clockReader } from "../../src/host/clock.ts";
import type { HostOptions } from "../../src/host/world.ts";
import { openWorld } from "../../src/host/world.ts";
import { after } from "../../src/time/mono.ts";
import { shift } from "../../src/time/timestamp.ts";
import type { Udp, UdpHost } from "../../src/host/udp/udp.ts";

let world: World;
afterEach(() => world.close());

async function opened(options: Partial<HostOptions>): Promise<World> {
  world = await openWorld({ clock: null, ...options });
  return world;
}

function nothing(): void {
  // a fake has nothing to do
}

/** Sockets that do nothing but what a test says. */
function fakeUdp(drain: (host: UdpHost) => void): (host: UdpHost) => Udp {
  return (host) => ({
    ask: nothing,
    listen: nothing,
    join: nothing,
    send: nothing,
    close: nothing,
    end: nothing,
    drain: () => drain(host),
  });
}

it("tells of a step by somebody else before what came after it", async () => {
  const real = clockReader();
  let added = 0;
  const w = await opened({ read: () => shift(real(), added) });
  w.put({ kind: "stop" });
  added = -100;
  const stepped = await w.next(undefined);
  expect(stepped).toMatchObject({ kind: "stepped", whose: "another" });
  expect(stepped.kind === "stepped" ? stepped.by : 0).toBeCloseTo(-100, 1);
  expect(await w.next(undefined)).toEqual({ kind: "stop" });
});

it("notices a step while it waits", async () => {
  const real = clockReader();
  let added = 0;
  const w = await opened({ read: () => shift(real(), added) });
  const next = w.next(after(w.now().mono, 0.02));
  added = 3;
  expect(await next).toMatchObject({ kind: "stepped", whose: "another" });
});

it("hands out a reply that is already here before the end of waiting for it", async () => {
  const token = 3 as PacketToken;
  let arrived = true;
  const w = await opened({
    udp: fakeUdp((host) => {
      if (arrived) host.put({ kind: "failed", token, why: "other" });
      arrived = false;
    }),
  });
  expect(await w.next(after(w.now().mono, -1))).toMatchObject({ kind: "failed" });
  expect(await w.next(after(w.now().mono, -1))).toEqual({ kind: "wake" });
});

it("waits for longer than a timer can be set for, and lets itself be interrupted", async () => {
  const w = await opened({});
  const next = w.next(after(w.now().mono, 2 ** 31));
  setImmediate(() => w.put({ kind: "stop" }));
  expect(await next).toEqual({ kind: "stop" });
});

it("lets signals and timers through between wakes that follow each other at once", async () => {
  const w = await opened({});
  let through = false;
  setImmediate(() => (through = true));
  for (let wakes = 0; wakes < 5; wakes += 1) await w.next(w.now().mono);
  expect(through).toBe(true);
});

it("ends a pending wait when it is closed, and nothing happens any more", async () => {
  const w = await opened({});
  const next = w.next(undefined);
  w.close();
  expect(await next).toEqual({ kind: "wake" });
  w.put({ kind: "stop" });
  w.perform({
    kind: "ask",
    token: 1 as QuestionToken,
    bytes: Uint8Array.of(1),
    to: { ip: "127.0.0.1", port: 9 },
    sourcePort: null,
    interface: null,
  });
  expect(await w.next(w.now().mono)).toEqual({ kind: "wake" });
});

it("refuses to set a clock that it was not given", async () => {
  const w = await opened({ clock: null });
  w.perform({ kind: "step", offset: 1 });
  w.perform({ kind: "slew", offset: 1 });
  const refused = { kind: "clockRefused", why: "unsupported" };
  expect([await w.next(undefined), await w.next(undefined)]).toEqual([refused, refused]);
});

it("passes on why the clock was refused", async () => {
  const w = await opened({ clock: { step: () => "noPrivilege", slew: () => "outOfRange", steer: () => "other" } });
  w.perform({ kind: "step", offset: 1 });
  w.perform({ kind: "slew", offset: 1 });
  expect([await w.next(undefined), await w.next(undefined)]).toEqual([
    { kind: "clockRefused", why: "noPrivilege" },
    { kind: "clockRefused", why: "outOfRange" },
  ]);
});
