/** Associations that a system judges: good ones with one sample, to be spoiled one field at a time. */
import type { Association, AssociationId } from "../../src/association/association.ts";
import type { Writable } from "../../src/association/change.ts";
import type { Estimate } from "../../src/association/filter.ts";
import type { AssociationConfig } from "../../src/association/template.ts";
import type { JudgeRules } from "../../src/system/judge.ts";
import { DEFAULT_LIMITS } from "../../src/system/limits.ts";
import type { Mono } from "../../src/time/mono.ts";
import { timestamp } from "../../src/time/timestamp.ts";
import type { Header } from "../../src/wire/header.ts";
import { ipv4Word } from "../../src/wire/refid.ts";
import { at, client, goodHeader } from "../support/association.ts";

/** The moment of judging, and that of every sample. */
export const NOW = 1000 as Mono;

/** What a judged association differs in from a good one. */
export interface Judged {
  readonly header?: Partial<Header>;
  readonly estimate?: Partial<Estimate>;
  readonly config?: Partial<AssociationConfig>;
  readonly fields?: Partial<Association>;
}

/** The association of that number, with a server at 192.0.2.NUMBER. */
export function judged(id: number, { header, estimate, config, fields }: Judged = {}): Association {
  const made: Writable<Association> = client({ name: "ntp.example.net", ...config });
  const heard = at(1000).clock;
  // Each has a clock of its own.
  const good = { ...goodHeader(heard, heard), reference: timestamp(4_000_000_000, id) };
  return Object.assign(made, {
    id: id as AssociationId,
    address: { ip: `192.0.2.${id}`, port: 123 },
    header: { ...good, ...header },
    filter: {
      ...made.filter,
      estimate: { offset: 0, delay: 0.01, dispersion: 0.001, jitter: 0.001, at: NOW, ...estimate },
    },
    reach: 1,
    samples: 4,
    answers: 4,
    ...fields,
  });
}

/** The rules of a daemon. */
export const RULES: JudgeRules = {
  limits: DEFAULT_LIMITS,
  ownReferenceIds: new Set([0x0a00_0001]),
  requireReach: true,
  current: null,
  referenceIdOf: (ip) => ipv4Word(ip) ?? 0,
  toldAsItReads: true,
};
