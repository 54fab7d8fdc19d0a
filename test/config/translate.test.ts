/** Other daemons' files as ntp.conf: what is printed is read again, and says the same. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfiguration, type LoadedConfiguration } from "../../src/config/files.ts";
import { parseToml } from "../../src/config/translate/toml.ts";
import { translated, type ConfigFiles, type Translation } from "../../src/config/translate/translate.ts";
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
    list: (folder) => Object.keys(contents).filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
  };
}

function reread({ text }: Translation): LoadedConfiguration {
  return loadConfiguration("/t", true, { exists: () => true, read: () => text });
}

describe("chrony.conf", () => {
  const translation = translated("/etc/chrony/chrony.conf", machine({ "/etc/chrony/chrony.conf": fixture("chrony.conf") }));

  it("keeps servers, keys, limits and whom it answers", () => {
    const { configuration } = reread(translation);
    expect(configuration.associations).toMatchObject([
      { kind: "pool", name: "2.pool.example.net", iburst: true },
      { kind: "server", name: "ntp1.example.net", iburst: true, key: 7, minpoll: 3, maxpoll: 8, prefer: true },
      { kind: "peer", name: "192.0.2.9", port: 124 },
    ]);
    expect(configuration).toMatchObject({
      driftFile: "/var/lib/chrony/drift",
      keys: { path: "/etc/chrony/chrony.keys" },
      tinker: { step: 1 },
      limits: { maxdist: 2, minsane: 2 },
      localClock: { stratum: 9 },
      discard: { average: 4 },
      leapFile: { path: "/usr/share/zoneinfo/leap-seconds.list" },
    });
    const flags = (address: string): readonly string[] | undefined => configuration.restrict.find((line) => line.address === address)?.flags;
    expect(flags("default")).toContain("noserve");
    expect(flags("192.0.2.0")).not.toContain("noserve");
    expect(flags("10.1.0.0")).toContain("limited");
    expect(flags("192.0.2.99")).toContain("noserve");
    expect(Object.entries(configuration.statistics.kinds).filter(([, { asked }]) => asked).map(([name]) => name).toSorted()).toEqual(["loopstats", "peerstats", "rawstats"]);
  });

  it("tells what it leaves out, with its place", () => {
    expect(translation.warnings).toEqual([
      "/etc/chrony/chrony.conf:2:1: 2.pool.example.net: left out: maxsources 4",
      "/etc/chrony/chrony.conf:3:1: ntp1.example.net: left out: xleave",
      "/etc/chrony/chrony.conf:8:1: the clock may be stepped at any time, not only at the first 3 updates",
      '/etc/chrony/chrony.conf:20:1: "refclock" is left out: there is nothing like it',
    ]);
    expect(translation.text).toContain("# refclock SHM 0   (there is nothing like it)");
  });

  it("reads the folders and files that are named, and stops at circles", () => {
    const { text } = translated("/c/chrony.conf", machine({ "/c/chrony.conf": "confdir d\ninclude more*.conf\nserver z", "/c/d/2.conf": "server b", "/c/d/1.conf": "server a", "/c/d/x.txt": "server no", "/c/more1.conf": "server m" }));
    expect(text.split("\n").filter((line) => line.startsWith("server"))).toEqual(["server a", "server b", "server m", "server z"]);
    expect(translated("/c", machine({ "/c": "include /c" })).text).toContain("more than 10 deep");
  });

  it("says what cannot be read", () => {
    expect(() => translated("/none", machine({}))).toThrow("cannot read /none: no such file or directory");
  });
});

describe("ntp.toml", () => {
  it("keeps sources, limits and whom it answers", () => {
    const translation = translated("/etc/ntpd-rs/ntp.toml", machine({ "/etc/ntpd-rs/ntp.toml": fixture("ntp.toml") }));
    const { configuration, remarks } = reread(translation);
    expect(configuration.associations).toMatchObject([
      { kind: "pool", name: "pool.example.net", minpoll: 4 },
      { kind: "server", name: "ntp1.example.net", port: 1123, minpoll: 5, maxpoll: 9 },
    ]);
    expect(remarks).toMatchObject([{ text: '"server nts.example.net" is left out: it asks for NTS, and is not asked without it' }]);
    expect(configuration).toMatchObject({ tinker: { panic: 1800 }, limits: { minsane: 2 }, localClock: { stratum: 7 } });
    expect(configuration.restrict).toMatchObject([{ address: "default", flags: ["ignore"] }, { address: "source" }, { address: "192.0.2.0", mask: 24 }, { address: "2001:db8::", mask: 32 }]);
    expect(configuration.interfaces.map(({ action, what }) => [action, what])).toEqual([
      ["ignore", "all"],
      ["listen", "192.0.2.7"],
    ]);
  });

  it("says where it is no TOML", () => {
    expect(() => parseToml("a = ", "f")).toThrow("f:1:5: a value is wanted");
    expect(() => parseToml("\n[x\n", "f")).toThrow("f:2:1:");
    expect(() => parseToml("a = 1 2", "f")).toThrow('f:1:7: what is "2"?');
  });
});

it("never breaks, whatever a file has in it", () => {
  const words = fc.constantFrom("server", "pool", "allow", "deny", "local", "stratum", "makestep", "key", "[[source]]", "mode", "=", '"server"', "address", "{", "}", "[", "]", "1", "10.0.0.0/8", "#", "!", "include", "confdir", "/c.toml");
  const text = fc.array(fc.array(fc.oneof(words, fc.string({ maxLength: 5 })), { maxLength: 6 }).map((line) => line.join(" ")), { maxLength: 6 }).map((lines) => lines.join("\n"));
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
