/** The dance between hosts of ours, and with servers that lie: what is believed, what is refused by which name, and that it ends. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { autokeySecurity } from "../../../src/security/autokey/client.ts";
import type { AutokeySecurity } from "../../../src/security/autokey/surface.ts";
import {
  countersigned,
  isSignedBy,
  readCertificate,
  selfSigned,
  type Certificate,
} from "../../../src/security/autokey/certificate.ts";
import type { Credentials } from "../../../src/security/autokey/credentials.ts";
import { ntpSeconds } from "../../../src/security/autokey/stamps.ts";
import { Dance } from "../../../src/security/autokey/dance.ts";
import { derNumbers } from "../../../src/security/autokey/der.ts";
import { AUTOKEY_FAULTS } from "../../../src/security/autokey/faults.ts";
import { isIffProof } from "../../../src/security/autokey/identity/iff.ts";
import { readHostKey } from "../../../src/security/autokey/keys.ts";
import { AutokeyServer } from "../../../src/security/autokey/server.ts";
import { FollowedList } from "../../../src/security/autokey/lists.ts";
import { securityInRole } from "../../../src/security/autokey/roles.ts";
import { keyList, sessionMac } from "../../../src/security/autokey/session.ts";
import { STATUS } from "../../../src/security/autokey/status.ts";
import { LONGEST_TRAIL } from "../../../src/security/autokey/trail.ts";
import type { Moment } from "../../../src/security/security.ts";
import { addressOctets } from "../../../src/wire/address.ts";
import {
  AUTOKEY_CODES,
  autokeyField,
  isAutokeyType,
  readAutokeyMessage,
  type AutokeyMessage,
  type AutokeyValue,
} from "../../../src/wire/autokey.ts";
import { encodeExtension } from "../../../src/wire/extension.ts";
import { encodeMac } from "../../../src/wire/mac.ts";
import { concatenate } from "../../../src/wire/octets.ts";
import { decodePacket, type Packet } from "../../../src/wire/packet.ts";
import { MADE, madeHost, recordedGroup, recordedHost, type MadeHost, type Oddities } from "../../support/autokey.ts";
import { budget } from "../../support/budget.ts";
import { capture } from "../../support/pcap.ts";

const PATH = { client: addressOctets("2001:db8::c")!, server: addressOctets("2001:db8::1")! };
const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));
const at = (after: number, synchronized = true): Moment => ({ unix: MADE + after, synchronized });

function decoded(bytes: Uint8Array): Packet {
  const packet = decodePacket(bytes);
  if (packet.kind !== "packet") throw new Error(packet.fault);
  return packet;
}

/** A header of version 4 whose transmit timestamp is a moment's. */
function header(mode: number, { unix }: Moment): Uint8Array {
  const octets = new Uint8Array(48);
  octets[0] = 0x20 | mode;
  new DataView(octets.buffer).setUint32(40, ntpSeconds(unix));
  return octets;
}

interface Floor {
  readonly client: AutokeySecurity;
  /** A question and its answer, which may be altered on the way. @returns what became of it */
  step(moment: Moment, alter?: (message: AutokeyMessage) => AutokeyMessage): string;
}

function floor(
  server: Credentials,
  own: Credentials = madeHost("cli", { trusted: false }).credentials,
  group: Parameters<typeof autokeySecurity>[0]["group"] = null,
): Floor {
  const answering = new AutokeyServer(server, random);
  const client = autokeySecurity({ credentials: own, associationId: 7, group, random }, "2001:db8::1");
  client.face("2001:db8::c");
  return {
    client,
    step(moment, alter = (message) => message) {
      client.tell(moment);
      const question = client.seal(header(3, moment));
      if (question.kind === "unsealed") return question.fault;
      const packet = decoded(question.bytes);
      if (!answering.isAuthentic(question.bytes, packet, PATH)) return "the server refused it";
      const answer = answering.answer(header(4, moment), packet, PATH, { ...moment, synchronized: true })!;
      const altered = resealed(answer, alter, server);
      return client.open(altered, decoded(altered));
    },
  };
}

