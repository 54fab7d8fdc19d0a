/** Own addresses. */
import { expect, it } from "vitest";
import { interfaceAddress, ownAddresses, type Interfaces } from "../../src/host/interfaces.ts";

const common = { netmask: "", mac: "", internal: false, cidr: null };
const interfaces: Interfaces = {
  lo: [{ ...common, family: "IPv4", address: "127.0.0.1" }],
  eth0: [
    { ...common, family: "IPv4", address: "192.0.2.7" },
    { ...common, family: "IPv6", address: "2001:db8::7", scopeid: 0 },
    { ...common, family: "IPv6", address: "fe80::7", scopeid: 2 },
  ],
};

it("are all of all interfaces, link-local ones with their zone", () => {
  expect(ownAddresses(interfaces)).toEqual(["127.0.0.1", "192.0.2.7", "2001:db8::7", "fe80::7%eth0"]);
});

it("of one interface is the first of a family", () => {
  expect(interfaceAddress("eth0", 4, interfaces)).toBe("192.0.2.7");
  expect(interfaceAddress("eth0", 6, interfaces)).toBe("2001:db8::7");
  expect(interfaceAddress("lo", 6, interfaces)).toBeNull();
  expect(interfaceAddress("eth9", 4, interfaces)).toBeNull();
});

it("include loopback here", () => {
  expect(ownAddresses()).toContain("127.0.0.1");
});
