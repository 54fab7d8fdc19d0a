/** The kernel's clock as `ntpkit run` leaves it, and as those see it who ask the kernel; the kernel is the shim. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock, ClockState } from "../clock.ts";
import { near, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

/** Bits of the status (linux/timex.h). */
const STA_PLL = 0x1;
const STA_UNSYNC = 0x40;
/** What is left in the clock by whoever steered it before. */
const LEFT = 40e-6;
/** Microseconds in a hundredth of a second; and what one that was killed while it hurried has left: a millisecond a second, or little more. */
const USUAL = 10_000;
const FORGOTTEN = 10_012;
/** The drift file's frequency, ppm. */
const DRIFT = 3.25;

export const kernel: readonly Scenario[] = [
  {
    name: "kernel: run --discipline rfc5905 hands the clock to the kernel's loop",
    needs: ["chrony", "classic"],
    patient: true,
    run: async (world) => {
      const { host, clock } = await steered(world, [], ["--discipline", "rfc5905"], 0.03);
      const state = await until(
        clock,
        ({ status }) => (status & (STA_PLL | STA_UNSYNC)) === STA_PLL,
        "no phase was handed to the loop",
      );
      assert.equal(state.steps, 0);
      assert.equal(state.timeConstant, 3);
      assert.ok(state.maximumError > 0 && state.maximumError < 1, `a maximum error of ${state.maximumError} s`);
      const { frequencySets } = state;
      await right(world, host, clock);
      // The loop needs nobody who tells it each second how to run.
      assert.ok((await clock.read()).frequencySets - frequencySets <= 1, "the frequency was set again and again");
      await world.ntpq(host, ["-c", "kerninfo"], /pll/);
    },
  },
  {
    name: "kernel: with disable kernel run steers each second by the frequency alone",
    needs: ["chrony"],
    run: async (world) => {
      const { host, clock } = await steered(world, ["disable kernel"], ["--discipline", "rfc5905"], 0.03);
      const begun = (await clock.read()).frequencySets + 2;
      // The first correction waits until both have been heard.
      const { frequencySets } = await until(clock, (seen) => seen.frequencySets >= begun, "it does not steer");
      await sleep(4000);
      const state = await clock.read();
      assert.ok(state.frequencySets - frequencySets >= 3, `${state.frequencySets - frequencySets} times in 4 s`);
      assert.equal(state.status & STA_PLL, 0);
      await right(world, host, clock, 0.03);
    },
  },
  {
    name: "kernel: run takes over frequency and tick that another daemon left, hurries by the tick, and has TAI from the list",
    needs: ["chrony"],
    run: async (world) => {
      const list = await world.leapList("leap-seconds.list", [["2017-01-01", 37]]);
      const { host, clock } = await steered(world, [`leapfile ${list}`], [], 0.05, FORGOTTEN);
      // 50 ms take five seconds by the tick, and 100 by the kernel's own slew.
      await until(clock, ({ tick }) => tick < USUAL, "it does not hurry");
      await until(clock, ({ tick }) => tick === USUAL, "it hurries for ever");
      near((await clock.read()).error, 0, 0.004, "the clock");
      const state = await until(clock, ({ tai }) => tai !== 0, "TAI was not told");
      assert.equal(state.tai, 37);
      assert.equal(state.status & STA_PLL, 0);
      near(state.frequency, DRIFT * 1e-6, 30e-6, "the frequency");
      assert.notEqual(state.frequency, LEFT);
      await right(world, host, clock);
    },
  },
];

/** A daemon that follows two chronyds, on a clock that another one steered before. */
async function steered(
  world: World,
  lines: readonly string[],
  options: readonly string[],
  offset: number,
  tick = USUAL,
): Promise<{ readonly host: Host; readonly clock: Clock }> {
  const addresses = await Promise.all(["first", "second"].map((name) => server(world, name)));
  const host = await world.host("daemon");
  const clock = await world.clock("daemon", offset, LEFT);
  if (tick !== USUAL) await clock.setTick(tick);
  const drift = await world.write("ntp.drift", [`${DRIFT}`]);
  const config = await world.write("run.conf", [
    `driftfile ${drift}`,
    ...lines,
    ...addresses.map((address) => `server ${address} iburst minpoll 3 maxpoll 3`),
  ]);
  await world.ntpkitDaemon(host, ["run", ...options, "-c", config], { clock });
  return { host, clock };
}

async function server(world: World, name: string): Promise<string> {
  const host = await world.host(name);
  await world.chronyd(host, ["local stratum 3"], { clock: await world.clock(name, 0) });
  return host.ipv4;
}

/** That what the daemon serves comes to be right. */
async function right(world: World, host: Host, clock: Clock, within = 0.004): Promise<void> {
  const end = performance.now() + 90_000;
  for (;;) {
    const { offset, delay } = await world.ask(host, host.ipv4);
    if (Math.abs(offset) <= within + delay / 2) return;
    assert.ok(
      performance.now() < end,
      `what it serves is ${offset} s off, and its clock ${JSON.stringify(await clock.read())}`,
    );
    await sleep(1000);
  }
}

async function until(clock: Clock, wanted: (state: ClockState) => boolean, otherwise: string): Promise<ClockState> {
  // The filter believes the best of eight samples: a new one may be long in coming.
  const end = performance.now() + 150_000;
  for (;;) {
    const state = await clock.read();
    if (wanted(state)) return state;
    assert.ok(performance.now() < end, `${otherwise}: ${JSON.stringify(state)}`);
    await sleep(100);
  }
}
