/** No option without effect: what each one changes for the daemon, or what is said of it where it changes nothing. */
import { describe, expect, it } from "vitest";
import { daemonConfig, type DaemonFacts, type DaemonOptions } from "../../src/config/daemon.ts";
import { loadConfiguration, type LoadedConfiguration } from "../../src/config/files.ts";
import { COMMANDS, type CommandSyntax, type OptionSyntax, type Takes } from "../../src/config/ntpconf/commands.ts";
import { AccessList } from "../../src/server/access.ts";

const OPTIONS: DaemonOptions = { noClock: false, discipline: "adaptive", anyFirst: false, port: 123 };
const FACTS: DaemonFacts = {
  precision: -20,
  ownReferenceIds: [1],
  interfaces: { eth0: ["192.0.2.7", "2001:db8::7"] },
  frequency: null,
  smear: null,
  kernelLoop: true,
};

function load(text: string): LoadedConfiguration {
  return loadConfiguration("/c", true, { exists: () => true, read: (path) => (path === "/c" ? text : "") });
}

/** Everything that the daemon goes by: what its engine is told, and what the files round it are. */
function goesBy(text: string): string {
  const { configuration } = load(text);
  const engine = daemonConfig(configuration, OPTIONS, FACTS);
  const { access: rules, ...serving } = engine.serving!;
  const access = new AccessList(rules);
  const {
    keys,
    trusted,
    controlKey,
    variables,
    driftFile,
    driftForm,
    driftTolerance,
    leapFile,
    smear,
    nts: { at: _at, ...nts },
    crypto,
    keysFolder,
    logFile,
    pidFile,
    statistics,
    switches,
    restrict,
  } = configuration;
  const written = switches.stats
    ? Object.entries(statistics.kinds).filter(([, { asked, enabled }]) => asked && enabled)
    : [];
  const names = restrict.filter(
    ({ address }) => /[g-z]/.test(address) && !["default", "source", "localhost"].includes(address),
  );
  const rest = {
    keys: keys?.path,
    trusted,
    controlKey,
    variables,
    driftFile,
    driftForm,
    driftTolerance,
    leapFile: leapFile && { path: leapFile.path, checkHash: leapFile.checkHash },
    smear,
    nts,
    crypto: crypto && { ...crypto, at: null },
    keysFolder,
    logFile,
    pidFile,
    written,
    folder: statistics.folder,
    names: names.map(({ address, flags }) => [address, flags]),
  };
  return JSON.stringify(
    { engine: { ...engine, serving }, entries: access.entries(), template: access.sourceTemplate, rest },
    (_, value: unknown) => (value === Infinity ? "inf" : value),
  );
}

/** A word that is not what counts anyway. */
function other(takes: Takes, standard: OptionSyntax["standard"]): string {
  switch (takes.takes) {
    case "integer":
      return `${[5, 3, 1, takes.least, takes.most].find((value) => value !== standard && value >= takes.least && value <= takes.most)}`;
    case "seconds":
    case "number":
      return `${[0.25, 7, takes.least, takes.most].find((value) => value !== standard && value >= takes.least && value <= takes.most)}`;
    case "choice":
      return takes.choices.find((word) => word !== standard)!;
    case "host":
    case "peer":
      return "192.0.2.9";
    case "group":
      return "239.1.1.9";
    case "clock":
      return "127.127.1.0";
    case "nothing":
    case "word":
      return "/word";
  }
}

/** Lines before, by which an option can have an effect; `LINE` stands for the line itself. */
const SETTING: Readonly<Record<string, string>> = {
  tos: "tos orphan 6\nLINE",
  nts: "nts cert /a key /b\nLINE",
  tinker: "server 192.0.2.1\nLINE",
  enable: "server 192.0.2.1\nLINE",
  disable: "server 192.0.2.1\nstatistics loopstats\nLINE",
  fudge: "server 127.127.1.0\nLINE",
  filegen: "statistics loopstats peerstats rawstats clockstats sysstats\nLINE",
  statsdir: "statistics loopstats\nLINE",
  ttl: "manycastclient 239.1.1.1\nLINE",
  calldelay: "server 192.0.2.1\nLINE",
  unpeer: "server 192.0.2.9\nLINE",
  unconfig: "server 192.0.2.9\nLINE",
  unrestrict:
    "restrict default ignore kod limited noepeer nomodify nopeer noquery noserve notrap notrust ntpport version\nLINE",
};

/** Operands where those of the table would not do. */
const OPERANDS: Readonly<Record<string, string>> = {
  trustedkey: "1",
  driftfile: "/word",
  restrict: "192.0.2.0",
  unrestrict: "default",
  setvar: "a = b",
  interface: "ignore all",
  nic: "ignore all",
  manycastclient: "239.1.1.9",
};

/** Options that are the default: to say them changes nothing, to say the opposite does. And a mask alone takes nothing away. */
const DEFAULTS = new Set([
  "unrestrict mask",
  "enable auth",
  "enable kernel",
  "enable monitor",
  "enable ntp",
  "enable stats",
  "disable bclient",
  "nts disable",
  "filegen link",
  "filegen enable",
]);

const used = Object.entries(COMMANDS).filter(([, { daemon }]) => daemon.does === "uses");

function lineOf(name: string, syntax: CommandSyntax): string {
  return `${name} ${
    OPERANDS[name] ??
    syntax.operands
      .filter(({ needed }) => needed)
      .map((operand) => other(operand, null))
      .join(" ")
  }`.trim();
}

function within(name: string, line: string): string {
  return (SETTING[name] ?? "LINE").replace("LINE", line);
}

describe("every command and option", () => {
  it.each(used)("%s has an effect, or it is said that it has none", (name, syntax) => {
    const plain = lineOf(name, syntax);
    const told = (text: string): readonly string[] => load(text).remarks.map((remark) => remark.text);
    if (name !== "includefile" && !syntax.needsOption) {
      const nothing = within(name, "");
      if (syntax.idle !== null) expect(told(plain)).toContain(`"${name}" has no effect here: ${syntax.idle}`);
      else if (name !== "fudge" && name !== "filegen")
        expect(goesBy(within(name, plain)), plain).not.toBe(goesBy(nothing));
    }
    for (const [option, takes] of Object.entries(syntax.options)) {
      if (DEFAULTS.has(`${name} ${option}`)) continue;
      const value = takes.takes === "nothing" ? "" : option === "mask" ? "255.255.255.0" : other(takes, takes.standard);
      const text = within(name, `${plain} ${option} ${value}`);
      const remarks = told(text).filter((remark) => remark.includes(`"${option}"`) || remark.includes("left out"));
      const without = within(name, syntax.needsOption ? "" : plain);
      if (remarks.length === 0) expect(goesBy(text), text).not.toBe(goesBy(without));
    }
  });
});
