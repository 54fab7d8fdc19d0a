/** Octets put together, and read as words. */

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

/** The view made last: of a capture or a pool of buffers thousands of packets are of the same memory. */
let viewed: DataView = new DataView(new ArrayBuffer(0));

/** A view of all the memory that octets are of; they begin in it at their `byteOffset`. Making one costs more than reading a header. */
export function memoryOf({ buffer }: Uint8Array): DataView {
  if (viewed.buffer !== buffer) viewed = new DataView(buffer);
  return viewed;
}
