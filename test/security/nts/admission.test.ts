/** Whom a server shakes hands with: floods push out themselves, and what they cost is bounded. */
import { describe, expect, it } from "vitest";
import { ADMISSION, Admission } from "../../../src/security/nts/admission.ts";

const FREE = { open: 8, openEach: 3, rate: 1e6, burst: 1e6, rateEach: 1e6, burstEach: 1e6 };

describe("handshakes that are open", () => {
  it("are bounded for one network: its oldest goes, and nobody else's", () => {
    const admission = new Admission<string>(FREE);
    admission.admit("other", "203.0.113.7", 0);
    for (const token of ["a", "b", "c"]) admission.admit(token, "192.0.2.1", 0);
    expect(admission.admit("d", "192.0.2.1", 0)).toEqual({ kind: "admitted", evicted: "a" });
    admission.done("b");
    expect(admission.admit("e", "192.0.2.1", 0)).toEqual({ kind: "admitted", evicted: null });
    expect(admission.open).toBe(4);
  });

  it("are bounded for all: the oldest goes", () => {
    const admission = new Admission<number>(FREE);
    for (let host = 1; host <= 8; host += 1) admission.admit(host, `192.0.2.${host}`, 0);
    expect(admission.admit(9, "192.0.2.9", 0)).toEqual({ kind: "admitted", evicted: 1 });
    expect(admission.open).toBe(8);
  });

  it("are no more than bearable, whoever opens ten thousand of them, from one address or from as many", () => {
    for (const from of [() => "192.0.2.1", (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`]) {
      const admission = new Admission<number>();
      for (let token = 0; token < 10_000; token += 1) admission.admit(token, from(token), token / 10_000);
      expect(admission.open).toBeLessThanOrEqual(ADMISSION.open);
    }
  });

  it.each([
    ["addresses within 64 bits", "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true],
    ["however they are written", "2001:db8::1", "2001:db8:0:0:1::1", true],
    ["addresses of other 64 bits", "2001:db8:1:2::1", "2001:db8:1:3::1", false],
    ["an IPv4 address, mapped", "::ffff:192.0.2.1", "192.0.2.1", true],
    ["two IPv4 addresses", "192.0.2.1", "192.0.2.2", false],
    ["a short one", "::1", "::2", true],
  ])("are counted together or apart: %s", (_what, one, other, together) => {
    const admission = new Admission<string>({ ...FREE, openEach: 1 });
    admission.admit("one", one, 0);
    expect(admission.admit("other", other, 0)).toEqual({ kind: "admitted", evicted: together ? "one" : null });
  });
});

describe("handshakes a second", () => {
  it("are bounded for one network, which has its rate again after a while, and takes nothing from others", () => {
    const admission = new Admission<number>({ ...FREE, rateEach: 2, burstEach: 4 });
    const admitted = (ip: string, at: number, count: number): number =>
      Array.from({ length: count }, (_, token) => admission.admit(token, ip, at).kind).filter((is) => is === "admitted")
        .length;
    expect(admitted("192.0.2.1", 0, 100)).toBe(4);
    expect(admitted("192.0.2.2", 0, 3)).toBe(3);
    expect(admitted("192.0.2.1", 1, 100)).toBe(2);
    expect(admitted("192.0.2.1", 100, 100)).toBe(4);
  });

  it("are bounded for all together", () => {
    const admission = new Admission<number>({ ...FREE, rate: 10, burst: 20 });
    const kinds = Array.from(
      { length: 1000 },
      (_, host) => admission.admit(host, `10.0.${host >> 8}.${host & 255}`, 0).kind,
    );
    expect(kinds.filter((kind) => kind === "admitted")).toHaveLength(20);
  });

  it("of a clock that went back are no more", () => {
    const admission = new Admission<number>({ ...FREE, rateEach: 1, burstEach: 1 });
    expect(admission.admit(1, "192.0.2.1", 100).kind).toBe("admitted");
    expect(admission.admit(2, "192.0.2.1", 50).kind).toBe("limited");
  });
});
