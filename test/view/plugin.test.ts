import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAlert, parseRange, parseThresholds } from "../../src/config/ranges.ts";
import { pluginLine, tenDigits } from "../../src/view/plugin.ts";

describe("a range", () => {
  it.each([
    ["10", [0, 10], [-1, 11]],
    ["10:", [10, 1e9], [9.9, -1]],
    ["~:10", [-1e9, 10], [10.1]],
    ["10:20", [10, 20], [9, 21]],
    ["@10:20", [9, 21], [10, 20]],
    ["-1s:250ms", [-1, 0.25], [-1.1, 0.26]],
  ])("%s is well in it and not outside", (text, well, ill) => {
    const range = parseRange(text, "-w");
    expect(well.map((value) => isAlert(value, range))).toEqual(well.map(() => false));
    expect(ill.map((value) => isAlert(value, range))).toEqual(ill.map(() => true));
  });

  it.each(["", "x", "10:5", "1:2:3", "@", "5 parsecs", "1,2"])("%j is none", (text) => {
    expect(() => parseRange(text, "-w")).toThrow(/^-w: .* is not a range$/);
  });

  it("comes in pairs", () => {
    expect(parseThresholds("3:,1:", "-m")).toMatchObject({ warning: { low: 3 }, critical: { low: 1 } });
    expect(parseThresholds(",1:", "-m")).toMatchObject({ warning: null });
    for (const text of ["", ",", "1,2,3"]) expect(() => parseThresholds(text, "-m")).toThrow("is not WARNING,CRITICAL");
  });
});

describe("the plugin's line", () => {
  it.each([
    [-0.0002111196518, "-0.0002111196518"],
    [0, "0"],
    [1, "1"],
    [120, "120"],
    [0.25, "0.25"],
    [9.5e-5, "9.5e-05"],
    [12_345_678_901, "1.23456789e+10"],
    [0.1 + 0.2, "0.3"],
  ])("%d is %s, as C writes it with %%.10g", (value, text) => {
    expect(tenDigits(value)).toBe(text);
  });

  it("has ten digits of any number", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }),
        (value) => Math.abs(Number(tenDigits(value)) - value) <= Math.abs(value) * 1e-9,
      ),
    );
  });

  it("is check_ntp_time's", () => {
    const thresholds = { warning: parseRange("0.5", "-w"), critical: parseRange("1", "-c") };
    expect(pluginLine({ figures: [{ name: "offset", value: -0.0002111196518, thresholds }], remarks: [] })).toBe(
      "NTP OK: Offset -0.0002111196518 secs|offset=-0.000211s;0.500000;1.000000;\n",
    );
    expect(
      pluginLine({
        figures: [{ name: "offset", value: null, thresholds }],
        remarks: [{ status: "CRITICAL", text: "Server not synchronized" }],
      }),
    ).toBe("NTP CRITICAL: Server not synchronized, Offset unknown|\n");
    expect(pluginLine({ figures: [], remarks: [{ status: "CRITICAL", text: "\u001b[2J" }] })).toBe(
      "NTP CRITICAL: \\x1b[2J\n",
    );
    // A bar in a name would begin the performance data.
    expect(pluginLine({ figures: [], remarks: [{ status: "WARNING", text: "a|offset=0s" }] })).toBe(
      "NTP WARNING: a\\x7coffset=0s\n",
    );
  });
});
