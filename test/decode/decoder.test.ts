/** What `decode` says of recorded packets, and that it judges as the peer process does. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { receiveReply, requestHeader } from "../../src/association/client.ts";
import type { Datagram } from "../../src/capture/datagram.ts";
import type { Decoded } from "../../src/decode/decoded.ts";
import { Decoder, type DecoderKey } from "../../src/decode/decoder.ts";
import { VERDICTS } from "../../src/decode/verdict.ts";
import { shift, UNKNOWN_TIME, type NtpTimestamp } from "../../src/time/timestamp.ts";
import { encodeHeader, LEAPS, type Header } from "../../src/wire/header.ts";
import { decodePacket, encodePacket, type Packet } from "../../src/wire/packet.ts";
import { answerTo, at, client, ONCE, requestAt, securityOf } from "../support/association.ts";
import { budget } from "../support/budget.ts";
import { capture, captures } from "../support/pcap.ts";

const CLIENT = { ip: "192.0.2.8", port: 40_123 };
const SERVER = { ip: "192.0.2.1", port: 123 };
const START = 1_795_000_000_000_000_000n;

function decoder(keys: Readonly<Record<number, DecoderKey>> = {}): Decoder {
  return new Decoder({
    keyOf: (keyId) => keys[keyId] ?? null,
    md5: (octets) => createHash("md5").update(octets).digest(),
  });
}

function datagram(packet: number, seconds: number, isRequest: boolean, bytes: Uint8Array): Datagram {
  const [from, to] = isRequest ? [CLIENT, SERVER] : [SERVER, CLIENT];
  return { packet, at: START + BigInt(Math.round(seconds * 1e9)), from, to, ttl: 64, bytes, length: bytes.length };
}

/** All packets of a fixture. */
function decoded(name: string): Decoded[] {
  const decode = decoder();
  return capture(name).map((captured, index) =>
    decode.decode({ ...captured, packet: index + 1, length: captured.bytes.length }),
  );
}

/** How many packets of a fixture got each verdict, by mode. */
function tally(name: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { message, verdict } of decoded(name)) {
    const mode = message.kind === "ntp" ? message.packet.header.mode : message.kind;
    counts[`${mode} ${verdict}`] = (counts[`${mode} ${verdict}`] ?? 0) + 1;
  }
  return counts;
}

describe("recorded traffic", () => {
  it.each([
    ["a1-iburst", { "client ok": 12, "server ok": 12 }],
    ["b6-cryptonak-wrongsecret", { "client ok": 12, "server nak": 12 }],
    ["c1-active-active", { "symmetricActive stratum": 4, "symmetricActive ok": 23, "symmetricActive loop": 6 }],
    ["d1-bcast-key-volley", { "broadcast ok": 9, "client ok": 4, "server ok": 4 }],
    // Each search is answered by three, and none of them by another's answer.
    ["f1-manycast-lan1", { "client ok": 27, "server ok": 33 }],
    ["j6-rate-raw", { "client ok": 50, "server ok": 1, "server kiss": 7 }],
    ["k1-unsync-server", { "client ok": 13, "server kiss": 13 }],
  ])("is judged: %s", (name, verdicts) => {
    expect(tally(name)).toEqual(verdicts);
  });

  it("pairs every answer with its request, and measures what the client did", () => {
    for (const { packet, message, answers } of decoded("a1-iburst")) {
      if (message.kind !== "ntp" || message.packet.header.mode !== "server") continue;
      expect(answers).toMatchObject({ packet: packet - 1 });
      expect(Math.abs(answers!.offset!)).toBeLessThan(0.001);
      expect(answers!.delay).toBeGreaterThan(0);
      expect(answers!.delay).toBeLessThan(answers!.after! + 1e-9);
    }
  });

  it("is decoded without an exception, whatever is changed in it", () => {
    const all = captures().flatMap((name) => capture(name));
    const tampered = fc.record({
      which: fc.nat(all.length - 1),
      changes: fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      length: fc.option(fc.nat(600)),
      snap: fc.option(fc.nat(100)),
    });
    const decode = decoder();
    fc.assert(
      fc.property(fc.array(tampered, { minLength: 1, maxLength: 20 }), (row) => {
        for (const { which, changes, length, snap } of row) {
          const captured = all[which]!;
          const bytes = captured.bytes.slice(0, length ?? undefined);
          for (const [place, octet] of changes) if (place < bytes.length) bytes[place] = octet;
          const kept = bytes.subarray(0, snap ?? undefined);
          const { verdict } = decode.decode({ ...captured, packet: 1, bytes: kept, length: bytes.length });
          expect(VERDICTS).toHaveProperty(verdict);
        }
      }),
      budget(0.01),
    );
  });
});

