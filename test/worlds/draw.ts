/** The generator: a seed → the plan of a world nobody thought of. */
import type { EstablishFault } from "../../src/engine/port/establish.ts";
import { createChance, type SimChance } from "../../src/sim/chance.ts";
import { PHI } from "../../src/time/seconds.ts";
import type {
  Character,
  Mode,
  Plan,
  PlannedAttacker,
  PlannedCaster,
  PlannedEvent,
  PlannedHost,
  PlannedLink,
  PlannedSource,
} from "./plan.ts";

/** How long a world lasts unless said. */
const HOURS = 12;

/** Draws a world. */
export function draw(seed: string, hours: number = HOURS): Plan {
  const chance = createChance(`world ${seed}`);
  const sources = drawCamps(createChance(`camps ${seed}`), drawSources(chance));
  const security = createChance(`nts ${seed}`);
  const isSecure = security.happens(0.3);
  const aslant = createChance(`aslant ${seed}`);
  const hosts = Array.from({ length: 1 + chance.below(4) }, (_, index) => ({
    ...slanted(aslant, drawHost(chance, `host${index + 1}`)),
    nts: isSecure && security.happens(0.8),
  }));
  const casters = chance.happens(0.3) ? [drawCaster(chance)] : [];
  const crowd = chance.happens(0.15) ? 10 + chance.below(21) : 0;
  const names = { hosts: hosts.map(({ name }) => name), sources: sources.map(({ name }) => name) };
  const events = Array.from({ length: chance.below(6) }, () => drawEvent(chance, names, hours * 3600));
  // By chance of its own, so that the rest of a world is what it was.
  events.push(...drawConspiracy(createChance(`conspiracy ${seed}`), hours * 3600));
  if (isSecure) events.push(...drawKeyEvents(security, names.sources, hours * 3600));
  const beginning = one(chance, ["someday", "someday", "someday", "era", "leap"] as const);
  const attacker = chance.happens(0.5) ? drawAttacker(chance) : null;
  return { seed, hours, beginning, sources, casters, crowd, hosts, events, attacker };
}

function one<Item>(chance: SimChance, items: readonly Item[]): Item {
  return items[chance.below(items.length)]!;
}

function between(chance: SimChance, least: number, most: number): number {
  return least + (most - least) * chance.uniform();
}

/** As many of each size as of each other: a millisecond is not thought of less than a second. */
function size(chance: SimChance, least: number, most: number): number {
  return Math.exp(between(chance, Math.log(least), Math.log(most)));
}

function sign(chance: SimChance): number {
  return chance.happens(0.5) ? 1 : -1;
}

/** Three honest sources at least, and fewer that are wrong in any way. */
function drawSources(chance: SimChance): readonly PlannedSource[] {
  const honest = 3 + chance.below(5);
  const wrong = chance.below(honest);
  const characters: readonly Character[] = ["liar", "liar", "silent", "unsynchronized", "denying"];
  const drawn = [
    ...Array.from({ length: honest }, () => "honest" as const),
    ...Array.from({ length: wrong }, () => one(chance, characters)),
  ];
  return chance.shuffled(drawn).map((character, index) => drawSource(chance, `source${index + 1}`, character));
}

function drawSource(chance: SimChance, name: string, character: Character): PlannedSource {
  const rootDispersion = size(chance, 1e-4, 0.2);
  const error = character === "liar" ? lie(chance) : sign(chance) * rootDispersion * between(chance, 0, 0.9);
  return {
    name,
    character,
    stratum: 1 + chance.below(4),
    error,
    rootDispersion,
    link: drawLink(chance),
  };
}

/** Sometimes there are two camps, as many who tell one lie as are honest, and who listens to all of them can follow nobody. */
function drawCamps(chance: SimChance, sources: readonly PlannedSource[]): readonly PlannedSource[] {
  if (!chance.happens(0.12)) return sources;
  const error = lie(chance);
  const honest = sources.filter(({ character }) => character === "honest");
  const camp = honest.map((source, index) => ({
    ...source,
    name: `source${honest.length + index + 1}`,
    character: "liar" as const,
    error,
  }));
  return chance.shuffled([...honest.map((source, index) => ({ ...source, name: `source${index + 1}` })), ...camp]);
}

/** Sometimes a host's line is slow in one direction alone: the worst that a delay may hide, and all that a distance is made for. */
function slanted<Host extends Pick<PlannedHost, "link">>(chance: SimChance, host: Host): Host {
  if (!chance.happens(0.1)) return host;
  const delay = size(chance, 0.01, 0.5);
  const [out, back] = chance.happens(0.5) ? [delay, 0] : [0, delay];
  return { ...host, link: { ...host.link, out, in: back, jitter: host.link.jitter / 10 } };
}

/** Beyond any interval that is taken: root distances end at 1.5 s. */
function lie(chance: SimChance): number {
  return sign(chance) * size(chance, 5, 5000);
}

