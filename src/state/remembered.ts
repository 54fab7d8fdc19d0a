/**
 * What was learned of servers and clock, as the part of a document, and how what two runs learned becomes one.
 *
 * Ages are as of the moment `at`. Timestamps are sixteen hexadecimal digits, as on the wire; all else is what it is in
 * {@link Remembered}. It is read as strictly as it is written: what does not fit is nothing we wrote.
 */
import { FILTER_STAGES } from "../association/filter.ts";
import { REASONS, TALLIES } from "../association/verdict.ts";
import type { Moment } from "../engine/memory/lapse.ts";
import {
  carriedOver,
  carriedTo,
  FORGOTTEN,
  HISTORY,
  identityOf,
  REMEMBERED_AT_MOST,
} from "../engine/memory/remembered.ts";
import type { UnattendedClock } from "../engine/memory/remembered.ts";
import type { Remembered, RememberedAssociation } from "../engine/port/memory.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import { LEAPS, MODES } from "../wire/header.ts";
import type { Header } from "../wire/header.ts";
import { fields, integer, isRecord, listOf, maybe, number, oneOf, text } from "./checks.ts";
import type { Check } from "./checks.ts";

/** What was learned, and when that was true. */
export interface Stored {
  readonly remembered: Remembered;
  readonly at: Moment;
}

/** What cannot be written so that it could be read again is left out. */
export function documentOf({ remembered, at }: Stored): Record<string, unknown> {
  const associations = remembered.associations
    .map((entry) => ({ ...entry, header: entry.header === null ? null : headerDocument(entry.header) }))
    .filter(isEntry);
  return {
    at: { ...at, clock: hex(at.clock) },
    associations,
    clock: isClock(remembered.clock) ? remembered.clock : null,
  };
}

/** What a document says; `null` where it is none of ours. */
export function storedOf(document: unknown): Stored | null {
  if (!isRecord(document)) return null;
  const { at, associations } = document;
  const clock = withHurry(document["clock"]);
  if (!isMoment(at) || !areEntries(associations) || !isClock(clock)) return null;
  const moment = at as Omit<Moment, "clock"> & { readonly clock: string };
  const entries = associations as readonly (Omit<RememberedAssociation, "header"> & {
    readonly header: Record<string, unknown> | null;
  })[];
  return {
    at: {
      clock: unhex(moment.clock),
      steady: moment.steady,
      slept: moment.slept,
      boot: moment.boot,
      frequency: moment.frequency,
    },
    remembered: {
      associations: entries.map((entry) => ({
        ...entry,
        header: entry.header === null ? null : headerOf(entry.header),
      })),
      clock: clock as UnattendedClock | null,
    },
  };
}

/** Files written before clocks hurried say nothing of it. */
function withHurry(clock: unknown): unknown {
  if (!isRecord(clock) || !isRecord(clock["corrections"])) return clock;
  return { ...clock, corrections: { hurry: null, ...clock["corrections"] } };
}

/**
 * Joins what this run learned with what another has written meanwhile: each server as the later of them knows it.
 * @param ours as of `now`; absent: this run says nothing of that
 * @param theirs what the file has
 * @param isNews another run has written since this one began. It may have touched the clock, so what we measured by it is void.
 */
export function mergeRemembered(
  ours: Remembered | undefined,
  theirs: Stored | null,
  isNews: boolean,
  now: Moment,
): Stored | null {
  if (ours === undefined) return theirs;
  const known = isNews ? carriedOver(ours, { elapsed: 0, broken: "step" }) : ours;
  if (theirs === null) return { remembered: known, at: now };
  const others = carriedTo(theirs.remembered, theirs.at, now).remembered;
  const held = new Set(known.associations.map(identityOf));
  const associations = [
    ...known.associations,
    ...others.associations
      .filter((entry) => !held.has(identityOf(entry)) && entry.seen < FORGOTTEN)
      // What was kept of them is reckoned by their log of corrections.
      .map((entry) => (known.clock === null ? entry : { ...entry, history: null })),
  ];
  return {
    remembered: { associations: associations.slice(0, REMEMBERED_AT_MOST), clock: known.clock ?? others.clock },
    at: now,
  };
}

/** Whether two stored values are of one moment: nobody has written in between. */
export function isSameMoment(one: Stored | null, other: Stored | null): boolean {
  return one?.at.clock === other?.at.clock && one?.at.steady === other?.at.steady;
}

