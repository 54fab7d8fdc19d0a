import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AEADS, aeadNumbered } from "../../../src/security/nts/aead.ts";
import {
  KE_ERRORS,
  MAX_COOKIE,
  NTPV4,
  NTP_PORT,
  OFFERED_AEADS,
  chooseAead,
  errorRecords,
  exporterContext,
  grantRecords,
  nothingRecords,
  readKeRequest,
  readKeResponse,
  requestRecords,
  type KeGrant,
  type KeRequest,
} from "../../../src/security/nts/ke.ts";
import {
  KE_RECORDS,
  MAX_KE_RESPONSE,
  decodeKeMessage,
  encodeKeMessage,
  encodeNumbers,
  type KeRecord,
} from "../../../src/wire/ntske.ts";
import { budget } from "../../support/budget.ts";

const REQUEST: KeRequest = {
  protocols: [NTPV4],
  aeads: [15, 30],
  server: null,
  port: null,
  compliantExporter: true,
};

const GRANT: KeGrant = {
  aead: aeadNumbered(15)!,
  cookies: [Uint8Array.of(1, 2, 3, 4)],
  server: null,
  port: NTP_PORT,
  compliantExporter: false,
};

const row = (type: number, body: Uint8Array | readonly number[], critical = true): KeRecord => ({
  critical,
  type,
  body: Uint8Array.from(body),
});

const name = fc.constantFrom("192.0.2.1", "2001:db8::1", "time.example.net", "xn--bcher-kva.example");
const port = fc.integer({ min: 1, max: 65_535 });

describe("a client's request", () => {
  it("is understood as it was meant", () => {
    const requests = fc.record({
      protocols: fc.constant([NTPV4]),
      aeads: fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 9 }),
      server: fc.option(name),
      port: fc.option(port),
      compliantExporter: fc.boolean(),
    });
    fc.assert(
      fc.property(requests, (request) => {
        expect(readKeRequest(requestRecords(request))).toEqual({ kind: "request", request });
      }),
    );
  });

  it("offers every AEAD, the mandatory one first", () => {
    expect(OFFERED_AEADS).toEqual([15, 16, 17, 30]);
  });

  const good = requestRecords(REQUEST);
  const without = (type: number) => good.filter((record) => record.type !== type);
  it.each([
    ["no next protocol", without(KE_RECORDS.nextProtocol), KE_ERRORS.badRequest],
    ["no AEADs", without(KE_RECORDS.aead), KE_ERRORS.badRequest],
    ["an empty list of AEADs", [...without(KE_RECORDS.aead), row(KE_RECORDS.aead, [])], KE_ERRORS.badRequest],
    ["an empty list of protocols", [...without(KE_RECORDS.nextProtocol), row(1, [])], KE_ERRORS.badRequest],
    ["half a protocol", [...without(KE_RECORDS.nextProtocol), row(1, [0, 0, 0])], KE_ERRORS.badRequest],
    ["a protocol without the critical bit", [...without(1), row(1, [0, 0], false)], KE_ERRORS.badRequest],
    ["two lists of protocols", [...good, row(1, [0, 0])], KE_ERRORS.badRequest],
    ["two lists of AEADs", [...good, row(KE_RECORDS.aead, [0, 15])], KE_ERRORS.badRequest],
    ["a cookie", [...good, row(KE_RECORDS.newCookie, [1, 2, 3, 4])], KE_ERRORS.badRequest],
    ["an error", [...good, row(KE_RECORDS.error, [0, 1])], KE_ERRORS.badRequest],
    ["a warning", [...good, row(KE_RECORDS.warning, [0, 1])], KE_ERRORS.badRequest],
    ["a server that is no name", [...good, row(KE_RECORDS.server, [0x1b, 0x5b])], KE_ERRORS.badRequest],
    ["a port of one octet", [...good, row(KE_RECORDS.port, [1])], KE_ERRORS.badRequest],
    ["an unknown critical record", [...good, row(77, [])], KE_ERRORS.unrecognizedCritical],
  ])("is answered with an error that has %s", (_what, records, code) => {
    expect(readKeRequest(records)).toEqual({ kind: "bad", code });
  });

  it("may have records we do not know, if they are not critical", () => {
    expect(readKeRequest([row(77, [1], false), ...good]).kind).toBe("request");
    expect(readKeRequest([row(77, [1], false), row(77, [1], false), ...good]).kind).toBe("request");
  });

  it("need name no AEAD where it does not offer NTPv4", () => {
    expect(readKeRequest([row(1, [0x80, 1])]).kind).toBe("request");
  });
});

