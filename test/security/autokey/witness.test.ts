/** Reading along with Autokey: MACs of recordings, of sessions with a cookie that was drawn, and of what was altered. */
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { autokeySecurity } from "../../../src/security/autokey/client.ts";
import { ntpSeconds } from "../../../src/security/autokey/stamps.ts";
import { AutokeyServer } from "../../../src/security/autokey/server.ts";
import { Witness, type Testimony } from "../../../src/security/autokey/witness.ts";
import { addressOctets, type Address } from "../../../src/wire/address.ts";
import { decodePacket, type Packet } from "../../../src/wire/packet.ts";
import { MADE, madeHost } from "../../support/autokey.ts";
import { capture } from "../../support/pcap.ts";

const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));
const CLIENT: Address = { ip: "192.0.2.11", port: 123 };
const SERVER: Address = { ip: "192.0.2.1", port: 123 };

interface Sent {
  readonly bytes: Uint8Array;
  readonly from: Address;
  readonly to: Address;
}

function decoded(bytes: Uint8Array): Packet {
  const packet = decodePacket(bytes);
  if (packet.kind !== "packet") throw new Error(packet.fault);
  return packet;
}

function header(mode: number): Uint8Array {
  const octets = new Uint8Array(48);
  octets[0] = 0x20 | mode;
  new DataView(octets.buffer).setUint32(40, ntpSeconds(MADE + 60));
  return octets;
}

const own = madeHost("cli", { trusted: false });

/** A dance and some time after it, between hosts of ours: their cookie is drawn by chance. */
function talked(digest: "md5" | "sha256"): readonly Sent[] {
  const server = new AutokeyServer(madeHost("srv", { digest }).credentials, random);
  const { credentials } = digest === "md5" ? own : madeHost("cli", { trusted: false, digest });
  const client = autokeySecurity({ credentials, associationId: 7, group: null, random }, SERVER.ip);
  client.face(CLIENT.ip);
  const path = { client: addressOctets(CLIENT.ip)!, server: addressOctets(SERVER.ip)! };
  const sent: Sent[] = [];
  while (sent.length < 12) {
    client.tell({ unix: MADE + 60, synchronized: false });
    const question = client.seal(header(3));
    if (question.kind !== "sealed") throw new Error(question.fault);
    const moment = { unix: MADE + 60, synchronized: true };
    const answer = server.answer(header(4), decoded(question.bytes), path, moment)!;
    client.open(answer, decoded(answer));
    sent.push({ bytes: question.bytes, from: CLIENT, to: SERVER }, { bytes: answer, from: SERVER, to: CLIENT });
  }
  return sent;
}

function testified(witness: Witness, { bytes, from, to }: Sent): Testimony | null {
  return witness.testify(bytes, decoded(bytes), from, to);
}

const hostKey = own.files.hostKey.what;

describe("a witness", () => {
  it.each(["i1-autokey-tc", "i11-autokey-iff-working"])(
    "finds every MAC of %s right, since the cookie can be guessed",
    (name) => {
      const witness = new Witness([]);
      const sent = capture(name);
      expect(sent.length).toBeGreaterThan(20);
      for (const one of sent) expect(testified(witness, one)).toEqual({ verified: true, algorithm: "MD5" });
    },
  );

  it("knows a cookie that was drawn by the key it was encrypted for, and without that says that it does not", () => {
    const sent = talked("md5");
    const isMessage = sent.map(({ bytes }) => decoded(bytes).extensions.length > 0);
    expect(isMessage).toContain(false);
    const knowing = new Witness([hostKey]);
    for (const one of sent) expect(testified(knowing, one)).toEqual({ verified: true, algorithm: "MD5" });
    const guessing = new Witness([madeHost("other").files.hostKey.what]);
    expect(sent.map((one) => testified(guessing, one)?.verified)).toEqual(isMessage.map((is) => (is ? true : null)));
  });

  it("finds wrong what was altered, with a message and without", () => {
    const sent = talked("md5");
    const witness = new Witness([hostKey]);
    for (const one of sent) {
      testified(witness, one);
      const bytes = one.bytes.slice();
      bytes[12]! ^= 1;
      expect(testified(witness, { ...one, bytes })).toMatchObject({ verified: false });
      expect(testified(witness, { ...one, from: { ...one.from, ip: "192.0.2.99" } })?.verified).not.toBe(true);
    }
  });

  it("tells sessions by longer hashes", () => {
    const witness = new Witness([]);
    for (const one of talked("sha256")) {
      const isMessage = decoded(one.bytes).extensions.length > 0;
      expect(testified(witness, one)).toEqual(
        isMessage ? { verified: true, algorithm: "SHA256" } : { verified: null, algorithm: null },
      );
    }
  });

  it("says nothing of packets in clear, under keys of a file, and of crypto-NAKs", () => {
    const witness = new Witness([hostKey]);
    const plain = header(3);
    for (const bytes of [
      plain,
      Uint8Array.of(...plain, 0, 0, 0, 1, ...new Uint8Array(16)),
      Uint8Array.of(...plain, 0, 0, 0, 0),
    ])
      expect(testified(witness, { bytes, from: CLIENT, to: SERVER })).toBeNull();
  });
});