/** A packet of the server's with another message in it: who is on the way can seal that. */
function resealed(
  bytes: Uint8Array,
  alter: (message: AutokeyMessage) => AutokeyMessage,
  { digest }: Credentials,
): Uint8Array {
  const { extensions, mac } = decoded(bytes);
  const [field] = extensions;
  const message = field === undefined ? null : readAutokeyMessage(field);
  if (message === null || typeof message === "string") return bytes;
  const { type, value } = autokeyField(alter(message));
  return sealedField(bytes, encodeExtension(type, value), mac!.keyId, digest);
}

function sealedField(
  bytes: Uint8Array,
  field: Uint8Array,
  keyId: number,
  digest: Credentials["digest"] = "md5",
): Uint8Array {
  const covered = concatenate([bytes.subarray(0, 48), field]);
  const parts = { source: PATH.server, destination: PATH.client, keyId, cookie: 0 };
  return concatenate([covered, encodeMac(sessionMac(digest, parts, covered))]);
}

const withContent =
  (change: (content: AutokeyValue) => Partial<AutokeyValue>) =>
  (message: AutokeyMessage): AutokeyMessage => ({
    ...message,
    content: message.content === null ? null : { ...message.content, ...change(message.content) },
  });

/** Steps until the dance is at its end, or has a fault. */
function danced(on: Floor, moment: Moment = at(60, false), most = 12): string[] {
  const seen: string[] = [];
  while (seen.length < most && seen.at(-1) !== "ok") seen.push(on.step(moment));
  return seen;
}

describe("a dance among hosts of ours", () => {
  it.each([
    ["RSA-MD5, sessions by MD5", { scheme: 8 }],
    ["RSA-SHA256, sessions by SHA-256, of 2048 bits", { scheme: 668, digest: "sha256", bits: 2048 }],
    ["RSA-SHA1", { scheme: 65 }],
  ] satisfies [string, Oddities][])("comes to the time by ASSOC, CERT and COOKIE: %s", (_, oddities) => {
    const on = floor(
      madeHost("srv", oddities).credentials,
      madeHost("cli", { ...oddities, trusted: false }).credentials,
    );
    expect(danced(on)).toEqual(["dance", "dance", "ok"]);
    expect(on.step(at(62, false))).toBe("ok");
    // Once we are synchronized, it signs our certificate and tells of leap seconds, and the time goes on.
    expect([on.step(at(64)), on.step(at(66)), on.step(at(68))]).toEqual(["ok", "ok", "ok"]);
    expect(on.client.report().status & 0x7f00).toBe(0x7f00);
  });

  it("does not ask for a signature with a certificate that has expired", () => {
    const own = madeHost("cli", { trusted: false, from: MADE - 400 * 86_400 }).credentials;
    const on = floor(madeHost("srv").credentials, own);
    danced(on);
    on.step(at(64));
    on.step(at(66));
    expect(on.client.report().status & 0x7f00).toBe(0x7f00 & ~STATUS.signed);
  });

  it("follows the trail from a server that another signed up to the trusted host", () => {
    const root = madeHost("root").credentials;
    const middle = madeHost("middle", { trusted: false }).credentials;
    const up = floor(root, middle);
    danced(up);
    up.step(at(64));
    const down = floor(middle);
    expect(danced(down, at(70, false))).toEqual(["dance", "dance", "dance", "ok"]);
    expect(down.client.report().trail.map(({ subject, issuer }) => `${subject} by ${issuer}`)).toEqual([
      "middle by root",
      "root by root",
    ]);
  });

  it("begins again when the server knows the keys no more", () => {
    const srv = madeHost("srv").credentials;
    const on = floor(srv);
    danced(on);
    const nak = concatenate([header(4, at(64)), new Uint8Array(4)]);
    on.client.seal(header(3, at(64)));
    expect(on.client.open(nak, decoded(nak))).toBe("nak");
    expect(on.client.report().status).toBe(0);
    expect(danced(on)).toEqual(["dance", "dance", "ok"]);
  });

  it("begins again from another address of ours, and cannot seal before it knows one", () => {
    const { credentials } = madeHost("cli");
    const client = autokeySecurity({ credentials, associationId: 7, group: null, random }, "192.0.2.1");
    expect(client.seal(header(3, at(0)))).toEqual({ kind: "unsealed", fault: "noAddress" });
    const on = floor(madeHost("srv").credentials);
    danced(on);
    on.client.face("2001:db8::d");
    expect(on.client.report().status).toBe(0);
  });

  it("takes an answer once, and none under a key ID that was not asked by", () => {
    const srv = madeHost("srv").credentials;
    const answering = new AutokeyServer(srv, random);
    const on = floor(srv);
    const question = on.client.seal(header(3, at(0)));
    const packet = question.kind === "sealed" ? decoded(question.bytes) : null;
    const answer = answering.answer(header(4, at(0)), packet!, PATH, at(0))!;
    const other = sealedField(answer, answer.subarray(48, answer.length - 20), packet!.mac!.keyId ^ 1);
    expect(on.client.open(other, decoded(other))).toBe("failed");
    expect(on.client.open(answer, decoded(answer))).toBe("dance");
    expect(on.client.open(answer, decoded(answer))).toBe("failed");
  });
});

