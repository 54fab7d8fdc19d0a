/**
 * What is to be thought of a recorded packet, by one name each: the packet tests of the peer process in its own order
 * (`association/client.ts`), as far as somebody beside the road can make them, and what is no packet at all.
 */
import { PACKET_TESTS, type PacketTest } from "../association/tests.ts";
import type { MessageFault } from "./message.ts";

/** Packet tests that what was captured is enough for: nothing of who asked here, or of what access there is. */
type Tested = Exclude<PacketTest, "denied" | "address" | "own" | "mode">;

/** The name of a verdict. */
export type DecodeVerdict =
  | "ok"
  | Tested
  | MessageFault
  | "kiss" // no time, but an order
  | "nak" // a crypto-NAK
  | "unasked" // an answer to nothing that was captured
  | "refused"; // a daemon's error response

/** Every verdict's sentence. */
export const VERDICTS: Readonly<Record<DecodeVerdict, string>> = {
  ok: "nothing is the matter with it",
  duplicate: PACKET_TESTS.duplicate.text,
  unsynchronized: PACKET_TESTS.unsynchronized.text,
  authentication: PACKET_TESTS.authentication.text,
  stratum: PACKET_TESTS.stratum.text,
  header: PACKET_TESTS.header.text,
  bogus: "its origin is nothing that was sent to it",
  loop: "the server follows the one it answers (loop)",
  mode: "of a mode nobody uses",
  kiss: "a kiss-o'-death: no time, but an order",
  nak: "a crypto-NAK: the sender could not authenticate what it answers",
  unasked: "nothing that it could answer was captured",
  refused: "the daemon refused",
  tooShort: "shorter than a header",
  tooLong: "longer than any NTP packet",
  version: "of a version nobody speaks",
  extensionLength: "an extension field has an impossible length",
  macLength: "what is left at its end cannot be a MAC",
  short: "shorter than a control header",
  unaligned: "not a whole number of words",
  count: "it claims more data than it has",
  cut: "too little of it was captured",
};
