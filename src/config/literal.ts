/** Telling addresses from names. By the wire's own reader: Node's is a large pattern, slow to compile at every start. */
import { addressOctets } from "../wire/address.ts";

/**
 * The family of an IP literal.
 * @returns 0 where the text is none
 */
export function literalFamily(text: string): 4 | 6 | 0 {
  const octets = addressOctets(text);
  return octets === null ? 0 : octets.length === 4 ? 4 : 6;
}

/**
 * An IP literal as it is asked: an IPv4-mapped one (`::ffff:192.0.2.7`) is the IPv4 address it stands for; others stay as written.
 * @returns `null` where the text is none
 */
export function plainLiteral(text: string): string | null {
  const octets = addressOctets(text);
  if (octets === null) return null;
  return octets.length === 4 && text.includes(":") ? octets.join(".") : text;
}
