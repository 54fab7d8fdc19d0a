/** Hosts that speak Autokey: those of the recordings with their key files and a source of chance that says what theirs said, and others made for a test. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { selfSigned, type Issuer } from "../../src/security/autokey/certificate.ts";
import { Credentials, type HostFiles } from "../../src/security/autokey/credentials.ts";
import { ntpSeconds } from "../../src/security/autokey/stamps.ts";
import { readGroupFile } from "../../src/security/autokey/identity/files.ts";
import type { GroupParameters } from "../../src/security/autokey/identity/identity.ts";
import type { IffParameters } from "../../src/security/autokey/identity/iff.ts";
import type { RandomOctets } from "../../src/security/autokey/identity/numbers.ts";
import { KeyFileFault, readCertificateFile, readKeyFile } from "../../src/security/autokey/keyfiles.ts";
import { SCHEMES } from "../../src/security/autokey/schemes.ts";
import type { SessionDigest } from "../../src/security/autokey/session.ts";

/** A recording of `test/fixtures/autokey`. */
export type Recording = "i1" | "i11";

/** The client, or the server. */
export type Side = "c" | "s";

const FILES = fileURLToPath(new URL("../fixtures/autokey/", import.meta.url));
const HOSTS = { c: { name: "cli", password: "clipw" }, s: { name: "srv", password: "srvpw" } };

/** A key file's text. */
export function keyFile(recording: Recording, side: Side, name: string): string {
  return readFileSync(`${FILES}${recording}/${side}/${name}`, "latin1");
}

/** What a key file was read as. */
export function usable<T>(read: T | KeyFileFault): T {
  if (read instanceof KeyFileFault) throw new Error(read.message);
  return read;
}

/** A host with its keys. */
export function recordedHost(recording: Recording, side: Side): Credentials {
  const { name, password } = HOSTS[side];
  const text = (kind: string): string => keyFile(recording, side, `ntpkey_${kind}_${name}`);
  return usable(
    Credentials.of({
      hostKey: usable(readKeyFile(text("host"), password)),
      signKey: null,
      certificate: usable(readCertificateFile(text("cert"))),
      identities: recording === "i11" && side === "s" ? [usableIff(text("iffkey"), password)] : [],
    }),
  );
}

/** What a file of IFF parameters was read as. */
export function usableIff(text: string, password: string): IffParameters {
  const read = usable(readGroupFile("iff", text, password));
  if (read.scheme !== "iff") throw new Error(read.scheme);
  return read;
}

/** The client's parameters of the group. */
export function recordedGroup(recording: Recording): readonly [IffParameters] | null {
  return recording === "i11" ? [usableIff(keyFile("i11", "c", "ntpkey_iffpar_srv"), "")] : null;
}

/** Chance that says these octets, one after the other, and throws when it is asked for more. */
export function saying(...said: readonly Uint8Array[]): RandomOctets {
  const left = [...said];
  return (length) => {
    const next = left.shift();
    if (next?.length !== length) throw new Error(`${length} octets were not expected to be drawn`);
    return next;
  };
}

/** A host made for a test: a key of 512 bits, since those are soon made. */
export interface MadeHost {
  readonly credentials: Credentials;
  readonly issuer: Issuer;
  readonly files: HostFiles;
}

/** What may be odd about a host. */
export interface Oddities {
  readonly trusted?: boolean;
  /** When its certificate begins, Unix seconds. */
  readonly from?: number;
  readonly scheme?: number;
  readonly digest?: SessionDigest;
  readonly identities?: readonly GroupParameters[];
  /** Of GQ, in its certificate. */
  readonly groupKey?: bigint;
  readonly bits?: number;
}

/** The moment at which all are made, Unix seconds. */
export const MADE = 1_800_000_000;

/** A host with keys of its own. */
export function madeHost(name: string, oddities: Oddities = {}): MadeHost {
  const { trusted = true, from = MADE, scheme = 668, digest = "md5", identities = [], groupKey, bits = 512 } = oddities;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const issuer = { name, key: privateKey, scheme: SCHEMES.find(({ nid }) => nid === scheme)! };
  const filestamp = ntpSeconds(from);
  const certificate = selfSigned(
    issuer,
    publicKey,
    { trusted, ...(groupKey === undefined ? {} : { groupKey }) },
    from,
    filestamp,
  );
  const files: HostFiles = {
    hostKey: { what: privateKey, filestamp },
    signKey: null,
    certificate: { what: certificate, filestamp },
    identities,
  };
  return { credentials: usable(Credentials.of(files, digest)), issuer, files };
}
