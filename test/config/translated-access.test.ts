/** Other daemons' access lists, translated: the same addresses are answered, whatever the lists say. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfiguration } from "../../src/config/files.ts";
import { accessOf } from "../../src/config/serving.ts";
import { translated } from "../../src/config/translate/translate.ts";
import { AccessList, FLAG } from "../../src/server/access.ts";
import { sourceOf } from "../../src/server/source.ts";
import { addressOctets } from "../../src/wire/address.ts";

/** What a file of another daemon comes to here. */
function listOf(path: string, text: string, named: ReadonlyMap<string, readonly string[]> = new Map()): AccessList {
  const read = (): string => text;
  const conf = translated(path, { read, list: () => [] });
  const { configuration } = loadConfiguration("/t", true, { exists: () => true, read: () => conf.text });
  return new AccessList(accessOf(configuration.restrict, named));
}

function answers(list: AccessList, address: string): boolean {
  return (list.flagsFor(sourceOf(address)!, 40_000) & (FLAG.noserve | FLAG.ignore)) === 0;
}

/** Bits of an address, first first. */
function bitsOf(address: string): string {
  return Array.from(addressOctets(address)!, (octet) => octet.toString(2).padStart(8, "0")).join("");
}

/** Few networks and addresses, close together, so that they meet. */
const octet = fc.constantFrom(0, 1, 8, 10, 127, 128, 255);
const ipv4 = fc.tuple(fc.constantFrom(10, 11, 127), octet, octet, octet).map((parts) => parts.join("."));
const ipv6 = fc
  .tuple(fc.constantFrom("2001:db8", "2001:db9"), octet, octet)
  .map(([start, a, b]) => `${start}:${a.toString(16)}::${b.toString(16)}`);
const own = fc.constantFrom("127.0.0.1", "::1");
const anyAddress = fc.oneof(ipv4, ipv6, own);
const anyNetwork = fc.oneof(
  fc.tuple(fc.oneof(ipv4, fc.constant("127.0.0.1")), fc.integer({ min: 0, max: 32 })).map((parts) => parts.join("/")),
  fc.tuple(fc.oneof(ipv6, fc.constant("::1")), fc.integer({ min: 0, max: 128 })).map((parts) => parts.join("/")),
);

/** Whoever is told nothing else: no answers to control queries but for this host, nor associations made. */
function isClosedOtherwise(list: AccessList, address: string): boolean {
  const isOwn = address === "127.0.0.1" || address === "::1";
  const rights = list.queryRights(sourceOf(address)!, 40_000);
  return isOwn ? rights !== "none" : rights === "none" && (list.flagsFor(sourceOf(address)!, 123) & FLAG.nopeer) !== 0;
}

