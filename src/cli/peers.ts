/** `ntpkit peers`: the servers of running daemons, whatever daemons they are; or, where none runs, polled live. */
import { existsSync } from "node:fs";
import { UsageError } from "../config/usage.ts";
import { findConfiguration } from "../config/files.ts";
import type { DaemonReport } from "../control/daemon.ts";
import { isReferenceClock, isUnspecified } from "../control/daemonmode6.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import { askDaemon, LOCAL, type AskOptions, type Place } from "../host/ask.ts";
import { peersDocument, type HostAnswer } from "../view/daemon-document.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { peersTable, serverWidth } from "../view/peers.ts";
import { askFailure, askOptions, daemonPlaceOf } from "./asking.ts";
import { ASKING_DEFAULTS } from "./options/defaults.ts";
import { exitCode, failureLine } from "./exit.ts";
import { DEFAULT_WIDTH, type Io, sayLine, STANDARD_OUTPUT } from "./io.ts";
import { wantsMetrics, type OptionsOf } from "./options/offers.ts";
import { Until } from "./until.ts";

const TITLE = "ntpkit peers";

/**
 * Runs `peers`.
 * @returns the exit code
 * @throws UsageError
 */
export async function runPeers(hosts: readonly string[], options: OptionsOf<"peers">, io: Io): Promise<number> {
  if (options.config !== undefined) await refuseNtpqCommand(options.config);
  if (options.state !== undefined) {
    const { showRemembered } = await import("./peers-remembered.ts");
    return await showRemembered(hosts, options, io);
  }
  const places = hosts.length === 0 ? [LOCAL] : hosts.map(daemonPlaceOf);
  if (options.watch !== undefined) {
    const { watchPeers } = await import("./peers-watch.ts");
    return await watchPeers(options.watch, options, io, (until) =>
      look(places, hosts.length === 0, options, io, until),
    );
  }
  if (options.svg !== undefined) (await import("./page-file.ts")).refusePicture(options.svg, options.json);
  const until = new Until(io, options.deadline ?? ASKING_DEFAULTS.deadline);
  try {
    const seen = await look(places, hosts.length === 0, options, io, until);
    if (options.svg !== undefined) await writePicture(seen.answers, options.svg, io);
    if (options.json === true) io.out.write(documentText(peersDocument(seen.answers, seen.failure), io.out.isTerminal));
    else if (wantsMetrics(options)) {
      const [{ giveMetrics }, { peersMetrics }] = await Promise.all([
        import("./metrics.ts"),
        import("../view/expositions.ts"),
      ]);
      giveMetrics(peersMetrics(seen.answers), options, io);
    } else if ((options.quiet !== true && options.svg !== STANDARD_OUTPUT) || seen.failure !== null)
      io.out.write(await peersText(seen.answers, options, io));
    return tellFailures(seen, options, io);
  } finally {
    until.release();
  }
}

/** `ntpq -crv HOST` asks a question; here `-c` names a file. @throws UsageError where it is no file, and a question of ntpq's */
async function refuseNtpqCommand(text: string): Promise<void> {
  const [word = ""] = text.trim().split(/\s+/);
  if (existsSync(text)) return;
  const [{ QUESTIONS }, { OTHER_TOOLS }] = await Promise.all([import("./questions.ts"), import("./other-tools.ts")]);
  const hint =
    NTPQ_WORDS.get(word) ??
    OTHER_TOOLS.get(word) ??
    (Object.hasOwn(QUESTIONS, word) ? `here it is "ntpkit ${word} HOST"` : null);
  if (hint !== null)
    throw new UsageError(`there is no configuration file "${text}", and -c asks no question here`, hint);
}

/** ntpq's short words for what are commands here. */
const NTPQ_WORDS: ReadonlyMap<string, string> = new Map([
  ...["rv", "rl", "readlist", "readvar"].map((word) => [word, 'here it is "ntpkit readvar HOST"'] as const),
  ...["p", "pe", "peers", "opeers"].map((word) => [word, 'here it is "ntpkit peers HOST"'] as const),
]);

