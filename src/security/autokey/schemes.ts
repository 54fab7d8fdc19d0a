/**
 * Signature schemes, as one table: by what digest and key values and certificates are signed (RFC 5906 §10 "Status Word").
 *
 * The status word has OpenSSL's number of the scheme in its high half, certificates its object identifier.
 */

/** One row of the table. */
export interface Scheme {
  /** OpenSSL's number, NID. */
  readonly nid: number;
  /** OpenSSL's name, as ntpq shows it. */
  readonly name: string;
  /** As ntp-keygen's `-c` and the names of certificate files have it. */
  readonly shortName: string;
  readonly oid: string;
  /** Node's name of the digest. */
  readonly digest: string;
  readonly key: "rsa" | "dsa";
}

/** Every scheme that is still anywhere. MD2 and MDC2 are not in today's libraries. */
export const SCHEMES: readonly Scheme[] = [
  rsa(8, "md5WithRSAEncryption", "RSA-MD5", 4, "md5"),
  rsa(65, "sha1WithRSAEncryption", "RSA-SHA1", 5, "sha1"),
  rsa(671, "sha224WithRSAEncryption", "RSA-SHA224", 14, "sha224"),
  rsa(668, "sha256WithRSAEncryption", "RSA-SHA256", 11, "sha256"),
  rsa(669, "sha384WithRSAEncryption", "RSA-SHA384", 12, "sha384"),
  rsa(670, "sha512WithRSAEncryption", "RSA-SHA512", 13, "sha512"),
  dsa(113, "dsaWithSHA1", "DSA-SHA1", "1.2.840.10040.4.3", "sha1"),
  dsa(802, "dsa_with_SHA224", "DSA-SHA224", "2.16.840.1.101.3.4.3.1", "sha224"),
  dsa(803, "dsa_with_SHA256", "DSA-SHA256", "2.16.840.1.101.3.4.3.2", "sha256"),
];

/** The scheme of a status word. `null`: it is not one of ours. */
export function schemeOfStatus(status: number): Scheme | null {
  return SCHEMES.find(({ nid }) => nid === status >>> 16) ?? null;
}

/** The scheme of a certificate's object identifier. */
export function schemeIdentified(oid: string): Scheme | null {
  return SCHEMES.find((scheme) => scheme.oid === oid) ?? null;
}

function rsa(nid: number, name: string, shortName: string, arc: number, digest: string): Scheme {
  return { nid, name, shortName, oid: `1.2.840.113549.1.1.${arc}`, digest, key: "rsa" };
}

function dsa(nid: number, name: string, shortName: string, oid: string, digest: string): Scheme {
  return { nid, name, shortName, oid, digest, key: "dsa" };
}
