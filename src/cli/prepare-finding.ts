/** From what was typed to what the engine is told, for the commands that find servers. */
import { discoveryConfig, groupsOf, type DiscoveryCommand, type DiscoveryOptions } from "../config/discovery.ts";
import { loadConfiguration } from "../config/files.ts";
import { parseBroadcastAddress, parseGroup } from "../config/groups.ts";
import { parseUnicastServer, type ServerSpec } from "../config/servers.ts";
import { didYouMean } from "../config/suggest.ts";
import { UsageError } from "../config/usage.ts";
import type { LocalFacts } from "../config/options.ts";
import { areInterfacesUnknown, interfaceNamed, interfacesWith, knownBroadcastAddresses } from "../host/interfaces.ts";
import type { Keyring } from "../security/keyring.ts";
import type { AutokeyAnswering } from "../security/security.ts";
import { parseKeyIds, type TrustedKeys } from "../security/keyids.ts";
import { placedText, type PlacedMessage } from "../security/place.ts";
import { isMulticast } from "../wire/address.ts";
import { loadAutokey, serverBy } from "./autokey.ts";
import { EXAMPLES } from "./examples.ts";
import type { FindingOptions } from "./find.ts";
import { trustOf } from "./nts-at-hand.ts";
import { keysFormat, type Prepared } from "./prepare.ts";

/** Everything such a run needs to begin. */
export interface PreparedFinding extends Prepared {
  /** The groups that are asked or listened to. */
  readonly groups: readonly string[];
  /** Who knows which broadcasts under Autokey are to be asked about; `null`: none are. */
  readonly autokeyAnswering: AutokeyAnswering | null;
}

/**
 * Prepares a run.
 * @param operands NAME…, GROUP… or [ADDRESS…]
 * @throws UsageError
 */
export async function prepareFinding(
  command: DiscoveryCommand,
  operands: readonly string[],
  options: FindingOptions,
  facts: LocalFacts,
): Promise<PreparedFinding> {
  const settings = settingsOf(options);
  if (options.interface !== undefined) checkInterface(options.interface);
  const specs = READERS[command](named(command, operands));
  const loaded = options.config === undefined ? null : loadConfiguration(options.config, false);
  const trusted = options.trusted === undefined ? "all" : trustedKeys(options.trusted);
  const keys = await readKeys(
    options.keys ?? loaded?.configuration.keys?.path ?? null,
    keysFormat(options, loaded),
    trusted,
  );
  checkTrusted(trusted, keys);
  // Servers answer with the key they were asked by: a search without one finds nobody who is authentic.
  const first =
    command === "manycast" && settings.nts !== true && settings.autokey === undefined
      ? keys.keyring?.keys.find((key) => key.trusted)?.id
      : undefined;
  const config = discoveryConfig(
    command,
    specs,
    first === undefined ? settings : { key: first, ...settings },
    loaded?.configuration ?? null,
    facts,
  );
  const keyed = config.associations.find(({ key }) => key !== null && keys.keyring?.find(key)?.trusted !== true);
  if (keyed !== undefined)
    throw new UsageError(
      `key ${keyed.key!} is ${keys.keyring === null ? "named, but there is no key file" : "not in the key file, or not trusted"}`,
      "name the file with --keys FILE",
    );
  const groups = command === "pool" ? [] : groupsOf(specs, settings);
  const autokey = await loadAutokey(config, options);
  return {
    config,
    ...keys,
    warnings: [...keys.warnings, ...(autokey?.warnings ?? [])],
    autokey: autokey?.make ?? null,
    autokeyAnswering: autokey === null || command !== "broadcast" ? null : await serverBy(autokey.credentials),
    trust: trustOf(options),
    file: loaded?.path ?? null,
    remarks: loaded?.remarks ?? [],
    groups,
  };
}

const NAMED: Readonly<Record<DiscoveryCommand, string | null>> = {
  pool: "name a pool or a server",
  manycast: "name a multicast group",
  broadcast: null,
};

