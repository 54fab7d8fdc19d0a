/** Names to addresses. */
import { describe, expect, it } from "vitest";
import type { Event } from "../../src/engine/port/event.ts";
import { canonicalLiteral, resolve } from "../../src/host/resolve.ts";
import type { Lookup } from "../../src/host/resolver.ts";

const never: Lookup = () => {
  throw new Error("a literal was looked up");
};
const finds =
  (...addresses: readonly string[]): Lookup =>
  (_name, _family, done) =>
    done(
      null,
      addresses.map((address) => ({ address })),
    );
const fails =
  (code: string): Lookup =>
  (_name, _family, done) =>
    done(Object.assign(new Error(code), { code }), []);

function resolved(name: string, family: 4 | 6 | null, lookup: Lookup): Event[] {
  const events: Event[] = [];
  resolve(name, family, (event) => events.push(event), lookup);
  return events;
}

describe("a literal", () => {
  it.each([
    ["192.0.2.7", null, "192.0.2.7"],
    ["2001:DB8:0:0:0::7", 6, "2001:db8::7"],
    ["fe80::1%eth0", null, "fe80::1%eth0"],
    ["::ffff:192.0.2.7", null, "::ffff:192.0.2.7"],
  ] as const)("%s is its own only address, in canonical text", (name, family, address) => {
    expect(resolved(name, family, never)).toEqual([{ kind: "resolved", name, addresses: [address] }]);
  });

  it("of the other family is refused as such", () => {
    expect(resolved("192.0.2.7", 6, never)).toEqual([{ kind: "unresolved", name: "192.0.2.7", why: "otherFamily" }]);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4.5",
    "::1::",
    "1:2:3:4:5:6:7",
    "g::",
    "fe80::1%",
    "fe80::1%a%b",
    "time.example",
    "12345::",
  ])("%j is none", (name) => {
    expect(canonicalLiteral(name)).toBeNull();
  });
});

describe("a name", () => {
  it("has its addresses in the resolver's order, each once", () => {
    expect(resolved("time.example", null, finds("2001:DB8::1", "192.0.2.1", "2001:db8::1"))).toEqual([
      { kind: "resolved", name: "time.example", addresses: ["2001:db8::1", "192.0.2.1"] },
    ]);
  });

  it("is asked for in the family that is wanted", () => {
    const asked: number[] = [];
    const lookup: Lookup = (_name, family, done) => {
      asked.push(family);
      done(null, []);
    };
    for (const family of [4, 6, null] as const) {
      expect(resolved("time.example", family, lookup)).toEqual([
        { kind: "unresolved", name: "time.example", why: family === null ? "notFound" : "otherFamily" },
      ]);
    }
    expect(asked).toEqual([4, 6, 0]);
  });

  it.each([
    ["ENOTFOUND", "notFound"],
    ["EAI_AGAIN", "again"],
    ["EAI_FAIL", "failed"],
    ["ENOMEM", "failed"],
  ])("that fails with %s is unresolved: %s", (code, why) => {
    expect(resolved("time.example", null, fails(code))).toEqual([{ kind: "unresolved", name: "time.example", why }]);
  });

  it("is looked up by the system: localhost is a loopback address", async () => {
    const event = await new Promise<Event>((done) => resolve("localhost", null, done));
    expect(event.kind).toBe("resolved");
    for (const address of event.kind === "resolved" ? event.addresses : []) expect(address).toMatch(/^(127\.|::1$)/);
  });
});
