/** The commands of the campaign, and how each may end against each server on a machine that keeps nothing from it. */

/** The servers, by what they do. */
export const SERVERS = [
  "good",
  "slow",
  "silent",
  "closed",
  "kissing",
  "rating",
  "lying",
  "stale",
  "hostile",
  "daemon",
] as const;

/** A server, by what it does. */
export type ServerName = (typeof SERVERS)[number];

/** How a server is named to the command. */
export const SPELLINGS = ["ipv4", "ipv6", "name"] as const;

/** How the server is named. */
export type Spelling = (typeof SPELLINGS)[number];

/** What is printed. */
export const OUTPUTS = ["text", "json", "quiet", "verbose"] as const;

/** What is asked to be printed. */
export type Output = (typeof OUTPUTS)[number];

/** What a command line is made of. */
export interface Asked {
  /** HOST:PORT of the server. */
  readonly place: string;
  readonly port: number;
  /** A port that is the row's own. */
  readonly own: number;
  /** The row's own folder. */
  readonly folder: string;
  /** A file with the certificate that vouches for the daemon. */
  readonly authority: string;
}

/** One command. */
export interface Command {
  readonly words: (asked: Asked) => readonly string[];
  /** What is printed with --json: one document, one a line, or nothing of the kind. */
  readonly json: "document" | "lines" | null;
  /** Seconds after which it must be gone: its deadline, or none where it goes on until a signal comes. */
  readonly deadline: number | null;
  /** It goes on until this signal, which is sent this long after the beginning. */
  readonly stopped?: { readonly by: NodeJS.Signals; readonly after: number };
  /** How it may end, by the server; `all` for those that are not named. Codes of CONTRACT's table, of `check`'s its own. */
  readonly ends: Partial<Record<ServerName, readonly number[]>> & { readonly all: readonly number[] };
  /** Files that it leaves in its folder, as patterns; any other is a fault. */
  readonly leaves?: readonly RegExp[];
  /** It is of the monitoring-plugin convention: 0 to 3, and a line. */
  readonly plugin?: true;
  /** It prints nothing where all went well. */
  readonly mute?: true;
  /** Its options are not those of the others: neither --json nor -q. */
  readonly plain?: true;
}

/** Seconds; the slow server answers within it. */
const DEADLINE = 4;
const WITHIN = ["--deadline", `${DEADLINE}s`];

/** Nearby, requests may follow each other as fast. */
const QUICKLY = ["--interval", "0.4s", ...WITHIN];

/** One server measured; `slow` is late for its first request and answers all the same. */
const measured: Command["ends"] = {
  good: [0],
  slow: [0, 10],
  daemon: [0],
  lying: [0],
  silent: [10, 17],
  closed: [10],
  kissing: [16],
  rating: [16],
  stale: [12],
  hostile: [0, 10, 12, 15, 16, 17],
  all: [],
};

/** A question to a daemon by the control protocol, which only two of them speak. */
const questioned: Command["ends"] = {
  daemon: [0, 69],
  silent: [10, 17],
  closed: [10],
  // It answers no control packet, and a client's packet late.
  slow: [10, 17, 69],
  hostile: [0, 10, 17, 69],
  all: [69],
};

const question = (name: string): Command => ({
  words: ({ place }) => [name, place, ...WITHIN],
  json: "document",
  deadline: DEADLINE,
  ends: questioned,
});

/** A server's key establishment, which only the daemon has; who accepts the connection and speaks no TLS has proved nothing. */
const established: Command["ends"] = { daemon: [0], silent: [10, 17], lying: [15], hostile: [15], all: [10] };

/** No code of a key that the server does not have: it is waited for, since a stranger might have come before the server. */
const unproved: Command["ends"] = { silent: [10, 17], closed: [10], daemon: [15], all: [15, 17] };

