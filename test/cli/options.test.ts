/** The table of options: it is true of itself, and every option of every command runs as its help shows it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.ts";
import { GROUPS, OFFERS, offered, type CommandName } from "../../src/cli/options/offers.ts";
import { propertyOf, readValue, standardText, type Row } from "../../src/cli/options/row.ts";
import { ROWS, type RowName } from "../../src/cli/options/rows.ts";
import { COMMANDS as NTP_CONF } from "../../src/config/ntpconf/commands.ts";
import { UsageError } from "../../src/config/usage.ts";
import { plainDuration } from "../../src/config/values.ts";
import { Certificates, type Certified } from "../support/certificates.ts";
import { ntpkit, type Ran } from "../support/command.ts";

const ALL = Object.entries(ROWS) as [RowName, Row][];
const NAMES = Object.keys(OFFERS) as CommandName[];
const rowsOf = (command: CommandName): readonly Row[] => offered(command).flatMap(({ rows }) => rows);

let folder = "";
let other = "";
let authority = "";
let made: Certificates;
let served: Certified;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-options-"));
  process.env["STATE_DIRECTORY"] = folder;
  writeFileSync(join(folder, "password"), "clipw\n", { mode: 0o600 });
  writeFileSync(join(folder, "keys"), "1 SHA1 secret\n", { mode: 0o600 });
  writeFileSync(join(folder, "ntp.conf"), "server 127.0.0.1\n");
  writeFileSync(join(folder, "chrony.conf"), "server 127.0.0.1 port 9 iburst\nmakestep 1 3\n");
  await ntpkit(["simulate", WORLD, "-q", "--for", "1s", "--trace", join(folder, "again.trace")]);
  // Never this machine: what is adopted is written.
  other = join(folder, "other");
  mkdirSync(join(other, "etc"), { recursive: true });
  writeFileSync(join(other, "etc/ntp.conf"), "server 127.0.0.1\n");
  made = new Certificates();
  served = made.make([], { authority: true });
  authority = served.file;
  // The leap second of 2016, with the hash of the list.
  writeFileSync(join(folder, "leaps"), "#$ 3676924800\n#@ 4291747200\n3692217600 37\n");
});
afterAll(() => {
  delete process.env["STATE_DIRECTORY"];
  made.end();
  rmSync(folder, { recursive: true });
});

describe("the table", () => {
  it("has every command of the table of commands, and no other", () => {
    expect(COMMANDS.map(({ name }) => name).toSorted()).toEqual(NAMES.toSorted());
  });

  it("has no row that nobody offers, and no group that no command has", () => {
    const groups = new Set(NAMES.flatMap((name) => OFFERS[name]));
    expect(Object.keys(GROUPS).filter((name) => !groups.has(name as never))).toEqual([]);
    const names = new Set<string>(Object.values(GROUPS).flatMap(({ rows }) => rows));
    expect(ALL.map(([name]) => name).filter((name) => !names.has(name))).toEqual(["help", "version"]);
  });

  it.each(NAMES)("offers no flag twice: %s", (name) => {
    const flags = rowsOf(name).flatMap(({ flag, short }) => [flag, ...(short === undefined ? [] : [short])]);
    expect(new Set(flags).size).toBe(flags.length);
    const properties = rowsOf(name).map(({ flag }) => propertyOf(flag));
    expect(new Set(properties).size).toBe(properties.length);
  });

  it.each(ALL.filter(([, { standard }]) => standard !== undefined))("has a default that may be typed: %s", (_, row) => {
    if (row.standard === undefined) return;
    expect(() => readValue(row, standardText(row)!, undefined)).not.toThrow();
    if (row.choices !== undefined) expect(row.choices).toContain(row.standard);
  });

  it.each(ALL.filter(([, { without }]) => typeof without === "string"))(
    "has for a value left out what may be typed: %s",
    (_, row) => {
      expect(() => readValue(row, row.without as string, undefined)).not.toThrow();
    },
  );

  it.each(ALL.filter(([, { whole }]) => whole !== undefined))("holds whole numbers to their bounds: %s", (_, row) => {
    const { least, most } = row.whole!;
    for (const within of [least, most]) expect(readValue(row, `${within}`, undefined)).toBe(within);
    for (const beyond of [least - 1, most + 1, 0.5])
      expect(() => readValue(row, `${beyond}`, undefined)).toThrow(UsageError);
  });

  it.each(ALL.filter(([, { duration }]) => duration !== undefined))("holds durations to their bounds: %s", (_, row) => {
    const { least = 0, most, infinite = false } = row.duration!;
    expect(readValue(row, plainDuration(least), undefined)).toBeCloseTo(least, 12);
    expect(() => readValue(row, `${least - 1}s`, undefined)).toThrow(UsageError);
    if (most !== undefined) expect(() => readValue(row, `${most + 1}s`, undefined)).toThrow(UsageError);
    if (infinite) expect(readValue(row, "inf", undefined)).toBe(Infinity);
    else expect(() => readValue(row, "inf", undefined)).toThrow(UsageError);
  });

  it.each(ALL.filter(([, { conf }]) => conf !== undefined))("names words that ntp.conf has: %s", (_, { conf = "" }) => {
    const [command = "", option] = conf.split(" ");
    expect(Object.keys(NTP_CONF)).toContain(command);
    const { options, flags } = NTP_CONF[command] as (typeof NTP_CONF)[string] & { readonly flags?: readonly string[] };
    if (option !== undefined) expect([...Object.keys(options), ...(flags ?? []), "ntp"]).toContain(option);
  });
});

const NOBODY = "127.0.0.1:9";
const WORLD = fileURLToPath(new URL("../../man/examples/worlds/liar.toml", import.meta.url));
const AUTOKEY = fileURLToPath(new URL("../fixtures/autokey/i11/c", import.meta.url));
const CAPTURE = fileURLToPath(new URL("../fixtures/captures/a1-iburst.pcap", import.meta.url));

/** What a command is run with beside the option that is tried, so that it measures nobody, changes nothing and ends. */
const BESIDE: Readonly<Partial<Record<CommandName, (flag: string) => readonly string[]>>> = {
  sync: (flag) => [...(flag === "--dry-run" ? [] : ["-n"]), NOBODY],
  query: () => [NOBODY],
  pool: () => [NOBODY],
  broadcast: (flag) => (flag === "--port" ? [] : ["--port", "11123"]),
  manycast: (flag) => ["239.255.77.78", ...(flag === "--no-auth" || flag.startsWith("--autokey") ? [] : ["--no-auth"])],
  serve: (flag) => [
    ...(flag.startsWith("--nts-") ? underNts(flag) : []),
    ...(flag === "--user" ? [] : ["--user", "root"]),
    ...(flag === "--address" ? [] : ["--address", "127.0.0.1"]),
    ...(flag === "--port" ? [] : ["--port", "11124"]),
  ],
  run: (flag) => [
    ...(["--check", "--from", "--print"].includes(flag) ? [] : ["--check"]),
    ...(flag === "--config" ? [] : ["--config", join(folder, "ntp.conf")]),
  ],
  peers: (flag) => (flag === "--state" ? [] : [NOBODY]),
  pstats: (flag) => [NOBODY, ...(flag === "--association" ? [] : ["--association", "1"])],
  check: (flag) => (flag === "--daemon" ? [] : [NOBODY]),
  watch: () => [NOBODY],
  nts: () => [NOBODY],
  adopt: (flag) => (flag === "--root" ? [] : ["--root", other]),
  decode: () => [CAPTURE],
  report: (flag) => [
    flag === "--watch" ? join(folder, "keys") : "/dev/null",
    ...(flag === "--output" ? [] : ["--output", join(folder, "report.html")]),
  ],
  simulate: (flag) => [
    ...(flag === "--config" || flag === "--network" ? [] : [WORLD]),
    ...(flag === "--for" || flag === "--replay" ? [] : ["--for", "10s"]),
  ],
  keygen: (flag) => (FOR_AUTOKEY.has(flag) ? keysMade(flag) : []),
  man: () => [],
  completion: () => ["bash"],
};

