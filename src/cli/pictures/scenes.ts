/**
 * The README's pictures: what commands show of runs that really happened, in a world of arithmetic, so that they come out the same
 * on every machine and whoever changes what is shown is told that the pictures are stale.
 *
 * Five servers behind paths of some milliseconds; one lies, one has not set its own clock.
 */
import { onceConfig, type OnceCommand, type OnceOptions } from "../../config/options.ts";
import { parseServer } from "../../config/servers.ts";
import { liveReport } from "../../control/daemonlive.ts";
import { reselect } from "../../control/reselect.ts";
import { createEngine } from "../../engine/engine.ts";
import type { EngineConfig } from "../../engine/port/config.ts";
import type { Snapshot } from "../../engine/port/snapshot.ts";
import { securityProvider } from "../../security/symmetric.ts";
import { reportPicture } from "../../report/page.ts";
import { Watched } from "../../report/watched.ts";
import { during, lies, unsynchronized } from "../../sim/oddities.ts";
import type { Runner } from "../../sim/runner.ts";
import type { ServerOptions } from "../../sim/server.ts";
import { createWorld, type HostOptions, type SimWorld } from "../../sim/world.ts";
import { explanation } from "../../view/intervals.ts";
import { momentOf, type Moment } from "../../view/plot.ts";
import { report } from "../../view/report.ts";
import { watchScreen } from "../../view/watch-screen.ts";
import { withShadow } from "../../world/shadow.ts";
import { watching } from "../watch.ts";
import { PAINTED, terminalPicture, type Screen } from "./terminal.ts";

/** Columns. */
const WIDTH = 88;

/** A Unix time near all runs: when worlds begin. */
const PIVOT = BigInt(Date.parse("2026-11-21T00:00:00Z")) * 1_000_000n;

/** How the screen of each command is had, by the name of its picture. */
const SCENES: Readonly<Record<string, () => Omit<Screen, "width">>> = { sync, explain, watch };

/** Every picture, by its path from the top. */
export function pictures(): ReadonlyMap<string, string> {
  const screens = Object.entries(SCENES).map(
    ([name, scene]) => [name, terminalPicture({ ...scene(), width: WIDTH })] as const,
  );
  return new Map(
    [...screens, ["report", reported()] as const].map(([name, picture]) => [`man/pictures/${name}.svg`, picture]),
  );
}

const STYLE = { width: WIDTH, palette: PAINTED, wraps: true, pivot: PIVOT } as const;

/** The report of a run that sets the clock. */
function sync(): Omit<Screen, "width"> {
  const world = worldOf({ liar: { oddities: [lies(5)] }, lost: { oddities: [unsynchronized()] } });
  const runner = started(world, "sync", {}, (config) => config);
  world.run(60, () => runner.outcome !== null);
  return {
    title: "ntpkit sync asks five servers; three agree, one lies by five seconds and one has no time itself",
    command: `ntpkit sync ${NAMES.join(" ")}`,
    text: report(runner.snapshot(), STYLE),
  };
}

/** Why those lost that lost: correctness intervals against their intersection. */
function explain(): Omit<Screen, "width"> {
  const world = worldOf({ liar: { oddities: [lies(0.04)] }, lost: { oddities: [unsynchronized()] } });
  const runner = started(world, "query", { samples: 8 }, watching);
  world.run(600);
  const told = liveReport("localhost", runner.snapshot(), PIVOT);
  return {
    title: "ntpkit peers --explain draws each server's interval, and says why one is not used",
    command: "ntpkit peers --explain",
    text: explanation("localhost", reselect(told), WIDTH, PAINTED),
  };
}

/** Servers as they are now, over some minutes in which one begins to lie. */
function watch(): Omit<Screen, "width"> {
  const world = worldOf({
    liar: { oddities: [during(400, Infinity, lies(0.03))] },
    lost: { oddities: [unsynchronized()] },
  });
  const runner = started(world, "query", {}, watching);
  const moments: Moment[] = [];
  let before: Snapshot | null = null;
  for (let look = 0; look < LOOKS; look += 1) {
    world.run(BETWEEN_LOOKS);
    const snapshot = runner.snapshot();
    const at = new Date(Number(PIVOT / 1_000_000n) + world.now * 1000).toISOString().slice(11, 19);
    moments.push(momentOf(snapshot, before, false, at));
    before = snapshot;
  }
  return {
    title: "ntpkit watch draws the servers, their offsets over time and how far each may be wrong",
    command: `ntpkit watch ${NAMES.join(" ")}`,
    text: watchScreen(before!, moments, { ...STYLE, height: Infinity }),
  };
}

/** Some charts of the page that a report is, of a morning in which one server begins to lie. */
function reported(): string {
  const world = worldOf({
    liar: { oddities: [during(7200, Infinity, lies(0.02))] },
    lost: { oddities: [during(0, 4000, unsynchronized())] },
  });
  const runner = started(world, "query", {}, watching, { clockError: -0.002, oscillator: { frequency: 4e-7 } });
  const watched = new Watched();
  for (let look = 0; look < REPORTED_LOOKS; look += 1) {
    world.run(BETWEEN_REPORTED_LOOKS);
    watched.take(runner.snapshot(), Number(PIVOT / 1_000_000_000n) + world.now);
  }
  return reportPicture(watched.all);
}

/** Four hours. */
const REPORTED_LOOKS = 225;
const BETWEEN_REPORTED_LOOKS = 64;

/** As many looks as the plot has columns and more, seconds apart. */
const LOOKS = 80;
const BETWEEN_LOOKS = 8;

/** The servers, and how far away each is, seconds one way. */
const SERVERS = { honest: 0.004, truthful: 0.007, candid: 0.011, liar: 0.006, lost: 0.009 } as const;

const NAMES = Object.keys(SERVERS) as readonly (keyof typeof SERVERS)[];

/** A world with the servers, honest but for what is said of them. */
function worldOf(odd: Partial<Record<keyof typeof SERVERS, HostOptions & ServerOptions>>): SimWorld {
  const world = createWorld({ seed: "pictures", trace: false });
  for (const [index, name] of NAMES.entries())
    world.server(name, {
      addresses: [`192.0.2.${index + 1}`],
      link: { delay: SERVERS[name], jitter: { shape: "exponential", mean: 0.0004 } },
      stratum: index === 0 ? 1 : 2,
      ...odd[name],
    });
  return world;
}

/** Starts a run on a machine whose clock is a quarter of a second behind, unless it is another. */
function started(
  world: SimWorld,
  command: OnceCommand,
  options: OnceOptions,
  lasting: (config: EngineConfig) => EngineConfig,
  clock: HostOptions = { clockError: -0.25, oscillator: { frequency: 2e-5 } },
): Runner {
  const specs = NAMES.map((name) => parseServer(name));
  const config = lasting(onceConfig(command, specs, options, null, { precision: -24, ownReferenceIds: [] }));
  const security = securityProvider(null);
  return world.client(
    "localhost",
    (chance) =>
      withShadow(config, (told) => createEngine(told, { security, era: PIVOT, chance, referenceIdOf: () => 0 })),
    { ...clock, link: { delay: 0.0005 } },
  );
}
