/** A world's file, TOML, → its plan; every fault at file:line:column, those of ntp.conf within it, too. */
import { daemonConfig } from "../config/daemon.ts";
import { parseToml } from "../config/translate/toml.ts";
import { foldStatements, type Configuration } from "../config/ntpconf/configuration.ts";
import { parseNtpConf } from "../config/ntpconf/parse.ts";
import { UsageError, type Place } from "../config/usage.ts";
import { DEFAULT_DISCIPLINE, DISCIPLINES, type DisciplineName } from "../discipline/disciplines.ts";
import { systemReason } from "../security/place.ts";
import { addressOctets, isMulticast } from "../wire/address.ts";
import { refidOfAddress } from "../wire/refid.ts";
import { literalFamily } from "../config/literal.ts";
import { duration, Fields, flag, ranged, rate, share, text, texts, whole } from "./fields.ts";
import { md5 } from "../security/md5.ts";
import type {
  PlannedEvent,
  PlannedHost,
  PlannedLink,
  PlannedPair,
  PlannedSource,
  PlannedStation,
  Range,
  WorldPlan,
} from "./plan.ts";

/** Reads a file that a world names; throws what the system says. */
export type ReadFile = (path: string, from: string) => string;

/** A way through a quiet LAN. */
const CABLE: PlannedLink = {
  delay: exactly(0.0001),
  jitter: 0.000_02,
  asymmetry: exactly(0),
  loss: 0,
  duplication: 0,
};
/** How large a world may be: what is longer is a slip of the pen. */
const LONGEST = 366 * 86_400;
const MOST_STATIONS = 1000;
const DAY = 86_400;
/** log₂ seconds, as clocks of hosts have it. */
const PRECISION = -24;

/**
 * Reads a world.
 * @param file its name, for messages
 * @throws UsageError
 */
export function readWorld(source: string, file: string, readFile: ReadFile): WorldPlan {
  const top = new Fields(parseToml(source, file), "the world", { file, line: 1, column: 1 });
  return new WorldReader(top, source, file, readFile).read();
}

/** Everything that is about one file. */
class WorldReader {
  readonly #top: Fields;
  readonly #lines: readonly string[];
  readonly #file: string;
  readonly #readFile: ReadFile;
  /** Where each station is named. */
  readonly #stations: Map<string, Place> = new Map();
  readonly #addresses: Set<string> = new Set();
  #next = 0;

  constructor(top: Fields, source: string, file: string, readFile: ReadFile) {
    this.#top = top;
    this.#lines = source.split(/\r?\n/);
    this.#file = file;
    this.#readFile = readFile;
  }