/** What one look at all hosts found. */
export interface Seen {
  readonly answers: readonly HostAnswer[];
  /** Why nothing was learnt; `null`: something was. */
  readonly failure: FailureDocument | null;
}

/** Says on stderr who told nothing. */
function tellFailures({ answers, failure }: Seen, options: OptionsOf<"peers">, io: Io): number {
  const lines = answers.flatMap((answer) => (answer.failure === null ? [] : [failureLine(TITLE, answer.failure)]));
  for (const line of lines) io.err.write(line);
  if (failure !== null && answers.length !== 1) io.err.write(failureLine(TITLE, failure));
  // A file may be another host's, or container's, whose daemon knows nothing of the address that was asked for.
  for (const { host, report } of answers)
    if (options.quiet !== true && report?.via?.startsWith("/") === true && host !== LOCAL.host && !host.startsWith("/"))
      sayLine(io.err, `${TITLE}: ${host}: told by ${report.via}`);
  const withheld = answers.some(({ report }) => report?.withheld === true);
  if (withheld && (options.verbose === true || options.explain === true))
    io.err.write(
      `${TITLE}: chronyd tells what it selects by, and whom it authenticates, over its Unix socket only: ask on its host, as root\n`,
    );
  return exitCode(failure?.code ?? "ok");
}

/** Asks all hosts at once; with nobody named and no daemon here, the configured servers. */
async function look(
  places: readonly Place[],
  unnamed: boolean,
  options: OptionsOf<"peers">,
  io: Io,
  until: Until,
): Promise<Seen> {
  const asking = await askOptions(options, until);
  const answers = await Promise.all(places.map((place) => answerOf(place, options, asking, until)));
  const [only] = answers;
  const isMissing = only?.failure?.code === "no-reply" || only?.failure?.code === "unavailable";
  if (unnamed && only !== undefined && isMissing && findConfiguration(options.config ?? null, io.env) !== null) {
    const { pollLive } = await import("./peers-live.ts");
    const { report, failure } = await pollLive(only.failure, options, io);
    return { answers: [await explained({ ...only, report, failure }, options)], failure };
  }
  return { answers, failure: commonFailure(answers) };
}

async function answerOf(
  place: Place,
  options: OptionsOf<"peers">,
  asking: AskOptions,
  until: Until,
): Promise<HostAnswer> {
  const asked = await askDaemon(place, asking);
  const { host } = place;
  if ("kind" in asked) return { host, report: null, failure: askFailure(host, asked, until), reselection: null };
  return await explained({ host, report: asked, failure: null, reselection: null }, options);
}

async function explained(answer: HostAnswer, { explain, svg }: OptionsOf<"peers">): Promise<HostAnswer> {
  if ((explain !== true && svg === undefined) || answer.report === null) return answer;
  const { reselect } = await import("../control/reselect.ts");
  return { ...answer, reselection: reselect(answer.report) };
}

async function writePicture(answers: readonly HostAnswer[], file: string, io: Io): Promise<void> {
  const judged = answers.flatMap(({ host, reselection }) => (reselection === null ? [] : [{ host, reselection }]));
  if (judged.length === 0) return;
  const [{ explainedPicture }, { writePage }] = await Promise.all([
    import("../report/explained.ts"),
    import("./page-file.ts"),
  ]);
  writePage(file, explainedPicture(judged), io.out);
}

/** By how much it says, most first: of many hosts that told nothing the best news counts. */
const NEWS: readonly Outcome[] = [
  "interrupted",
  "terminated",
  "usage",
  "authentication",
  "unavailable",
  "deadline",
  "no-reply",
  "resolve",
];

