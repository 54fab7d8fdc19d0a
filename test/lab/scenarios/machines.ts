/** A real clock, really set: that of a kernel in a virtual machine, which the lab compares with its own. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { near, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { Machine } from "../vm/machine.ts";
import { NTPKIT } from "../vm/machine.ts";
import type { World } from "../world.ts";
import { evening, left, LIST, MIDNIGHT } from "./leaps.ts";

const STA_INS = 0x10;
const STA_UNSYNC = 0x40;

/** What an emulated network and a busy laboratory may add to a clock's error, seconds. */
const NOISE = 0.003;

export const machines: readonly Scenario[] = [
  {
    name: "a real clock: sync steps it by seconds, has the kernel glide by milliseconds, and leaves it alone with --dry-run",
    needs: ["chrony", "machine"],
    patient: "last",
    run: async (world) => {
      const { server, machine, ahead } = await beside(world);
      await machine.must("told step 5");
      const before = await ahead();
      const dry = await machine.ntpkit(`sync --dry-run --deadline 45s ${server.ipv4}`);
      assert.equal(dry.code, 0, dry.stderr);
      near(await ahead(), before, NOISE, "after --dry-run");
      const stepped = await machine.ntpkit(`sync --deadline 45s ${server.ipv4}`);
      assert.equal(stepped.code, 0, stepped.stderr);
      assert.match(stepped.stdout, /local clock was \S+ s ahead .*; stepped/);
      near(await ahead(), 0, NOISE, "after a step");
      assert.equal((await machine.kernel()).status & STA_UNSYNC, STA_UNSYNC, "a step is not synchronization");
      await machine.must("told step -0.02");
      const slewed = await machine.ntpkit(`sync --deadline 45s ${server.ipv4}`);
      assert.equal(slewed.code, 0, slewed.stderr);
      assert.match(slewed.stdout, /behind .*; (slewing|slewed)/);
      assert.ok((await ahead()) < -0.01, "it was not to be stepped");
      // 500 ppm (adjtime).
      await sleep(42_000);
      near(await ahead(), 0, NOISE, "after the glide");
    },
  },
  {
    name: "a real clock: the kernel begins a glide at its next second, as the simulator has it",
    needs: ["chrony", "machine"],
    patient: "last",
    run: async (world) => {
      const { machine } = await beside(world);
      for (const offset of [0.001, -0.001]) {
        const told = (await machine.must(`told watch 4 ${offset}`)).trim().split("\n");
        const begins = 1 - Number(told[0]);
        for (const line of told.slice(1)) {
          const [at = 0, gained = 0] = line.split(" ").map(Number);
          const glided = Math.min(Math.abs(offset), Math.max(0, at - begins) * 500e-6);
          near(gained, Math.sign(offset) * glided, 30e-6, `${at} s after it was told ${offset} s`);
        }
      }
    },
  },
  {
    name: "a real clock: run steers it within milliseconds of true time, and gives it to chronyd and takes it back without a jump",
    needs: ["chrony", "machine"],
    patient: "last",
    run: async (world) => {
      const { server, machine, ahead } = await beside(world);
      // Somebody has left 100 ppm in it.
      await machine.must("adjtimex -f 6553600 && told step 0.3");
      await steering(machine, server);
      await world.until(async () => Math.abs(await ahead()) < NOISE, 60, "it was not set right");
      await held(machine, ahead, 15);
      assert.equal((await machine.kernel()).status & STA_UNSYNC, 0, "the kernel is not told that it is right");
      await machine.end("run");
      await machine.must(`printf 'server ${server.ipv4} iburst minpoll 2 maxpoll 3\\n' > /etc/chrony.conf`);
      await machine.begin("chronyd", "chronyd -d -u root -f /etc/chrony.conf");
      await sleep(10_000);
      const second = await machine.run(`timeout 30 ${NTPKIT} run -c /etc/ntp.conf --port 4123`);
      assert.equal(second.code, 18, second.stdout + second.stderr);
      await held(machine, ahead, 10);
      await machine.end("chronyd");
      await steering(machine, server);
      await held(machine, ahead, 15);
      assert.doesNotMatch(await machine.log("run"), /stepped/);
      await machine.end("run");
    },
  },
  {
    name: "a real clock: a kernel inserts the leap second under run, and does not where the server smears it",
    needs: ["chrony", "machine"],
    patient: "last",
    run: async (world) => {
      const early = evening(130);
      const list = await world.leapList("leap-seconds.list", LIST);
      const observer = await world.host("observer");
      const followers = await Promise.all(
        [["leapfile /etc/leaps"], []].map(async (more, at) => {
          const server = await world.host(`server${at}`);
          const clock = await world.clock(`server${at}`, early);
          await clock.leapAt(MIDNIGHT);
          const smear = more.length === 0 ? ["--leap-file", list, "--leap-smear", "24h"] : [];
          await world.ntpkitDaemon(server, ["serve", "--local-stratum", "3", ...smear], { clock });
          const host = await world.host(`machine${at}`);
          const machine = await world.machine(host, MIDNIGHT - left(early));
          await machine.must(`echo ${Buffer.from(await readFile(list)).toString("base64")} | base64 -d > /etc/leaps`);
          const ahead = async (): Promise<number> => (await world.aheadIn(host, observer)) - early;
          // Its hardware clock knows whole seconds.
          await machine.must(`told step ${(more.length === 0 ? -0.5 : 0) - (await ahead())}`);
          await steering(machine, server, "", more);
          return { machine, ahead };
        }),
      );
      const [leaping, smeared] = followers as [(typeof followers)[0], (typeof followers)[0]];
      const told = async (): Promise<boolean> => ((await leaping.machine.kernel()).status & STA_INS) !== 0;
      await world.until(told, 90, "the kernel was not told");
      assert.ok(left(early) > 0, `it took until ${-left(early)} s after midnight`);
      const between = await smeared.ahead();
      near(between, -0.5, 0.02, "the smeared one, near midnight");
      assert.equal((await smeared.machine.kernel()).status & STA_INS, 0, "a smeared kernel was told");
      near(await leaping.ahead(), 0, 2 * NOISE, "before midnight");
      await sleep((left(early) + 1.5) * 1000);
      near(await leaping.ahead(), -1, 2 * NOISE, "after midnight");
      near(await smeared.ahead(), between, 0.02, "the smeared one, after midnight");
      const taken = async (): Promise<boolean> => ((await leaping.machine.kernel()).status & STA_INS) === 0;
      await world.until(taken, 30, "it was not taken back");
      assert.match(await leaping.machine.log("run"), /leap second/);
      for (const { machine } of followers) assert.doesNotMatch(await machine.log("run"), /stepped/);
      near(await leaping.ahead(), -1, 2 * NOISE, "some time after midnight");
    },
  },
  {
    name: "a real clock: a machine that was paused for a quarter of an hour is set right, after an hour only by who may move it as far",
    needs: ["chrony", "machine"],
    patient: "last",
    run: async (world) => {
      const server = await world.host("server");
      const clock = await world.clock("server", 0);
      await world.chronyd(server, ["local stratum 3"], { clock });
      const host = await world.host("machine");
      const machine = await world.machine(host);
      const ahead = async (): Promise<number> => (await world.aheadIn(host, server)) - (await clock.ahead());
      await steering(machine, server, "", QUICKLY);
      await world.until(async () => Math.abs(await ahead()) < NOISE, 60, "it was not set right");
      await paused(machine, () => clock.shift(900));
      assert.ok((await ahead()) < -899, "it did not notice");
      await world.until(
        async () => Math.abs(await ahead()) < NOISE,
        90,
        "it was not set right after a quarter of an hour",
      );
      await paused(machine, () => clock.shift(3600));
      const over = async (): Promise<boolean> => (await machine.run("kill -0 $(cat /tmp/run.pid)")).code !== 0;
      await world.until(over, 90, "it moved the clock by more than it may, or waits");
      assert.match(await machine.log("run"), /--any-offset|panic/);
      assert.ok((await ahead()) < -3599, "it was moved all the same");
      await steering(machine, server, "--any-offset", QUICKLY);
      await world.until(async () => Math.abs(await ahead()) < NOISE, 60, "it was not set right after an hour");
    },
  },
];

