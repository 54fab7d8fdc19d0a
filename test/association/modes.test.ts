import { describe, expect, it } from "vitest";
import { MODE_TABLE, processOf } from "../../src/association/modes.ts";
import { MODES } from "../../src/wire/header.ts";

describe("the table of modes", () => {
  it("takes nothing but a server's packet for a client", () => {
    for (const mode of MODES) expect(processOf("client", mode) === "process").toBe(mode === "server");
  });

  it("never hands a control, private or reserved packet to an association", () => {
    for (const own of Object.keys(MODE_TABLE) as (keyof typeof MODE_TABLE)[])
      for (const mode of ["control", "private", "reserved"] as const) expect(processOf(own, mode)).toBe("discard");
  });

  it("says what an unclaimed packet mobilizes (RFC 5905 figure 20)", () => {
    expect(MODE_TABLE.none).toEqual({
      symmetricActive: "mobilizePassive",
      symmetricPassive: "discard",
      client: "answer",
      server: "solicited",
      broadcast: "mobilizeBroadcast",
    });
  });
});
