import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { md5 } from "../../src/host/md5.ts";

it("is the MD5 that everybody computes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      expect([...md5(octets)]).toEqual([...createHash("md5").update(octets).digest()]);
    }),
  );
});
