/** From what was typed to what the engine is told, for `serve`. */
import { createHash } from "node:crypto";
import { loadConfiguration } from "../config/files.ts";
import { serveConfig, type ServeConfig, type ServeFacts } from "../config/serve.ts";
import { parseUnicastServer } from "../config/servers.ts";
import { UsageError } from "../config/usage.ts";
import type { NtsFacts } from "../control/responder/facts.ts";
import type { ControlAnswering } from "../engine/port/control.ts";
import { lookUpUser } from "../host/become.ts";
import type { Trust } from "../host/establish.ts";
import { knownBroadcastAddresses, ownAddresses } from "../host/interfaces.ts";
import type { Keyring } from "../security/keyring.ts";
import { systemReason } from "../security/place.ts";
import { LARGEST, readText } from "../security/readfile.ts";
import { STANDARD_SMEAR, type SmearConfig } from "../server/smear.ts";
import { nextLeap, parseLeapSeconds } from "../time/leapseconds.ts";
import { UNIX_EPOCH } from "../time/timestamp.ts";
import { controlResponder } from "./daemon/control.ts";
import type { Io } from "./io.ts";
import type { Machine } from "./measure.ts";
import { loadAutokeyServer } from "./autokey.ts";
import { trustOf } from "./nts-at-hand.ts";
import { placedText } from "../security/place.ts";
import type { AutokeyAnswering } from "../security/security.ts";
import { ntsSettings, type NtsSettings } from "./nts-served.ts";
import { LEAP_FILE } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { checkInterface, readKeys, trustedKeys } from "./prepare-finding.ts";
import { keysFormat } from "./prepare.ts";
import { tellPrepared } from "./tell.ts";

/** Everything a server needs to begin. */
export interface PreparedServe extends ServeConfig {
  readonly keyring: Keyring | null;
  readonly trust: Trust;
  readonly control: ControlAnswering;
  /** Who answers clients under Autokey; `null`: nobody. */
  readonly autokeyAnswering: AutokeyAnswering | null;
  /** `null`: nobody is answered under NTS. */
  readonly nts: NtsSettings | null;
}

/**
 * Prepares a server, and tells what is worth telling of its files.
 * @param served what answering clients under NTS has come to
 * @throws UsageError
 */
export async function prepareServe(
  servers: readonly string[],
  options: OptionsOf<"serve">,
  machine: Machine,
  io: Io,
  served: () => NtsFacts | null,
): Promise<PreparedServe> {
  const { ipv4, ipv6, ...settings } = options;
  if (options.interface !== undefined) checkInterface(options.interface);
  if (options.user !== undefined && lookUpUser(options.user) === null)
    throw new UsageError(`--user: there is no user "${options.user}"`);
  const loaded = options.config === undefined ? null : loadConfiguration(options.config, true);
  const trusted =
    options.trusted === undefined ? (loaded?.configuration.trusted ?? "all") : trustedKeys(options.trusted);
  const keys = await readKeys(
    options.keys ?? loaded?.configuration.keys?.path ?? null,
    keysFormat(options, loaded),
    trusted,
  );
  tellPrepared(
    "ntpkit serve",
    { file: loaded?.path ?? null, remarks: loaded?.remarks ?? [], warnings: keys.warnings },
    options,
    io,
  );
  const facts: ServeFacts = {
    ...machine.facts,
    addresses: ownAddresses(),
    broadcasts: knownBroadcastAddresses(),
    smear: askedSmear(options),
    broadcastKey: broadcastKey(options, keys.keyring),
  };
  const family = ipv4 === true ? 4 : ipv6 === true ? 6 : null;
  const made = serveConfig(
    servers.map(parseUnicastServer),
    { ...settings, ...(family === null ? {} : { family }) },
    loaded?.configuration ?? null,
    facts,
  );
  const keyed = made.config.associations.find(({ key }) => key !== null && keys.keyring?.find(key)?.trusted !== true);
  if (keyed !== undefined)
    throw new UsageError(
      `${keyed.name}: key ${keyed.key!} is not in the key file, or not trusted`,
      "name the file with --keys FILE",
    );
  const autokey = await loadAutokeyServer(options);
  return {
    ...made,
    warnings: [...made.warnings, ...(autokey?.warnings ?? []).map(placedText)],
    keyring: keys.keyring,
    trust: trustOf(options),
    autokeyAnswering: autokey?.answering ?? null,
    nts: ntsSettings(options, loaded?.configuration ?? null, whereServed(made)),
    control: controlResponder(loaded?.configuration ?? null, keys.keyring, undefined, served, autokey?.facts),
  };
}

/** Where keys are established: at the address that is served, or at all of the family. */
function whereServed({ config: { service } }: ServeConfig): { address: string | null; timePort: number } {
  const { addresses, port } = service!;
  return { address: addresses.length === 1 ? addresses[0]! : null, timePort: port };
}

/** The key of broadcasts: the one named, else the first that is trusted. */
function broadcastKey({ key }: OptionsOf<"serve">, keyring: Keyring | null): number | null {
  return key ?? keyring?.keys.find(({ trusted }) => trusted)?.id ?? null;
}

/**
 * The next leap second of the list, if it is to be smeared.
 * @throws UsageError where there is no list, or one that nothing is done with
 */
function askedSmear({ leapSmear, leapFile: named }: OptionsOf<"serve">): SmearConfig | null {
  if (leapSmear === undefined) {
    if (named === undefined) return null;
    throw new UsageError(
      "--leap-file is the list that --leap-smear goes by: serve announces the leap seconds that its servers announce",
      "add --leap-smear, or announce by a list with leapfile in the file of ntpkit run",
    );
  }
  const leapFile = named ?? LEAP_FILE;
  let text: string;
  try {
    text = readText(leapFile, LARGEST.leaps);
  } catch (error) {
    throw new UsageError(
      `--leap-smear: ${leapFile} cannot be read: ${systemReason(error)}`,
      "name a list of leap seconds with --leap-file",
    );
  }
  const list = parseLeapSeconds(text, (ascii) => createHash("sha1").update(ascii, "latin1").digest("hex"));
  if ("kind" in list) throw new UsageError(`${leapFile}:${list.line}: that is no list of leap seconds`);
  // A server that starts while a smear goes on takes part in it.
  const next = nextLeap(list, BigInt(Math.floor(Date.now() / 1000 - leapSmear / 2)) + UNIX_EPOCH);
  return next === null ? null : { ...STANDARD_SMEAR, at: next.at, leap: next.leap, interval: leapSmear };
}
