/** The whole of ntp.conf as the daemon reads it, and every directive of the table wrong in every way there is. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configDocument } from "../../src/config/document.ts";
import { loadConfiguration, withLines, type LoadedConfiguration } from "../../src/config/files.ts";
import { COMMANDS, type CommandSyntax, type Takes } from "../../src/config/ntpconf/commands.ts";
import { UsageError } from "../../src/config/usage.ts";
import { configSchema } from "../../src/view/run-schema.ts";
import { violations } from "../support/schema.ts";

function load(text: string, strict = true): LoadedConfiguration {
  const files = { exists: () => true, read: (path: string) => (path === "/etc/ntp.conf" ? text : "") };
  return loadConfiguration("/etc/ntp.conf", strict, files);
}

function fixture(name: string): LoadedConfiguration {
  return load(readFileSync(new URL(`../fixtures/ntpconf/${name}`, import.meta.url), "utf8"));
}

function fault(text: string): UsageError {
  try {
    load(text);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error(`nothing is wrong with ${JSON.stringify(text)}`);
}

/** A word that is right. */
function right(takes: Takes): string {
  switch (takes.takes) {
    case "integer":
    case "seconds":
    case "number":
      return `${Math.max(takes.least, Math.min(takes.most, 7))}`;
    case "choice":
      return takes.choices[0]!;
    case "host":
    case "peer":
      return "192.0.2.1";
    case "group":
      return "239.1.1.1";
    case "clock":
      return "127.127.1.0";
    case "nothing":
    case "word":
      return "word";
  }
}

/** Words that are wrong. */
function wrong(takes: Takes): readonly string[] {
  switch (takes.takes) {
    case "integer":
      return ["x", "1.5", "-", "0x10", "NaN", "Infinity"];
    case "seconds":
    case "number":
      return ["x", "1,5", "--1", "NaN", "Infinity", "1e999"];
    case "choice":
      return ["nonsense", "0"];
    case "host":
    case "peer":
      return ["a;b", "300.1.1.1", "-x", "a..:b", "1.2.3", "[a", "[]"];
    case "group":
    case "clock":
    case "nothing":
    case "word":
      return [];
  }
}

/** Words that are not wrong, and cannot be taken as they are: ntpd starts with them, and so do we, with a warning. */
function strange(takes: Takes): readonly string[] {
  switch (takes.takes) {
    case "integer":
      return [`${takes.most + 1}`, `${takes.least - 1}`, "99999999999999999999"];
    case "seconds":
    case "number":
      return [`${takes.most * 2 + 1}`, `${takes.least - 1}`];
    case "group":
      return ["192.0.2.1", "name.example", "::1", "x"];
    case "clock":
      return ["192.0.2.1", "127.128.1.0", "127.127.20.0", "x"];
    case "choice":
    case "host":
    case "peer":
    case "nothing":
    case "word":
      return [];
  }
}

/** Words of operands that are right for each command, where any word of the table's would not be. */
const OPERANDS: Readonly<Record<string, string>> = {
  trustedkey: "1",
  driftfile: "/word",
  restrict: "192.0.2.0",
  unrestrict: "192.0.2.0",
  setvar: "a = b",
  interface: "listen all",
  nic: "listen all",
};

function line(name: string, syntax: CommandSyntax): string {
  const operands =
    OPERANDS[name] ??
    syntax.operands
      .filter(({ needed }) => needed)
      .map(right)
      .join(" ");
  return `${name} ${operands}`.trim();
}

/** What is said aloud of lines that are taken, each with its place on the first. */
function warnings(text: string): string {
  const said = load(text).remarks.filter(({ level }) => level === "warning");
  expect(said.every(({ at }) => at.line === 1 && at.column > 0)).toBe(true);
  return said.map((one) => one.text).join("\n");
}

const used = Object.entries(COMMANDS).filter(([, { daemon }]) => daemon.does === "uses");
const PLACED = /^\/etc\/ntp\.conf:1:\d+: ./;

