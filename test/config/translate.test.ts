/** Other daemons' files as ntp.conf: what is printed is read again, and says the same. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfiguration, type LoadedConfiguration } from "../../src/config/files.ts";
import { isTable, parseToml, type TomlTable } from "../../src/config/translate/toml.ts";
import { accessOf } from "../../src/config/serving.ts";
import { translated, type ConfigFiles, type Translation } from "../../src/config/translate/translate.ts";
import { listening } from "../../src/engine/serving/listening.ts";
import { AccessList, FLAG } from "../../src/server/access.ts";
import { sourceOf } from "../../src/server/source.ts";
import { UsageError } from "../../src/config/usage.ts";

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/ntpconf/${name}`, import.meta.url), "utf8");

/** A machine that has these files. */
function machine(contents: Readonly<Record<string, string>>): ConfigFiles {
  return {
    read(path) {
      const text = contents[path];
      if (text === undefined) throw new Error("ENOENT: no such file or directory, open");
      return text;
    },
    list: (folder) =>
      Object.keys(contents)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
  };
}

function reread({ text }: Translation): LoadedConfiguration {
  return loadConfiguration("/t", true, { exists: () => true, read: () => text });
}

describe("chrony.conf", () => {
  const translation = translated(
    "/etc/chrony/chrony.conf",
    machine({ "/etc/chrony/chrony.conf": fixture("chrony.conf") }),
  );

  it("keeps servers, keys, limits and whom it answers", () => {
    const { configuration } = reread(translation);
    expect(configuration.associations).toMatchObject([
      { kind: "pool", name: "2.pool.example.net", iburst: true },
      { kind: "server", name: "ntp1.example.net", iburst: true, key: 7, minpoll: 3, maxpoll: 8, prefer: true },
      { kind: "server", name: "ntp2.example.net", nts: true, port: 4460, trusted: true },
      { kind: "peer", name: "192.0.2.9", port: 124, nts: false },
    ]);
    expect(configuration).toMatchObject({
      driftFile: "/var/lib/chrony/drift",
      driftForm: "chrony",
      keys: { path: "/etc/chrony/chrony.keys", format: "chrony" },
      tinker: { step: 1 },
      limits: { maxdist: 2, minsane: 2 },
      localClock: { stratum: 9 },
      discard: { average: 4 },
      leapFile: { path: "/usr/share/zoneinfo/leap-seconds.list" },
    });
    const flags = (address: string): readonly string[] | undefined =>
      configuration.restrict.find((line) => line.address === address)?.flags;
    expect(flags("default")).toContain("noserve");
    expect(flags("192.0.2.0")).not.toContain("noserve");
    expect(flags("10.1.0.0")).toContain("limited");
    expect(flags("192.0.2.99")).toContain("noserve");
    expect(
      Object.entries(configuration.statistics.kinds)
        .filter(([, { asked }]) => asked)
        .map(([name]) => name)
        .toSorted(),
    ).toEqual(["loopstats", "peerstats", "rawstats"]);
  });

  it("tells what it leaves out, with its place", () => {
    expect(translation.warnings).toEqual([
      "/etc/chrony/chrony.conf:2:1: 2.pool.example.net: left out: maxsources 4",
      "/etc/chrony/chrony.conf:3:1: ntp1.example.net: left out: xleave",
      "/etc/chrony/chrony.conf:8:1: the clock may be stepped at any time, not only at the first 3 updates",
      '/etc/chrony/chrony.conf:19:1: "burst" of "ratelimit" is left out',
      '/etc/chrony/chrony.conf:20:1: "refclock" is left out: there is nothing like it',
    ]);
    expect(translation.text).toContain("# refclock SHM 0   (there is nothing like it)");
  });

  const chrony = (...lines: readonly string[]): Translation => translated("/c", machine({ "/c": lines.join("\n") }));

  it("listens on every address that is named", () => {
    const { configuration } = reread(chrony("bindaddress 192.0.2.1", "server a", "bindaddress 2001:db8::1"));
    expect(configuration.interfaces.map(({ action, what }) => [action, what])).toEqual([
      ["ignore", "all"],
      ["listen", "192.0.2.1"],
      ["listen", "2001:db8::1"],
    ]);
    expect(listening(configuration.interfaces, { eth0: ["192.0.2.1", "192.0.2.2", "2001:db8::1"] })).toEqual([
      "192.0.2.1",
      "2001:db8::1",
    ]);
    expect(chrony("bindaddress eth0").warnings).toEqual(['/c:1:1: "bindaddress" is left out: it names no address']);
  });

  it.each<[readonly string[], readonly string[], readonly string[]]>([
    [["allow 192.168.0.0/16", "deny all"], [], ["192.168.0.1", "203.0.113.1"]],
    [
      ["allow 10.1.0.0/16", "allow 10.2.0.0/16", "deny all 10.0.0.0/8", "allow 10.2.3"],
      ["10.2.3.1"],
      ["10.1.0.1", "10.2.0.1"],
    ],
    [["deny 10.1.2.3/8", "allow 10.0.0.0/8"], ["10.9.9.9"], ["203.0.113.1"]],
    [["allow 10.0.0.0/8", "deny 10/8"], [], ["10.9.9.9"]],
    [["allow", "deny 10.0.0.0/8"], ["203.0.113.1", "2001:db8::1"], ["10.9.9.9"]],
    [["allow 10.0.0.0/8", "deny"], ["10.9.9.9"], ["203.0.113.1", "2001:db8::1"]],
    [["deny 10.0.0.0/8", "allow all"], ["10.9.9.9", "2001:db8::1"], []],
    [["allow 0/0"], ["203.0.113.1"], ["2001:db8::1"]],
    [
      ["allow 2001:db8::/32", "deny all ::/0", "allow 2001:db8:1::/48"],
      ["2001:db8:1::1"],
      ["2001:db8:2::1", "203.0.113.1"],
    ],
  ])("answers whom chronyd does by %j", (lines, answered, silent) => {
    const access = new AccessList(accessOf(reread(chrony(...lines)).configuration.restrict, new Map()));
    const answers = (address: string): boolean =>
      (access.flagsFor(sourceOf(address)!, 40_000) & (FLAG.noserve | FLAG.ignore)) === 0;
    expect(answered.filter((address) => !answers(address))).toEqual([]);
    expect(silent.filter(answers)).toEqual([]);
  });

  it.each<[string, { readonly step: number; readonly panic: number }, readonly string[]]>([
    ["server a", { step: Infinity, panic: Infinity }, []],
    ["makestep 0.1 -1", { step: 0.1, panic: Infinity }, []],
    [
      "makestep 0.1 3",
      { step: 0.1, panic: Infinity },
      ["/c:1:1: the clock may be stepped at any time, not only at the first 3 updates"],
    ],
    ["makestep 0.1 0", { step: Infinity, panic: Infinity }, []],
    ["makestep 0 -1", { step: 0.001, panic: Infinity }, ["/c:1:1: a step threshold of 0 s becomes 0.001 s"]],
    ["makestep 1 -1\nmakestep 2 -1", { step: 2, panic: Infinity }, []],
    ["makestep 1", { step: Infinity, panic: Infinity }, ['/c:1:1: "makestep" is left out: it has no limit']],
    ["maxchange 100 0 0", { step: Infinity, panic: 100 }, []],
    [
      "maxchange 100 1 2",
      { step: Infinity, panic: 100 },
      [
        "/c:1:1: offsets are compared with 100 s from the first update on, not after 1 (run --any-offset lets the first correction be of any size)",
        "/c:1:1: the first offset beyond 100 s ends the daemon; none is ignored",
      ],
    ],
  ])("steps and gives up as chronyd does by %j", (text, { step, panic }, warnings) => {
    const translation = chrony(text);
    expect(reread(translation).configuration.tinker).toMatchObject({ step, stepBack: step, panic });
    expect(translation.warnings).toEqual(warnings);
  });

  it("writes nothing that is out of range here", () => {
    const { configuration } = reread(
      chrony("maxdistance 0", "minsources 2000", "makestep 1e7 -1", "maxchange 1e10 0 0"),
    );
    expect(configuration).toMatchObject({
      limits: { maxdist: 0.001, minsane: 1000 },
      tinker: { step: Infinity, panic: Infinity },
    });
  });

  it("writes the port of key establishment where there is NTS, and that of the time where there is none", () => {
    const said = chrony(
      "server a nts ntsport 4461 port 1123",
      "server b port 1123 ntsport 4461",
      "server c nts port 1123",
    );
    expect(said.text.split("\n").filter((line) => line.startsWith("server"))).toEqual([
      "server a nts port 4461",
      "server b port 1123",
      "server c nts",
    ]);
    const { configuration } = reread(said);
    expect(configuration.associations.map(({ name, port }) => `${name}:${port}`)).toEqual([
      "a:4461",
      "b:1123",
      "c:4460",
    ]);
  });

  it("tells by name what it leaves out of a line that it translates", () => {
    const said = chrony(
      "local stratum 8 distance 2 activate 1 waitsynced 10",
      "ratelimit interval 3 leak 4",
      "server a xleave nts offset 0.1",
      "port 11123",
    );
    expect(said.warnings).toEqual([
      '/c:1:1: "distance" of "local" is left out',
      '/c:1:1: "activate" of "local" is left out',
      '/c:1:1: "waitsynced" of "local" is left out',
      '/c:2:1: "leak" of "ratelimit" is left out',
      "/c:3:1: a: left out: xleave, offset 0.1",
      "/c:4:1: clients are answered on port 123 (run --port 11123)",
    ]);
  });

  it("believes servers as distant as chronyd does, those of a vendor that tell of tens of seconds, too", () => {
    expect(reread(chrony("server a")).configuration.limits.maxdist).toBe(3);
    const vendor = chrony("server a", "maxdistance 30");
    expect(reread(vendor).configuration.limits.maxdist).toBe(30);
    expect(vendor.warnings).toEqual([]);
  });

  it("says of each line that has no like what becomes of it, and tells those by which something is lost", () => {
    const { text, warnings } = chrony(
      "rtcsync",
      "dumpdir /var/lib/chrony",
      "hwtimestamp *",
      "maxupdateskew 100",
      "user x",
    );
    expect(text.split("\n").slice(1, 6)).toEqual([
      "# rtcsync   (the kernel sets the hardware clock while it is told that its own is synchronized)",
      "# dumpdir /var/lib/chrony   (what is known of servers is kept in the state directory)",
      expect.stringMatching(/^# hwtimestamp \*   \(timestamps are the kernel's/),
      expect.stringMatching(/^# maxupdateskew 100   \(how fast it corrects/),
      "# user x   (--user names whom it becomes)",
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(/^\/c:3:1: "hwtimestamp" is left out: /),
      expect.stringMatching(/^\/c:4:1: "maxupdateskew" is left out: /),
    ]);
  });

  it("answers under NTS by the first certificate and its key, and says what has no word here", () => {
    const served = chrony(
      "ntsservercert /etc/a.crt",
      "ntsserverkey /etc/a key.pem",
      "ntsservercert /etc/b.crt",
      "ntsport 4461",
      "ntsport 0",
      "ntsntpserver b.example",
      "ntstrustedcerts /etc/ca.pem",
      "ntsdumpdir /var/lib/chrony",
      "ntsrotate 3600",
      "ntsprocesses 3",
    );
    expect(reread(served).configuration.nts).toMatchObject({
      enabled: true,
      certificate: "/etc/a.crt",
      key: "/etc/a",
      port: 4461,
      server: "b.example",
      cookies: null,
    });
    expect(served.warnings.map((warning) => warning.replace(/^\/c:/, ""))).toEqual([
      expect.stringMatching(/^3:1: .*one certificate is served, the first/),
      expect.stringMatching(/^5:1: .*it names no port/),
      expect.stringMatching(/^6:1: b.example has to open the same cookies/),
      expect.stringMatching(/^7:1: .*run --ca \/etc\/ca.pem/),
      expect.stringMatching(/^9:1: .*a key of cookies is drawn each day/),
    ]);
  });

  it("limits the rate as chronyd does: a burst as close together as it likes, and no rate that there is not", () => {
    const limited = chrony("allow", "ratelimit interval -4");
    expect(reread(limited).configuration.discard).toMatchObject({ average: 0, minimum: 0 });
    expect(limited.warnings).toEqual(['/c:2:1: "interval -4" of "ratelimit" becomes 0']);
  });

  it("interleaves with a peer, and not with a server", () => {
    const { configuration } = reread(chrony("peer a xleave", "server b xleave"));
    expect(configuration.associations.map(({ name, xleave }) => [name, xleave])).toEqual([
      ["a", true],
      ["b", false],
    ]);
  });

  it("writes no line that ntp.conf would read otherwise", () => {
    const said = chrony(
      "driftfile /d/drift#1",
      "keyfile /k(1)",
      "server a#b iburst",
      "server c(d",
      "server e minpoll x",
    );
    expect(reread(said).configuration).toMatchObject({
      driftFile: "/d/drift#1",
      keys: { path: "/k(1)" },
      associations: [{ name: "e", minpoll: 6 }],
    });
    expect(said.warnings).toEqual([
      '/c:3:1: "server" is left out: that is no address',
      '/c:4:1: "server" is left out: that is no address',
      "/c:5:1: e: left out: minpoll x",
    ]);
  });

  it("takes no directive or option for anything that every object has", () => {
    for (const name of ["constructor", "toString", "__proto__", "valueOf"]) {
      const said = chrony(`${name} 1`, `server a ${name} 3`, `log ${name}`);
      expect(said.warnings).toEqual([
        `/c:1:1: "${name}" is left out: there is nothing like it`,
        `/c:2:1: a: left out: ${name.toLowerCase()}, 3`,
      ]);
    }
  });

  it("asks no server without the key that it cannot have here", () => {
    const translation = chrony("server a key 70000", "server b key 65535");
    expect(reread(translation).configuration.servers.map(({ name, key }) => [name, key])).toEqual([["b", 65_535]]);
    expect(translation.warnings).toEqual([
      '/c:1:1: "server" is left out: a is not asked without its key, and keys go up to 65535',
    ]);
  });

  it("reads the folders and files that are named, and stops at circles", () => {
    const { text } = translated(
      "/c/chrony.conf",
      machine({
        "/c/chrony.conf": "confdir d\ninclude more*.conf\nserver z",
        "/c/d/2.conf": "server b",
        "/c/d/1.conf": "server a",
        "/c/d/x.txt": "server no",
        "/c/more1.conf": "server m",
      }),
    );
    expect(text.split("\n").filter((line) => line.startsWith("server"))).toEqual([
      "server a",
      "server b",
      "server m",
      "server z",
    ]);
    expect(translated("/c", machine({ "/c": "include /c" })).text).toContain("more than 10 deep");
  });

  it("says what cannot be read", () => {
    expect(() => translated("/none", machine({}))).toThrow("cannot read /none: no such file or directory");
  });
});

describe("ntp.toml", () => {
  it("answers under NTS as its words for that have it, and says what has no like", () => {
    const text = [
      '[[source]]\nmode = "nts"\naddress = "a.example:4461"',
      '[[nts-ke-server]]\nlisten = "[::]:4462"\ncertificate-chain-path = "/etc/chain.pem"\nprivate-key-path = "/etc/key.pem"',
      'ntp-server = "b.example"\nntp-port = 124\nkey-exchange-timeout-ms = 1000',
      '[[nts-ke-server]]\nlisten = "127.0.0.1:4463"',
      '[keyset]\nstale-key-count = 7\nkey-storage-path = "/var/lib/keys"',
    ].join("\n");
    const translation = translated("/ntp.toml", machine({ "/ntp.toml": text }));
    const { nts, servers } = reread(translation).configuration;
    expect(servers).toMatchObject([{ name: "a.example", nts: true, ntsPort: 4461 }]);
    expect(nts).toMatchObject({
      enabled: true,
      certificate: "/etc/chain.pem",
      key: "/etc/key.pem",
      port: 4462,
      server: "b.example:124",
    });
    expect(translation.warnings).toEqual(
      expect.arrayContaining([
        expect.stringContaining('"key-exchange-timeout-ms" is left out'),
        expect.stringContaining("one establishes keys, the first"),
        expect.stringContaining("a key of cookies is drawn each day"),
        expect.stringContaining("cookies have keys of their own here"),
      ]),
    );
  });

  it("keeps sources, limits and whom it answers", () => {
    const translation = translated("/etc/ntpd-rs/ntp.toml", machine({ "/etc/ntpd-rs/ntp.toml": fixture("ntp.toml") }));
    const { configuration, remarks } = reread(translation);
    expect(configuration.associations).toMatchObject([
      { kind: "pool", name: "pool.example.net", minpoll: 4 },
      { kind: "server", name: "ntp1.example.net", port: 1123, minpoll: 5, maxpoll: 9 },
      { kind: "server", name: "nts.example.net", port: 4460, nts: true },
    ]);
    expect(remarks).toEqual([]);
    expect(configuration).toMatchObject({
      tinker: { panic: 1800 },
      limits: { minsane: 2 },
      localClock: { stratum: 7 },
    });
    expect(configuration.restrict).toMatchObject([
      { address: "default", flags: ["noserve", "nomodify", "notrap", "nopeer", "noquery"] },
      { address: "127.0.0.1", flags: ["noserve"] },
      { address: "::1", flags: ["noserve"] },
      { address: "192.0.2.0", mask: 24 },
      { address: "2001:db8::", mask: 32 },
    ]);
    expect(configuration.interfaces.map(({ action, what }) => [action, what])).toEqual([
      ["ignore", "all"],
      ["listen", "192.0.2.7"],
    ]);
  });

  it.each<[string, { readonly step: number; readonly panic: number }, readonly string[]]>([
    [
      "",
      { step: 0.01, panic: 1000 },
      [
        "/t.toml:1:1: the first correction is held to the same panic threshold, not to any size forward and 86400 s backward (run --any-offset lets it be of any size)",
      ],
    ],
    ["single-step-panic-threshold = 5\nstartup-step-panic-threshold = 5", { step: 0.01, panic: 5 }, []],
    ['single-step-panic-threshold = "inf"\nstartup-step-panic-threshold = "inf"', { step: 0.01, panic: Infinity }, []],
    [
      'single-step-panic-threshold = { forward = 9, backward = 4 }\nstartup-step-panic-threshold = { forward = "inf", backward = 60 }\nalgorithm = { step-threshold = 0.5 }',
      { step: 0.5, panic: 4 },
      [
        "/t.toml:2:1: 4 s is the panic threshold each way",
        "/t.toml:3:1: the first correction is held to the same panic threshold, not to any size forward and 60 s backward (run --any-offset lets it be of any size)",
      ],
    ],
    [
      "startup-step-panic-threshold = true\nsingle-step-panic-threshold = 86400",
      { step: 0.01, panic: 86_400 },
      [
        '/t.toml:2:1: "startup-step-panic-threshold" is left out: it is no threshold',
        "/t.toml:2:1: the first correction is held to the same panic threshold, not to any size forward and 86400 s backward (run --any-offset lets it be of any size)",
      ],
    ],
  ])("tells what becomes of stepping and giving up by %j", (text, { step, panic }, warnings) => {
    const translation = translated("/t.toml", machine({ "/t.toml": `[synchronization]\n${text}` }));
    expect(reread(translation).configuration.tinker).toMatchObject({ step, stepBack: step, panic });
    expect(translation.warnings).toEqual(warnings);
  });

  it("says where it is no TOML", () => {
    expect(() => parseToml("a = ", "f")).toThrow(/^f:1:\d: no TOML: /);
    expect(() => parseToml("\n[x\n", "f")).toThrow(/^f:2:\d: no TOML: /);
    expect(() => parseToml("a = 1 2", "f")).toThrow(/^f:1:\d: no TOML: /);
    expect(() => parseToml("[a]\nb = 1\nb = 2", "f")).toThrow(/^f:3:1: no TOML: /);
  });

  it("says so of tables thousands deep", () => {
    expect(() => parseToml(`[${"a.".repeat(9_000)}a]`, "f")).toThrow(
      "f:1:1: no TOML: its tables are nested too deeply",
    );
  });

  it("writes one line for a text of several, and none for an address that is several words", () => {
    const toml = (address: string): string =>
      `[[source]]\nmode = "server"\naddress = ${JSON.stringify(address)}\n["x\\nserver y"]\n`;
    for (const address of ["a\nserver b", "a key 3", "a#b", 'a"b', ""]) {
      const { text, warnings } = translated("/t\nserver z.toml", machine({ "/t\nserver z.toml": toml(address) }));
      expect([address, text.split("\n").filter((line) => !/^#|^restrict|^t[oi]/.test(line))]).toEqual([address, [""]]);
      expect(warnings[0]).toMatch(/is left out: that is no address$/);
    }
  });

  it("reads what TOML allows: arrays over several lines, escapes, dotted keys, quoted ones, dates", () => {
    const { values } = parseToml(
      'a = [\n  "10.0.0.0/8", # one\n  "\\u002e",\n]\nb.c = { d = 1 }\n"e f" = 0x10\ng = """\nlong"""\nh = 2026-01-02\n',
      "f",
    );
    expect(values.get("a")).toEqual(["10.0.0.0/8", "."]);
    expect(values.get("e f")).toBe(16);
    expect([values.get("g"), values.get("h")]).toEqual(["long", "2026-01-02"]);
    const b = values.get("b");
    expect(isTable(b) && isTable(b.values.get("c")) && b.values.get("c")).toMatchObject({
      values: new Map([["d", 1]]),
    });
  });

  it("knows where keys stand, those of the second element of an array of tables, too", () => {
    const { values } = parseToml('x = 1\n[[s]]\na = "1"\n\n[[s]]\n  a = "2"\n[s.t]\nb = 1\n[u]\nc.d = 1\n', "f");
    const second = (values.get("s") as readonly TomlTable[])[1]!;
    expect(second.places.get("a")).toEqual({ file: "f", line: 6, column: 3 });
    expect((second.values.get("t") as TomlTable).places.get("b")).toMatchObject({ line: 8 });
    expect((values.get("u") as TomlTable).places.get("c")).toMatchObject({ line: 9 });
  });

  it("takes no key for anything that every object has", () => {
    for (const name of ["constructor", "toString", "__proto__"]) {
      const text = `${name} = 1\n[[source]]\nmode = "${name}"\naddress = "a"\n${name} = 2\n`;
      const { text: written, warnings } = translated("/t.toml", machine({ "/t.toml": text }));
      expect(written.split("\n").filter((line) => !/^#|^restrict|^t[oi]/.test(line))).toEqual([""]);
      expect(warnings[0]).toMatch(new RegExp(`^/t\\.toml:4:1: "source" is left out`));
    }
  });
});

describe("timesyncd.conf", () => {
  const timesyncd = (...lines: readonly string[]): Translation =>
    translated("/etc/systemd/timesyncd.conf", machine({ "/etc/systemd/timesyncd.conf": lines.join("\n") }));

  it("keeps servers, polls and the root distance, and answers nobody", () => {
    const translation = timesyncd(
      "# a comment",
      "[Time]",
      "NTP=a.example b.example",
      "NTP=192.0.2.1",
      "FallbackNTP=c.example",
      "RootDistanceMaxSec=2min 500ms",
      "PollIntervalMinSec=1min 4s",
      "PollIntervalMaxSec=34min",
      "SaveIntervalSec=60s",
    );
    const { configuration } = reread(translation);
    expect(configuration.servers.map(({ name, minpoll, maxpoll }) => [name, minpoll, maxpoll])).toEqual([
      ["a.example", 6, 11],
      ["b.example", 6, 11],
      ["192.0.2.1", 6, 11],
    ]);
    expect(configuration).toMatchObject({
      limits: { maxdist: 120.5 },
      restrict: [{ flags: expect.arrayContaining(["noserve"]) }, {}, {}],
    });
    expect(translation.warnings).toEqual([
      '/etc/systemd/timesyncd.conf:5:1: "FallbackNTP=c.example" is left out: all servers are asked at once here',
    ]);
  });

  it("asks the fallback servers where no others are named, and takes back what is set empty", () => {
    const { configuration } = reread(timesyncd("[Time]", "NTP=a", "NTP=", "FallbackNTP=c d", "PollIntervalMinSec=x"));
    expect(configuration.servers.map(({ name, minpoll }) => [name, minpoll])).toEqual([
      ["c", 5],
      ["d", 5],
    ]);
  });

  it("reads lines that go on in the next, other sections' as theirs, and spans of any unit", () => {
    const translation = timesyncd(
      "[Time]",
      "NTP=a \\",
      "# not this",
      "  b",
      "RootDistanceMaxSec=infinity",
      "PollIntervalMinSec=1month",
      "PollIntervalMinSec=64s",
      "PollIntervalMaxSec=1week",
      "[Other]",
      "NTP=z",
    );
    const { configuration } = reread(translation);
    expect(configuration.servers.map(({ name, minpoll, maxpoll }) => [name, minpoll, maxpoll])).toEqual([
      ["a", 6, 17],
      ["b", 6, 17],
    ]);
    expect(configuration.limits.maxdist).toBe(1e6);
    expect(translation.warnings).toEqual([
      '/etc/systemd/timesyncd.conf:10:1: "NTP=z" is left out: it does not stand under [Time]',
    ]);
  });

  it("says which server is none, and which span of time", () => {
    expect(timesyncd("[Time]", "NTP=a b#c", "RootDistanceMaxSec=far").warnings).toEqual([
      '/etc/systemd/timesyncd.conf:2:1: "b#c" is left out: that is no address',
      '/etc/systemd/timesyncd.conf:3:1: "RootDistanceMaxSec=far" is left out: it is no span of time',
    ]);
  });

  it("gives the drop-in files beside it the last word, in the order of their names", () => {
    const translation = translated(
      "/e/timesyncd.conf",
      machine({
        "/e/timesyncd.conf": "[Time]\nNTP=a\nPollIntervalMinSec=32\n",
        "/e/timesyncd.conf.d/20-b.conf": "[Time]\nNTP=c\n",
        "/e/timesyncd.conf.d/10-a.conf": "[Time]\nNTP=\nNTP=b\nPollIntervalMinSec=64\n",
        "/e/timesyncd.conf.d/README": "[Time]\nNTP=z\n",
      }),
    );
    expect(reread(translation).configuration.servers.map(({ name, minpoll }) => [name, minpoll])).toEqual([
      ["b", 6],
      ["c", 6],
    ]);
  });

  it("tells that it names nobody, and what it does not know", () => {
    expect(timesyncd("[Time]", "#NTP=", "Nonsense=1", "what").warnings).toEqual([
      '/etc/systemd/timesyncd.conf:3:1: "Nonsense=1" is left out: there is nothing like it',
      '/etc/systemd/timesyncd.conf:4:1: "what" is left out: it is neither [Time] nor NAME=VALUE',
      "/etc/systemd/timesyncd.conf:1:1: it names no server: systemd's own, or the network's by DHCP, are not known here",
    ]);
  });
});

describe("OpenNTPD's ntpd.conf", () => {
  it("keeps servers and whom it answers, and tells what it leaves out", () => {
    const text =
      'listen on 192.0.2.1 # mine\nservers pool.example\nserver a.example weight 5\nsensor *\nconstraints from "https://www.example/"\n';
    const translation = translated("/etc/ntpd.conf", machine({ "/etc/ntpd.conf": text }));
    const { configuration } = reread(translation);
    expect(configuration.servers.map(({ kind, name }) => [kind, name])).toEqual([
      ["pool", "pool.example"],
      ["server", "a.example"],
    ]);
    expect(configuration.interfaces.map(({ action, what }) => [action, what])).toEqual([
      ["ignore", "all"],
      ["listen", "192.0.2.1"],
    ]);
    expect(configuration.restrict[0]).toMatchObject({
      address: "default",
      flags: expect.not.arrayContaining(["noserve"]),
    });
    expect(configuration.tinker).toMatchObject({ step: Infinity, panic: Infinity });
    expect(translation.warnings).toEqual([
      "/etc/ntpd.conf:3:1: a.example: left out: weight 5",
      '/etc/ntpd.conf:4:1: "sensor" is left out: sensors are not used here',
      '/etc/ntpd.conf:5:1: "constraints" is left out: there is no HTTPS time to hold servers against',
    ]);
  });

  it("reads lines that go on in the next, and asks nobody whose name is none", () => {
    const text = "server \\\n  a\nlisten on \\\n*\nserver (b)\n";
    const translation = translated("/etc/ntpd.conf", machine({ "/etc/ntpd.conf": text }));
    expect(reread(translation).configuration.servers.map(({ name }) => name)).toEqual(["a"]);
    expect(translation.warnings).toEqual(['/etc/ntpd.conf:5:1: "server" is left out: that is no address']);
    expect(translation.text).toContain("restrict default nomodify");
  });

  it("answers nobody without a listen line", () => {
    const { configuration } = reread(translated("/etc/ntpd.conf", machine({ "/etc/ntpd.conf": "server a\n" })));
    expect(configuration.restrict[0]).toMatchObject({ flags: expect.arrayContaining(["noserve"]) });
  });
});

it("tells whose a file is by what it says where its name does not tell, and takes no ntp.conf for another's", () => {
  const read = (text: string): Translation => translated("/x", machine({ "/x": text }));
  expect(read("[Time]\nNTP=a").text).toContain("server a iburst minpoll 5");
  expect(read("servers a").text).toContain("pool a iburst");
  expect(read("server a\nmakestep 1 3").text).toContain("server a\n");
  for (const line of ["restrict default nopeer", "keys /k", "fudge 127.127.1.0 stratum 10"])
    expect(() => read(`server a\n${line}\n`)).toThrow("/x is an ntp.conf already");
  // chrony would read the drift file's sign the other way round.
  const short = machine({ "/etc/ntp.conf": "server a iburst\ndriftfile /d\n" });
  expect(() => translated("/etc/ntp.conf", short)).toThrow("/etc/ntp.conf is an ntp.conf already");
});

it("never breaks, whatever a file has in it", () => {
  const words = fc.constantFrom(
    "server",
    "pool",
    "allow",
    "deny",
    "local",
    "stratum",
    "makestep",
    "key",
    "[[source]]",
    "mode",
    "=",
    '"server"',
    "address",
    "{",
    "}",
    "[",
    "]",
    "1",
    "10.0.0.0/8",
    "#",
    "!",
    "include",
    "confdir",
    "/c.toml",
  );
  const text = fc
    .array(
      fc.array(fc.oneof(words, fc.string({ maxLength: 5 })), { maxLength: 6 }).map((line) => line.join(" ")),
      { maxLength: 6 },
    )
    .map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, fc.constantFrom("/c", "/c.toml"), (content, path) => {
      try {
        translated(path, machine({ [path]: content }));
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
  );
});

describe("what is not a server", () => {
  it.each([
    ["/etc/chrony/chrony.conf", "\nserver h/24 iburst\n", "2:1", "h/24"],
    ["/etc/chrony/chrony.conf", "pool 1.2.3\n", "1:1", "1.2.3"],
    ["/t.toml", '[[source]]\nmode = "pool"\naddress = "h/24"\n', "3:1", "h/24"],
    ["/etc/systemd/timesyncd.conf", "[Time]\nNTP=good.example h?x\n", "2:1", "h?x"],
    ["/etc/ntpd.conf", "servers h@x\n", "1:1", "h@x"],
  ])("is left out of %s at its place, for our own reader would refuse it", (file, text, place, name) => {
    const { warnings, text: written } = translated(file, machine({ [file]: text }));
    const [warning] = warnings.filter((one) => one.startsWith(`${file}:${place}: `) && one.includes("is left out"));
    expect(warning).toContain(`"${name}" is not a`);
    expect(written.split("\n").filter((line) => line.includes(name) && !line.startsWith("#"))).toEqual([]);
  });
});
