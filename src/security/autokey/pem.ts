/** Keys as PEM, in the forms that ntpd 4.2.8 reads with the OpenSSL of its day: PKCS#8, and of DSA keys the older one, which keeps the public value. */
import { createCipheriv, createHash, randomBytes, type KeyObject } from "node:crypto";
import { derNumbers } from "./der.ts";

/** Of PKCS#8, and of the older form. */
const CIPHER = "aes-256-cbc";
const KEY_OCTETS = 32;
const BLOCK_OCTETS = 16;

/** Octets of the initialization vector that are the salt of the older form. */
const SALT_OCTETS = 8;

/** A private key as PKCS#8, encrypted. */
export function privateKeyText(key: KeyObject, password: string): string {
  return key.export({ type: "pkcs8", format: "pem", cipher: CIPHER, passphrase: password }) as string;
}

/**
 * Numbers as a DSA key: p, q, g, the public value, the private one.
 * @param password `null`: it is for everybody
 */
export function dsaText(numbers: readonly [bigint, bigint, bigint, bigint, bigint], password: string | null): string {
  const octets = derNumbers([0n, ...numbers]);
  if (password === null) return pemText("DSA PRIVATE KEY", [], octets);
  const vector = randomBytes(BLOCK_OCTETS);
  const cipher = createCipheriv(CIPHER, opensslKey(password, vector.subarray(0, SALT_OCTETS)), vector);
  const headers = ["Proc-Type: 4,ENCRYPTED", `DEK-Info: AES-256-CBC,${vector.toString("hex").toUpperCase()}`, ""];
  return pemText("DSA PRIVATE KEY", headers, Buffer.concat([cipher.update(octets), cipher.final()]));
}

/** Octets as PEM (RFC 7468). */
export function pemText(label: string, headers: readonly string[], octets: Uint8Array): string {
  const lines =
    Buffer.from(octets)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `${[`-----BEGIN ${label}-----`, ...headers, ...lines, `-----END ${label}-----`].join("\n")}\n`;
}

/** A key from a password as the older form has it (EVP_BytesToKey): one round of MD5, which is why nothing else is written in it. */
function opensslKey(password: string, salt: Uint8Array): Buffer {
  let key = Buffer.alloc(0);
  let last = Buffer.alloc(0);
  while (key.length < KEY_OCTETS) {
    last = createHash("md5").update(last).update(password, "utf8").update(salt).digest();
    key = Buffer.concat([key, last]);
  }
  return key.subarray(0, KEY_OCTETS);
}