/** Options of keygen that are for Autokey. */
const FOR_AUTOKEY: ReadonlySet<string> = new Set(GROUPS.keygenAutokey.rows.map((row) => ROWS[row].flag));

/** What they need beside the one that is tried: small keys, soon made. */
function keysMade(flag: string): readonly string[] {
  const words = flag === "--modulus" ? [] : ["--modulus", "1024"];
  const ofGroup: Readonly<Record<string, readonly string[]>> = {
    "--identity": ["--identity-bits", "512"],
    "--identity-bits": ["--identity", "iff"],
    "--client-keys": ["--identity-bits", "512", "--identity", "mv"],
  };
  words.push(...(ofGroup[flag] ?? []));
  return [...words, "--force", ...(flag === "--autokey" ? [] : ["--autokey", join(folder, "made")])];
}

/** What answering under NTS needs, but for the option that is tried. */
function underNts(flag: string): readonly string[] {
  const whole = { "--nts-cert": served.file, "--nts-key": served.keyFile, "--nts-port": "11126" };
  return Object.entries(whole).flatMap(([name, value]) => (name === flag ? [] : [name, value]));
}

/** A value of each option that takes one, by the word for it in the help, or by the flag. */
const VALUES: Readonly<Record<string, () => string>> = {
  "--user": () => "root",
  "--seed": () => "7",
  "--output": () => join(folder, "report.html"),
  "--html": () => join(folder, "page.html"),
  "--svg": () => join(folder, "picture.svg"),
  "--trace": () => join(folder, "run.trace"),
  "--replay": () => join(folder, "again.trace"),
  "--host": () => "10.1.0.0/16",
  "--interface": () => "lo",
  "--nts-name": () => "ntp.example",
  "--address": () => "127.0.0.1",
  "--broadcast": () => "239.255.77.79",
  "--manycast": () => "239.255.77.79",
  "--max-step": () => "forward=1h,backward=10m",
  "--rate-limit": () => "16s,4s",
  "--metrics": () => "0",
  "--config": () => join(folder, "ntp.conf"),
  "--leap-file": () => join(folder, "leaps"),
  "--keys": () => join(folder, "keys"),
  "--from": () => join(folder, "chrony.conf"),
  "--root": () => other,
  "--ca": () => authority,
  "--nts-cert": () => served.file,
  "--nts-key": () => served.keyFile,
  "--nts-cookies": () => join(folder, "nts-keys"),
  "--interval": () => "2s",
  "--orphan-wait": () => "5m",
  "--leap-smear": () => "1h",
  "--state": () => join(folder, "state.json"),
  "--autokey": () => AUTOKEY,
  "--autokey-password": () => join(folder, "password"),
  "--autokey-group": () => "srv",
  "--textfile": () => join(folder, "figures.prom"),
  "--trusted": () => "1",
  sha256: () => "ab".repeat(32),
  duration: () => "1s",
  port: () => "11125",
  n: () => "3",
  id: () => "1",
  stratum: () => "5",
  exponent: () => "6",
  hops: () => "2",
  host: () => "127.0.0.1:9",
  network: () => "192.0.2.0/24",
  range: () => "10:20",
  "warning,critical": () => "1,2",
};

