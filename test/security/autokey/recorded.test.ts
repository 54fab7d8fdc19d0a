/** Autokey as ntpd 4.2.8p15 spoke it: every packet of the recordings, and both sides' dances made again from their keys. */
import { describe, expect, it } from "vitest";
import { autokeySecurity } from "../../../src/security/autokey/client.ts";
import { ntpSeconds } from "../../../src/security/autokey/stamps.ts";
import type { RandomOctets } from "../../../src/security/autokey/identity/numbers.ts";
import { AutokeyServer } from "../../../src/security/autokey/server.ts";
import { isSessionMac, keyIdOf, sessionKey, stepsTo } from "../../../src/security/autokey/session.ts";
import { addressOctets } from "../../../src/wire/address.ts";
import { AUTOKEY_CODES, autokeyField, readAutokeyMessage, type AutokeyMessage } from "../../../src/wire/autokey.ts";
import { decodePacket, encodePacket, type Packet } from "../../../src/wire/packet.ts";
import { recordedGroup, recordedHost, saying, type Recording } from "../../support/autokey.ts";
import { capture, type Captured } from "../../support/pcap.ts";

const CAPTURES: Readonly<Record<Recording, string>> = { i1: "i1-autokey-tc", i11: "i11-autokey-iff-working" };
const RECORDINGS = Object.keys(CAPTURES) as Recording[];
const CLIENT = addressOctets("10.1.0.11")!;
const SERVER = addressOctets("10.1.0.1")!;

interface Recorded extends Captured {
  readonly packet: Packet;
  readonly fromClient: boolean;
  readonly message: AutokeyMessage | null;
  /** Unix seconds of the capture. */
  readonly unix: number;
}

function recorded(recording: Recording): Recorded[] {
  return capture(CAPTURES[recording]).map((captured) => {
    const packet = decodePacket(captured.bytes);
    if (packet.kind !== "packet") throw new Error(packet.fault);
    const [field] = packet.extensions;
    const message = field === undefined ? null : readAutokeyMessage(field);
    if (typeof message === "string") throw new Error(message);
    const fromClient = captured.from.ip === "10.1.0.11";
    return { ...captured, packet, fromClient, message, unix: Number(captured.at / 1_000_000_000n) };
  });
}

/** Everybody's cookie: the secret of ntpd 4.2.8p15 is always 0. */
const COOKIE = keyIdOf(sessionKey("md5", { source: CLIENT, destination: SERVER, keyId: 0, cookie: 0 }));

describe.each(RECORDINGS)("every packet of %s", (recording) => {
  const packets = recorded(recording);

  it("decodes, and encodes again octet for octet", () => {
    expect(packets.filter(({ message }) => message !== null).length).toBe(recording === "i1" ? 10 : 12);
    for (const { packet, message, bytes } of packets) {
      const extensions = message === null ? [] : [autokeyField(message)];
      expect(encodePacket({ ...packet, extensions })).toEqual(bytes);
    }
  });

  it("has a MAC that verifies, by the cookie 0 where it has an extension field, else by the client's", () => {
    expect(COOKIE).toBe(0xbe20f43f);
    for (const { packet, fromClient, message, bytes } of packets) {
      const [source, destination] = fromClient ? [CLIENT, SERVER] : [SERVER, CLIENT];
      const parts = { source, destination, cookie: message === null ? COOKIE : 0 };
      const covered = bytes.subarray(0, packet.covered);
      expect(isSessionMac("md5", parts, covered, packet.mac!)).toBe(true);
      expect(isSessionMac("md5", { ...parts, cookie: parts.cookie ^ 1 }, covered, packet.mac!)).toBe(false);
      expect(isSessionMac("md5", { ...parts, source: destination }, covered, packet.mac!)).toBe(false);
    }
  });

  it("has a key ID whose hash leads to the one before, once the client is synchronized", () => {
    const ids = packets.filter(({ fromClient, packet }) => fromClient && packet.header.leap === "none");
    const keyIds = ids.map(({ packet }) => packet.mac!.keyId);
    const parts = { source: CLIENT, destination: SERVER, cookie: COOKIE };
    expect(keyIds.length).toBeGreaterThan(10);
    for (const [index, keyId] of keyIds.slice(1).entries()) {
      expect(stepsTo("md5", parts, keyId, keyIds[index]!, 5)).toBe(1);
    }
  });
});

/** The flags of ntpd's own log (`crypto_recv: flags`), and what it had at the end; after each answer. */
const FLAGS = {
  i1: [0x81003, 0x81303, 0x81f03, 0x83f03, 0x87f03],
  i11: [0x81023, 0x81123, 0x81323, 0x81f23, 0x83f23, 0x87f23],
};

/** When the client's log says that it stamped its signatures for the first time, NTP seconds. */
const SYNCHRONIZED = { i1: 4_004_282_496, i11: 4_004_283_142 };

/** The key ID that its one list of a hundred was made from, by its log; the others were lists of one. */
const DRAWN_FOR_LIST = { i1: 0x530f2b91, i11: 0x235787db };

