import { gcmsiv } from "@noble/ciphers/aes.js";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  AEADS,
  TAG_OCTETS,
  aeadNumbered,
  loadAeads,
  type Aead,
  type AeadRow,
  type MakeAead,
} from "../../../src/security/nts/aead.ts";
import { aesOfNode } from "../../../src/security/aes.ts";
import { fastestAes } from "../../../src/host/aes.ts";
import { libc } from "../../../src/host/libc.ts";
import { sivEncrypt } from "./siv.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const inHex = (octets: Uint8Array | null): string | null =>
  octets === null ? null : Buffer.from(octets).toString("hex");
const octets = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

let makeAead: MakeAead;
beforeAll(async () => {
  makeAead = await loadAeads();
});

/** A key, a nonce, associated data and a plaintext for an algorithm. */
const input = (row: AeadRow) =>
  fc.record({
    key: octets(row.keyOctets),
    nonce: octets(row.nonceOctets),
    associated: fc.uint8Array({ maxLength: 100 }),
    plaintext: fc.uint8Array({ maxLength: 100 }),
  });

/** Both ways to AES, each of which has every algorithm. */
const WAYS = [
  ["node:crypto", aesOfNode],
  ["OpenSSL", fastestAes()],
] as const;

const EACH = WAYS.flatMap(([way, makeAes]) => AEADS.map((row) => [row.name, way, row, makeAes] as const));

describe.each(EACH)("%s by %s", (_name, _way, row, makeAes) => {
  beforeAll(async () => {
    makeAead = await loadAeads(makeAes);
  });

  it("opens what it sealed, and adds its tag", () => {
    fc.assert(
      fc.property(input(row), ({ key, nonce, associated, plaintext }) => {
        const aead = makeAead(row, key);
        const ciphertext = aead.seal(nonce, associated, plaintext);
        expect(ciphertext.length).toBe(plaintext.length + TAG_OCTETS);
        expect(inHex(aead.open(nonce, associated, ciphertext))).toBe(inHex(plaintext));
      }),
    );
  });

  it("opens nothing of which one bit was changed, wherever it is, and nothing by another key", () => {
    fc.assert(
      fc.property(input(row), fc.nat(), ({ key, nonce, associated, plaintext }, flip) => {
        const lengths = [nonce.length, associated.length, plaintext.length + TAG_OCTETS];
        const whole = Buffer.concat([nonce, associated, makeAead(row, key).seal(nonce, associated, plaintext)]);
        const open = (aead: Aead) => {
          const [first, second] = [lengths[0]!, lengths[0]! + lengths[1]!];
          return aead.open(whole.subarray(0, first), whole.subarray(first, second), whole.subarray(second));
        };
        expect(open(makeAead(row, key))).not.toBeNull();
        // The first half of a SIV key is that of the tag; an empty plaintext does not need the other.
        const another = key.map((octet, at) => (at === 0 ? octet ^ 1 : octet));
        expect(open(makeAead(row, another))).toBeNull();
        const bit = flip % (whole.length * 8);
        whole[bit >> 3]! ^= 1 << (bit & 7);
        expect(open(makeAead(row, key))).toBeNull();
      }),
    );
  });

  it("opens nothing shorter than its tag, and nothing under a nonce it does not permit", () => {
    const aead = makeAead(row, new Uint8Array(row.keyOctets));
    const nonce = new Uint8Array(row.nonceOctets);
    expect(aead.open(nonce, nonce, new Uint8Array(TAG_OCTETS - 1))).toBeNull();
    expect(aead.open(new Uint8Array(0), nonce, new Uint8Array(40))).toBeNull();
    expect(() => aead.seal(new Uint8Array(0), nonce, nonce)).toThrow(RangeError);
  });

  it("takes no key of another length, and keeps the one it was given when the caller's octets change", () => {
    expect(() => makeAead(row, new Uint8Array(row.keyOctets + 1))).toThrow(RangeError);
    const key = new Uint8Array(row.keyOctets);
    const nonce = new Uint8Array(row.nonceOctets);
    const aead = makeAead(row, key);
    const sealed = aead.seal(nonce, nonce, key);
    key.fill(1);
    expect(aead.open(nonce, nonce, sealed)).not.toBeNull();
  });

  it("goes by the key it was given last, whatever it did by others before", () => {
    const steps = fc.array(input(row), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(steps, (inputs) => {
        const aead = makeAead(row, inputs[0]!.key);
        for (const { key, nonce, associated, plaintext } of inputs) {
          aead.rekey(key);
          const sealed = inHex(aead.seal(nonce, associated, plaintext));
          expect(sealed).toBe(inHex(makeAead(row, key).seal(nonce, associated, plaintext)));
          // Again, by what the key has come to, and into memory that has something in it.
          const memory = new Uint8Array(plaintext.length + TAG_OCTETS).fill(0xff);
          expect(inHex(aead.seal(nonce, associated, plaintext, memory))).toBe(sealed);
        }
        expect(() => aead.rekey(new Uint8Array(row.keyOctets + 1))).toThrow(RangeError);
      }),
    );
  });

  it("is found by its number", () => {
    expect(aeadNumbered(row.id)).toBe(row);
  });
});

