import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Reassembly, RESPONSE_LIMITS } from "../../src/control/reassembly.ts";
import type { Control } from "../../src/wire/control.ts";

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

function fragment(offset: number, data: Uint8Array, more: boolean, status = 0x0615): Control {
  return {
    kind: "control",
    leap: "none",
    version: 2,
    response: true,
    error: false,
    more,
    operation: 2,
    sequence: 1,
    status,
    association: 7,
    offset,
    data,
    mac: null,
    covered: 0,
  };
}

/** A response, and its fragments cut at random. */
const response = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.array(fc.nat(2999), { maxLength: 12 }))
  .map(([data, cuts]) => {
    const at = [...new Set([0, ...cuts.filter((cut) => cut < data.length), data.length])].toSorted(
      (left, right) => left - right,
    );
    return {
      data,
      fragments: at
        .slice(0, -1)
        .map((start, index) => fragment(start, data.subarray(start, at[index + 1]), at[index + 1]! < data.length)),
    };
  });

const shuffled = response.chain(({ data, fragments }) =>
  fc
    .tuple(
      fc.shuffledSubarray(fragments, { minLength: fragments.length, maxLength: fragments.length }),
      fc.shuffledSubarray(fragments),
    )
    .map(([order, twice]) => ({ data, fragments, order, twice })),
);

describe("reassembly", () => {
  it("puts fragments together in any order, with duplicates among them", () => {
    fc.assert(
      fc.property(shuffled, ({ data, order, twice }) => {
        const whole = new Reassembly();
        for (const one of [...order.slice(0, -1), ...twice, ...order.slice(-1)]) whole.add(one);
        expect(whole.response()?.data).toEqual(data);
        expect(whole.lies).toBe(0);
      }),
    );
  });

  it("has no response while a fragment is missing", () => {
    fc.assert(
      fc.property(shuffled, ({ order }) => {
        const partial = new Reassembly();
        for (const one of order.slice(1)) expect(partial.add(one)).not.toBe("whole");
        expect(partial.response()).toBeNull();
      }),
    );
  });

  it("is not changed by lies that come after a fragment", () => {
    fc.assert(
      fc.property(
        shuffled,
        fc.nat(4000),
        fc.uint8Array({ minLength: 1, maxLength: 500 }),
        fc.boolean(),
        ({ data, order }, offset, lie, more) => {
          const whole = new Reassembly();
          for (const one of order) whole.add(one);
          whole.add(fragment(offset, lie, more));
          expect(whole.response()?.data).toEqual(data);
        },
      ),
    );
  });

  it("takes status and association from the last fragment", () => {
    const whole = new Reassembly();
    whole.add(fragment(2, octets("cd"), false, 0x1234));
    expect(whole.add(fragment(0, octets("ab"), true, 0x5678))).toBe("whole");
    expect(whole.response()).toMatchObject({ status: 0x1234, association: 7, data: octets("abcd") });
  });

  it("is whole at once when there is no data", () => {
    const whole = new Reassembly();
    expect(whole.add(fragment(0, octets(""), false))).toBe("whole");
    expect(whole.response()?.data).toHaveLength(0);
  });

  it.each([
    {
      what: "an overlap with what is before",
      first: fragment(0, octets("abcd"), true),
      second: fragment(2, octets("xy"), true),
      taken: "overlap",
    },
    {
      what: "an overlap with what is behind",
      first: fragment(4, octets("abcd"), true),
      second: fragment(0, octets("vwxyz"), true),
      taken: "overlap",
    },
    {
      what: "other octets for the same place",
      first: fragment(0, octets("abcd"), true),
      second: fragment(0, octets("abcx"), true),
      taken: "overlap",
    },
    {
      what: "a second end",
      first: fragment(4, octets("abcd"), false),
      second: fragment(8, octets("abcd"), false),
      taken: "overlap",
    },
    {
      what: "data beyond the end",
      first: fragment(4, octets("abcd"), false),
      second: fragment(8, octets("abcd"), true),
      taken: "overlap",
    },
    {
      what: "an end before data we have",
      first: fragment(4, octets("abcd"), true),
      second: fragment(0, octets("abcd"), false),
      taken: "overlap",
    },
    {
      what: "an empty fragment that is not the last",
      first: fragment(0, octets("abcd"), true),
      second: fragment(4, octets(""), true),
      taken: "empty",
    },
    {
      what: "the same again",
      first: fragment(0, octets("abcd"), true),
      second: fragment(0, octets("abcd"), true),
      taken: "duplicate",
    },
  ])("refuses $what", ({ first, second, taken }) => {
    const whole = new Reassembly();
    whole.add(first);
    expect(whole.add(second)).toBe(taken);
    expect(whole.fragments).toBe(1);
  });

  it("bounds octets and fragments", () => {
    expect(new Reassembly({ ...RESPONSE_LIMITS, octets: 100 }).add(fragment(99, octets("ab"), true))).toBe("tooMuch");
    const few = new Reassembly({ ...RESPONSE_LIMITS, fragments: 2 });
    few.add(fragment(0, octets("a"), true));
    few.add(fragment(1, octets("b"), true));
    expect(few.add(fragment(2, octets("c"), false))).toBe("tooMuch");
  });
});