describe("identity by IFF", () => {
  const group = recordedGroup("i11")!;
  const [parameters] = group;
  const secret = recordedHost("i11", "s").identities[0] as typeof parameters;

  it("is asked for where the line names a group, and the trusted certificate alone will not do", () => {
    const on = floor(madeHost("srv", { identities: [secret] }).credentials, undefined, group);
    expect(danced(on)).toEqual(["dance", "dance", "dance", "ok"]);
  });

  it("is refused of a server that says it has no scheme, which anybody on the way can say for it", () => {
    const on = floor(madeHost("srv", { identities: [secret] }).credentials, undefined, group);
    const stripped = withContent(({ filestamp }) => ({ filestamp: filestamp & ~STATUS.iff }));
    expect(on.step(at(0), stripped)).toBe("failed");
    expect(on.client.report().fault).toBe("noIdentity");
  });

  it("is refused of a server that has another secret, or other parameters", () => {
    const impostor = floor(madeHost("srv", { identities: [{ ...secret, secret: 5n }] }).credentials, undefined, group);
    expect(danced(impostor, at(0, false), 3)).toEqual(["dance", "dance", "failed"]);
    expect(impostor.client.report()).toMatchObject({ fault: "identity", status: 0 });
    const older = floor(
      madeHost("srv", { identities: [{ ...secret, filestamp: secret.filestamp - 1 }] }).credentials,
      undefined,
      group,
    );
    expect(danced(older, at(0, false), 3)).toEqual(["dance", "dance", "failed"]);
    expect(older.client.report().fault).toBe("filestamp");
  });

  it("is no proof where the answer is no pair of numbers, or a number is out of its bounds", () => {
    const challenge = Uint8Array.of(1, 2, 3);
    for (const answer of [
      new Uint8Array(0),
      derNumbers([1n]),
      derNumbers([parameters.q, 1n]),
      derNumbers([1n, 2n, 3n]),
    ])
      expect(isIffProof(parameters, challenge, answer)).toBeNull();
  });
});

