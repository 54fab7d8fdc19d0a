import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { ALGORITHMS } from "../../src/security/digests.ts";
import { parseKeys } from "../../src/security/keyfile.ts";
import { openKeyring, type Keyring } from "../../src/security/keyring.ts";
import { noSecurity, securityProvider, symmetricSecurity } from "../../src/security/symmetric.ts";
import { cryptoNak, HEADER, hexOf, packetOf } from "./packets.ts";

/** One key an algorithm; then key 8, restricted, and key 9, not trusted. */
const FILE = `
1 MD5 secretmd5
2 SHA1 0123456789abcdef0123456789abcdef01234567
3 SHA256 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
4 SHA384 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
5 SHA512 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
6 AES128CMAC 00112233445566778899aabbccddeeff
7 AES256 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
8 MD5 restricted 192.0.2.7,2001:db8::/32
9 MD5 untrusted
`;
const ALGORITHM_KEYS = [1, 2, 3, 4, 5, 6, 7];
const HERE = "192.0.2.7";
const ELSEWHERE = "198.51.100.9";

let ring: Keyring;
beforeAll(async () => {
  const { keys, faults } = parseKeys(FILE, { format: "ntp", file: "ntp.keys" });
  expect(faults).toEqual([]);
  ({ keyring: ring } = await openKeyring(keys, [{ first: 1, last: 8 }]));
});

/** What a server with the key, whether it trusts it or not, would send. */
function sealedBy(keyId: number, covered: Uint8Array = HEADER): Uint8Array {
  const key = ring.find(keyId)!;
  return Uint8Array.from([...covered, 0, 0, keyId >> 8, keyId & 255, ...key.digest(covered)]);
}

describe("an association's key", () => {
  it("seals header, key identifier and digest, as on the wire", () => {
    const sealed = symmetricSecurity(ring, 1).seal(HEADER);
    expect(sealed).toEqual({ kind: "sealed", bytes: sealedBy(1) });
    expect(hexOf(sealedBy(1).subarray(48))).toBe("00000001d897548bcb2aa886be355f5c7df40efa");
  });

  it.each(ALGORITHM_KEYS)("opens what it sealed, and nothing with a bit changed (key %i)", (keyId) => {
    const security = symmetricSecurity(ring, keyId);
    const sealed = security.seal(HEADER);
    const bytes = sealed.kind === "sealed" ? sealed.bytes : new Uint8Array();
    expect(bytes.length).toBe(52 + ALGORITHMS[ring.find(keyId)!.algorithm].octets);
    expect(security.open(bytes, packetOf(bytes))).toBe("ok");
    fc.assert(
      fc.property(fc.nat({ max: bytes.length * 8 - 1 }), (bit) => {
        const changed = bytes.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(security.open(changed, packetOf(changed))).toBe("failed");
      }),
    );
  });

  it("covers extension fields", () => {
    const covered = Uint8Array.from([...HEADER, 0x20, 0x05, 0, 28, ...new Uint8Array(24)]);
    const bytes = sealedBy(6, covered);
    const security = symmetricSecurity(ring, 6);
    expect(security.open(bytes, packetOf(bytes, covered.length))).toBe("ok");
    bytes[60]! ^= 1;
    expect(security.open(bytes, packetOf(bytes, covered.length))).toBe("failed");
  });

  it("fails what has no MAC, or another key's, however right that is", () => {
    const security = symmetricSecurity(ring, 1);
    expect(security.open(HEADER, packetOf(HEADER))).toBe("failed");
    expect(security.open(sealedBy(2), packetOf(sealedBy(2)))).toBe("failed");
    expect(symmetricSecurity(ring, 2).open(sealedBy(2), packetOf(sealedBy(2)))).toBe("ok");
  });

  it("fails a digest of another length, even where it begins right", () => {
    const security = symmetricSecurity(ring, 2);
    const cut = sealedBy(2).subarray(0, 68);
    expect(security.open(cut, packetOf(cut))).toBe("failed");
    const longer = Uint8Array.from([...sealedBy(1), 0, 0, 0, 0]);
    expect(symmetricSecurity(ring, 1).open(longer, packetOf(longer))).toBe("failed");
    const bare = HEADER.length + 4;
    expect(
      symmetricSecurity(ring, 1).open(sealedBy(1).subarray(0, bare), packetOf(sealedBy(1).subarray(0, bare))),
    ).toBe("failed");
  });

  it("says nak for a crypto-NAK, but not for key identifier 0 with a digest", () => {
    const security = symmetricSecurity(ring, 1);
    expect(security.open(cryptoNak(), packetOf(cryptoNak()))).toBe("nak");
    const zero = Uint8Array.from([...cryptoNak(), ...new Uint8Array(16)]);
    expect(security.open(zero, packetOf(zero))).toBe("failed");
  });

  it("neither seals nor opens with a key that is unknown or not trusted", () => {
    expect(symmetricSecurity(ring, 77).seal(HEADER)).toEqual({ kind: "unsealed", fault: "unknownKey" });
    expect(symmetricSecurity(ring, 9).seal(HEADER)).toEqual({ kind: "unsealed", fault: "untrustedKey" });
    expect(symmetricSecurity(ring, 9).open(sealedBy(9), packetOf(sealedBy(9)))).toBe("failed");
    expect(symmetricSecurity(ring, 77).open(sealedBy(1), packetOf(sealedBy(1)))).toBe("failed");
    expect(symmetricSecurity(ring, 77).open(cryptoNak(), packetOf(cryptoNak()))).toBe("nak");
  });

  it("is kept to the addresses of the key, where the server's address was told", () => {
    const bytes = sealedBy(8);
    expect(symmetricSecurity(ring, 8, HERE).open(bytes, packetOf(bytes))).toBe("ok");
    expect(symmetricSecurity(ring, 8, HERE).seal(HEADER).kind).toBe("sealed");
    expect(symmetricSecurity(ring, 8, ELSEWHERE).open(bytes, packetOf(bytes))).toBe("failed");
    expect(symmetricSecurity(ring, 8, ELSEWHERE).seal(HEADER)).toEqual({ kind: "unsealed", fault: "untrustedKey" });
  });

  it("does not touch what it is given", () => {
    const header = HEADER.slice();
    symmetricSecurity(ring, 6).seal(header);
    expect(header).toEqual(HEADER);
  });
});

