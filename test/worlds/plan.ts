/** What a generated world is made from: plain data, so that it can be drawn, shrunk, printed, and built again. */
import type { EstablishFault } from "../../src/engine/port/establish.ts";
import type { ResolveFault } from "../../src/engine/port/event.ts";
import type { Seconds } from "../../src/time/seconds.ts";

/** How a source of time is: what it says, and what it is. */
export type Character = "honest" | "liar" | "silent" | "unsynchronized" | "denying";

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

/** Who speaks to all and hears nobody: its port is closed, and ICMP says so. */
export interface PlannedCaster {
  readonly name: string;
  /** To the LAN, or to the group. */
  readonly to: "broadcast" | "multicast";
  readonly interval: Seconds;
}

/** How a host finds its sources, and who finds it. */
export type Mode =
  | "client"
  | "pool"
  | "pools" // two names that have addresses in common
  | "named" // one name with all the addresses, of which it takes one
  | "manycast"
  | "peers"
  | "broadcast" // it is a client, and broadcasts to its LAN
  | "multicast" // the same to a group
  | "listener" // it listens to both, and is a client of one
  | "orphan"; // it is a client, has peers, and steps in where nobody has a source

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
  /** Sources are asked under NTS. */
  readonly nts: boolean;
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
  | {
      readonly at: Seconds;
      readonly what: "sleep";
      readonly who: string;
      readonly lasting: Seconds;
    }
  /** Some stations are cut off from the others. */
  | {
      readonly at: Seconds;
      readonly what: "parting";
      readonly who: readonly string[];
      readonly lasting: Seconds;
    }
  /** A source changes. */
  | {
      readonly at: Seconds;
      readonly what: "turn";
      readonly who: string;
      readonly to: Character;
      readonly error: Seconds;
    }
  /** All sources tell the same lie from now on, and nobody can know it. */
  | { readonly at: Seconds; readonly what: "conspiracy"; readonly error: Seconds }
  /** A host's daemon starts anew and remembers. */
  | { readonly at: Seconds; readonly what: "restart"; readonly who: string }
  /** The same, with another secret under the same key's number. */
  | { readonly at: Seconds; readonly what: "rekey"; readonly who: string }
  /** A station gets another address; names follow at once. */
  | { readonly at: Seconds; readonly what: "renumber"; readonly who: string }
  /** No name is to be had. */
  | {
      readonly at: Seconds;
      readonly what: "outage";
      readonly lasting: Seconds;
      readonly how: ResolveFault;
    }
  /** A source begins another key for its cookies, or forgets all; or establishes none for a while. */
  | { readonly at: Seconds; readonly what: "newKey" | "forget"; readonly who: string }
  | {
      readonly at: Seconds;
      readonly what: "keyless";
      readonly who: string;
      readonly lasting: Seconds;
      readonly why: EstablishFault;
    }
  /** So many packets in a second, in any names. */
  | {
      readonly at: Seconds;
      readonly what: "flood";
      readonly who: string;
      readonly packets: number;
    };

/** When a world begins: some day, a few hours before NTP's era 1, or before a leap second that all announce. */
export type Beginning = "someday" | "era" | "leap";

/** An off-path attacker: forges packets in a source's or a peer's name, without seeing what is asked. */
export interface PlannedAttacker {
  readonly interval: Seconds;
  /** Modes of what is forged, 0 … 7. */
  readonly modes: readonly number[];
  /** Sends again what was sent, too, sooner or later; and of what is under NTS some with a bit changed. */
  readonly replays: boolean;
}

/** A world. */
export interface Plan {
  readonly seed: string;
  readonly hours: number;
  readonly beginning: Beginning;
  readonly sources: readonly PlannedSource[];
  readonly casters: readonly PlannedCaster[];
  /** So many more hosts serve, and answer whoever searches; nobody looks at them. */
  readonly crowd: number;
  readonly hosts: readonly PlannedHost[];
  readonly events: readonly PlannedEvent[];
  readonly attacker: PlannedAttacker | null;
}
