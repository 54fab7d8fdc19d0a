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

const REFERENCE_ID = 12;
/** Of so many denials of one server one at least has come through, whatever is lost on the way. */
const DENIALS = 5;

/** No request under NTS is shorter, octets: a unique identifier and a cookie. */
const UNDER_NTS = 150;

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
  /** By host and address, the timestamp of the latest question, and how many answers to one were denials. */
  readonly #questions = new Map<string, string>();
  readonly #denials = new Map<string, number>();

  /** By host, whom it has asked without extension fields. */
  readonly #clear = new Map<string, Set<string>>();

  #least = NOT_SYNCHRONIZED;

  /** @param group where searches go */
  constructor(world: SimWorld, group: string) {
    world.network.tap((datagram, at) => {
      const { from, to } = datagram;
      const mode = modeOf(datagram);
      if (to.ip === group && mode === "client")
        this.#least = Math.min(this.#least, datagram.bytes[1]! || NOT_SYNCHRONIZED);
      if (mode === "client") this.#asked.set(`${from.ip} ${to.ip}`, (this.#asked.get(`${from.ip} ${to.ip}`) ?? 0) + 1);
      if (mode === "client") this.#questions.set(`${from.ip} ${to.ip}`, timestampAt(datagram.bytes, TRANSMIT));
      if (mode === "client" && datagram.bytes.length < UNDER_NTS)
        this.#clear.set(from.ip, (this.#clear.get(from.ip) ?? new Set()).add(to.ip));
      if (mode === "server") this.#heedDenial(`${to.ip} ${from.ip}`, datagram.bytes);
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

  /** The addresses that a host has asked in clear, from the one that it has. */
  askedInClear({ machine }: Runner): readonly string[] {
    return [...(this.#clear.get(machine.address()) ?? [])];
  }

  /** The most answers that set out for one search of a host within {@link TOGETHER}. */
  peakOf({ machine }: Runner): number {
    return Math.max(
      0,
      ...machine.interfaces.flatMap(({ addresses }) => addresses).map((ip) => this.#peaks.get(ip) ?? 0),
    );
  }

  /** Whom a host has asked since it was seen to know that they deny it, or was told so often that it must. */
  askedThoughDenied({ machine, memory }: Runner): readonly string[] {
    const own = machine.address();
    const deaf = [...this.#denials].flatMap(([pair, count]) =>
      pair.startsWith(`${own} `) && count > DENIALS
        ? [`${pair.slice(own.length + 1)}, which has denied it ${count} times`]
        : [],
    );
    const known = memory.kisses.flatMap(({ ip }) => {
      const pair = `${own} ${ip}`;
      const asked = this.#asked.get(pair) ?? 0;
      const before = this.#denied.get(pair);
      if (before === undefined) this.#denied.set(pair, asked);
      return before !== undefined && asked > before ? [`${ip}, ${asked - before} times`] : [];
    });
    return [...known, ...deaf];
  }

  /** Counts what says DENY to a question; what is forged answers none. */
  #heedDenial(pair: string, bytes: Uint8Array): void {
    const code = String.fromCodePoint(...bytes.subarray(REFERENCE_ID, REFERENCE_ID + 4));
    if (bytes[1] !== 0 || code !== "DENY" || timestampAt(bytes, ORIGIN) !== this.#questions.get(pair)) return;
    this.#questions.delete(pair);
    this.#denials.set(pair, (this.#denials.get(pair) ?? 0) + 1);
  }

  #count(question: string, ip: string, at: number): void {
    const latest = (this.#recent.get(question) ?? []).filter((earlier) => earlier > at - TOGETHER);
    latest.push(at);
    this.#recent.set(question, latest);
    this.#peaks.set(ip, Math.max(this.#peaks.get(ip) ?? 0, latest.length));
  }
}
