import { describe, expect, it } from "vitest";
import type { Association } from "../../src/association/association.ts";
import { receiveReply, releaseHeld, requestHeader } from "../../src/association/client.ts";
import type { Reception } from "../../src/association/client.ts";
import { requestLeft } from "../../src/association/request.ts";
import type { Request } from "../../src/association/request.ts";
import { shift, UNKNOWN_TIME } from "../../src/time/timestamp.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import type { Header } from "../../src/wire/header.ts";
import { at, answerTo, client, DAEMON, ONCE, requestAt, securityOf } from "../support/association.ts";

const NO_BYTES = new Uint8Array(48);

function receive(
  to: Association,
  asked: Request | null,
  fields: Partial<Header> & { offset?: number; delay?: number } = {},
  rules = ONCE,
): Reception {
  const packet = answerTo(asked ?? requestAt(0), fields);
  return receiveReply(to, asked, NO_BYTES, { packet, at: at(0.01).clock, stamp: "kernel" }, at(0.01), rules);
}

/** What a packet must not have changed when it fails a test. */
function essence({ header, filter, reach, samples, answers, ended, nextPoll }: Association) {
  return structuredClone({ header, filter, reach, samples, answers, ended, nextPoll });
}

describe("a client's request", () => {
  it("tells the network nothing but its version, mode and cookie", () => {
    const header = requestHeader(client().config, 42n as NtpTimestamp);
    expect(header).toMatchObject({
      mode: "client",
      version: 4,
      leap: "none",
      stratum: 0,
      poll: 0,
      precision: 0,
      referenceId: 0,
      transmit: 42n,
    });
    expect([header.reference, header.origin, header.receive]).toEqual([UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME]);
  });
});

describe("the peer process of a client", () => {
  it("takes a good answer as a sample", () => {
    const held = client();
    const reception = receive(held, requestAt(0));
    expect(reception).toMatchObject({ kind: "sample", fresh: true });
    expect(held.filter.estimate!.offset).toBeCloseTo(0.25, 8);
    expect(held).toMatchObject({ samples: 1, reach: 1, authentication: "none", stamps: "user", flash: 0 });
  });

  it.each([
    ["an origin that is not ours", { origin: 1n as NtpTimestamp }, "bogus"],
    ["an origin of zero", { origin: UNKNOWN_TIME }, "bogus"],
  ] as const)("is not moved by a packet with %s", (_, fields, test) => {
    const held = client();
    const before = essence(held);
    expect(receive(held, requestAt(0), fields)).toEqual({ kind: "refused", test, final: false });
    expect(essence(held)).toEqual(before);
    expect(held.packets.rejected).toBe(1);
  });

  it("is not moved by a second answer to a question that is closed", () => {
    const held = client();
    const before = essence(held);
    expect(receive(held, null)).toMatchObject({ kind: "refused", test: "duplicate" });
    expect(essence(held)).toEqual(before);
  });

  it("is not moved by a packet whose MAC is wrong, and waits for the true one", () => {
    const held = client({ key: 1 }, securityOf("failed"));
    const before = essence(held);
    expect(receive(held, requestAt(0))).toEqual({ kind: "refused", test: "authentication", final: false });
    expect(essence(held)).toEqual(before);
    expect(held.authentication).toBe("failed");
  });

  it("believes a crypto-NAK only with the right origin", () => {
    const held = client({ key: 1 }, securityOf("nak"));
    expect(receive(held, requestAt(0), { origin: 5n as NtpTimestamp })).toMatchObject({
      kind: "refused",
      test: "bogus",
    });
    expect(held.authentication).toBe("none");
    expect(receive(held, requestAt(0))).toEqual({ kind: "nak" });
    expect(held.authentication).toBe("nak");
  });

  it.each([
    ["says it is unsynchronized", { leap: "unsynchronized" }, "stratum"],
    ["is of stratum 16", { stratum: 16 }, "stratum"],
    ["is of stratum 0 with nonsense in its refid", { stratum: 0, referenceId: 0x0102_0304 }, "stratum"],
    ["has no receive timestamp", { receive: UNKNOWN_TIME }, "unsynchronized"],
    ["has no transmit timestamp", { transmit: UNKNOWN_TIME }, "unsynchronized"],
    ["is too far from its source", { rootDelay: 20, rootDispersion: 7 }, "header"],
  ] as const)("makes no sample of a server that %s", (_, fields, test) => {
    const held = client();
    expect(receive(held, requestAt(0), fields)).toEqual({ kind: "refused", test, final: true });
    expect(held.filter.estimate).toBeNull();
    expect(held).toMatchObject({ samples: 0, reach: 0, answers: 1 });
  });

  it("makes no sample of a packet set after it was sent", () => {
    const asked = requestAt(0);
    expect(receive(client(), asked, { reference: shift(asked.handedOver.clock, 3600) })).toMatchObject({
      kind: "refused",
      test: "header",
    });
  });

  it("goes away for good at DENY and RSTR, and measures neither", () => {
    for (const referenceId of [0x4445_4e59, 0x5253_5452]) {
      const held = client();
      expect(receive(held, requestAt(0), { stratum: 0, leap: "unsynchronized", referenceId })).toMatchObject({
        kind: "kiss",
      });
      expect(held).toMatchObject({ ended: "denied", nextPoll: null, samples: 0 });
    }
  });

  it("ends a one-shot's burst at RATE but keeps what was measured", () => {
    const held = client();
    receive(held, requestAt(0));
    receive(held, requestAt(0), { stratum: 0, leap: "unsynchronized", referenceId: 0x5241_5445 });
    expect(held).toMatchObject({ ended: "complete", kiss: "RATE", samples: 1, nextPoll: null });
  });

  it("slows a daemon down at RATE, and never speeds up again", () => {
    const held = client({ minpoll: 6, maxpoll: 10 });
    receive(held, requestAt(0), { stratum: 0, leap: "unsynchronized", referenceId: 0x5241_5445, poll: 8 }, DAEMON);
    expect(held).toMatchObject({ hpoll: 8, minpoll: 8, ended: null });
    expect(held.nextPoll!).toBeGreaterThanOrEqual(256);
  });

  it("waits for T1 where the host is late with it, and then uses it", () => {
    const held = client();
    const asked = requestAt(0);
    asked.origin = null;
    expect(receive(held, asked)).toEqual({ kind: "held" });
    expect(held.samples).toBe(0);
    requestLeft(asked, shift(asked.handedOver.clock, 0.004), "kernel");
    expect(releaseHeld(held, asked, at(0.02), ONCE)).toMatchObject({ kind: "sample" });
    // T1 4 ms later: the way out was 4 ms shorter, so the offset is 2 ms less.
    expect(held.filter.estimate!.offset).toBeCloseTo(0.248, 8);
    expect(held.stamps).toBe("kernel");
  });

  it("makes no sample of an exchange during which the clock was stepped", () => {
    const held = client();
    const asked = requestAt(0);
    const stepped = { mono: at(0.01).mono, clock: at(3600).clock };
    const reply = { packet: answerTo(asked), at: stepped.clock, stamp: "user" } as const;
    expect(receiveReply(held, asked, NO_BYTES, reply, stepped, ONCE)).toMatchObject({ kind: "stepped" });
    expect(held.samples).toBe(0);
  });
});
