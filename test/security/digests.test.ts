import { describe, expect, it } from "vitest";
import { ALGORITHMS, algorithmNamed, prepareDigest, sameDigest, type Algorithm } from "../../src/security/digests.ts";
import { HEADER, hex, hexOf } from "./packets.ts";

async function digest(algorithm: Algorithm, secret: Uint8Array, octets: Uint8Array): Promise<string> {
  const prepared = await prepareDigest(algorithm, secret);
  return hexOf(prepared!(octets));
}

/** The message of RFC 4493 §4 and of NIST SP 800-38B appendix D; its examples take the first 0, 16, 40, 64 octets. */
const MESSAGE = hex(`6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
                     30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`);

describe("AES-CMAC", () => {
  it.each([
    [0, "bb1d6929e95937287fa37d129b756746"],
    [16, "070a16b46b4d4144f79bdd9dd04a287c"],
    [40, "dfa66747de9ae63030ca32611497c827"],
    [64, "51f0bebf7e3b9d92fc49741779363cfe"],
  ])("gives the vector of RFC 4493 §4 for %i octets", async (length, expected) => {
    expect(await digest("AES128CMAC", hex("2b7e151628aed2a6abf7158809cf4f3c"), MESSAGE.subarray(0, length))).toBe(
      expected,
    );
  });

  it.each([
    [0, "028962f61b7bf89efc6b551f4667d983"],
    [16, "28a7023f452e8f82bd4bf28d8c37c35c"],
    [40, "aaf3d8f1de5640c232f5b169b9c911e6"],
    [64, "e1992190549f6ed5696a2c056c315410"],
  ])("gives the vector of NIST SP 800-38B D.3 (256 bits) for %i octets", async (length, expected) => {
    const key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    expect(await digest("AES256CMAC", key, MESSAGE.subarray(0, length))).toBe(expected);
  });

  it("pads a short key with zeros, as ntpd does", async () => {
    expect(await digest("AES128CMAC", Buffer.from("shortcmackey"), HEADER)).toBe("6fb567dab9a9e25cad3d251223b70fb0");
  });

  it("cuts a long key, as ntpd does", async () => {
    expect(await digest("AES128CMAC", hex("000102030405060708090a0b0c0d0e0f101112"), HEADER)).toBe(
      "5247121db0e50733fb83bab08fbba8ea",
    );
  });
});

describe("hashing digests", () => {
  // Computed with OpenSSL's command line over the secret and 48 octets; cut to 20.
  it.each([
    ["MD5", "d897548bcb2aa886be355f5c7df40efa"],
    ["SHA1", "9fd79da0c2bde4133ef5d4bd789675d6f59482cc"],
    ["SHA256", "42a5ba9892c1f9bb8f5cfd8daf4e7370586058c7"],
    ["SHA384", "74baf240d8eef06ff6e660ef2c54f605dc4420a4"],
    ["SHA512", "c28c10ca29372ee7510a789526ed797ec7e4b098"],
  ] as const)("%s is H(secret, octets), 20 octets at most", async (algorithm, expected) => {
    expect(await digest(algorithm, Buffer.from("secretmd5"), HEADER)).toBe(expected);
  });

  it("keeps a secret of its own", async () => {
    const secret = Buffer.from("secretmd5");
    const prepared = await prepareDigest("MD5", secret);
    secret.fill(0);
    expect(hexOf(prepared!(HEADER))).toBe("d897548bcb2aa886be355f5c7df40efa");
  });
});

describe("the table of algorithms", () => {
  it("states the octets each puts on the wire", async () => {
    for (const [algorithm, { octets }] of Object.entries(ALGORITHMS)) {
      expect(await digest(algorithm as Algorithm, hex("0102"), HEADER)).toHaveLength(octets * 2);
    }
  });

  it("knows every name the daemons use, in capitals or not", () => {
    const names = "M md5 SHA sha1 Sha256 sha384 SHA512 AES aes128 AES-128 AES128CMAC AES256 aes-256 AES256CMAC".split(
      " ",
    );
    expect(names.map(algorithmNamed)).toEqual([
      "MD5",
      "MD5",
      "SHA1",
      "SHA1",
      "SHA256",
      "SHA384",
      "SHA512",
      "AES128CMAC",
      "AES128CMAC",
      "AES128CMAC",
      "AES128CMAC",
      "AES256CMAC",
      "AES256CMAC",
      "AES256CMAC",
    ]);
    expect(algorithmNamed("SHA3")).toBeNull();
    expect(algorithmNamed("constructor")).toBeNull();
  });
});

describe("comparing digests", () => {
  it("holds for the same octets only", () => {
    expect(sameDigest(hex("0102"), hex("0102"))).toBe(true);
    expect(sameDigest(hex("0102"), hex("0103"))).toBe(false);
    expect(sameDigest(hex("0102"), hex("010203"))).toBe(false);
  });
});
