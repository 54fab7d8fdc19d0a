/**
 * The JSON document of `sync`, `query` and `demo` (the contract's `ntpkit/COMMAND/1`): the snapshot in its words and
 * units. Its schema is in `schema.ts`; what is unknown is `null`, and no number is ever NaN or infinite.
 */
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { OUTCOMES, type Outcome } from "../engine/port/outcome.ts";
import { toIso, type UnixNanoseconds } from "../time/timestamp.ts";

/** What went wrong. */
export interface FailureDocument {
  /** The outcome's name, see `OUTCOMES`. */
  readonly code: Outcome;
  readonly message: string;
  readonly hint: string | null;
}

/** A document that says only that a command failed before it had anything to tell. */
export interface BareDocument {
  readonly schema: string;
  readonly ok: false;
  readonly exitCode: number;
  readonly error: FailureDocument;
}

/** The report of one association. */
export interface AssociationDocument extends Omit<AssociationReport, "reference"> {
  /** ISO 8601 UTC */
  readonly reference: string | null;
}

/** The document of a run. */
export interface RunDocument extends Pick<Snapshot, "clock" | "system"> {
  /** `ntpkit/COMMAND/1` */
  readonly schema: string;
  readonly ok: boolean;
  readonly exitCode: number;
  /** Only when something went wrong. */
  readonly error?: FailureDocument;
  /** ISO 8601 UTC, by the local clock. */
  readonly startedAt: string | null;
  /** Seconds, by the steady clock. */
  readonly elapsed: number;
  readonly associations: readonly AssociationDocument[];
}

/**
 * The document of a run.
 * @param command whose schema it has
 * @param failure what went wrong, `null` if nothing did
 * @param pivot a Unix time near the run, see `toIso`
 */
export function runDocument(
  command: string,
  snapshot: Snapshot,
  failure: FailureDocument | null,
  pivot: UnixNanoseconds,
): RunDocument {
  return {
    schema: schemaName(command),
    ok: failure === null,
    exitCode: OUTCOMES[failure?.code ?? "ok"].exitCode,
    ...(failure === null ? {} : { error: failure }),
    startedAt: toIso(snapshot.startedAt, pivot),
    elapsed: toNanoseconds(snapshot.elapsed),
    clock: snapshot.clock,
    system: snapshot.system,
    associations: snapshot.associations.map((association) => ({
      ...association,
      reference: association.reference === null ? null : toIso(association.reference, pivot),
    })),
  };
}

/** Seconds to the nanosecond: what a difference of two readings has beyond is the noise of floating point. */
function toNanoseconds(seconds: number): number {
  return Math.round(seconds * 1e9) / 1e9;
}

/** The document of a command that failed before it began. */
export function bareDocument(command: string, failure: FailureDocument): BareDocument {
  return { schema: schemaName(command), ok: false, exitCode: OUTCOMES[failure.code].exitCode, error: failure };
}

/** The name of a command's documents. */
export function schemaName(command: string): string {
  return `ntpkit/${command}/1`;
}

/**
 * A document as text. Numbers that JSON does not have become `null`; characters that could steer a terminal are escaped.
 * @param indented for people to read
 */
export function documentText(document: object, indented: boolean): string {
  const text = stringified(document, indented ? 2 : undefined);
  return `${text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

/** JSON makes `null` of numbers that it does not have by itself; of whole numbers of 64 bits, which few documents have, it complains. */
function stringified(document: object, space: number | undefined): string {
  try {
    return JSON.stringify(document, undefined, space);
  } catch {
    return JSON.stringify(
      document,
      (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value),
      space,
    );
  }
}

// JSON itself escapes the C0 controls; these it leaves as they are. Code units, so that escapes are those of JSON.
// oxlint-disable-next-line no-control-regex
const STEERING = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ue000-\uf8ff]/g;
