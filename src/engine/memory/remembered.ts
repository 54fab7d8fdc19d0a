/**
 * What an engine has learned of its servers and of the clock, as a plain value: {@link rememberedBy} takes it out of an engine,
 * {@link recall} puts it into a fresh association of another. In between `carriedOver` lets it age.
 *
 * There are no instants in it, only ages, as of the moment the value is of: a clock that is set back between two runs makes
 * nothing younger than it is.
 */
import type { Association } from "../../association/association.ts";
import { resumeFrom } from "../../association/life.ts";
import type { AssociationConfig } from "../../association/template.ts";
import { drifting, foretold, interrupted, stillToGlide, toGlide } from "../../discipline/unattended.ts";
import { historySeen } from "../../discipline/history.ts";
import type { History } from "../../discipline/history.ts";
import { after, elapsed } from "../../time/mono.ts";
import type { Mono } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import { PHI, pollInterval } from "../../time/seconds.ts";
import type { Seconds } from "../../time/seconds.ts";
import { toIso } from "../../time/timestamp.ts";
import type { Address } from "../../wire/address.ts";
import { lapseBetween } from "./lapse.ts";
import type { Lapse, Moment } from "./lapse.ts";
import type { Remembered, RememberedAssociation, RememberedKind, RememberedSample } from "../port/memory.ts";
import type { State } from "../state.ts";
import { probationAfter } from "./probation.ts";
import { clockToRemember, movement } from "./unattended.ts";

export { HISTORY } from "../../discipline/history.ts";
export type { UnattendedClock } from "../../discipline/unattended.ts";

/** Whoever was part of no run for so long is forgotten. */
export const FORGOTTEN: Seconds = 8 * 86_400;

/** A falseticker is on probation for so long, if it agrees with nobody before: yesterday's is, today. */
export const PROBATION_LASTS: Seconds = 2 * 86_400;

/** So many associations are kept, those in use first: the file stays small. */
export const REMEMBERED_AT_MOST = 512;

/**
 * What an engine knows now, to be kept for another.
 * @param now of the same world as the engine's events
 */
export function rememberedBy(state: State, now: Now): Remembered {
  const clock = clockToRemember(state, now);
  const moved = movement(state, now);
  const histories = historiesOf(state, now);
  const mobilized = Array.from(state.roster).flatMap((association) => {
    const entry = entryOf(state, association, moved, now);
    return entry === null ? [] : { ...entry, history: histories.get(association.id) ?? null };
  });
  const held = new Set(mobilized.map(identityOf));
  const since = state.started === null ? 0 : elapsed(state.started.mono, now.mono);
  const others = (state.memory.kept.remembered?.associations ?? []).filter((entry) => !held.has(identityOf(entry)));
  const associations = [...mobilized, ...others.map((entry) => notMobilized(entry, since, moved.earlier))].filter(
    ({ seen }) => seen < FORGOTTEN,
  );
  return { associations: associations.slice(0, REMEMBERED_AT_MOST).map(withinReason), clock };
}

/** Of so many associations, those in use first, the histories are kept; a discipline has no room for more. */
const HISTORIES = 32;

function withinReason(entry: RememberedAssociation, place: number): RememberedAssociation {
  return place < HISTORIES || entry.history === null ? entry : { ...entry, history: null };
}

/** The moment that what is kept is of. */
const NOW = 0 as Mono;

/** What the discipline keeps of servers, by their associations. */
function historiesOf({ clock: { steering }, memory: { learning } }: State, now: Now): ReadonlyMap<number, History> {
  const histories = (steering ?? learning)?.discipline.learned.histories ?? [];
  return new Map(histories.map(({ source, history }) => [source, historySeen(history, elapsed(now.mono, NOW))]));
}

/**
 * A fresh association goes on where an earlier engine's ended.
 *
 * Its samples come back into its filter and its reach register into its own; a one-shot leaves a server alone that has asked for
 * it, a daemon asks it that much later and more rarely.
 */
