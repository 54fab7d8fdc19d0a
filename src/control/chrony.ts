/** The questions to chronyd, each a dialogue that needs a conversation and nothing else. */
import type { CmdmonRefusal, CmdmonReply, CmdmonRequest } from "./cmdmon.ts";
import {
  readActivity,
  readAuthData,
  readCount,
  readNtpData,
  readSelectData,
  readServerStats,
  readSource,
  readSourceName,
  readSourceStats,
  readTracking,
} from "./cmdmonreply.ts";
import type {
  ChronyActivity,
  ChronyAuthData,
  ChronyNtpData,
  ChronySelectData,
  ChronyServerStats,
  ChronySource,
  ChronySourceStats,
  ChronyTracking,
} from "./chronyreport.ts";
import type { CmdmonAnswer } from "./cmdmonsession.ts";
import type { Dialogue } from "./request.ts";

/** A dialogue with chronyd. */
export type ChronyDialogue<Result> = Dialogue<Result, CmdmonRequest, CmdmonAnswer>;

/** Why there is no result. `socketOnly`: chronyd tells it only over its Unix socket. */
export interface ChronyFault {
  readonly kind: "fault";
  readonly fault: CmdmonRefusal | "timeout" | "unreachable" | "question" | "garbled";
}

/** What was read. */
export interface ChronyRead<Fields> {
  readonly kind: "read";
  readonly fields: Fields;
}

/** A source with all that chronyd tells of it here; `null` is what it does not. */
export interface ChronyReadSource {
  readonly source: ChronySource;
  /** The name it was configured by. */
  readonly name: string | null;
  readonly stats: ChronySourceStats | null;
  readonly select: ChronySelectData | null;
  readonly ntp: ChronyNtpData | null;
  readonly auth: ChronyAuthData | null;
}

/** The whole of what chronyd tells. */
export interface ReadChrony {
  readonly kind: "chrony";
  readonly tracking: ChronyTracking;
  readonly activity: ChronyActivity | null;
  readonly sources: readonly ChronyReadSource[];
  /** What it tells only over its Unix socket, and did not tell us: selection, last measurements, authentication. */
  readonly withheld: boolean;
}

/** What chronyd makes of the clock. */
export function* readChronyTracking(): ChronyDialogue<ChronyRead<ChronyTracking> | ChronyFault> {
  return yield* one({ command: "tracking" }, readTracking);
}

/** How many sources are online. */
export function* readChronyActivity(): ChronyDialogue<ChronyRead<ChronyActivity> | ChronyFault> {
  return yield* one({ command: "activity" }, readActivity);
}

/** What chronyd counts as a server; over the Unix socket only. */
export function* readChronyServerStats(): ChronyDialogue<ChronyRead<ChronyServerStats> | ChronyFault> {
  return yield* one({ command: "serverStats" }, readServerStats);
}

/** The sources, as `chronyc sources` has them. */
export function* readChronySources(): ChronyDialogue<ChronyRead<readonly ChronySource[]> | ChronyFault> {
  const [count] = yield [{ command: "countSources" }];
  const sources = fieldsOf(count, readCount);
  if (sources.kind === "fault") return sources;
  const answers = yield indexes(sources.fields).map((index): CmdmonRequest => ({ command: "source", index }));
  return { kind: "read", fields: answers.flatMap((answer) => found(answer, readSource)) };
}

/** Asks for everything a table of peers needs, and for what explains it where chronyd tells that. */
export function* readChrony(): ChronyDialogue<ReadChrony | ChronyFault> {
  const [trackingAnswer, activityAnswer, count] = yield [
    { command: "tracking" },
    { command: "activity" },
    { command: "countSources" },
  ];
  const tracking = fieldsOf(trackingAnswer, readTracking);
  if (tracking.kind === "fault") return tracking;
  const counted = fieldsOf(count, readCount);
  if (counted.kind === "fault") return counted;
  const each = indexes(counted.fields);
  const firsts = yield each.flatMap((index): CmdmonRequest[] => [
    { command: "source", index },
    { command: "sourceStats", index },
    { command: "selectData", index },
  ]);
  const described = each.flatMap((index) => {
    const [source] = found(firsts[index * 3], readSource);
    const [stats = null] = found(firsts[index * 3 + 1], readSourceStats);
    const [select = null] = found(firsts[index * 3 + 2], readSelectData);
    return source === undefined ? [] : [{ source, stats, select }];
  });
  const addressed = described.flatMap(({ source: { address } }) => (address === null ? [] : [address]));
  const seconds = yield addressed.flatMap((address): CmdmonRequest[] => [
    { command: "sourceName", address },
    { command: "ntpData", address },
    { command: "authData", address },
  ]);
  const sources = described.map((one): ChronyReadSource => {
    const at = one.source.address === null ? -1 : addressed.indexOf(one.source.address) * 3;
    const [name = null] = found(seconds[at], readSourceName);
    const [ntp = null] = found(seconds[at + 1], readNtpData);
    const [auth = null] = found(seconds[at + 2], readAuthData);
    return { ...one, name, ntp: at < 0 ? null : ntp, auth: at < 0 ? null : auth };
  });
  const withheld = [...firsts, ...seconds].some(
    (answer) => answer.kind === "refused" && answer.refusal === "socketOnly",
  );
  const [activity = null] = found(activityAnswer, readActivity);
  return { kind: "chrony", tracking: tracking.fields, activity, sources, withheld };
}

/** More sources than any chronyd has; a larger number is a lie. */
const MOST_SOURCES = 10_000;

function indexes(count: number): number[] {
  return Array.from({ length: Math.min(count, MOST_SOURCES) }, (_, index) => index);
}

function* one<Fields>(
  request: CmdmonRequest,
  read: (reply: CmdmonReply) => Fields | null,
): ChronyDialogue<ChronyRead<Fields> | ChronyFault> {
  const [answer] = yield [request];
  return fieldsOf(answer, read);
}

function fieldsOf<Fields>(
  answer: CmdmonAnswer | undefined,
  read: (reply: CmdmonReply) => Fields | null,
): ChronyRead<Fields> | ChronyFault {
  if (answer === undefined) return { kind: "fault", fault: "garbled" };
  if (answer.kind === "refused") return { kind: "fault", fault: answer.refusal };
  if (answer.kind === "failed") return { kind: "fault", fault: answer.fault };
  const fields = read(answer.reply);
  return fields === null ? { kind: "fault", fault: "garbled" } : { kind: "read", fields };
}

/** What an answer says, in a list of one; an empty one where it says nothing. */
function found<Fields>(answer: CmdmonAnswer | undefined, read: (reply: CmdmonReply) => Fields | null): Fields[] {
  const fields = fieldsOf(answer, read);
  return fields.kind === "read" ? [fields.fields] : [];
}
