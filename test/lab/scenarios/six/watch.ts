/** Looking at six hosts: whom a daemon believes, by the tools, and how far the clocks are from the truth, all the time. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClockState } from "../../clock.ts";
import { near } from "../../scenario.ts";
import type { Name, SixHosts } from "./hosts.ts";

/** A row of `ntpkit peers --json`. */
export interface Row {
  readonly address: string;
  readonly tally: string;
  readonly verdict: string;
  readonly reason: string | null;
  readonly stratum: number;
  readonly reach: number;
  readonly authentication: string;
  readonly offset: number | null;
}

/** What a daemon says of the others, by their names. */
export type Table = Readonly<Partial<Record<Name, Row>>>;

/** How often a daemon is looked at until it has changed, seconds; each look is a process. */
const LOOK = 4;
/** How often clocks are read, seconds. */
const BEAT = 2;

/** What is seen of six hosts. */
export class Watch {
  readonly #six: SixHosts;
  readonly #started = performance.now();
  readonly #seen: { readonly at: number; readonly clocks: ReadonlyMap<Name, ClockState> }[] = [];
  readonly #diary: string[] = [];

  constructor(six: SixHosts) {
    this.#six = six;
  }

  /** Seconds since the beginning. */
  get now(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** What was seen and when, for a scenario that failed. */
  get diary(): string {
    return this.#diary.join("\n");
  }

  note(text: string): void {
    this.#diary.push(`${this.now.toFixed(1)} s: ${text}`);
  }

  /** Reads clocks until told to end. */
  async record(names: readonly Name[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const clocks = new Map<Name, ClockState>();
      for (const name of names) clocks.set(name, await this.#six.clock(name).read());
      this.#seen.push({ at: this.now, clocks });
      await sleep(BEAT * 1000, undefined, { signal }).catch(() => undefined);
    }
  }

  /** That clocks were right all the time since a moment. */
  right(names: readonly Name[], since: number, bound: number): void {
    for (const name of names) {
      const seen = this.#since(since, name).map(({ error }) => error);
      const worst = seen.reduce((one, other) => (Math.abs(other) > Math.abs(one) ? other : one));
      this.note(`${name}'s clock was ${(worst * 1e3).toFixed(3)} ms off at worst`);
      near(worst, 0, bound, `what ${name}'s clock was off by at worst`);
    }
  }

  /** The same, and never by more than the kernel was told that they may be off by. */
  truthful(names: readonly Name[], since: number, bound: number): void {
    this.right(names, since, bound);
    for (const name of names)
      for (const { error, maximumError } of this.#since(since, name))
        assert.ok(
          Math.abs(error) <= maximumError,
          `${name}'s clock was ${error} s off, and was to be off by no more than ${maximumError} s`,
        );
  }

  #since(moment: number, name: Name): readonly ClockState[] {
    const seen = this.#seen.filter(({ at }) => at >= moment).flatMap(({ clocks }) => clocks.get(name) ?? []);
    assert.ok(seen.length > 0, "no clock was read");
    return seen;
  }

  /** What the daemon on a host of ours says of the others. */
  async table(name: Name): Promise<Table> {
    const run = await this.#six.world.ntpkit(this.#six.host(name), ["peers", "-n", "--json"], { untold: true });
    assert.equal(run.code, 0, run.stderr);
    const { hosts } = JSON.parse(run.stdout) as {
      readonly hosts: readonly { readonly associations: readonly Row[] }[];
    };
    return Object.fromEntries((hosts[0]?.associations ?? []).map((row) => [this.#six.nameOf(row.address), row]));
  }

  /** Looks at a daemon of ours until what it says is as wanted. */
  async until(name: Name, what: string, seconds: number, wanted: (table: Table) => boolean): Promise<Table> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const table = await this.table(name);
      const done = wanted(table);
      if (done) this.note(`${name} ${what}: ${shown(table)}`);
      if (done) return table;
      assert.ok(performance.now() < end, `${name} has not in ${seconds} s: ${what}; it says ${shown(table)}`);
      await sleep(LOOK * 1000);
    }
  }

  /** Asks a daemon with an ntpq until it prints what is looked for, and keeps that. */
  async ntpq(name: Name, seen: RegExp, seconds: number, which: "classic" | "ntpsec" = "classic"): Promise<string> {
    const printed = await this.#six.world.ntpq(this.#six.host(name), ["-pn"], seen, seconds, which);
    this.note(`ntpq of ${which} on ${name}:\n${printed}`);
    return printed;
  }
}

/** Whether a daemon believes another. */
export function believed(row: Row | undefined): boolean {
  return row !== undefined && "*+-#".includes(row.tally);
}

/** Whether a daemon has another and hears nothing of it. */
export function silent(row: Row | undefined): boolean {
  return row?.reach === 0 && row.tally === " " && row.reason === "unreachable";
}

function shown(table: Table): string {
  const rows = Object.entries(table).map(([name, { tally, stratum, reach, offset, reason }]) => {
    return `${tally}${name} stratum ${stratum} reach ${reach.toString(8)} ${((offset ?? 0) * 1e3).toFixed(3)} ms ${reason ?? ""}`.trimEnd();
  });
  return rows.join(", ");
}
