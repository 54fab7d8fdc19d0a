/** Interleaved symmetric packets (RFC 9769 §3), timestamp by timestamp: what is told, what is understood, and when basic ones do. */
import { expect, test } from "vitest";
import { association } from "../../src/association/association.ts";
import type { Association, AssociationId } from "../../src/association/association.ts";
import { departed, symmetricExchange } from "../../src/association/exchange.ts";
import type { SymmetricExchange } from "../../src/association/exchange.ts";
import type { Reception } from "../../src/association/client.ts";
import { receivePeer, symmetricHeader } from "../../src/association/symmetric.ts";
import { encodeHeader } from "../../src/wire/header.ts";
import type { Header } from "../../src/wire/header.ts";
import { decodePacket } from "../../src/wire/packet.ts";
import { shift, UNKNOWN_TIME } from "../../src/time/timestamp.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { answerTo, at, DAEMON, requestAt, securityOf, SERVER, template } from "../support/association.ts";

/** A packet leaves this long after it was made; it travels as long again. */
const QUEUE = 0.002;

/** One end, whose clock is `ahead` of ours. */
class End {
  readonly exchange: SymmetricExchange = symmetricExchange();
  readonly peer: Association;
  readonly ahead: number;

  constructor(xleave: boolean, ahead = 0, lifetime: "persistent" | "ephemeral" = "persistent") {
    const config = template({ kind: "peer", xleave });
    this.peer = association({
      id: 1 as AssociationId,
      config,
      lifetime,
      mode: lifetime === "persistent" ? "symmetricActive" : "symmetricPassive",
      security: securityOf("none"),
      address: SERVER,
      exchange: this.exchange,
    });
    this.ahead = ahead;
  }

  send(seconds: number, measured = true): Header {
    const now = at(seconds + this.ahead);
    const header = symmetricHeader(this.peer, this.exchange, answerTo(requestAt(0)).header, now);
    const departure = departed(this.exchange, header, now.clock);
    if (measured) Object.assign(departure, { left: shift(now.clock, QUEUE), measured });
    return header;
  }

  receive(seconds: number, header: Header): Reception {
    const bytes = encodeHeader(header);
    const packet = decodePacket(bytes);
    if (packet.kind === "malformed") throw new Error(packet.fault);
    const now = at(seconds + 2 * QUEUE + this.ahead);
    return receivePeer(this.peer, this.exchange, bytes, { packet, at: now.clock, stamp: "kernel" }, now, DAEMON);
  }
}

/** They take turns, 8 s apart; what the second end makes of each of the first's packets. */
function converse(first: End, second: End, turns: number): Reception[] {
  return Array.from({ length: turns }, (_, turn) => {
    const heard = second.receive(16 * turn, first.send(16 * turn));
    first.receive(16 * turn + 8, second.send(16 * turn + 8));
    return heard;
  });
}

test("two that interleave measure what basic packets cannot: when packets truly left", () => {
  for (const [xleave, offset] of [
    [true, 0.25],
    [false, 0.25 - QUEUE / 2],
  ] as const) {
    const last = converse(new End(xleave, 0.25), new End(xleave), 5).at(-1)!;
    expect(last.kind === "sample" && last.sample.offset).toBeCloseTo(offset, 6);
    expect(last.kind === "sample" && last.sample.delay).toBeCloseTo(xleave ? 2 * QUEUE : 3 * QUEUE, 6);
  }
});

test("an interleaved packet tells when the one before it left, and names it by when it came", () => {
  const [first, second] = [new End(true, 0.25), new End(true)];
  converse(first, second, 3);
  const departure = first.exchange.departures[0]!;
  const header = first.send(48);
  expect(header).toMatchObject({
    transmit: departure.left,
    origin: first.exchange.theirReceive,
    receive: first.exchange.receive,
  });
});

test("to one that does not interleave, two packets are lost, and no more", () => {
  const heard = converse(new End(true), new End(false), 12);
  expect(heard.filter(({ kind }) => kind === "refused")).toMatchObject([
    { test: "unsynchronized" },
    { test: "bogus" },
    { test: "bogus" },
  ]);
});

test("a passive one does as the active one does", () => {
  const [active, passive] = [new End(true, 0.25), new End(false, 0, "ephemeral")];
  const heard = converse(active, passive, 6);
  expect(heard.slice(1).filter(({ kind }) => kind === "refused")).toEqual([]);
  passive.receive(96, active.send(96));
  const told = passive.exchange.departures[0]!;
  expect(passive.send(100)).toMatchObject({
    mode: "symmetricPassive",
    transmit: told.left,
    origin: passive.exchange.theirReceive,
  });
  const [basic, other] = [new End(false), new End(false, 0, "ephemeral")];
  converse(basic, other, 6);
  other.receive(96, basic.send(96));
  expect(other.send(100).origin).toBe(other.exchange.origin);
});

test("what was not measured, or not answered, is not told of", () => {
  const [first, second] = [new End(true), new End(true)];
  converse(first, second, 3);
  first.send(48, false);
  expect(first.send(56).origin).toBe(first.exchange.origin);
  second.receive(56, first.send(57, false));
  first.receive(58, second.send(58));
  expect(first.send(60).origin).toBe(first.exchange.origin);
});

/** What somebody says in the peer's name who has seen none of its packets: made an hour from now, and answering whatever he likes. */
function forged(origin: NtpTimestamp, seconds = 3600): Header {
  return { ...answerTo(requestAt(0)).header, mode: "symmetricActive", origin, transmit: at(seconds).clock };
}

test("without a key, what answers none of our packets takes nothing from a peer that is known", () => {
  for (const origin of [UNKNOWN_TIME, at(1).clock, at(-3600).clock]) {
    const [first, second] = [new End(false), new End(false)];
    converse(first, second, 3);
    expect(second.receive(41, forged(origin))).toMatchObject({ kind: "refused", test: "bogus" });
    expect(second.receive(42, forged(origin, 7200))).toMatchObject({ kind: "refused", test: "bogus" });
    expect(second.receive(48, first.send(48)).kind).toBe("sample");
  }
});

test("a stranger who comes first delays the two by a packet, whatever he says it is", () => {
  for (const origin of [UNKNOWN_TIME, at(1).clock]) {
    const [first, second] = [new End(false), new End(false)];
    second.receive(0, forged(origin));
    const heard = converse(first, second, 4);
    expect(heard.slice(2).map(({ kind }) => kind)).toEqual(["sample", "sample"]);
  }
});

test("a peer that was started anew is understood by its second packet, without a key, too", () => {
  const [first, second] = [new End(false), new End(false)];
  converse(first, second, 3);
  const again = new End(false);
  expect(second.receive(48, again.send(48))).toMatchObject({ kind: "refused", test: "bogus" });
  again.receive(56, second.send(56));
  expect(second.receive(64, again.send(64)).kind).toBe("sample");
});

test("a packet that may mean either of two is no sample", () => {
  const [first, second] = [new End(true), new End(true)];
  converse(first, second, 3);
  second.send(41);
  expect(second.receive(48, first.send(48))).toMatchObject({ kind: "refused", test: "unsynchronized" });
});