describe("AES-SIV", () => {
  it("is in the reference what RFC 5297 A.1 and A.2 say", () => {
    const deterministic = sivEncrypt(
      hex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
      [hex("101112131415161718191a1b1c1d1e1f2021222324252627")],
      hex("112233445566778899aabbccddee"),
    );
    expect(inHex(deterministic)).toBe("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
    const withNonce = sivEncrypt(
      hex("7f7e7d7c7b7a79787776757473727170 404142434445464748494a4b4c4d4e4f"),
      [
        hex("00112233445566778899aabbccddeeff deaddadadeaddadaffeeddccbbaa9988 7766554433221100"),
        hex("102030405060708090a0"),
        hex("09f911029d74e35bd84156c5635688c0"),
      ],
      hex("7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553"),
    );
    expect(inHex(withNonce)).toBe(
      "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d",
    );
  });

  it.each(WAYS)(
    "by %s is the same as the reference, the nonce being the last component, at all three lengths",
    async (_way, makeAes) => {
      const make = await loadAeads(makeAes);
      const rows = AEADS.filter(({ name }) => name.startsWith("AES-SIV"));
      expect(rows.map(({ id }) => id)).toEqual([15, 16, 17]);
      const any = fc.constantFrom(...rows).chain((row) => fc.tuple(fc.constant(row), input(row)));
      fc.assert(
        fc.property(any, ([row, { key, nonce, associated, plaintext }]) => {
          const expected = sivEncrypt(key, [associated, nonce], plaintext);
          expect(inHex(make(row, key).seal(nonce, associated, plaintext))).toBe(inHex(expected));
        }),
      );
    },
  );

  it("is OpenSSL's wherever C can be called", () => {
    expect(fastestAes() === aesOfNode).toBe(libc() === null);
  });
});

describe("AES-128-GCM-SIV", () => {
  it.each(WAYS)("by %s is the same as a library's, of whatever length", async (_way, makeAes) => {
    const row = aeadNumbered(30)!;
    const aead = (await loadAeads(makeAes))(row, new Uint8Array(row.keyOctets));
    fc.assert(
      fc.property(input(row), ({ key, nonce, associated, plaintext }) => {
        aead.rekey(key);
        const expected = gcmsiv(key, nonce, associated).encrypt(plaintext);
        expect(inHex(aead.seal(nonce, associated, plaintext))).toBe(inHex(expected));
      }),
    );
  });

  it.each([
    ["", "", "dc20e2d83f25705bb49e439eca56de25"],
    ["", "0100000000000000", "b5d839330ac7b786578782fff6013b815b287c22493a364c"],
    ["", "010000000000000000000000", "7323ea61d05932260047d942a4978db357391a0bc4fdec8b0d106639"],
    ["", "01000000000000000000000000000000", "743f7c8077ab25f8624e2e948579cf77303aaf90f6fe21199c6068577437a0c4"],
    ["01", "0200000000000000", "1e6daba35669f4273b0a1a2560969cdf790d99759abd1508"],
  ])("is what RFC 8452 C.1 says of %j and %j", (associated, plaintext, result) => {
    const aead = makeAead(aeadNumbered(30)!, hex("01000000000000000000000000000000"));
    expect(inHex(aead.seal(hex("030000000000000000000000"), hex(associated), hex(plaintext)))).toBe(result);
  });

  it.each([
    ["e66021d5eb8e4f4066d4adb9c33560e4", "f46e44bb3da0015c94f70887", "", "", "a4194b79071b01a87d65f706e3949578"],
    [
      "36864200e0eaf5284d884a0e77d31646",
      "bae8e37fc83441b16034566b",
      "46bb91c3c5",
      "7a806c",
      "af60eb711bd85bc1e4d3e0a462e074eea428a8",
    ],
    [
      "aedb64a6c590bc84d1a5e269e4b47801",
      "afc0577e34699b9e671fdd4f",
      "fc880c94a95198874296",
      "bdc66f146545",
      "bb93a3e34d3cd6a9c45545cfc11f03ad743dba20f966",
    ],
    [
      "d5cc1fd161320b6920ce07787f86743b",
      "275d1ab32f6d1f0434d8848c",
      "046787f3ea22c127aaf195d1894728",
      "1177441f195495860f",
      "4f37281f7ad12949d01d02fd0cd174c84fc5dae2f60f52fd2b",
    ],
    [
      "b3fed1473c528b8426a582995929a149",
      "9e9ad8780c8d63d0ab4149c0",
      "c9882e5386fd9f92ec489c8fde2be2cf97e74e93",
      "9f572c614b4745914474e7c7",
      "f54673c5ddf710c745641c8bc1dc2f871fb7561da1286e655e24b7b0",
    ],
    // Longer than a block, both of them.
    [
      "01000000000000000000000000000000",
      "030000000000000000000000",
      "010000000000000000000000000000000200",
      "0300000000000000000000000000000004000000",
      "6bb0fecf5ded9b77f902c7d5da236a4391dd029724afc9805e976f451e6d87f6fe106514",
    ],
    [
      "01000000000000000000000000000000",
      "030000000000000000000000",
      "01",
      "02000000000000000000000000000000 03000000000000000000000000000000 04000000000000000000000000000000 05000000000000000000000000000000",
      "2f5c64059db55ee0fb847ed513003746aca4e61c711b5de2e7a77ffd02da42feec601910d3467bb8b36ebbaebce5fba30d36c95f48a3e7980f0e7ac299332a80cdc46ae475563de037001ef84ae21744",
    ],
  ])("is what RFC 8452 C.1 says under key %s and nonce %s", (key, nonce, associated, plaintext, result) => {
    const aead = makeAead(aeadNumbered(30)!, hex(key));
    expect(inHex(aead.seal(hex(nonce), hex(associated), hex(plaintext)))).toBe(result);
    expect(inHex(aead.open(hex(nonce), hex(associated), hex(result)))).toBe(plaintext.replaceAll(" ", ""));
  });
});
