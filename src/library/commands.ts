/** The commands as functions. What each does, and its document, is the command's; its module is loaded when it is called. */
import type { Io } from "../cli/io.ts";
import { UsageError } from "../config/usage.ts";
import type { BroadcastEvent } from "../view/broadcast.ts";
import type { PeersDocument, TraceDocument } from "../view/daemon-document.ts";
import type { BareDocument } from "../view/document.ts";
import type { ManycastDocument, PoolDocument } from "../view/finding.ts";
import type { CheckDocument } from "../view/plugin.ts";
import type { SimulateDocument } from "../view/simulate-document.ts";
import { documentOf, documentsOf } from "./documents.ts";
import { familySwitches, namesOf, optionsOf, type Accepted } from "./settings.ts";
import type {
  BroadcastSettings,
  CheckSettings,
  CommonSettings,
  ManycastSettings,
  PeersSettings,
  PoolSettings,
  SimulateSettings,
  TraceSettings,
} from "./settings-types.ts";

/** What all but `simulate` take that is no option. */
const ASKING = ["signal", "family"];
/** Programs are not led to what is weak: `openClock` does not take it, either. */
const AUTOKEY = ["autokey", "autokeyPassword", "autokeyGroup"];

type Documented = "pool" | "manycast" | "broadcast" | "peers" | "check" | "trace" | "simulate";

/** Functions, and what of their commands' options they have. */
export const ACCEPTED: Readonly<Record<Documented, Accepted>> = {
  pool: { title: "pool", command: "pool", own: ASKING },
  manycast: { title: "manycast", command: "manycast", own: ASKING, without: AUTOKEY },
  broadcast: { title: "broadcast", command: "broadcast", own: ASKING, without: AUTOKEY },
  // Of the rest is said how it is shown.
  peers: { title: "peers", command: "peers", own: ASKING, without: ["numeric", "all", "state"] },
  check: { title: "check", command: "check", own: ASKING },
  trace: { title: "trace", command: "trace", own: ASKING },
  simulate: { title: "simulate", command: "simulate", own: [], without: ["trace", "replay"] },
};

/** Reads the settings as the command has them, and what is not an option. */
function read(name: Documented, settings: unknown): { readonly options: never; readonly signal?: AbortSignal } {
  const options = optionsOf(ACCEPTED[name], settings);
  const { signal, family } = settings as CommonSettings & { readonly family?: 4 | 6 };
  return {
    // Whoever reads no terminal has no colours.
    options: { color: false, ...options, ...familySwitches(family), json: true } as never,
    ...(signal === undefined ? {} : { signal }),
  };
}

/** A command by what it is given, as the command line has it. */
async function run(command: Documented, given: readonly string[], options: never, io: Io): Promise<number> {
  const { commandNamed } = await import("../cli/commands.ts");
  return await commandNamed(command)!.run(given, options, io);
}

/** The command's one document. */
async function one<Document>(command: Documented, given: readonly string[], settings: unknown): Promise<Document> {
  const { options, signal } = read(command, settings);
  return await documentOf<Document>((io) => run(command, given, options, io), signal);
}

/** Its documents as they come. */
function many<Document>(
  command: Documented,
  given: readonly string[],
  settings: unknown,
): AsyncGenerator<Document, void, undefined> {
  const { options, signal } = read(command, settings);
  return documentsOf<Document>((io) => run(command, given, options, io), signal);
}

/**
 * Finds the servers behind names, measures and judges them all.
 * @param names `NAME`, `NAME:PORT`
 * @returns the document of `ntpkit pool --json`; with `follow` one whenever the set has changed, until nobody wants any more
 * @throws UsageError when the arguments are wrong
 */
export function pool(
  names: string | readonly string[],
  settings: PoolSettings & { readonly follow: true },
): AsyncGenerator<PoolDocument, void, undefined>;
export function pool(
  names: string | readonly string[],
  settings?: PoolSettings & { readonly follow?: false },
): Promise<PoolDocument>;
export function pool(
  names: string | readonly string[],
  settings: PoolSettings = {},
): AsyncGenerator<PoolDocument, void, undefined> | Promise<PoolDocument> {
  return found("pool", "names", names, settings);
}

