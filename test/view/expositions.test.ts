import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseRange } from "../../src/config/ranges.ts";
import { mode6Report } from "../../src/control/daemonmode6.ts";
import { readDaemon } from "../../src/control/operations.ts";
import { unfold } from "../../src/time/timestamp.ts";
import { checkMetrics, peersMetrics, textFormat } from "../../src/view/expositions.ts";
import { ask, exchanges, recordedDaemon } from "../control/replay.ts";

const recorded = [...exchanges("h2-ntpq-as"), ...exchanges("h3-ntpq-rv").slice(0, 1)];
const read = ask(readDaemon(), recordedDaemon(recorded));
if (read.kind !== "daemon") throw new Error(read.fault);
const { at } = recorded[0]!;
const report = mode6Report('odd"host\n', read, at, unfold(at, 1_795_000_000_000_000_000n));
const peers = peersMetrics([
  { host: report.host, report, failure: null, reselection: null },
  { host: "gone", report: null, failure: null, reselection: null },
]);

/** What OpenMetrics demands of a text: types before samples, families in one piece, names and labels of the right form, an end. */
function faults(text: string): string[] {
  const lines = text.split("\n");
  const wrong = lines.at(-1) === "" && lines.at(-2) === "# EOF" ? [] : ["no end"];
  const seen = new Set<string>();
  let family = "";
  for (const line of lines.slice(0, -2)) {
    const [, meta, name] = /^# (TYPE|UNIT|HELP) (\S+) \S/.exec(line) ?? [];
    if (meta === "TYPE") {
      if (seen.has(name!)) wrong.push(`${name} twice`);
      seen.add((family = name!));
    } else if (
      meta !== undefined
        ? name !== family
        : !new RegExp(`^${family}(_total|_info)?(\\{([a-z]+="([^"\\\\\\n]|\\\\["\\\\n])*",?)+\\})? -?[\\d.e+-]+$`).test(
            line,
          )
    )
      wrong.push(line);
  }
  return wrong;
}

describe("the figures of peers", () => {
  it("are OpenMetrics, with hosts as labels", () => {
    expect(faults(peers)).toEqual([]);
    expect(peers).toContain('ntpkit_up{host="odd\\"host\\n"} 1\nntpkit_up{host="gone"} 0\n');
    expect(peers).toContain('ntpkit_stratum{host="odd\\"host\\n"} 3\n');
    expect(peers).toMatch(
      /^ntpkit_association_survivor\{host="odd\\"host\\n",name="127\.127\.1\.0",address="127\.127\.1\.0",port="123"\} 1$/m,
    );
    expect(peers).not.toContain("null");
    // An association's number changes with the order in which names are answered.
    expect(peers).not.toMatch(/[{,]id="/);
  });
});

describe("the figures of a check", () => {
  it("are OpenMetrics", () => {
    const thresholds = { warning: parseRange("1ms", "-w"), critical: null };
    const text = checkMetrics({
      figures: [
        { name: "offset", value: 0.002, thresholds },
        { name: "jitter", value: null, thresholds },
      ],
      remarks: [],
    });
    expect(faults(text)).toEqual([]);
    expect(text).toContain("ntpkit_check_status 2\n");
    expect(text).toContain("ntpkit_check_offset_seconds 0.002\n");
    expect(text).toContain('ntpkit_check_figure_status{figure="offset"} 1\n');
  });
});

describe("the text format 0.0.4", () => {
  it("has no units and no end, and names counters and infos as their samples", () => {
    const open =
      '# TYPE a_packets counter\n# UNIT a_packets packets\n# HELP a_packets Sent.\na_packets_total 1\n# TYPE b info\n# HELP b The program.\nb_info{version="1"} 1\n# TYPE c gauge\nc 2\n# EOF\n';
    expect(textFormat(open)).toBe(
      '# TYPE a_packets_total counter\n# HELP a_packets_total Sent.\na_packets_total 1\n# TYPE b_info gauge\n# HELP b_info The program.\nb_info{version="1"} 1\n# TYPE c gauge\nc 2\n',
    );
    expect(textFormat(peers)).not.toContain("EOF");
  });
});

describe("the examples", () => {
  const example = (name: string): string =>
    readFileSync(new URL(`../../man/examples/${name}`, import.meta.url), "utf8");
  const names = (text: string): string[] => [...new Set(text.match(/ntpkit_[a-z_]+/g))];

  it.each(["ntpkit-alerts.yml", "ntpkit-grafana.json"])("%s asks for figures that there are", (file) => {
    const thresholds = { warning: null, critical: null };
    const exposed = new Set([
      ...names(peers),
      ...names(checkMetrics({ figures: [{ name: "offset", value: 0, thresholds }], remarks: [] })),
    ]);
    expect(names(example(file)).filter((name) => !exposed.has(name))).toEqual([]);
  });

  it("hold a dashboard", () => {
    expect(JSON.parse(example("ntpkit-grafana.json"))).toMatchObject({ uid: "ntpkit", panels: expect.any(Array) });
  });
});
