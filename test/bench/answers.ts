/** What the benches of whole engines share: a good server's answer to any question, and a line of figures. */
import type { Event } from "../../src/engine/port/event.ts";
import { shift } from "../../src/time/timestamp.ts";
import { encodeHeader, HEADER_LENGTH, readHeader } from "../../src/wire/header.ts";
import { answerTo, at, requestAt } from "../support/association.ts";
import type { Send } from "../support/engine.ts";

/** Seconds from a question to its answer. */
export const DELAY = 0.005;

/**
 * A good server's answer to a question, {@link DELAY} after it left.
 * @param ip the server's address, where it is not the one that was asked: a group was
 */
export function replyOf(question: Send, left: number, ip: string = question.to.ip): Event {
  const { transmit: origin } = readHeader(
    new DataView(question.bytes.buffer, question.bytes.byteOffset, HEADER_LENGTH),
  );
  const receive = shift(at(left).clock, DELAY / 2);
  const member = ip.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const reference = shift(receive, -30 - (member % 65_536) / 65_536);
  const bytes = encodeHeader({
    ...answerTo(requestAt(0)).header,
    origin,
    receive,
    transmit: receive,
    reference,
    referenceId: member,
  });
  return {
    kind: "datagram",
    socket: question.socket,
    from: { ip, port: 123 },
    cast: "unicast",
    at: at(left + DELAY).clock,
    stamp: "kernel",
    bytes,
  };
}

/** Prints a figure. */
export function row(what: string, figure: number, unit: string): void {
  const text = figure >= 1000 ? Math.round(figure).toLocaleString("en") : figure.toPrecision(3);
  console.log(`${what.padEnd(64)} ${text.padStart(8)} ${unit}`);
}