describe.each(RECORDINGS)("the client of %s, from its keys", (recording) => {
  it("says what ntpd said octet for octet, and comes to the same flags in the same order", () => {
    const packets = recorded(recording);
    const [first] = packets;
    const credentials = recordedHost(recording, "c");
    const client = autokeySecurity(
      {
        credentials,
        associationId: first!.message!.associationId,
        group: recordedGroup(recording),
        random: saying(...drawnBy(recording, packets)),
      },
      "10.1.0.1",
    );
    client.face("10.1.0.11");

    const flags: number[] = [];
    for (const { packet, fromClient, message, bytes, unix } of packets) {
      const isLate = ntpSeconds(unix) >= SYNCHRONIZED[recording];
      client.tell({ unix, synchronized: fromClient ? packet.header.leap !== "unsynchronized" : isLate });
      if (fromClient) {
        const sealed = client.seal(bytes.subarray(0, 48));
        expect(sealed.kind === "sealed" && sealed.bytes).toEqual(bytes);
      } else {
        const isTime = flags.length >= FLAGS[recording].length - 3;
        const opened = client.open(bytes, packet);
        if (message !== null) flags.push(client.report().status);
        expect(client.report().fault).toBeNull();
        expect(opened).toBe(isTime || message?.code === AUTOKEY_CODES.COOKIE ? "ok" : "dance");
        expect(client.open(bytes, packet)).toBe("failed");
      }
    }
    expect(flags.map((word) => word.toString(16))).toEqual(FLAGS[recording].map((word) => word.toString(16)));
    expect(client.report()).toMatchObject({
      host: "srv",
      signature: "md5WithRSAEncryption",
      trail: [{ subject: "srv", issuer: "srv" }],
    });
  });
});

/** What the client drew by chance: key IDs, and of IFF the challenge. */
function drawnBy(recording: Recording, packets: readonly Recorded[]): Uint8Array[] {
  const drawn: Uint8Array[] = [];
  for (const { packet, fromClient, message } of packets) {
    if (!fromClient) continue;
    if (message?.code === AUTOKEY_CODES.IFF) drawn.push(challengeOf(message.content!.value));
    if (packet.header.leap === "unsynchronized") drawn.push(fourOctets(packet.mac!.keyId));
    else if (message?.code === AUTOKEY_CODES.SIGN) drawn.push(fourOctets(DRAWN_FOR_LIST[recording]));
  }
  return drawn;
}

/** A number below q is drawn by the remainder of one that has eight octets more, from 1 on. */
function challengeOf(challenge: Uint8Array): Uint8Array {
  const octets = new Uint8Array(challenge.length + 8);
  octets.set(challenge, 8);
  octets[octets.length - 1]! -= 1;
  return octets;
}

function fourOctets(word: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, word);
  return octets;
}

/** When the server's log says that it stamped its signatures, NTP seconds. */
const STAMPED = { i1: 4_004_282_381, i11: 4_004_283_053 };

describe.each(RECORDINGS)("the server of %s, from its keys", (recording) => {
  const packets = recorded(recording);
  const credentials = recordedHost(recording, "s");
  credentials.update({ unix: unixOf(STAMPED[recording], packets[0]!.unix), synchronized: true });
  // Its secret is 0, as ntpd's always is; of IFF it draws a number, of which the answer is another each time.
  let octets = 0;
  const random: RandomOctets = (length) => new Uint8Array(length).fill(octets++);
  const server = new AutokeyServer(credentials, random);
  const path = { client: CLIENT, server: SERVER };
  const questions = packets.filter(({ fromClient }) => fromClient);
  const answers = packets.filter(({ fromClient }) => !fromClient);

  it("answers what ntpd answered octet for octet, but for what is drawn by chance", () => {
    for (const [index, { bytes, packet, message }] of questions.entries()) {
      const { bytes: theirs, unix } = answers[index]!;
      expect(server.isAuthentic(bytes, packet, path)).toBe(true);
      expect(server.isAuthentic(bytes, packet, { client: SERVER, server: CLIENT })).toBe(false);
      const ours = server.answer(theirs.subarray(0, 48), packet, path, { unix, synchronized: true })!;
      if (message !== null && BY_CHANCE.has(message.code)) expect(ours).toHaveLength(theirs.length);
      else expect(ours).toEqual(theirs);
    }
  });

  it("is danced with by a client of ours, to the same flags", () => {
    let drawn = 0;
    const client = autokeySecurity(
      {
        credentials: recordedHost(recording, "c"),
        associationId: 1,
        group: recordedGroup(recording),
        random: (length) => new Uint8Array(length).fill((drawn += 7)),
      },
      "10.1.0.1",
    );
    client.face("10.1.0.11");
    const flags: string[] = [];
    for (const { bytes, unix } of answers.slice(0, 10)) {
      client.tell({ unix, synchronized: flags.length >= FLAGS[recording].length - 2 });
      const question = client.seal(questions[0]!.bytes.subarray(0, 48));
      const packet = question.kind === "sealed" ? decodePacket(question.bytes) : null;
      if (question.kind !== "sealed" || packet?.kind !== "packet") throw new Error("not sealed");
      expect(server.isAuthentic(question.bytes, packet, path)).toBe(true);
      const answer = server.answer(bytes.subarray(0, 48), packet, path, { unix, synchronized: true })!;
      expect(client.open(answer, decodePacket(answer) as Packet)).not.toBe("failed");
      const { status } = client.report();
      if (flags.at(-1) !== status.toString(16)) flags.push(status.toString(16));
    }
    expect(flags).toEqual(FLAGS[recording].map((word) => word.toString(16)));
  });
});

/** The cookie's encryption, and the server's number of IFF. */
const BY_CHANCE: ReadonlySet<number> = new Set([AUTOKEY_CODES.COOKIE, AUTOKEY_CODES.IFF]);

function unixOf(ntp: number, near: number): number {
  return near + (ntp - ntpSeconds(near));
}
