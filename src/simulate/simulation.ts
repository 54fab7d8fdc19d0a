/** One run of a world, and what came of it: who followed whom, how wrong the clocks truly were, and how wrong they said they might be. */
import type { AssociationReport } from "../engine/port/snapshot.ts";
import type { Runner } from "../sim/runner.ts";
import type { Witness } from "../sim/trace.ts";
import { elapsed, type Mono } from "../time/mono.ts";
import { PHI, type Seconds } from "../time/seconds.ts";
import { kissAction } from "../wire/kiss.ts";
import { build, type Built, type ToldNote, type Traffic } from "./build.ts";
import type { PlannedEvent, WorldPlan } from "./plan.ts";

/** True error of a clock, its reading less true time, since it first followed somebody. */
export interface TrueError {
  readonly rms: Seconds;
  readonly worst: Seconds;
  readonly final: Seconds;
}

/** A clock at one moment of a run. */
export interface CoursePoint {
  readonly at: Seconds;
  /** Its reading less true time. */
  readonly error: Seconds;
  /** How wrong it said that it might be; `null`: it followed nobody. */
  readonly bound: Seconds | null;
}

/** What became of one host. */
export interface HostResult {
  readonly name: string;
  /** 16: it follows nobody. */
  readonly stratum: number;
  readonly systemPeer: string | null;
  readonly associations: readonly AssociationReport[];
  /** `null`: it has never followed anybody. */
  readonly error: TrueError | null;
  /** Of the time that it followed somebody: for how long true time was outside what it stated. */
  readonly outsideBound: Seconds;
  /** Since when it followed somebody at first; `null`: never. */
  readonly since: Seconds | null;
  readonly packets: Readonly<Traffic>;
  /** Its clock over time, some two thousand moments at most. */
  readonly course: readonly CoursePoint[];
}

/** What happened to a host, or in its daemon. */
export interface SimulatedEvent {
  readonly at: Seconds;
  /** `null`: to nobody in particular. */
  readonly host: string | null;
  readonly what: string;
  /** Whom it follows now. */
  readonly peer?: string | null;
  /** What a clock was stepped by, or drifts by from now on. */
  readonly by?: number;
  readonly lasting?: Seconds;
  readonly why?: string;
}

/** One run. */
export interface Simulated {
  readonly seed: string;
  readonly duration: Seconds;
  readonly hosts: readonly HostResult[];
  readonly events: readonly SimulatedEvent[];
}

/** Clocks are looked at so often at least, seconds, and so many times a run. */
const LOOK: Seconds = 60;
const LOOKS = 240;

/** So many moments of a clock are kept, about. */
const MOST_MOMENTS = 2000;

/** At every so many looks a host is asked what it states. */
const ASKED_EVERY = 5;

/**
 * Runs a world to its end.
 * @param witness is told of everything that happens; what it throws ends the run
 */
export async function simulate(plan: WorldPlan, seed: string, witness: Witness | null = null): Promise<Simulated> {
  const built = await build(plan, seed, witness);
  const { world, hosts } = built;
  const interval = Math.min(LOOK, plan.duration / LOOKS);
  const records = new Map([...hosts.keys()].map((name) => [name, new HostRecord(interval, plan.duration)]));
  // Between the full minutes, at which much happens.
  for (let at = interval / 2; at < plan.duration; at += interval) {
    world.run(at - world.now);
    for (const [name, runner] of hosts) records.get(name)!.look(runner, world.now, built.leapt());
  }
  world.run(plan.duration - world.now);
  for (const [name, { machine }] of hosts) records.get(name)!.end(machine.error - built.leapt());
  return {
    seed,
    duration: plan.duration,
    hosts: [...hosts].map(([name, runner]) => resultOf(name, runner, records.get(name)!, built)),
    events: eventsOf(plan, built),
  };
}

/** What a host states of its clock. */
interface Stated {
  /** It has the time from somebody. */
  readonly follows: boolean;
  readonly rootDistance: Seconds;
  readonly at: Mono;
}

/** The looks at one host. */
class HostRecord {
  readonly #interval: Seconds;
  /** Of so many looks one is kept. */
  readonly #keptEvery: number;
  readonly course: CoursePoint[] = [];
  #looks = 0;
  #squares = 0;
  #count = 0;
  #worst = 0;
  #final = 0;
  #stated: Stated = { follows: false, rootDistance: 0, at: 0 as Mono };
  outside: Seconds = 0;
  since: Seconds | null = null;