  read(): WorldPlan {
    const top = this.#top;
    const title = top.read<string | null>("title", text, null);
    const length = top.read("duration", duration({ least: 1, most: LONGEST }), DAY);
    const seed = top.read("seed", (value, name) => (typeof value === "number" ? `${value}` : text(value, name)), "1");
    const beginning = top.read("beginning", instantText, "2026-11-21T00:00:00Z");
    const network = this.#link(top.table("network"), CABLE);
    const [sourceTables, hostTables] = [top.tables("source"), top.tables("host")];
    const sources = sourceTables.flatMap((table) => this.#sources(table, network));
    const drafts = hostTables.flatMap((table) => this.#hosts(table, network));
    const hosts = drafts.map(({ host }) => host);
    const names = this.#names(top.table("names"));
    const pairs = top.tables("link").map((table) => this.#pair(table));
    const events = top.tables("event").map((table) => this.#event(table, sources, hosts, { beginning, length }));
    top.done();
    if (hosts.length === 0)
      throw new UsageError(
        "there is no [[host]] in it, and so nobody whose clock it is about",
        null,
        top.placeOf("host"),
      );
    this.#check(drafts, sources, names);
    return { title, duration: length, seed, beginning, sources, hosts, pairs, names, events };
  }

  #link(table: Fields | null, standard: PlannedLink): PlannedLink {
    if (table === null) return standard;
    const link = {
      delay: table.read("delay", ranged(duration({ most: 10 })), standard.delay),
      jitter: table.read("jitter", duration({ most: 10 }), standard.jitter),
      asymmetry: table.read("asymmetry", ranged(duration({ least: -10, most: 10 })), standard.asymmetry),
      loss: table.read("loss", share, standard.loss),
      duplication: table.read("duplication", share, standard.duplication),
    };
    const widest = Math.max(Math.abs(link.asymmetry.low), Math.abs(link.asymmetry.high));
    if (widest / 2 > link.delay.low)
      throw new UsageError(
        "asymmetry: one way would take less than nothing",
        "it is at most twice the delay",
        table.placeOf("asymmetry"),
      );
    table.done();
    return link;
  }

  /** What is named once or, by `count`, several times with a number behind the name. */
  #stationsOf(table: Fields, network: PlannedLink): readonly PlannedStation[] {
    const name = table.needed("name", text);
    if (!/^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(name))
      throw new UsageError(`name: "${name}" is no host name`, null, table.placeOf("name"));
    const count = table.read<number | null>("count", whole(1, MOST_STATIONS), null);
    const given = table.read<readonly string[]>("address", texts, []);
    if (count !== null && count > 1 && given.length > 0)
      throw new UsageError("address: several hosts cannot have one", "leave it out", table.placeOf("address"));
    const shared = {
      clockError: table.read("clock-error", ranged(duration({ least: -1e9, most: 1e9 })), exactly(0)),
      drift: table.read("drift", ranged(rate), exactly(0)),
      link: this.#link(table.table("link"), network),
    };
    return Array.from({ length: count ?? 1 }, (_, index): PlannedStation => {
      const own = count === null ? name : `${name}${index + 1}`;
      this.#take(this.#stations, own, table.placeOf("name"));
      if (this.#stations.size > MOST_STATIONS)
        throw new UsageError(`there are more than ${MOST_STATIONS} hosts`, null, table.placeOf("name"));
      return { name: own, addresses: this.#addressesOf(given, table), ...shared };
    });
  }

  #take(taken: Map<string, Place>, name: string, at: Place): void {
    const before = taken.get(name);
    if (before !== undefined)
      throw new UsageError(`there is a ${name} already`, `it stands in line ${before.line}`, at);
    taken.set(name, at);
  }

  #addressesOf(given: readonly string[], table: Fields): readonly string[] {
    const at = table.placeOf("address");
    for (const address of given) {
      if (addressOctets(address) === null || isMulticast(address))
        throw new UsageError(`address: "${address}" is no address of a host`, null, at);
      if (this.#addresses.has(address)) throw new UsageError(`address: ${address} is taken`, null, at);
      this.#addresses.add(address);
    }
    return given.length > 0 ? given : [this.#free()];
  }

  #free(): string {
    for (;;) {
      this.#next += 1;
      const address = `10.1.${this.#next >> 8}.${this.#next & 255}`;
      if (this.#addresses.has(address)) continue;
      this.#addresses.add(address);
      return address;
    }
  }

  #sources(table: Fields, network: PlannedLink): readonly PlannedSource[] {
    const more = {
      stratum: table.read("stratum", whole(1, 15), 1),
      rootDelay: table.read("root-delay", duration({ most: 10 }), 0),
      rootDispersion: table.read("root-dispersion", duration({ most: 10 }), 0.0005),
      lie: table.read("lies", duration({ least: -1e9, most: 1e9 }), 0),
    };
    const stations = this.#stationsOf(table, network);
    table.done();
    return stations.map((station) => ({ ...station, ...more }));
  }

  #hosts(table: Fields, network: PlannedLink): readonly DraftHost[] {
    const written = this.#written(table);
    const { keys, discipline, anyFirst, wander, temperature } = {
      keys: table.read<string | null>("keys", text, null),
      discipline: table.read<DisciplineName>("discipline", disciplineOf, DEFAULT_DISCIPLINE),
      anyFirst: table.read("any-offset", flag, false),
      wander: Math.abs(table.read("wander", rate, 0)),
      temperature: this.#temperature(table.table("temperature")),
    };
    const stations = this.#stationsOf(table, network);
    table.done();
    return stations.map((station): DraftHost => {
      const ownReferenceIds = station.addresses.map((ip) => refidOfAddress(ip, md5) ?? 0);
      const config = daemonConfig(
        written.configuration,
        { noClock: false, discipline, anyFirst, port: 123 },
        {
          precision: PRECISION,
          ownReferenceIds,
          interfaces: { eth0: station.addresses },
          frequency: null,
          smear: null,
        },
      );
      return {
        host: { ...station, config, discipline, keys, wander, temperature },
        configuration: written.configuration,
        placed: written.placed,
      };
    });
  }

  #temperature(table: Fields | null): PlannedHost["temperature"] {
    if (table === null) return null;
    const amplitude = Math.abs(table.needed("amplitude", rate));
    const period = table.read("period", duration({ least: 60, most: LONGEST }), DAY);
    table.done();
    return { amplitude, period };
  }

  /** The host's ntp.conf, wherever it stands. */
  #written(table: Fields): Written {
    const inline = table.read<string | null>("config", text, null);
    const list = table.read<readonly string[] | null>("directives", texts, null);
    const named = table.read<string | null>("file", text, null);
    if ([inline, list, named].filter((one) => one !== null).length !== 1)
      throw new UsageError(
        "[[host]] needs one of config, directives and file",
        'e.g. directives = ["server ntp1 iburst"]',
        table.placeOf("name"),
      );
    if (named !== null) return this.#fromFile(named, table.placeOf("file"));
    const key = inline === null ? "directives" : "config";
    const from = table.placeOf(key);
    const own = inline ?? list!.join("\n");
    return this.#parsed(own, this.#file, (place) => this.#placeWithin(own, from, place));
  }

