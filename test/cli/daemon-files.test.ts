/** The files a daemon keeps: what is written when, and what is said when it cannot be. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { daemonKeys, type DaemonKeys } from "../../src/cli/daemon/keys.ts";
import { DriftFile } from "../../src/cli/daemon/drift.ts";
import { Log } from "../../src/cli/daemon/log.ts";
import { StatisticsFiles } from "../../src/cli/daemon/statistics.ts";
import { loadConfiguration } from "../../src/config/files.ts";
import type { Configuration } from "../../src/config/ntpconf/record.ts";
import type { AssociationId } from "../../src/association/association.ts";
import type { Note } from "../../src/engine/port/note.ts";
import { noCounts } from "../../src/server/disposition.ts";
import { association, snapshotOf } from "../support/snapshot.ts";

let folder = "";
let said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntpkit-files-"));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function log(format: "text" | "json" = "text"): Log {
  return new Log(
    { write: (text) => said.push(text), isTerminal: false, columns: null },
    { format, verbose: false, quiet: false, clock: () => UNIX },
  );
}

const UNIX = Date.UTC(2026, 10, 22, 1, 2, 3);

function configuration(...lines: readonly string[]): Configuration {
  return loadConfiguration("/c", true, { exists: () => true, read: () => lines.join("\n") }).configuration;
}

describe("the drift file", () => {
  const drift = (line: string): DriftFile => new DriftFile(configuration(line), true, log());
  const text = (): string => readFileSync(join(folder, "drift"), "utf8");

  it("is written when the frequency has changed, and by how much that must be the file says", () => {
    const file = drift(`driftfile ${folder}/drift`);
    expect(file.read()).toBeNull();
    file.keep(12.5e-6);
    expect(text()).toBe("12.500000\n");
    file.keep(12.5004e-6);
    expect(text()).toBe("12.500000\n");
    file.keep(12.51e-6);
    expect(text()).toBe("12.510000\n");
    const lax = drift(`driftfile ${folder}/drift 0.5`);
    expect(lax.read()).toBeCloseTo(12.51e-6, 12);
    lax.keep(12.9e-6);
    expect(text()).toBe("12.510000\n");
    lax.keep(13.1e-6);
    expect(text()).toBe("13.100000\n");
    expect(said).toEqual([]);
  });

  it("of chronyd is read by its own meaning and never written; ours is beside it", () => {
    const chronys = "           10.000000             0.050000\n";
    writeFileSync(join(folder, "drift"), chronys);
    const first = drift(`driftfile ${folder}/drift chrony`);
    expect(first.read()).toBeCloseTo(-10e-6, 12);
    first.keep(-10e-6);
    first.keep(-11e-6);
    expect([text(), readFileSync(join(folder, "drift.ntpkit"), "utf8")]).toEqual([chronys, "-11.000000\n"]);
    expect(drift(`driftfile ${folder}/drift chrony`).read()).toBeCloseTo(-11e-6, 12);
    expect(said).toEqual([]);
  });

  it("that cannot be written is told of once, and again only after it could be", () => {
    mkdirSync(join(folder, "sub"));
    const file = drift(`driftfile ${folder}/sub/drift`);
    rmSync(join(folder, "sub"), { recursive: true });
    for (const frequency of [1e-6, 2e-6, 3e-6]) file.keep(frequency);
    expect(said).toEqual([`warning: drift file ${folder}/sub/drift cannot be written: ENOENT\n`]);
    mkdirSync(join(folder, "sub"));
    file.keep(4e-6);
    expect(readFileSync(join(folder, "sub", "drift"), "utf8")).toBe("4.000000\n");
    rmSync(join(folder, "sub"), { recursive: true });
    file.keep(5e-6);
    expect(said).toHaveLength(2);
  });

  it("is left as it is by whoever does not steer the clock, and by who does not know the frequency", () => {
    writeFileSync(join(folder, "drift"), "7.0\n");
    new DriftFile(configuration(`driftfile ${folder}/drift`), false, log()).keep(1e-6);
    drift(`driftfile ${folder}/drift`).keep(null);
    expect(text()).toBe("7.0\n");
  });

  it.each([["x\n"], ["1e9\n"], [""], ["\0\0\0"], [`${"9".repeat(100_000)}\n`]])(
    "of %j is measured anew, and that is said",
    (content) => {
      writeFileSync(join(folder, "drift"), content);
      expect(drift(`driftfile ${folder}/drift`).read()).toBeNull();
      expect(said).toEqual([
        `warning: drift file ${folder}/drift: it is not a frequency in ppm; the frequency is measured anew\n`,
      ]);
    },
  );
});

describe("the log", () => {
  it("goes on in the stream while its file cannot be written, and in the file again as soon as it can", () => {
    const one = log();
    one.useFile(join(folder, "no", "log"));
    one.say("info", "started", "first");
    one.say("info", "listening", "second");
    expect(said).toEqual([`warning: the log file ${folder}/no/log cannot be written: ENOENT\n`, "first\n", "second\n"]);
    mkdirSync(join(folder, "no"));
    one.say("info", "listening", "third");
    expect(readFileSync(join(folder, "no", "log"), "utf8")).toBe("2026-11-22T01:02:03.000Z third\n");
    rmSync(join(folder, "no"), { recursive: true });
    one.say("info", "listening", "fourth");
    expect(said.slice(3)).toEqual([`warning: the log file ${folder}/no/log cannot be written: ENOENT\n`, "fourth\n"]);
  });

  it.each(["text", "json"] as const)("as %s has no characters that steer a terminal, whatever it quotes", (format) => {
    log(format).say("info", "configuration", 'server "\u001b[31m\u009b2J\u202e\r\n"', { file: "/etc/\u009bx" });
    // oxlint-disable-next-line no-control-regex
    expect(said.join("").trimEnd()).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u202e]+$/);
    expect(said.join("")).toContain(format === "json" ? "\\u001b[31m\\u009b2J" : "\\x1b[31m\\x9b2J");
  });

  it("begins a file anew that was moved away", () => {
    const one = log("json");
    const path = join(folder, "log");
    one.useFile(path);
    one.say("info", "started", "first");
    rmSync(path);
    one.say("warning", "keys", "second", { line: 3 });
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      schema: "ntpkit/run/1",
      time: "2026-11-22T01:02:03.000Z",
      level: "warning",
      event: "keys",
      text: "second",
      line: 3,
    });
  });
});

describe("the key file", () => {
  const read = (format: string): Promise<DaemonKeys> =>
    daemonKeys(
      loadConfiguration("/c", true, { exists: () => true, read: () => `keys ${folder}/keys ${format}\ntrustedkey 5` }),
    );

  it("is read by the rules that its line names", async () => {
    writeFileSync(join(folder, "keys"), "5 secret\n70000 SHA1 ASCII:secret\n", { mode: 0o600 });
    const chrony = await read("chrony");
    expect([chrony.faults, chrony.keyring!.keys.map(({ id, trusted }) => [id, trusted])]).toEqual([
      [],
      [
        [5, true],
        [70_000, false],
      ],
    ]);
    const { faults } = await read("");
    expect(faults[0]?.text).toBe(
      "key 5 lacks an algorithm or a secret (in a chrony file, read with --keys-format chrony or named by keys FILE chrony, the algorithm may be left out)",
    );
  });
});

describe("a key file with some lines that are none", () => {
  it("gives the others, and tells of each where it stands", async () => {
    writeFileSync(
      join(folder, "keys"),
      "\xef\xbb\xbf1 MD5 one\n0 MD5 zero\n2 WHIRL two\n3 SHA1 0123456789abcdef01234\n4 SHA1 0123456789abcdef0123456g\n5 MD5 five\n5 MD5 again\n",
      { encoding: "latin1", mode: 0o600 },
    );
    const text = `keys ${folder}/keys\ntrustedkey 1 5`;
    const { keyring, faults } = await daemonKeys(
      loadConfiguration("/c", true, { exists: () => true, read: () => text }),
    );
    expect(keyring!.keys.map(({ id }) => id)).toEqual([1, 5]);
    expect(faults.map(({ level, at }) => [level, at.file, at.line, at.column])).toEqual(
      [
        [2, 1],
        [3, 3],
        [4, 8],
        [5, 31],
        [7, 1],
      ].map(([line, column]) => ["warning", `${folder}/keys`, line, column]),
    );
  });
});

describe("statistics", () => {
  const note: Note = {
    what: "sample",
    id: 1 as AssociationId,
    address: { ip: "192.0.2.1", port: 123 },
    offset: 0.001,
    delay: 0.01,
  };
  const now = {
    ...snapshotOf([
      association(1, { address: "192.0.2.1", offset: 0.001, delay: 0.01, dispersion: 0.002, jitter: 0.0001 }),
    ]),
    elapsed: 7200,
    served: noCounts(),
  };
  const write = (unix: number, ...lines: readonly string[]): void => {
    const files = new StatisticsFiles(configuration(`statsdir ${folder}/`, ...lines), log());
    files.heed([note], () => now, unix);
    files.tick(() => now, unix);
  };

  it.each([
    ["none", /^peerstats$/],
    ["pid", new RegExp(`^peerstats\\.#${process.pid}$`)],
    ["day", /^peerstats\.20261122$/],
    ["week", /^peerstats\.2026w46$/],
    ["month", /^peerstats\.202611$/],
    ["year", /^peerstats\.2026$/],
    ["age", /^peerstats\.a0{0,7}\d+$/],
  ])("of type %s are generations named as ntpd's", (type, name) => {
    write(UNIX, "statistics peerstats", `filegen peerstats type ${type} nolink`);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(readdirSync(folder)[0]).toMatch(name);
  });

  it("link the newest generation to the base name, and put aside what is none of theirs", () => {
    write(UNIX, "statistics peerstats");
    write(UNIX + 86_400_000, "statistics peerstats");
    expect(readdirSync(folder).toSorted()).toEqual(["peerstats", "peerstats.20261122", "peerstats.20261123"]);
    expect(statSync(join(folder, "peerstats")).ino).toBe(statSync(join(folder, "peerstats.20261123")).ino);
  });

  it("are written where a filegen line enables them, too, and not where one disables them", () => {
    write(UNIX, "filegen peerstats enable nolink");
    write(UNIX, "statistics sysstats loopstats rawstats", "filegen sysstats disable", "filegen loopstats type none");
    expect(readdirSync(folder).filter((name) => name.startsWith("sysstats"))).toEqual([]);
    expect(existsSync(join(folder, "peerstats.20261122"))).toBe(true);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    write(UNIX, "statistics peerstats sysstats", "disable stats");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that cannot be written are told of once a kind", () => {
    const files = new StatisticsFiles(configuration(`statsdir ${folder}/file/`, "statistics peerstats"), log());
    appendFileSync(join(folder, "file"), "");
    chmodSync(join(folder, "file"), 0o600);
    for (const unix of [UNIX, UNIX + 1000, UNIX + 2000]) files.heed([note], () => now, unix);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^warning: peerstats cannot be written to .*: (ENOTDIR|EEXIST)\n$/);
  });
});
