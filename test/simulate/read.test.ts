/** A world's file: what it comes to, and what is said of one that is wrong, at file:line:column. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/config/usage.ts";
import type { WorldPlan } from "../../src/simulate/plan.ts";
import { readWorld } from "../../src/simulate/read.ts";
import { budget } from "../support/budget.ts";

const read = (text: string, files: Readonly<Record<string, string>> = {}): WorldPlan =>
  readWorld(text, "w.toml", (path) => {
    if (files[path] === undefined) throw new Error("no such file");
    return files[path];
  });

function faultOf(text: string, files: Readonly<Record<string, string>> = {}): string {
  try {
    read(text, files);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "none";
}

const GPS = '[[source]]\nname = "gps"\n';
const CLIENT = '[[host]]\nname = "client"\ndirectives = ["server gps iburst"]\n';

describe("a world's file", () => {
  it("comes to a plan, with every default filled in", () => {
    expect(read(GPS + CLIENT)).toMatchObject({
      title: null,
      duration: 86_400,
      seed: "1",
      beginning: "2026-11-21T00:00:00Z",
      sources: [{ name: "gps", stratum: 1, lie: 0, addresses: ["10.1.0.1"] }],
      hosts: [
        {
          name: "client",
          addresses: ["10.1.0.2"],
          discipline: "adaptive",
          config: { associations: [{ name: "gps", iburst: true, minpoll: 6 }], clock: { kind: "loop", of: "machine" } },
        },
      ],
      events: [],
    });
  });

  it("reads figures as they are written elsewhere, and ranges", () => {
    const plan = read(
      `seed = 7\nduration = "90m"\n[network]\ndelay = ["1ms", 0.002]\nloss = "2.5%"\n${GPS}drift = "3ppb"\nclock-error = "-2s"\n${CLIENT}drift = [-1.5, "2ppm"]\ncount = 2`,
    );
    expect(plan).toMatchObject({ seed: "7", duration: 5400 });
    expect(plan.sources[0]).toMatchObject({
      link: { delay: { low: 0.001, high: 0.002 }, loss: 0.025 },
      clockError: { low: -2, high: -2 },
    });
    expect(plan.sources[0]!.drift.low).toBeCloseTo(3e-9, 15);
    expect(plan.hosts.map(({ name }) => name)).toEqual(["client1", "client2"]);
    expect(plan.hosts[1]!.drift.low).toBeCloseTo(-1.5e-6, 12);
  });

  it("has a host's ntp.conf as text, as a list, or in a file", () => {
    const lines = "server gps iburst\ntos maxclock 5\n";
    for (const own of [
      `config = """\n${lines}"""`,
      'directives = ["server gps iburst", "tos maxclock 5"]',
      'file = "host.conf"',
    ]) {
      const { hosts } = read(`${GPS}[[host]]\nname = "a"\n${own}`, { "host.conf": lines });
      expect(hosts[0]!.config).toMatchObject({ associations: [{ name: "gps" }], limits: { maxclock: 5 } });
    }
  });
});

describe("a world that is wrong", () => {
  it.each([
    ["no TOML", `${GPS}name`, /^w\.toml:3:\d+: no TOML/],
    ["a key that there is not", `${GPS}${CLIENT}oscilator = 3\n`, /^w\.toml:6:1: \[\[host\]\] has no "oscilator"/],
    ["a key at the top that there is not", `durations = 3\n${GPS}`, /^w\.toml:1:1: the world has no "durations"/],
    ["a negative delay", `[network]\ndelay = "-1ms"\n${GPS}${CLIENT}`, /^w\.toml:2:1: delay: -1ms is too short/],
    [
      "a delay that is no duration",
      `[network]\n  delay = "fast"\n${GPS}`,
      /^w\.toml:2:3: delay: "fast" is not a duration/,
    ],
    [
      "an asymmetry beyond the delay",
      `[network]\ndelay = "1ms"\nasymmetry = "3ms"\n${GPS}${CLIENT}`,
      /^w\.toml:3:1: asymmetry: one way would take less than nothing/,
    ],
    ["a loss beyond all", `[network]\nloss = 1.5\n${GPS}`, /^w\.toml:2:1: loss: 1\.5 is out of range/],
    ["nobody at all", "", /^w\.toml:1:1: there is no \[\[host\]\] in it/],
    ["nobody but sources", GPS, /^w\.toml:1:1: there is no \[\[host\]\] in it/],
    ["two of one name", `${GPS}${GPS}${CLIENT}`, /^w\.toml:4:1: there is a gps already/],
    ["no name", `${GPS}[[host]]\ndirectives = ["server gps"]\n`, /^w\.toml:4:1: \[\[host\]\] needs name/],
    ["no configuration", `${GPS}[[host]]\nname = "a"\n`, /^w\.toml:4:1: \[\[host\]\] needs one of config/],
    [
      "a server that there is not",
      `${GPS}${CLIENT.replace("gps", "gsp")}`,
      /^w\.toml:5:\d+: nobody in this world is named "gsp"/,
    ],
    [
      "a server under NTS, which no source speaks",
      `${GPS}[[host]]\nname = "a"\ndirectives = ["server gps nts iburst"]\n`,
      /^w\.toml:5:\d+: nobody in this world establishes keys for NTS with "gps"/,
    ],
    [
      "a mistake in a list of directives",
      `${GPS}[[host]]\nname = "a"\ndirectives = [\n  "server gps iburst",\n  "server gps ibrust",\n]\n`,
      /^w\.toml:7:15: unknown option "ibrust"/,
    ],
    [
      "a mistake in a text",
      `${GPS}[[host]]\nname = "a"\nconfig = """\nserver gps\nserver gps minpoll x\n"""\n`,
      /^w\.toml:7:20: .*"minpoll x"/,
    ],
    ["a mistake in another file", `${GPS}[[host]]\nname = "a"\nfile = "x"\n`, /^x:1:1: unknown command "sever"/],
    [
      "a file that there is not",
      `${GPS}[[host]]\nname = "a"\nfile = "y"\n`,
      /^w\.toml:5:1: file: cannot read "y": no such file/,
    ],
    [
      "nobody who has the time",
      '[[host]]\nname = "a"\ndirectives = ["tos maxclock 3"]\n',
      /^w\.toml:2:1: a can have the time from nobody/,
    ],
    [
      "a circle",
      `${GPS}${CLIENT}[[host]]\nname = "a"\ndirectives = ["server b"]\n[[host]]\nname = "b"\ndirectives = ["server a"]\n`,
      /^w\.toml:7:1: a can have the time from nobody: a, b follow only each other/,
    ],
    [
      "an event that there is not",
      `${GPS}${CLIENT}[[event]]\nat = 1\nwhat = "jump"\n`,
      /^w\.toml:8:1: what: there is no event "jump"/,
    ],
    [
      "an event after the end",
      `duration = 60\n${GPS}${CLIENT}[[event]]\nat = 61\nwhat = "step"\n`,
      /^w\.toml:8:1: at: the world ends before/,
    ],
    [
      "an event to nobody",
      `${GPS}${CLIENT}[[event]]\nat = 1\nwhat = "step"\nwho = "x"\nby = 1\n`,
      /^w\.toml:9:1: there is no host or source "x"/,
    ],
    [
      "a source that is to sleep",
      `${GPS}${CLIENT}[[event]]\nat = 1\nwhat = "sleep"\nwho = "gps"\nfor = 9\n`,
      /^w\.toml:9:1: who: gps cannot sleep/,
    ],
    [
      "a leap second by day",
      `${GPS}${CLIENT}[[event]]\nat = "1h"\nwhat = "leap"\n`,
      /^w\.toml:7:1: at: a leap second comes at the end of a day/,
    ],
    ["a range the wrong way round", `${GPS}drift = [2, 1]\n`, /^w\.toml:3:1: drift: a range is two figures/],
    [
      "an address twice",
      `${GPS}address = "10.0.0.1"\n${CLIENT}address = "10.0.0.1"\n`,
      /^w\.toml:7:1: address: 10\.0\.0\.1 is taken/,
    ],
    ["too many hosts", `${GPS}count = 1001\n`, /^w\.toml:3:1: count: 1001 is out of range/],
  ])("has %s, and is refused where that stands", (_, text, message) => {
    expect(faultOf(text, { x: "sever gps\n" })).toMatch(message);
  });

  it("is a plan or a fault with a place, whatever it is", () => {
    const folder = fileURLToPath(new URL("../../man/examples/worlds/", import.meta.url));
    const worlds = readdirSync(folder).map((file) => readFileSync(`${folder}${file}`, "utf8"));
    const cut = fc.tuple(fc.constantFrom(...worlds), fc.nat(), fc.nat({ max: 12 }), fc.string({ maxLength: 6 }));
    fc.assert(
      fc.property(cut, ([world, at, length, more]) => {
        const from = at % world.length;
        const fault = faultOf(world.slice(0, from) + more + world.slice(from + length));
        expect(fault).toMatch(/^(none$|w\.toml:\d+:\d+: )/);
      }),
      budget(0.02),
    );
  });
});