describe("chrony's allow and deny", () => {
  interface Rule {
    readonly verb: "allow" | "deny";
    readonly all: boolean;
    /** `null`: everything. */
    readonly network: string | null;
  }

  const anyRule: fc.Arbitrary<Rule> = fc.record({
    verb: fc.constantFrom("allow", "deny"),
    all: fc.boolean(),
    network: fc.option(anyNetwork, { freq: 6 }),
  });

  /** A tree of half octets, as chrony keeps it: a rule sets the nodes of its network, and `all` clears what is below. */
  function chronyAnswers(rules: readonly Rule[], address: string): boolean {
    const states = new Map<string, boolean>();
    const family = (text: string): string => (text.includes(":") ? "6" : "4");
    for (const { verb, all, network } of rules)
      for (const one of network === null ? ["0.0.0.0/0", "::/0"] : [network]) {
        const [host = "", length = "0"] = one.split("/");
        const prefix = bitsOf(host).slice(0, Number(length));
        const missing = (4 - (prefix.length % 4)) % 4;
        for (let node = 0; node < 2 ** missing; node++) {
          const key = `${family(host)}${prefix}${missing === 0 ? "" : node.toString(2).padStart(missing, "0")}`;
          if (all) for (const below of states.keys()) if (below.startsWith(key)) states.delete(below);
          states.set(key, verb === "allow");
        }
      }
    const path = `${family(address)}${bitsOf(address)}`;
    for (let length = path.length; length > 0; length -= 4) {
      const state = states.get(path.slice(0, length));
      if (state !== undefined) return state;
    }
    return false;
  }

  it("answer whom chronyd answers", () => {
    fc.assert(
      fc.property(
        fc.array(anyRule, { maxLength: 8 }),
        fc.array(anyAddress, { minLength: 8, maxLength: 8 }),
        (rules, all) => {
          const lines = rules.map(({ verb, all: whole, network }) => `${verb}${whole ? " all" : ""} ${network ?? ""}`);
          const list = listOf("/chrony.conf", lines.join("\n"));
          // Addresses of the networks named, too.
          const within = rules.flatMap(({ network }) => (network === null ? [] : [network.split("/")[0]!]));
          for (const address of [...all, ...within]) {
            expect([address, answers(list, address)]).toEqual([address, chronyAnswers(rules, address)]);
            expect([address, isClosedOtherwise(list, address)]).toEqual([address, true]);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("answer a host by its name's addresses", () => {
    const named = new Map([["printer.example.net", ["10.1.1.1"]]]);
    const list = listOf("/c", "allow 10.2.0.0/16\nallow printer.example.net\ndeny localhost", named);
    expect(["10.2.1.1", "10.1.1.1", "10.1.1.2", "127.0.0.1"].filter((address) => answers(list, address))).toEqual([
      "10.2.1.1",
      "10.1.1.1",
    ]);
    expect(answers(listOf("/c", "allow printer.example.net\ndeny all", named), "10.1.1.1")).toBe(false);
  });

  it("answer a server that is followed as any other client", () => {
    const list = listOf("/c", "server 10.0.0.5\nallow 10.0.0.0/8");
    list.admitSource("10.0.0.5");
    expect(answers(list, "10.0.0.5")).toBe(true);
  });

  it("answer nobody where the port is closed", () => {
    expect(answers(listOf("/c", "allow\nport 0"), "10.0.0.1")).toBe(false);
  });

  it.each<[string, string]>([
    ["deny 10.0.0.0/33", '/c:1:1: "deny 10.0.0.0/33" cannot be translated: "10.0.0.0/33" is no network'],
    [
      "allow 10.0.0.0/8 twice",
      '/c:1:1: "allow 10.0.0.0/8 twice" cannot be translated: "twice" after all that it takes',
    ],
    ["allow default", '/c:1:1: "allow default" cannot be translated: "default" is no network'],
    [
      "allow a.example\ndeny all 10.0.0.0/8",
      '/c:2:1: "deny all 10.0.0.0/8" cannot be translated: it may take back what was said of a.example, whose address is not known yet',
    ],
    ["allow\ninclude /deny.conf", "/c:2:1: /deny.conf cannot be read"],
  ])("are refused where they cannot be said: %j", (text, message) => {
    const read = (path: string): string => {
      if (path === "/c") return text;
      throw new Error("ENOENT");
    };
    expect(() => translated("/c", { read, list: () => [] })).toThrow(message);
  });
});

describe("ntpd-rs's allowlist and denylist", () => {
  interface Lists {
    readonly allow: readonly string[] | null;
    readonly deny: readonly string[] | null;
  }

  const networks = fc.array(anyNetwork, { maxLength: 5 });
  const anyLists: fc.Arbitrary<Lists> = fc.record({ allow: fc.option(networks), deny: fc.option(networks) });

  function ntpdRsAnswers({ allow, deny }: Lists, address: string): boolean {
    const isIn = (list: readonly string[]): boolean =>
      list.some((network) => {
        const [host = "", length = "0"] = network.split("/");
        if (host.includes(":") !== address.includes(":")) return false;
        return bitsOf(address).startsWith(bitsOf(host).slice(0, Number(length)));
      });
    return !isIn(deny ?? []) && isIn(allow ?? ["0.0.0.0/0", "::/0"]);
  }

  const toml = ({ allow, deny }: Lists, more: string = ""): string =>
    ["0.0.0.0:123", "[::]:123"]
      .map((listen) => {
        const list = (name: string, filter: readonly string[] | null): string =>
          filter === null ? "" : `${name} = { filter = ${JSON.stringify(filter)}, action = "ignore" }\n`;
        return `[[server]]\nlisten = "${listen}"\n${list("allowlist", allow)}${list("denylist", deny)}${more}`;
      })
      .join("\n");

  it("answer whom ntpd-rs answers", () => {
    fc.assert(
      fc.property(anyLists, fc.array(anyAddress, { minLength: 8, maxLength: 8 }), (lists, all) => {
        const list = listOf("/t.toml", toml(lists));
        const named = [...(lists.allow ?? []), ...(lists.deny ?? [])].map((network) => network.split("/")[0]!);
        for (const address of [...all, ...named]) {
          expect([address, answers(list, address)]).toEqual([address, ntpdRsAnswers(lists, address)]);
          expect([address, isClosedOtherwise(list, address)]).toEqual([address, true]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("answer nobody with an empty allowlist, without a server, or where NTS is required", () => {
    for (const text of ["", toml({ allow: [], deny: null }), toml({ allow: null, deny: null }, "require-nts = true\n")])
      expect(
        ["10.0.0.1", "2001:db8::1", "127.0.0.1"].filter((address) => answers(listOf("/t.toml", text), address)),
      ).toEqual([]);
  });

  it("answer in the families that are listened in", () => {
    const list = listOf("/t.toml", '[[server]]\nlisten = "0.0.0.0:123"\n');
    expect([answers(list, "10.0.0.1"), answers(list, "2001:db8::1")]).toEqual([true, false]);
  });

  it.each<[string, string]>([
    [
      '[[server]]\nlisten = "0.0.0.0:123"\nallowlist = { filter = ["10/8"], action = "deny" }',
      '/t.toml:3:1: "10/8" of "allowlist" is no network',
    ],
    ['[[server]]\nlisten = "0.0.0.0:123"\n[server.denylist]\naction = "deny"', '/t.toml:3:1: "denylist" has no filter'],
    ['[[server]]\nlisten = "eth0"', "/t.toml:2:1: a server listens on an address and a port"],
    [
      '[[server]]\nlisten = "10.0.0.1:123"\n[[server]]\nlisten = "10.0.0.2:123"\ndenylist = { filter = ["10.0.0.0/8"], action = "ignore" }',
      "/t.toml:4:1: servers with lists of their own cannot be translated",
    ],
    [
      '[[server]]\nlisten = "10.0.0.1:123"\naccept-ntp-versions = [3]',
      "/t.toml:3:1: version 3 cannot be answered without version 4",
    ],
  ])("are refused where they cannot be said: %j", (text, message) => {
    expect(() => listOf("/t.toml", text)).toThrow(message);
  });
});
