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
