/** The lab itself: that its clocks and daemons are what the other scenarios take them for, judged by other clients. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Host } from "../netns.ts";
import { near, type Scenario } from "../scenario.ts";
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
        shows(await byChronyd(world, client, server.ipv4), shift, "chronyd -Q");
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
      for (const [name, offset] of [["behind", -5], ["ahead", 0.4]] as const) {
        const client = await world.host(name);
        const clock = await world.clock(name, offset);
        const machineBefore = machineAgainstSteady();
        const run = await world.tool("chrony", client, [...CHRONYD, "-q", `server ${server.ipv4} iburst maxsamples 4`], {
          clock,
        });
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
  shows(await byChronyd(world, client, server.ipv4), shift, "chronyd -Q");
  shows(await byNtpdate(world, client, server.ipv4), shift, "ntpdate");
  shows(await bySntp(world, client, server.ipv4), shift, "sntp");
}

/** What a client measured, seconds. */
interface Measured {
  readonly offset: number;
  readonly delay: number;
  /** How coarse the clock is that it reads. */
  readonly tick?: number;
}

/** What is rounded, by the protocol, by the shim and by who prints it, seconds. */
const ROUNDING = 0.00005;

/**
 * That a client measured the clock's shift. However late a busy machine makes whom, an offset is wrong by half of the delay at
 * most; where nothing is late that is some tens of microseconds.
 */
function shows({ offset, delay, tick = 0 }: Measured, shift: number, client: string): void {
  near(offset, shift, delay / 2 + tick + ROUNDING, `offset by ${client}, with a delay of ${delay} s,`);
}

/** By its log of measurements; the last line is the one that counted. */
async function byChronyd(world: World, client: Host, address: string): Promise<Measured> {
  const log = world.file(`chronyd-${client.name}-${address}`);
  await world.tool("chrony", client, [...CHRONYD, "-Q", `server ${address} iburst maxsamples 1`, `logdir ${log}`, "log measurements"]);
  const fields = (await readFile(`${log}/measurements.log`, "utf8")).trimEnd().split("\n").at(-1)?.split(/ +/) ?? [];
  return { offset: Number(fields[11]), delay: Number(fields[12]) };
}

/** To a delay it adds the precision it takes for its own, 2^-6 s, and a skew of 0x28f / 2^16 s. */
async function byNtpdate(world: World, client: Host, address: string): Promise<Measured> {
  const { stdout } = await world.tool("classic", client, ["usr/sbin/ntpdate", "-q", address]);
  const [, offset, delay] = /offset ([+-][\d.]+), delay ([\d.]+)/.exec(stdout) ?? [];
  return { offset: Number(offset), delay: Number(delay) - 2 ** -6 - 0x28f / 2 ** 16 };
}

/** When a reply came it reads off a clock of libevent's, which is as old as the kernel's last tick: 10 ms at most. */
async function bySntp(world: World, client: Host, address: string): Promise<Measured> {
  const { stdout } = await world.tool("classic", client, ["usr/bin/sntp", "-D", "4", address]);
  const [, there, back, offset] = /t21: (\S+)\s.* t34: (\S+)\s.*offset: (\S+)/s.exec(stdout) ?? [];
  return { offset: Number(offset), delay: Math.max(Number(there) - Number(back), 0), tick: 0.01 };
}

/** It reads its clock in Python, late on a busy machine; of eight exchanges it keeps the one with the least delay. */
async function byNtpdig(world: World, client: Host, address: string): Promise<Measured> {
  const { stdout } = await world.tool("ntpsec", client, ["usr/bin/ntpdig", "-p", "8", address]);
  const [, offset, error] = /([+-]\d+\.\d+) \+\/- (\d+\.\d+)/.exec(stdout) ?? [];
  return { offset: Number(offset), delay: 2 * Number(error) };
}
