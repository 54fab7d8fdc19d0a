/** Who answers control queries (mode 6) in the daemon, and in `serve`. */
import type { Configuration } from "../../config/ntpconf/record.ts";
import type { AutokeyFacts, NtsFacts } from "../../control/responder/facts.ts";
import type { ControlAnswering } from "../../engine/port/control.ts";
import { machineResponder } from "../../host/responder.ts";
import type { Keyring } from "../../security/keyring.ts";
import { version } from "../version.ts";

/**
 * Answers by what this program is, and by the configuration's key and variables; without one by neither.
 * @param configure takes lines of configuration, and says what became of them
 * @param nts what answering clients under NTS has come to
 * @param autokey what this host has for Autokey
 */
export function controlResponder(
  configuration: Configuration | null,
  keys: Keyring | null,
  configure?: (lines: string) => string,
  nts: () => NtsFacts | null = () => null,
  autokey: () => AutokeyFacts | null = () => null,
): ControlAnswering {
  const { controlKey = null, variables = [] } = configuration ?? {};
  return machineResponder({
    version: version(),
    keys,
    controlKey,
    variables: variables.map(({ name, value, standard }) => ({ name, value, isDefault: standard })),
    nts,
    autokey,
    ...(configure === undefined ? {} : { configure }),
  });
}
