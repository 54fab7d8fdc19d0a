/**
 * Autokey's files, as ntp-keygen writes and ntpd reads them: PEM, after a first line that ends with the moment it was made, by which its
 * readers know one make from another.
 *
 * ```text
 * # ntpkey_RSAhost_NAME.FILESTAMP        ntpkey_host_NAME is a link to it
 * ```
 */
import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from "node:crypto";
import { DER, readElements, readNested, readNumber } from "./der.ts";
import { areIffParameters, iffPublicValue, power, type IffParameters } from "./identity.ts";

/** Something of a file, with the moment it was made. */
export interface Stamped<T> {
  readonly what: T;
  /** NTP seconds of the era. */
  readonly filestamp: number;
}

/** A file that cannot be used, and why: for a person. */
export class KeyFileFault {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/**
 * Reads a private key: a host's, to sign by and to decrypt cookies; or one in which identity parameters hide.
 * @param text the file, as Latin-1 or UTF-8
 * @param password of an encrypted one
 */
export function readKeyFile(text: string, password: string): Stamped<KeyObject> | KeyFileFault {
  const filestamp = filestampOf(text);
  if (filestamp === null) return NO_FILESTAMP;
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return new KeyFileFault("there is no private key in it (PEM)");
  try {
    return { what: createPrivateKey({ key: text, passphrase: password }), filestamp };
  } catch {
    return new KeyFileFault(
      /ENCRYPTED/.test(text)
        ? "the private key cannot be read: perhaps the password is another"
        : "the private key cannot be read",
    );
  }
}

/** Reads a certificate's file. @returns its DER */
export function readCertificateFile(text: string): Stamped<Uint8Array> | KeyFileFault {
  const filestamp = filestampOf(text);
  if (filestamp === null) return NO_FILESTAMP;
  try {
    return { what: Uint8Array.from(new X509Certificate(text).raw), filestamp };
  } catch {
    return new KeyFileFault("there is no certificate in it (PEM)");
  }
}

/**
 * Reads the parameters of an IFF group: a server's, with the secret, or a client's, which has 1 in its place.
 *
 * As PKCS#8, which ntp-keygen writes since OpenSSL 1.0, a file has lost the public value, and what a reader then takes for it, g^b, is wrong.
 * By the secret it is reckoned again; a client's file has no secret.
 */
export function readIffFile(text: string, password: string): IffParameters | KeyFileFault {
  const read = readKeyFile(text, password);
  if (read instanceof KeyFileFault) return read;
  const numbers = read.what.asymmetricKeyType === "dsa" ? dsaNumbers(read.what) : null;
  if (numbers === null) return new KeyFileFault("it has no IFF parameters (those look like a DSA key)");
  const { p, q, g, secret, publicValue } = numbers;
  const isLost = publicValue === power(g, secret, p);
  if (isLost && secret === 1n) {
    return new KeyFileFault(
      "it has lost its public value, as all that ntp-keygen -e writes with OpenSSL 1.0 and later have; take the group's parameters from its server's key file",
    );
  }
  const parameters: IffParameters = {
    scheme: "iff",
    p,
    q,
    g,
    publicValue: isLost ? iffPublicValue({ p, q, g }, secret) : publicValue,
    secret: secret === 1n ? null : secret,
    filestamp: read.filestamp,
  };
  return areIffParameters(parameters) ? parameters : new KeyFileFault("its IFF parameters do not fit one another");
}

const NO_FILESTAMP = new KeyFileFault(
  "its first line does not end with when it was made, as # ntpkey_RSAhost_NAME.4004282372",
);

/** The digits after the last dot of the first line. */
function filestampOf(text: string): number | null {
  const [, digits] = /^[^\n]*\.(\d{1,10})[^\n.]*(?:\r?\n|$)/.exec(text) ?? [];
  const filestamp = Number(digits);
  return digits === undefined || filestamp > 0xffff_ffff ? null : filestamp;
}

/** PKCS#8's numbers, and the public one that Node has beside them. */
function dsaNumbers(key: KeyObject): { p: bigint; q: bigint; g: bigint; secret: bigint; publicValue: bigint } | null {
  const [, algorithm, octets] = readNested(key.export({ format: "der", type: "pkcs8" })) ?? [];
  const [, parameters] = algorithm === undefined ? [] : (readElements(algorithm.content) ?? []);
  const [p = null, q = null, g = null] =
    parameters === undefined ? [] : (readElements(parameters.content) ?? []).map(readNumber);
  const secret = innerNumber(octets?.content);
  const [, bits] = readNested(createPublicKey(key).export({ format: "der", type: "spki" })) ?? [];
  const publicValue = bits?.tag === DER.bitString ? innerNumber(bits.content.subarray(1)) : null;
  if (p === null || q === null || g === null || secret === null || publicValue === null) return null;
  return { p, q, g, secret, publicValue };
}

function innerNumber(octets: Uint8Array | undefined): bigint | null {
  const [number] = octets === undefined ? [] : (readElements(octets) ?? []);
  return number === undefined ? null : readNumber(number);
}
