/**
 * The packet tests by name (RFC 5905 §9.2; ntpd's TEST1 … TEST7 and their flash bits).
 *
 * A packet that fails one changes nothing but counters: no association is mobilized or moved by it.
 */
import { pollInterval } from "../time/seconds.ts";
import { difference, UNKNOWN_TIME } from "../time/timestamp.ts";
import { MAXSTRAT } from "../wire/header.ts";
import type { Header } from "../wire/header.ts";
import { MAXDISP } from "./filter.ts";

/** Every packet test: its flash bit in ntpq (0: ntpd has none), and what it says of the packet that fails it. */
export const PACKET_TESTS = {
  duplicate: { flash: 0x0001, text: "a duplicate of a packet we have had" },
  bogus: { flash: 0x0002, text: "its origin is not what we sent" },
  unsynchronized: { flash: 0x0004, text: "its timestamps are missing" },
  denied: { flash: 0x0008, text: "access denied" },
  authentication: { flash: 0x0010, text: "it is not authentic" },
  stratum: { flash: 0x0020, text: "the server is not synchronized or its stratum is out of range" },
  header: { flash: 0x0040, text: "its timestamps or root distance are impossible" },
  mode: { flash: 0, text: "its mode is not that of an answer" },
  address: { flash: 0, text: "it came from another address" },
  own: { flash: 0, text: "it is our own, come back" },
  loop: { flash: 0x0800, text: "the server follows us (loop)" },
} as const;

/** The name of a packet test. */
export type PacketTest = keyof typeof PACKET_TESTS;

/** The tests of a header's contents. */
export type HeaderFault = Extract<PacketTest, "unsynchronized" | "stratum" | "header">;

/** Whether a server says that its clock is not synchronized (TEST6, RFC 5905 A.5.1.1 "unsynchronized"). */
export function isUnsynchronized({ leap, stratum }: { leap: Header["leap"] | null; stratum: number }): boolean {
  return leap === "unsynchronized" || stratum === 0 || stratum >= MAXSTRAT;
}

/**
 * The tests of a header's contents, once its origin and authenticity are established (TEST3, TEST6, TEST7).
 * @returns the first test it fails, or `null`
 */
export function headerFault(header: Header): HeaderFault | null {
  if (header.receive === UNKNOWN_TIME || header.transmit === UNKNOWN_TIME) return "unsynchronized";
  if (isUnsynchronized(header)) return "stratum";
  if (header.rootDelay / 2 + header.rootDispersion >= MAXDISP) return "header";
  // The server's clock cannot have been set after this packet left. One poll of ours is allowed for, as clocks step.
  if (header.reference !== UNKNOWN_TIME && difference(header.reference, header.transmit) > pollInterval(0))
    return "header";
  return null;
}
