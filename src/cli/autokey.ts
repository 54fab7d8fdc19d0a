/** What runs under Autokey need besides: loaded where a line asks for it, and not before. */
import { hostname } from "node:os";
import { UsageError } from "../config/usage.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { AutokeyAnswering, SecurityProvider } from "../security/security.ts";
import type { GroupParameters } from "../security/autokey/identity/identity.ts";
import type { FolderFault } from "../security/autokey/folder.ts";
import { passwordOf } from "./autokey-password.ts";

/** What can be said of the keys. */
export interface AutokeyOptions {
  /** The folder that they are in. */
  readonly autokey?: string;
  /** A file with the password of those that are encrypted. */
  readonly autokeyPassword?: string;
}

/** Makes the securities of associations under Autokey. */
export type MakeAutokey = SecurityProvider["autokey"];

/**
 * Loads what a configuration needs.
 * @returns `null`: nothing
 * @throws UsageError where a file cannot be used
 */
export async function loadAutokey(
  { associations }: EngineConfig,
  options: AutokeyOptions,
): Promise<MakeAutokey | null> {
  const { autokey: path } = options;
  checkPassword(options);
  const lines = associations.flatMap(({ autokey }) => autokey ?? []);
  if (path === undefined || lines.length === 0) return null;
  const [{ autokeySecurity }, { readHost, readGroup, isFault }] = await Promise.all([
    import("../security/autokey/client.ts"),
    import("../security/autokey/folder.ts"),
  ]);
  const folder = { path, password: passwordOf(options), hostname: hostname() };
  const credentials = readHost(folder, "md5");
  if (isFault(credentials)) throw unusable(credentials);
  const groups = new Map<string, readonly GroupParameters[]>();
  for (const { ident } of lines) {
    if (ident === null || groups.has(ident)) continue;
    const parameters = readGroup(folder, ident);
    if (isFault(parameters)) throw unusable(parameters);
    groups.set(ident, parameters);
  }
  const { randomBytes, randomInt } = process.getBuiltinModule("node:crypto");
  return (remote, ident) =>
    autokeySecurity(
      {
        credentials,
        associationId: randomInt(1, 0x1_0000),
        group: ident === null ? null : (groups.get(ident) ?? null),
        random: randomBytes,
      },
      remote,
    );
}

/**
 * Loads what is needed to answer clients.
 * @returns `null`: nothing is said of it
 * @throws UsageError where a file cannot be used
 */
export async function loadAutokeyServer(options: AutokeyOptions): Promise<AutokeyAnswering | null> {
  const { autokey: path } = options;
  if (path === undefined) {
    checkPassword(options);
    return null;
  }
  const [{ AutokeyServer }, { readHost, isFault }] = await Promise.all([
    import("../security/autokey/server.ts"),
    import("../security/autokey/folder.ts"),
  ]);
  const credentials = readHost({ path, password: passwordOf(options), hostname: hostname() }, "md5");
  if (isFault(credentials)) throw unusable(credentials);
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  return new AutokeyServer(credentials, randomBytes, Math.floor(Date.now() / 1000));
}

/** @throws UsageError where there is a password, and nothing that it is of */
function checkPassword({ autokey, autokeyPassword }: AutokeyOptions): void {
  if (autokey === undefined && autokeyPassword !== undefined)
    throw new UsageError("--autokey-password is for --autokey", "that names the folder of the keys");
}

function unusable({ path, fault }: FolderFault): UsageError {
  return new UsageError(`--autokey: ${path}: ${fault}`);
}
