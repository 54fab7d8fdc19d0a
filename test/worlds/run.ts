/**
 * Runs generated worlds, and holds them to what is promised: `npm run worlds -- --seeds N --seconds S [--hours H] [--seed X]`.
 *
 * A world that breaks a promise is shrunk, and printed as a scenario that can be pasted into `test/scenarios/`.
 */
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Snapshot } from "../../src/engine/port/snapshot.ts";
import type { Runner } from "../../src/sim/runner.ts";
import { MAXSTRAT } from "../../src/wire/header.ts";
import { build, GROUP, LEAP_AT, worldKeys, type Built, type WorldKeys } from "./build.ts";
import { draw } from "./draw.ts";
import type { Plan, PlannedHost } from "./plan.ts";
import { printed } from "./print.ts";
import { foundOf, PROMISES, type Check, type Look } from "./promises.ts";
import { shrunk } from "./shrink.ts";
import { Watch } from "./watch.ts";

/** A promise that was broken. */
export interface Broken {
  readonly promise: string;
  /** Which host, when, and how. */
  readonly how: string;
}

/** How often every host is looked at, seconds. */
const LOOKED_AT = 300;

/** Runs a plan to its end, or to the first promise that is broken. @param promises by name; all unless said */
export function brokenBy(
  plan: Plan,
  keys: WorldKeys,
  promises: Readonly<Record<string, Check>> = PROMISES,
): Broken | null {
  const built = build(plan, keys);
  const highest = new Map<string, number>();
  /** Since when a host has held more than maxclock that were found. */
  const crowdedSince = new Map<string, number>();
  const watch = new Watch(built.world, GROUP);
  const before = new Map<string, { readonly runner: Runner; readonly snapshot: Snapshot }>();
  try {
    for (let at = LOOKED_AT; at <= plan.hours * 3600; at += LOOKED_AT) {
      built.world.run(LOOKED_AT);
      for (const host of plan.hosts) {
        const runner = built.hosts.get(host.name)!;
        if (runner.machine.asleep) continue;
        const earlier = before.get(host.name);
        // A daemon that has started anew is another.
        const last = earlier?.runner === runner ? earlier.snapshot : null;
        const { stratum } = runner.snapshot().system;
        if (stratum < MAXSTRAT) highest.set(host.name, Math.max(stratum, highest.get(host.name) ?? 0));
        if (foundOf(runner.snapshot()).length <= host.maxclock || last === null) crowdedSince.set(host.name, at);
        const crowded = at - crowdedSince.get(host.name)!;
        const look = { ...lookAt(plan, built, host, runner, last, watch, highest), crowded };
        for (const [promise, check] of Object.entries(promises)) {
          const how = check(look);
          if (how !== null) return { promise, how: `${host.name} at ${at} s: ${how}` };
        }
        before.set(host.name, { runner, snapshot: look.snapshot });
      }
    }
  } catch (error) {
    return {
      promise: "no exception",
      how: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
  return null;
}

function lookAt(
  plan: Plan,
  built: Built,
  host: PlannedHost,
  runner: Runner,
  before: Snapshot | null,
  watch: Watch,
  highest: ReadonlyMap<string, number>,
): Omit<Look, "crowded"> {
  const { world, site, characters } = built;
  const past = plan.events.filter(({ at }) => at <= world.now);
  const ends = past.map((event) => event.at + ("lasting" in event ? event.lasting : 0));
  if (plan.beginning === "leap" && world.now >= LEAP_AT) ends.push(LEAP_AT + 300);
  const nudges = past.flatMap((event) =>
    event.what === "nudge" && event.who === host.name ? [Math.abs(event.by)] : [],
  );
  return {
    host,
    runner,
    snapshot: runner.snapshot(),
    before,
    since: LOOKED_AT,
    at: world.now,
    calm: world.now - Math.max(0, ...ends),
    error: runner.machine.error - built.leapt,
    nudged: Math.abs(host.clockError) + nudges.reduce((sum, by) => sum + by, 0),
    configured: plan.sources.length + plan.hosts.length,
    sources: characters.size,
    honest: [...characters.values()].filter((character) => character === "honest").length,
    leastSearching: watch.leastSearching,
    highest: highest.get(host.name) ?? 0,
    together: watch.peakOf(runner),
    askedThoughDenied: watch.askedThoughDenied(runner),
    askedInClear: watch.askedInClear(runner).filter((ip) => characters.has(site.nameOf(ip))),
    actions: runner.most,
    remembered: JSON.stringify(runner.memory).length,
    characterOf: ({ address }) => characters.get(site.nameOf(address)),
  };
}

/** What running many worlds came to. */
export interface Campaign {
  /** The seeds that were run to their end. */
  readonly seeds: readonly string[];
  readonly broken: readonly { readonly plan: Plan; readonly broken: Broken }[];
}

/**
 * Runs worlds by their seeds, until they or the time are over.
 * @param seconds `Infinity`: every seed, however long it takes, so that what is found depends on nothing but the seeds
 */
export function campaign(
  seeds: Iterable<string>,
  seconds: number,
  hours: number | undefined,
  keys: WorldKeys,
): Campaign {
  const clock = (): number => performance.now() / 1000;
  const end = clock() + seconds;
  const broken: { readonly plan: Plan; readonly broken: Broken }[] = [];
  const run: string[] = [];
  for (const seed of seeds) {
    if (clock() >= end) break;
    run.push(seed);
    const plan = draw(seed, hours);
    const found = brokenBy(plan, keys);
    if (found === null) continue;
    // Shrinking may take as long again as all the running.
    const isAsBad = (smaller: Plan): boolean =>
      clock() < end + seconds && brokenBy(smaller, keys)?.promise === found.promise;
    const least = shrunk(plan, isAsBad);
    broken.push({ plan: least, broken: brokenBy(least, keys) ?? found });
  }
  return { seeds: run, broken };
}

/** `1`, `2` … */
export function* seedsFrom(first: number, count: number): Generator<string> {
  for (let seed = first; seed < first + count; seed += 1) yield String(seed);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "1000000" },
      seconds: { type: "string", default: "60" },
      hours: { type: "string" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
    },
  });
  const seeds = values.seed === undefined ? seedsFrom(Number(values.from), Number(values.seeds)) : [values.seed];
  const hours = values.hours === undefined ? undefined : Number(values.hours);
  const { seeds: run, broken } = campaign(seeds, Number(values.seconds), hours, await worldKeys());
  for (const { plan, broken: found } of broken) process.stdout.write(`${printed(plan, found)}\n`);
  const span = run.length === 0 ? "" : ` (seeds ${run[0]} to ${run.at(-1)})`;
  process.stdout.write(`${run.length} worlds${span}, ${broken.length} of them with a broken promise\n`);
  process.exitCode = broken.length === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
