/** MACs that ntpd 4.2.8p15 made, checked and made again (keys: test/fixtures/captures/README.md). */
import { beforeAll, describe, expect, it } from "vitest";
import { parseKeys } from "../../src/security/keyfile.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import { securityProvider, type SymmetricProvider } from "../../src/security/symmetric.ts";
import { decodePacket, type Packet } from "../../src/wire/packet.ts";
import { capture } from "../support/pcap.ts";

const FILE = `
1 MD5 secretmd5
2 SHA1 0123456789abcdef0123456789abcdef01234567
3 SHA256 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
4 AES128CMAC 00112233445566778899aabbccddeeff
5 SHA512 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
6 AES128CMAC shortcmackey
`;

async function provider(file: string): Promise<SymmetricProvider> {
  const { keys, faults } = parseKeys(file, { format: "auto", file: "ntp.keys" });
  expect(faults).toEqual([]);
  return securityProvider((await openKeyring(keys, "all")).keyring);
}

function decoded(bytes: Uint8Array): Packet {
  const packet = decodePacket(bytes);
  if (packet.kind !== "packet") throw new Error(packet.fault);
  return packet;
}

let ours: SymmetricProvider;
beforeAll(async () => {
  ours = await provider(FILE);
});

/** Every mode with every verdict on it in a recording, each pair once. */
function verdicts(name: string, by: SymmetricProvider): string[] {
  return [
    ...new Set(capture(name).map(({ bytes, from }) => `${bytes[0]! & 7} ${by.judge(bytes, decoded(bytes), from.ip)}`)),
  ];
}

describe("recorded traffic", () => {
  it.each([
    ["b1-md5", 1, 16],
    ["b2-sha1", 2, 16],
    ["b3-sha256", 3, 16],
    ["b4-aes128cmac", 4, 16],
    ["b5-sha512", 5, 16],
    ["c1-active-active", 1, 33],
    ["c2-active-passive-key", 1, 31],
    ["d1-bcast-key-volley", 1, 17],
    ["e-multicast-lan1", 1, 31],
    ["f1-manycast-lan1", 4, 60],
    ["k3-orphan", 1, 26],
  ])("%s: every MAC is key %i's, and ours is the same octet for octet", (name, keyId, count) => {
    const packets = capture(name);
    expect(packets).toHaveLength(count);
    for (const { bytes, from } of packets) {
      const packet = decoded(bytes);
      expect(packet.mac?.keyId).toBe(keyId);
      expect(ours.judge(bytes, packet, from.ip)).toBe("ok");
      expect(ours.key(keyId).open(bytes, packet)).toBe("ok");
      expect(ours.none().open(bytes, packet)).toBe("failed");
      expect(ours.sealWith(keyId, bytes.subarray(0, packet.covered))).toEqual({
        kind: "sealed",
        bytes: Uint8Array.from(bytes),
      });
    }
  });

  it("b6: a wrong secret fails, and was answered by crypto-NAKs", async () => {
    const theirs = await provider("1 MD5 othersecret");
    expect(verdicts("b6-cryptonak-wrongsecret", ours)).toEqual(["3 failed", "4 nak"]);
    expect(verdicts("b6-cryptonak-wrongsecret", theirs)).toEqual(["3 ok", "4 nak"]);
  });

  it("b7: an unknown key fails, and was answered by crypto-NAKs", async () => {
    const theirs = await provider("9 MD5 unknownatserver");
    expect(verdicts("b7-cryptonak-unknownkeyid", ours)).toEqual(["3 failed", "4 nak"]);
    expect(verdicts("b7-cryptonak-unknownkeyid", theirs)).toEqual(["3 ok", "4 nak"]);
  });

  it("a1: no MAC asks for none", () => {
    expect(verdicts("a1-iburst", ours)).toEqual(["3 none", "4 none"]);
  });
});
