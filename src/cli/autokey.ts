/** What runs under Autokey need besides: loaded where a line asks for it, and not before. */
import { hostname } from "node:os";
import { UsageError, type Place } from "../config/usage.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { Credentials } from "../security/autokey/credentials.ts";
import type { FolderFault, KeyFolder } from "../security/autokey/folder.ts";
import type { GroupParameters } from "../security/autokey/identity/identity.ts";
import type { SessionDigest } from "../security/autokey/session.ts";
import type { AutokeyFacts } from "../control/responder/facts.ts";
import type { PlacedMessage } from "../security/place.ts";
import type { AutokeyAnswering, SecurityProvider } from "../security/security.ts";
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

/** A host's keys, and whoever is to be asked by them. */
export interface AutokeyHost {
  readonly credentials: Credentials;
  readonly make: MakeAutokey;
  /** There are others now: whoever was made by these is to begin again. */
  readonly retire: () => void;
  /** What is to be said of the keys: those that others may read, and a certificate that nobody can be shown. */
  readonly warnings: readonly PlacedMessage[];
}

/** Who answers under Autokey, and what others may do with his keys. */
export interface AutokeyServing {
  readonly answering: AutokeyAnswering;
  /** For control queries. */
  readonly facts: () => AutokeyFacts;
  readonly warnings: readonly PlacedMessage[];
}

/** Where keys are asked for, for messages: `--autokey`, or a place in a file. */
export interface AskedAt {
  readonly word: string;
  readonly at: Place | null;
}

const ON_COMMAND_LINE: AskedAt = { word: "--autokey", at: null };

/**
 * Loads what a configuration needs.
 * @returns `null`: nothing
 * @throws UsageError where a file cannot be used
 */
export async function loadAutokey(
  { associations }: EngineConfig,
  options: AutokeyOptions,
): Promise<AutokeyHost | null> {
  const { autokey: path } = options;
  checkPassword(options);
  const lines = associations.flatMap(({ autokey }) => autokey ?? []);
  if (path === undefined || lines.length === 0) return null;
  const folder = { path, password: passwordOf(options), hostname: hostname() };
  return await loadHost(folder, "md5", groupsOf(lines), ON_COMMAND_LINE);
}

/**
 * Loads what is needed to answer clients.
 * @returns `null`: nothing is said of it
 * @throws UsageError where a file cannot be used
 */
export async function loadAutokeyServer(options: AutokeyOptions): Promise<AutokeyServing | null> {
  const { autokey: path } = options;
  if (path === undefined) {
    checkPassword(options);
    return null;
  }
  const folder = { path, password: passwordOf(options), hostname: hostname() };
  const { credentials, warnings } = await loadHost(folder, "md5", [], ON_COMMAND_LINE);
  return { answering: await serverBy(credentials), facts: () => credentials.facts(null), warnings };
}

/** The groups that lines name, each once. */
export function groupsOf(lines: readonly { readonly ident: string | null }[]): readonly string[] {
  return [...new Set(lines.flatMap(({ ident }) => namesOf(ident ?? "")))];
}

/** Of several groups, of which a server may be one. */
function namesOf(ident: string): readonly string[] {
  return ident.split(" ").filter((name) => name !== "");
}

/**
 * Loads a host's keys, and the parameters of the groups that it asks.
 * @throws UsageError where a file cannot be used
 */
export async function loadHost(
  folder: KeyFolder,
  digest: SessionDigest,
  idents: readonly string[],
  asked: AskedAt,
): Promise<AutokeyHost> {
  const [{ securityInRole }, { exposedFiles, isFault, readHost, readGroup }, { REPLY_OCTETS }] = await Promise.all([
    import("../security/autokey/roles.ts"),
    import("../security/autokey/folder.ts"),
    import("../server/reply.ts"),
  ]);
  const unusable = ({ path, fault }: FolderFault): UsageError =>
    new UsageError(`${asked.word}: ${path}: ${fault}`, null, asked.at);
  const credentials = readHost(folder, digest);
  if (isFault(credentials)) throw unusable(credentials);
  const groups = new Map<string, readonly GroupParameters[]>();
  for (const ident of idents) {
    const parameters = readGroup(folder, ident);
    if (isFault(parameters)) throw unusable(parameters);
    groups.set(ident, parameters);
  }
  let isRetired = false;
  const { randomBytes, randomInt } = process.getBuiltinModule("node:crypto");
  return {
    credentials,
    warnings: [...exposedFiles(folder.path).map(exposedKey), ...tooLong(credentials, folder.path, REPLY_OCTETS)],
    retire: () => void (isRetired = true),
    make: (remote, ident, role) =>
      securityInRole(
        {
          credentials,
          associationId: randomInt(1, 0x1_0000),
          // Of a group that is not known nobody can prove to be.
          group: ident === null ? null : namesOf(ident).flatMap((name) => groups.get(name) ?? []),
          ident,
          random: randomBytes,
          isOutdated: () => isRetired,
        },
        remote,
        role,
      ),
  };
}

/** Who answers clients by a host's keys. */
export async function serverBy(credentials: Credentials): Promise<AutokeyAnswering> {
  const { AutokeyServer } = await import("../security/autokey/server.ts");
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  return new AutokeyServer(credentials, randomBytes, Math.floor(Date.now() / 1000));
}

/** What is to be said of a file of secrets that others may read. */
function exposedKey(file: string): PlacedMessage {
  return { file, line: 0, column: 0, message: "everybody on this host may read this key" };
}

/**
 * No packet is longer than a network carries in one piece: a certificate that does not fit is shown to nobody.
 * @param most octets of a packet
 */
export function tooLong(credentials: Credentials, file: string, most: number): readonly PlacedMessage[] {
  const octets = credentials.octetsShown;
  if (octets <= most) return [];
  const message = `the certificate of ${credentials.name} takes a packet of ${octets} octets, and ${most} is the most: clients ask for it in vain; make shorter keys (keygen --autokey, with --force and --modulus 2048)`;
  return [{ file, line: 0, column: 0, message }];
}

/** @throws UsageError where there is a password, and nothing that it is of */
function checkPassword({ autokey, autokeyPassword }: AutokeyOptions): void {
  if (autokey === undefined && autokeyPassword !== undefined)
    throw new UsageError("--autokey-password is for --autokey", "that names the folder of the keys");
}
