/**
 * Autokey's files, as ntp-keygen writes and ntpd reads them: PEM, after a first line that ends with the moment it was made, by which its
 * readers know one make from another.
 *
 * ```text
 * # ntpkey_RSAhost_NAME.FILESTAMP        ntpkey_host_NAME is a link to it
 * ```
 */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

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

const NO_FILESTAMP = new KeyFileFault(
  "its first line does not end with when it was made, as # ntpkey_RSAhost_NAME.4004282372",
);

/** The digits after the last dot of the first line. */
function filestampOf(text: string): number | null {
  const [, digits] = /^[^\n]*\.(\d{1,10})[^\n.]*(?:\r?\n|$)/.exec(text) ?? [];
  const filestamp = Number(digits);
  return digits === undefined || filestamp > 0xffff_ffff ? null : filestamp;
}
