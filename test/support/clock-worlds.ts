/**
 * Worlds the discipline was not tuned on, with what chronyd 4.3 and ntpd 4.2.8p15 make of the same ones: congestion in one direction,
 * servers whose own time is noisy, temperature, a crystal far off.
 *
 * The rivals' figures are medians of ten seeds of the unmodified programs in a simulator of clocks and networks, taken once;
 * they are stated here, not measured again.
 */
import { DISCIPLINE } from "../../src/discipline/constants.ts";
import type { LoopConfig } from "../../src/engine/port/config.ts";
import type { Way } from "../../src/sim/link.ts";
import { noisy } from "../../src/sim/oddities.ts";
import type { OscillatorOptions } from "../../src/sim/oscillator.ts";
import { createWorld } from "../../src/sim/world.ts";
import { daemon } from "./daemon.ts";

/** What became of the clock, seconds; over the time that counts. */
export interface Kept {
  readonly rms: number;
  readonly worst: number;
  readonly packets: number;
  /** The share of seconds at which true time lay within the uncertainty stated. */
  readonly covered: number;
}

/** A figure in the table. */
export type Figure = Partial<Pick<Kept, "rms" | "worst" | "packets">>;

/** One world. */
export interface ClockWorld {
  readonly name: string;
  /** Each way, seconds: what is always there, and the mean of what is exponential. */
  readonly delay: number;
  readonly queue: number;
  /** What the way to us suffers besides. */
  readonly inwards?: Partial<Way>;
  /** White noise of the server's time, standard deviation. */
  readonly noise?: number;
  readonly servers?: number;
  readonly oscillator?: OscillatorOptions;
  readonly polls?: readonly [number, number];
  /** From when to when errors count, seconds. Default: hours 6 to 24. */
  readonly counts?: readonly [number, number];
  readonly chronyd: Figure;
  readonly ntpd: Figure;
  readonly goal: Figure;
}

const HOUR = 3600;
const LAN = { delay: 100e-6, queue: 10e-6 };
const WAN = { delay: 10e-3, queue: 1e-3 };
const US = 1e-6;
const MS = 1e-3;
const figure = (rms: number, worst: number, unit: number, packets?: number): Figure => ({
  rms: rms * unit,
  worst: worst * unit,
  ...(packets === undefined ? {} : { packets }),
});
const JUMP = { frequency: 30e-6, wander: 1e-9, jumps: [{ at: 12 * HOUR, by: 20e-6 }] };
const FIRST_HOUR = [12 * HOUR, 13 * HOUR] as const;
const BUSY = { every: HOUR, lasting: 600, queue: 0.1 };

