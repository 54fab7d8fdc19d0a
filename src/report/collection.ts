/** Everything that a report is drawn from, gathered row by row in bounded memory, and what was left out of it. */
import type { Seconds } from "../time/seconds.ts";
import { readLine, type Followed, type Row, type Unread } from "./lines.ts";
import { Remembered } from "./remembered.ts";
import { Scatter, Series } from "./series.ts";

/** One server. */
export interface ServerFigures {
  readonly name: string;
  readonly offset: Series;
  readonly delay: Series;
  /** Offsets by the delays that they were measured with. */
  readonly wedge: Scatter;
  /** 0 it was refused, 1 it would have done, 2 it was followed. */
  readonly verdict: Series;
  /** The last measurement that says how wrong it may be. */
  last: { readonly at: Seconds; readonly offset: Seconds; readonly distance: Seconds } | null;
}

/** So many servers are told of; a pool has had more in a year. */
const MOST_SERVERS = 64;
/** A clock that moves by more than this from one row to the next has been stepped, seconds (ntpd's step threshold). */
const STEP: Seconds = 0.128;
/** A daemon's whole seconds and those of its rows differ by less, seconds. */
const SLACK: Seconds = 2;
/** So many steps are told of. */
const MOST_STEPS = 100;
const RANKS: Readonly<Record<Followed, number>> = { refused: 0, good: 1, followed: 2 };

/** What has been gathered. */
export class Collection {
  readonly offset: Series = new Series();
  readonly frequency: Series = new Series();
  readonly jitter: Series = new Series();
  /** Of the daemon's clients, packets a second: what came, what was refused, and what came too often. */
  readonly received: Series = new Series();
  readonly refused: Series = new Series();
  readonly limited: Series = new Series();
  readonly servers: Map<string, ServerFigures> = new Map();
  /** Steps of the clock, in the order in which they were read. */
  readonly steps: { readonly at: Seconds; readonly by: Seconds }[] = [];
  rows = 0;
  /** Rows that came again. */
  repeated = 0;
  /** Lines that nobody here can read, and lines whose figures make no sense (NaN, impossible dates). */
  readonly unread: Record<Exclude<Unread, "comment">, number> = { foreign: 0, broken: 0 };
  /** Rows of servers beyond those that are told of. */
  surplus = 0;
  from: Seconds = Infinity;
  until: Seconds = -Infinity;
  readonly #seen: Remembered = new Remembered();
  #service: (Row & { readonly kind: "service" }) | null = null;
  #before: { readonly at: Seconds; readonly offset: Seconds } | null = null;

  /** Takes a line of any file. */
  add(line: string): void {
    this.take(readLine(line));
  }

  /** Takes what a line is. */
  take(row: Row | Unread): void {
    if (row === "comment") return;
    if (typeof row === "string") this.unread[row] += 1;
    else if (this.#seen.has(row)) this.repeated += 1;
    else this.#take(row);
  }

  #take(row: Row): void {
    this.rows += 1;
    this.from = Math.min(this.from, row.at);
    this.until = Math.max(this.until, row.at);
    if (row.kind === "server") return this.#takeServer(row);
    if (row.kind === "service") return this.#takeService(row);
    const { at, offset, frequency, jitter } = row;
    this.offset.add(at, offset);
    if (frequency !== null) this.frequency.add(at, frequency);
    if (jitter !== null) this.jitter.add(at, jitter);
    const by = this.#before === null || at < this.#before.at ? 0 : offset - this.#before.offset;
    if (Math.abs(by) > STEP && this.steps.length < MOST_STEPS) this.steps.push({ at, by });
    this.#before = { at, offset };
  }

  #takeServer({ at, server, offset, delay, dispersion, verdict }: Row & { readonly kind: "server" }): void {
    const figures = this.#server(server);
    if (figures === null) return void (this.surplus += 1);
    figures.offset.add(at, offset);
    if (delay !== null) {
      figures.delay.add(at, delay);
      figures.wedge.add(delay, offset);
    }
    if (verdict !== null) figures.verdict.add(at, RANKS[verdict]);
    if (delay !== null && dispersion !== null && at >= (figures.last?.at ?? -Infinity))
      figures.last = { at, offset, distance: Math.max(0, delay) / 2 + Math.abs(dispersion) };
  }

  /** ntpd counts anew with each row, others go on: what has come since the row before is a difference then. */
  #takeService(row: Row & { readonly kind: "service" }): void {
    const before = this.#service;
    this.#service = row;
    const goesOn =
      before !== null && row.since > before.since && Math.abs(row.since - before.since - (row.at - before.at)) < SLACK;
    const of = (what: "received" | "refused" | "limited" | "since"): number => row[what] - (goesOn ? before[what] : 0);
    for (const what of ["received", "refused", "limited"] as const)
      this[what].add(row.at, Math.max(0, of(what)) / of("since"));
  }

  #server(name: string): ServerFigures | null {
    const before = this.servers.get(name);
    if (before !== undefined) return before;
    if (this.servers.size >= MOST_SERVERS) return null;
    const figures = {
      name,
      offset: new Series(),
      delay: new Series(),
      wedge: new Scatter(),
      verdict: new Series(),
      last: null,
    };
    this.servers.set(name, figures);
    return figures;
  }
}
