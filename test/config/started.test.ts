/** What ntpd 4.2.8 starts with, the daemon starts with: clamped or passed over as there, and told at its place. */
import { describe, expect, it } from "vitest";
import { loadConfiguration, type LoadedConfiguration } from "../../src/config/files.ts";
import { accessOf } from "../../src/config/serving.ts";
import { UsageError } from "../../src/config/usage.ts";

function load(text: string, strict = true): LoadedConfiguration {
  return loadConfiguration("/n", strict, { exists: () => true, read: () => text });
}

/** Warnings as `column: text`. */
function warned(text: string): readonly string[] {
  const { remarks } = load(text);
  return remarks
    .filter(({ level }) => level === "warning")
    .map(({ at, text: said }) => `${at.line}:${at.column} ${said}`);
}

const MEANT: readonly (readonly [string, object, readonly string[]])[] = [
  ["tos maxdist 30", { limits: { maxdist: 30 } }, []],
  ["tos mindist 20", { limits: { mindist: 20 } }, []],
  ["tos ceiling 17", { limits: { ceiling: 16 } }, ['1:13 "ceiling 17" becomes 16: it is from 1 to 16']],
  ["tos floor -1", { limits: { floor: 0 } }, ['1:11 "floor -1" becomes 0: it is from 0 to 16']],
  ["tos orphan 0", { discovery: { orphan: null } }, ['1:12 "orphan 0" is ignored: it is from 1 to 17']],
  ["tos orphan 99", { discovery: { orphan: null } }, ['1:12 "orphan 99" becomes 17: it is from 1 to 17']],
  [
    "tos minclock 5\ntos maxclock 4",
    { limits: { minclock: 5, maxclock: 5 } },
    ["1:1 minclock 5 is above maxclock 4, which becomes 5"],
  ],
  ["tos floor 9 ceiling 3", {}, ["1:1 floor 9 is not below ceiling 3: no server is taken"]],
  ["tinker allan 1500", { tinker: { allan: 2 ** 17 } }, ['1:14 "allan 1500" becomes 17: it is from 3 to 17']],
  ["tinker panic -1", { tinker: { panic: 1000 } }, ['1:14 "panic -1" is ignored: it is from 0 to 1000000000']],
  ["tinker step -0.5", { tinker: { step: 0.128 } }, ['1:13 "step -0.5" is ignored: it is from 0 to 1000000']],
  ["tinker freq 700", { tinker: { freq: 500 } }, ['1:13 "freq 700" becomes 500: it is from -500 to 500']],
  [
    "fudge 192.0.2.11 stratum 10",
    { localClock: null },
    ['1:7 "fudge 192.0.2.11" is ignored: only the local clock, 127.127.1.x, can be fudged here'],
  ],
  ["server 127.127.1.0\nfudge 127.127.1.0 stratum 16", { localClock: null }, []],
  [
    "server 127.127.1.0\nfudge 127.127.1.0 stratum 17",
    { localClock: { stratum: 5 } },
    ['2:27 "stratum 17" is ignored: it is from 0 to 16'],
  ],
  ["server [2001:db8::1]", { associations: [{ kind: "server", name: "2001:db8::1" }] }, []],
  ["restrict [2001:db8::1] nopeer", { restrict: [{ address: "2001:db8::1", flags: ["nopeer"] }] }, []],
  ["nonvolatile 1e-7", { driftTolerance: 0.1 }, []],
  ['driftfile ""', { driftFile: null }, []],
  [
    "multicastclient 239.1.1.1 key 3",
    { multicastClient: ["239.1.1.1"] },
    [
      '1:27 "key" of "multicastclient" is ignored: it is not a multicast group',
      '1:31 "3" of "multicastclient" is ignored: it is not a multicast group',
    ],
  ],
  [
    "manycastserver 192.0.2.1",
    { manycastServer: [] },
    ['1:16 "192.0.2.1" of "manycastserver" is ignored: it is not a multicast group'],
  ],
  [
    "manycastclient 192.0.2.1 key 3",
    { associations: [] },
    ['1:16 "manycastclient 192.0.2.1" is ignored: it is not a multicast group'],
  ],
  [
    "pool 239.1.1.1",
    { associations: [] },
    ['1:6 "pool 239.1.1.1" is ignored: manycastclient searches a group for servers, broadcast sends to it'],
  ],
  ["ttl 0 32 64 96", { rings: [32, 64, 96] }, ['1:5 "ttl 0" is ignored: it is from 1 to 255']],
  [
    "ttl 3 2 300",
    { rings: [3, 255] },
    ['1:9 "ttl 300" becomes 255: it is from 1 to 255', "1:7 ring 2 is ignored: it does not lie beyond ring 3"],
  ],
  ["server a minpoll 2", { associations: [{ minpoll: 3 }] }, ['1:18 "minpoll 2" becomes 3: it is from 3 to 17']],
  ["server a maxpoll 99", { associations: [{ maxpoll: 17 }] }, ['1:18 "maxpoll 99" becomes 17: it is from 3 to 17']],
  [
    "server a minpoll 9 maxpoll 5",
    { associations: [{ minpoll: 5, maxpoll: 5 }] },
    ["1:1 minpoll 9 is above maxpoll 5, and becomes 5"],
  ],
  [
    "server a key 70000",
    { associations: [] },
    [
      '1:14 "key 70000" is out of range: it is from 1 to 65535',
      '1:1 "server a" is left out: "key 70000" is out of range: it is from 1 to 65535',
    ],
  ],
  [
    "server a version 5\nserver b",
    { associations: [{ name: "b" }] },
    [
      '1:18 "version 5" is out of range: it is from 1 to 4',
      '1:1 "server a" is left out: "version 5" is out of range: it is from 1 to 4',
    ],
  ],
  [
    "broadcast 192.0.2.255 ttl 0",
    { associations: [{ ttl: 1 }] },
    [
      '1:27 "ttl 0" becomes 1: it is from 1 to 255',
      '1:1 "ttl 1" is 1 hop here; ntpd 4.2.8 reads it as a place in its list of ttl',
    ],
  ],
  ["broadcastdelay 5", { broadcastDelay: 1 }, ['1:16 "broadcastdelay 5" becomes 1: it is from -1 to 1']],
  ["controlkey 70000", { controlKey: null }, ['1:12 "controlkey 70000" is ignored: it is from 1 to 65535']],
  [
    "trustedkey 1 0 (9 ... 3) 70000000000 7",
    { trusted: [{ first: 1 }, { first: 7 }] },
    [
      '1:14 "0" is not a key identifier (1 to 65535) nor a range of them, as (1 ... 19): it is ignored',
      "1:16 the range (9 ... 3) runs backwards: it is ignored",
      '1:26 "70000000000" is not a key identifier (1 to 65535) nor a range of them, as (1 ... 19): it is ignored',
    ],
  ],
  ["discard average 40", { discard: { average: 16 } }, ['1:17 "average 40" becomes 16: it is from 0 to 16']],
  [
    "leapsmearinterval 100000",
    { smear: 86_400 },
    ['1:19 "leapsmearinterval 100000" becomes 86400: it is from 0 to 86400'],
  ],
  [
    "filegen loopstats link nolink",
    { statistics: { kinds: { loopstats: { link: false } } } },
    ['1:1 "link" and "nolink" exclude each other: the last one counts'],
  ],
  [
    "interface listen 192.0.2.0/99",
    { interfaces: [] },
    ['1:18 "192.0.2.0/99" is ignored: it is not a network, such as 192.0.2.0/24'],
  ],
  [
    "server 127.127.20.0 mode 80 prefer\nserver a",
    { associations: [{ name: "a" }], localClock: null },
    [
      '1:8 "server 127.127.20.0" is ignored: it is a reference clock of type 20; only "server 127.127.1.0", the local clock, can be used here',
    ],
  ],
  [
    "peer 127.127.1.0",
    { associations: [], localClock: null },
    [
      '1:6 "peer 127.127.1.0" is ignored: the local clock is no peer of others; only "server 127.127.1.0", the local clock, can be used here',
    ],
  ],
  [
    'phone "ATDT1" "ATDT2"',
    {},
    ['1:1 "phone" is left out: reference clocks are not used here, but for the local clock as "server 127.127.1.0"'],
  ],
  [
    "server -4 ::1\nserver b",
    { associations: [{ name: "b" }] },
    ['1:11 "-4 ::1" is left out: it is not an IPv4 address'],
  ],
  ["restrict -6 192.0.2.1 ignore", { restrict: [] }, ['1:13 "-6 192.0.2.1" is left out: it is not an IPv6 address']],
  [
    "restrict 10.0.0.0 mask ffff:: ignore",
    { restrict: [] },
    ['1:10 "restrict 10.0.0.0" is ignored: netmask ffff:: is of the other family'],
  ],
  [
    "restrict 10.0.0.0 mask 255.255.255.255.0 ignore",
    { restrict: [] },
    ['1:10 "restrict 10.0.0.0" is ignored: "255.255.255.255.0" is not a netmask'],
  ],
  [
    "restrict 10.0.0.0/8 mask 255.0.0.0",
    { restrict: [] },
    ['1:10 "restrict 10.0.0.0/8" is ignored: that is not a network, such as 192.0.2.0/24, without a mask beside it'],
  ],
  ["restrict [2001:db8::] mask [ffff:ffff::]", { restrict: [{ address: "2001:db8::", mask: "ffff:ffff::" }] }, []],
  [
    "restrict default mask 0.0.0.0 nomodify",
    { restrict: [{ address: "default", family: 4, mask: null, flags: ["nomodify"] }] },
    ['1:1 "mask 0.0.0.0" is left out: "default" has it of itself'],
  ],
  ["broadcast 192.0.2.255 iburst prefer noselect", { associations: [{ kind: "broadcast", name: "192.0.2.255" }] }, []],
  [
    "manycastserver -6 ff05::101 -4 239.1.1.1\nmulticastclient -4 224.0.1.1",
    { manycastServer: ["ff05::101", "239.1.1.1"], multicastClient: ["224.0.1.1"] },
    [],
  ],
  ["server a\nunpeer -4 a\nserver b\nunconfig b", { associations: [] }, []],
  ["unpeer 1234", { associations: [] }, ['1:1 "unpeer 1234" has no effect: no line before it names that']],
  ["tos minclock 2.5 maxclock 4.5", { limits: { minclock: 2, maxclock: 4 } }, []],
  ["server 127.127.1.0\nfudge 127.127.1.0 minjitter 3 stratum 7", { localClock: { stratum: 7 } }, []],
  ["server 127.127.1.0\nfudge -4 127.127.1.0 stratum 7", { localClock: { stratum: 7 } }, []],
  [
    "driftfile /d\ndriftfile",
    { driftFile: null },
    ['2:1 "driftfile" is given again: this line counts, and not line 1'],
  ],
  ["setvar 5$ = x", { variables: [{ name: "5$", value: "x" }] }, []],
  [
    "interface listen 224.0.1.1",
    { interfaces: [] },
    ['1:18 "224.0.1.1" is ignored: it is a group, not an address of an interface'],
  ],
];