/** A hundred years; nothing here is older. */
const LONG = 100 * 365.25 * 86_400;
const age = number(0, LONG);
const seconds = number(-LONG, LONG);
/** Beyond this no oscillator is off, and no kernel goes: s/s, with what rounding may add. */
const MOST_FREQUENCY = 500.001e-6;
const frequency = number(-MOST_FREQUENCY, MOST_FREQUENCY);
/** Of a clock that is off by a year nobody knows more than that. */
const MOST_VARIANCE = (365.25 * 86_400) ** 2;
const exponent = integer(-7, 17);
const stamp = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{16}$/.test(value);

const isMoment = fields({
  clock: stamp,
  steady: number(0, LONG),
  slept: number(0, LONG),
  boot: maybe(text(128)),
  frequency: maybe(frequency),
});

const isHeader = fields({
  leap: oneOf(LEAPS),
  version: integer(0, 7),
  mode: oneOf(MODES),
  stratum: integer(0, 255),
  poll: integer(-128, 127),
  precision: integer(-128, 127),
  rootDelay: number(0, 65_536),
  rootDispersion: number(0, 65_536),
  referenceId: integer(0, 0xffff_ffff),
  reference: stamp,
  origin: stamp,
  receive: stamp,
  transmit: stamp,
});

const isSample = fields({ offset: seconds, delay: number(0, LONG), dispersion: number(0, LONG), age });

const past = number(-LONG, 0);

const isEstimate = fields({
  at: past,
  phase: seconds,
  frequency: number(-1, 1),
  phaseVariance: number(0, MOST_VARIANCE),
  covariance: number(-MOST_VARIANCE, MOST_VARIANCE),
  frequencyVariance: number(0, 1e-3),
});

const areKept = (most: number): Check =>
  listOf(fields({ at: past, phase: seconds, delay: number(0, LONG), dispersion: number(0, LONG) }), most);

const isHistory = fields({
  prior: maybe(isEstimate),
  samples: areKept(HISTORY),
  suspects: areKept(HISTORY),
  waited: areKept(HISTORY),
  route: maybe(fields({ longer: seconds, bias: seconds })),
});

const isEntry = fields({
  kind: oneOf(["server", "pool", "peer"]),
  name: text(1024),
  key: maybe(integer(1, 0xffff_ffff)),
  ip: text(64),
  port: integer(1, 65_535),
  since: age,
  seen: age,
  heard: maybe(age),
  verdict: oneOf(Object.keys(TALLIES)),
  reason: maybe(oneOf(Object.keys(REASONS))),
  probation: maybe(age),
  backoff: maybe(fields({ poll: integer(0, 17), left: number(-(2 ** 17), 2 ** 17) })),
  reach: integer(0, 255),
  unreach: integer(0, Number.MAX_SAFE_INTEGER),
  hpoll: exponent,
  minpoll: exponent,
  header: maybe(isHeader),
  samples: listOf(isSample, FILTER_STAGES),
  history: maybe(isHistory),
});

const areEntries = listOf(isEntry, REMEMBERED_AT_MOST);

const wander = number(0, 1e-3);
const frequencyVariance = number(0, 1e-3);
const runs = integer(0, Number.MAX_SAFE_INTEGER);

const isStretch = fields({ rate: number(-1, 1), until: seconds });

const isClock = maybe(
  fields({
    age,
    oscillator: fields({ frequency, variance: frequencyVariance }),
    wander,
    estimate: maybe(isEstimate),
    corrections: fields({
      at: past,
      total: seconds,
      frequency,
      slew: listOf(isStretch, 8),
      hurry: maybe(isStretch),
      second: maybe(seconds),
      locked: maybe(fields({ phase: number(-1, 1), timeConstant: integer(0, 10) })),
    }),
    runs,
  }),
);

const STAMPS = ["reference", "origin", "receive", "transmit"] as const;

function headerDocument(header: Header): Record<string, unknown> {
  return { ...header, ...Object.fromEntries(STAMPS.map((name) => [name, hex(header[name])])) };
}

function headerOf(document: Record<string, unknown>): Header {
  return {
    ...document,
    ...Object.fromEntries(STAMPS.map((name) => [name, unhex(document[name] as string)])),
  } as unknown as Header;
}

function hex(timestamp: NtpTimestamp): string {
  return timestamp.toString(16).padStart(16, "0");
}

function unhex(digits: string): NtpTimestamp {
  return BigInt(`0x${digits}`) as NtpTimestamp;
}
