/** Names: what they resolve to, when, how many at once, and how that fails. */
import { describe, expect, it } from "vitest";
import { createChance } from "../../src/sim/chance.ts";
import { Names } from "../../src/sim/dns.ts";
import type { TrueTime } from "../../src/sim/truth.ts";

const at = (seconds: number): TrueTime => seconds as TrueTime;
const chance = createChance("dns");
const TEN = Array.from({ length: 10 }, (_, index) => `192.0.2.${index}`);

describe("names", () => {
  it("have what is said of them, in that order, whatever the case", () => {
    const names = new Names();
    names.set("A.example", { addresses: ["192.0.2.2", "2001:db8::1", "192.0.2.1"] });
    expect(names.ask("a.EXAMPLE", null, at(0), chance)).toMatchObject({
      addresses: ["192.0.2.2", "2001:db8::1", "192.0.2.1"],
      fault: null,
    });
    expect(names.ask("a.example", 4, at(0), chance).addresses).toEqual(["192.0.2.2", "192.0.2.1"]);
    expect(names.ask("a.example", 6, at(0), chance).addresses).toEqual(["2001:db8::1"]);
  });

  it("do not exist unless somebody said so, nor in a family in which they have nothing", () => {
    const names = new Names();
    names.set("v4.example", { addresses: ["192.0.2.1"] });
    expect(names.ask("none.example", null, at(0), chance).fault).toBe("notFound");
    expect(names.ask("v4.example", 6, at(0), chance).fault).toBe("otherFamily");
  });

  it("change with time: fail, then work, then move", () => {
    const names = new Names();
    names.set(
      "a",
      { from: 60, addresses: ["192.0.2.9"], delay: 1 },
      { fault: "again", delay: 5 },
      { from: 10, addresses: ["192.0.2.1"] },
    );
    expect(names.ask("a", null, at(9.9), chance)).toEqual({ delay: 5, addresses: [], fault: "again" });
    expect(names.ask("a", null, at(10), chance)).toMatchObject({ addresses: ["192.0.2.1"], fault: null });
    expect(names.ask("a", null, at(60), chance)).toEqual({ delay: 1, addresses: ["192.0.2.9"], fault: null });
  });

  it("of a pool give out some, other ones each time, and in the end all", () => {
    const names = new Names();
    names.set("pool", { addresses: TEN, pick: 4 });
    const answers = Array.from({ length: 40 }, () => names.ask("pool", null, at(0), chance).addresses);
    for (const answer of answers) expect(new Set(answer).size).toBe(4);
    expect(new Set(answers.flat())).toEqual(new Set(TEN));
    expect(new Set(answers.map(String)).size).toBeGreaterThan(30);
  });

  it("that are literals are themselves, at once", () => {
    const names = new Names();
    expect(names.ask("192.0.2.7", null, at(0), chance)).toEqual({ delay: 0, addresses: ["192.0.2.7"], fault: null });
    expect(names.ask("2001:db8::7", 4, at(0), chance)).toEqual({ delay: 0, addresses: [], fault: "otherFamily" });
  });
});
