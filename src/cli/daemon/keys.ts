/** The keys of a daemon's configuration. */
import type { LoadedConfiguration } from "../../config/files.ts";
import type { Remark } from "../../config/ntpconf/parse.ts";
import { keylessFaults } from "../../config/start.ts";
import type { Keyring } from "../../security/keyring.ts";
import { placedText, type PlacedMessage } from "../../security/place.ts";
import { counted } from "../../view/text.ts";
import type { Log } from "./log.ts";

/** What a daemon's key file has. */
export interface DaemonKeys {
  /** The keys that can be used; `null`: no key file is named. */
  readonly keyring: Keyring | null;
  /** What is wrong with the file, or with lines of it. Whoever needs a key that is not there stays unauthenticated, and unused. */
  readonly faults: readonly Remark[];
  readonly warnings: readonly string[];
}

/**
 * Reads the key file, if the configuration names one. As in ntpd, no key is trusted but those of `trustedkey`.
 * @throws UsageError when a key is asked for and no file named
 */
export async function daemonKeys({ configuration }: LoadedConfiguration): Promise<DaemonKeys> {
  const { keys, trusted } = configuration;
  if (keys === null) {
    const [fault] = keylessFaults(configuration);
    if (fault !== undefined) throw fault;
    return { keyring: null, faults: [], warnings: [] };
  }
  const { loadKeys } = await import("../../security/keyring.ts");
  const { keyring, faults, warnings } = await loadKeys(keys.path, { format: keys.format, trusted: trusted ?? [] });
  const untrusted =
    trusted === null ? [placedText({ ...keys.at, message: "no key is trusted, since there is no trustedkey" })] : [];
  return {
    keyring,
    faults: faults.map((fault) => remarkOf(fault, keys.at)),
    warnings: [...warnings.map(placedText), ...untrusted],
  };
}

/** Says what is wrong with the file, and whom that concerns. */
export function tellKeys({ faults, warnings }: DaemonKeys, { configuration }: LoadedConfiguration, log: Log): void {
  const messages = faults.map(({ at, text }) => placedText({ ...at, message: text }));
  const [first, ...others] = messages;
  const more = others.length === 0 ? "" : `, and ${counted(others.length, "fault")} more`;
  const text = first === undefined ? null : `${first}${more}; ${withoutKeys(configuration.associations)}`;
  log.matter("keys", "warning", "keys", text);
  for (const other of others) log.say("warning", "keyLine", other);
  for (const warning of warnings) log.say("warning", "keys", warning);
}

function withoutKeys(associations: LoadedConfiguration["configuration"]["associations"]): string {
  const keyed = associations.filter(({ key }) => key !== null).length;
  return keyed === 0
    ? "it goes on without these keys"
    : `it goes on, and does not believe who needs these keys: ${counted(keyed, "line")} with a key`;
}

/** What is wrong with the file as a whole stands where it is named. */
function remarkOf({ message, file, line, column }: PlacedMessage, named: Remark["at"]): Remark {
  return line === 0
    ? { level: "warning", text: `${file}: ${message}`, at: named }
    : { level: "warning", text: message, at: { file, line, column } };
}
