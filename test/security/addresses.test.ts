import { describe, expect, it } from "vitest";
import { admission, parseNetwork } from "../../src/security/addresses.ts";

describe("the addresses of a key", () => {
  it.each(["192.0.2.7", "10.0.0.0/8", "0.0.0.0/0", "::1", "2001:db8::/32"])("reads %s", (text) => {
    expect(parseNetwork(text)).toBe(text);
  });

  it("drops a zone and leading zeros of a length", () => {
    expect(parseNetwork("fe80::1%eth0")).toBe("fe80::1");
    expect(parseNetwork("fe80::%eth0/010")).toBe("fe80::/10");
    expect(parseNetwork("10.0.0.0/08")).toBe("10.0.0.0/8");
  });

  it.each(["", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10.0.0.0/", "10.0.0.0/-1", "host.example"])(
    "refuses %j",
    (text) => {
      expect(parseNetwork(text)).toBeNull();
    },
  );

  it("admit everybody when there are none", () => {
    expect(admission([])("198.51.100.9")).toBe(true);
  });

  it("admit an address, a network, and the same IPv4 address mapped into IPv6", () => {
    const admits = admission(["192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "fe80::1"]);
    expect(
      ["192.0.2.7", "10.9.8.7", "::ffff:10.9.8.7", "2001:db8:1::5", "fe80::1%eth0"].filter((ip) => !admits(ip)),
    ).toEqual([]);
    expect(
      ["192.0.2.8", "11.0.0.1", "2001:db9::1", "::ffff:11.0.0.1", "fe80::2", "", "host.example"].filter(admits),
    ).toEqual([]);
  });

  it("keep the families apart: ::/0 is not every IPv4 address", () => {
    expect(admission(["::/0"])("192.0.2.7")).toBe(false);
    expect(admission(["::/0"])("2001:db8::1")).toBe(true);
    expect(admission(["0.0.0.0/0"])("2001:db8::1")).toBe(false);
    expect(admission(["0.0.0.0/0"])("192.0.2.7")).toBe(true);
  });
});
