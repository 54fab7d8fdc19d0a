/** Every command that asks a daemon, of daemons that answer garbage, half an answer, somebody else's, 60 kB, or nothing at all. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Daemon } from "../control/replay.ts";
import { listening, silence } from "../support/asked.ts";
import { ntpkit, type Ran } from "../support/command.ts";
import { BAD_ANSWERS, tellingDaemon } from "../support/told.ts";

afterEach(silence);

const folder = mkdtempSync(join(tmpdir(), "ntpkit-bad-"));
const keys = join(folder, "ntp.keys");
writeFileSync(keys, "7 SHA1 shortsha1key\n", { mode: 0o600 });
afterAll(() => rmSync(folder, { recursive: true }));

/** For those who are not going to answer anyway. */
const SHORT = "40ms";
const QUICK = ["--timeout", SHORT];
const KEYED = ["--keys", keys, "--key", "7"];

/** Every command, by how it is told whom to ask. */
const COMMANDS: readonly (readonly [command: string, argv: (host: string) => readonly string[]])[] = [
  ...[
    "peers",
    "associations",
    "sysinfo",
    "kerninfo",
    "sysstats",
    "iostats",
    "timerstats",
    "authinfo",
    "monstats",
    "readvar",
    "trace",
  ].map((command) => [command, (host: string) => [command, ...QUICK, host]] as const),
  ["peers --explain --wide", (host) => ["peers", "-n", "--explain", "--wide", ...QUICK, host]],
  ["peers --compat chronyc-tracking", (host) => ["peers", "-n", "--compat", "chronyc-tracking", ...QUICK, host]],
  ["peers --format openmetrics", (host) => ["peers", "--format", "openmetrics", ...QUICK, host]],
  ["readvar of an association", (host) => ["readvar", "-n", "--association", "7", ...QUICK, host]],
  ["readvar --clock", (host) => ["readvar", "--clock", ...QUICK, host]],
  ["pstats", (host) => ["pstats", "-n", "--association", "7", ...QUICK, host]],
  ["mru", (host) => ["mru", "-n", "--deadline", "2s", ...QUICK, host]],
  ["ifstats", (host) => ["ifstats", ...KEYED, ...QUICK, host]],
  ["reslist", (host) => ["reslist", ...KEYED, ...QUICK, host]],
  ["check --daemon", (host) => ["check", "--deadline", "2s", ...QUICK, "--daemon", host]],
  ["wait --daemon", (host) => ["wait", "--timeout", "300ms", "--interval", "50ms", "--daemon", host]],
];

/** Whoever ends with 70 had a bug. */
const INTERNAL = 70;
// oxlint-disable-next-line no-control-regex -- what must not be there
const UNSAFE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/;

/** What one command said, in every form: [what it was asked, its run]. */
async function saidBy(
  [command, argv]: (typeof COMMANDS)[number],
  host: string,
  patience: string,
): Promise<readonly (readonly [string, Ran])[]> {
  const words = argv(host).map((word) => (word === SHORT ? patience : word));
  const forms: readonly (readonly string[])[] =
    command.includes("--format") || command.includes("--compat") ? [[], ["-v"]] : [[], ["-v"], ["--json"]];
  const plain = forms.map(async (more) => [`${command} ${more.join("")}`, await ntpkit([...words, ...more])] as const);
  const narrow = (async () =>
    [`${command} in 40 columns`, await ntpkit(words, { columns: 40, env: { NO_COLOR: "1" } })] as const)();
  return await Promise.all([...plain, narrow]);
}

/** All commands at once: most of the time they wait for nothing to come. */
async function everybody(daemon: Daemon, patience = SHORT): Promise<readonly (readonly [string, Ran])[]> {
  const host = await listening(daemon);
  return (await Promise.all(COMMANDS.map((command) => saidBy(command, host, patience)))).flat();
}

const steered = (text: string): boolean => UNSAFE.test(text);

describe("every command that asks a daemon", () => {
  it.each(Object.entries(BAD_ANSWERS))("ends with a line and a code for %s", { timeout: 30_000 }, async (_, daemon) => {
    for (const [command, { code, out, err }] of await everybody(daemon)) {
      expect([command, code === INTERNAL, steered(out), steered(err)]).toEqual([command, false, false, false]);
      expect([command, /\bat .*\.ts:\d+|NaN|Infinity|undefined/.exec(`${out}${err}`)?.[0]]).toEqual([
        command,
        undefined,
      ]);
      // Either it said something on one of both, or all was well.
      expect([command, code !== 0 && `${out}${err}` === ""]).toEqual([command, false]);
      if (command.endsWith("--json"))
        expect([command, JSON.parse(out)]).toMatchObject([command, { ok: code === 0, exitCode: code }]);
    }
  });

  it(
    "lets neither control characters nor what turns the text round reach the terminal",
    { timeout: 30_000 },
    async () => {
      const text = 'leap=0, stratum=2, refid=\u001b[31m, version="ntpd \u001b]0;owned\u0007 Z\u00fcrich", peer=7';
      const peer =
        'srcadr=10.0.0.1, srchost="\u001b[2Jz\u00fcrich\u202e", hmode=3, stratum=2, refid=\u009b31m, reach=0xff, offset=1, delay=1, rootdelay=1, rootdisp=1, leap=0';
      const said = await everybody(tellingDaemon({ system: text, peers: { 7: [0x961a, peer] } }), "10s");
      expect(said.filter(([, { out, err }]) => steered(out) || steered(err)).map(([command]) => command)).toEqual([]);
      expect(said.filter(([command, { code }]) => command.startsWith("peers") && code !== 0)).toEqual([]);
    },
  );
});
