/** The JSON document of `simulate`, and its schema. */
import type { HostQuantiles, Quantiles } from "../simulate/quantiles.ts";
import type { HostResult, Simulated, SimulatedEvent, TrueError } from "../simulate/simulation.ts";
import { toIso, type UnixNanoseconds } from "../time/timestamp.ts";
import { head, type Head } from "./daemon-document.ts";
import type { AssociationDocument } from "./document.ts";
import {
  amount,
  ASSOCIATION,
  documentSchema,
  integer,
  list,
  maybe,
  open,
  optional,
  record,
  seconds,
  text,
  type Schema,
} from "./schema.ts";

/** One host. */
export interface SimulatedHostDocument extends Omit<HostResult, "associations" | "course"> {
  readonly associations: readonly AssociationDocument[];
}

/** The document of `simulate`. */
export interface SimulateDocument extends Head {
  /** Of the run that is told of; of several the first. */
  readonly seed: string;
  readonly runs: number;
  readonly duration: number;
  readonly hosts: readonly SimulatedHostDocument[];
  readonly events: readonly SimulatedEvent[];
  /** With `--runs`. */
  readonly quantiles?: readonly HostQuantiles[];
}

/**
 * The document.
 * @param runs at least one
 * @param quantiles `null`: there was one run
 * @param pivot a Unix time near those of the world
 */
export function simulateDocument(
  runs: readonly Simulated[],
  quantiles: readonly HostQuantiles[] | null,
  pivot: UnixNanoseconds,
): SimulateDocument {
  const { seed, duration, hosts, events } = runs[0]!;
  return {
    ...head("simulate", null),
    seed,
    runs: runs.length,
    duration,
    hosts: hosts.map(({ course: _course, ...host }) => ({
      ...host,
      associations: host.associations.map((one) => ({
        ...one,
        reference: one.reference === null ? null : toIso(one.reference, pivot),
      })),
    })),
    events,
    ...(quantiles === null ? {} : { quantiles }),
  };
}

const ERROR_FIELDS: Schema<TrueError> = record<TrueError>({
  rms: seconds("root of the mean square"),
  worst: seconds("the largest in size"),
  final: seconds("at the end"),
});

const QUANTILES: Schema<Quantiles> = record<Quantiles>({
  low: seconds("a tenth of the runs is below"),
  median: seconds("half of the runs"),
  high: seconds("nine tenths of the runs are below"),
  most: seconds("the most of all runs"),
});

/** The schema of the document of `simulate`. */
export function simulateSchema(): Schema {
  return documentSchema<SimulateDocument>("simulate", {
    seed: { ...text, description: "of the run that is told of; of several the first" },
    runs: integer(1),
    duration: seconds("of the simulation"),
    hosts: list(
      open(
        record<SimulatedHostDocument>({
          name: text,
          stratum: integer(1, 16),
          systemPeer: maybe({ ...text, description: "whom it follows at the end" }),
          associations: list(open(ASSOCIATION)),
          error: maybe(open(ERROR_FIELDS)),
          outsideBound: seconds("for how long true time was outside the uncertainty that it stated"),
          since: maybe(seconds("when it first followed somebody")),
          packets: record<HostResult["packets"]>({ sent: integer(0), received: integer(0) }),
        }),
      ),
    ),
    events: list(
      open(
        record<SimulatedEvent>({
          at: seconds("since the world began"),
          host: maybe(text),
          what: text,
          peer: optional(maybe(text)),
          by: optional({ ...amount, description: "seconds; of drift s/s" }),
          lasting: optional(seconds("for how long")),
          why: optional(text),
        }),
      ),
    ),
    quantiles: optional(
      list(
        open(
          record<HostQuantiles>({
            name: text,
            rms: maybe(QUANTILES),
            worst: maybe(QUANTILES),
            outsideBound: QUANTILES,
          }),
        ),
      ),
    ),
  });
}