describe("what a server may not do", () => {
  const srv = madeHost("srv");

  /** The fault that an altered answer at a step has. */
  function faultAt(
    step: number,
    alter: (message: AutokeyMessage) => AutokeyMessage,
    host: MadeHost = srv,
  ): string | null {
    const on = floor(host.credentials);
    for (let before = 0; before < step; before += 1) expect(on.step(at(60, false))).toBe("dance");
    expect(on.step(at(60, false), alter)).toBe("failed");
    return on.client.report().fault;
  }

  /** Another certificate, by a message that its server has signed. */
  const certificateOf =
    (host: MadeHost, octets: Uint8Array) =>
    (message: AutokeyMessage): AutokeyMessage => ({
      ...message,
      content: host.credentials.fresh(octets, at(60), ntpSeconds(MADE)),
    });

  it.each([
    ["say that it cannot", 0, (m: AutokeyMessage) => ({ ...m, error: true }), "refused"],
    ["speak of another association", 0, (m: AutokeyMessage) => ({ ...m, associationId: 8 }), "association"],
    ["ask", 0, (m: AutokeyMessage) => ({ ...m, response: false }), "unexpected"],
    ["say what it was not asked", 0, (m: AutokeyMessage) => ({ ...m, code: AUTOKEY_CODES.COOKIE }), "unexpected"],
    ["say nothing", 1, (m: AutokeyMessage) => ({ ...m, content: null }), "unsynchronized"],
    ["have a name with a line feed", 0, withContent(() => ({ value: Buffer.from("a\nb") })), "hostName"],
    ["have a name of 256 octets", 0, withContent(() => ({ value: new Uint8Array(256).fill(97) })), "hostName"],
    ["sign by MD2", 0, withContent(() => ({ filestamp: 0x70001 })), "digest"],
    ["have our name", 0, withContent(() => ({ value: Buffer.from("cli") })), "circle"],
    ["leave a value unsigned", 2, withContent(() => ({ signature: new Uint8Array(0) })), "notSigned"],
    ["sign by fewer octets", 2, withContent(({ signature }) => ({ signature: signature.subarray(1) })), "notSigned"],
    ["sign something else", 2, withContent(({ filestamp }) => ({ filestamp: filestamp - 1 })), "signature"],
    ["be unsynchronized", 2, withContent(() => ({ timestamp: 0 })), "unsynchronized"],
    ["sign before it was made", 2, withContent(({ filestamp }) => ({ timestamp: filestamp - 1 })), "timestamp"],
    ["send no certificate", 1, withContent(() => ({ value: Buffer.from("certificate") })), "certificate"],
    [
      "send one of 64 KiB less what does not fit",
      1,
      withContent(() => ({ value: new Uint8Array(3_800) })),
      "certificate",
    ],
    ["send a certificate unsigned", 1, withContent(() => ({ signature: new Uint8Array(0) })), "notSigned"],
  ] as [string, number, (message: AutokeyMessage) => AutokeyMessage, string][])("%s", (_, step, alter, fault) => {
    expect(faultAt(step, alter)).toBe(fault);
    expect(AUTOKEY_FAULTS).toHaveProperty(fault);
  });

  it("send somebody else's certificate", () => {
    const other = madeHost("other");
    expect(faultAt(1, certificateOf(srv, other.files.certificate.what))).toBe("subject");
  });

  it("send a certificate that begins before its file was made", () => {
    const old = selfSigned(srv.issuer, srv.credentials.own.certificate.publicKey, { trusted: true }, MADE - 5, 1);
    expect(faultAt(1, certificateOf(srv, old))).toBe("period");
  });

  it("send a certificate that says it signed itself, and did not", () => {
    const forged = selfSigned(
      { ...madeHost("srv").issuer, name: "srv" },
      srv.credentials.own.certificate.publicKey,
      { trusted: true },
      MADE,
      1,
    );
    expect(faultAt(1, certificateOf(srv, forged))).toBe("selfSignature");
  });

  it("lead in a circle", () => {
    const other = madeHost("other");
    const ours = signedFor(srv, other);
    const on = floor(srv.credentials);
    on.step(at(60, false));
    expect(on.step(at(60, false), certificateOf(srv, ours.octets))).toBe("dance");
    expect(on.step(at(60, false), certificateOf(srv, signedFor(other, srv).octets))).toBe("failed");
    expect(on.client.report().fault).toBe("circle");
  });

  it("lead on for ever", () => {
    const on = floor(srv.credentials);
    on.step(at(60, false));
    let below = srv;
    const seen: string[] = [];
    for (let length = 0; length <= LONGEST_TRAIL; length += 1) {
      const above = madeHost(`above${length}`);
      seen.push(on.step(at(60, false), certificateOf(srv, signedFor(below, above).octets)));
      below = above;
    }
    expect(seen).toEqual([...Array.from({ length: LONGEST_TRAIL }, () => "dance"), "failed"]);
    expect(on.client.report()).toMatchObject({ fault: "trail", status: 0 });
  });

  it("have a certificate signed by nobody who is on the trail", () => {
    const other = madeHost("other");
    const on = floor(srv.credentials);
    on.step(at(60, false));
    on.step(at(60, false), certificateOf(srv, signedFor(srv, other).octets));
    const impostor = madeHost("other");
    expect(on.step(at(60, false), certificateOf(srv, impostor.files.certificate.what))).toBe("failed");
    expect(on.client.report().fault).toBe("issuer");
  });

  it("be trusted by nobody: it is asked again, and nothing of it is kept", () => {
    const on = floor(madeHost("srv", { trusted: false }).credentials);
    expect(danced(on, at(60, false), 20)).toEqual(["dance", ...Array.from({ length: 19 }, () => "failed")]);
    expect(on.client.report()).toMatchObject({ fault: "unsynchronized", trail: [] });
  });

  it.each([
    ["expired", -366 * 86_400],
    ["notYetValid", 86_400],
  ])("serve with a certificate that is %s by its own time", (fault, from) => {
    const odd = madeHost("srv", { from: MADE + from });
    // A server whose certificate lies ahead stamps by its key files, which do, too.
    const on = floor(odd.credentials);
    const moment = fault === "expired" ? at(60, false) : { unix: MADE + from + 60, synchronized: false };
    const seen = [on.step(moment), on.step(moment), on.step(moment)];
    if (fault === "expired") expect(seen).toEqual(["dance", "dance", "failed"]);
    else expect(seen).toEqual(["dance", "dance", "ok"]);
    if (fault === "notYetValid") {
      // Its clock went back since.
      expect(on.step({ unix: MADE, synchronized: false })).toBe("failed");
    }
    expect(on.client.report().fault).toBe(fault);
  });

  it("have a key of one bit, or one that takes ever so long", () => {
    expect(readHostKey(derNumbers([1n, 1n]))).toBeNull();
    expect(readHostKey(derNumbers([(1n << 255n) | 1n, 3n]))).not.toBeNull();
    expect(readHostKey(derNumbers([(1n << 8191n) | 1n, 3n]))).toBeNull();
    expect(readHostKey(derNumbers([(1n << 2047n) | 1n, (1n << 2046n) | 1n]))).toBeNull();
  });
});

