/** Extension fields (RFC 7822). */

/** One extension field as it stands in the packet. */
export interface ExtensionField {
  /** Field type, unsigned 16 bits. */
  readonly type: number;
  /** The value with its padding, without the four octets of type and length. A view into the datagram. */
  readonly value: Uint8Array;
  /** Where the field starts in the datagram, octets. */
  readonly offset: number;
}
