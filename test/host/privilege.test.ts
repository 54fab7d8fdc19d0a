/** Which capability is missing. */
import { expect, it } from "vitest";
import { lackingCapability } from "../../src/host/privilege.ts";

const status = (capEff: string): string =>
  `Name:\tnode\nCapPrm:\t0000000000000000\nCapEff:\t${capEff}\nCapBnd:\t000001ffffffffff\n`;

it.each([
  ["clock", "0000000000000000", 1000, { capability: "CAP_SYS_TIME", who: "user" }],
  ["clock", "00000000a80425fb", 0, { capability: "CAP_SYS_TIME", who: "root" }], // a container's usual set
  ["clock", "0000000002000000", 1000, null],
  ["port", "00000000a80425fb", 0, null],
  ["port", "0000000002000000", 1000, { capability: "CAP_NET_BIND_SERVICE", who: "user" }],
] as const)("%s with %s as user %i", (what, capEff, user, lacking) => {
  expect(lackingCapability(what, status(capEff), user)).toEqual(lacking);
});

it("without /proc of root nothing is known, and a user lacks everything", () => {
  expect(lackingCapability("clock", "", 0)).toEqual({ capability: "CAP_SYS_TIME", who: "unseen" });
  expect(lackingCapability("clock", "", 501)).toEqual({ capability: "CAP_SYS_TIME", who: "user" });
});
