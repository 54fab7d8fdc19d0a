/** Key establishment as the server answers it: what is granted, and that nothing a client says is more than an error. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { AEADS, loadAeads, type MakeAead } from "../../../src/security/nts/aead.ts";
import { NtsServer } from "../../../src/security/nts/answering.ts";
import { openCookie } from "../../../src/security/nts/cookie.ts";
import { OFFERED_AEADS, readKeResponse, requestRecords, type KeRequest } from "../../../src/security/nts/ke.ts";
import { answerKe, type KeAnswer } from "../../../src/security/nts/keserver.ts";
import { firstKeys } from "../../../src/security/nts/masters.ts";
import {
  KE_RECORDS,
  MAX_KE_REQUEST,
  MAX_KE_RESPONSE,
  decodeKeMessage,
  encodeKeMessage,
  encodeNumbers,
  type KeRecord,
} from "../../../src/wire/ntske.ts";
import { budget } from "../../support/budget.ts";

let makeAead: MakeAead;
beforeAll(async () => {
  makeAead = await loadAeads();
});

const random = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index + 1);
const record = (type: number, body: Uint8Array, critical = true): KeRecord => ({ type, body, critical });

/** Keys that say what they were exported for. */
const exported = (octets: number, context: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: octets }, (_, index) => context[index % context.length]!);

function serverOf(): NtsServer {
  return new NtsServer(firstKeys(0, random), makeAead, random);
}

function answer(octets: Uint8Array, server = serverOf()): KeAnswer {
  const service = { port: 1123, server: null, cookie: server.cookie.bind(server) };
  return answerKe(octets, service, exported);
}

function asked(request: Partial<KeRequest>): Uint8Array {
  const whole = { protocols: [0], aeads: OFFERED_AEADS, server: null, port: null, compliantExporter: true, ...request };
  return encodeKeMessage(requestRecords(whole));
}

/** What a client makes of it. */
function understood(given: KeAnswer, offered = OFFERED_AEADS): ReturnType<typeof readKeResponse> {
  if (given.kind !== "answer") throw new Error("no answer");
  const message = decodeKeMessage(given.octets, MAX_KE_RESPONSE);
  if (message.kind !== "message") throw new Error(message.kind);
  return readKeResponse(message.records, offered);
}

describe("a request", () => {
  it.each(AEADS.map(({ name, id }) => [name, id] as const))(
    "is granted %s, which the cookies have with the keys",
    (_name, id) => {
      const server = serverOf();
      const given = understood(answer(asked({ aeads: [id] }), server));
      if (given.kind !== "granted") throw new Error(given.why);
      const { cookies, aead, port } = given.grant;
      expect([aead.id, port, cookies.length]).toEqual([id, 1123, 8]);
      for (const cookie of cookies) {
        const context = [0, 0, 0, id];
        const key = (direction: number): Uint8Array => exported(aead.keyOctets, Uint8Array.of(...context, direction));
        const keys = { aead, c2s: key(0), s2c: key(1) };
        expect(openCookie(cookie, server.keys, makeAead)).toEqual({ kind: "opened", age: 0, keys });
      }
      expect(server.counts.cookiesMade).toBe(8);
    },
  );

  it("is granted the first of its AEADs that is known, and those that are not do no harm", () => {
    expect(understood(answer(asked({ aeads: [4660, 17, 15] })))).toMatchObject({ grant: { aead: { id: 17 } } });
  });

  it.each([
    ["has keys as the RFC has them where the client said that it can", true, 30],
    ["has the keys of chrony before 4.6.1 where it did not", false, 15],
  ])("for AES-128-GCM-SIV %s", (_what, compliantExporter, number) => {
    const server = serverOf();
    const given = understood(answer(asked({ aeads: [30], compliantExporter }), server));
    if (given.kind !== "granted") throw new Error(given.why);
    expect(given.grant.compliantExporter).toBe(compliantExporter);
    const opened = openCookie(given.grant.cookies[0]!, server.keys, makeAead);
    expect(opened).toMatchObject({ keys: { c2s: exported(16, Uint8Array.of(0, 0, 0, number, 0)) } });
  });

  it("for another AEAD hears nothing of the exporter", () => {
    expect(understood(answer(asked({ aeads: [15] })))).toMatchObject({ grant: { compliantExporter: false } });
  });

  it.each([
    ["no protocol that is spoken", { protocols: [7] }, "unspoken", "protocol"],
    ["no AEAD that is known", { aeads: [4660] }, "unspoken", "aead"],
    ["no AEAD at all", { aeads: [] }, "badRequest", "error"],
  ])("with %s is granted nothing", (_what, request, outcome, why) => {
    const given = answer(asked(request));
    expect(given).toMatchObject({ outcome });
    expect(understood(given)).toMatchObject({ kind: "failed", why });
  });

  it.each([
    ["a critical record that nobody knows", [record(0x1234, new Uint8Array(0))], "unknownCritical", 0],
    [
      "a cookie, which is not a client's to send",
      [record(KE_RECORDS.newCookie, new Uint8Array(100), false)],
      "badRequest",
      1,
    ],
    ["two lists of protocols", [record(KE_RECORDS.nextProtocol, encodeNumbers([0]))], "badRequest", 1],
    ["an error", [record(KE_RECORDS.error, encodeNumbers([1]))], "badRequest", 1],
  ])("with %s is told so", (_what, more, outcome, code) => {
    const records = [record(KE_RECORDS.nextProtocol, encodeNumbers([0])), record(KE_RECORDS.aead, encodeNumbers([15]))];
    const given = answer(encodeKeMessage([...records, ...more]));
    expect(given).toMatchObject({ outcome });
    expect(understood(given)).toMatchObject({ why: "error", code });
  });

  it("is waited for until its end, and no longer than for its bound", () => {
    const whole = asked({});
    for (let length = 0; length < whole.length; length += 1)
      expect(answer(whole.subarray(0, length))).toEqual({ kind: "incomplete" });
    const endless = encodeKeMessage([record(0x4000, new Uint8Array(MAX_KE_REQUEST), false)]);
    expect(answer(endless.subarray(0, MAX_KE_REQUEST))).toMatchObject({ outcome: "badRequest" });
  });

  it("is a grant, an error or waited for, whatever octets it is, and cookies are made for grants alone", () => {
    const types = fc.oneof(fc.constantFrom(...Object.values(KE_RECORDS)), fc.integer({ min: 0, max: 0x7fff }));
    const bodies = fc.oneof(
      fc.array(fc.constantFrom(0, 15, 16, 17, 30, 4660), { maxLength: 6 }).map(encodeNumbers),
      fc.uint8Array({ maxLength: 40 }),
    );
    const records = fc
      .array(fc.record({ type: types.filter((type) => type !== 0), body: bodies, critical: fc.boolean() }), {
        maxLength: 8,
      })
      .map(encodeKeMessage);
    fc.assert(
      fc.property(fc.oneof(records, fc.uint8Array({ maxLength: 200 })), (octets) => {
        const server = serverOf();
        const given = answer(octets, server);
        const granted = given.kind === "answer" && given.outcome === "granted";
        expect(server.counts.cookiesMade).toBe(granted ? 8 : 0);
        if (given.kind === "answer") expect(decodeKeMessage(given.octets, MAX_KE_RESPONSE).kind).toBe("message");
      }),
      budget(0.01),
    );
  });
});