/** Of keygen, which writes into the folder that others read. */
const KEYGEN_VALUES: Readonly<Record<string, () => string>> = {
  "--autokey": () => join(folder, "made"),
  "--host": () => "srv",
  "--group": () => "site",
  "--modulus": () => "1024",
  "--identity-bits": () => "512",
  "--lifetime": () => "30",
};

/** What an option makes no sense without. */
const NEEDS: Readonly<Record<string, () => readonly string[]>> = {
  "--autokey": () => ["--autokey-password", join(folder, "password")],
  "--autokey-password": () => ["--autokey", AUTOKEY],
  "--autokey-group": () => ["--autokey", AUTOKEY, "--autokey-password", join(folder, "password")],
  "--key": () => ["--keys", join(folder, "keys")],
  "--trusted": () => ["--keys", join(folder, "keys")],
  "--leap-smear": () => ["--leap-file", join(folder, "leaps")],
  "--leap-file": () => ["--leap-smear"],
  "--from": () => ["--print"],
  "--nts-bootstrap": () => ["--nts"],
  "--nts-name": () => ["--nts"],
  "--print": () => ["--from", join(folder, "chrony.conf")],
  "--network": () => ["--config", join(folder, "ntp.conf")],
};

/** The command lines that a row's help shows: with each value that it names, and without one where it may be left out. */
function tried(command: CommandName, { flag, takes, without, choices }: Row): string[][] {
  const needs = command === "keygen" ? [] : (NEEDS[flag]?.() ?? []);
  const others = [...(BESIDE[command]?.(flag) ?? []), ...needs];
  if (takes === undefined) return [[...others, flag]];
  const own = command === "keygen" ? KEYGEN_VALUES[flag] : undefined;
  const values = choices ?? [(own ?? VALUES[flag] ?? VALUES[takes])!()];
  const lines = values.map((value) => [...others, `${flag}=${value}`]);
  return without === undefined ? lines : [...lines, [...others, flag]];
}

/** Whether somebody who typed is told of a mistake; `check` does so by UNKNOWN, as it does when it is interrupted. */
function isMistake(command: CommandName, { code, out, err }: Ran): boolean {
  return command === "check"
    ? /^ntpkit check: /m.test(err) || (code === 3 && /exclude|out of range| is not | is named/.test(out))
    : code === 64;
}

describe.each(NAMES.filter((name) => rowsOf(name).length > 0))("%s", (command) => {
  it.each(rowsOf(command).map((row) => [row.flag, row] as const))(
    "runs with %s as its help shows it",
    async (_, row) => {
      for (const words of tried(command, row)) {
        const ran = await ntpkit([command, ...words], { signal: "SIGTERM" });
        const line = [command, ...words].join(" ");
        expect([line, ran.err, isMistake(command, ran)]).toEqual([line, ran.err, false]);
        expect([line, ran.err, ran.code]).not.toEqual([line, ran.err, 70]);
      }
    },
  );
});