describe("what a client may not do", () => {
  const srv = madeHost("srv").credentials;
  const answering = new AutokeyServer(srv, random);

  function answerTo(message: AutokeyMessage): AutokeyMessage | string | null {
    const { type, value } = autokeyField(message);
    const field = { type, value, offset: 48 };
    const packet: Packet = { ...decoded(header(3, at(0))), extensions: [field], mac: { keyId: 70_000, digest: value } };
    const [answered] = decoded(answering.answer(header(4, at(60)), packet, PATH, at(60))!).extensions;
    return answered === undefined ? null : readAutokeyMessage(answered);
  }

  const question = (code: number, value: Uint8Array): AutokeyMessage => ({
    code,
    response: false,
    error: false,
    associationId: 9,
    content: { timestamp: 0, filestamp: 0, value, signature: new Uint8Array(0) },
  });

  it.each([
    ["a cookie for a key of one bit", AUTOKEY_CODES.COOKIE, derNumbers([1n, 1n])],
    ["a cookie for no key", AUTOKEY_CODES.COOKIE, Uint8Array.of(1)],
    ["a signature for no certificate", AUTOKEY_CODES.SIGN, Uint8Array.of(1)],
    ["a signature for a certificate in the server's name", AUTOKEY_CODES.SIGN, madeHost("srv").files.certificate.what],
    [
      "a signature for a certificate of somebody else",
      AUTOKEY_CODES.SIGN,
      signedFor(madeHost("a"), madeHost("b")).octets,
    ],
    ["a proof of identity where there is none", AUTOKEY_CODES.IFF, Uint8Array.of(1)],
    ["autokey values", AUTOKEY_CODES.AUTO, Uint8Array.of(1)],
  ])("have %s: it is told that it cannot", (_, code, value) => {
    expect(answerTo(question(code, value))).toEqual({
      code,
      response: true,
      error: true,
      associationId: 9,
      content: null,
    });
  });

  it("have a certificate of a name that is not known: the answer is empty", () => {
    expect(answerTo(question(AUTOKEY_CODES.CERT, Buffer.from("nobody")))).toMatchObject({
      error: false,
      content: null,
    });
  });

  it("have more than fifty things reckoned in a second", () => {
    const busy = new AutokeyServer(srv, random);
    const { type, value } = autokeyField(question(AUTOKEY_CODES.COOKIE, Uint8Array.of(1)));
    const packet: Packet = {
      ...decoded(header(3, at(0))),
      extensions: [{ type, value, offset: 48 }],
      mac: { keyId: 70_000, digest: value },
    };
    const answers = Array.from({ length: 60 }, () => busy.answer(header(4, at(0)), packet, PATH, at(0)));
    expect(answers.filter((answer) => answer !== null)).toHaveLength(50);
    expect(busy.answer(header(4, at(1)), packet, PATH, at(1))).not.toBeNull();
  });
});

