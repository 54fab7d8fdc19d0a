/** Names in a simulated world: what they resolve to, how that changes, how long it takes, and how it fails. */
import type { ResolveFault } from "../engine/port/event.ts";
import type { Seconds } from "../time/seconds.ts";
import { family } from "../wire/address.ts";
import type { SimChance } from "./chance.ts";
import type { TrueTime } from "./truth.ts";

/** What is known of a name from some moment on. */
export interface NameRecord {
  /** True time since the world began from which this holds, in place of what held before. Default 0. */
  readonly from?: Seconds;
  /** IP literals, in the order in which they are given out. */
  readonly addresses?: readonly string[];
  /** Give out only this many, drawn anew for each question, as a pool's zone does. */
  readonly pick?: number;
  /** Fails so, instead. */
  readonly fault?: ResolveFault;
  /** How long an answer takes, seconds. Default 0.02. */
  readonly delay?: Seconds;
}

/** An answer, and how long it takes. */
export interface NameAnswer {
  readonly delay: Seconds;
  readonly addresses: readonly string[];
  /** `null` when there are addresses. */
  readonly fault: ResolveFault | null;
}

const DELAY: Seconds = 0.02;

/** Every name there is. */
export class Names {
  readonly #records = new Map<string, NameRecord[]>();

  /** Says what is known of a name; several records hold one after the other. */
  set(name: string, ...records: readonly NameRecord[]): void {
    this.#records.set(
      name.toLowerCase(),
      [...records].toSorted((one, other) => (one.from ?? 0) - (other.from ?? 0)),
    );
  }

  /**
   * What a question asked at some moment is answered.
   * @param only a family, or `null` for both
   * @param chance the asking host's
   */
  ask(name: string, only: 4 | 6 | null, at: TrueTime, chance: SimChance): NameAnswer {
    if (isLiteral(name)) return literal(name, only);
    const record = this.#records.get(name.toLowerCase())?.findLast((one) => (one.from ?? 0) <= at);
    const delay = record?.delay ?? DELAY;
    if (record?.fault !== undefined) return { delay, addresses: [], fault: record.fault };
    const all = record?.addresses ?? [];
    const given = record?.pick === undefined ? all : chance.shuffled(all).slice(0, record.pick);
    const addresses = given.filter((ip) => only === null || family(ip) === only);
    return { delay, addresses, fault: addresses.length > 0 ? null : only === null ? "notFound" : "otherFamily" };
  }
}

function literal(ip: string, only: 4 | 6 | null): NameAnswer {
  const wanted = only === null || family(ip) === only;
  return { delay: 0, addresses: wanted ? [ip] : [], fault: wanted ? null : "otherFamily" };
}

function isLiteral(name: string): boolean {
  return name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}
