/** What a whole capture comes to. */
import { describe, expect, it } from "vitest";
import { requestHeader } from "../../src/association/client.ts";
import type { Datagram } from "../../src/capture/datagram.ts";
import { Decoder } from "../../src/decode/decoder.ts";
import { Summary, type CaptureSummary } from "../../src/decode/summary.ts";
import { fromUnix, shift, type NtpTimestamp } from "../../src/time/timestamp.ts";
import { encodeControl, OPERATIONS } from "../../src/wire/control.ts";
import { encodeHeader, type Header } from "../../src/wire/header.ts";
import { goodHeader } from "../support/association.ts";

const START = 1_795_000_000_000_000_000n;

/** Traffic, written down in the order of its time. */
class Capture {
  readonly #datagrams: (Datagram & { readonly at: bigint })[] = [];
  #cookie = 1000n;

  /** A request, and the answer of a server whose clock is ahead by `offset` (`null`: none comes), 2 ms each way. */
  exchange(seconds: number, client: string, server: string, offset: number | null, fields: Partial<Header> = {}): void {
    this.#cookie += 1n;
    const cookie = this.#cookie as NtpTimestamp;
    this.add(seconds, client, server, encodeHeader(requestHeader({ version: 4 }, cookie)));
    if (offset === null) return;
    const arrived = shift(fromUnix(START + BigInt(Math.round(seconds * 1e9))), offset + 0.002);
    this.add(seconds + 0.004, server, client, encodeHeader({ ...goodHeader(cookie, arrived), ...fields }));
  }

  add(seconds: number, from: string, to: string, bytes: Uint8Array): void {
    const at = START + BigInt(Math.round(seconds * 1e9));
    const end = (ip: string): Datagram["from"] => ({ ip, port: 123 });
    this.#datagrams.push({ packet: 0, at, from: end(from), to: end(to), ttl: 64, bytes, length: bytes.length });
  }

  summary(): CaptureSummary {
    const decoder = new Decoder({ keyOf: () => null, md5: (octets) => octets });
    const summary = new Summary();
    const ordered = this.#datagrams.toSorted((one, other) => Number(one.at - other.at));
    for (const [index, datagram] of ordered.entries()) summary.add(decoder.decode({ ...datagram, packet: index + 1 }));
    return summary.result();
  }
}

const KISS = { stratum: 0, leap: "unsynchronized" } as const;
const DENY = { ...KISS, referenceId: 0x44454e59 };
const RATE = { ...KISS, referenceId: 0x52415445 };

describe("a summary", () => {
  it("says who asks whom, how often, and with what success", () => {
    const capture = new Capture();
    for (let round = 0; round < 10; round += 1)
      capture.exchange(round * 64, "10.0.0.9", "10.0.0.1", round < 7 ? 0 : null);
    capture.exchange(1, "10.0.0.8", "10.0.0.1", 0);
    const { packets, pairs } = capture.summary();
    expect(packets).toBe(19);
    expect(pairs).toMatchObject([
      { client: "10.0.0.9", server: "10.0.0.1", requests: 10, answers: 7, bad: 0, ignored: 0, hasty: false },
      { client: "10.0.0.8", requests: 1, answers: 1, interval: null },
    ]);
    expect(pairs[0]!.interval!.least).toBeCloseTo(64, 6);
    expect(pairs[0]!.interval!.median / 64).toBeCloseTo(1, 1);
  });

  it("knows whose time disagrees with that of most, and by how much", () => {
    const capture = new Capture();
    const offsets = { "10.0.0.1": 0.001, "10.0.0.2": -0.001, "10.0.0.3": 0.3 };
    for (const [server, offset] of Object.entries(offsets))
      for (let round = 0; round < 4; round += 1) capture.exchange(round * 64, "10.0.0.9", server, offset);
    const { sources, intersection } = capture.summary();
    expect(sources.map(({ address, agrees }) => [address, agrees])).toEqual([
      ["10.0.0.1", true],
      ["10.0.0.2", true],
      ["10.0.0.3", false],
    ]);
    expect(sources[2]!.offset).toBeCloseTo(0.3, 6);
    expect(intersection!.low).toBeLessThan(0);
    expect(intersection!.high).toBeGreaterThan(0);
  });

  it("names who goes on after DENY, and who does not slow down after RATE", () => {
    const capture = new Capture();
    capture.exchange(0, "10.0.0.7", "10.0.0.1", 0, DENY);
    for (let round = 1; round < 4; round += 1) capture.exchange(round * 64, "10.0.0.7", "10.0.0.1", null);
    for (const [client, slower] of [
      ["10.0.0.8", 1],
      ["10.0.0.9", 4],
    ] as const) {
      capture.exchange(0, client, "10.0.0.1", 0);
      capture.exchange(16, client, "10.0.0.1", 0, RATE);
      for (let round = 1; round < 4; round += 1) capture.exchange(16 + round * 16 * slower, client, "10.0.0.1", 0);
    }
    const { pairs } = capture.summary();
    expect(Object.fromEntries(pairs.map(({ client, ignored }) => [client, ignored]))).toEqual({
      "10.0.0.7": 3,
      "10.0.0.8": 3,
      "10.0.0.9": 0,
    });
    expect(pairs.find(({ client }) => client === "10.0.0.8")!.kisses).toEqual({ RATE: 1 });
  });

  it("calls hasty who asks every few seconds for long, and no burst", () => {
    const capture = new Capture();
    for (let round = 0; round < 40; round += 1) capture.exchange(round * 2, "10.0.0.8", "10.0.0.1", 0);
    for (let round = 0; round < 8; round += 1) capture.exchange(round * 2, "10.0.0.9", "10.0.0.1", 0);
    const { pairs } = capture.summary();
    expect(pairs.map(({ client, hasty }) => [client, hasty])).toEqual([
      ["10.0.0.8", true],
      ["10.0.0.9", false],
    ]);
  });

  it("names the victim of answers that nobody asked for, and not who asks ntpq's questions", () => {
    const capture = new Capture();
    const message = {
      leap: "none",
      version: 2,
      error: false,
      more: false,
      status: 0,
      association: 0,
      offset: 0,
    } as const;
    const control = (sequence: number, response: boolean, data: number): Uint8Array =>
      encodeControl({
        ...message,
        response,
        sequence,
        operation: OPERATIONS.readVariables,
        data: new Uint8Array(data),
      });
    for (let sequence = 1; sequence < 6; sequence += 1) {
      capture.add(sequence, "10.0.0.1", "198.51.100.7", control(sequence, true, 468));
      capture.add(sequence, "10.0.0.9", "10.0.0.1", control(sequence, false, 0));
      capture.add(sequence + 0.1, "10.0.0.1", "10.0.0.9", control(sequence, true, 64));
    }
    expect(capture.summary().reflections).toEqual([
      { victim: "198.51.100.7", server: "10.0.0.1", requests: 0, answers: 5, factor: null },
    ]);
  });
});
