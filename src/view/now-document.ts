/** What `now` tells: the time with its bounds, as a document and as lines. */
import { boundedTime, uncertaintyOf, widened, type Bound, type BoundSource } from "../control/bound.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { unixToIso, type UnixNanoseconds } from "../time/timestamp.ts";
import { head, type Head } from "./daemon-document.ts";
import type { FailureDocument } from "./document.ts";
import { documentSchema, flag, instant, maybe, oneOf, seconds, text, type Schema } from "./schema.ts";
import { durationText, printable, signedText } from "./text.ts";

/** The document of `now`. */
export interface NowDocument extends Head {
  /** ISO 8601 UTC; `null`: not known. True time is not before the first nor after the second. */
  readonly earliest: string | null;
  readonly latest: string | null;
  readonly best: string | null;
  /** How far `best` may be from true time. */
  readonly uncertainty: Seconds | null;
  /** `best` less what the local clock reads. */
  readonly offset: Seconds | null;
  readonly source: BoundSource | null;
  /** The daemon in its own words, and by which way it told. */
  readonly daemon: string | null;
  readonly via: string | null;
  /** Whoever was asked has the time from somebody. */
  readonly synchronized: boolean;
}

/** Who told. */
export interface Teller {
  readonly daemon: string | null;
  readonly via: string | null;
}

/**
 * The document.
 * @param bound `null`: nothing is known
 * @param now when it is told, by which it is the later the less certain
 * @param pivot a Unix time near what the clock reads
 */
export function nowDocument(
  bound: Bound | null,
  teller: Teller,
  failure: FailureDocument | null,
  now: Now,
  pivot: UnixNanoseconds,
): NowDocument {
  const { daemon, via } = teller;
  const base = head("now", failure);
  if (bound === null)
    return {
      ...base,
      earliest: null,
      latest: null,
      best: null,
      uncertainty: null,
      offset: null,
      source: null,
      daemon,
      via,
      synchronized: false,
    };
  const { earliest, best, latest } = boundedTime(bound, now, pivot);
  return {
    ...base,
    earliest: unixToIso(earliest),
    latest: unixToIso(latest),
    best: unixToIso(best),
    uncertainty: uncertaintyOf(widened(bound, now.mono)),
    offset: bound.best,
    source: bound.source,
    daemon,
    via,
    synchronized: true,
  };
}

/** The schema of the document of `now`. */
export function nowSchema(): Schema {
  return documentSchema<NowDocument>("now", {
    earliest: maybe({ ...instant, description: "true time is not before, ISO 8601 UTC" }),
    latest: maybe({ ...instant, description: "true time is not after, ISO 8601 UTC" }),
    best: maybe({ ...instant, description: "the best estimate, ISO 8601 UTC" }),
    uncertainty: maybe(seconds("how far the best estimate may be wrong")),
    offset: maybe(seconds("the best estimate less what the local clock reads")),
    source: maybe(oneOf(["mode6", "cmdmon", "observe", "kernel", "servers"])),
    daemon: maybe({ ...text, description: "its name and version in its own words" }),
    via: maybe({ ...text, description: "by which way the daemon told: ADDRESS:PORT, or a socket's path" }),
    synchronized: flag,
  });
}

/** Whose word it is. */
const SOURCES: Readonly<Record<BoundSource, string>> = {
  mode6: "by mode 6",
  cmdmon: "by cmdmon",
  observe: "by its observation socket",
  kernel: "the kernel's clock, as its daemon told it",
  servers: "servers, asked now",
};

/** The document for people; the first line is the time. */
export function nowText({ earliest, latest, best, uncertainty, offset, source, daemon, via }: NowDocument): string {
  if (source === null) return "";
  const where =
    daemon === null
      ? SOURCES[source]
      : `${printable(daemon)}${via === null ? "" : ` at ${printable(via)}`}, ${SOURCES[source]}`;
  return [
    `${best} ± ${durationText(uncertainty)}`,
    `earliest ${earliest}`,
    `latest   ${latest}`,
    `the local clock is ${offset === 0 ? "right" : `off by ${signedText(offset)}`} by this`,
    `from ${where}`,
    "",
  ].join("\n");
}
