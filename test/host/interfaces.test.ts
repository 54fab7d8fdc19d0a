/** Own addresses. */
import { expect, it } from "vitest";
import {
  broadcastAddresses,
  canMulticast,
  interfaceAddress,
  interfaceNamed,
  interfacesWith,
  isAlone,
  knownInterfaces,
  ownAddresses,
  commonSource,
  waysOut,
  type Interfaces,
} from "../../src/host/interfaces.ts";

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

it.each([
  [0x1043, true], // UP BROADCAST RUNNING MULTICAST
  [0x0043, false],
  [0x0049, true], // LOOPBACK: what is sent there comes back
  [null, true],
])("with flags %j pass multicasts on: %j", (flags, able) => {
  expect(canMulticast("eth0", flags)).toBe(able);
});

it("of loopback alone reach nobody else", () => {
  expect([isAlone({ lo: site["lo"] }), isAlone({}), isAlone(site)]).toEqual([true, true, false]);
});

it("are not known where the kernel may not be asked, and then nobody is alone", () => {
  const refused = knownInterfaces(() => {
    throw Object.assign(new Error("uv_interface_addresses returned EAFNOSUPPORT"), { code: "ERR_SYSTEM_ERROR" });
  });
  expect(refused).toBeNull();
  expect(isAlone(refused)).toBe(false);
});

it("include loopback here", () => {
  expect(ownAddresses()).toContain("127.0.0.1");
});

const mask = { mac: "", internal: false, cidr: null };
const site: Interfaces = {
  lo: [{ ...mask, family: "IPv4", address: "127.0.0.1", netmask: "255.0.0.0", internal: true }],
  eth0: [
    { ...mask, family: "IPv4", address: "192.0.2.7", netmask: "255.255.255.0" },
    { ...mask, family: "IPv4", address: "192.0.2.8", netmask: "255.255.255.0" },
    { ...mask, family: "IPv6", address: "fe80::7", netmask: "ffff:ffff:ffff:ffff::", scopeid: 2 },
    { ...mask, family: "IPv6", address: "2001:db8::7", netmask: "ffff:ffff:ffff:ffff::", scopeid: 0 },
  ],
  eth1: [{ ...mask, family: "IPv4", address: "192.0.2.9", netmask: "255.255.255.0" }],
  tun0: [{ ...mask, family: "IPv4", address: "198.51.100.1", netmask: "255.255.255.255" }],
};

it("send what is for many once a subnet, and by loopback only where there is nothing else", () => {
  expect(waysOut(4, site)).toEqual([
    { name: "eth0", address: "192.0.2.7" },
    { name: "tun0", address: "198.51.100.1" },
  ]);
  expect(waysOut(6, site).map(({ name }) => name)).toEqual(["eth0"]);
  expect(waysOut(4, { lo: site["lo"] })).toEqual([{ name: "lo", address: "127.0.0.1" }]);
});

it("give what goes to a group one source address, whichever interface it leaves by", () => {
  expect(commonSource("239.1.1.1", site)).toBe("192.0.2.7");
  expect(commonSource("ff05::101", site)).toBe("2001:db8::7");
  // A link's own group knows nobody beyond the link.
  expect(commonSource("ff02::101", site)).toBeNull();
  expect(commonSource("ff05::101", { eth1: site["eth1"] })).toBeNull();
});

it("have broadcast addresses, but for loopback and links of two", () => {
  expect(broadcastAddresses(site)).toEqual(["192.0.2.255", "255.255.255.255"]);
});

it("are named by name or by address", () => {
  expect(interfacesWith(6, site)).toEqual(["eth0"]);
  expect(interfaceNamed("192.0.2.9", site)).toBe("eth1");
  expect(interfaceNamed("eth0", site)).toBe("eth0");
});