describe("the table of commands", () => {
  it.each(used)("%s is taken when it is right, and refused with a place when it is wrong", (name, syntax) => {
    const plain = line(name, syntax);
    if (!syntax.needsOption && name !== "includefile") expect(() => load(plain)).not.toThrow();
    for (const [place, operand] of syntax.operands.entries()) {
      const before = syntax.operands.slice(0, place).map(right).join(" ");
      if (operand.needed) expect(fault(`${name} ${before}`).message).toMatch(PLACED);
      for (const word of wrong(operand)) expect(fault(`${name} ${before} ${word}`).message).toMatch(PLACED);
      for (const word of strange(operand)) expect(warnings(`${name} ${before} ${word}`)).toContain(word);
    }
    for (const [option, takes] of Object.entries(syntax.options)) {
      const value = option === "mask" ? "255.255.255.0" : right(takes);
      expect(() =>
        load(takes.takes === "nothing" ? `${plain} ${option}` : `${plain} ${option} ${value}`),
      ).not.toThrow();
      if (takes.takes !== "nothing") expect(fault(`${plain} ${option}`).message).toContain(`"${option}" needs a value`);
      for (const word of wrong(takes)) expect(fault(`${plain} ${option} ${word}`).message).toMatch(PLACED);
      for (const word of strange(takes))
        expect(warnings(`${plain} ${option} ${word}`)).toMatch(new RegExp(`^"${option} `, "m"));
    }
    const many = syntax.operands.some(({ many: repeated }) => repeated);
    if (!many) expect(fault(`${plain} nonsenseword`).message).toMatch(PLACED);
  });

  it.each(used)("%s tells of an option that is given twice", (name, syntax) => {
    for (const [option, takes] of Object.entries(syntax.options)) {
      if (takes.drops !== undefined || ["link", "nolink", "enable", "disable"].includes(option)) continue;
      const once =
        takes.takes === "nothing" ? option : `${option} ${option === "mask" ? "255.255.255.0" : right(takes)}`;
      const words =
        takes.takes === "nothing" ? `"${option}" is said twice` : `"${option}" is given twice: the last one counts`;
      expect(load(`${line(name, syntax)} ${once} ${once}`).remarks.map(({ text }) => text)).toContain(words);
    }
  });

  it("tells of lines of which only one can hold", () => {
    for (const command of "keys controlkey driftfile leapfile leapsmearinterval statsdir logfile pidfile broadcastdelay calldelay ttl".split(
      " ",
    )) {
      const one = line(command, COMMANDS[command]!);
      expect(load(`${one}\n# a comment\n${one}`).remarks).toMatchObject([
        {
          level: "warning",
          text: `"${command}" is given again: this line counts, and not line 1`,
          at: { line: 3, column: 1 },
        },
      ]);
    }
  });

  it.each(used)("%s takes words of any length and of any octets for what they are: wrong", (name, syntax) => {
    const long = "x".repeat(100_000);
    for (const odd of [long, "a\0b", "\0", "\u001b[2J", "\ufffd", "..", "%s%n", "💥", "-".repeat(1000)]) {
      for (const text of [
        `${name} ${odd}`,
        `${line(name, syntax)} ${odd}`,
        ...Object.keys(syntax.options).map((option) => `${line(name, syntax)} ${option} ${odd}`),
      ]) {
        try {
          load(text);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as UsageError).message).toMatch(/^\/etc\/ntp\.conf:1:\d+: ./);
          expect((error as UsageError).message.length).toBeLessThan(400);
        }
      }
    }
  });

  it("finds a suggestion for every option with a letter too few", () => {
    for (const [name, syntax] of used) {
      for (const option of Object.keys(syntax.options)) {
        const typo = option.slice(0, -1);
        if (option.length < 6 || Object.hasOwn(syntax.options, typo)) continue;
        expect(fault(`${line(name, syntax)} ${typo}`).hint).toMatch(/^did you mean "/);
      }
    }
  });

  it("refuses or leaves out what is not used, with a reason", () => {
    for (const [name, { daemon }] of Object.entries(COMMANDS)) {
      if (daemon.does === "leaves")
        expect(load(`${name} a b`).remarks).toMatchObject([
          { level: "warning", text: `"${name}" is left out: ${daemon.why}` },
        ]);
      if (daemon.does === "refuses")
        expect(fault(`${name} a b`).message).toBe(`/etc/ntp.conf:1:1: "${name}" cannot be used: ${daemon.why}`);
    }
  });

  it("never breaks, whatever words are put together", () => {
    const options = [...new Set(Object.values(COMMANDS).flatMap((syntax) => Object.keys(syntax.options)))];
    const word = fc.oneof(
      fc.constantFrom(...Object.keys(COMMANDS), ...options),
      fc.constantFrom(
        "0",
        "-1",
        "7",
        "1e9",
        "0.5",
        "192.0.2.1",
        "239.1.1.1",
        "127.127.1.0",
        "127.127.20.1",
        "::1",
        "10.0.0.0/8",
        "default",
        "source",
        "-4",
        "-6",
        "(",
        ")",
        "...",
        "=",
        '"',
        "#",
        "all",
        "listen",
      ),
      fc.string({ maxLength: 8 }),
    );
    const statement = fc
      .tuple(fc.constantFrom(...Object.keys(COMMANDS)), fc.array(word, { maxLength: 7 }))
      .map(([command, words]) => [command, ...words].join(" "));
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 5 }), (lines) => {
        try {
          const { path, configuration, remarks } = load(lines.join("\n"));
          expect(
            violations(JSON.parse(JSON.stringify(configDocument(path, configuration, remarks, 123))), configSchema()),
          ).toEqual([]);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as UsageError).message).toMatch(/^\/etc\/ntp\.conf:\d+:\d+: |^: |^\S+:\d+:\d+: /);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("lines from afar", () => {
  const base = load("server a\nserver b\ntos minclock 2");

  it("count behind those of the file", () => {
    const { configuration, remarks } = withLines(base, "server c iburst\nunpeer a\ntos minclock 1\n", "config");
    expect(configuration.associations.map(({ name, at }) => [name, at.file, at.line])).toEqual([
      ["b", "/etc/ntp.conf", 2],
      ["c", "config", 1],
    ]);
    expect([configuration.limits.minclock, remarks]).toEqual([1, []]);
    const more = withLines(withLines(base, "server c", "config"), "unpeer c\nunpeer d", "config");
    expect(more.configuration.associations.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(more.remarks.map(({ text }) => text)).toEqual(['"unpeer d" has no effect: no line before it names that']);
  });

  it.each([
    ["sever c", 'config:1:1: unknown command "sever"'],
    ["server c minpol 3", 'config:1:10: unknown option "minpol" of "server"'],
    ["server c key 1", "config:1:1: c is to be authenticated by key 1, but there is no key file"],
    ["server c\nincludefile /etc/shadow", 'config:2:13: cannot read "/etc/shadow": it would be another file'],
    ...[
      "keys /f",
      "driftfile /f",
      "leapfile /f",
      "logfile /f",
      "statsdir /f",
      "pidfile /f",
      "filegen loopstats file f",
      "trustedkey 1",
      "controlkey 1",
      "interface ignore all",
      "statistics loopstats",
    ].map((text) => [text, `config:1:1: "${text.split(" ", 1)[0]!}" cannot be said from afar`]),
  ])("are refused whole where something is wrong: %s", (text, message) => {
    expect(() => withLines(base, text, "config")).toThrow(message);
    expect(base.configuration.associations.map(({ name }) => name)).toEqual(["a", "b"]);
  });
});

describe("files that include others", () => {
  const loadFiles = (files: Readonly<Record<string, string>>): LoadedConfiguration =>
    loadConfiguration("/etc/ntp.conf", true, {
      exists: () => true,
      read(path) {
        const text = files[path];
        if (text === undefined)
          throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: "ENOENT" });
        return text;
      },
    });

  it.each([
    [
      { "/etc/ntp.conf": "server a\nincludefile nothing" },
      '/etc/ntp.conf:2:13: cannot read "nothing": no such file or directory',
    ],
    [{ "/etc/ntp.conf": "includefile ntp.conf" }, "/etc/ntp.conf:1:13: files are included more than 5 deep"],
    [
      { "/etc/ntp.conf": "includefile b", "/etc/b": "includefile /etc/c", "/etc/c": "\nincludefile b" },
      "/etc/b:1:13: files are included more than 5 deep",
    ],
    [{ "/etc/ntp.conf": "includefile b", "/etc/b": "server a\nsever b" }, '/etc/b:2:1: unknown command "sever"'],
  ])("%j: the fault stands where it is", (files, message) => {
    expect(() => loadFiles(files)).toThrow(message);
  });

  it("count in the place of their line, and say which file a line is of", () => {
    const { configuration, remarks } = loadFiles({
      "/etc/ntp.conf": "driftfile /a\nincludefile b\nserver c",
      "/etc/b": "server b\ndriftfile /b",
    });
    expect(configuration.associations.map(({ name, at }) => [name, at.file])).toEqual([
      ["b", "/etc/b"],
      ["c", "/etc/ntp.conf"],
    ]);
    expect(remarks.map(({ text, at }) => [at.file, text])).toEqual([
      ["/etc/b", '"driftfile" is given again: this line counts, and not line 1 of /etc/ntp.conf'],
    ]);
  });
});

