/** The clock really set: stepped, slewed, refused. ntpkit runs on a clock of its own, never on the machine's. */
import assert from "node:assert/strict";
import { chronyConfig } from "../daemons.ts";
import { ended, near, ROUNDING, says, saysInWords, type Scenario } from "../scenario.ts";
import type { Clock, ClockState } from "../clock.ts";
import type { Report } from "../report.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

/** What `adjtimex` says of a clock that nobody looks after. */
const STA_UNSYNC = 0x40;

/** Configuration of a chronyd beside ntpkit, which has nothing to do there but to be. */
const IDLE = ["local stratum 3", "port 1123"];

/** Shell words after a daemon's start that give up unless it still runs a moment later. */
const STILL_THERE = "sleep 0.5; kill -0 $! || exit 99";

export const setting: readonly Scenario[] = [
  {
    name: "setting: a clock 250 ms behind is stepped",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, clock } = await wrongClock(world, -0.25);
      const report = ended(await world.ntpkit(client, ["sync", server, "--json"], { clock }), 0);
      assert.deepEqual([report.clock.action, report.clock.applied], ["step", true]);
      const state = await moved(clock, report, 0.25);
      assert.deepEqual([state.steps, state.slews], [1, 0]);
    },
  },
  {
    name: "setting: a clock 40 s ahead is stepped back",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, clock } = await wrongClock(world, 40);
      const report = ended(await world.ntpkit(client, ["sync", server, "--json"], { clock }), 0);
      assert.equal(report.clock.direction, "ahead");
      const state = await moved(clock, report, -40);
      assert.equal(state.steps, 1);
    },
  },
  {
    name: "setting: a clock 50 ms behind is slewed",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, clock } = await wrongClock(world, -0.05);
      const report = ended(await world.ntpkit(client, ["sync", server, "--json"], { clock }), 0);
      assert.deepEqual([report.clock.action, report.clock.applied], ["slew", true]);
      const state = await moved(clock, report, 0.05);
      assert.deepEqual([state.steps, state.slews], [0, 1]);
      assert.equal(state.status & STA_UNSYNC, STA_UNSYNC, "nobody stays to look after the clock");
      assert.ok(
        state.maximumError >= 0.05 && state.maximumError < 1,
        `a maximum error of ${state.maximumError} s while it glides`,
      );
    },
  },
  {
    name: "setting: --step steps what would be slewed, --slew slews what would be stepped",
    needs: ["chrony"],
    run: async (world) => {
      const small = await wrongClock(world, -0.05);
      const stepped = ended(
        await world.ntpkit(small.client, ["sync", "--step", small.server, "--json"], { clock: small.clock }),
        0,
      );
      assert.deepEqual(await settings(small.clock), [1, 0]);
      await moved(small.clock, stepped, 0.05);
      const large = await wrongClock(world, -0.3);
      const slewed = ended(
        await world.ntpkit(large.client, ["sync", "--slew", large.server, "--json"], { clock: large.clock }),
        0,
      );
      assert.deepEqual(await settings(large.clock), [0, 1]);
      await moved(large.clock, slewed, 0.3);
    },
  },
  {
    name: "setting: --dry-run and query leave the clock alone",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, clock } = await wrongClock(world, -0.25);
      for (const args of [["sync", "--dry-run"], ["query"]]) {
        const report = ended(await world.ntpkit(client, [...args, server, "--json"], { clock }), 0);
        says(report, 0.25);
        assert.equal(report.clock.applied, false);
      }
      const state = await clock.read();
      assert.deepEqual([state.steps, state.slews, state.frequencySets, state.offset], [0, 0, 0, -0.25]);
    },
  },
  {
    name: "setting: beyond the panic threshold nothing is changed and the code is 13",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, clock } = await wrongClock(world, -2000);
      const report = ended(await world.ntpkit(client, ["sync", server, "--json"], { clock }), 13);
      says(report, 2000);
      assert.deepEqual([report.clock.action, report.clock.applied], ["refused", false]);
      assert.deepEqual(await settings(clock), [0, 0]);
      await moved(
        clock,
        ended(await world.ntpkit(client, ["sync", "--panic", "inf", server, "--json"], { clock }), 0),
        2000,
      );
    },
  },
  {
    name: "setting: --max-step limits each direction by itself",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, clock } = await wrongClock(world, 5);
      const limited = ["sync", "--max-step", "forward=1m,backward=1s", server, "--json"];
      ended(await world.ntpkit(client, limited, { clock }), 13);
      assert.deepEqual(await settings(clock), [0, 0]);
      await moved(
        clock,
        ended(
          await world.ntpkit(client, ["sync", "--max-step", "forward=1s,backward=1m", server, "--json"], { clock }),
          0,
        ),
        -5,
      );
    },
  },
  {
    name: "setting: without permission the measurement is printed and the code is 14",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, clock } = await wrongClock(world, -0.25);
      const refusing = { ...clock, env: clock.envWithoutPermission };
      const run = await world.ntpkit(client, ["sync", server, "--json"], { clock: refusing });
      const report = ended(run, 14);
      says(report, 0.25);
      assert.equal(report.clock.applied, false);
      assert.match(JSON.stringify(report.error), /CAP_SYS_TIME/);
      const words = await world.ntpkit(client, ["sync", server], { clock: refusing });
      assert.equal(words.code, 14);
      saysInWords(words.stdout, 0.25);
      const state = await clock.read();
      assert.deepEqual([state.steps, state.slews], [0, 0]);
    },
  },
  {
    name: "setting: another daemon that may set the clock is 18, unless forced or only asked",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, clock } = await wrongClock(world, -0.25);
      const beside = await daemonThatSetsItsClock(world);
      const refused = await world.ntpkit(client, ["sync", server, "--json"], { clock, beside });
      assert.match(JSON.stringify(ended(refused, 18).error), /chronyd/);
      assert.deepEqual(await settings(clock), [0, 0]);
      ended(await world.ntpkit(client, ["query", server, "--json"], { clock, beside }), 0);
      ended(await world.ntpkit(client, ["sync", "--dry-run", server, "--json"], { clock, beside }), 0);
      await moved(
        clock,
        ended(await world.ntpkit(client, ["sync", "--force", server, "--json"], { clock, beside }), 0),
        0.25,
      );
    },
  },
  {
    name: "setting: a chronyd that only serves (-x) is no other daemon",
    needs: ["chrony"],
    run: async (world) => {
      const { client, server, clock } = await wrongClock(world, -0.25);
      const file = await world.write("serving.conf", chronyConfig(world.file("serving"), IDLE));
      const chronyd = world.peer("chrony").path("usr/sbin/chronyd");
      const beside = `${chronyd} -x -u root -d -f ${file} >&2 &\n${STILL_THERE}`;
      await moved(clock, ended(await world.ntpkit(client, ["sync", server, "--json"], { clock, beside }), 0), 0.25);
    },
  },
];

