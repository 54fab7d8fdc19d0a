import { expect, it } from "vitest";
import type { Ends } from "../../src/decode/flow.ts";
import { Flows } from "../../src/decode/flows.ts";
import { UNKNOWN_TIME, type NtpTimestamp } from "../../src/time/timestamp.ts";

const SERVER = { ip: "192.0.2.1", port: 123 };
const endsOf = (number: number, kind = 0): Ends => ({
  from: { ip: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, port: 1024 + (number % 60_000) },
  to: { ...SERVER },
  kind,
});
const packet = (number: number) => ({
  packet: number,
  at: BigInt(number) * 1_000_000_000n,
  transmit: BigInt(number) as NtpTimestamp,
  receive: UNKNOWN_TIME,
  toGroup: false,
});

/** The number of the packet that a flow has. */
const found = (flows: Flows, number: number): number | undefined =>
  flows.get(endsOf(number))?.sent(BigInt(number) as NtpTimestamp)?.packet;

it("flows are found by their two ends, in this order, and those used last longest", () => {
  const flows = new Flows(1024);
  for (let number = 0; number < 5000; number += 1) {
    flows.add(endsOf(number)).add(packet(number));
    // The first is asked for all along.
    expect(found(flows, 0)).toBe(0);
  }
  // Youngest first: what is found comes to the front. A generation is kept for certain, two at most.
  const known = Array.from({ length: 5000 }, (_, back) => found(flows, 4999 - back) === 4999 - back);
  expect(known.slice(0, 1000).every(Boolean)).toBe(true);
  expect(known.slice(2500, -1).some(Boolean)).toBe(false);
});

it("a flow is that of its own two ends, ports and kind", () => {
  const flows = new Flows(1024);
  flows.add(endsOf(1)).add(packet(1));
  const { from, to, kind } = endsOf(1);
  expect(flows.get({ from: to, to: from, kind })).toBeUndefined();
  expect(flows.get({ from, to: { ...to, port: 124 }, kind })).toBeUndefined();
  expect(flows.get({ from: { ...from, port: 1 }, to, kind })).toBeUndefined();
  expect(flows.get(endsOf(1, 1))).toBeUndefined();
});

it("a flow has the last eight of its packets, and what became of each, wherever it is kept", () => {
  const flows = new Flows(1024);
  const flow = flows.add(endsOf(1));
  for (let number = 1; number <= 10; number += 1) flow.add(packet(number));
  flow.sent(7n as NtpTimestamp)!.answered = true;
  flow.refid = 0xc000_0201;
  // It becomes one of the old, and comes back.
  for (let number = 2; number < 1500; number += 1) flows.add(endsOf(number));
  const again = flows.get(endsOf(1))!;
  const numbers = Array.from({ length: 12 }, (_, number) => again.sent(BigInt(number) as NtpTimestamp)?.packet);
  expect(numbers).toEqual([undefined, undefined, undefined, 3, 4, 5, 6, 7, 8, 9, 10, undefined]);
  expect(again.sent(7n as NtpTimestamp)).toMatchObject({ answered: true, toGroup: false });
  expect(again.sent(8n as NtpTimestamp)!.answered).toBe(false);
  expect(again.sent(8n as NtpTimestamp)!.until(9_500_000_000n)).toBe(1.5);
  expect(again.refid).toBe(0xc000_0201);
});
