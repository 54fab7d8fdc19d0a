/** From what was typed to what the engine is told: servers, options, the configuration file and the keys. */
import { findConfiguration, loadConfiguration, REAL_FILES, type LoadedConfiguration } from "../config/files.ts";
import type { Remark } from "../config/ntpconf/parse.ts";
import { onceConfig, type LocalFacts, type OnceCommand, type OnceOptions } from "../config/options.ts";
import { parseUnicastServer } from "../config/servers.ts";
import { UsageError } from "../config/usage.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { Trust } from "../host/establish.ts";
import type { KeyFormat } from "../security/keyfile.ts";
import type { Keyring } from "../security/keyring.ts";
import { placedText, type PlacedMessage } from "../security/place.ts";
import { loadAutokey, type MakeAutokey } from "./autokey.ts";
import { trustOf } from "./nts-at-hand.ts";

/** What `sync` and `query` can be told beside the servers, from a command line or a program. */
export interface PrepareOptions extends OnceOptions {
  /** A key file. */
  readonly keys?: string;
  /** By whose rules it is read; `auto` by default. */
  readonly keysFormat?: "auto" | "ntp" | "chrony";
  /** Certificates, PEM, that are trusted besides the system's when keys are established. */
  readonly ca?: string;
  /** SHA-256 of certificates, or of their public keys: no others are accepted when keys are established. */
  readonly pin?: string;
  /** A file with the password of the files of `autokey`. */
  readonly autokeyPassword?: string;
  /** A configuration file in ntp.conf syntax. */
  readonly config?: string;
}

/** Everything a run needs to begin. */
export interface Prepared {
  readonly config: EngineConfig;
  /** `null`: no server is authenticated by a key. */
  readonly keyring: Keyring | null;
  /** Whom it trusts in the establishing of keys. */
  readonly trust: Trust;
  /** Makes the securities of those under Autokey; `null`: nobody is. */
  readonly autokey: MakeAutokey | null;
  /** The configuration file used, `null` if none. */
  readonly file: string | null;
  /** What is worth telling about it. */
  readonly remarks: readonly Remark[];
  /** What others on this machine may do with the keys. */
  readonly warnings: readonly PlacedMessage[];
}

/**
 * Prepares a run.
 * @param servers SERVER arguments; when empty, the configuration file's servers are used
 * @param typed the command as it was typed, where it asks as another does
 * @throws UsageError
 */
export async function prepare(
  command: OnceCommand,
  servers: readonly string[],
  options: PrepareOptions,
  env: Readonly<Record<string, string | undefined>>,
  facts: LocalFacts,
  typed: string = command,
): Promise<Prepared> {
  const specs = servers.map(parseUnicastServer);
  const loaded = loadFile(servers.length === 0, options, env);
  const config = onceConfig(command, specs, options, loaded?.configuration ?? null, facts);
  if (config.associations.length === 0) throw noServers(typed, loaded);
  const { keyring, warnings } = await loadKeyring(config, options, loaded);
  const autokey = await loadAutokey(config, options);
  return {
    config,
    keyring,
    trust: trustOf(options),
    autokey: autokey?.make ?? null,
    file: loaded?.path ?? null,
    remarks: loaded?.remarks ?? [],
    warnings: [...warnings, ...(autokey?.warnings ?? [])],
  };
}

/** The file named, or the usual one when it is needed for its servers. */
function loadFile(
  needed: boolean,
  options: PrepareOptions,
  env: Readonly<Record<string, string | undefined>>,
): LoadedConfiguration | null {
  if (!needed && options.config === undefined) return null;
  const path = findConfiguration(options.config ?? null, env);
  return path === null ? null : loadConfiguration(path, false, REAL_FILES, null, options.autokey !== undefined);
}

/** Nobody is named, neither on the command line nor in a file. */
export class NoServersError extends UsageError {}

function noServers(command: string, loaded: LoadedConfiguration | null): NoServersError {
  const message =
    loaded === null
      ? "no server is named, and there is no configuration file"
      : `no server is named, and ${loaded.path} names none that can be asked${unaskable(loaded)}`;
  const example = command === "openClock" ? 'openClock(["ntp.example.net"])' : `ntpkit ${command} ntp.example.net`;
  return new NoServersError(message, `name one, as in: ${example}`);
}

/** Lines that name servers, and are left out all the same. */
const NAMING = /^"(?:(?:server|pool|peer|broadcastclient|multicastclient|manycastclient)\b|127\.127\.)/;
/** So many are told of. */
const MOST_NAMED = 3;

/** Why none of them can be asked, line by line; what stands between quotes would be shortened in a long message. */
function unaskable({ remarks }: LoadedConfiguration): string {
  const lines = remarks
    .filter(({ text }) => NAMING.test(text))
    .map(({ text, at }) => placedText({ ...at, message: text.replaceAll('"', "") }));
  const more = lines.length - MOST_NAMED;
  const told = [...lines.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])];
  return told.length === 0 ? "" : `: ${told.join("; ")}`;
}

/** By whose rules keys are read: as the option says, else as the `keys` line does where the file is named by it. */
export function keysFormat(
  options: Pick<PrepareOptions, "keys" | "keysFormat">,
  loaded: Pick<LoadedConfiguration, "configuration"> | null,
): KeyFormat {
  const { keys, keysFormat: asked = "auto" } = options;
  return asked === "auto" && keys === undefined ? (loaded?.configuration.keys?.format ?? "auto") : asked;
}

/** Keys are read only when a server needs one. */
async function loadKeyring(
  config: EngineConfig,
  options: PrepareOptions,
  loaded: LoadedConfiguration | null,
): Promise<Pick<Prepared, "keyring" | "warnings">> {
  const keyed = config.associations.find(({ key }) => key !== null);
  const path = options.keys ?? loaded?.configuration.keys?.path ?? null;
  if (keyed === undefined && options.keys === undefined) return { keyring: null, warnings: [] };
  if (path === null)
    throw new UsageError(
      `${keyed!.name} is to be authenticated by key ${keyed!.key!}, but there is no key file`,
      "name it with --keys FILE",
    );
  const { fatalFault, loadKeys, withoutLines } = await import("../security/keyring.ts");
  const trusted = options.keys === undefined ? (loaded?.configuration.trusted ?? "all") : "all";
  const keys = await loadKeys(path, { format: keysFormat(options, loaded), trusted });
  const fault = fatalFault(
    keys,
    config.associations.flatMap(({ key }) => key ?? []),
  );
  if (fault !== null) throw new UsageError(placedText(fault));
  return { keyring: keys.keyring, warnings: [...keys.warnings, ...withoutLines(keys.faults)] };
}
