/**
 * MD5, which names servers by their IPv6 address in reference identifiers (RFC 5905 §7.3 "Reference ID"), nothing secret. Loads
 * node:crypto when it is first asked for.
 */

/**
 * The digest of some octets.
 * @returns 16 octets
 */
export function md5(octets: Uint8Array): Uint8Array {
  return process.getBuiltinModule("node:crypto").createHash("md5").update(octets).digest();
}
