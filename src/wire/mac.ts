/** The message authentication code at a packet's end (RFC 5905 §7.3 figure 8, RFC 7822 §7.5.1.4). */

/** The trailer: a key identifier, and the digest unless it is a crypto-NAK. */
export interface Mac {
  /** Unsigned 32 bits; 0 in a crypto-NAK. */
  readonly keyId: number;
  /** 0 (crypto-NAK), 16 or 20 octets. A view into the datagram. */
  readonly digest: Uint8Array;
}
