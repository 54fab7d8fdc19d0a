/** The header of mode 7: each field by itself, whatever the others are. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { PRIVATE_HEADER_LENGTH, readPrivate } from "../../src/wire/private.ts";

const bits = (count: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** count - 1 });

it("is read field by field, as ntp_request.h lays it out", () => {
  const header = fc.record({
    response: bits(1),
    more: bits(1),
    version: bits(3),
    authenticated: bits(1),
    sequence: bits(7),
    code: bits(8),
    error: bits(4),
    items: bits(12),
  });
  fc.assert(
    fc.property(header, ({ response, more, version, authenticated, sequence, code, error, items }) => {
      const first = (response << 7) | (more << 6) | (version << 3) | 7;
      const octets = [first, (authenticated << 7) | sequence, 3, code, (error << 4) | (items >> 8), items & 0xff, 0, 0];
      expect(readPrivate(Uint8Array.from(octets))).toMatchObject({
        response: response === 1,
        more: more === 1,
        version,
        authenticated: authenticated === 1,
        sequence,
        code,
        error,
        items,
      });
    }),
  );
});

it("is none where it is shorter than a header", () => {
  expect(readPrivate(new Uint8Array(PRIVATE_HEADER_LENGTH - 1))).toBeNull();
  expect(readPrivate(new Uint8Array(PRIVATE_HEADER_LENGTH))).not.toBeNull();
});
