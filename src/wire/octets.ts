/** Octets put together. */

/** One array of several, in their order; a copy. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const octets = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    octets.set(part, offset);
    offset += part.length;
  }
  return octets;
}
