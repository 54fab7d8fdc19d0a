/** What a run starts from, in words. */
import { describe, expect, it } from "vitest";
import type { Remembered, RememberedAssociation } from "../../src/engine/port/memory.ts";
import { type BREAKS, recalledText, rememberedLines, runsText } from "../../src/view/recalled.ts";

const entry = (ip: string, fields: Partial<RememberedAssociation> = {}): RememberedAssociation => ({
  kind: "server",
  name: ip,
  key: null,
  ip,
  port: 123,
  since: 0,
  seen: 0,
  heard: 0,
  verdict: "survivor",
  reason: null,
  probation: null,
  backoff: null,
  reach: 1,
  unreach: 0,
  hpoll: 6,
  minpoll: 6,
  header: null,
  samples: [{ offset: 0, delay: 0, dispersion: 0, age: 1 }],
  history: null,
  ...fields,
});
const recalled = (remembered: Remembered, elapsed = 3600, broken: keyof typeof BREAKS | null = null) => ({
  memory: { kisses: [], remembered },
  lapse: { elapsed, broken },
});

describe("what is recalled, in words", () => {
  it("says how many, how old, and what of it is of use", () => {
    expect(recalledText("/s", recalled({ associations: [entry("192.0.2.1"), entry("192.0.2.2")], clock: null }))).toBe(
      "/s: 2 servers remembered, 1 hour old; 2 known by their samples",
    );
    expect(
      recalledText(
        "/s",
        recalled({ associations: [entry("192.0.2.1", { samples: [] })], clock: null }, 86_400 * 3, "restart"),
      ),
    ).toBe(
      "/s: 1 server remembered, 3 days old; no samples are of use: the machine was started anew since, or may have been",
    );
    expect(recalledText("/s", { memory: { kisses: [] }, lapse: null })).toBe(
      "/s: nothing is remembered of servers yet",
    );
  });

  it("says who is not to be asked, and who has no vote", () => {
    const associations = [
      entry("192.0.2.1", { probation: 7200 }),
      entry("2001:db8::1", { backoff: { poll: 12, left: 1800 } }),
    ];
    const lines = rememberedLines("/s", {
      ...recalled({ associations, clock: null }),
      memory: {
        kisses: [{ ip: "192.0.2.9", port: 123, code: "DENY", at: "2026-11-21T01:02:03.5Z" }],
        remembered: { associations, clock: null },
      },
    });
    expect(lines.slice(1)).toEqual([
      "192.0.2.1:123: on probation: it was a falseticker 2 hours ago",
      "[2001:db8::1]:123: left alone for another 30 minutes, as it asked (RATE)",
      "192.0.2.9:123: never asked again: it sent us away (DENY) at 2026-11-21T01:02:03Z",
    ]);
  });

  it("says how the clock runs by itself", () => {
    expect(runsText({ correction: 21.0344e-6, deviation: 5e-8 })).toBe(
      "left to itself the clock runs 21.034 ppm slow, known to 0.050 ppm",
    );
    expect(runsText({ correction: -1e-6, deviation: 1e-9 })).toBe(
      "left to itself the clock runs 1.000 ppm fast, known to 0.001 ppm",
    );
  });
});
