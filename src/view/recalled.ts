/** What a run starts from, in words: the lines of `-v`. */
import type { Break } from "../engine/memory/lapse.ts";
import type { Recalled } from "../state/file.ts";
import { isMeasured } from "../discipline/unattended.ts";
import type { RememberedAssociation } from "../engine/port/memory.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";
import { addressText } from "../wire/address.ts";
import { counted, printable } from "./text.ts";

/** Why what was measured before says nothing any more, in words. */
export const BREAKS: Readonly<Record<Break, string>> = {
  restart: "the machine was started anew since, or may have been",
  sleep: "the machine has slept since",
  step: "somebody else has set the clock since",
  frequency: "somebody else has changed the clock's rate since",
};

/** What was recalled, one line. */
export function recalledText(
  path: string,
  { memory: { remembered }, lapse }: Pick<Recalled, "memory" | "lapse">,
): string {
  if (remembered === undefined || lapse === null) return `${path}: nothing is remembered of servers yet`;
  const { associations } = remembered;
  const sampled = associations.filter(({ samples }) => samples.length > 0).length;
  const doubtful = associations.filter(({ probation }) => probation !== null).length;
  const spared = associations.filter(({ backoff }) => backoff !== null && backoff.left > 0).length;
  const parts = [
    `${counted(associations.length, "server")} remembered, ${agoText(lapse.elapsed)} old`,
    lapse.broken === null
      ? `${sampled} known by ${sampled === 1 ? "its" : "their"} samples`
      : `no samples are of use: ${BREAKS[lapse.broken]}`,
    ...(doubtful > 0 ? [`${doubtful} on probation`] : []),
    ...(spared > 0 ? [`${spared} left alone, as asked (RATE)`] : []),
  ];
  return `${path}: ${parts.join("; ")}`;
}

/** How the clock runs by itself, e.g. `left to itself the clock runs 21.034 ppm slow, known to 0.050 ppm`. */
export function runsText({
  correction,
  deviation,
}: {
  readonly correction: number;
  readonly deviation: number;
}): string {
  return `left to itself the clock runs ${Math.abs(correction * 1e6).toFixed(3)} ppm ${correction < 0 ? "fast" : "slow"}, known to ${(deviation * 1e6).toFixed(3)} ppm`;
}

/** What is remembered besides the table: how old it is, the clock's rate, who is not to be asked or has no vote. */
export function rememberedLines(path: string, recalled: Pick<Recalled, "memory" | "lapse">): readonly string[] {
  const { kisses, remembered } = recalled.memory;
  const { associations = [], clock = null } = remembered ?? {};
  const at = ({ ip, port }: { readonly ip: string; readonly port: number }): string => addressText({ ip, port });
  return [
    recalledText(path, recalled),
    ...(clock === null || !isMeasured(clock.oscillator)
      ? []
      : [runsText({ correction: clock.oscillator.frequency, deviation: Math.sqrt(clock.oscillator.variance) })]),
    ...associations.flatMap((entry) =>
      entry.probation === null
        ? []
        : [`${at(entry)}: on probation: it was a falseticker ${agoText(entry.probation)} ago`],
    ),
    ...associations.flatMap((entry) =>
      entry.backoff === null || entry.backoff.left <= 0
        ? []
        : [`${at(entry)}: left alone for another ${agoText(entry.backoff.left)}, as it asked (RATE)`],
    ),
    ...kisses.map(
      (kiss) =>
        `${at(kiss)}: never asked again: it sent us away (${printable(kiss.code)}) at ${printable(kiss.at.slice(0, 19))}Z`,
    ),
  ];
}

/** What is remembered besides the table, beside the document of a host. Ages are seconds ago. */
export interface RememberedDocument {
  readonly age: Seconds | null;
  /** Why samples of then say nothing any more. */
  readonly broken: Break | null;
  readonly clock: {
    readonly correction: Frequency;
    readonly deviation: Frequency;
    readonly inForce: Frequency;
    readonly measured: Seconds;
    readonly runs: number;
  } | null;
  readonly kisses: readonly {
    readonly address: string;
    readonly port: number;
    readonly code: string;
    readonly at: string;
  }[];
  readonly associations: readonly ({ readonly address: string } & Pick<
    RememberedAssociation,
    "port" | "since" | "seen" | "heard" | "probation" | "backoff" | "samples"
  >)[];
}

/** The same as data. */
export function rememberedDocument({
  memory: { kisses, remembered },
  lapse,
}: Pick<Recalled, "memory" | "lapse">): RememberedDocument {
  const { associations = [], clock = null } = remembered ?? {};
  return {
    age: lapse?.elapsed ?? null,
    broken: lapse?.broken ?? null,
    clock:
      clock === null || !isMeasured(clock.oscillator)
        ? null
        : {
            correction: clock.oscillator.frequency,
            deviation: Math.sqrt(clock.oscillator.variance),
            inForce: clock.corrections.frequency,
            measured: clock.age,
            runs: clock.runs,
          },
    kisses: kisses.map(({ ip, port, code, at }) => ({ address: ip, port, code, at })),
    associations: associations.map(({ ip, port, since, seen, heard, probation, backoff, samples }) => ({
      address: ip,
      port,
      since,
      seen,
      heard,
      probation,
      backoff,
      samples,
    })),
  };
}

function agoText(seconds: number): string {
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  const unit = units.find(([, length]) => seconds >= length);
  return unit === undefined ? `${Math.round(seconds)} s` : counted(Math.round(seconds / unit[1]), unit[0]);
}
