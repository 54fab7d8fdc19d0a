/**
 * What ntpd-rs tells on its observation socket: one message as soon as somebody connects, and the end of the connection.
 *
 * ```text
 * length u64, big-endian | so many octets of JSON: program, system, sources, servers
 * ```
 *
 * The shape has grown from 1.2 to 1.9 (in 1.6 the root dispersion became a polynomial of the time): only what is needed is
 * read, and what is not there, or of another type, is `null`.
 */

/** The longest message that is read, octets; ntpd-rs itself reads no longer ones. */
export const OBSERVATION_LIMIT: number = 2 ** 20;

/** Octets before the JSON. */
const LENGTH = 8;

/** What ntpd-rs told. Durations are seconds. */
export interface Observation {
  readonly kind: "observation";
  /** Its version, e.g. `1.9.0`. */
  readonly version: string | null;
  /** NTP timestamp of the daemon's clock, seconds of its era; told since 1.6. */
  readonly now: number | null;
  readonly system: ObservedSystem;
  readonly sources: readonly ObservedSource[];
}

/** The daemon's system variables. */
export interface ObservedSystem {
  readonly stratum: number | null;
  /** As on the wire: that of the first source it uses, or ASCII `XNON`. */
  readonly referenceId: number | null;
  readonly precision: number | null;
  readonly rootDelay: number | null;
  /** When it was told, or now by the polynomial. */
  readonly rootDispersion: number | null;
  /** `NoWarning`, `Leap61`, `Leap59`, `Unknown` or `Unsynchronized`. */
  readonly leap: string | null;
}

/** A source, measured or not. */
export interface ObservedSource {
  readonly id: number | null;
  /** As it was configured, with the port. */
  readonly name: string;
  /** `192.0.2.1:123`, `[2001:db8::1]:123`, or the path of a socket or device. */
  readonly address: string;
  /** Server − local. */
  readonly offset: number | null;
  /** Standard deviation of the offset's estimate. */
  readonly uncertainty: number | null;
  readonly delay: number | null;
  /** The server's root delay and root dispersion. */
  readonly remoteDelay: number | null;
  readonly remoteUncertainty: number | null;
  /** NTP timestamp, seconds of its era; `null`: never. */
  readonly lastUpdate: number | null;
  /** Polls since the last answer; 8: none of the last eight was answered. */
  readonly unansweredPolls: number;
  /** log₂ s */
  readonly poll: number | null;
  /** `null`: not secured by NTS. */
  readonly cookies: number | null;
}

/** Why a message cannot be used. */
export interface ObservationFault {
  readonly kind: "fault";
  readonly fault:
    | "tooMuch" // longer than {@link OBSERVATION_LIMIT}
    | "garbled"; // no JSON, or JSON of another thing
}

/**
 * Reads what came so far.
 * @returns `null` while more must come. Never throws
 */
export function readObservation(bytes: Uint8Array): Observation | ObservationFault | null {
  if (bytes.length < LENGTH) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  if (length > OBSERVATION_LIMIT) return { kind: "fault", fault: "tooMuch" };
  if (bytes.length < LENGTH + Number(length)) return null;
  return observationOf(parsed(bytes.subarray(LENGTH, LENGTH + Number(length)))) ?? { kind: "fault", fault: "garbled" };
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

function observationOf(message: unknown): Observation | null {
  const { program, system, sources } = fieldsOf(message) ?? {};
  const of = fieldsOf(system);
  if (of === null || !Array.isArray(sources)) return null;
  const { version, now } = fieldsOf(program) ?? {};
  const at = secondsOf(now);
  return {
    kind: "observation",
    version: typeof version === "string" ? version : null,
    now: at,
    system: {
      stratum: integerOf(of["stratum"], 0, 255),
      referenceId: integerOf(of["reference_id"], 0, 0xffff_ffff),
      precision: numberOf(of["precision"]),
      rootDelay: numberOf(of["root_delay"]),
      rootDispersion: numberOf(of["root_dispersion"]) ?? dispersionAt(of, at),
      leap: typeof of["leap_indicator"] === "string" ? of["leap_indicator"] : null,
    },
    sources: sources.flatMap((source) => sourceOf(fieldsOf(source)) ?? []),
  };
}

/** The square root of a variance that grows with the time since some instant. */
function dispersionAt(system: Fields, now: number | null): number | null {
  const [constant, linear, quadratic, cubic] = ["base", "linear", "quadratic", "cubic"].map(
    (power) => numberOf(system[`root_variance_${power}`]) ?? 0,
  ) as [number, number, number, number];
  const since = secondsOf(system["root_variance_base_time"]);
  if (since === null || now === null) return null;
  const t = now - since;
  const variance = constant + linear * t + quadratic * t ** 2 + cubic * t ** 3;
  return variance >= 0 ? Math.sqrt(variance) : null;
}

function sourceOf(source: Fields | null): ObservedSource | null {
  if (source === null) return null;
  const { name, address } = source;
  if (typeof address !== "string") return null;
  const uncertainty = numberOf(source["uncertainty"]);
  // Not measured yet: the longest duration there is stands everywhere.
  const isMeasured = uncertainty !== null && uncertainty < UNMEASURED;
  const measured = (field: string): number | null => (isMeasured ? numberOf(source[field]) : null);
  return {
    id: integerOf(source["id"], 0, Number.MAX_SAFE_INTEGER),
    name: typeof name === "string" ? name : address,
    address,
    offset: measured("offset"),
    uncertainty: measured("uncertainty"),
    delay: measured("delay"),
    remoteDelay: measured("remote_delay"),
    remoteUncertainty: measured("remote_uncertainty"),
    lastUpdate: isMeasured ? secondsOf(source["last_update"]) : null,
    unansweredPolls: integerOf(source["unanswered_polls"], 0, 0xffff_ffff) ?? 0,
    poll: integerOf(source["poll_interval"], -128, 127),
    cookies: integerOf(source["nts_cookies"], 0, 0xffff),
  };
}

/** Nearly 2^31 s. */
const UNMEASURED = 2 ** 30;

function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function integerOf(value: unknown, least: number, most: number): number | null {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most ? (value as number) : null;
}

/** A timestamp as an object of one field, 64 bits in one number; 0 is none. */
function secondsOf(value: unknown): number | null {
  const timestamp = numberOf(fieldsOf(value)?.["timestamp"]);
  return timestamp === null || timestamp === 0 ? null : timestamp / 2 ** 32;
}
