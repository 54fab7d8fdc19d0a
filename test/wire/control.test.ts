import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  controlError,
  decodeControl,
  encodeControl,
  encodeSealedControl,
  OPERATIONS,
  type Control,
  type ControlMessage,
} from "../../src/wire/control.ts";
import { LEAPS } from "../../src/wire/header.ts";
import { capture } from "../support/pcap.ts";

const RECORDED = [
  "h1-ntpq-pn",
  "h2-ntpq-as",
  "h3-ntpq-rv",
  "h4-ntpq-sysinfo-kerninfo-etc",
  "h5-ntpq-mrulist",
  "h7-ntpq-auth-key-sha1",
  "h7-ntpq-auth-key-md5",
  "h8-ntpq-auth-bad",
];

function recorded(name: string): Control[] {
  return capture(`control/${name}`).map(({ bytes }) => {
    const message = decodeControl(bytes);
    if (message.kind !== "control") throw new Error(message.fault);
    return message;
  });
}

function again(message: Control): Uint8Array {
  const { mac } = message;
  return mac === null ? encodeControl(message) : encodeSealedControl(message, () => mac);
}

const message = fc.record<ControlMessage>({
  leap: fc.constantFrom(...LEAPS),
  version: fc.integer({ min: 1, max: 4 }),
  response: fc.boolean(),
  error: fc.boolean(),
  more: fc.boolean(),
  operation: fc.integer({ min: 0, max: 31 }),
  sequence: fc.nat(0xffff),
  status: fc.nat(0xffff),
  association: fc.nat(0xffff),
  offset: fc.nat(0xffff),
  data: fc.uint8Array({ maxLength: 468 }),
});

const mac = fc.record({
  keyId: fc.nat(0xffff_ffff),
  digest: fc.constantFrom(0, 16, 20).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
});

describe("recorded control messages", () => {
  it.each(RECORDED)("%s decodes and encodes again octet for octet", (name) => {
    for (const { bytes } of capture(`control/${name}`)) {
      const decoded = decodeControl(bytes);
      expect(decoded.kind).toBe("control");
      expect(again(decoded as Control)).toEqual(bytes);
    }
  });

  it("finds the MAC of a request and of its answer behind two words", () => {
    const [request, answer, last] = recorded("h7-ntpq-auth-key-sha1");
    expect(request).toMatchObject({ operation: OPERATIONS.readOrderedList, covered: 16, mac: { keyId: 7 } });
    expect(answer).toMatchObject({ more: true, covered: 480, mac: { keyId: 7 } });
    expect(last).toMatchObject({ more: false, offset: 468, covered: 160, mac: { keyId: 7 } });
  });

  it("finds the MAC of an error behind its header", () => {
    const error = recorded("h7-ntpq-auth-key-sha1").find((one) => one.error);
    expect(error).toMatchObject({ covered: 12, mac: { keyId: 7 } });
    expect(controlError(error!.status)).toBe("variable");
  });

  it("reads four zero octets behind an error as the refusal of a MAC", () => {
    const error = recorded("h8-ntpq-auth-bad")[1]!;
    expect(error.mac).toEqual({ keyId: 0, digest: new Uint8Array(0) });
    expect(controlError(error.status)).toBe("authentication");
  });
});

describe("a control message", () => {
  it("comes back from its octets", () => {
    fc.assert(
      fc.property(message, (one) => {
        expect(decodeControl(encodeControl(one))).toMatchObject({ kind: "control", ...one, mac: null });
      }),
    );
  });

  it("comes back with its MAC", () => {
    fc.assert(
      fc.property(message, mac, (one, trailer) => {
        let covered = 0;
        const bytes = encodeSealedControl(one, (octets) => ((covered = octets.length), trailer));
        expect(decodeControl(bytes)).toMatchObject({ kind: "control", ...one, mac: trailer, covered });
      }),
    );
  });

  it("names what is wrong with any other octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const decoded = decodeControl(bytes);
        if (decoded.kind === "malformed")
          expect(["short", "mode", "version", "unaligned", "count"]).toContain(decoded.fault);
        else expect(decoded.data.length + 12).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it.each([
    { what: "cut in the header", octets: [0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0], fault: "short" },
    { what: "of mode 3", octets: [0x13, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], fault: "mode" },
    { what: "of version 5", octets: [0x2e, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], fault: "version" },
    { what: "of 14 octets", octets: [0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 65, 66], fault: "unaligned" },
    { what: "that claims more than it has", octets: [0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], fault: "count" },
  ])("$what is malformed", ({ octets, fault }) => {
    expect(decodeControl(Uint8Array.from(octets))).toMatchObject({ kind: "malformed", fault });
  });

  it("keeps the header of a malformed one, for whoever has to answer", () => {
    expect(decodeControl(Uint8Array.from([0x16, 2, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1]))).toMatchObject({
      header: { sequence: 9, operation: 2, version: 2 },
    });
  });

  it("cannot carry more than 468 octets", () => {
    expect(() => encodeControl({ ...(fc.sample(message, 1)[0] as ControlMessage), data: new Uint8Array(469) })).toThrow(
      RangeError,
    );
  });
});