  constructor(interval: Seconds, duration: Seconds) {
    this.#interval = interval;
    this.#keptEvery = Math.ceil(duration / interval / MOST_MOMENTS);
  }

  get error(): TrueError | null {
    if (this.since === null) return null;
    return { rms: Math.sqrt(this.#squares / this.#count), worst: this.#worst, final: this.#final };
  }

  /** What the clock is off by in the end. */
  end(error: Seconds): void {
    this.#final = error;
  }

  look(runner: Runner, at: Seconds, leapt: Seconds): void {
    const { machine } = runner;
    // To ask a daemon for all that it knows is dear: it is done now and then, and before it is accused of anything.
    const look = this.#looks++;
    if (look % ASKED_EVERY === 0 || this.since === null) this.#stated = statedBy(runner);
    if (this.#stated.follows) this.since ??= at;
    const error = machine.error - leapt;
    if (look % this.#keptEvery === 0) this.course.push({ at, error, bound: this.#bound(machine.mono()) });
    if (this.since === null) return;
    this.#squares += error ** 2;
    this.#count += 1;
    if (Math.abs(error) > Math.abs(this.#worst)) this.#worst = error;
    if (this.#isOutside(error, machine.mono())) {
      this.#stated = statedBy(runner);
      if (this.#isOutside(error, machine.mono())) this.outside += this.#interval;
    }
  }

  /** What is stated grows from the moment it was stated. */
  #isOutside(error: Seconds, now: Mono): boolean {
    const bound = this.#bound(now);
    return bound !== null && Math.abs(error) > bound;
  }

  #bound(now: Mono): Seconds | null {
    const { follows, rootDistance, at } = this.#stated;
    return follows ? rootDistance + PHI * Math.max(0, elapsed(at, now)) : null;
  }
}

function statedBy({ engine, machine }: Runner): Stated {
  const now = machine.now();
  const { system, judgedAt = now.mono } = engine.snapshot(now);
  return { follows: system.systemPeer !== null, rootDistance: system.rootDistance ?? 0, at: judgedAt };
}

function resultOf(name: string, runner: Runner, record: HostRecord, { nameOf, traffic }: Built): HostResult {
  const { system, associations } = runner.snapshot();
  const named = associations.map((one) => ({ ...one, name: one.address === null ? one.name : nameOf(one.address) }));
  return {
    name,
    stratum: system.stratum,
    systemPeer: named.find(({ id }) => id === system.systemPeer)?.name ?? null,
    associations: named,
    error: record.error,
    outsideBound: record.outside,
    since: record.since,
    packets: traffic.get(name)!,
    course: record.course,
  };
}

/** What was planned and what the hosts noted, in the order in which it happened. */
function eventsOf(plan: WorldPlan, { notes, nameOf }: Built): readonly SimulatedEvent[] {
  const planned = plan.events.flatMap(plannedEvents);
  const noted = notes.flatMap(({ at, host, note }): SimulatedEvent[] => {
    const told = notedEvent(note, nameOf);
    return told === null ? [] : [{ at, host, ...told }];
  });
  return [...planned, ...noted].toSorted((one, other) => one.at - other.at);
}

function plannedEvents(event: PlannedEvent): readonly SimulatedEvent[] {
  const { at, what } = event;
  const more = {
    ...("by" in event ? { by: event.by } : {}),
    ...("lasting" in event ? { lasting: event.lasting } : {}),
    ...("leap" in event ? { why: event.leap } : {}),
  };
  return event.who.length === 0
    ? [{ at, host: null, what, ...more }]
    : event.who.map((host) => ({ at, host, what, ...more }));
}

function notedEvent(note: ToldNote, nameOf: Built["nameOf"]): Omit<SimulatedEvent, "at" | "host"> | null {
  switch (note.what) {
    case "systemPeer":
      return { what: "follows", peer: note.address === null ? null : nameOf(note.address.ip) };
    case "clockStepped":
      // What somebody else did was planned, and stands there.
      return note.whose === "ours" ? { what: "stepped", by: note.by } : null;
    case "clockRefused":
      return { what: "clockRefused", why: note.why };
    case "kiss":
      // Whoever is not yet synchronized says so by a kiss, too.
      return kissAction(note.code) === "none" ? null : { what: "kiss", peer: nameOf(note.address.ip), why: note.code };
    case "leapSecond":
      return { what: "leapSecond", why: note.leap };
  }
}