/** Every command. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  query: { words: ({ place }) => ["query", place, ...WITHIN], json: "document", deadline: DEADLINE, ends: measured },
  "query-two": {
    words: ({ place, port }) => ["query", place, `127.0.0.1:${port}`, "--samples", "2", ...QUICKLY],
    json: "document",
    deadline: DEADLINE,
    ends: measured,
  },
  "query-metrics": {
    words: ({ place, folder }) => ["query", place, ...WITHIN, "--textfile", `${folder}/figures.prom`],
    json: null,
    mute: true,
    deadline: DEADLINE,
    ends: measured,
    leaves: [/^figures\.prom$/],
  },
  "query-nts": {
    words: ({ place, authority }) => ["query", "--nts", "--ca", authority, place, ...WITHIN],
    json: "document",
    deadline: DEADLINE,
    ends: established,
  },
  "query-keys": {
    words: ({ place, folder }) => ["query", "--keys", `${folder}/keys`, "--key", "7", place, ...WITHIN],
    json: "document",
    deadline: DEADLINE,
    ends: unproved,
  },
  "query-autokey": {
    words: ({ place, folder }) => [
      "query",
      "--autokey",
      `${folder}/autokey`,
      "--autokey-password",
      `${folder}/password`,
      place,
      ...WITHIN,
    ],
    json: "document",
    deadline: DEADLINE,
    ends: unproved,
  },
  sync: {
    words: ({ place }) => ["sync", "--dry-run", place, ...QUICKLY],
    json: "document",
    deadline: DEADLINE,
    ends: { ...measured, lying: [13], hostile: [0, 10, 12, 13, 15, 16, 17] },
  },
  "sync-state": {
    words: ({ place, folder }) => ["sync", "--dry-run", `--state=${folder}/state/known`, place, ...QUICKLY],
    json: "document",
    deadline: DEADLINE,
    ends: { ...measured, lying: [13], hostile: [0, 10, 12, 13, 15, 16, 17] },
    leaves: [/^state\/known$/, /^state\/known\.lock$/],
  },
  pool: {
    words: ({ place }) => ["pool", place, "--samples", "1", ...WITHIN],
    json: "document",
    deadline: DEADLINE,
    ends: measured,
  },
  manycast: {
    words: () => ["manycast", "239.1.1.1", "--ttl", "1", "--no-auth", ...WITHIN],
    json: "document",
    deadline: DEADLINE,
    ends: { all: [10, 17] },
  },
  broadcast: {
    words: ({ own }) => ["broadcast", "--no-auth", "--port", `${own}`, "--deadline", "1s"],
    json: "lines",
    deadline: 1,
    ends: { all: [10] },
  },
  check: {
    words: ({ place }) => ["check", place, ...WITHIN],
    json: "document",
    deadline: DEADLINE,
    ends: { good: [0], slow: [0], daemon: [0], lying: [2], hostile: [0, 1, 2, 3], all: [2, 3] },
    plugin: true,
  },
  "check-daemon": {
    words: ({ place }) => ["check", "--daemon", place, ...WITHIN],
    json: "document",
    deadline: DEADLINE,
    ends: { daemon: [0, 1, 2], hostile: [0, 1, 2, 3], all: [2, 3] },
    plugin: true,
  },
  peers: {
    words: ({ place }) => ["peers", place, ...WITHIN],
    json: "document",
    deadline: DEADLINE,
    ends: { ...questioned, daemon: [0] },
  },
  trace: {
    words: ({ place }) => ["trace", place, ...WITHIN],
    json: "document",
    deadline: DEADLINE,
    ends: {
      good: [0],
      slow: [0, 10, 17],
      lying: [0],
      daemon: [0, 10, 12, 17],
      silent: [10, 17],
      closed: [10],
      // As ntptrace has it: stratum 16 is where the way ends; who sends us away is told.
      kissing: [16],
      rating: [16],
      stale: [0, 12],
      hostile: [0, 10, 12, 15, 16, 17, 69],
      all: [],
    },
  },
  nts: {
    words: ({ place, authority }) => ["nts", "--ca", authority, place, ...WITHIN],
    json: "document",
    deadline: DEADLINE,
    ends: established,
  },
  readvar: question("readvar"),
  sysinfo: question("sysinfo"),
  associations: question("associations"),
  mru: { ...question("mru"), ends: { ...questioned, daemon: [0, 69] } },
  wait: {
    words: () => ["wait", "--deadline", "1s"],
    json: "document",
    deadline: 1,
    ends: { all: [0, 17, 69] },
  },
  "wait-daemon": {
    words: ({ place }) => ["wait", "--daemon", place, "--deadline", "1.5s"],
    json: "document",
    deadline: 1.5,
    ends: { daemon: [0, 17], all: [0, 17, 69] },
  },
  now: { words: ({ place }) => ["now", place, ...WITHIN], json: "document", deadline: DEADLINE, ends: measured },
  "now-here": {
    words: () => ["now", "--wait", "1s", "--deadline", "1s"],
    json: "document",
    deadline: 1,
    ends: { all: [0, 12, 17, 69] },
  },
  watch: {
    words: ({ place }) => ["watch", place],
    json: "lines",
    deadline: null,
    stopped: { by: "SIGINT", after: 2 },
    ends: { all: [130] },
  },
  serve: {
    words: ({ own }) => ["serve", "--local-stratum", "5", "--address", "127.0.0.1", "--port", `${own}`],
    json: "lines",
    deadline: null,
    stopped: { by: "SIGTERM", after: 2 },
    ends: { all: [0] },
  },
  run: {
    mute: true,
    words: ({ folder, own }) => ["run", "--no-clock", "-c", `${folder}/run.conf`, "--port", `${own}`],
    json: "lines",
    deadline: null,
    stopped: { by: "SIGTERM", after: 2 },
    ends: { all: [0] },
    leaves: [/^state\//, /^run\//],
  },
  "serve-nts": {
    words: ({ own, folder }) => [
      "serve",
      "--local-stratum=5",
      "--address=127.0.0.1",
      `--port=${own}`,
      `--nts-port=${own}`,
      `--nts-cert=${folder}/proof.crt`,
      `--nts-key=${folder}/proof.key`,
      `--nts-cookies=${folder}/state/nts-keys`,
    ],
    json: "lines",
    deadline: null,
    stopped: { by: "SIGTERM", after: 2 },
    ends: { all: [0] },
    leaves: [/^state\//],
  },
  "serve-follow": {
    words: ({ place, own }) => ["serve", place, "--address", "127.0.0.1", "--port", `${own}`, "--rate-limit"],
    json: "lines",
    deadline: null,
    stopped: { by: "SIGTERM", after: 2 },
    ends: { all: [0] },
  },
  "run-check": {
    words: ({ folder }) => ["run", "--check", "-c", `${folder}/run.conf`],
    json: "document",
    deadline: 2,
    ends: { all: [0] },
  },
  demo: { words: () => ["demo"], json: "document", deadline: 12, ends: { all: [0] } },
  keygen: {
    words: ({ folder }) => ["keygen", `${folder}/new.keys`],
    json: "document",
    deadline: 2,
    ends: { all: [0] },
    leaves: [/^new\.keys$/],
  },
  "keygen-print": { words: () => ["keygen"], json: "document", deadline: 2, ends: { all: [0] } },
  decode: {
    words: ({ folder }) => ["decode", `${folder}/capture.pcap`],
    json: "lines",
    deadline: 3,
    ends: { all: [0] },
  },
  "decode-summary": {
    words: ({ folder }) => ["decode", "--summary", `${folder}/capture.pcap`],
    json: "document",
    deadline: 3,
    ends: { all: [0] },
  },
  report: {
    words: ({ folder }) => ["report", `${folder}/loopstats`, "-o", `${folder}/tmp/page.html`],
    json: "document",
    deadline: 3,
    mute: true,
    ends: { all: [0] },
    leaves: [/^tmp\/page\.html$/],
  },
  "report-print": {
    words: ({ folder }) => ["report", `${folder}/loopstats`, "-o", "-"],
    json: null,
    deadline: 3,
    ends: { all: [0] },
  },
  simulate: {
    words: ({ folder }) => ["simulate", `${folder}/world.toml`, "--for", "60s"],
    json: "document",
    deadline: 5,
    ends: { all: [0] },
  },
  "simulate-runs": {
    words: ({ folder }) => ["simulate", `${folder}/world.toml`, "--for", "60s", "--runs", "3"],
    json: "document",
    deadline: 8,
    ends: { all: [0] },
  },
  adopt: {
    words: ({ folder }) => ["adopt", "--root", `${folder}/other`],
    json: "document",
    deadline: 2,
    ends: { all: [0] },
  },
  "adopt-write": {
    words: ({ folder }) => ["adopt", "--write", "--root", `${folder}/other`],
    json: "document",
    deadline: 2,
    mute: true,
    ends: { all: [0] },
    leaves: [/^other\/(?:etc\/ntpkit\.(?:conf|keys)|var(?:\/lib(?:\/ntpkit(?:\/drift)?)?)?)$/],
  },
  "adopt-nothing": { words: () => ["adopt", "--root", "."], json: "document", deadline: 2, ends: { all: [64] } },
  "man-examples": {
    words: () => ["man", "examples/worlds/liar.toml"],
    json: null,
    deadline: 2,
    ends: { all: [0] },
    plain: true,
  },
  man: { words: () => ["man", "sync"], json: null, deadline: 2, ends: { all: [0] }, plain: true },
  completion: { words: () => ["completion", "bash"], json: null, deadline: 2, ends: { all: [0] }, plain: true },
  help: { words: () => ["sync", "--help"], json: null, deadline: 2, ends: { all: [0] }, plain: true },
  mistake: {
    words: () => ["query", "ntp.test:port", "--deadline", "1s"],
    json: "document",
    deadline: 1,
    ends: { all: [64] },
  },
};

/** The words of a command that say what is to be printed. */
export function outputWords({ plain, json }: Command, output: Output): readonly string[] {
  if (plain === true || (output === "json" && json === null)) return [];
  return { text: [], json: ["--json"], quiet: ["-q"], verbose: ["-v"] }[output];
}