describe("no security", () => {
  it("sends the header as it is, in octets of its own", () => {
    const sealed = noSecurity().seal(HEADER);
    expect(sealed).toEqual({ kind: "sealed", bytes: HEADER });
    const buffer = Buffer.from(HEADER);
    const copy = noSecurity().seal(buffer);
    buffer.fill(0);
    expect(copy).toEqual({ kind: "sealed", bytes: HEADER });
  });

  it("accepts no MAC, names a crypto-NAK, and fails a MAC it cannot check", () => {
    const security = noSecurity();
    expect([security.kind, security.keyId]).toEqual(["none", null]);
    expect(security.open(HEADER, packetOf(HEADER))).toBe("none");
    expect(security.open(cryptoNak(), packetOf(cryptoNak()))).toBe("nak");
    expect(security.open(sealedBy(1), packetOf(sealedBy(1)))).toBe("failed");
  });
});

describe("the provider", () => {
  it("gives the securities of its keyring", () => {
    const provider = securityProvider(ring);
    expect(provider.none().kind).toBe("none");
    const security = provider.key(6);
    expect([security.kind, security.keyId]).toEqual(["key", 6]);
    expect(security.open(sealedBy(6), packetOf(sealedBy(6)))).toBe("ok");
  });

  it("judges by any trusted key, for the addresses it is for", () => {
    const { judge } = securityProvider(ring);
    const verdict = (bytes: Uint8Array, from: string): string => judge(bytes, packetOf(bytes), from);
    expect(ALGORITHM_KEYS.map((keyId) => verdict(sealedBy(keyId), ELSEWHERE))).toEqual(ALGORITHM_KEYS.map(() => "ok"));
    expect(verdict(HEADER, HERE)).toBe("none");
    expect(verdict(cryptoNak(), HERE)).toBe("nak");
    expect(verdict(sealedBy(9), HERE)).toBe("failed");
    expect(
      [HERE, "::ffff:192.0.2.7", "2001:db8:5::1", ELSEWHERE, "::1"].map((from) => verdict(sealedBy(8), from)),
    ).toEqual(["ok", "ok", "ok", "failed", "failed"]);
    const unknown = sealedBy(1);
    unknown[51] = 77;
    expect(verdict(unknown, HERE)).toBe("failed");
  });

  it("seals what no association sends", () => {
    const { sealWith } = securityProvider(ring);
    const covered = Uint8Array.from([...HEADER, 0x20, 0x05, 0, 16, ...new Uint8Array(12)]);
    expect(sealWith(3, covered)).toEqual({ kind: "sealed", bytes: sealedBy(3, covered) });
    expect(sealWith(8, covered).kind).toBe("sealed");
    expect(sealWith(9, covered)).toEqual({ kind: "unsealed", fault: "untrustedKey" });
    expect(sealWith(77, covered)).toEqual({ kind: "unsealed", fault: "unknownKey" });
  });

  it("works without any key", () => {
    const provider = securityProvider(null);
    expect(provider.key(1).seal(HEADER)).toEqual({ kind: "unsealed", fault: "unknownKey" });
    expect(provider.judge(sealedBy(1), packetOf(sealedBy(1)), HERE)).toBe("failed");
    expect(provider.judge(HEADER, packetOf(HEADER), HERE)).toBe("none");
  });
});
