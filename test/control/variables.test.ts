import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clockStatus, flashNames, peerStatus, systemStatus } from "../../src/control/status.ts";
import {
  integerOf,
  numberOf,
  numbersOf,
  octetsOf,
  parseVariables,
  rowsOf,
  secondsOf,
  textOf,
  timestampOf,
  unquoted,
} from "../../src/control/variables.ts";

const NAMES = "abcdefghijklmnopqrstuvwxyz_.0123456789";
const name = fc.string({ unit: fc.constantFrom(...NAMES), minLength: 1, maxLength: 20 });
const plain = fc.string({ unit: fc.constantFrom(..."abc 0.-+:/[]()=x"), maxLength: 20 }).map((value) => value.trim());
const quoted = fc
  .string({ unit: fc.constantFrom(..."abc ,=\u00e9\u001b[31m\t\\"), maxLength: 20 })
  .map((value) => `"${value}"`);
const item = fc.record({ name, value: fc.oneof(plain, quoted) });

describe("a list of variables", () => {
  it("is read back from how daemons write it", () => {
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 30 }),
        fc.array(fc.constantFrom(", ", ",\r\n", ","), { minLength: 30, maxLength: 30 }),
        (items, separators) => {
          const text = items
            .map(
              ({ name, value }, index) => `${name}=${value}${index + 1 < items.length ? separators[index]! : "\r\n"}`,
            )
            .join("");
          expect(parseVariables(text)).toEqual(items);
        },
      ),
    );
  });

  it("is read without a fault from any octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
        for (const variable of parseVariables(textOf(octets))) expect(variable.name).not.toBe("");
      }),
    );
  });

  it.each([
    {
      text: 'version="ntpd 4.2.8p15, patched (1)", leap=0',
      list: [
        ["version", '"ntpd 4.2.8p15, patched (1)"'],
        ["leap", "0"],
      ],
    },
    {
      text: "flags.0=ntpport interface ignore,\r\naddr.0=::1",
      list: [
        ["flags.0", "ntpport interface ignore"],
        ["addr.0", "::1"],
      ],
    },
    {
      text: "bcast.0=, txerr.0=0",
      list: [
        ["bcast.0", ""],
        ["txerr.0", "0"],
      ],
    },
    {
      text: "leap,stratum",
      list: [
        ["leap", ""],
        ["stratum", ""],
      ],
    },
    { text: "^XQ.0=18446744073709502844", list: [["^XQ.0", "18446744073709502844"]] },
    { text: ", ,\r\n a = b ,", list: [["a", "b"]] },
    { text: "a=1\r\nb=2", list: [["a", "1"]] },
    { text: 'a=1, b="never closed, c=3', list: [["a", "1"]] },
    {
      text: "a=1,=2,b=3",
      list: [
        ["a", "1"],
        ["b", "3"],
      ],
    },
    { text: "", list: [] },
  ])("reads $text", ({ text, list }) => {
    expect(parseVariables(text)).toEqual(list.map(([name, value]) => ({ name, value })));
  });

  it("takes a value of 60 kB", () => {
    const value = "x".repeat(60_000);
    expect(parseVariables(`a="${value}", b=1`).map(({ value }) => value.length)).toEqual([60_002, 1]);
  });
});

