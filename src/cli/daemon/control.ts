/** Who answers control queries (mode 6) in the daemon. */
import { randomBytes } from "node:crypto";
import { arch, release, type as systemName } from "node:os";
import type { Configuration } from "../../config/ntpconf/record.ts";
import { ControlResponder } from "../../control/responder/responder.ts";
import type { ControlAnswering } from "../../engine/control.ts";
import type { Keyring } from "../../security/keyring.ts";
import { version } from "../version.ts";

/** Node's names of processors, in the kernel's words. */
const PROCESSORS: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64", ia32: "i686" };

/** Answers by what this program is, and by the configuration's key and variables. */
export function controlResponder({ controlKey, variables }: Configuration, keyring: Keyring | null): ControlAnswering {
  return new ControlResponder({
    build: { version: `ntpkit ${version()}`, processor: PROCESSORS[arch()] ?? arch(), system: `${systemName()}/${release()}` },
    keys: keyring,
    controlKey,
    secret: randomBytes(32),
    variables: variables.map(({ name, value, standard }) => ({ name, value, isDefault: standard })),
  });
}