describe("a daemon's configuration", () => {
  it("has every association mode of both association pages", () => {
    const { configuration, remarks } = fixture("association-modes.conf");
    expect(configuration.associations.map(({ kind, name, key }) => [kind, name, key])).toEqual([
      ["server", "ntp1.example.net", null],
      ["server", "192.0.2.1", 1],
      ["server", "ntp2.example.net", null],
      ["peer", "192.0.2.2", 10],
      ["pool", "pool.example.net", null],
      ["manycast", "239.1.1.1", 11],
      ["manycast", "239.1.1.2", 12],
      ["broadcast", "192.0.2.255", 13],
      ["broadcast", "239.1.1.3", 14],
    ]);
    expect(configuration).toMatchObject({
      manycastServer: ["239.1.1.1", "239.1.1.2"],
      multicastClient: ["224.0.1.1", "ff05::101", "224.0.1.1", "ff05::101"],
      broadcastClient: true,
      broadcastDelay: null,
      callDelay: 16,
      rings: [1, 2, 4, 7],
      limits: { minclock: 3, maxclock: 5 },
      discovery: { cohort: true, orphan: null, orphanwait: 300, beacon: 600 },
    });
    expect(
      configuration.associations.filter(({ kind }) => kind === "broadcast").map(({ ttl, minpoll }) => [ttl, minpoll]),
    ).toEqual([
      [127, 6],
      [4, 5],
    ]);
    expect(remarks.filter(({ level }) => level === "warning")).toMatchObject([
      { text: '"ttl 4" is 4 hops here; ntpd 4.2.8 reads it as a place in its list of ttl' },
    ]);
  });

  it("has what distributions ship", () => {
    const { configuration, remarks } = fixture("distribution.conf");
    expect(remarks.filter(({ level }) => level === "warning").map(({ text }) => text)).toEqual([
      '"clockstats" has no effect here: reference clocks are not used here',
      '"time1" has no effect here: the local clock is taken as it is',
    ]);
    expect(configuration).toMatchObject({
      driftFile: "/var/lib/ntpsec/ntp.drift",
      leapFile: { path: "/usr/share/zoneinfo/leap-seconds.list", checkHash: true },
      limits: { maxclock: 11, minclock: 4, minsane: 3 },
      localClock: { unit: 0, stratum: 10 },
      switches: { auth: false, monitor: false, stats: true, kernel: true },
      tinker: { panic: Infinity, step: 0.5, stepout: 300 },
      variables: [{ name: "site", value: "machine room", standard: true }],
      mru: { maxdepth: 1000, maxage: 600, mindepth: 600 },
      controlKey: 5,
      logFile: "/var/log/ntp.log",
    });
    expect(configuration.restrict.find(({ address }) => address === "198.51.100.0")).toMatchObject({
      mask: 24,
      flags: ["nomodify"],
    });
  });

  it.each(["maxdepth", "maxmem"])(
    "leaves out a list of recent clients with %s 0, in which nobody has a place",
    (word) => {
      const { configuration, remarks } = load(`mru ${word} 0`);
      expect(configuration.mru).toEqual(load("").configuration.mru);
      expect(remarks.map(({ text }) => text).join()).toContain(word);
    },
  );

  it("prints every default of an empty file", () => {
    const { path, configuration, remarks } = load("");
    const document = configDocument(path, configuration, remarks, 123);
    expect(violations(JSON.parse(JSON.stringify(document)), configSchema())).toEqual([]);
    expect(document).toMatchObject({
      selection: {
        minclock: 3,
        maxclock: 10,
        minsane: 1,
        mindist: 0.001,
        maxdist: 1.5,
        floor: 0,
        cohort: false,
        orphan: null,
      },
      discard: { average: 3, minimum: 2, monitor: 3000 },
      tinker: { step: 0.128, panic: 1000, frequency: null },
      rings: [1, 2, 3, 4, 5, 6, 7],
      switches: { auth: true, bclient: false, kernel: true, monitor: true, ntp: true, stats: true },
    });
  });

  it("interleaves with peers, and says that servers are asked in basic mode", () => {
    const { configuration, remarks } = load("peer a xleave\npeer b\nserver c xleave\nbroadcast 239.1.1.1 xleave");
    expect(configuration.associations.map(({ name, xleave }) => [name, xleave])).toEqual([
      ["a", true],
      ["b", false],
      ["c", false],
      ["239.1.1.1", true],
    ]);
    expect(remarks.filter(({ text }) => text.includes("xleave")).map(({ at }) => at.line)).toEqual([3]);
  });

  it.each([
    [
      "broadcast 224.0.1.1",
      "224.0.1.1 is not confined to your site, and packets go 127 hops: use 239.0.0.0/8, or ttl 1 (RFC 2365)",
    ],
    ["broadcast 239.1.1.1", null],
    ["broadcast 192.0.2.255", null],
  ])("warns of groups that leave the site: %s", (line, warning) => {
    expect(load(line).remarks.map(({ text }) => text)).toEqual(warning === null ? [] : [warning]);
  });

  it("forgets what unpeer and unrestrict name", () => {
    const { configuration } = load(
      "server a\nserver b\nunpeer a\nrestrict 192.0.2.1 nopeer noquery\nunrestrict 192.0.2.1 nopeer\nrestrict 192.0.2.2 ignore\nunrestrict 192.0.2.2",
    );
    expect(configuration.associations.map(({ name }) => name)).toEqual(["b"]);
    expect(configuration.restrict).toMatchObject([{ address: "192.0.2.1", flags: ["noquery"] }]);
  });

  it.each([
    ["interface listen", '"interface listen" needs what it is about'],
    ["setvar novalue", '"setvar novalue" sets nothing'],
    ["restrict default mask 255.0.0.0", '"default" takes no netmask'],
    ["restrict source mask 0.0.0.0", '"source" takes no netmask'],
    ["restrict 10.0.0.0 mask 8", '"8" is not a netmask'],
    ["enable auht", 'unknown option "auht" of "enable"'],
    ["server a minpol 5", 'unknown option "minpol" of "server"'],
  ])("says what is wrong with %j", (text, message) => {
    expect(fault(text).message).toContain(message);
  });
});
