import { describe, expect, it } from "vitest";
import { KISS_CODES, kissAction, kissCode, kissText } from "../../src/wire/kiss.ts";
import { refidWord } from "../../src/wire/refid.ts";

describe("kiss codes", () => {
  it("are the fourteen of RFC 5905 figure 13 and the one of NTS", () => {
    expect(Object.keys(KISS_CODES).join(" ")).toBe(
      "ACST AUTH AUTO BCST CRYP DENY DROP INIT MCST NKEY NTSN RATE RMOT RSTR STEP",
    );
  });

  it.each(Object.keys(KISS_CODES))("%s is found in a packet of stratum 0 only", (code) => {
    const referenceId = refidWord(code)!;
    expect(kissCode({ stratum: 0, referenceId })).toBe(code);
    expect(kissCode({ stratum: 1, referenceId })).toBeNull();
  });

  it("are visible ASCII, or there is none", () => {
    expect(kissCode({ stratum: 0, referenceId: 0 })).toBeNull();
    expect(kissCode({ stratum: 0, referenceId: 0x1b5b_324a })).toBeNull();
  });

  it.each([
    ["DENY", "goAway"],
    ["RSTR", "goAway"],
    ["RATE", "slowDown"],
    ["INIT", "none"],
    ["NTSN", "none"],
    ["XYZZ", "none"],
    ["constructor", "none"],
  ])("%s asks for %s", (code, action) => {
    expect(kissAction(code)).toBe(action);
  });

  it("have a meaning when registered", () => {
    expect(kissText("RATE")).toBe("the server limits our rate");
    expect(kissText("XYZZ")).toBeNull();
    expect(kissText("toString")).toBeNull();
  });
});