describe("lengths that lie", () => {
  const octets = (...words: readonly number[]): Uint8Array => {
    const view = new DataView(new ArrayBuffer(words.length * 4));
    for (const [index, word] of words.entries()) view.setUint32(index * 4, word);
    return new Uint8Array(view.buffer);
  };

  it.each([
    ["fieldLength", octets()],
    ["fieldLength", octets(1, 2, 3, 4)],
    ["valueLength", octets(1, 2, 3, 0, 0)],
    ["valueLength", octets(1, 2, 3, 0xffff_ffff, 0, 0)],
    ["valueLength", octets(1, 2, 3, 5, 0, 0)],
    ["signatureLength", octets(1, 2, 3, 4, 0, 0xffff_fffe)],
    ["signatureLength", octets(1, 2, 3, 4, 0, 1)],
    ["surplus", octets(1, 2, 3, 4, 0, 0, 0)],
  ])("are %s", (fault, value) => {
    expect(readAutokeyMessage({ type: 0x8203, value })).toBe(fault);
  });

  it("or not, whatever is written can be read", () => {
    const words = fc.nat(0xffff_ffff);
    const value = fc.record({
      timestamp: words,
      filestamp: words,
      value: fc.uint8Array({ minLength: 1, maxLength: 70 }),
      signature: fc.uint8Array({ maxLength: 70 }),
    });
    const message = fc.record({
      code: fc.nat(9),
      response: fc.boolean(),
      error: fc.boolean(),
      associationId: words,
      content: fc.option(value),
    });
    fc.assert(
      fc.property(message, (written) => {
        const field = autokeyField(written);
        expect(isAutokeyType(field.type)).toBe(true);
        expect(readAutokeyMessage(field)).toEqual(written);
      }),
      budget(0.01),
    );
  });
});

/** Every packet of the recordings that carries a message. */
const CORPUS = ["i1-autokey-tc", "i11-autokey-iff-working"]
  .flatMap((name) => capture(name))
  .map(({ bytes }) => decoded(bytes))
  .flatMap(({ extensions }) => extensions);