function drawLink(chance: SimChance): PlannedLink {
  const base = size(chance, 1e-4, 0.2);
  const asymmetry = chance.happens(0.3) ? between(chance, 0, 1) : 0;
  return {
    out: base * (1 + asymmetry),
    in: base * (1 - asymmetry),
    jitter: base * between(chance, 0, 0.3),
    loss: chance.happens(0.5) ? between(chance, 0, 0.2) : 0,
    duplication: chance.happens(0.2) ? between(chance, 0, 0.2) : 0,
    reordering: chance.happens(0.2) ? between(chance, 0, 0.2) : 0,
  };
}

/** The more often, the more there is to combine. */
const MODES: readonly Mode[] = [
  "client",
  "client",
  "pool",
  "pool",
  "pools",
  "named",
  "manycast",
  "peers",
  "broadcast",
  "multicast",
  "listener",
  "listener",
  "orphan",
];

function drawHost(chance: SimChance, name: string): Omit<PlannedHost, "nts"> {
  const mode = one(chance, MODES);
  const minpoll = 4 + chance.below(4);
  return {
    name,
    mode,
    iburst: chance.happens(0.7),
    burst: chance.happens(0.2),
    minpoll,
    maxpoll: minpoll + chance.below(5),
    maxclock: one(chance, [3, 5, 10]),
    keyed: chance.happens(0.5),
    clockError: sign(chance) * size(chance, 1e-4, 100),
    // What every interval takes for granted of a clock (PHI); a worse one is beyond the standard's own promise.
    frequency: between(chance, -PHI, PHI),
    wander: chance.happens(0.5) ? 1e-10 : 0,
    link: drawLink(chance),
  };
}

function drawCaster(chance: SimChance): PlannedCaster {
  return {
    name: "caster",
    to: chance.happens(0.5) ? "broadcast" : "multicast",
    interval: one(chance, [16, 64]),
  };
}

function drawEvent(
  chance: SimChance,
  { hosts, sources }: { readonly hosts: readonly string[]; readonly sources: readonly string[] },
  end: number,
): PlannedEvent {
  const at = Math.round(between(chance, 600, end - 600));
  const stations = [...hosts, ...sources];
  switch (chance.below(9)) {
    case 0:
      return {
        at,
        what: "nudge",
        who: one(chance, hosts),
        by: sign(chance) * size(chance, 1e-3, 10),
      };
    case 1:
      return {
        at,
        what: "sleep",
        who: one(chance, hosts),
        lasting: Math.round(size(chance, 10, 7200)),
      };
    case 2: {
      const who = chance.shuffled(stations).slice(0, 1 + chance.below(stations.length));
      return { at, what: "parting", who, lasting: Math.round(size(chance, 60, 7200)) };
    }
    case 3:
      return { at, what: "restart", who: one(chance, hosts) };
    case 4:
      return { at, what: "rekey", who: one(chance, hosts) };
    case 5:
      return { at, what: "renumber", who: one(chance, stations) };
    case 6: {
      const how = one(chance, ["again", "notFound", "failed"] as const);
      return { at, what: "outage", lasting: Math.round(size(chance, 60, 7200)), how };
    }
    case 7:
      return {
        at,
        what: "flood",
        who: one(chance, hosts),
        packets: Math.round(size(chance, 10, 3000)),
      };
    default: {
      const to = one<Character>(chance, ["liar", "silent", "unsynchronized", "denying", "honest"]);
      return {
        at,
        what: "turn",
        who: one(chance, sources),
        to,
        error: to === "liar" ? lie(chance) : 0,
      };
    }
  }
}

/** As often below the panic threshold as above it. */
function drawConspiracy(chance: SimChance, end: number): readonly PlannedEvent[] {
  if (!chance.happens(0.15)) return [];
  const at = Math.round(between(chance, end / 3, end - 600));
  return [{ at, what: "conspiracy", error: sign(chance) * size(chance, 100, 10_000) }];
}

/** Of key establishment and the keys of cookies: as often nothing at all as much of it. */
function drawKeyEvents(chance: SimChance, sources: readonly string[], end: number): readonly PlannedEvent[] {
  return Array.from({ length: chance.below(8) }, (): PlannedEvent => {
    const at = Math.round(chance.happens(0.2) ? 0 : between(chance, 0, end - 600));
    const who = one(chance, sources);
    const what = one(chance, ["newKey", "forget", "keyless"] as const);
    if (what !== "keyless") return { at, what, who };
    const why = one<EstablishFault>(chance, ["refused", "silent", "untrusted", "expired", "tlsSilent"]);
    return { at, what, who, lasting: Math.round(size(chance, 60, 7200)), why };
  });
}

function drawAttacker(chance: SimChance): PlannedAttacker {
  const modes = [1, 2, 3, 4, 5].filter(() => chance.happens(0.6));
  return {
    interval: size(chance, 0.5, 60),
    modes: modes.length === 0 ? [4] : modes,
    replays: chance.happens(0.5),
  };
}