  #fromFile(path: string, at: Place): Written {
    let own: string;
    try {
      own = this.#readFile(path, this.#file);
    } catch (error) {
      throw new UsageError(`file: cannot read "${path}": ${systemReason(error)}`, null, at);
    }
    return this.#parsed(own, path, (place) => place);
  }

  #parsed(own: string, file: string, placed: (place: Place) => Place): Written {
    try {
      const { statements } = parseNtpConf(own, file, {
        strict: true,
        include: () => {
          throw new Error("a simulated host has no other files");
        },
      });
      return { configuration: foldStatements(statements, true), placed };
    } catch (error) {
      if (!(error instanceof UsageError) || error.place === null) throw error;
      // The message begins with the place that it had.
      const message = error.message.replace(/^.*?:\d+:\d+: /, "");
      throw new UsageError(message, error.hint, placed(error.place));
    }
  }

  /** A place within the lines of a host's ntp.conf, as one of the world's file: the first such line from the key on. */
  #placeWithin(own: string, from: Place, { line, column }: Place): Place {
    const lines = own.split("\n");
    const sought = lines[line - 1] ?? "";
    // Lines that are alike are told apart by how many came before.
    let left = lines.slice(0, line - 1).filter((one) => one === sought).length;
    for (let index = from.line - 1; index < this.#lines.length; index += 1) {
      const at = this.#lines[index]!.indexOf(sought);
      if (at < 0 || left-- > 0) continue;
      return { file: this.#file, line: index + 1, column: at + column };
    }
    return from;
  }

  #names(table: Fields | null): ReadonlyMap<string, readonly string[]> {
    const names = new Map<string, readonly string[]>();
    for (const name of table?.keys() ?? []) {
      const stations = table!.needed(name, texts);
      this.#take(this.#stations, name, table!.placeOf(name));
      names.set(name, this.#known(stations, table!.placeOf(name)));
    }
    return names;
  }

  /** Stations by their names. @throws UsageError for one that there is not */
  #known(names: readonly string[], at: Place): readonly string[] {
    const strange = names.find((name) => !this.#stations.has(name));
    if (strange !== undefined)
      throw new UsageError(
        `there is no host or source "${strange}"`,
        `there is ${[...this.#stations.keys()].join(", ")}`,
        at,
      );
    return names;
  }

  #pair(table: Fields): PlannedPair {
    const between = this.#known(table.needed("between", texts), table.placeOf("between"));
    const [one, other] = between;
    if (between.length !== 2 || one === other)
      throw new UsageError("between: a link is between two", null, table.placeOf("between"));
    const nothing = { ...CABLE, delay: exactly(0), jitter: 0 };
    const link = this.#link(table, nothing);
    return { between: [one!, other!], link };
  }

  #event(
    table: Fields,
    sources: readonly PlannedSource[],
    hosts: readonly PlannedHost[],
    { beginning, length }: { readonly beginning: string; readonly length: number },
  ): PlannedEvent {
    const at = table.needed("at", duration({ most: LONGEST }));
    if (at > length) throw new UsageError(`at: the world ends before, after ${length} s`, null, table.placeOf("at"));
    const what = table.needed("what", text);
    const allowed = EVENTS.get(what);
    if (allowed === undefined)
      throw new UsageError(
        `what: there is no event "${what}"`,
        `there is ${[...EVENTS.keys()].join(", ")}`,
        table.placeOf("what"),
      );
    const who = allowed === "nobody" ? [] : this.#known(table.needed("who", texts), table.placeOf("who"));
    const have = new Set((allowed === "hosts" ? hosts : allowed === "sources" ? sources : []).map(({ name }) => name));
    const wrong = allowed === "all" ? undefined : who.find((name) => !have.has(name));
    if (wrong !== undefined)
      throw new UsageError(`who: ${wrong} cannot ${what}`, `only ${allowed} can`, table.placeOf("who"));
    const event = { at, ...eventOf(what, who, table, { at, beginning }) } as PlannedEvent;
    table.done();
    return event;
  }

  /** Whoever is named exists, and everybody can have the time from somebody. */
  #check(
    drafts: readonly DraftHost[],
    sources: readonly PlannedSource[],
    names: ReadonlyMap<string, readonly string[]>,
  ): void {
    const known = (name: string): boolean => this.#stations.has(name) || literalFamily(name) !== 0;
    for (const { configuration, placed } of drafts)
      for (const { name, at, kind, nts } of configuration.associations) {
        if (kind !== "broadcast" && kind !== "manycast" && !known(name))
          throw new UsageError(`nobody in this world is named "${name}"`, null, placed(at));
        if (nts) throw new UsageError(`nobody in this world establishes keys for NTS with "${name}"`, null, placed(at));
      }
    const within = new Followers(drafts, sources, names);
    for (const { host } of drafts) {
      const way = within.wayFrom(host.name);
      if (way !== null)
        throw new UsageError(
          `${host.name} can have the time from nobody: ${way}`,
          "let one of them follow a [[source]], or trust its own clock (server 127.127.1.0)",
          this.#stations.get(host.name),
        );
    }
  }
}