describe("a server's response", () => {
  const offered = [15, 30];

  it("is understood as it was meant", () => {
    const grants = fc.record({
      aead: fc.constantFrom(...AEADS),
      cookies: fc.array(fc.uint8Array({ minLength: 1, maxLength: MAX_COOKIE }), { minLength: 1, maxLength: 8 }),
      server: fc.option(name),
      port,
      compliantExporter: fc.boolean(),
    });
    fc.assert(
      fc.property(grants, (grant) => {
        const message = decodeKeMessage(encodeKeMessage(grantRecords(grant)), MAX_KE_RESPONSE);
        if (message.kind !== "message") throw new Error(message.kind);
        expect(readKeResponse(message.records, OFFERED_AEADS)).toEqual({ kind: "granted", grant });
      }),
    );
  });

  const good = grantRecords(GRANT);
  const without = (type: number) => good.filter((record) => record.type !== type);
  it.each([
    ["is an error", errorRecords(KE_ERRORS.internal), "error", KE_RECORDS.error, 2],
    ["grants, and is an error all the same", [...good, ...errorRecords(1)], "error", KE_RECORDS.error, 1],
    ["warns", [...good, row(KE_RECORDS.warning, [0, 9])], "warning", KE_RECORDS.warning, 9],
    ["does not speak NTPv4", nothingRecords("unspoken"), "protocol", KE_RECORDS.nextProtocol, null],
    ["takes none of the AEADs", nothingRecords("spoken"), "aead", KE_RECORDS.aead, null],
    ["names no AEAD", without(KE_RECORDS.aead), "aead", KE_RECORDS.aead, null],
    ["chose what was not offered", [...without(4), row(4, [0, 16])], "aead", KE_RECORDS.aead, null],
    ["chose two", [...without(4), row(4, [0, 15, 0, 30])], "aead", KE_RECORDS.aead, null],
    ["gives no cookies", without(KE_RECORDS.newCookie), "cookies", KE_RECORDS.newCookie, null],
    ["gives an empty cookie", [...good, row(5, [], false)], "record", KE_RECORDS.newCookie, null],
    ["gives an enormous cookie", [...good, row(5, new Uint8Array(MAX_COOKIE + 1), false)], "record", 5, null],
    ["has no next protocol", without(KE_RECORDS.nextProtocol), "record", KE_RECORDS.nextProtocol, null],
    ["has an error without the critical bit", [row(KE_RECORDS.error, [0, 1], false)], "record", 2, null],
    ["has an error of three octets", [row(KE_RECORDS.error, [0, 1, 0])], "record", KE_RECORDS.error, null],
    ["names a server twice", [...good, row(6, [97]), row(6, [97])], "record", KE_RECORDS.server, null],
    ["names nothing as server", [...good, row(6, [])], "server", KE_RECORDS.server, null],
    ["names a server that would move the cursor", [...good, row(6, [0x1b, 0x5b])], "server", 6, null],
    ["names a server in a zone", [...good, row(6, Buffer.from("fe80::1%eth0"))], "server", 6, null],
    ["names port 0", [...good, row(KE_RECORDS.port, [0, 0])], "record", KE_RECORDS.port, null],
    ["has an unknown critical record", [...good, row(99, [])], "unknownCritical", 99, null],
  ])("establishes nothing that %s", (_what, records, why, type, code) => {
    expect(readKeResponse(records, offered)).toEqual({ kind: "failed", why, type, code });
  });

  it.each(["224.0.1.1", "ff02::101", "0.0.0.0", "::", "255.255.255.255"])(
    "establishes nothing that names %s as server, which is no host's address",
    (ip) => {
      const answer = readKeResponse([...good, row(KE_RECORDS.server, Buffer.from(ip))], offered);
      expect(answer).toEqual({ kind: "failed", why: "server", type: KE_RECORDS.server, code: null });
    },
  );

  it("is taken with records we do not know, if they are not critical, and with the dot of a full name", () => {
    const answer = readKeResponse([row(99, [1], false), ...good, row(6, Buffer.from("ntp.example.net."))], offered);
    expect(answer).toMatchObject({ kind: "granted", grant: { server: "ntp.example.net", port: 123 } });
  });

  it("is a grant only of what was offered, or a failure, whatever records come", () => {
    const record = fc.record({
      critical: fc.boolean(),
      type: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(1024), fc.integer({ min: 1, max: 0x7fff })),
      body: fc.oneof(
        fc.uint8Array({ maxLength: 6 }),
        fc.constantFrom(0, 15, 16, 30).map((id) => encodeNumbers([id])),
      ),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(record, fc.constantFrom(...good)), { maxLength: 8 }), (records) => {
        const answer = readKeResponse(records, offered);
        if (answer.kind === "failed") return;
        expect(offered).toContain(answer.grant.aead.id);
        expect(answer.grant.cookies.length).toBeGreaterThan(0);
        expect(records.some(({ type }) => type === KE_RECORDS.error || type === KE_RECORDS.warning)).toBe(false);
      }),
      budget(0.01),
    );
  });
});

describe("the server's choice", () => {
  it("is the first of the client's that it has", () => {
    expect(chooseAead([1, 30, 15])?.id).toBe(30);
    expect(chooseAead([1, 2])).toBeNull();
  });
});

describe("the exporter's context", () => {
  const gcm = aeadNumbered(30)!;
  it.each([
    ["protocol, AEAD and direction", aeadNumbered(17)!, false, "c2s", [0, 0, 0, 17, 0]],
    ["the other direction", aeadNumbered(15)!, true, "s2c", [0, 0, 0, 15, 1]],
    ["AES-128-GCM-SIV's own where both agreed", gcm, true, "c2s", [0, 0, 0, 30, 0]],
    ["AES-SIV-CMAC-256's for AES-128-GCM-SIV where they did not", gcm, false, "s2c", [0, 0, 0, 15, 1]],
  ] as const)("is %s", (_what, aead, compliantExporter, direction, context) => {
    expect([...exporterContext({ aead, compliantExporter }, direction)]).toEqual(context);
  });
});
