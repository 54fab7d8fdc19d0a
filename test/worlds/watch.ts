/** What only somebody on the path sees of a generated world: how many answers come together, and who is asked though it said no. */
import type { Runner } from "../../src/sim/runner.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import type { Seconds } from "../../src/time/seconds.ts";
import { isMulticast } from "../../src/wire/address.ts";
import { modeOf } from "../support/site.ts";

/** What answers come within is an implosion, seconds. */
const TOGETHER: Seconds = 0.01;

/** Where a packet has its timestamps (RFC 5905 figure 8). */
const ORIGIN = 24;
const TRANSMIT = 40;

function timestampAt(bytes: Uint8Array, offset: number): string {
  return Buffer.from(bytes.subarray(offset, offset + 8)).toString("hex");
}

/** The stratum of whoever has none (RFC 5905 MAXSTRAT; 0 in a packet). */
const NOT_SYNCHRONIZED = 16;

/** Counts what sets out. */
export class Watch {
  /** The transmit timestamps of all searches. */
  readonly #searches = new Set<string>();
  readonly #recent = new Map<string, number[]>();
  readonly #peaks = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  /** By host and address, how often it had been asked when it was known to have said no. */
  readonly #denied = new Map<string, number>();

  #least = NOT_SYNCHRONIZED;

  /** @param group where searches go */
  constructor(world: SimWorld, group: string) {
    world.network.tap((datagram, at) => {
      const { from, to } = datagram;
      const mode = modeOf(datagram);
      if (to.ip === group && mode === "client")
        this.#least = Math.min(this.#least, datagram.bytes[1]! || NOT_SYNCHRONIZED);
      if (mode === "client") this.#asked.set(`${from.ip} ${to.ip}`, (this.#asked.get(`${from.ip} ${to.ip}`) ?? 0) + 1);
      if (mode === "client" && isMulticast(to.ip)) this.#searches.add(timestampAt(datagram.bytes, TRANSMIT));
      // What comes back for forged questions, a flood of which is nobody's search, is the flood's doing.
      if (mode === "server" && this.#searches.has(timestampAt(datagram.bytes, ORIGIN)))
        this.#count(`${to.ip} ${to.port}`, to.ip, at);
      return "pass";
    });
  }

  /** The least stratum that anybody has searched from so far. */
  get leastSearching(): number {
    return this.#least;
  }

  /** The most answers that set out for one search of a host within {@link TOGETHER}. */
  peakOf({ machine }: Runner): number {
    return Math.max(
      0,
      ...machine.interfaces.flatMap(({ addresses }) => addresses).map((ip) => this.#peaks.get(ip) ?? 0),
    );
  }

  /** Whom a host has asked since it was seen to know that they deny it. */
  askedThoughDenied({ machine, memory }: Runner): readonly string[] {
    const own = machine.address();
    return memory.kisses.flatMap(({ ip }) => {
      const pair = `${own} ${ip}`;
      const asked = this.#asked.get(pair) ?? 0;
      const before = this.#denied.get(pair);
      if (before === undefined) this.#denied.set(pair, asked);
      return before !== undefined && asked > before ? [`${ip}, ${asked - before} times`] : [];
    });
  }

  #count(question: string, ip: string, at: number): void {
    const latest = (this.#recent.get(question) ?? []).filter((earlier) => earlier > at - TOGETHER);
    latest.push(at);
    this.#recent.set(question, latest);
    this.#peaks.set(ip, Math.max(this.#peaks.get(ip) ?? 0, latest.length));
  }
}
