/** The status word (RFC 5906 §10 "Status Word"), with ntpd 4.2.8's bits: what a host has, and how far the dance with it has come. */

/** Of the low half; the high half is the signature scheme's number. */
export const STATUS = {
  /** It speaks Autokey. */
  enabled: 0x0001,
  /** It has leap second values. */
  tai: 0x0002,
  /** Private certificate scheme. */
  private: 0x0010,
  iff: 0x0020,
  gq: 0x0040,
  mv: 0x0080,
  /** Any of the identity schemes. */
  schemes: 0x00f0,
  /** The certificate trail ends at a trusted host. */
  certificate: 0x0100,
  /** Identity is proved, or need not be. */
  identity: 0x0200,
  /** A signature was right since: its time may be believed. */
  proventic: 0x0400,
  cookie: 0x0800,
  autokey: 0x1000,
  /** It signed our certificate. */
  signed: 0x2000,
  leap: 0x4000,
} as const;