/** All of them. */
export const CLOCK_WORLDS: readonly ClockWorld[] = [
  {
    name: "LAN",
    ...LAN,
    chronyd: figure(16.3, 72, US),
    ntpd: figure(229, 509, US),
    goal: { rms: 9.9 * US },
  },
  { name: "WAN", ...WAN, chronyd: figure(493, 1300, US), ntpd: figure(363, 890, US), goal: { rms: 234 * US } },
  {
    name: "jittery",
    delay: 25e-3,
    queue: 10e-3,
    oscillator: { frequency: 30e-6, wander: 1e-8 },
    chronyd: figure(4930, 13_000, US),
    ntpd: figure(4130, 9280, US),
    goal: { rms: 2468 * US },
  },
  {
    name: "+100 ms one way, 10 min an hour, poll 4/6",
    ...WAN,
    inwards: { busy: BUSY },
    polls: [4, 6],
    chronyd: figure(0.106, 0.3, MS),
    ntpd: figure(5.9, 31, MS),
    goal: figure(0.2, 0.6, MS),
  },
  {
    name: "the same, poll 6/6",
    ...WAN,
    inwards: { busy: BUSY },
    polls: [6, 6],
    chronyd: figure(0.117, 0.64, MS),
    ntpd: figure(5.6, 29, MS),
    goal: figure(0.2, 0.8, MS),
  },
  {
    name: "the same, 2 h of 6, default polls",
    ...WAN,
    inwards: { busy: { every: 6 * HOUR, lasting: 2 * HOUR, queue: 0.1 } },
    chronyd: figure(0.69, 2, MS),
    ntpd: figure(9.2, 28, MS),
    goal: figure(0.7, 2, MS),
  },
  {
    name: "four servers behind it, 10 min an hour, poll 4/6",
    ...WAN,
    servers: 4,
    inwards: { busy: BUSY },
    polls: [4, 6],
    chronyd: {},
    ntpd: {},
    goal: figure(0.2, 0.6, MS),
  },
  {
    name: "server with 1 ms of white noise, LAN",
    ...LAN,
    noise: 1 * MS,
    chronyd: figure(1.22, 2.04, MS),
    ntpd: figure(1.15, 2.33, MS),
    goal: figure(0.6, 1.3, MS, 150),
  },
  {
    name: "server with 100 µs of noise, LAN",
    ...LAN,
    noise: 0.1 * MS,
    chronyd: figure(0.168, 0.41, MS),
    ntpd: {},
    goal: figure(0.12, 0.35, MS),
  },
  {
    name: "one of four with 1 ms of noise, LAN",
    ...LAN,
    servers: 4,
    noise: 1 * MS,
    chronyd: {},
    ntpd: {},
    goal: { rms: 10 * US },
  },
  {
    name: "diurnal ±2 ppm, WAN",
    ...WAN,
    oscillator: { frequency: 30e-6, wander: 1e-9, cycles: [{ amplitude: 2e-6, period: 24 * HOUR }] },
    chronyd: figure(940, 3232, US),
    ntpd: figure(2554, 4603, US),
    goal: figure(463, 1641, US),
  },
  {
    name: "20 ppm jump, first hour, LAN",
    ...LAN,
    oscillator: JUMP,
    counts: FIRST_HOUR,
    chronyd: figure(946, 4491, US),
    ntpd: {},
    goal: figure(900, 4500, US),
  },
  {
    name: "20 ppm jump, first hour, WAN",
    ...WAN,
    oscillator: JUMP,
    counts: FIRST_HOUR,
    chronyd: figure(14_466, 28_253, US),
    ntpd: {},
    goal: figure(3578, 13_837, US),
  },
  {
    name: "+400 ppm crystal, WAN, on the way",
    ...WAN,
    oscillator: { frequency: 400e-6, wander: 1e-9 },
    counts: [60, 6 * HOUR],
    chronyd: { worst: 25 * MS },
    ntpd: {},
    goal: { worst: 25 * MS },
  },
];

/** One seed of one world for a day. */
export function keep(world: ClockWorld, seed: number, loop: Partial<LoopConfig> = {}): Kept {
  const sim = createWorld({ seed, trace: false });
  const servers = Array.from({ length: world.servers ?? 1 }, (_, index) => {
    const chance = sim.chance(`noise ${index}`);
    return sim.server(`ntp${index + 1}`, {
      stratum: 1,
      rootDispersion: 0,
      processing: 0,
      oddities: world.noise === undefined || index > 0 ? [] : [noisy(world.noise, chance)],
    });
  });
  const way = { delay: world.delay, jitter: { shape: "exponential", mean: world.queue } } as const;
  const [minpoll, maxpoll] = world.polls ?? [6, 10];
  const client = daemon(sim, {
    servers,
    link: { ...way, in: { ...way, ...world.inwards } },
    line: { minpoll, maxpoll },
    clockError: 0.01,
    oscillator: world.oscillator ?? { frequency: 30e-6, wander: 1e-9 },
    loop: { stepout: DISCIPLINE.stepout, ...loop },
  });
  const [from, until] = world.counts ?? [6 * HOUR, 24 * HOUR];
  let [squares, count, worst, covered] = [0, 0, 0, 0];
  sim.every(1, () => {
    if (sim.now < from || sim.now >= until) return;
    const error = Math.abs(client.machine.error);
    squares += error ** 2;
    count += 1;
    worst = Math.max(worst, error);
    if (error <= client.machine.kernel.maximumError) covered += 1;
  });
  sim.run(until);
  return {
    rms: Math.sqrt(squares / count),
    worst,
    packets: servers.reduce((sum, server) => sum + server.count, 0) / servers.length,
    covered: covered / count,
  };
}

/** The median of each figure. */
export function medianOf(all: readonly Kept[]): Kept {
  const of = (key: keyof Kept): number => {
    const sorted = all.map((one) => one[key]).toSorted((one, other) => one - other);
    return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  };
  return { rms: of("rms"), worst: of("worst"), packets: of("packets"), covered: of("covered") };
}
