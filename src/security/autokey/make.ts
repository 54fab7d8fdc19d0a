/**
 * New keys of a host (ntp-keygen's work): host key, sign key, certificate, identity parameters, as the texts of files. Nothing is written
 * here; what the host has already is kept, but for the certificate, which is always made anew.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { selfSigned } from "./certificate.ts";
import type { IdentityScheme } from "./identity/identity.ts";
import { dsaGroup, makeGq, makeIff, makeMv, type IdentityText, type MadeIdentity } from "./identity/make.ts";
import { drawn, power, type RandomOctets } from "./identity/numbers.ts";
import type { Stamped } from "./keyfiles.ts";
import { dsaText, pemText, privateKeyText } from "./pem.ts";
import type { Scheme } from "./schemes.ts";
import { ntpSeconds } from "./stamps.ts";

/** What is to be made. */
export interface KeysRequest {
  readonly host: string;
  /** The group whose server it becomes, of the names of identity parameters; `null`: of the host's own name. */
  readonly group: string | null;
  readonly password: string;
  /** Whether its certificate is where trails end. */
  readonly trusted: boolean;
  /** Of the host key, and of a sign key. */
  readonly bits: number;
  /** Whether a key of its own signs, and of which kind. */
  readonly sign: "rsa" | "dsa" | null;
  readonly scheme: Scheme;
  readonly identities: readonly IdentityScheme[];
  readonly identityBits: number;
  /** Of MV. */
  readonly clients: number;
  readonly days: number;
  /** When, Unix seconds. */
  readonly unix: number;
}

/** What is there already, and is kept. */
export interface KeptKeys {
  readonly hostKey: Stamped<KeyObject> | null;
  readonly signKey: Stamped<KeyObject> | null;
  readonly identities: readonly IdentityScheme[];
  /** Of GQ's parameters, for the certificate; `null`: there are none. */
  readonly groupKey: bigint | null;
  /** Whether the certificate is that of a trusted host. */
  readonly trusted: boolean;
}

/** Nothing is there, or all is to be made anew. */
export const NO_KEYS: KeptKeys = { hostKey: null, signKey: null, identities: [], groupKey: null, trusted: false };

/** A file to be written. */
export interface KeyText {
  readonly name: string;
  /** The link to it; `null`: none. */
  readonly link: string | null;
  readonly text: string;
}

/** The files of a request, the certificate's last: without it nothing is used. */
export function makeKeys(request: KeysRequest, kept: KeptKeys, random: RandomOctets): readonly KeyText[] {
  const { host, group, password, bits, sign, identities, unix } = request;
  const filestamp = ntpSeconds(unix);
  const fileOf = (kind: string, link: string | null, owner: string, text: string): KeyText => {
    const name = `ntpkey_${kind}_${owner}.${filestamp}`;
    const when = new Date(unix * 1000).toUTCString();
    return { name, link: link === null ? null : `ntpkey_${link}_${owner}`, text: `# ${name}\n# ${when}\n\n${text}` };
  };

  const hostKey = kept.hostKey?.what ?? rsaKey(bits);
  const signKey = kept.signKey?.what ?? (sign === null ? null : sign === "rsa" ? rsaKey(bits) : dsaKey(bits, random));
  const made = identities
    .filter((scheme) => !kept.identities.includes(scheme))
    .map((scheme) => identity(scheme, request, random));
  const groupKey = made.find((one) => one.groupKey !== undefined)?.groupKey ?? kept.groupKey;
  const signer = signKey ?? hostKey;
  return [
    ...(kept.hostKey === null ? [fileOf("RSAhost", "host", host, privateKeyText(hostKey, password))] : []),
    ...(kept.signKey === null && signKey !== null
      ? [
          fileOf(
            `${signKey.asymmetricKeyType === "rsa" ? "RSA" : "DSA"}sign`,
            "sign",
            host,
            privateKeyText(signKey, password),
          ),
        ]
      : []),
    ...made
      .flatMap(({ files }) => files)
      .map(({ kind, link, text }: IdentityText) => fileOf(kind, link, group ?? host, text)),
    fileOf(`${request.scheme.shortName}cert`, "cert", host, certificateText(request, signer, groupKey, filestamp)),
  ];
}

function identity(
  scheme: IdentityScheme,
  { identityBits, clients, password }: KeysRequest,
  random: RandomOctets,
): MadeIdentity {
  switch (scheme) {
    case "iff":
      return makeIff(identityBits, password, random);
    case "gq":
      return makeGq(identityBits, password, random);
    case "mv":
      return makeMv(identityBits, clients, password, random);
  }
}

function certificateText(
  { host, group, trusted, scheme, days, unix }: KeysRequest,
  key: KeyObject,
  groupKey: bigint | null,
  filestamp: number,
): string {
  const issuer = { name: group === null ? host : `${host}@${group}`, key, scheme };
  const marks = { trusted, ...(groupKey === null ? {} : { groupKey }) };
  const octets = selfSigned(issuer, createPublicKey(key), marks, unix, filestamp, days * 86_400);
  return pemText("CERTIFICATE", [], octets);
}

function rsaKey(bits: number): KeyObject {
  return generateKeyPairSync("rsa", { modulusLength: bits }).privateKey;
}

function dsaKey(bits: number, random: RandomOctets): KeyObject {
  const [p, q, g] = dsaGroup(bits, random);
  const secret = drawn(q, random);
  return createPrivateKey(dsaText([p, q, g, power(g, secret, p), secret], null));
}
