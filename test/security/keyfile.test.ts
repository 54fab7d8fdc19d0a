import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseKeys, type Key, type KeyFormat } from "../../src/security/keyfile.ts";
import { placedText } from "../../src/security/place.ts";
import { budget } from "../support/budget.ts";
import { hexOf } from "./packets.ts";

const parse = (text: string, format: KeyFormat = "auto"): ReturnType<typeof parseKeys> =>
  parseKeys(text, { format, file: "k" });
const latin = (secret: Uint8Array): string => Buffer.from(secret).toString("latin1");

/** The only key of a text that must have no fault. */
function only(text: string, format: KeyFormat = "auto"): Key {
  const { keys, faults } = parse(text, format);
  expect(faults.map(placedText)).toEqual([]);
  expect(keys).toHaveLength(1);
  return keys[0]!;
}

/** The only fault of a text that must give no key. */
function fault(text: string, format: KeyFormat = "auto"): string {
  const { keys, faults } = parse(text, format);
  expect(keys).toEqual([]);
  expect(faults).toHaveLength(1);
  return placedText(faults[0]!);
}

const DIGITS = "0123456789abcdef0123456789abcdef01234567";

describe("an ntp.keys file", () => {
  it("reads what ntp-keygen writes, comments and blank lines included", () => {
    const { keys, faults, warnings } = parse(
      [
        "# ntpkey_MD5key_host",
        "",
        ' 1 MD5 L"p@Q>oeMHQzwH)Zbo1~  # MD5 key',
        `\t2\tSHA1\t${DIGITS}   # SHA1 key`,
        "11 M short#er",
        "",
      ].join("\r\n"),
    );
    expect([faults, warnings]).toEqual([[], []]);
    expect(keys.map(({ id, algorithm, secret }) => [id, algorithm, latin(secret)])).toEqual([
      [1, "MD5", 'L"p@Q>oeMHQzwH)Zbo1~'],
      [2, "SHA1", Buffer.from(DIGITS, "hex").toString("latin1")],
      [11, "MD5", "short"],
    ]);
    expect(keys.map(({ place }) => [place.line, place.column])).toEqual([
      [3, 2],
      [4, 2],
      [5, 1],
    ]);
  });

  it("takes 20 characters as text and 21 or more as hexadecimal", () => {
    expect(latin(only(`1 SHA1 ${"a".repeat(20)}`).secret)).toBe("a".repeat(20));
    expect(hexOf(only(`1 SHA1 ${"aB".repeat(11)}`).secret)).toBe("ab".repeat(11));
  });

  it("takes a comma-separated list of addresses and networks in the fourth column", () => {
    expect(only("5 SHA1 secret 192.0.2.7,10.0.0.0/8,2001:db8::/32 # ours").addresses).toEqual([
      "192.0.2.7",
      "10.0.0.0/8",
      "2001:db8::/32",
    ]);
    expect(only("5 SHA1 secret").addresses).toEqual([]);
  });

  it("warns of an AES key that has to be padded or cut, and takes it", () => {
    const { keys, warnings } = parse(
      `1 AES128CMAC shortcmackey\n2 AES ${DIGITS}\n3 AES128CMAC 00112233445566778899aabbccddeeff`,
    );
    expect(keys.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(warnings.map(placedText)).toEqual([
      "k:1:1: key 1 has 12 octets and is padded with zeros to the 16 of AES128CMAC, as ntpd and NTPsec do",
      "k:2:1: key 2 has 20 octets and is cut to the 16 of AES128CMAC, as ntpd and NTPsec do",
    ]);
  });

  it.each([
    ["0 MD5 secret", "k:1:1: a line begins with a key identifier, 1 to 65535"],
    ["  key MD5 secret", "k:1:3: a line begins with a key identifier, 1 to 65535"],
    ["12x MD5 secret", "k:1:1: a line begins with a key identifier, 1 to 65535"],
    ["65536 MD5 secret", "k:1:1: key 65536 is above 65535: ntpd reserves those for Autokey"],
    ["7", "k:1:1: key 7 has no algorithm and no secret"],
    [
      "7 MD5",
      "k:1:3: key 7 lacks an algorithm or a secret (in a chrony file, read with --keys-format chrony or named by keys FILE chrony, the algorithm may be left out)",
    ],
    [
      "7 MD5 # secret",
      "k:1:3: key 7 lacks an algorithm or a secret (in a chrony file, read with --keys-format chrony or named by keys FILE chrony, the algorithm may be left out)",
    ],
    [
      "7 MD9 secret",
      'k:1:3: "MD9" is not an algorithm; there are MD5, SHA1, SHA256, SHA384, SHA512, AES128CMAC, AES-256',
    ],
    [
      "7 ?!x secret",
      "k:1:3: this is not an algorithm; there are MD5, SHA1, SHA256, SHA384, SHA512, AES128CMAC, AES-256",
    ],
    ["7 secret MD5", "k:1:3: the algorithm stands before the secret"],
    [
      `7 SHA1 ${"a".repeat(20)}gg`,
      "k:1:28: not a hexadecimal digit: ntpd reads a secret of more than 20 characters as hexadecimal (chrony does not: --keys-format chrony, or keys FILE chrony)",
    ],
    [
      `7 SHA1 ${"a".repeat(21)}`,
      "k:1:8: 21 hexadecimal digits are half an octet too many: ntpd reads a secret of more than 20 characters as hexadecimal (chrony does not: --keys-format chrony, or keys FILE chrony)",
    ],
    [`7 SHA1 ${"ab".repeat(65)}`, "k:1:8: the secret has 65 octets, ntpd takes 64 at most"],
    ["7 MD5 pass\u00e9", "k:1:11: ntpd takes only printable ASCII in a secret"],
    [
      "7 MD5 secret 10.0.0.0/33",
      "k:1:14: not an IP address or network, as 192.0.2.7 or 10.0.0.0/8 (and a secret has no blanks)",
    ],
    [
      "7 MD5 secret 10.0.0.1,host",
      "k:1:23: not an IP address or network, as 192.0.2.7 or 10.0.0.0/8 (and a secret has no blanks)",
    ],
    [
      "7 MD5 secret 10.0.0.1,",
      "k:1:23: not an IP address or network, as 192.0.2.7 or 10.0.0.0/8 (and a secret has no blanks)",
    ],
    ["7 MD5 secret 10.0.0.1 10.0.0.2", "k:1:23: nothing may follow the addresses but a # comment"],
  ])("says where %j is wrong", (text, expected) => {
    expect(fault(text)).toBe(expected);
    expect(fault(text, "ntp")).toBe(expected);
  });

  it("goes on after a wrong line, and names a repeated identifier", () => {
    const { keys, faults } = parse("1 MD5 one\nnonsense\n2 MD5 two\n 1 SHA1 other\n");
    expect(keys.map(({ id, algorithm }) => [id, algorithm])).toEqual([
      [1, "MD5"],
      [2, "MD5"],
    ]);
    expect(faults.map(placedText)).toEqual([
      "k:2:1: a line begins with a key identifier, 1 to 65535",
      "k:4:2: key 1 was already given in line 1",
    ]);
  });
});

describe("a chrony.keys file", () => {
  it("reads chrony's forms", () => {
    const { keys, faults } = parse(
      [
        "! note",
        "; note",
        "# note",
        "% note",
        "1 MD5 word",
        "2 secret",
        `3 SHA1 HEX:${DIGITS}`,
        "4 SHA256 ASCII:a#b",
        `5 SHA512 ${"long".repeat(9)}`,
        "100000 AES128 HEX:00112233445566778899AABBCCDDEEFF # ours",
      ].join("\n"),
      "chrony",
    );
    expect(faults).toEqual([]);
    expect(keys.map(({ id, algorithm, secret }) => [id, algorithm, latin(secret)])).toEqual([
      [1, "MD5", "word"],
      [2, "MD5", "secret"],
      [3, "SHA1", Buffer.from(DIGITS, "hex").toString("latin1")],
      [4, "SHA256", "a#b"],
      [5, "SHA512", "long".repeat(9)],
      [100000, "AES128CMAC", Buffer.from("00112233445566778899aabbccddeeff", "hex").toString("latin1")],
    ]);
  });

  it("is recognized line by line by HEX: and ASCII:, and by its comments", () => {
    const { keys, faults } = parse(
      ["; note", "1 HEX:abcd", "2 SHA1 ASCII:this is", "3 SHA1 ASCII:thisisalongsecretoftext", "70000 MD5 HEX:00"].join(
        "\n",
      ),
    );
    expect(faults.map(placedText)).toEqual(["k:3:19: nothing may follow the secret in a chrony file"]);
    expect(keys.map(({ id, algorithm, secret }) => [id, algorithm, latin(secret)])).toEqual([
      [1, "MD5", "\xab\xcd"],
      [3, "SHA1", "thisisalongsecretoftext"],
      [70000, "MD5", "\x00"],
    ]);
  });

  it("keeps every octet of a text secret", () => {
    expect([...only("1 SHA1 ASCII:\u00e9\u00ff", "chrony").secret]).toEqual([0xe9, 0xff]);
  });

  it.each([
    ["1", "k:1:1: key 1 has no secret"],
    ["1 SHA1 HEX:", "k:1:8: the secret is empty"],
    ["1 SHA1 ASCII:", "k:1:8: the secret is empty"],
    ["1 SHA1 HEX:abc", "k:1:8: 3 hexadecimal digits are half an octet too many"],
    ["1 SHA1 HEX:abxd", "k:1:14: not a hexadecimal digit"],
    ["1 AES128 HEX:abcd", "k:1:10: an AES128 key has 16 octets, this has 2"],
    ["1 AES256 HEX:00112233445566778899aabbccddeeff", "k:1:10: an AES256 key has 32 octets, this has 16"],
    [
      "1 TIGER HEX:abcd",
      'k:1:3: "TIGER" is not an algorithm; there are MD5, SHA1, SHA256, SHA384, SHA512, AES128CMAC, AES-256',
    ],
    ["4294967296 SHA1 HEX:abcd", "k:1:1: a line begins with a key identifier, 1 to 4294967295"],
    ["1 SHA1 HEX:abcd 10.0.0.1", "k:1:17: nothing may follow the secret in a chrony file"],
  ])("says where %j is wrong", (text, expected) => {
    expect(fault(text, "chrony")).toBe(expected);
  });

  it("is not taken for one when ntpd's rule was asked for", () => {
    expect(latin(only("1 SHA1 HEX:abcd", "ntp").secret)).toBe("HEX:abcd");
    expect(fault("; note", "ntp")).toBe("k:1:1: a line begins with a key identifier, 1 to 65535");
  });
});

describe("any text at all", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "1",
      "65535",
      "MD5",
      "AES",
      "SHA1",
      "HEX:",
      "HEX:00",
      "ASCII:x",
      "#",
      "!",
      ";",
      DIGITS,
      "10.0.0.0/8",
      ",",
      "::1/129",
      "\r",
      "\0",
    ),
    fc.string(),
    fc.string({ unit: "binary" }),
  );
  const line = fc
    .array(fc.tuple(word, fc.constantFrom(" ", "\t", "", "\n")), { maxLength: 7 })
    .map((parts) => parts.flat().join(""));
  const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n"));

  it("gives keys and faults with places inside the text, and never an exception", () => {
    fc.assert(
      fc.property(text, fc.constantFrom<KeyFormat>("auto", "ntp", "chrony"), (content, format) => {
        const lines = content.split(/\r?\n/);
        const { keys, faults, warnings } = parse(content, format);
        expect(new Set(keys.map(({ id }) => id)).size).toBe(keys.length);
        for (const { id, secret } of keys) {
          expect(id).toBeGreaterThanOrEqual(1);
          expect(secret.length).toBeGreaterThanOrEqual(1);
        }
        for (const { line: number, column, message } of [...faults, ...warnings]) {
          expect(number).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(lines[number - 1]!.length);
          expect(message).toMatch(/^[ -~]+$/);
        }
      }),
      budget(0.2),
    );
  });

  it("never tells a secret in a message", () => {
    const secret = fc.stringMatching(/^[a-z0-9]{13,60}$/);
    const shape = fc.constantFrom(
      "1 MD5 10.0.0.1 S",
      "1 MD5 x S",
      "1 S x",
      "1 S",
      "S 1 MD5",
      "S",
      "1 SHA1 S S S",
      "0 MD5 S",
      "1 ASCII:S x",
      "1 SHA9 ASCII:S",
      "1 AES128 ASCII:S",
    );
    fc.assert(
      fc.property(secret, shape, fc.constantFrom<KeyFormat>("auto", "ntp", "chrony"), (hidden, form, format) => {
        const { faults, warnings } = parse(form.replaceAll("S ", `${hidden} `).replace(/S$/, hidden), format);
        for (const { message } of [...faults, ...warnings]) expect(message).not.toContain(hidden);
      }),
    );
  });
});
