/** Interleaved broadcasts (RFC 9769 §4), timestamp by timestamp: what they tell, and when they are taken as basic ones. */
import { expect, test } from "vitest";
import { association } from "../../src/association/association.ts";
import type { Association, AssociationId } from "../../src/association/association.ts";
import { broadcastClient, moveArrival, receiveBroadcast } from "../../src/association/broadcast.ts";
import type { BroadcastClient } from "../../src/association/broadcast.ts";
import type { Reception } from "../../src/association/client.ts";
import { shift, UNKNOWN_TIME } from "../../src/time/timestamp.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { encodeHeader } from "../../src/wire/header.ts";
import { decodePacket } from "../../src/wire/packet.ts";
import { answerTo, at, DAEMON, requestAt, securityOf, SERVER, template } from "../support/association.ts";

/** A packet travels so long; the client knows it. */
const DELAY = 0.003;

/** A client that hears a server each 16 s; its clock is right. */
class Ear {
  readonly own: BroadcastClient = broadcastClient(answerTo(requestAt(0)).header, DELAY, at(0).mono);
  readonly association: Association;

  constructor(answer: "none" | "ok" = "none") {
    this.association = association({
      id: 1 as AssociationId,
      config: template({ kind: "broadcastClient" }),
      lifetime: "ephemeral",
      mode: "broadcastClient",
      security: securityOf(answer),
      address: SERVER,
      listening: this.own,
    });
  }

  /** A packet made at a moment, which leaves `waiting` later. @param origin when the one before left @param dated by how much it says more */
  hear(seconds: number, waiting: number, origin: NtpTimestamp = UNKNOWN_TIME, dated = 0): Reception {
    const { header } = answerTo(requestAt(seconds));
    const made = at(seconds + dated).clock;
    const bytes = encodeHeader({
      ...header,
      mode: "broadcast",
      reference: shift(made, -5),
      origin,
      receive: UNKNOWN_TIME,
      transmit: made,
    });
    const packet = decodePacket(bytes);
    if (packet.kind === "malformed") throw new Error(packet.fault);
    const now = at(seconds + waiting + DELAY);
    return receiveBroadcast(this.association, this.own, bytes, { packet, at: now.clock, stamp: "kernel" }, now, DAEMON);
  }
}

/** The moment at which a packet made then left. */
function left(seconds: number, waiting: number): NtpTimestamp {
  return shift(at(seconds).clock, waiting);
}

function offsetOf(reception: Reception): number {
  if (reception.kind !== "sample") throw new Error(JSON.stringify(reception));
  return reception.sample.offset;
}

test("a basic packet seems late by as long as it waited before it left", () => {
  expect(offsetOf(new Ear().hear(16, 0.002))).toBeCloseTo(-0.002, 6);
});

test("an interleaved one tells when the one before it truly left, and is a sample of that moment", () => {
  const ear = new Ear();
  ear.hear(16, 0.002);
  const told = ear.hear(32, 0.007, left(16, 0.002));
  expect(offsetOf(told)).toBeCloseTo(0, 6);
  expect(told).toMatchObject({ sample: { at: at(16 + 0.002 + DELAY).mono } });
  expect(offsetOf(ear.hear(48, 0, left(32, 0.007)))).toBeCloseTo(0, 6);
});

test("after a loss it is a basic one, late by the usual", () => {
  const ear = new Ear();
  ear.hear(16, 0.002);
  ear.hear(32, 0.002, left(16, 0.002));
  // The one made at 48 s is lost.
  const told = ear.hear(64, 0.0025, left(48, 0.002));
  expect(offsetOf(told)).toBeCloseTo(-0.0005, 6);
  expect(told).toMatchObject({ sample: { at: at(64 + 0.0025 + DELAY).mono } });
  expect(offsetOf(ear.hear(80, 0.002, left(64, 0.0025)))).toBeCloseTo(0, 6);
});

test("a server that stops interleaving is heard as a basic one", () => {
  const ear = new Ear();
  ear.hear(16, 0);
  ear.hear(32, 0, left(16, 0));
  expect(ear.hear(48, 0)).toMatchObject({ kind: "sample", sample: { at: at(48 + DELAY).mono } });
});

test("a stepped clock does not date the packet before", () => {
  const ear = new Ear();
  ear.hear(16, 0);
  moveArrival(ear.own, 5);
  expect(ear.hear(32, 0, left(16, 0))).toMatchObject({ kind: "sample", sample: { at: at(32 + DELAY).mono } });
});

test("without a key, a packet dated an hour ahead makes nothing old that the server says", () => {
  const ear = new Ear();
  for (let packet = 1; packet < 40; packet++) {
    const seconds = 64 * packet;
    expect(ear.hear(seconds, 0).kind).toBe("sample");
    for (const [later, dated] of [
      [1, 3600],
      [33, 3600],
      [62, -3600],
    ] as const)
      expect(ear.hear(seconds + later, 0, UNKNOWN_TIME, dated).kind).toBe("refused");
  }
});

test("a stranger who comes first delays a server without a key by two packets", () => {
  const ear = new Ear();
  ear.hear(90, 0, UNKNOWN_TIME, 3600);
  ear.hear(180, 0, UNKNOWN_TIME, 3600);
  const heard = [244, 308, 372, 436].map((seconds) => ear.hear(seconds, 0).kind);
  expect(heard).toEqual(["refused", "sample", "sample", "sample"]);
});

test("a server whose clock was stepped is believed at its second packet without a key, and at its first with one", () => {
  for (const [answer, by, kinds] of [
    ["none", 100, ["refused", "sample", "sample"]],
    ["none", -100, ["refused", "sample", "sample"]],
    ["ok", 100, ["sample", "sample", "sample"]],
  ] as const) {
    const ear = new Ear(answer);
    for (let packet = 1; packet <= 5; packet++) ear.hear(64 * packet, 0);
    expect([6, 7, 8].map((packet) => ear.hear(64 * packet, 0, UNKNOWN_TIME, by).kind)).toEqual(kinds);
  }
});

test("replays, old packets and those that tell of the future are refused by name", () => {
  const ear = new Ear();
  ear.hear(16, 0);
  ear.hear(32, 0, left(16, 0));
  expect(ear.hear(32, 0, left(16, 0))).toMatchObject({ kind: "refused", test: "duplicate" });
  expect(ear.hear(16, 0)).toMatchObject({ kind: "refused", test: "duplicate" });
  expect(ear.hear(48, 0, left(48, 0))).toMatchObject({ kind: "refused", test: "header" });
  expect(ear.hear(48, 0, left(300, 0))).toMatchObject({ kind: "refused", test: "header" });
  // None of them was taken for the packet before.
  expect(ear.hear(48, 0, left(32, 0))).toMatchObject({ kind: "sample", sample: { at: at(32 + DELAY).mono } });
});