describe("whatever is sent", () => {
  const changes = fc.array(fc.tuple(fc.nat(600), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
  const field = fc.record({ which: fc.nat(CORPUS.length - 1), changes, cut: fc.option(fc.nat(120), { freq: 4 }) });

  /** A recorded field with some octets changed, of a length that a field may have. */
  function altered({
    which,
    changes: places,
    cut,
  }: {
    which: number;
    changes: [number, number][];
    cut: number | null;
  }) {
    const { type, value } = CORPUS[which]!;
    const octets = value.slice(0, cut === null ? value.length : cut * 4);
    for (const [place, octet] of places) if (place < octets.length) octets[place] = octet;
    return { type, value: octets };
  }

  it("a client neither throws nor believes it: only the server of its keys leads it on", () => {
    const own = recordedHost("i11", "c");
    const group = recordedGroup("i11");
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 12 }), (sent) => {
        const dance = new Dance({ credentials: own, associationId: 10_430, group, random });
        for (const one of sent) {
          dance.next(at(60));
          const message = readAutokeyMessage(altered(one));
          const fault = typeof message === "string" ? message : dance.take(message, at(60));
          if (fault !== null) expect(AUTOKEY_FAULTS).toHaveProperty(fault);
          // Of the recordings no proof is for this challenge, and so nothing is proved.
          expect(dance.isProventic).toBe(false);
          expect(dance.trail.length).toBeLessThanOrEqual(LONGEST_TRAIL);
        }
      }),
      budget(0.02),
    );
  });

  /** Under a MAC that is right, as anybody can make it. */
  function sentUnder(mode: number, destination: Uint8Array, fields: readonly { type: number; value: Uint8Array }[]) {
    const octets = fields.map(({ type, value }) => encodeExtension(type, value));
    const covered = concatenate([header(mode, at(60)), ...octets]);
    const parts = { source: PATH.server, destination, keyId: 0x7000_0000, cookie: 0 };
    const bytes = concatenate([covered, encodeMac(sessionMac("md5", parts, covered))]);
    return { bytes, packet: decodePacket(bytes) };
  }

  it.each([
    ["a peer", "peer", 1, PATH.client],
    ["who hears broadcasts", { group: "ff05::101" }, 5, addressOctets("ff05::101")!],
  ] as const)(
    "%s neither throws nor believes it, and answers with one question and one answer",
    (_, role, mode, to) => {
      const own = recordedHost("i11", "c");
      own.update(at(0));
      fc.assert(
        fc.property(fc.array(fc.array(field, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), (sent) => {
          const dancer = { credentials: own, associationId: 10_430, group: recordedGroup("i11"), random };
          const security = securityInRole(dancer, "2001:db8::1", role);
          security.face("2001:db8::c");
          security.tell(at(60));
          for (const fields of sent) {
            const { bytes, packet } = sentUnder(mode, to, fields.map(altered));
            if (packet.kind === "packet") expect(["dance", "failed"]).toContain(security.open(bytes, packet));
            const sealed = security.seal(header(role === "peer" ? 1 : 3, at(60)));
            if (sealed.kind !== "sealed") throw new Error(sealed.fault);
            expect(decoded(sealed.bytes).extensions.length).toBeLessThanOrEqual(2);
          }
        }),
        budget(0.02),
      );
    },
  );

  it("a list is followed through losses, and neither backwards nor from elsewhere", () => {
    const parts = { source: PATH.server, destination: PATH.client, cookie: 7 };
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.nat(40), { maxLength: 12 }), (seed, gaps) => {
        const { keyIds, autokey } = keyList("md5", parts, 0x1_0000 + (seed % 2 ** 31));
        const list = new FollowedList();
        const value = new Uint8Array(8);
        new DataView(value.buffer).setUint32(0, autokey.keyId);
        new DataView(value.buffer).setUint32(4, autokey.sequence);
        const content = { timestamp: 9, filestamp: 1, value, signature: new Uint8Array(64) };
        expect(list.follow("md5", parts, keyIds.at(-1)!)).toBe("broken");
        expect(list.learn(content)).toBeNull();
        const left = [...keyIds];
        const passed: number[] = [];
        for (const gap of gaps) {
          for (let lost = 0; lost < gap; lost += 1) passed.push(left.pop() ?? passed[0]!);
          const next = left.pop();
          if (next === undefined) break;
          expect(list.follow("md5", parts, next)).toBe("next");
          passed.push(next);
          for (const before of [next, passed[0]!]) expect(list.follow("md5", parts, before)).toBe("old");
          expect(list.follow("md5", { ...parts, cookie: 8 }, left.at(-1) ?? 0x2_0000)).not.toBe("next");
          // What is announced once more changes nothing, and what is older is a recording.
          expect(list.learn(content)).toBeNull();
          expect(list.learn({ ...content, timestamp: 8 })).toBe("timestamp");
        }
      }),
      budget(0.02),
    );
  });

  it("autokey values that lie about how many key IDs there are, or are none, are refused", () => {
    for (const [length, sequence] of [
      [8, 100],
      [8, 0xffff_ffff],
      [4, 0],
      [12, 0],
    ] as const) {
      const value = new Uint8Array(length);
      if (length === 8) new DataView(value.buffer).setUint32(4, sequence);
      expect(new FollowedList().learn({ timestamp: 9, filestamp: 1, value, signature: value })).toBe("autokey");
    }
  });

  it("a server neither throws nor answers with more than fits, and by right MACs", () => {
    const srv = recordedHost("i11", "s");
    srv.update(at(0));
    let second = 0;
    const answering = new AutokeyServer(srv, random);
    fc.assert(
      fc.property(field, (one) => {
        const { type, value } = altered(one);
        const packet: Packet = {
          ...decoded(header(3, at(0))),
          extensions: [{ type, value, offset: 48 }],
          mac: { keyId: 70_000, digest: new Uint8Array(16) },
        };
        const answer = answering.answer(header(4, at(0)), packet, PATH, at((second += 1)));
        expect(decodePacket(answer!).kind).toBe("packet");
      }),
      budget(0.02),
    );
  });

  it("a server has made ready what it signs before it is told the time, and seals any header with it", () => {
    const srv = recordedHost("i11", "s");
    srv.update(at(0));
    const cookieField = CORPUS.find(({ type }) => type === 0x0203)!;
    const covered = concatenate([header(3, at(0)), encodeExtension(cookieField.type, cookieField.value)]);
    const parts = { source: PATH.client, destination: PATH.server, keyId: 70_000, cookie: 0 };
    const bytes = concatenate([covered, encodeMac(sessionMac("md5", parts, covered))]);
    const seconds = ntpSeconds(MADE);
    const ticket = new AutokeyServer(srv, random).judge(
      bytes,
      decoded(bytes),
      "2001:db8::c",
      "2001:db8::1",
      seconds,
      true,
    )!;
    ticket.prepare!();
    const [first, second] = [ticket.seal(header(4, at(1))), ticket.seal(header(4, at(2)))].map(decoded);
    // A cookie is encrypted with chance in it: once.
    expect(first!.extensions).toEqual(second!.extensions);
    expect(first!.header.transmit).not.toBe(second!.header.transmit);
    expect(first!.mac).not.toEqual(second!.mac);
  });

  it("a certificate that was read leaves TLS as it is, though that is loaded later", async () => {
    expect(typeof readCertificate(recordedHost("i1", "s").own.certificate.octets)).toBe("object");
    const { createSecureContext } = await import("node:tls");
    expect(createSecureContext).toBeTypeOf("function");
  });

  it("a certificate neither throws nor is taken for another", () => {
    const own = recordedHost("i1", "s").own.certificate;
    fc.assert(
      fc.property(changes, (places) => {
        const octets = Uint8Array.from(own.octets);
        for (const [place, octet] of places) if (place < octets.length) octets[place] = octet;
        const read = readCertificate(octets);
        // It signed itself, and nothing of what it signed can be another.
        if (typeof read === "string") expect(AUTOKEY_FAULTS).toHaveProperty(read);
        else if (read.subject === read.issuer) expect(read.subject).toBe(own.subject);
        else expect(isSignedBy(read, own)).toBe(false);
      }),
      budget(0.01),
    );
  });
});

/** A certificate of one that another signed. */
function signedFor(subject: MadeHost, by: MadeHost): Certificate {
  const octets = countersigned(subject.credentials.own.certificate, by.issuer, MADE + 30, ntpSeconds(MADE + 30));
  const read = readCertificate(octets);
  if (typeof read === "string") throw new Error(read);
  return read;
}