export function recall(state: State, fresh: Association, now: Now): void {
  const entry = fresh.address === null ? undefined : entryFor(state, fresh.config, fresh.address);
  if (entry === undefined) return;
  const { backoff, header, heard } = entry;
  const isOnce = state.config.once !== null;
  // What is remembered is as old as it was when this engine started.
  const { mono: then } = state.started ?? now;
  if (entry.history !== null) state.memory.learning?.discipline.adopt(fresh.id, historySeen(entry.history, then));
  const samples = isOnce || isUntouched(state) ? entry.samples : [];
  const earlier = {
    since: after(then, -entry.since),
    probation: entry.probation === null ? null : after(then, -entry.probation),
    backoff: backoff === null ? null : { poll: backoff.poll, until: after(then, backoff.left) },
    minpoll: entry.minpoll,
    hpoll: entry.hpoll,
    reach: entry.reach,
    unreach: entry.unreach,
    heard: heard === null ? null : after(then, -heard),
    header,
    samples: samples.map(({ offset, delay, dispersion, age }) => ({
      offset,
      delay,
      dispersion,
      at: after(then, -age),
    })),
  };
  resumeFrom(fresh, earlier, { isOnce, began: then }, now.mono, state.rules);
}

/** Whether a daemon has yet to touch the clock: then what was measured by it before still holds. */
function isUntouched({ clock: { steering }, started }: State): boolean {
  return steering === null || started === null || steering.corrections.at <= started.mono;
}

/** Whether a server that an earlier run found in a pool is worth asking again: it was of use, and answered when it last had a part. */
export function isProven({
  kind,
  verdict,
  heard,
  seen,
  hpoll,
  probation,
  backoff,
  since,
}: RememberedAssociation): boolean {
  const answered = heard !== null && heard - seen < 2 * pollInterval(hpoll);
  const served = kind === "pool" && verdict !== "rejected" && verdict !== "falseticker" && answered;
  return served && probation === null && backoff === null && since < MEMBERSHIP;
}

/** Servers leave pools without telling; after so long a name is asked who is in it now. */
const MEMBERSHIP: Seconds = 30 * 86_400;

/** What was remembered of the servers of a line, in the order it was remembered. */
export function entriesOf(
  { memory: { kept } }: State,
  { kind, name, port, key }: AssociationConfig,
): readonly RememberedAssociation[] {
  return (kept.remembered?.associations ?? []).filter(
    (entry) => entry.kind === kind && entry.name === name && entry.port === port && entry.key === key,
  );
}

/** One that had no part in this run: its samples are as old as they are. */
function notMobilized(entry: RememberedAssociation, by: Seconds, moved: Seconds): RememberedAssociation {
  return {
    ...aged(entry, by),
    samples: entry.samples.map((sample) => ({ ...sample, offset: sample.offset + moved, age: sample.age + by })),
    history: entry.history && historySeen(entry.history, -by),
  };
}

/** By what an association is known again. */
export function identityOf({ kind, name, key, ip, port }: RememberedAssociation): string {
  return JSON.stringify([kind, name, key, ip, port]);
}

/**
 * The same value after a while.
 *
 * Where nobody but us has touched the clock, the samples are what they would be had they been made by the clock as it is now: it
 * has drifted by what its frequency is known to be off, and they are off by what is not known of that (`drifting`), which their
 * dispersion says. Else they say nothing any more, and are dropped.
 */
export function carriedOver({ associations, clock }: Remembered, { elapsed: by, broken }: Lapse): Remembered {
  const later = clock === null ? null : broken === null ? foretold(clock, by) : interrupted(clock, by);
  if (broken !== null || clock === null)
    return {
      associations: associations.map((entry) => ({ ...aged(entry, by), samples: [], history: null })),
      clock: later,
    };
  const { rate, tolerance } = drifting(clock);
  const moved = rate * by + stillToGlide(later!);
  const doubt = Math.max(0, tolerance - PHI) * by;
  const carried = ({ offset, delay, dispersion, age }: RememberedSample): RememberedSample => ({
    offset: offset + moved,
    delay,
    dispersion: dispersion + doubt,
    age: age + by,
  });
  return {
    associations: associations.map((entry) => ({
      ...aged(entry, by),
      samples: entry.samples.map(carried),
      history: entry.history && historySeen(entry.history, -by),
    })),
    clock: later,
  };
}

/**
 * The same value at another moment.
 * @returns it, and what lies between
 */
