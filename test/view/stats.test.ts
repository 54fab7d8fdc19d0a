/** Statistics lines and generations in ntpd's forms, and the exposition of metrics. */
import { describe, expect, it } from "vitest";
import { noCounts } from "../../src/server/disposition.ts";
import { openMetrics } from "../../src/view/metrics.ts";
import { sysstats } from "../../src/cli/daemon/sysstats.ts";
import { generationName, loopstats, peerstats, rawstats, statsTime } from "../../src/view/stats.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import type { Header } from "../../src/wire/header.ts";
import { association, snapshotOf } from "../support/snapshot.ts";

/** 2026-11-21 22:40:40.031 UTC */
const UNIX = Date.UTC(2026, 10, 21, 22, 40, 40, 31);

describe("statistics", () => {
  it("begin with the day and the second of it", () => {
    expect(statsTime(0)).toBe("40587 0.000");
    expect(statsTime(UNIX)).toBe("61365 81640.031");
    expect(statsTime(-1)).toBe("40586 86399.999");
  });

  it("tell of the loop", () => {
    const discipline = {
      name: "rfc5905",
      state: "SYNC",
      frequency: 13.778_19e-6,
      jitter: 0.000_351_733,
      wander: 0.013_380_6e-6,
      poll: 6,
    } as const;
    const now = snapshotOf([association(1)]);
    expect(loopstats({ ...now, clock: { ...now.clock, offset: 0.000_006_019 }, discipline }, UNIX)).toBe(
      "61365 81640.031 0.000006019 13.778 0.000351733 0.013381 6\n",
    );
    expect(loopstats({ ...now, discipline: null }, UNIX)).toBeNull();
  });

  it("tell of a server, with ntpd's status word", () => {
    const fields = { address: "192.0.2.1", offset: -0.001_5, delay: 0.02, dispersion: 0.003, jitter: 0.000_01 };
    expect(peerstats(association(1, fields), UNIX)).toBe(
      "61365 81640.031 192.0.2.1 9600 -0.001500000 0.020000000 0.003000000 0.000010000\n",
    );
    expect(
      peerstats(
        association(1, { ...fields, verdict: "survivor", keyId: 3, authentication: "ok", lifetime: "ephemeral" }),
        UNIX,
      ),
    ).toContain(" 7400 ");
    expect(peerstats(association(1, { offset: null }), UNIX)).toBeNull();
  });

  it("tell of every exchange as it was", () => {
    const stamp = (seconds: bigint, fraction: bigint): NtpTimestamp => ((seconds << 32n) | fraction) as NtpTimestamp;
    const exchange = {
      t1: stamp(3_999_999_999n, 0x8000_0000n),
      t2: stamp(4_000_000_000n, 0n),
      t3: stamp(4_000_000_000n, 1n),
      t4: stamp(4_000_000_000n, 0xffff_ffffn),
    };
    const header = {
      leap: "none",
      version: 4,
      mode: "server",
      stratum: 2,
      poll: 6,
      precision: -24,
      rootDelay: 0.001,
      rootDispersion: 0.0125,
      referenceId: 0xc000_0207,
    } as Header;
    expect(rawstats({ ip: "192.0.2.1", port: 123 }, { exchange, header }, UNIX)).toBe(
      "61365 81640.031 192.0.2.1 0.0.0.0 3999999999.500000000 4000000000.000000000 4000000000.000000000 4000000001.000000000 0 4 4 2 6 -24 0.001000 0.012500 192.0.2.7\n",
    );
  });

  it("tell of clients", () => {
    const counts = { ...noCounts(), answered: 10, kissed: 1, rateLimited: 4, noServe: 2, tooShort: 3, oldVersion: 1 };
    expect(sysstats(counts, 3600.4, UNIX)).toBe("61365 81640.031 3600 21 11 20 1 3 3 0 0 4 1\n");
  });

  it.each([
    ["none", "/s/p"],
    ["pid", "/s/p.#42"],
    ["day", "/s/p.20261121"],
    ["week", "/s/p.2026w46"],
    ["month", "/s/p.202611"],
    ["year", "/s/p.2026"],
    ["age", "/s/p.a00086400"],
  ])("of type %s go to %s", (type, path) => {
    expect(generationName("/s/p", type, UNIX, 100_000, 42)).toBe(path);
  });
});

describe("metrics", () => {
  const now = snapshotOf([
    association(1, { name: 'a "b"\\\n', reach: 0o377 }),
    association(2, { offset: null, verdict: "falseticker", reason: "outsideIntersection" }),
  ]);
  const lines = openMetrics({ ...now, served: { ...noCounts(), answered: 7 } }, "1.2.3").split("\n");

  it("are OpenMetrics: every family announced once, before its samples, and an end", () => {
    const families = lines.filter((line) => line.startsWith("# TYPE ")).map((line) => line.split(" ")[2]!);
    expect(new Set(families).size).toBe(families.length);
    for (const line of lines)
      expect(line).toMatch(
        /^$|^# (TYPE|UNIT|HELP) ntpkit_\w+ .+$|^# EOF$|^ntpkit_\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? -?[\d.]+(e[+-]?\d+)?$/,
      );
    let family = "";
    for (const line of lines) {
      if (line.startsWith("# TYPE ")) family = line.split(" ")[2]!;
      else if (line.startsWith("ntpkit_"))
        expect(line.replace(/[{ ].*/, "").replace(/_(total|info)$/, "")).toBe(family);
    }
    expect(lines.slice(-2)).toEqual(["# EOF", ""]);
  });

  it("leave out what is not known, and escape what a name may have", () => {
    expect(lines).toContain(
      String.raw`ntpkit_association_reach_ratio{name="a \"b\"\\\n",address="192.0.2.1",port="123"} 1`,
    );
    expect(lines.filter((line) => line.startsWith("ntpkit_association_offset_seconds{"))).toHaveLength(1);
    expect(lines).toContain('ntpkit_server_packets_total{disposition="answered"} 7');
    expect(lines).toContain('ntpkit_build_info{version="1.2.3"} 1');
  });
});
