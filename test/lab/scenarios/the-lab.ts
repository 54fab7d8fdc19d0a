/** The lab itself: that its clocks and daemons are what the other scenarios take them for, judged by other clients. */
import assert from "node:assert/strict";
import { byChronyd, byNtpdate, byNtpdig, bySntp, TICK } from "../clients.ts";
import { near, type Scenario, shows } from "../scenario.ts";
import type { World } from "../world.ts";

const SHIFTS = [0.25, -0.25, 0.001, -1.5, 86_400];

export const theLab: readonly Scenario[] = [
  {
    name: "the lab: a process sees the clock it was given, through koffi too, and may not set it",
    needs: [],
    run: async (world) => {
      const host = await world.host("alone");
      for (const shift of [3600, -86_400 * 365]) {
        const clock = await world.clock(`shift${shift}`, shift);
        const before = Date.now() / 1000;
        const seen = await world.clockSeen(host, clock);
        const after = Date.now() / 1000;
        for (const reading of [seen.koffi, seen.javascript]) {
          assert.ok(reading - shift >= before - 0.001 && reading - shift <= after + 0.001, `it sees ${reading}`);
        }
        assert.equal(seen.maySetClock, false);
      }
    },
  },
  {
    name: "the lab: chronyd on a clock of its own serves that clock's offset, as chronyd and ntpdig see it",
    needs: ["chrony", "ntpsec"],
    run: async (world) => {
      const client = await world.host("client");
      for (const [index, shift] of SHIFTS.entries()) {
        const server = await world.host(`server${index}`);
        await world.chronyd(server, ["local stratum 3"], { clock: await world.clock(`shift${index}`, shift) });
        shows(await world.ask(client, server.ipv4), shift, "the lab's probe");
        shows(await byChronyd(world, client, [server.ipv4]), shift, "chronyd -Q");
        shows(await byNtpdig(world, client, server.ipv4), shift, "ntpdig");
      }
    },
  },
  {
    name: "the lab: ntpd on a clock of its own serves that clock's offset, as ntpdate and sntp see it",
    needs: ["classic", "chrony"],
    run: (world) => servesShift(world, "classic"),
  },
  {
    name: "the lab: NTPsec on a clock of its own serves that clock's offset, as ntpdate and sntp see it",
    needs: ["classic", "ntpsec", "chrony"],
    run: (world) => servesShift(world, "ntpsec"),
  },
  {
    name: "the lab: chronyd steps a clock of its own, and the machine's stays",
    needs: ["chrony"],
    run: async (world) => {
      const server = await world.host("server");
      await world.chronyd(server);
      for (const [name, offset] of [
        ["behind", -5],
        ["ahead", 0.4],
      ] as const) {
        const client = await world.host(name);
        const clock = await world.clock(name, offset);
        const machineBefore = machineAgainstSteady();
        const run = await world.tool(
          "chrony",
          client,
          [...CHRONYD, "-q", `server ${server.ipv4} iburst maxsamples 4`],
          {
            clock,
          },
        );
        assert.equal(run.code, 0);
        const state = await clock.read();
        assert.ok(state.steps > 0, "it was stepped");
        near(state.offset + state.slew, 0, 0.001, "the clock afterwards");
        near(machineAgainstSteady(), machineBefore, 0.005, "the machine's clock against its steady one");
      }
    },
  },
];

const CHRONYD = ["usr/sbin/chronyd", "-u", "root", "-t", "30", "-f", "/dev/null"];

/** The machine's clock minus its steady one, in seconds: changes when somebody sets the machine's clock. */
function machineAgainstSteady(): number {
  return (Date.now() - performance.now()) / 1000;
}

async function servesShift(world: World, which: "classic" | "ntpsec"): Promise<void> {
  const shift = 0.25;
  const server = await world.host("server");
  const client = await world.host("client");
  await world.ntpd(which, server, [], { clock: await world.clock("server", shift) });
  shows(await world.ask(client, server.ipv4), shift, "the lab's probe");
  shows(await byChronyd(world, client, [server.ipv4]), shift, "chronyd -Q");
  shows(await byNtpdate(world, client, server.ipv4), shift, "ntpdate");
  shows(await bySntp(world, client, server.ipv4), shift, "sntp", TICK);
}
