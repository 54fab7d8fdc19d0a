/**
 * The three worlds in which disciplines are compared with chronyd and ntpd.
 *
 * chronyd 4.3 and ntpd 4.2.8p15 were run unmodified for 24 virtual hours in a simulator of clocks and networks, ten seeds each:
 * one client (clock +30 ppm with a random-walk wander, 10 ms off at the start, no drift file, `iburst minpoll 6 maxpoll 10`)
 * and one perfect server.
 */
import type { DisciplineName } from "../../src/discipline/disciplines.ts";
import { createWorld } from "../../src/sim/world.ts";
import { daemon } from "./daemon.ts";

/** What became of the clock; of the true error from hour 6 on, sampled each second. */
export interface Figures {
  /** Seconds. */
  readonly rms: number;
  readonly worst: number;
  readonly packets: number;
  /** The last second at which the error was beyond the limit; `Infinity`: it still was at the end. */
  readonly settled: number;
}

/** One client and one perfect server, and how the two rivals did there. */
export interface ContestWorld {
  readonly name: string;
  /** One way, each way, seconds: what is always there, and the mean of what is exponential. */
  readonly delay: number;
  readonly queue: number;
  /** s/s per √s */
  readonly wander: number;
  readonly limit: number;
  readonly chronyd: Figures;
  readonly ntpd: Figures;
}

/** The worlds, and the medians of ten seeds of chronyd 4.3 and ntpd 4.2.8p15 in them. */
export const WORLDS: readonly ContestWorld[] = [
  {
    name: "LAN",
    delay: 100e-6,
    queue: 10e-6,
    wander: 1e-9,
    limit: 100e-6,
    chronyd: { rms: 16.3e-6, worst: 72e-6, packets: 312, settled: 37 },
    ntpd: { rms: 229e-6, worst: 509e-6, packets: 151, settled: Infinity },
  },
  {
    name: "WAN",
    delay: 10e-3,
    queue: 1e-3,
    wander: 1e-9,
    limit: 1e-3,
    chronyd: { rms: 493e-6, worst: 1.3e-3, packets: 109, settled: 497 },
    ntpd: { rms: 363e-6, worst: 0.89e-3, packets: 151, settled: 10_686 },
  },
  {
    name: "jittery",
    delay: 25e-3,
    queue: 10e-3,
    wander: 1e-8,
    limit: 10e-3,
    chronyd: { rms: 4.93e-3, worst: 13e-3, packets: 109, settled: 494 },
    ntpd: { rms: 4.13e-3, worst: 9.28e-3, packets: 154, settled: 12_131 },
  },
];

const DAY = 24 * 3600;
const WARM = 6 * 3600;

/**
 * One client in one world for a day.
 * @param kernel whether the standard's discipline goes by the kernel's loop
 */
export function live(
  { delay, queue, wander, limit }: ContestWorld,
  seed: number,
  discipline: DisciplineName,
  kernel: boolean,
): Figures {
  const world = createWorld({ seed, trace: false });
  const server = world.server("ntp1", { stratum: 1, rootDispersion: 0, processing: 0 });
  const link = { delay, jitter: { shape: "exponential", mean: queue } } as const;
  const client = daemon(world, {
    servers: [server],
    link,
    clockError: 0.01,
    oscillator: { frequency: 30e-6, wander },
    loop: { discipline, kernel },
  });
  let squares = 0;
  let count = 0;
  let worst = 0;
  let settled = 0;
  world.every(1, () => {
    const error = Math.abs(client.machine.error);
    if (error > limit) settled = world.now;
    if (world.now < WARM) return;
    squares += error ** 2;
    count += 1;
    worst = Math.max(worst, error);
  });
  world.run(DAY);
  return {
    rms: Math.sqrt(squares / count),
    worst,
    packets: server.count,
    settled: settled >= DAY - 3600 ? Infinity : settled,
  };
}

/** The figures by name. */
export const FIGURES = ["rms", "worst", "packets", "settled"] as const;

/** The median of each figure. */
export function medians(all: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number => {
    const sorted = all.map((one) => one[key]).toSorted((one, other) => one - other);
    return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  };
  return { rms: of("rms"), worst: of("worst"), packets: of("packets"), settled: of("settled") };
}

/** What ntpkit should not exceed: the better of the two, but the larger number of packets. */
export function goal({ chronyd, ntpd }: ContestWorld): Figures {
  const better = (key: keyof Figures): number => Math.min(chronyd[key], ntpd[key]);
  return {
    rms: better("rms"),
    worst: better("worst"),
    packets: Math.max(chronyd.packets, ntpd.packets),
    settled: better("settled"),
  };
}
