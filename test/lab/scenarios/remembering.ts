/** `sync --state` run after run against real servers: what one run learned the next one knows. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { at, ended, only, says, type Scenario } from "../scenario.ts";
import type { Clock } from "../clock.ts";
import type { Host } from "../netns.ts";
import type { Report } from "../report.ts";
import type { World } from "../world.ts";

/** Less than this the clock is off after a run. */
const CLOSE = 0.001;

/** A clock that runs so much too fast by itself, s/s, and how well that is found out within a minute. */
const RATE = 80e-6;
const RATE_FOUND = 8e-6;

export const remembering: readonly Scenario[] = [
  {
    name: "remembering: one packet a server from the second run on, and the clock is as right",
    needs: ["chrony"],
    run: async (world) => {
      const { client, servers } = await clocks(world, [0, 0, 0, 0]);
      const clock = await world.clock("client", -0.25);
      assert.deepEqual(sent(await sync(world, client, clock, servers)), [3, 3, 3, 3]);
      for (let run = 2; run <= 4; run += 1) {
        const report = await sync(world, client, clock, servers);
        assert.deepEqual(sent(report), [1, 1, 1, 1]);
        says(report, 0);
        assert.ok(
          Math.abs(await clock.ahead()) < CLOSE,
          `the clock is off by ${await clock.ahead()} s after run ${run}`,
        );
      }
      const shown = await world.ntpkit(client, ["peers", "-n", "--state"]);
      assert.equal(shown.code, 0);
      for (const { ipv4 } of servers) assert.match(shown.stdout, new RegExp(`^[*+-]${ipv4} `, "m"));
    },
  },
  {
    name: "remembering: a falseticker of the last run has no vote in the next, and gets it back when it has agreed",
    needs: ["chrony"],
    run: async (world) => {
      const { client, servers, clocks: theirs } = await clocks(world, [0, 0, 0.25, 0]);
      const clock = await world.clock("client", 0);
      const liar = servers[2]?.ipv4 ?? "";
      assert.equal(at(await sync(world, client, clock, servers), liar).verdict, "falseticker");
      await theirs[2]?.shift(-0.25);
      const second = await sync(world, client, clock, servers);
      assert.deepEqual([at(second, liar).verdict, at(second, liar).reason], ["rejected", "probation"]);
      assert.deepEqual([second.system.truechimers, second.system.falsetickers], [3, 0]);
      const third = await sync(world, client, clock, servers);
      assert.equal(third.system.truechimers, 4);
    },
  },
  {
    name: "remembering: a clock set by hand between two runs makes the samples void",
    needs: ["chrony"],
    run: async (world) => {
      const { client, servers } = await clocks(world, [0, 0, 0]);
      const clock = await world.clock("client", 0);
      await sync(world, client, clock, servers);
      assert.deepEqual(sent(await sync(world, client, clock, servers)), [1, 1, 1]);
      await clock.shift(-3600);
      const report = await sync(world, client, clock, servers, ["--panic", "inf"]);
      assert.deepEqual(sent(report), [3, 3, 3]);
      assert.ok(Math.abs(await clock.ahead()) < CLOSE);
      assert.deepEqual(sent(await sync(world, client, clock, servers)), [1, 1, 1]);
      // And a machine that was started anew is not the same.
      assert.deepEqual(
        sent(
          await sync(
            world,
            client,
            clock,
            servers,
            [],
            "mount --bind /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id",
          ),
        ),
        [3, 3, 3],
      );
    },
  },
  {
    name: "remembering: --frequency finds and sets the clock's rate, and --dry-run sets nothing",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const { client, servers } = await clocks(world, [0, 0, 0]);
      const clock = await world.clock("client", 0.3, 0, RATE);
      for (let run = 0; run < 4; run += 1) {
        await sync(world, client, clock, servers, ["--frequency", "--step", ...(run === 0 ? ["--dry-run"] : [])]);
        if (run === 0) assert.deepEqual([(await clock.read()).steps, (await clock.read()).frequencySets], [0, 0]);
        await sleep(12_000);
      }
      const { frequency } = await clock.read();
      assert.ok(
        Math.abs(frequency + RATE) < RATE_FOUND,
        `the clock was given ${frequency}, and runs ${RATE} fast by itself`,
      );
      const before = await clock.ahead();
      await sleep(10_000);
      const drift = (await clock.ahead()) - before;
      assert.ok(Math.abs(drift) < 10 * RATE_FOUND, `it drifted by ${drift} s in 10 s`);
    },
  },
  {
    name: "remembering: RATE from ntpd keeps the next run away from it",
    needs: ["chrony", "classic"],
    run: async (world) => {
      const { client, servers } = await clocks(world, [0, 0]);
      const strict = await world.host("strict");
      await world.ntpd("classic", strict, [
        "restrict default limited kod",
        "restrict 127.0.0.1",
        "discard average 3 minimum 6",
      ]);
      const clock = await world.clock("client", 0);
      const first = await sync(world, client, clock, [...servers, strict]);
      assert.equal(at(first, strict.ipv4).kiss, "RATE");
      const second = await sync(world, client, clock, [...servers, strict]);
      assert.deepEqual([at(second, strict.ipv4).reason, at(second, strict.ipv4).packets.sent], ["kiss", 0]);
      assert.equal(
        only(ended(await world.ntpkit(client, ["sync", "--state", "--dry-run", "--json", strict.ipv4], { clock }), 16))
          .packets.sent,
        0,
      );
    },
  },
];

/** A run, two seconds after the one before. */
async function sync(
  world: World,
  client: Host,
  clock: Clock,
  servers: readonly Host[],
  more: readonly string[] = [],
  beside = ":",
): Promise<Report> {
  await sleep(2000);
  const run = await world.ntpkit(
    client,
    ["sync", "--json", "--step", ...servers.map(({ ipv4 }) => ipv4), "--interval", "100ms", ...more, "--state"],
    { clock, beside },
  );
  return ended(run, 0);
}

function sent({ associations }: Report): readonly number[] {
  return associations.map(({ packets }) => packets.sent);
}

/** A chronyd for each offset. */
async function clocks(
  world: World,
  offsets: readonly number[],
): Promise<{ client: Host; servers: readonly Host[]; clocks: readonly Clock[] }> {
  const client = await world.host("client");
  const servers: Host[] = [];
  const theirs: Clock[] = [];
  for (const [index, offset] of offsets.entries()) {
    const server = await world.host(`server${index}`);
    const clock = await world.clock(server.name, offset);
    await world.chronyd(server, ["local stratum 3"], { clock });
    servers.push(server);
    theirs.push(clock);
  }
  return { client, servers, clocks: theirs };
}