/**
 * Searches multicast groups for servers, ring by ring, and measures them.
 * @param groups e.g. `239.1.1.1`, `ff05::101`, `ff02::101%eth0`
 * @returns the document of `ntpkit manycast --json`; with `follow` as {@link pool}
 * @throws UsageError when the arguments are wrong
 */
export function manycast(
  groups: string | readonly string[],
  settings: ManycastSettings & { readonly follow: true },
): AsyncGenerator<ManycastDocument, void, undefined>;
export function manycast(
  groups: string | readonly string[],
  settings?: ManycastSettings & { readonly follow?: false },
): Promise<ManycastDocument>;
export function manycast(
  groups: string | readonly string[],
  settings: ManycastSettings = {},
): AsyncGenerator<ManycastDocument, void, undefined> | Promise<ManycastDocument> {
  return found("manycast", "groups", groups, settings);
}

function found<Document>(
  command: "pool" | "manycast",
  plural: string,
  named: unknown,
  settings: PoolSettings | ManycastSettings,
): AsyncGenerator<Document, void, undefined> | Promise<Document> {
  const isFollowing = typeof settings === "object" && settings !== null && settings.follow === true;
  if (isFollowing) return many<Document>(command, namesOf(plural, named), settings);
  return (async () => await one<Document>(command, namesOf(plural, named), settings))();
}

/**
 * Listens to broadcast and multicast servers.
 * @param addresses groups and broadcast addresses; none: all broadcasts of all interfaces
 * @returns the documents of `ntpkit broadcast --json`: one for each thing that happens, and at the end one that says what failed, if
 *   anything did
 * @throws UsageError when the arguments are wrong
 */
export function broadcast(
  addresses: string | readonly string[] = [],
  settings: BroadcastSettings = {},
): AsyncGenerator<BroadcastEvent | BareDocument, void, undefined> {
  return many("broadcast", namesOf("addresses", addresses), settings);
}

/**
 * Asks running daemons, whatever they are, for their servers.
 * @param hosts `HOST`, `HOST:PORT`, or the path of a daemon's Unix socket; none: this host
 * @returns the document of `ntpkit peers --json`
 * @throws UsageError when the arguments are wrong
 */
export async function peers(
  hosts: string | readonly string[] = [],
  settings: PeersSettings = {},
): Promise<PeersDocument> {
  return await one("peers", namesOf("hosts", hosts), settings);
}

/**
 * Checks servers, or a daemon, as a monitoring plugin does.
 * @param servers as for `query`; none: those of the configuration file
 * @returns the document of `ntpkit check --json`, whose `status` is OK, WARNING, CRITICAL or UNKNOWN
 * @throws UsageError for settings that are wrong; what else is wrong is UNKNOWN
 */
export async function check(
  servers: string | readonly string[] = [],
  settings: CheckSettings = {},
): Promise<CheckDocument> {
  return await one("check", namesOf("servers", servers), settings);
}

/**
 * Follows the reference identifiers from a server to its primary source.
 * @param host `HOST`, `HOST:PORT`; absent: this host
 * @returns the document of `ntpkit trace --json`
 * @throws UsageError when the arguments are wrong
 */
export async function trace(host?: string, settings: TraceSettings = {}): Promise<TraceDocument> {
  return await one("trace", host === undefined ? [] : namesOf("host", host), settings);
}

/**
 * Runs the daemon's engine on the hosts of a simulated network.
 * @param world the path of a world's file, TOML; `null` with the setting `config`
 * @returns the document of `ntpkit simulate --json`
 * @throws UsageError for a world or settings that are wrong
 */
export async function simulate(world: string | null, settings: SimulateSettings = {}): Promise<SimulateDocument> {
  if (world !== null && (typeof world !== "string" || world === ""))
    throw new UsageError("world: it is named by the path of its file", "or is null, with the setting config");
  return await one("simulate", world === null ? [] : [world], settings);
}