/** An ntp.conf, and where its places are. */
interface Written {
  readonly configuration: Configuration;
  readonly placed: (place: Place) => Place;
}

interface DraftHost extends Written {
  readonly host: PlannedHost;
}

/** Who is configured to follow whom. */
class Followers {
  readonly #drafts: ReadonlyMap<string, DraftHost>;
  readonly #sources: ReadonlySet<string>;
  readonly #byAddress: ReadonlyMap<string, string>;
  readonly #names: ReadonlyMap<string, readonly string[]>;

  constructor(
    drafts: readonly DraftHost[],
    sources: readonly PlannedSource[],
    names: ReadonlyMap<string, readonly string[]>,
  ) {
    this.#drafts = new Map(drafts.map((draft) => [draft.host.name, draft]));
    this.#sources = new Set(sources.map(({ name }) => name));
    const stations = [...drafts.map(({ host }) => host), ...sources];
    this.#byAddress = new Map(stations.flatMap(({ name, addresses }) => addresses.map((ip) => [ip, name] as const)));
    this.#names = names;
  }

  /** Why a host cannot come to the time; `null`: it can, or may find somebody. */
  wayFrom(host: string): string | null {
    const seen = new Set<string>();
    const open = [host];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (seen.has(name)) continue;
      seen.add(name);
      const draft = this.#drafts.get(name);
      if (draft === undefined ? this.#sources.has(name) : hasTimeOrFinds(draft.configuration)) return null;
      open.push(...(draft === undefined ? [] : this.#followed(draft)));
    }
    return seen.size === 1 ? "it is to follow nobody" : `${[...seen].join(", ")} follow only each other`;
  }

  #followed({ configuration }: DraftHost): readonly string[] {
    return configuration.associations.flatMap(({ name, kind }) =>
      kind === "broadcast" ? [] : (this.#names.get(name) ?? [this.#byAddress.get(name) ?? name]),
    );
  }
}

/** It trusts its own clock, or finds others by what they send. */
function hasTimeOrFinds(file: Configuration): boolean {
  return (
    file.localClock !== null ||
    file.discovery.orphan !== null ||
    file.broadcastClient ||
    file.multicastClient.length > 0 ||
    file.associations.some(({ kind }) => kind === "manycast")
  );
}

/** Every event, and to whom it happens. */
const EVENTS: ReadonlyMap<string, "hosts" | "sources" | "all" | "nobody"> = new Map([
  ["step", "hosts"],
  ["drift", "hosts"],
  ["sleep", "hosts"],
  ["restart", "hosts"],
  ["lie", "sources"],
  ["fail", "sources"],
  ["recover", "sources"],
  ["partition", "all"],
  ["leap", "nobody"],
]);

function eventOf(
  what: string,
  who: readonly string[],
  table: Fields,
  { at, beginning }: { readonly at: number; readonly beginning: string },
): object {
  const signed = duration({ least: -1e9, most: 1e9 });
  switch (what) {
    case "step":
    case "lie":
      return { what, who, by: table.needed("by", signed) };
    case "drift":
      return { what, who, by: table.needed("by", rate) };
    case "sleep":
    case "partition":
      return { what, who, lasting: table.needed("for", duration({ least: 0.001, most: LONGEST })) };
    case "leap": {
      if ((Date.parse(beginning) / 1000 + at) % DAY !== 0)
        throw new UsageError(
          "at: a leap second comes at the end of a day, UTC",
          `the world begins at ${beginning}`,
          table.placeOf("at"),
        );
      return { what, who: [], leap: table.read("leap", leapOf, "insert") };
    }
    default:
      return { what, who };
  }
}

function leapOf(value: unknown, name: string): "insert" | "delete" {
  if (value !== "insert" && value !== "delete") throw new UsageError(`${name}: it is "insert" or "delete"`);
  return value;
}

function disciplineOf(value: unknown, name: string): DisciplineName {
  const known = Object.keys(DISCIPLINES);
  if (typeof value !== "string" || !known.includes(value))
    throw new UsageError(`${name}: there is no such discipline`, `there is ${known.join(", ")}`);
  return value as DisciplineName;
}

function instantText(value: Parameters<typeof text>[0], name: string): string {
  const given = text(value, name);
  if (Number.isNaN(Date.parse(given)))
    throw new UsageError(`${name}: "${given}" is no instant`, "write 2026-11-21T00:00:00Z");
  return new Date(given).toISOString();
}

/** A range of one figure. */
export function exactly(value: number): Range {
  return { low: value, high: value };
}
