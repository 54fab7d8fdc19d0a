/**
 * A folder of Autokey's keys, as ntp-keygen leaves it and ntpd's `keysdir` names it: `ntpkey_host_NAME`, `ntpkey_cert_NAME` and, where there
 * are any, `ntpkey_sign_NAME`; `ntpkey_iffkey_GROUP`, `gqkey` and `mvkey` of a group's server, `ntpkey_iffpar_GROUP`, `gqpar` and `mvpar` of the
 * groups whose servers it asks.
 */
import type { KeyObject } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { LARGEST, readText } from "../readfile.ts";
import { systemReason } from "../place.ts";
import { Credentials } from "./credentials.ts";
import { readCertificate } from "./certificate.ts";
import { readGroupFile } from "./identity/files.ts";
import { gqPublicValue } from "./identity/gq.ts";
import { IDENTITY_SCHEMES, type GroupParameters } from "./identity/identity.ts";
import { KeyFileFault, readCertificateFile, readKeyFile, type Stamped } from "./keyfiles.ts";
import type { KeptKeys } from "./make.ts";
import type { SessionDigest } from "./session.ts";

/** A folder to read. */
export interface KeyFolder {
  readonly path: string;
  /** Of its encrypted files; `null`: the host's name, as ntpd has it. */
  readonly password: string | null;
  /** This host's name: its files are taken, or the only ones that there are. */
  readonly hostname: string;
  /** It was told so: no other host's files are taken. */
  readonly isNamed?: boolean;
  /** The group whose server it is; absent: that of its own name. */
  readonly ident?: string;
}

/** What is wrong, and with which file. */
export interface FolderFault {
  readonly path: string;
  readonly fault: string;
}

/** A host's keys. */
export function readHost(folder: KeyFolder, digest: SessionDigest): Credentials | FolderFault {
  const name = nameIn(folder);
  if (typeof name !== "string") return name;
  const password = folder.password ?? name;
  const hostKey = read(folder, `host_${name}`, (text) => readKeyFile(text, password));
  if (isFault(hostKey)) return hostKey;
  const certificate = read(folder, `cert_${name}`, readCertificateFile);
  if (isFault(certificate)) return certificate;
  const signKey = optional(folder, `sign_${name}`, (text) => readKeyFile(text, password));
  if (isFault(signKey)) return signKey;
  const identities = identitiesOf(folder, name, password);
  if (isFault(identities)) return identities;
  const credentials = Credentials.of({ hostKey, signKey, certificate, identities }, digest);
  return credentials instanceof KeyFileFault
    ? { path: join(folder.path, `ntpkey_cert_${name}`), fault: credentials.message }
    : credentials;
}

/** What a host's folder has already, for new keys beside it. */
export function readKept(folder: KeyFolder, name: string): KeptKeys | FolderFault {
  const password = folder.password ?? name;
  const hostKey = optional(folder, `host_${name}`, (text) => readKeyFile(text, password));
  if (isFault(hostKey)) return hostKey;
  const signKey = optional(folder, `sign_${name}`, (text) => readKeyFile(text, password));
  if (isFault(signKey)) return signKey;
  const identities = identitiesOf(folder, name, password);
  if (isFault(identities)) return identities;
  const certificate = optional(folder, `cert_${name}`, readCertificateFile);
  const read = certificate === null || isFault(certificate) ? "certificate" : readCertificate(certificate.what);
  const gq = identities.find((one) => one.scheme === "gq");
  return {
    hostKey,
    signKey,
    identities: identities.map(({ scheme }) => scheme),
    groupKey: gq?.scheme === "gq" && gq.secret !== null ? gqPublicValue(gq.n, { ...gq, secret: gq.secret }) : null,
    trusted: typeof read !== "string" && read.trusted,
  };
}

/** What a host has as a server of its group: files of the group's name, which is the host's own unless it was told another. */
function identitiesOf(folder: KeyFolder, name: string, password: string): readonly GroupParameters[] | FolderFault {
  const identities: GroupParameters[] = [];
  for (const { scheme } of IDENTITY_SCHEMES) {
    const read = optional(folder, `${scheme}key_${folder.ident ?? name}`, (text) =>
      readGroupFile(scheme, text, password),
    );
    if (read !== null && isFault(read)) return read;
    if (read !== null) identities.push(read);
  }
  return identities;
}

