/**
 * MD5, which names servers by their IPv6 address in reference identifiers (RFC 5905 §7.3 "Reference ID"), nothing secret.
 *
 * A one-shot hashes its own few addresses: OpenSSL's function, which is part of every Node, is called as libc's are, since
 * loading node:crypto for them takes 2.5 ms. Where it cannot be called, node:crypto it is.
 */
import { md5 as byNode } from "../security/md5.ts";
import { libc } from "./libc.ts";

const OCTETS = 16;

/** The digest of some octets. */
export function md5(octets: Uint8Array): Uint8Array {
  const digest = new Uint8Array(OCTETS);
  return digestByOpenSsl(octets, digest) ? digest : byNode(octets);
}

/** @returns false where there is no such function, or it refuses (FIPS 140) */
function digestByOpenSsl(octets: Uint8Array, digest: Uint8Array): boolean {
  try {
    return (libc()?.MD5(octets, octets.length, digest) ?? null) !== null;
  } catch {
    return false;
  }
}