/**
 * What is named, each once: nobody is asked twice for being named twice.
 * @throws UsageError where nothing is
 */
function named(command: DiscoveryCommand, operands: readonly string[]): readonly string[] {
  const what = NAMED[command];
  const [[example] = [""]] = EXAMPLES[command];
  if (operands.length === 0 && what !== null)
    throw new UsageError(
      `nothing is named to be ${command === "pool" ? "asked" : "searched"}`,
      `${what}, as in: ${example}`,
    );
  return [...new Set(operands)];
}

/** @throws UsageError for trusted keys that the file does not have: nobody would be believed by them, and nobody would know why. */
function checkTrusted(trusted: TrustedKeys, { keyring }: { readonly keyring: Keyring | null }): void {
  if (trusted === "all") return;
  if (keyring === null)
    throw new UsageError("--trusted names keys, but there is no key file", "name the file with --keys FILE");
  const missing = trusted.find(({ first, last }) => !keyring.keys.some(({ id }) => first <= id && id <= last));
  if (missing === undefined) return;
  const { first, last } = missing;
  const there = keyring.keys.slice(0, 8).map(({ id }) => id);
  throw new UsageError(
    `--trusted: ${first === last ? `key ${first} is` : `of the keys ${first}...${last} none is`} not in the key file`,
    there.length === 0 ? null : `it has ${there.join(", ")}${keyring.keys.length > there.length ? " and others" : ""}`,
  );
}

const READERS: Readonly<Record<DiscoveryCommand, (operands: readonly string[]) => readonly ServerSpec[]>> = {
  pool: (operands) => operands.map(parseUnicastServer),
  manycast: (operands) => operands.map(parseGroup),
  broadcast(operands) {
    // The host's own networks matter only where such an address is named.
    const broadcasts = operands.some((operand) => !isMulticast(operand)) ? knownBroadcastAddresses() : [];
    return operands.map((operand) => parseBroadcastAddress(operand, broadcasts));
  },
};

/**
 * Refuses an interface that is not there; what a socket would say of it is said only later, and of something else.
 * @throws UsageError
 */
export function checkInterface(name: string): void {
  const all = [4, 6].flatMap((family) => interfacesWith(family as 4 | 6));
  if (all.includes(interfaceNamed(name)) || areInterfacesUnknown()) return;
  const names = [...new Set(all)];
  throw new UsageError(
    `--interface: there is no interface "${name}" that is up and has an address`,
    didYouMean(name, names) ?? (names.length === 0 ? null : `there is ${names.join(", ")}`),
  );
}

/** The names of the command line → those of the configuration. */
function settingsOf({ ipv4, ipv6, ...options }: FindingOptions): DiscoveryOptions {
  const family = ipv4 === true ? 4 : ipv6 === true ? 6 : null;
  return { ...options, ...(family === null ? {} : { family }) };
}

/**
 * Reads `--trusted 1,2,10...19`.
 * @throws UsageError
 */
export function trustedKeys(text: string): TrustedKeys {
  const {
    ranges,
    faults: [fault],
  } = parseKeyIds(text, { file: "--trusted", line: 0, column: 0 });
  if (fault !== undefined) throw new UsageError(placedText(fault));
  return ranges;
}

/**
 * Reads a key file, where there is one to read.
 * @throws UsageError
 */
export async function readKeys(
  path: string | null,
  format: "auto" | "ntp" | "chrony",
  trusted: TrustedKeys,
): Promise<{ readonly keyring: Keyring | null; readonly warnings: readonly PlacedMessage[] }> {
  if (path === null) return { keyring: null, warnings: [] };
  const { fatalFault, loadKeys, withoutLines } = await import("../security/keyring.ts");
  const keys = await loadKeys(path, { format, trusted });
  const named = trusted === "all" ? [] : trusted.filter(({ first, last }) => first === last).map(({ first }) => first);
  const fault = fatalFault(keys, named);
  if (fault !== null) throw new UsageError(placedText(fault));
  return { keyring: keys.keyring, warnings: [...keys.warnings, ...withoutLines(keys.faults)] };
}
