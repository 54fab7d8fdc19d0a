/**
 * What is promised whatever happens: one row a promise, each checked all along a generated world.
 *
 * A row looks at one host at one moment, beside what it looked like a moment ago, and says what is broken. What is true of a
 * source only the world knows.
 */
import type { AssociationReport, Snapshot } from "../../src/engine/port/snapshot.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { Seconds } from "../../src/time/seconds.ts";
import type { Character, PlannedHost } from "./plan.ts";

/** A host as it is looked at. */
export interface Look {
  readonly host: PlannedHost;
  readonly runner: Runner;
  readonly snapshot: Snapshot;
  /** The look before; `null` at first. */
  readonly before: Snapshot | null;
  /** How long ago that was. */
  readonly since: Seconds;
  /** True time since the world began, and since something last happened to anybody. */
  readonly at: Seconds;
  readonly calm: Seconds;
  /** The clock's error, clock − true. */
  readonly error: Seconds;
  /** All that somebody else has set the clock by, and what it was off by at first, seconds. */
  readonly nudged: Seconds;
  /** No host has more configured lines. */
  readonly configured: number;
  /** For how long it has held more than maxclock that were found, seconds. */
  readonly crowded: Seconds;
  /** How many of the sources are honest now, and how many there are. */
  readonly honest: number;
  readonly sources: number;
  /** The least stratum that anybody has searched from so far, 1 … 16. */
  readonly leastSearching: number;
  /** The highest stratum that it was seen at while it was synchronized. */
  readonly highest: number;
  /** The most answers to one question of its own that set out within 10 ms. */
  readonly together: number;
  /** Whom it has asked since it was known to deny it, in words. */
  readonly askedThoughDenied: readonly string[];
  /** The most actions it has asked for at one event. */
  readonly actions: number;
  /** Octets of what it leaves to the next run. */
  readonly remembered: number;
  /** The sources that it has asked in clear. */
  readonly askedInClear: readonly string[];
  /** What an association's server is; `undefined`: another host. */
  readonly characterOf: (association: AssociationReport) => Character | undefined;
}

/** What is broken, in words; `null`: nothing. */
export type Check = (look: Look) => string | null;

/** `--panic`'s default, seconds. */
const PANIC = 1000;
/** By then a host that reaches three honest servers is synchronized: eight polls of the longest first interval, and the volley. */
const TO_SYNCHRONIZE = 3600;
/** So long after anything has happened all samples are from after it. */
const SETTLED = 3 * 3600;
/** No server is asked more often on the average, seconds; a burst is eight packets. */
const HEADWAY = 2;
const BURST = 8;

/** Polls that the reachability register remembers (RFC 5905 §13). */
const REGISTER = 8;
/** A host wants at least so many survivors (minclock's default). */
const MINCLOCK = 3;
/** A volley by which a broadcast client learns how far its server is: a burst, and what is asked again. */
const VOLLEY = 2 * BURST;
/** A search grabs whoever answers, so many times maxclock, and prunes the worst (seed 002), by which each has been asked so often. */
const CROWD = 2;
const TRIAL = 10;
/** So many answers within 10 ms implode on whoever asked; forty servers that spread them over half a second send one. */
const TOGETHER = 8;
/** An event makes no more work than a few actions an association. */
const ACTIONS = 8;
const WIDER = 1.05;
/** Octets remembered of an association, at most, and of everything else. */
const REMEMBERED = 4096;

const FOLLOWED: ReadonlySet<AssociationReport["verdict"]> = new Set(["systemPeer", "survivor"]);

/** Fit to be selected: those of whom most must be honest. */
function candidates({ snapshot }: Look): readonly AssociationReport[] {
  return snapshot.associations.filter(({ verdict }) => verdict !== "rejected");
}

/** Most candidates are sources whose intervals contain the truth, and nothing has lately changed under them. */
function hasHonestMajority(look: Look): boolean {
  const all = candidates(look);
  return look.calm > SETTLED && 2 * all.filter((one) => look.characterOf(one) === "honest").length > all.length;
}

/** Between two camps whoever comes next decides, and those who were followed, or are honest, are falsetickers then. */
function areMostHonest({ honest, sources }: Look): boolean {
  return 2 * honest > sources;
}

