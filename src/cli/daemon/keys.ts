/** The keys of a daemon's configuration. */
import type { LoadedConfiguration } from "../../config/files.ts";
import { UsageError } from "../../config/usage.ts";
import type { Keyring } from "../../security/keyring.ts";
import { placedText } from "../../security/place.ts";
import type { Log } from "./log.ts";

/**
 * Reads the key file, if the configuration names one. As in ntpd, no key is trusted but those of `trustedkey`.
 * @throws UsageError when a key that is asked for cannot be had
 */
export async function daemonKeys({ configuration }: LoadedConfiguration, log: Log): Promise<Keyring | null> {
  const { keys, trusted, associations } = configuration;
  const keyed = associations.find(({ key }) => key !== null);
  if (keys === null) {
    if (keyed === undefined) return null;
    throw new UsageError(`${keyed.name} is to be authenticated by key ${keyed.key!}, but there is no key file`, "name it with keys FILE", keyed.at);
  }
  const { loadKeys } = await import("../../security/keyring.ts");
  const { keyring, faults, warnings } = await loadKeys(keys.path, { format: "auto", trusted: trusted ?? [] });
  const [fault] = faults;
  // What is wrong with the file as a whole stands where it is named.
  if (fault !== undefined) throw fault.line === 0 ? new UsageError(`${fault.file}: ${fault.message}`, null, keys.at) : new UsageError(placedText(fault));
  for (const warning of warnings) log.say("warning", "keys", placedText(warning));
  if (trusted === null) log.say("warning", "keys", placedText({ ...keys.at, message: "no key is trusted, since there is no trustedkey" }));
  return keyring;
}