/** The host keys of all hosts in a folder, for which cookies were encrypted. */
export function readHostKeys(path: string, password: string | null): readonly KeyObject[] | FolderFault {
  let names: readonly string[];
  try {
    names = readdirSync(path).filter((file) => file.startsWith(HOST));
  } catch (error) {
    return { path, fault: systemReason(error) };
  }
  if (names.length === 0) return { path, fault: `there is no ${HOST}NAME in it` };
  const keys: KeyObject[] = [];
  for (const name of names) {
    const host = name.slice(HOST.length);
    const key = read({ path, password, hostname: host }, `host_${host}`, (text) => readKeyFile(text, password ?? host));
    if (isFault(key)) return key;
    keys.push(key.what);
  }
  return keys;
}

/**
 * A group's parameters, as a client needs them: of each scheme from the file for clients, or from the servers' own.
 * @returns at least one, in the order in which ntpd prefers them
 */
export function readGroup(folder: KeyFolder, group: string): readonly GroupParameters[] | FolderFault {
  const found: GroupParameters[] = [];
  let fault: FolderFault | null = null;
  for (const { scheme } of IDENTITY_SCHEMES) {
    for (const kind of ["par", "key"]) {
      const password = folder.password ?? group;
      const read = optional(folder, `${scheme}${kind}_${group}`, (text) => readGroupFile(scheme, text, password));
      if (read === null || isServersOnly(read)) continue;
      if (!isFault(read)) {
        found.push(read);
        break;
      }
      fault ??= read;
    }
  }
  if (found.length > 0) return found;
  return fault ?? { path: join(folder.path, `ntpkey_iffpar_${group}`), fault: "it is not there" };
}

/** MV's servers have not what a client needs. */
function isServersOnly(read: GroupParameters | FolderFault): boolean {
  return !isFault(read) && read.scheme === "mv" && read.client === null;
}

/** The host whose files are there. */
function nameIn({ path, hostname, isNamed = false }: KeyFolder): string | FolderFault {
  let files: readonly string[];
  try {
    files = readdirSync(path);
  } catch (error) {
    return { path, fault: systemReason(error) };
  }
  const names = files.flatMap((file) => (file.startsWith(HOST) ? [file.slice(HOST.length)] : []));
  const [only, ...others] = names;
  if (names.includes(hostname)) return hostname;
  if (only !== undefined && others.length === 0 && !isNamed) return only;
  const fault =
    only === undefined || isNamed
      ? `there is no ${HOST}${hostname} in it`
      : `there are keys of several hosts in it, and none of ${hostname}`;
  return { path, fault };
}

const HOST = "ntpkey_host_";

function read<T extends Stamped<unknown> | GroupParameters>(
  folder: KeyFolder,
  name: string,
  parse: (text: string) => T | KeyFileFault,
): T | FolderFault {
  const path = join(folder.path, `ntpkey_${name}`);
  let text: string;
  try {
    text = readText(path, LARGEST.certificates);
  } catch (error) {
    return { path, fault: systemReason(error) };
  }
  const parsed = parse(text);
  return parsed instanceof KeyFileFault ? { path, fault: parsed.message } : parsed;
}

/** `null`: it is not there. */
function optional<T extends Stamped<unknown> | GroupParameters>(
  folder: KeyFolder,
  name: string,
  parse: (text: string) => T | KeyFileFault,
): T | FolderFault | null {
  const files = readdirSync(folder.path);
  return files.includes(`ntpkey_${name}`) ? read(folder, name, parse) : null;
}

/** What is in a folder, as far as it tells that something has changed. */
export function folderState(path: string): readonly string[] {
  try {
    return readdirSync(path).map((name) => {
      const { mtimeMs = 0, size = 0, ino = 0 } = statSync(join(path, name), { throwIfNoEntry: false }) ?? {};
      return `${name} ${mtimeMs} ${size} ${ino}`;
    });
  } catch (error) {
    return [systemReason(error)];
  }
}

/** For everybody. */
const READABLE_BY_ALL = 0o004;

/** The files of secrets that everybody on this host may read: private keys, and the parameters of servers. */
export function exposedFiles(path: string): readonly string[] {
  const secrets = readdirSync(path).filter((name) => /^ntpkey_(host|sign|iffkey|gqkey|mvkey)_/.test(name));
  return secrets
    .map((name) => join(path, name))
    .filter((file) => {
      const { mode = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
      return (mode & READABLE_BY_ALL) !== 0;
    });
}

/** Whether something could not be read. */
export function isFault(read: object | null): read is FolderFault {
  return read !== null && "fault" in read;
}
