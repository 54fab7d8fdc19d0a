/** What a simulated machine is like: its interfaces, its oscillator, what its stamps are worth. */
import type { ClockFault } from "../engine/port/event.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import type { InterfaceOptions } from "./network.ts";
import type { OscillatorOptions } from "./oscillator.ts";

/** How a machine stamps packets. */
export interface StampOptions {
  /** `kernel`: exactly when they pass. `user`: by the process, a little before sending and after receiving. Default `kernel`. */
  readonly source?: "kernel" | "user";
  /** Mean of what a process's stamps are off, seconds; exponentially distributed. Default 20 µs. */
  readonly noise?: Seconds;
  /** How long after a packet left the process is told when it did, seconds; may be after the reply. Default 0. */
  readonly late?: Seconds;
  /** How long a packet waits in the machine from being handed over until it leaves, seconds. Default 0. */
  readonly queueing?: Seconds;
  /** Mean of what it waits besides, at random, seconds; exponentially distributed. Default 0. */
  readonly crowding?: Seconds;
}

/** What a machine is like. */
export interface MachineOptions {
  readonly interfaces: readonly InterfaceOptions[];
  readonly oscillator?: OscillatorOptions;
  /** Error of the clock when the world begins, seconds, clock − true; positive: it is ahead. Default 0. */
  readonly clockError?: Seconds;
  /** Why the clock may not be touched; `null`: it may. Default `null`. */
  readonly clockFault?: ClockFault | null;
  /** How fast the clock is slewed, s/s; `Infinity`: at once. Default 500 ppm. */
  readonly slewRate?: Frequency;
  /**
   * How fast the phase is corrected where the clock is steered, s/s: 500 ppm, as a kernel slews; `hurried`: a large phase by the tick,
   * as well; `Infinity`: at once. Default `hurried`.
   */
  readonly steerRate?: Frequency | "hurried";
  /** What whoever steered the clock before has left: a frequency correction, s/s, and a slew that goes on, seconds. */
  readonly before?: { readonly frequency: Frequency; readonly phase: Seconds };
  readonly stamps?: StampOptions;
  /** Whether it tells senders that a port is closed (ICMP). Default true. */
  readonly icmp?: boolean;
}

/** How a phase is corrected: as a kernel slews, a large one by the tick, or at once. */
export type Steering = "kernel" | "hurried" | "at once";

/** How a machine's options want it. */
export function steeringOf(rate: MachineOptions["steerRate"]): Steering {
  if (rate === "hurried") return rate;
  if (rate === undefined) return "hurried";
  return rate === Infinity ? "at once" : "kernel";
}

/** How it is where nobody stays to set the tick back. */
export function unattended(steering: Steering): Steering {
  return steering === "hurried" ? "kernel" : steering;
}