describe("an answer", () => {
  const cookie = 0x1234_5678_9abc_def0n as NtpTimestamp;
  const request = encodeHeader(requestHeader({ version: 4 }, cookie));

  /** The verdicts on a request and what came after it. */
  function verdictsOn(...answers: readonly Uint8Array[]): string[] {
    const decode = decoder();
    const all = [
      datagram(1, 0, true, request),
      ...answers.map((bytes, at) => datagram(at + 2, 0.01 * (at + 1), false, bytes)),
    ];
    return all.map((one) => decode.decode(one).verdict);
  }

  const answer = (fields: Partial<Header> = {}): Packet => answerTo(requestAt(0, cookie), fields);

  it("is judged as the peer process of a client judges it", () => {
    const timestamp = fc.constantFrom(0n, 1n, cookie, answer().header.transmit).map((value) => value as NtpTimestamp);
    const fields = fc.record(
      {
        leap: fc.constantFrom(...LEAPS),
        stratum: fc.constantFrom(0, 1, 2, 15, 16, 255),
        referenceId: fc.constantFrom(0, 0x44454e59, 0x52415445, 0x494e4954, 0xc0000209),
        rootDelay: fc.constantFrom(0, 1, 40),
        rootDispersion: fc.constantFrom(0, 0.5, 16),
        origin: fc.oneof({ weight: 4, arbitrary: fc.constant(cookie) }, timestamp),
        receive: timestamp,
        reference: fc.constantFrom(
          UNKNOWN_TIME,
          shift(answer().header.transmit, 5),
          shift(answer().header.transmit, -5),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, fc.boolean(), (changed, nak) => {
        const bytes = encodePacket({ ...answer(changed), mac: nak ? { keyId: 0, digest: new Uint8Array(0) } : null });
        const packet = decodePacket(bytes) as Packet;
        const held = client({}, securityOf(nak ? "nak" : "none"));
        const reply = { packet, at: at(0.01).clock, stamp: "kernel" } as const;
        const reception = receiveReply(held, requestAt(0, cookie), bytes, reply, at(0.01), ONCE);
        const expected =
          reception.kind === "refused" ? reception.test : reception.kind === "sample" ? "ok" : reception.kind;
        expect(verdictsOn(bytes)[1]).toBe(expected);
      }),
    );
  });

  it("that comes twice, that nobody asked for, and that answers something else", () => {
    const good = encodePacket(answer());
    expect(verdictsOn(good, good)).toEqual(["ok", "ok", "duplicate"]);
    expect(verdictsOn(encodePacket(answer({ origin: 7n as NtpTimestamp })), good)).toEqual(["ok", "bogus", "ok"]);
    expect(decoder().decode(datagram(1, 0, false, good)).verdict).toBe("unasked");
  });

  it("with a wrong MAC does not stand in the right one's way", () => {
    const key = (right: boolean): DecoderKey => ({ algorithm: "MD5", verify: () => right });
    const sealed = (keyId: number): Uint8Array =>
      encodePacket({ ...answer(), mac: { keyId, digest: new Uint8Array(16) } });
    const decode = decoder({ 1: key(true), 2: key(false) });
    const row = [
      datagram(1, 0, true, request),
      datagram(2, 0.01, false, sealed(2)),
      datagram(3, 0.02, false, sealed(1)),
    ];
    expect(row.map((one) => decode.decode(one)).map(({ verdict, verified }) => [verdict, verified])).toEqual([
      ["ok", null],
      ["authentication", false],
      ["ok", true],
    ]);
  });

  it("of one who follows the one it answers is a loop, in IPv6, too", () => {
    const follower = encodePacket(answer({ referenceId: 0xc000_0208 })); // 192.0.2.8
    expect(verdictsOn(follower)[1]).toBe("loop");
    const ip = "2001:db8::9";
    const word = createHash("md5")
      .update(Buffer.from("20010db8000000000000000000000009", "hex"))
      .digest()
      .readUInt32BE(0);
    const decode = decoder();
    decode.decode({ ...datagram(1, 0, true, request), from: { ip, port: 123 } });
    const back = { ...datagram(2, 0.01, false, encodePacket(answer({ referenceId: word }))), to: { ip, port: 123 } };
    expect(decode.decode(back).verdict).toBe("loop");
  });

  it("measures by the client's clock where the request tells it, and else by the capture's", () => {
    // The client's clock is 3 s behind the capturing one, the server's 0.25 s ahead of that.
    const captured = unfoldStart();
    const tells = shift(captured, -3);
    for (const [transmit, offset] of [
      [tells, 3.25],
      [cookie, 0.25],
    ] as const) {
      const decode = decoder();
      decode.decode(datagram(1, 0, true, encodeHeader(requestHeader({ version: 4 }, transmit))));
      const receive = shift(captured, 0.255);
      const said = encodePacket(
        answer({ origin: transmit, receive, transmit: receive, reference: shift(receive, -9) }),
      );
      const { answers } = decode.decode(datagram(2, 0.01, false, said));
      expect(answers!.offset).toBeCloseTo(offset, 6);
      expect(answers!.delay).toBeCloseTo(0.01, 6);
    }
  });
});

/** The capture's first moment as a timestamp. */
function unfoldStart(): NtpTimestamp {
  return (((START / 1_000_000_000n + 2_208_988_800n) << 32n) & 0xffff_ffff_ffff_ffffn) as NtpTimestamp;
}
