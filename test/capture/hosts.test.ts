import fc from "fast-check";
import { expect, it } from "vitest";
import { Hosts } from "../../src/capture/hosts.ts";
import { addressLiteral } from "../../src/wire/address.ts";

it("the texts of hosts are those of their addresses, however many come by and come again", () => {
  const hosts = new Hosts();
  const few = fc.uint8Array({ minLength: 16, maxLength: 16, max: 3 });
  const any = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const law = fc.property(fc.oneof(few, any), fc.nat(12), (octets, at) => {
    expect(hosts.short(octets, at)).toBe(addressLiteral(octets.subarray(at, at + 4)));
    expect(hosts.long(octets, 0)).toBe(addressLiteral(octets));
  });
  fc.assert(law, { numRuns: 5000 });
});