describe("values", () => {
  it("read numbers as ntpq does", () => {
    expect(["12", "-3", "0x1f", "017", "0", "", "1.5", "9".repeat(30), undefined].map(integerOf)).toEqual([
      12,
      -3,
      31,
      15,
      0,
      null,
      null,
      null,
      null,
    ]);
    expect(["0.167", "-.5", "+2", "1e5", "", "9".repeat(400)].map(numberOf)).toEqual([
      0.167,
      -0.5,
      2,
      null,
      null,
      null,
    ]);
    expect(secondsOf("0.167")).toBe(0.000167);
    expect(secondsOf("nan")).toBeNull();
    expect(numbersOf(" 0.00 -0.12  3")).toEqual([0, -0.12, 3]);
    expect(numbersOf("0.00 x")).toBeNull();
  });

  it("read timestamps with and without 0x", () => {
    expect(timestampOf("0xeeac7f9b.d5d97a30")).toBe(0xeeac_7f9b_d5d9_7a30n);
    expect(timestampOf("eeac7f9b.d5d97a30")).toBe(0xeeac_7f9b_d5d9_7a30n);
    expect(timestampOf("0xeeac7f9b")).toBeNull();
    expect(timestampOf("0xeeac7f9bb.0")).toBeNull();
  });

  it("lose their quotes only when they have both", () => {
    expect(['"a"', '"', '"a', "a"].map(unquoted)).toEqual(["a", '"', '"a', "a"]);
  });

  it("keep every octet of a text", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 20 }),
            fc
              .string({ unit: fc.constantFrom("a", "\u0000", "é", "€", "\u{1f600}", "\u{10ffff}"), maxLength: 5 })
              .map((text) => Uint8Array.from(Buffer.from(text))),
          ),
          { maxLength: 10 },
        ),
        (parts) => {
          const octets = Uint8Array.from(parts.flatMap((part) => [...part]));
          expect(octetsOf(textOf(octets))).toEqual(octets);
        },
      ),
    );
    expect(textOf(Uint8Array.from([0xc3, 0xa9]))).toBe("é");
    expect(textOf(Uint8Array.from([0x41, 0xee, 0xc3, 0xa9, 0xc3]))).toBe("A\udceeé\udcc3");
  });
});

describe("rows of an indexed list", () => {
  it("come together from any order, without what means nothing", () => {
    const fields = { addr: "10.0.0.1", mask: "255.0.0.0", hits: "5" };
    const items = [0, 1, 2].flatMap((index) =>
      Object.entries(fields).map(([field, value]) => ({ name: `${field}.${index}`, value })),
    );
    const bogus = [
      { name: "^XQ.0", value: "18446744073709502844" },
      { name: "iog.2", value: "1" },
      { name: "hits", value: "7" },
      { name: "hits.x", value: "7" },
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray([...items, ...bogus], { minLength: items.length + bogus.length }), (list) => {
        expect(
          rowsOf(list, new Set(Object.keys(fields))).map(({ index, fields }) => [index, Object.fromEntries(fields)]),
        ).toEqual([0, 1, 2].map((index) => [index, fields]));
      }),
    );
  });
});

describe("status words", () => {
  it("say what RFC 9327 §3 says", () => {
    expect(systemStatus(0x0515)).toMatchObject({ leap: "none", source: "local", count: 1, event: "clock_sync" });
    expect(systemStatus(0xc628)).toMatchObject({
      leap: "unsynchronized",
      source: "ntp",
      count: 2,
      event: "no_sys_peer",
    });
    expect(peerStatus(0x961a)).toMatchObject({
      configured: true,
      authenticationEnabled: false,
      reachable: true,
      selection: "sys.peer",
      tally: "*",
      verdict: "systemPeer",
      event: "sys_peer",
    });
    expect(peerStatus(0xf014)).toMatchObject({
      configured: true,
      authenticationEnabled: true,
      authentic: true,
      reachable: true,
      tally: " ",
      verdict: "rejected",
      event: "reachable",
    });
    expect(peerStatus(0x1f5d)).toMatchObject({
      configured: false,
      broadcast: true,
      tally: "o",
      verdict: "systemPeer",
      count: 5,
      event: "popcorn",
    });
    expect(clockStatus(0x0034)).toMatchObject({ count: 3, code: "bad_signal" });
    expect(clockStatus(0x000f)).toMatchObject({ code: "15" });
  });

  it("have tallies in ntpq's order", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((select) => peerStatus(select << 8).tally).join("")).toBe(" x.-+#*o");
  });

  it("name the flash bits", () => {
    expect(flashNames(0x1600)).toEqual(["peer_stratum", "peer_dist", "peer_unreach"]);
    expect(flashNames(0x1fff)).toHaveLength(13);
    expect(flashNames(0)).toEqual([]);
  });

  it("are read from any 16 bits", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (word) => {
        expect(systemStatus(word).event).toBeTypeOf("string");
        expect(peerStatus(word).event).toBeTypeOf("string");
        expect(clockStatus(word).code).toBeTypeOf("string");
      }),
    );
  });
});
