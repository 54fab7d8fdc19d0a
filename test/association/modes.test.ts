import { describe, expect, it } from "vitest";
import { MODE_TABLE, processOf } from "../../src/association/modes.ts";
import type { Recipient } from "../../src/association/modes.ts";
import { MODES } from "../../src/wire/header.ts";

const RECIPIENTS = Object.keys(MODE_TABLE) as Recipient[];

describe("the table of modes", () => {
  it("takes nothing but a server's packet for an answer", () => {
    for (const mode of MODES) {
      expect(processOf("client", mode)).toBe(mode === "server" ? "process" : "discard");
      expect(processOf("solicitor", mode)).toBe(mode === "server" ? "solicited" : "discard");
    }
  });

  it("never hands a control, private or reserved packet to an association: the server has the words for them", () => {
    for (const recipient of RECIPIENTS)
      for (const mode of ["control", "private", "reserved"] as const)
        expect(processOf(recipient, mode)).toBe(
          recipient === "client" || recipient === "solicitor" ? "discard" : "answer",
        );
  });

  it("says what an unclaimed packet mobilizes (RFC 5905 figure 20)", () => {
    expect(MODE_TABLE.none).toEqual({
      symmetricActive: "mobilizePassive",
      symmetricPassive: "discard",
      client: "answer",
      server: "discard",
      broadcast: "mobilizeBroadcast",
      other: "answer",
    });
  });

  it("has every client answered who comes by the port that is served", () => {
    const served = RECIPIENTS.filter((recipient) => recipient !== "client" && recipient !== "solicitor");
    expect(served.map((recipient) => processOf(recipient, "client"))).toEqual(served.map(() => "answer"));
  });
});