describe("what ntpd 4.2.8 starts with", () => {
  it.each(MEANT)("%j", (text, configured, said) => {
    expect(load(text).configuration).toMatchObject(configured);
    expect(warned(text)).toEqual(said);
  });

  it.each(MEANT)("does not end a one-shot either: %j", (text) => {
    expect(() => load(text, false)).not.toThrow();
  });

  it("restricts the addresses of a name by a mask of their family", () => {
    const { configuration } = load("restrict ntp.example.net mask 255.255.255.0 noquery");
    const named = new Map([["ntp.example.net", ["192.0.2.7", "2001:db8::7"]]]);
    expect(accessOf(configuration.restrict, named)).toMatchObject([
      { address: "192.0.2.7", mask: "255.255.255.0", flags: ["noquery"] },
      { address: "2001:db8::7", mask: 128, flags: ["noquery"] },
    ]);
  });

  it("begins a comment behind a word, too, but not in quotes", () => {
    const { configuration } = load(
      'driftfile /d/drift#path\nserver a iburst#comment\nserver b#\nkeys "/k#1" # x\ntos maxclock 5#6\nsetvar a = b#c\n',
    );
    expect(configuration).toMatchObject({
      driftFile: "/d/drift",
      associations: [{ name: "a", iburst: true }, { name: "b" }],
      keys: { path: "/k#1" },
      limits: { maxclock: 5 },
      variables: [{ name: "a", value: "b" }],
    });
  });

  it.each([
    "tos maxdist far",
    "server a minpoll 1.5",
    "tos orphan 5.5",
    "enable foo",
    "restrict default mask 255.0.0.0 ignore",
    "frobnicate",
    "server a iburts",
    "broadcastdelay x",
    "trustedkey x",
  ])("is not what it does not understand: %j", (text) => {
    expect(() => load(text)).toThrow(UsageError);
  });
});
