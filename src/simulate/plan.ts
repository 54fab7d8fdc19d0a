/** A world as somebody wrote it down: plain data, from which it is built anew for every seed. */
import type { DisciplineName } from "../discipline/disciplines.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { LinkOptions } from "../sim/link.ts";
import type { Seconds } from "../time/seconds.ts";

/** A figure that the seed draws, uniformly; where both are equal it is that. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The way between two stations, or from one to the network. */
export interface PlannedLink {
  /** One way, seconds. */
  readonly delay: Range;
  /** Mean of what varies of it, seconds. */
  readonly jitter: Seconds;
  /** By how much the way out takes longer than the way in, seconds of either sign. */
  readonly asymmetry: Range;
  /** Probabilities. */
  readonly loss: number;
  readonly duplication: number;
}

/** What both kinds of station have. */
export interface PlannedStation {
  readonly name: string;
  /** IP literals. */
  readonly addresses: readonly string[];
  /** Of the clock at the beginning, clock − true, seconds. */
  readonly clockError: Range;
  /** Frequency error of the oscillator, s/s. */
  readonly drift: Range;
  readonly link: PlannedLink;
}

/** A server that has true time from a radio or a satellite, or says so. */
export interface PlannedSource extends PlannedStation {
  readonly stratum: number;
  readonly rootDelay: Seconds;
  readonly rootDispersion: Seconds;
  /** What it tells wrong, though its clock be right, seconds. */
  readonly lie: Seconds;
}

/** A host with a daemon. */
export interface PlannedHost extends PlannedStation {
  readonly config: EngineConfig;
  readonly discipline: DisciplineName;
  /** Lines of a key file; `null`: no keys. */
  readonly keys: string | null;
  /** The random walk of its frequency, s/s per √s. */
  readonly wander: number;
  /** What its frequency does with the temperature; `null`: nothing. */
  readonly temperature: { readonly amplitude: number; readonly period: Seconds } | null;
}

/** What happens, and when: seconds since the world began. */
export type PlannedEvent = { readonly at: Seconds } & (
  | { readonly what: "step"; readonly who: readonly string[]; readonly by: Seconds }
  | { readonly what: "drift"; readonly who: readonly string[]; readonly by: number }
  | { readonly what: "sleep"; readonly who: readonly string[]; readonly lasting: Seconds }
  | { readonly what: "restart"; readonly who: readonly string[] }
  | { readonly what: "lie"; readonly who: readonly string[]; readonly by: Seconds }
  | { readonly what: "fail" | "recover"; readonly who: readonly string[] }
  | { readonly what: "partition"; readonly who: readonly string[]; readonly lasting: Seconds }
  | { readonly what: "leap"; readonly who: readonly []; readonly leap: "insert" | "delete" }
);

/** Two stations with a way of their own between them, besides their links. */
export interface PlannedPair {
  readonly between: readonly [string, string];
  readonly link: PlannedLink;
}

/** A world. */
export interface WorldPlan {
  readonly title: string | null;
  /** Of the simulation, seconds. */
  readonly duration: Seconds;
  readonly seed: string;
  /** ISO 8601 */
  readonly beginning: string;
  readonly sources: readonly PlannedSource[];
  readonly hosts: readonly PlannedHost[];
  readonly pairs: readonly PlannedPair[];
  /** Names of several, e.g. of a pool: the stations behind each. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly events: readonly PlannedEvent[];
}

/** A link as the simulator has it, once its figures are drawn. */
export function linkOptions(
  { jitter, loss, duplication }: PlannedLink,
  delay: Seconds,
  asymmetry: Seconds,
): LinkOptions {
  return {
    // No way takes less than nothing: what is asymmetric by more than the delay is so at the other's expense.
    out: { delay: Math.max(0, delay + asymmetry / 2) },
    in: { delay: Math.max(0, delay - asymmetry / 2) },
    jitter: jitter > 0 ? { shape: "exponential", mean: jitter } : null,
    loss,
    duplication,
  };
}
