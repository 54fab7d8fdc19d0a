/** Arbitrary packets and datagrams for the laws of `wire`. */
import fc from "fast-check";
import { fromShort } from "../../src/time/short.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import { LEAPS, MODES, type Header } from "../../src/wire/header.ts";
import type { Mac } from "../../src/wire/mac.ts";
import type { PacketParts } from "../../src/wire/packet.ts";

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const signedOctet = fc.integer({ min: -128, max: 127 });
const instant = fc.bigInt(0n, 2n ** 64n - 1n) as fc.Arbitrary<NtpTimestamp>;

/** Any header of a packet, with all versions and modes that are packets. */
export const header: fc.Arbitrary<Header> = fc.record({
  leap: fc.constantFrom(...LEAPS),
  version: fc.integer({ min: 1, max: 4 }),
  mode: fc.constantFrom(...MODES.slice(1, 6)),
  stratum: fc.integer({ min: 0, max: 255 }),
  poll: signedOctet,
  precision: signedOctet,
  rootDelay: word.map(fromShort),
  rootDispersion: word.map(fromShort),
  referenceId: word,
  reference: instant,
  origin: instant,
  receive: instant,
  transmit: instant,
});

const octets = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

const macWith = (...digests: number[]): fc.Arbitrary<Mac> =>
  fc.constantFrom(...digests).chain((length) => fc.record({ keyId: word, digest: octets(length) }));
const signed = macWith(16, 20);
const mac = macWith(0, 16, 20);

/** A field whose value needs no more padding. */
const field = (words: number): fc.Arbitrary<{ type: number; value: Uint8Array }> =>
  fc.record({
    type: fc.integer({ min: 0, max: 0xffff }),
    value: fc.integer({ min: words, max: words + 20 }).chain((count) => octets(count * 4)),
  });

/** Any packet that needs no padding: three words of value in a field, six in one that ends the packet or precedes a crypto-NAK. */
export const parts: fc.Arbitrary<PacketParts> = fc.oneof(
  fc.record({ header, extensions: fc.constant([]), mac: fc.option(mac) }),
  fc.record({ header: version4(), extensions: fc.array(field(3), { maxLength: 5 }), mac: signed }),
  fc.record({ header: version4(), extensions: fc.tuple(field(3), field(6)), mac: fc.option(mac) }),
);

function version4(): fc.Arbitrary<Header> {
  return header.map((fields) => ({ ...fields, version: 4 }));
}

/** Octets that are more like packets than random ones: a plausible first octet, fields with plausible lengths, any tail. */
export const datagram: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.integer({ min: 0, max: 0xff }),
    octets(47),
    fc.array(
      fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 40 }), fc.integer({ min: -5, max: 5 })),
    ),
    fc.uint8Array({ maxLength: 30 }),
  )
  .map(([first, rest, fields, tail]) => Uint8Array.from([first, ...rest, ...fields.flatMap(liar), ...tail]));

/** A field of some words whose length may be wrong by a little. */
function liar([type, words, error]: [number, number, number]): number[] {
  const length = Math.max(0, words * 4 + error);
  return [type >> 8, type & 0xff, length >> 8, length & 0xff, ...Array<number>(Math.max(0, words * 4 - 4)).fill(0x5a)];
}