export function carriedTo(
  remembered: Remembered,
  then: Moment,
  now: Moment,
): { readonly remembered: Remembered; readonly lapse: Lapse } {
  const { clock } = remembered;
  const by = Math.max(0, now.steady - then.steady);
  const lapse = lapseBetween(then, now, clock === null ? 0 : toGlide(clock, by));
  return { remembered: carriedOver(remembered, lapse), lapse };
}

/** All but the samples. What has been on probation for long enough, or was asked to be left alone and was, is as any other. */
function aged(entry: RememberedAssociation, by: Seconds): RememberedAssociation {
  const { since, seen, heard, probation, backoff } = entry;
  const tried = probation === null || probation + by >= PROBATION_LASTS ? null : probation + by;
  const later = backoff === null ? null : { poll: backoff.poll, left: backoff.left - by };
  // A server that was left alone for as long as it asked for, and as long again, is asked as any other.
  const spared = later === null || later.left <= -pollInterval(later.poll) ? null : later;
  return {
    ...entry,
    since: since + by,
    seen: seen + by,
    heard: heard === null ? null : heard + by,
    probation: tried,
    backoff: spared,
  };
}

/** What is worth keeping of an association; `null`: nothing, as it is no server that a line asks for by its address. */
function entryOf(
  state: State,
  association: Association,
  moved: Movement,
  now: Now,
): Omit<RememberedAssociation, "history"> | null {
  const { config, address, ended, filter, header } = association;
  const { kind, name, key, nts } = config;
  if (address === null || nts === true || !isKept(kind) || ended === "duplicate" || ended === "denied") return null;
  // It was left alone: nothing was learned of it but that.
  const before = ended === "kiss" && association.packets.sent === 0 ? entryFor(state, config, address) : undefined;
  if (before !== undefined) return { ...before, seen: 0, ...clocksOf(state, association, now) };
  const { verdict, reason } = state.verdictOn(association);
  return {
    kind,
    name,
    key,
    ip: address.ip,
    port: address.port,
    seen: 0,
    ...clocksOf(state, association, now),
    verdict,
    reason,
    reach: association.reach,
    unreach: association.unreach,
    hpoll: association.hpoll,
    minpoll: association.minpoll,
    header,
    samples: filter.samples.map(({ offset, delay, dispersion, at }) => ({
      offset: offset + (at < filter.began ? moved.earlier : moved.ours),
      delay,
      dispersion,
      age: elapsed(at, now.mono),
    })),
  };
}

type Movement = ReturnType<typeof movement>;

/** The ages of an association, and how long it is to be left alone. */
function clocksOf(
  state: State,
  association: Association,
  now: Now,
): Pick<RememberedAssociation, "since" | "heard" | "probation" | "backoff"> {
  const { since, heard, backoff } = association;
  const ago = (moment: Association["heard"]): Seconds | null =>
    moment === null ? null : Math.max(0, elapsed(moment, now.mono));
  return {
    since: ago(since) ?? 0,
    heard: ago(heard),
    probation: ago(probationAfter(state, association, now)),
    backoff: backoff === null ? null : { poll: backoff.poll, left: elapsed(now.mono, backoff.until) },
  };
}

function isKept(kind: AssociationConfig["kind"]): kind is RememberedKind {
  return kind === "server" || kind === "pool" || kind === "peer";
}

function entryFor(state: State, config: AssociationConfig, { ip, port }: Address): RememberedAssociation | undefined {
  return entriesOf(state, config).find((entry) => entry.ip === ip && entry.port === port);
}

/** So many that sent us away are remembered, the latest: where there are more, somebody invents them. */
const MOST_KISSES = 1024;

/** A server that sent us away is not asked again by later runs (RFC 5905 §7.4). */
export function rememberKiss(state: State, address: Address, code: string, now: Now): void {
  const others = state.memory.kept.kisses.filter(({ ip, port }) => ip !== address.ip || port !== address.port);
  const at = toIso(now.clock, state.clock.era.pivot) ?? "";
  state.memory.kept = {
    ...state.memory.kept,
    kisses: [...others.slice(1 - MOST_KISSES), { ip: address.ip, port: address.port, code, at }],
  };
  // Of what was learned besides nothing is said before the end.
  state.act({ kind: "remember", memory: { kisses: state.memory.kept.kisses } });
}