let made = 0;

/** A chronyd with the right time, and a client whose clock is `offset` seconds ahead, checked as koffi sees it. */
async function wrongClock(world: World, offset: number): Promise<{ client: Host; server: string; clock: Clock }> {
  const number = ++made;
  const host = await world.host(`server${number}`);
  const client = await world.host(`client${number}`);
  await world.chronyd(host);
  const clock = await world.clock(`client${number}`, offset);
  const before = Date.now() / 1000;
  const seen = await world.clockSeen(client, clock);
  const after = Date.now() / 1000;
  assert.equal(seen.maySetClock, false, "ntpkit must run without CAP_SYS_TIME");
  assert.ok(seen.koffi >= before + offset - 0.001 && seen.koffi <= after + offset + 0.001, "koffi is not on the clock");
  return { client, server: host.ipv4, clock };
}

/** That the clock was moved, or is being slewed, by what the report says, and that this is what it was wrong by. */
async function moved(clock: Clock, report: Report, by: number): Promise<ClockState> {
  says(report, by);
  const state = await clock.read();
  near(state.offset + state.slew + by, report.clock.offset ?? NaN, ROUNDING, "how far the clock was moved");
  return state;
}

async function settings(clock: Clock): Promise<readonly [number, number]> {
  const { steps, slews } = await clock.read();
  return [steps, slews];
}

/**
 * Shell words that start a chronyd with the right to set the clock, in ntpkit's PID namespace. It has no sources and is
 * on a clock of its own, 4000 days away; the shell starts it only after `date` has shown that the shim is in force.
 */
async function daemonThatSetsItsClock(world: World): Promise<string> {
  const days = 4000;
  const clock = await world.clock("other-daemon", days * 86_400);
  const file = await world.write("other.conf", chronyConfig(world.file("other"), IDLE));
  const chronyd = world.peer("chrony").path("usr/sbin/chronyd");
  const variables = Object.entries(clock.env).map(([name, value]) => `${name}=${value}`);
  const soon = Math.floor(Date.now() / 1000) + (days - 1) * 86_400;
  return [
    `rm -f ${world.file("other")}.pid`, // Each of ntpkit's PID namespaces counts from one: the last chronyd's pid looks alive.
    `env ${variables.join(" ")} sh -c '[ "$(date +%s)" -gt ${soon} ] && exec ${chronyd} -u root -d -f ${file}' >&2 &`,
    STILL_THERE,
  ].join("\n");
}