/** How many intervals have one place in common; each a little wider, for they were judged a little earlier. */
function mostAgreed(associations: readonly AssociationReport[]): number {
  const intervals = associations.flatMap(({ offset, rootDistance }) =>
    offset === null || rootDistance === null
      ? []
      : [{ low: offset - WIDER * rootDistance, high: offset + WIDER * rootDistance }],
  );
  return Math.max(
    0,
    ...intervals.map(({ low }) => intervals.filter((one) => one.low <= low && low <= one.high).length),
  );
}

function listed(associations: readonly AssociationReport[]): string {
  return associations
    .map(({ name, address, offset, rootDistance }) => `${name} ${address} ${offset} ± ${rootDistance}`)
    .join(", ");
}

/**
 * Whom a host has found beyond those that were configured. Who has sent it away stays listed, lest he be found and asked again, and holds
 * nobody's place.
 */
export function foundOf({ associations }: Snapshot): readonly AssociationReport[] {
  return associations.filter(
    ({ lifetime, address, reason }) => lifetime !== "persistent" && address !== null && reason !== "denied",
  );
}

/** By name. */
export const PROMISES: Readonly<Record<string, Check>> = {
  "no honest server is called a falseticker by a majority of them": (look) => {
    if (!hasHonestMajority(look)) return null;
    const wronged = look.snapshot.associations.filter(
      (one) => one.verdict === "falseticker" && look.characterOf(one) === "honest",
    );
    return wronged.length === 0 ? null : listed(wronged);
  },
  "no liar is followed where most are honest": (look) => {
    if (!hasHonestMajority(look)) return null;
    const liars = look.snapshot.associations.filter(
      (one) => FOLLOWED.has(one.verdict) && look.characterOf(one) === "liar",
    );
    return liars.length === 0 ? null : listed(liars);
  },
  "nobody is followed where no majority agrees": (look) => {
    if (look.snapshot.system.systemPeer === null || look.calm < SETTLED) return null;
    const all = candidates(look);
    const agreed = mostAgreed(all);
    return 2 * agreed > all.length ? null : `${agreed} of ${all.length} agree: ${listed(all)}`;
  },
  "true time lies within the uncertainty that is stated": (look) => {
    const { rootDistance, systemPeer } = look.snapshot.system;
    if (systemPeer === null || rootDistance === null || !hasHonestMajority(look)) return null;
    return Math.abs(look.error) <= rootDistance ? null : `off by ${look.error} s, stated ${rootDistance} s`;
  },
  "three reachable honest servers synchronize it": (look) => {
    if (look.snapshot.system.systemPeer !== null || look.calm < SETTLED + TO_SYNCHRONIZE) return null;
    const honest = look.snapshot.associations.filter(
      (one) => look.characterOf(one) === "honest" && one.reach === 0o377 && one.verdict !== "rejected",
    );
    return honest.length >= 3 && hasHonestMajority(look) ? `${listed(honest)}: none is followed` : null;
  },
  "a name's silent address is replaced by one that answers": ({ host, honest, calm, snapshot }) => {
    if (host.mode !== "named" || honest === 0 || calm < SETTLED + TO_SYNCHRONIZE) return null;
    const mute = snapshot.associations.filter(({ packets }) => packets.received === 0);
    return mute.length === 0 ? null : `${listed(mute)} has never answered, and ${honest} others would`;
  },
  "a search from no lower a stratum is answered": ({ leastSearching, snapshot, highest }) => {
    const declined = snapshot.served?.stratum ?? 0;
    // At its highest it was no higher than whoever searched.
    return declined === 0 || highest > leastSearching ? null : `${declined} declined at stratum ${highest} or lower`;
  },
  "no address is asked twice": ({ snapshot }) => {
    const addresses = snapshot.associations.flatMap(({ address, mode }) =>
      address === null || mode === "broadcast" ? [] : [`${address} ${mode}`],
    );
    const twice = addresses.filter((address, index) => addresses.indexOf(address) !== index);
    return twice.length === 0 ? null : twice.join(", ");
  },
  "never more than a crowd is found beyond the configured, and maxclock once it had its trial": (look) => {
    const { host, crowded } = look;
    const found = foundOf(look.snapshot).length;
    if (found > CROWD * host.maxclock) return `${found}, at most ${CROWD} times ${host.maxclock}`;
    const trial = TRIAL * 2 ** host.maxpoll;
    return crowded <= trial ? null : `${found} of ${host.maxclock} for ${crowded} s, at most ${trial} s`;
  },
  "no survivor is dismissed": (look) => {
    const { snapshot, before, since, calm } = look;
    if (before === null || !areMostHonest(look)) return null;
    // Whoever is gone from his address is out of reach after eight polls, and then somebody else has his place.
    const mayBeGone = (poll: number): boolean => REGISTER * 2 ** poll < since && calm < 2 * since;
    const here = new Set(snapshot.associations.map(({ address }) => address));
    const lost = before.associations.filter(
      ({ verdict, address, reach, lifetime, poll }) =>
        FOLLOWED.has(verdict) && reach === 0o377 && lifetime !== "persistent" && !here.has(address) && !mayBeGone(poll),
    );
    return lost.length === 0 ? null : listed(lost);
  },
  "the set never falls below minclock by dismissing the healthy": (look) => {
    const { host, snapshot, before, since } = look;
    if (before === null || look.calm < SETTLED || !areMostHonest(look)) return null;
    const here = new Set(snapshot.associations.map(({ address }) => address));
    const isHealthy = (one: AssociationReport): boolean => one.reach !== 0 && look.characterOf(one) === "honest";
    // Where the register is shorter than the time between two looks, whoever lost one answer may have lost all since, and is out of reach.
    const isStale = REGISTER * 2 ** host.minpoll < since;
    const wasHealthy = (one: AssociationReport): boolean => isHealthy(one) && (!isStale || one.reach === 0o377);
    const lost = before.associations.filter((one) => wasHealthy(one) && !here.has(one.address));
    const left = snapshot.associations.filter(isHealthy).length;
    return lost.length === 0 || left >= MINCLOCK ? null : `${left} are left after ${listed(lost)}`;
  },
  "whoever denied it is not asked again": ({ askedThoughDenied }) =>
    askedThoughDenied.length === 0 ? null : askedThoughDenied.join(", "),
  "no answers implode": ({ together }) => (together <= TOGETHER ? null : `${together} answers in 10 ms`),
  "every volley ends": ({ snapshot }) => {
    const endless = snapshot.associations.filter(
      ({ lifetime, mode, packets }) => lifetime === "ephemeral" && mode === "broadcast" && packets.sent > VOLLEY,
    );
    return endless.length === 0 ? null : listed(endless);
  },
  "what is found is authentic where that is asked for": ({ host, snapshot }) => {
    if (!host.keyed) return null;
    // By what it was mobilized; what was forged since is told as `failed`, and does nothing.
    const unproved = snapshot.associations.filter(
      ({ lifetime, mode, security }) => lifetime === "ephemeral" && mode !== "client" && security === "none",
    );
    return unproved.length === 0 ? null : listed(unproved);
  },
  "no source is asked in clear, nor followed unproved, by whoever asks for NTS": (look) => {
    if (!look.host.nts) return null;
    const unproved = look.snapshot.associations.filter(
      (one) => FOLLOWED.has(one.verdict) && look.characterOf(one) !== undefined && one.security !== "nts",
    );
    const told = [...look.askedInClear, ...unproved.map(({ address }) => `${address} is followed`)];
    return told.length === 0 ? null : told.join(", ");
  },
  "nobody is asked more often than the etiquette allows": ({ snapshot, before, since }) => {
    const most = since / HEADWAY + BURST;
    const greedy = snapshot.associations.filter((one) => {
      const earlier = before?.associations.find(({ id, address }) => id === one.id && address === one.address);
      return one.packets.sent - (earlier?.packets.sent ?? 0) > most;
    });
    return greedy.length === 0 ? null : listed(greedy);
  },
  "the clock moves by no more than was nudged, and the panic threshold": ({ error, nudged, at }) => {
    const most = nudged + PANIC + at * 1e-3;
    return Math.abs(error) <= most ? null : `off by ${error} s, at most ${most} s`;
  },
  "an event makes a bounded number of actions": ({ host, configured, actions }) => {
    const most = ACTIONS * (configured + CROWD * host.maxclock + 8);
    return actions <= most ? null : `${actions} at once, at most ${most}`;
  },
  "memory is bounded": ({ host, configured, snapshot, remembered }) => {
    const most = 2 * configured + CROWD * host.maxclock + 8;
    if (snapshot.associations.length > most) return `${snapshot.associations.length} associations, at most ${most}`;
    return remembered <= REMEMBERED * most ? null : `${remembered} octets are remembered`;
  },
};
