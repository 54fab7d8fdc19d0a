/** The keys of a daemon's configuration. */
import type { LoadedConfiguration } from "../../config/files.ts";
import type { Remark } from "../../config/ntpconf/parse.ts";
import { UsageError } from "../../config/usage.ts";
import type { Keyring } from "../../security/keyring.ts";
import { placedText, type PlacedMessage } from "../../security/place.ts";
import { counted } from "../../view/text.ts";
import type { Log } from "./log.ts";

/** What a daemon's key file has. */
export interface DaemonKeys {
  /** The keys that can be used; `null`: no key file is named. */
  readonly keyring: Keyring | null;
  /** What is wrong with the file, one line; `null`: nothing. Whoever needs a key that is not there stays unauthenticated, and unused. */
  readonly fault: Remark | null;
  readonly warnings: readonly string[];
}

/**
 * Reads the key file, if the configuration names one. As in ntpd, no key is trusted but those of `trustedkey`.
 * @throws UsageError when a key is asked for and no file named
 */
export async function daemonKeys({ configuration }: LoadedConfiguration): Promise<DaemonKeys> {
  const { keys, trusted, associations } = configuration;
  if (keys === null) {
    const keyed = associations.find(({ key }) => key !== null);
    if (keyed !== undefined)
      throw new UsageError(
        `${keyed.name} is to be authenticated by key ${keyed.key!}, but there is no key file`,
        "name it with keys FILE",
        keyed.at,
      );
    return { keyring: null, fault: null, warnings: [] };
  }
  const { loadKeys } = await import("../../security/keyring.ts");
  const { keyring, faults, warnings } = await loadKeys(keys.path, { format: keys.format, trusted: trusted ?? [] });
  const untrusted =
    trusted === null ? [placedText({ ...keys.at, message: "no key is trusted, since there is no trustedkey" })] : [];
  return { keyring, fault: faultOf(faults, keys.at), warnings: [...warnings.map(placedText), ...untrusted] };
}

/** Says what is wrong with the file, and whom that concerns. */
export function tellKeys({ fault, warnings }: DaemonKeys, { configuration }: LoadedConfiguration, log: Log): void {
  if (fault !== null)
    log.matter(
      "keys",
      "warning",
      "keys",
      `${placedText({ ...fault.at, message: fault.text })}; ${withoutKeys(configuration.associations)}`,
    );
  else log.matter("keys", "warning", "keys", null);
  for (const warning of warnings) log.say("warning", "keys", warning);
}

function withoutKeys(associations: LoadedConfiguration["configuration"]["associations"]): string {
  const keyed = associations.filter(({ key }) => key !== null).length;
  return keyed === 0
    ? "it goes on without these keys"
    : `it goes on, and does not believe who needs these keys: ${counted(keyed, "line")} with a key`;
}

/** What is wrong with the file as a whole stands where it is named; of many faulty lines the first is told. */
function faultOf([first, ...others]: readonly PlacedMessage[], named: Remark["at"]): Remark | null {
  if (first === undefined) return null;
  const more = others.length === 0 ? "" : `, and ${counted(others.length, "fault")} more`;
  if (first.line === 0) return { level: "warning", text: `${first.file}: ${first.message}`, at: named };
  return { level: "warning", text: `${first.message}${more}`, at: first };
}