/** A machine with a server of true time beside it. */
async function beside(
  world: World,
): Promise<{ server: Host; host: Host; machine: Machine; ahead: () => Promise<number> }> {
  const server = await world.host("server");
  await world.chronyd(server);
  const host = await world.host("machine");
  const machine = await world.machine(host);
  return { server, host, machine, ahead: () => world.aheadIn(host, server) };
}

/** A daemon in the machine. */
async function steering(machine: Machine, server: Host, option = "", more: readonly string[] = []): Promise<void> {
  const lines = [`server ${server.ipv4} iburst minpoll 3 maxpoll 3`, ...more];
  await machine.must(`printf '${lines.join("\\n")}\\n' > /etc/ntp.conf`);
  await machine.begin("run", `${NTPKIT} run -c /etc/ntp.conf ${option}`);
}

/** What lasts so long is no spike. */
const QUICKLY = ["tinker stepout 10"];

/** The clock is right all the time, and within what the kernel is told of it. */
async function held(machine: Machine, ahead: () => Promise<number>, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const error = await ahead();
    near(error, 0, NOISE, "the clock");
    const { maximumError } = await machine.kernel();
    assert.ok(Math.abs(error) <= maximumError / 1e6, `${error} s off, and the kernel is told ${maximumError} µs`);
    await sleep(1000);
  }
}

/** Time goes by that the machine knows nothing of. */
async function paused(machine: Machine, meanwhile: () => Promise<void>): Promise<void> {
  machine.pause();
  await sleep(2000);
  await meanwhile();
  machine.resume();
}
