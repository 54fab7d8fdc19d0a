/** `ntpkit keygen --autokey`: a folder of an Autokey host's keys, as ntp-keygen makes it. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UsageError } from "../config/usage.ts";
import { isFault, readHost, readKept, type KeyFolder } from "../security/autokey/folder.ts";
import { isHostName } from "../security/autokey/certificate.ts";
import { makeKeys, NO_KEYS, type KeptKeys, type KeysRequest } from "../security/autokey/make.ts";
import { SCHEMES } from "../security/autokey/schemes.ts";
import { writeKeyTexts } from "../security/autokey/write.ts";
import { systemReason } from "../security/place.ts";
import { REPLY_OCTETS } from "../server/reply.ts";
import { realFiles } from "../state/files.ts";
import { sweepLeftovers } from "../state/leftovers.ts";
import { documentText, schemaName } from "../view/document.ts";
import { tooLong } from "./autokey.ts";
import { passwordOf } from "./autokey-password.ts";
import { CommandFailure, exitCode } from "./exit.ts";
import type { Io } from "./io.ts";
import type { OptionsOf } from "./options/offers.ts";
import { ROWS } from "./options/rows.ts";

type KeygenOptions = OptionsOf<"keygen">;

/** Bits of the longest GQ key that ntpd can read from a certificate: it takes a number's length for one octet. */
const LONGEST_GQ_OF_NTPD = 1016;

/** Bits of the longest DSA key that is believed. */
const LONGEST_DSA = 3072;

/**
 * Makes the keys of a folder.
 * @returns the exit code
 * @throws UsageError, CommandFailure
 */
export async function runKeygenAutokey(file: string | null, options: KeygenOptions, io: Io): Promise<number> {
  if (file !== null) throw new UsageError("with --autokey a folder is written, and no file", `leave out "${file}"`);
  const path = options.autokey!;
  const host = nameOf("--host", options.host ?? hostname());
  const group = options.group === undefined ? null : nameOf("--group", options.group);
  const password = passwordOf(options) ?? host;
  const folder = { path, password, hostname: host, ...(group === null ? {} : { ident: group }) };
  // A folder is made only for what can be: there is none yet, or whoever makes it says what is in its place.
  const isThere = existsSync(`${path}/.`);
  const kept = options.force === true || !isThere ? NO_KEYS : keptIn(folder, host);
  const request = requestOf(options, { host, group, password }, kept);
  makeFolder(path);
  const texts = makeKeys(request, kept, randomBytes);
  for (const { name, link } of texts)
    for (const one of [name, link]) if (one !== null) sweepLeftovers(realFiles, join(path, one));
  const fault = writeKeyTexts(path, texts);
  if (fault !== null)
    throw new CommandFailure({
      code: "permission",
      message: `cannot write ${fault.path}: ${fault.why}`,
      hint: "name a folder that you may write to",
    });
  const names = texts.map(({ name }) => name);
  if (options.json === true) io.out.write(documentText(document(path, names), io.out.isTerminal));
  else if (options.quiet !== true)
    for (const line of [...told(request, kept, names), ...useless(folder)]) io.err.write(`ntpkit keygen: ${line}\n`);
  return exitCode("ok");
}

function nameOf(flag: string, name: string): string {
  if (isHostName(name) && !/[/@]/.test(name)) return name;
  throw new UsageError(
    `${flag}: "${name}" cannot be a name in a certificate and of files`,
    "letters, digits, - and . can",
  );
}

/** @throws CommandFailure where it cannot be made */
function makeFolder(path: string): void {
  try {
    realFiles.makeFolder(path);
  } catch (error) {
    throw new CommandFailure({
      code: "permission",
      message: `cannot make the folder ${path}: ${systemReason(error)}`,
      hint: "name one that you may write to",
    });
  }
}

/** @throws UsageError where what is there cannot be read */
function keptIn(folder: KeyFolder, host: string): KeptKeys {
  const kept = readKept(folder, host);
  if (isFault(kept)) throw new UsageError(`--autokey: ${kept.path}: ${kept.fault}`, "--force makes all keys anew");
  return kept;
}

function requestOf(
  options: KeygenOptions,
  names: Pick<KeysRequest, "host" | "group" | "password">,
  { signKey, trusted }: KeptKeys,
): KeysRequest {
  const asked = options.sign ?? (options.scheme?.startsWith("DSA") === true && signKey === null ? "dsa" : null);
  const signs = signKey?.what.asymmetricKeyType ?? asked ?? "rsa";
  const shortName = options.scheme ?? (signs === "dsa" ? "DSA-SHA256" : "RSA-SHA256");
  const scheme = SCHEMES.find((one) => one.shortName === shortName)!;
  if (scheme.key !== signs)
    throw new UsageError(
      `--scheme ${shortName} is not for the ${signs.toUpperCase()} key that signs`,
      "name a scheme of that key, or let --sign and --force make another",
    );
  if (options.clientKeys !== undefined && options.identity !== "mv")
    throw new UsageError("--client-keys is for MV's parameters", "add --identity mv");
  if (options.identityBits !== undefined && options.identity === undefined)
    throw new UsageError("--identity-bits is for the parameters of a group", "add --identity iff, gq or mv");
  const bits = options.modulus ?? ROWS.modulus.standard;
  if (signs === "dsa" && signKey === null && bits > LONGEST_DSA)
    throw new UsageError(`--modulus ${bits} is too long for a DSA sign key`, `${LONGEST_DSA} is the most`);
  return {
    ...names,
    trusted: trusted || options.trusted === true,
    bits,
    sign: asked,
    scheme,
    identities: options.identity === undefined ? [] : [options.identity],
    identityBits: options.identityBits ?? ROWS.identityBits.standard,
    clients: options.clientKeys ?? ROWS.clientKeys.standard,
    days: options.lifetime ?? ROWS.lifetime.standard,
    unix: Math.floor(Date.now() / 1000),
  };
}

/** What was done, and what is to be known of it. */
function told(
  { identities, identityBits, sign, group, host }: KeysRequest,
  kept: KeptKeys,
  names: readonly string[],
): string[] {
  const made = identities.find((scheme) => !kept.identities.includes(scheme));
  const kinds = made === "mv" ? "mvparN" : `${made}par`;
  return [
    `wrote ${names.join(", ")}`,
    ...(made === undefined
      ? []
      : [
          `a client of the group ${group ?? host} needs its ntpkey_${kinds} file, under the name ntpkey_${made}par_${group ?? host}; the keys stay with the servers`,
        ]),
    ...(made === "gq" && identityBits > LONGEST_GQ_OF_NTPD
      ? [`ntpd cannot check GQ of more than ${LONGEST_GQ_OF_NTPD} bits (--identity-bits)`]
      : []),
    ...(sign === "dsa" ? ["ntpd knows no DSA signature since OpenSSL 1.1"] : []),
    "Autokey is weak: its cookies can be guessed of ntpd, and its sessions stand on MD5; where others speak it, NTS is the way to go",
  ];
}

/** What is wrong with keys although they were made as was asked. */
function useless(folder: KeyFolder): readonly string[] {
  const made = readHost(folder, "md5");
  return isFault(made) ? [] : tooLong(made, folder.path, REPLY_OCTETS).map(({ message }) => message);
}

function document(folder: string, files: readonly string[]): object {
  return {
    schema: schemaName("keygen"),
    ok: true,
    exitCode: exitCode("ok"),
    file: folder,
    keys: [],
    text: null,
    files,
  };
}
