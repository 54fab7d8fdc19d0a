/** What `ntpkit nts` found: a step at a time, as a document and in words. */
import type { Outcome } from "../engine/port/outcome.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Head } from "./daemon-document.ts";
import type { FailureDocument } from "./document.ts";
import {
  documentSchema,
  flag,
  instant,
  integer,
  list,
  maybe,
  oneOf,
  open,
  record,
  seconds,
  text,
  type Schema,
} from "./schema.ts";
import { durationText, printable, wrapped } from "./text.ts";

/** A step's name. */
export type NtsStep =
  | "dns"
  | "tcp"
  | "tls"
  | "alpn"
  | "certificate"
  | "records"
  | "aeads"
  | "cookies"
  | "udp"
  | "placeholders"
  | "nak"
  | "reuse";

/** The steps, in order, and how the command ends where one is the first that fails. */
export const NTS_STEPS: Readonly<Record<NtsStep, Outcome>> = {
  dns: "resolve",
  tcp: "no-reply",
  tls: "authentication",
  alpn: "authentication",
  certificate: "authentication",
  records: "authentication",
  aeads: "authentication",
  cookies: "authentication",
  udp: "no-reply",
  placeholders: "no-reply",
  nak: "authentication",
  reuse: "authentication",
};

/** One step. */
export interface StepDocument {
  readonly name: NtsStep;
  readonly ok: boolean;
  readonly elapsed: Seconds;
  /** What was seen. */
  readonly detail: string | null;
  /** What is to be done about it. */
  readonly advice: string | null;
}

/** A certificate that was shown. */
export interface CertificateDocument {
  readonly subject: string;
  readonly issuer: string;
  readonly from: string | null;
  readonly until: string | null;
  /** SHA-256, as `--pin` takes it. */
  readonly fingerprint: string;
}

/** What a size of request came to. */
export interface SizeDocument {
  readonly placeholders: number;
  /** Octets of the NTP packet. */
  readonly octets: number;
  readonly answered: boolean;
}

/** What was found besides. */
export interface NtsFindings {
  /** The address that establishes keys, and its port. */
  readonly address: string | null;
  readonly port: number;
  readonly tls: string | null;
  readonly certificates: readonly CertificateDocument[];
  /** Whole days until the first of them expires, by the measured time; `null`: that is not known. */
  readonly expires: number | null;
  readonly aeads: readonly { readonly name: string; readonly id: number; readonly taken: boolean }[];
  /** Octets of each. */
  readonly cookies: readonly number[];
  /** The NTP server that was negotiated, and where it is asked. */
  readonly server: string | null;
  readonly serverAddress: string | null;
  readonly serverPort: number | null;
  /** Server − local. */
  readonly offset: Seconds | null;
  readonly delay: Seconds | null;
  readonly sizes: readonly SizeDocument[];
}

/** The document of `nts`. */
export interface NtsDocument extends Head, NtsFindings {
  readonly host: string;
  readonly steps: readonly StepDocument[];
}

/** Why it ends as it does: by the first step that failed; `null`: none did. */
export function ntsFailure(
  host: string,
  steps: readonly StepDocument[],
  codeOf: (step: NtsStep) => Outcome = (step) => NTS_STEPS[step],
): FailureDocument | null {
  const first = steps.find(({ ok }) => !ok);
  if (first === undefined) return null;
  const message = `${host}: ${first.name}${first.detail === null ? "" : `: ${first.detail}`}`;
  return { code: codeOf(first.name), message, hint: first.advice === null ? null : asHint(first.advice) };
}

/** A sentence, as what comes behind a semicolon. */
function asHint(sentence: string): string {
  const [first = "", second = ""] = sentence;
  const begins = second === second.toLowerCase() ? first.toLowerCase() : first;
  return `${begins}${sentence.slice(1).replace(/\.$/, "")}`;
}

/** Columns of the name and of the time it took. */
const NAME = 13;
const TOOK = 9;

/** A step in words: a line, or some where it is long; and below it what is to be done. */
export function stepText({ name, ok, elapsed, detail, advice }: StepDocument, width: number | null): string {
  const before = `${ok ? "✓" : "✗"} ${name.padEnd(NAME)}${durationText(elapsed).padStart(TOOK)}`;
  const indent = " ".repeat(2 + NAME);
  const [first = "", ...more] = broken(detail ?? "", width, before.length + 2);
  const lines = [`${before}  ${first}`.trimEnd(), ...more.map((line) => `${" ".repeat(before.length)}  ${line}`)];
  if (advice !== null)
    lines.push(
      ...broken(advice, width, indent.length + 2).map((line, at) => `${indent}${at === 0 ? "> " : "  "}${line}`),
    );
  return `${lines.join("\n")}\n`;
}

/** Words in the columns that are left of a line. */
function broken(words: string, width: number | null, taken: number): readonly string[] {
  const room = width === null ? null : Math.max(NARROWEST, width - taken);
  return wrapped(printable(words), room).map((line) => line.trimStart());
}

/** Narrower no sentence is broken. */
const NARROWEST = 20;

/** The schema of the document of `nts`. */
export function ntsSchema(): Schema {
  return documentSchema<NtsDocument>("nts", {
    host: text,
    steps: list(
      open(
        record<StepDocument>({
          name: oneOf(Object.keys(NTS_STEPS) as NtsStep[]),
          ok: flag,
          elapsed: seconds("that it took"),
          detail: maybe({ ...text, description: "what was seen" }),
          advice: maybe({ ...text, description: "what is to be done about it" }),
        }),
      ),
    ),
    address: maybe({ ...text, description: "that establishes keys" }),
    port: { ...integer(1, 65_535), description: "of key establishment" },
    tls: maybe({ ...text, description: "the version" }),
    certificates: list(
      open(
        record<CertificateDocument>({
          subject: text,
          issuer: text,
          from: maybe(instant),
          until: maybe(instant),
          fingerprint: { ...text, description: "SHA-256, as --pin takes it" },
        }),
      ),
    ),
    expires: maybe({
      ...integer(-1_000_000),
      description: "whole days until the first certificate expires, by the measured time",
    }),
    aeads: list(open(record<NtsFindings["aeads"][number]>({ name: text, id: integer(0, 65_535), taken: flag }))),
    cookies: list({ ...integer(1), description: "octets of each" }),
    server: maybe({ ...text, description: "the NTP server that was negotiated" }),
    serverAddress: maybe(text),
    serverPort: maybe(integer(1, 65_535)),
    offset: maybe(seconds("server − local")),
    delay: maybe(seconds("of the exchange")),
    sizes: list(open(record<SizeDocument>({ placeholders: integer(0, 7), octets: integer(0), answered: flag }))),
  });
}
