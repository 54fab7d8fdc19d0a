/** The packet tests by name, with ntpd's flash bits (RFC 5905 §9.2 "packet sanity tests"; ntpq "Flash Status Word"). */

/** Every packet test: its flash bit, and what it says of the packet that fails it. */
export const PACKET_TESTS = {
  duplicate: { flash: 0x0001, text: "a duplicate of a packet we have had" },
  bogus: { flash: 0x0002, text: "its origin is not what we sent" },
  unsynchronized: { flash: 0x0004, text: "timestamps missing, or the server is not synchronized" },
  denied: { flash: 0x0008, text: "access denied" },
  authentication: { flash: 0x0010, text: "not authentic" },
  stratum: { flash: 0x0020, text: "its stratum is out of range" },
  header: { flash: 0x0040, text: "root delay, dispersion or reference time is impossible" },
} as const;

/** The name of a packet test. */
export type PacketTest = keyof typeof PACKET_TESTS;
