/** The document of `adopt`, its schema, and its words. */
import { DAEMON_NAMES, type FoundDaemon } from "../config/adopt/daemons.ts";
import { head, type Head } from "./daemon-document.ts";
import { amount, documentSchema, flag, list, maybe, oneOf, open, record, text, type Schema } from "./schema.ts";
import { printable } from "./text.ts";

/** A file of ours that is, or would be, written. */
export interface AdoptedFile {
  readonly path: string;
  readonly what: "configuration" | "keys" | "drift";
  /** The other daemon's. */
  readonly from: string;
}

/** The document of `adopt`. */
export interface AdoptDocument extends Head {
  /** The folder that stands for the machine's own root. */
  readonly root: string;
  /** Every daemon that is configured. */
  readonly found: readonly FoundDaemon[];
  readonly taken: FoundDaemon["daemon"];
  readonly text: string;
  readonly lost: readonly string[];
  /** ppm, as ntpd's drift file has it */
  readonly frequency: number | null;
  readonly files: readonly AdoptedFile[];
  readonly written: boolean;
  /** Where what was there before is kept. */
  readonly kept: readonly string[];
}

/** The document. */
export function adoptDocument(told: Omit<AdoptDocument, keyof Head>): AdoptDocument {
  return { ...head("adopt", null), ...told };
}

/** Its schema. */
export function adoptSchema(): Schema {
  return documentSchema<AdoptDocument>("adopt", {
    root: { ...text, description: "the folder that was looked at in place of the machine's root" },
    found: list(
      open(
        record<FoundDaemon>({
          daemon: oneOf(DAEMON_NAMES),
          config: text,
          enabled: { ...flag, description: "systemd starts it with the machine" },
        }),
      ),
    ),
    taken: oneOf(DAEMON_NAMES),
    text: { ...text, description: "the configuration, as ntp.conf has it" },
    lost: list({ ...text, description: "what cannot be said here, or means something else" }),
    frequency: maybe({ ...amount, description: "what the other daemon has found, ppm" }),
    files: list(
      open(
        record<AdoptedFile>({
          path: text,
          what: oneOf(["configuration", "keys", "drift"]),
          from: { ...text, description: "the other daemon's file, which is left as it is" },
        }),
      ),
    ),
    written: flag,
    kept: list({ ...text, description: "where what was there before is kept" }),
  });
}

/** What is said beside the configuration, a line each. */
export function adoptWords({ found, taken, lost, files, written, kept }: AdoptDocument): readonly string[] {
  const others = found.filter(({ daemon }) => daemon !== taken);
  return [
    ...others.map(
      ({ daemon, config }) =>
        `${daemon} is configured, too, by ${printable(config)}, and was left out: ntpkit adopt ${daemon}`,
    ),
    ...lostWords({ lost }),
    ...files.map(
      ({ path, what, from }) => `${written ? "wrote" : "would write"} ${path}: ${what}, from ${printable(from)}`,
    ),
    ...kept.map((path) => `what was there is ${path} now`),
    ...(written ? [] : ["nothing was written; --write does"]),
  ];
}

/** What is said even to whoever wants quiet. */
function lostWords({ lost }: Pick<AdoptDocument, "lost">): readonly string[] {
  return lost.map((one) => `lost: ${printable(one)}`);
}