function commonFailure(answers: readonly HostAnswer[]): FailureDocument | null {
  const failures = answers.flatMap(({ failure }) => failure ?? []);
  if (failures.length < answers.length) return null;
  if (failures.length === 1) return failures[0]!;
  const code = NEWS.find((news) => failures.some((failure) => failure.code === news)) ?? "no-reply";
  return { code, message: `none of the ${failures.length} hosts told anything`, hint: null };
}

/** The text of all hosts. */
export async function peersText(answers: readonly HostAnswer[], options: OptionsOf<"peers">, io: Io): Promise<string> {
  const reports = answers.flatMap(({ report }) => report ?? []);
  const name = options.numeric === true ? undefined : await namesIn(reports);
  const table = await tableFor(answers, options, io, name);
  const parts = answers.flatMap(({ report }) => (report === null ? [] : [table(report)]));
  // Between two hosts' tables ntpq leaves a line empty.
  return [parts.join("\n"), ...(await explanations(answers, options, io))].join("");
}

async function tableFor(
  answers: readonly HostAnswer[],
  options: OptionsOf<"peers">,
  io: Io,
  name: ((address: string) => string) | undefined,
): Promise<(report: DaemonReport) => string> {
  if (options.wide === true) return await wideTable(options, io, name);
  const { compat } = options;
  if (compat === undefined || compat === "ntpq") return plainTable(answers, options, name);
  const { chronycText } = await import("../view/chronyc.ts");
  return (report) => chronycText(compat, report, name);
}

function plainTable(
  answers: readonly HostAnswer[],
  { all, associations, wideRemote, compat }: OptionsOf<"peers">,
  name: ((address: string) => string) | undefined,
): (report: DaemonReport) => string {
  const named = name === undefined ? {} : { name };
  const width = serverWidth(answers.map(({ host }) => host));
  return (report) =>
    peersTable(report, {
      all: all === true,
      wide: wideRemote === true,
      form: associations === true ? "apeers" : "peers",
      serverWidth: width,
      ...(compat === "ntpq" ? { zeros: true } : {}),
      ...named,
    });
}

async function wideTable(
  { all, color }: OptionsOf<"peers">,
  io: Io,
  name: ((address: string) => string) | undefined,
): Promise<(report: DaemonReport) => string> {
  const [{ widePeers }, { paletteFor }] = await Promise.all([import("../view/peers-wide.ts"), import("./colors.ts")]);
  const palette = await paletteFor(io.out, io.env, color);
  const named = name === undefined ? {} : { name };
  return (report) => widePeers(report, { all: all === true, width: io.out.columns ?? WIDE_WIDTH, palette, ...named });
}

/** Where no terminal says how wide it is, names need not be cut. */
const WIDE_WIDTH = 160;

async function explanations(
  answers: readonly HostAnswer[],
  { color, explain }: OptionsOf<"peers">,
  io: Io,
): Promise<string[]> {
  const judged = answers.filter(({ reselection }) => reselection !== null);
  if (judged.length === 0 || explain !== true) return [];
  const [{ explanation }, { paletteFor }] = await Promise.all([import("../view/intervals.ts"), import("./colors.ts")]);
  const palette = await paletteFor(io.out, io.env, color);
  return judged.map(
    ({ host, reselection }) => `\n${explanation(host, reselection!, io.out.columns ?? DEFAULT_WIDTH, palette)}`,
  );
}

/** How long the resolver is waited for, seconds. */
const NAMING = 2;

/** The names of the addresses in some reports. */
async function namesIn(reports: readonly DaemonReport[]): Promise<((address: string) => string) | undefined> {
  const several = reports.length > 1;
  const addresses = reports.flatMap(({ associations }) =>
    associations.flatMap(({ address, name, local }) => [
      ...(address !== null && name === address ? [address] : []),
      ...(several && local !== null ? [local] : []),
    ]),
  );
  const asked = addresses.filter((address) => !isReferenceClock(address) && !isUnspecified(address));
  if (asked.length === 0) return (address) => address;
  const { namesOfAddresses } = await import("../host/reverse.ts");
  return await namesOfAddresses(asked, NAMING);
}
