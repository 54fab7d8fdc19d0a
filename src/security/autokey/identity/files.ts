/**
 * The files of identity parameters, as ntp-keygen writes and ntpd reads them: PEM of DSA and RSA keys in which a scheme's numbers hide.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { DER, readElements, readNested, readNumber, readNumbers } from "../der.ts";
import { KeyFileFault, readKeyFile } from "../keyfiles.ts";
import { readGq } from "./gq.ts";
import type { GroupParameters, IdentityScheme } from "./identity.ts";
import { areIffParameters, iffPublicValue, type IffParameters } from "./iff.ts";
import { areMvParameters, type MvParameters } from "./mv.ts";
import { power } from "./numbers.ts";

/** Reads the parameters of a group, a server's or a client's. */
export function readGroupFile(scheme: IdentityScheme, text: string, password: string): GroupParameters | KeyFileFault {
  const read = readKeyFile(text, password);
  if (read instanceof KeyFileFault) return read;
  const { what, filestamp } = read;
  switch (scheme) {
    case "iff":
      return iffOf(what, filestamp);
    case "gq":
      return gqOf(what, filestamp);
    case "mv":
      return mvOf(what, filestamp);
  }
}

/**
 * A server's, with the secret, or a client's, which has 1 in its place.
 *
 * As PKCS#8, which ntp-keygen writes since OpenSSL 1.0, a file has lost the public value, and what a reader then takes for it, g^b, is wrong.
 * By the secret it is reckoned again; a client's file has no secret.
 */
function iffOf(key: KeyObject, filestamp: number): IffParameters | KeyFileFault {
  const numbers = dsaNumbers(key);
  if (numbers === null) return new KeyFileFault("it has no IFF parameters (those look like a DSA key)");
  const { p, q, g, secret, publicValue } = numbers;
  const isLost = hasLost(numbers);
  if (isLost && secret === 1n) return LOST;
  const parameters: IffParameters = {
    scheme: "iff",
    p,
    q,
    g,
    publicValue: isLost ? iffPublicValue({ p, q, g }, secret) : publicValue,
    secret: secret === 1n ? null : secret,
    filestamp,
  };
  return areIffParameters(parameters) ? parameters : new KeyFileFault("its IFF parameters do not fit one another");
}

function gqOf(key: KeyObject, filestamp: number): GroupParameters | KeyFileFault {
  const numbers = rsaNumbers(key);
  if (numbers === null) return new KeyFileFault("it has no GQ parameters (those look like an RSA key)");
  const parameters = readGq(numbers);
  return parameters === null
    ? new KeyFileFault("its GQ parameters do not fit one another")
    : { ...parameters, filestamp };
}

/** A server's file has a divisor, a client's 1 in its place. */
function mvOf(key: KeyObject, filestamp: number): MvParameters | KeyFileFault {
  const numbers = dsaNumbers(key);
  if (numbers === null) return new KeyFileFault("it has no MV parameters (those look like a DSA key)");
  const { p, q, g, secret, publicValue } = numbers;
  if (hasLost(numbers)) return LOST;
  const pair = [secret, publicValue] as const;
  const parameters: MvParameters = {
    scheme: "mv",
    p,
    server: q === 1n ? null : { q, key: g, partial: pair },
    client: q === 1n ? pair : null,
    filestamp,
  };
  return areMvParameters(parameters) ? parameters : new KeyFileFault("its MV parameters do not fit one another");
}

const LOST = new KeyFileFault(
  "it has lost its public value, as all that ntp-keygen writes of it with OpenSSL 1.0 and later have; take a group's parameters from its server's key file, or make them by ntpkit keygen",
);

/** The numbers of a DSA key. */
interface DsaNumbers {
  readonly p: bigint;
  readonly q: bigint;
  readonly g: bigint;
  readonly secret: bigint;
  readonly publicValue: bigint;
}

/** PKCS#8 has no public value, and readers make it from the private one. */
function hasLost({ p, g, secret, publicValue }: DsaNumbers): boolean {
  return publicValue === power(g, secret, p);
}

/** PKCS#8's numbers, and the public one that Node has beside them. */
function dsaNumbers(key: KeyObject): DsaNumbers | null {
  if (key.asymmetricKeyType !== "dsa") return null;
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

/** The numbers of an RSA key, whatever they are. */
function rsaNumbers(key: KeyObject): { n: bigint; e: bigint; d: bigint; p: bigint; q: bigint } | null {
  if (key.asymmetricKeyType !== "rsa") return null;
  const [, n, e, d, p, q] = readNumbers(key.export({ format: "der", type: "pkcs1" })) ?? [];
  return n === undefined || e === undefined || d === undefined || p === undefined || q === undefined
    ? null
    : { n, e, d, p, q };
}
