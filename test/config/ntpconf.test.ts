/** ntp.conf: what it configures, and where it is wrong. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/config/ntpconf/commands.ts";
import { loadConfiguration, findConfiguration, type Files, type LoadedConfiguration } from "../../src/config/files.ts";
import { UsageError } from "../../src/config/usage.ts";
import { budget } from "../support/budget.ts";

/** A machine that has these files. */
function files(contents: Readonly<Record<string, string>>): Files {
  return {
    exists: (path) => Object.hasOwn(contents, path),
    read: (path) => {
      const text = contents[path];
      if (text === undefined) throw new Error("ENOENT: no such file or directory, open");
      return text;
    },
  };
}

function load(
  text: string,
  { strict = false, others = {} }: { strict?: boolean; others?: Readonly<Record<string, string>> } = {},
): LoadedConfiguration {
  return loadConfiguration("/etc/ntp.conf", strict, files({ "/etc/ntp.conf": text, ...others }));
}

function fault(text: string, options?: Parameters<typeof load>[1]): UsageError {
  try {
    load(text, options);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error("nothing is wrong with it");
}

describe("ntp.conf", () => {
  it("configures servers with ntpd's defaults", () => {
    const { configuration, remarks } = load(
      [
        "# a comment",
        "",
        "server ntp1.example.net iburst prefer key 7",
        "pool -4 pool.example.net noselect true minpoll 4 maxpoll 8 version 3",
      ].join("\n"),
    );
    expect(remarks).toEqual([]);
    expect(configuration.servers).toMatchObject([
      {
        kind: "server",
        name: "ntp1.example.net",
        family: null,
        version: 4,
        minpoll: 6,
        maxpoll: 10,
        iburst: true,
        burst: false,
        prefer: true,
        noselect: false,
        trusted: false,
        key: 7,
        at: { line: 3, column: 1 },
      },
      {
        kind: "pool",
        name: "pool.example.net",
        family: 4,
        version: 3,
        minpoll: 4,
        maxpoll: 8,
        iburst: false,
        noselect: true,
        trusted: true,
        key: null,
      },
    ]);
  });

  it("configures keys, selection, access and rates", () => {
    const { configuration } = load(
      [
        'keys "/etc/ntp keys"  # quoted',
        "trustedkey 1 2 (5 ... 8)",
        "trustedkey 12",
        "tos minclock 4 maxdist 3 floor 1",
        "tos ceiling 10",
        "restrict default kod limited noquery",
        "restrict 10.0.0.0 mask 255.0.0.0 nomodify",
        "restrict -6 ::1",
        "discard average 5 minimum 1",
      ].join("\n"),
    );
    expect(configuration.keys).toEqual({
      path: "/etc/ntp keys",
      format: "auto",
      at: { file: "/etc/ntp.conf", line: 1, column: 6 },
    });
    expect(configuration.trusted).toEqual([
      { first: 1, last: 1 },
      { first: 2, last: 2 },
      { first: 5, last: 8 },
      { first: 12, last: 12 },
    ]);
    expect(configuration.limits).toEqual({ minclock: 4, maxdist: 3, floor: 1, ceiling: 10 });
    expect(configuration.restrict).toMatchObject([
      { address: "default", mask: null, flags: ["kod", "limited", "noquery"] },
      { address: "10.0.0.0", mask: "255.0.0.0", flags: ["nomodify"] },
      { address: "::1", family: 6, mask: null, flags: [] },
    ]);
    expect(configuration.discard).toEqual({ average: 5, minimum: 1, monitor: 3000 });
  });

  it.each([
    ["server", '/etc/ntp.conf:1:1: "server" needs a host name or address'],
    ["server a key", '/etc/ntp.conf:1:10: "key" needs a value'],
    ["server a key x", '/etc/ntp.conf:1:14: "key x": not a whole number'],
    ["server 300.1.1.1", '/etc/ntp.conf:1:8: "300.1.1.1" is not an IPv4 address'],
    ["server a;b", '/etc/ntp.conf:1:9: "a;b" is not a host name'],
    ['keys "/etc/keys', "/etc/ntp.conf:1:6: the quote is not closed"],
    ["trustedkey 1  seven", '/etc/ntp.conf:1:15: "seven" is not a key identifier'],
    ["tos", '/etc/ntp.conf:1:1: "tos" needs an option'],
    ["tos maxdist far", '/etc/ntp.conf:1:13: "maxdist far": not a number of seconds'],
  ])("says where %j is wrong", (text, message) => {
    expect(fault(text).message).toContain(message);
  });

  it("suggests the word that was meant", () => {
    expect(fault("\n  server a ibrst", { strict: true })).toMatchObject({
      message: '/etc/ntp.conf:2:12: unknown option "ibrst" of "server"',
      hint: 'did you mean "iburst"?',
    });
    expect(load("sever a").remarks).toMatchObject([
      { level: "warning", text: 'unknown command "sever" is left out; did you mean "server"?' },
    ]);
  });

  it("refuses an unknown command where a daemon is to run by it, and only then", () => {
    expect(fault("frobnicate 1", { strict: true }).message).toBe('/etc/ntp.conf:1:1: unknown command "frobnicate"');
    expect(load("frobnicate 1").remarks).toHaveLength(1);
  });

  it.each<[string, string, number, object]>([
    [
      "server a minpol 4 iburst",
      'unknown option "minpol" of "server" is left out; did you mean "minpoll"?',
      10,
      { servers: [{ name: "a", minpoll: 6, iburst: true }] },
    ],
    ["tos frobnicate 4 2", 'unknown option "frobnicate" of "tos" is left out', 5, { limits: {} }],
    ["keys /k auto more", '"more" after all that "keys" takes is left out', 14, { keys: { path: "/k" } }],
  ])("leaves out the unknown option of %j aloud, where no daemon is to run by it", (text, said, column, configured) => {
    const { remarks, configuration } = load(text);
    expect(remarks).toMatchObject([{ level: "warning", text: said, at: { line: 1, column } }]);
    expect(configuration).toMatchObject(configured);
    expect(fault(text, { strict: true }).message).toContain(`:1:${column}: `);
  });

  it.each([
    ["restrict defalt ignore", '"restrict defalt" is about a host of that name; did you mean "default"?'],
    ["restrict sources ignore", '"restrict sources" is about a host of that name; did you mean "source"?'],
    [
      "restrict 10.0.0.0 mask 255.0.255.0",
      'netmask 255.0.255.0 of "restrict 10.0.0.0" has gaps: bits after the first 0 count, too',
    ],
    ["fudge 127.127.1.0 refid GPS", '"refid" has no effect here: the local clock\'s is that of its address'],
    ["fudge 127.127.1.0 time1 0.5", '"time1" has no effect here: the local clock is taken as it is'],
    ["restrict default ippeerlimit 3", '"ippeerlimit" has no effect here: associations by address are not counted'],
    ["statistics clockstats", '"clockstats" has no effect here: reference clocks are not used here'],
  ])("warns a daemon of %j", (text, said) => {
    expect(load(text, { strict: true }).remarks).toMatchObject([{ level: "warning", text: said }]);
  });

  it("finds nothing strange in other restrict lines", () => {
    expect(
      load(
        "restrict default nopeer\nrestrict source\nrestrict localhost\nrestrict 10.0.0.0 mask 255.255.254.0\nrestrict ::1 mask ffff:ffff::\nrestrict gate.example.net",
        { strict: true },
      ).remarks,
    ).toEqual([]);
  });

  it("never takes clockstats for written", () => {
    const { kinds } = load("statistics clockstats loopstats\nfilegen clockstats enable", { strict: true }).configuration
      .statistics;
    expect([kinds["clockstats"]?.asked, kinds["loopstats"]?.asked]).toEqual([false, true]);
  });

  it("leaves out known commands that are not for it, aloud only where servers are lost", () => {
    const { remarks, configuration } = load(
      "driftfile /var/lib/ntp/drift\npeer b\nserver 127.127.1.0\nserver c nts\nserver d autokey",
    );
    expect(remarks.map(({ level, at }) => [level, at.line])).toEqual([
      ["note", 1],
      ["warning", 2],
      ["warning", 5],
      ["warning", 3],
    ]);
    expect(configuration.servers).toMatchObject([{ name: "c", nts: true, ntsPort: 4460 }]);
  });

  it("asks under NTS at the port of key establishment, and nobody without it where that cannot be", () => {
    const { configuration, remarks } = load(
      "server a nts\nserver b nts port 4461\npool c nts\npeer d nts\nserver 239.1.1.1 nts\nserver e nts key 1\nserver f\nmanycastclient 239.1.1.2 nts ntsname ntp.example\nmanycastclient 239.1.1.3 ntsname x\nbroadcastclient ntsname y\nmulticastclient 224.0.1.1 nts ntsname z",

      { strict: true },
    );
    expect(configuration.associations.map(({ name, nts, port }) => [name, nts, port])).toEqual([
      ["a", true, 4460],
      ["b", true, 4461],
      ["c", true, 4460],
      // A group is asked in the clear, at its port; who answers is not.
      ["239.1.1.1", true, 123],
      ["f", false, 123],
      ["239.1.1.2", true, 123],
      ["239.1.1.3", false, 123],
    ]);
    expect(configuration.associations.map(({ certified }) => certified ?? null)).toEqual([
      null,
      null,
      null,
      null,
      null,
      "ntp.example",
      "x",
    ]);
    expect(configuration.provedBroadcasts).toEqual({ certified: "z" });
    expect(remarks.map(({ text }) => text)).toEqual([
      '"peer d" is left out: it asks for NTS, which is for servers that are named and asked',
      '"server e" is left out: it asks for a key and for NTS, and a server is asked under the one or the other',
      '"ntsname" has no effect without "nts": nobody is asked for a certificate',
      '"ntsname" has no effect without "nts": nobody is asked for a certificate',
    ]);
  });

  it("asks under Autokey where its keys are at hand, servers and peers that are named and those that answer a search; elsewhere leaves the line out", () => {
    const text = [
      "server a autokey ident group",
      "server b autokey iburst",
      "server c",
      "pool d autokey",
      "peer e autokey",
      "server 239.1.1.1 autokey",
      "server f autokey key 1",
      "server g autokey nts",
      "broadcast 192.0.2.255 autokey",
      "broadcastclient",
      "multicastclient 224.0.1.1 autokey ident one",
      "ident two",
      "ident three",
    ].join("\n");
    const { configuration, remarks } = loadConfiguration(
      "/etc/ntp.conf",
      true,
      files({ "/etc/ntp.conf": text }),
      null,
      true,
    );
    expect(configuration.associations.map(({ name, autokey }) => [name, autokey])).toEqual([
      ["a", { ident: "group" }],
      ["b", { ident: null }],
      ["c", undefined],
      ["e", { ident: null }],
      ["239.1.1.1", { ident: null }],
      ["192.0.2.255", { ident: null }],
    ]);
    expect([configuration.autokeyBroadcasts, configuration.idents]).toEqual([{ ident: "one" }, ["two", "three"]]);
    expect(remarks.map(({ at, text: said }) => `${at.line} ${said.replace(/^"[^"]*" is left out: /, "")}`)).toEqual([
      "4 it asks for Autokey, which a pool has no keys for",
      "7 it asks for a key and for Autokey, and a server is asked under the one or the other",
      "8 it asks for NTS and for Autokey, and a server is asked under the one or the other",
    ]);
    const without = load(text, { strict: true });
    expect(without.configuration.associations.map(({ name }) => name)).toEqual(["c"]);
    expect(without.configuration).toMatchObject({ broadcastClient: true, autokeyBroadcasts: null });
  });

  it("reads an included file in place, beside the one that includes it", () => {
    const { configuration } = load("server a\nincludefile more/servers.conf\nserver c", {
      others: { "/etc/more/servers.conf": "server b" },
    });
    expect(configuration.servers.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  it("says where a missing file was to be included, and stops at circles", () => {
    expect(fault("\nincludefile nowhere").message).toBe(
      '/etc/ntp.conf:2:13: cannot read "nowhere": no such file or directory',
    );
    expect(fault("includefile /etc/ntp.conf").message).toContain("files are included more than 5 deep");
  });

  it("never throws anything but a usage error", () => {
    const word = fc.oneof(
      fc.constantFrom(...Object.keys(COMMANDS), "a", "key", "1", "(", ")", "...", "-4", '"', "#", "mask", "minpoll"),
      fc.string({ maxLength: 6 }),
    );
    const text = fc
      .array(
        fc.array(word, { maxLength: 6 }).map((words) => words.join(" ")),
        { maxLength: 6 },
      )
      .map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, fc.boolean(), (content, strict) => {
        try {
          load(content, { strict });
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      budget(0.1),
    );
  });
});

describe("the configuration file", () => {
  it("is the one named, else the environment's, else the first that exists", () => {
    const machine = files({ "/etc/ntp.conf": "", "/etc/ntpsec/ntp.conf": "" });
    expect(findConfiguration("/x", { NTPKIT_CONFIG: "/y" }, machine)).toBe("/x");
    expect(findConfiguration(null, { NTPKIT_CONFIG: "/y" }, machine)).toBe("/y");
    expect(findConfiguration(null, { NTPKIT_CONFIG: "" }, machine)).toBe("/etc/ntp.conf");
    expect(findConfiguration(null, {}, files({ "/etc/ntpkit.conf": "", "/etc/ntp.conf": "" }))).toBe(
      "/etc/ntpkit.conf",
    );
    expect(findConfiguration(null, {}, files({}))).toBeNull();
  });

  it("that cannot be read is a usage error which says why", () => {
    expect(() => loadConfiguration("/x", false, files({}))).toThrow(
      "cannot read the configuration file /x: no such file or directory",
    );
  });
});
