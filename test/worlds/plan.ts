/** What a generated world is made from: plain data, so that it can be drawn, shrunk, printed, and built again. */
import type { Seconds } from "../../src/time/seconds.ts";

/** How a source of time is: what it says, and what it is. */
export type Character = "honest" | "liar" | "silent" | "unsynchronized";

/** The way to a host, both ways apart. */
export interface PlannedLink {
  readonly out: Seconds;
  readonly in: Seconds;
  /** Mean of what queues add, seconds. */
  readonly jitter: Seconds;
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
}

/** A server that follows nobody. */
export interface PlannedSource {
  readonly name: string;
  readonly character: Character;
  readonly stratum: number;
  /** What a liar's clock is off by, seconds; honest ones are off by less than their root dispersion. */
  readonly error: Seconds;
  readonly rootDispersion: Seconds;
  readonly link: PlannedLink;
}

/** How a host finds its sources. */
export type Mode = "client" | "pool" | "manycast" | "peers";

/** A host with a daemon. */
export interface PlannedHost {
  readonly name: string;
  readonly mode: Mode;
  readonly iburst: boolean;
  readonly burst: boolean;
  readonly minpoll: number;
  readonly maxpoll: number;
  readonly maxclock: number;
  /** What is found must have a key. */
  readonly keyed: boolean;
  readonly clockError: Seconds;
  /** s/s */
  readonly frequency: number;
  readonly wander: number;
  readonly link: PlannedLink;
}

/** Something that happens. */
export type PlannedEvent =
  /** Somebody sets a host's clock. */
  | { readonly at: Seconds; readonly what: "nudge"; readonly who: string; readonly by: Seconds }
  | { readonly at: Seconds; readonly what: "sleep"; readonly who: string; readonly lasting: Seconds }
  /** Some stations are cut off from the others. */
  | { readonly at: Seconds; readonly what: "parting"; readonly who: readonly string[]; readonly lasting: Seconds }
  /** A source changes. */
  | {
      readonly at: Seconds;
      readonly what: "turn";
      readonly who: string;
      readonly to: Character;
      readonly error: Seconds;
    };

/** An off-path attacker: forges packets in a source's or a peer's name, without seeing what is asked. */
export interface PlannedAttacker {
  readonly interval: Seconds;
  /** Modes of what is forged, 0 … 7. */
  readonly modes: readonly number[];
}

/** A world. */
export interface Plan {
  readonly seed: string;
  readonly hours: number;
  readonly sources: readonly PlannedSource[];
  readonly hosts: readonly PlannedHost[];
  readonly events: readonly PlannedEvent[];
  readonly attacker: PlannedAttacker | null;
}
