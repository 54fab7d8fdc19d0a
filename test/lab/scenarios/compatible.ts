/**
 * `--compat`: what the real tool and ntpkit print of the same server at the same moment. They differ in nothing but digits of
 * numbers that move: those are masked, each digit by itself where columns count.
 */
import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { PeerName } from "../peers.ts";
import type { World } from "../world.ts";

/** Nobody has this address. */
const NOBODY = "10.77.0.250";

/** A tool's command line beside ntpkit's, and what is masked. */
interface Pair {
  readonly peer: PeerName;
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
  readonly mask: (text: string) => string;
  /** How ntpkit ends; the tools' exit codes are their own. */
  readonly code?: number;
}

export const compatible: readonly Scenario[] = [
  {
    name: "compatible: query prints what ntpdate -q, sntp, ntpdig and ntpdig -j print of the same servers",
    needs: ["chrony", "classic", "ntpsec"],
    run: async (world) => {
      const client = await world.host("client");
      const [right, ahead] = [await world.host("right"), await world.host("ahead")];
      await world.chronyd(right, ["local stratum 2"]);
      await world.chronyd(ahead, ["local stratum 3"], { clock: await world.clock("ahead", 0.75) });
      for (const addresses of [[right.ipv4], [right.ipv6], [ahead.ipv4], [NOBODY, right.ipv4], [NOBODY]]) {
        for (const pair of queries(addresses)) await alike(world, client, pair);
      }
    },
  },
  {
    name: "compatible: peers prints what chronyc prints of the same chronyd, text and comma separated values",
    needs: ["chrony"],
    run: async (world) => {
      const daemon = await world.host("daemon");
      const [right, fair, ahead] = [await world.host("right"), await world.host("fair"), await world.host("ahead")];
      for (const server of [right, fair]) await world.chronyd(server, ["local stratum 3"]);
      await world.chronyd(ahead, ["local stratum 3"], { clock: await world.clock("ahead", 0.25) });
      const lines = [right, fair, ahead].map(({ ipv4 }) => `server ${ipv4} iburst minpoll 6`);
      await world.chronyd(daemon, [
        ...lines,
        `server ${NOBODY}`,
        `peer ${right.ipv6}`,
        "combinelimit 1000000",
        "cmdport 323",
      ]);
      for (const [compat, words, mask] of REPORTS) {
        const theirs = ["usr/bin/chronyc", "-h", "127.0.0.1", ...words];
        await alike(world, daemon, {
          peer: "chrony",
          theirs,
          ours: ["peers", "-n", "--compat", compat, "127.0.0.1"],
          mask,
        });
      }
    },
  },
  {
    name: "compatible: check prints what check_ntp_time prints of the same server, and ends alike",
    needs: ["chrony", "plugins"],
    run: async (world) => {
      const client = await world.host("client");
      const [right, ahead] = [await world.host("right"), await world.host("ahead")];
      await world.chronyd(right, ["local stratum 2"]);
      await world.chronyd(ahead, ["local stratum 3"], { clock: await world.clock("ahead", 0.25) });
      const checks: readonly (readonly [server: string, thresholds: readonly string[], code: number])[] = [
        [right.ipv4, [], 0],
        [right.ipv6, [], 0],
        [ahead.ipv4, ["-w", "0.1", "-c", "0.5"], 1],
        [ahead.ipv4, ["-w", "0.1", "-c", "0.2"], 2],
        [NOBODY, [], 2],
      ];
      for (const [server, thresholds, code] of checks) {
        const theirs = ["usr/lib/nagios/plugins/check_ntp_time", "-H", server, ...thresholds];
        const ours = ["check", "--compat", "check_ntp_time", server, ...thresholds];
        const tool = await alike(world, client, { peer: "plugins", theirs, ours, mask: offsets, code });
        assert.equal(tool, code, "the plugin's own code");
      }
    },
  },
];

/** chronyc's reports, and what of each moves while no server is polled. */
const REPORTS: readonly (readonly [compat: string, words: readonly string[], mask: (text: string) => string])[] = [
  ["chronyc", ["-n", "sources"], samples],
  ["chronyc-sourcestats", ["-n", "sourcestats"], extrapolated],
  ["chronyc-tracking", ["-n", "tracking"], growing],
  ["chronyc-csv", ["-c", "sources"], samples],
  ["chronyc-sourcestats-csv", ["-c", "sourcestats"], extrapolated],
  ["chronyc-tracking-csv", ["-c", "tracking"], growing],
];

function queries(addresses: readonly string[]): readonly Pair[] {
  const isLost = addresses.every((address) => address === NOBODY);
  const pair = (peer: PeerName, theirs: readonly string[], compat: string): Pair => {
    const ours = ["query", "--compat", compat, "--timeout", "1s", ...addresses];
    return { peer, theirs: [...theirs, ...addresses], ours, mask: moments, ...(isLost ? { code: 10 } : {}) };
  };
  return [
    pair("classic", ["usr/sbin/ntpdate", "-q"], "ntpdate"),
    pair("classic", ["usr/bin/sntp", "-t", "1"], "sntp"),
    pair("ntpsec", ["usr/bin/ntpdig", "-t", "1"], "ntpdig"),
    pair("ntpsec", ["usr/bin/ntpdig", "-t", "1", "-j"], "ntpdig-json"),
  ];
}

/** How often the two may be asked until nothing happened between them: a poll, a second that ended. */
const ATTEMPTS = 5;

/** @returns the tool's exit code */
async function alike(world: World, host: Host, { peer, theirs, ours, mask, code = 0 }: Pair): Promise<number | null> {
  for (let attempt = 1; ; attempt += 1) {
    const tool = await world.tool(peer, host, theirs);
    const kit = await world.ntpkit(host, ours);
    assert.equal(kit.code, code, `${ours.join(" ")} ended with ${kit.code}: ${kit.stderr}`);
    const [expected, printed] = [mask(tool.stdout), mask(kit.stdout)];
    if (expected === printed || attempt === ATTEMPTS) {
      assert.equal(printed, expected, `ntpkit ${ours.join(" ")} beside ${theirs.join(" ")}`);
      return tool.code;
    }
  }
}

/** Dates, times, process numbers and what was measured, each digit by itself; what sntp says of itself is left out. */
function moments(text: string): string {
  const lines = text.split("\n").filter((line) => !/^(sntp \d|kod_init_kod_db)/.test(line));
  // How long nobody was heard, too: sntp says how long it was to wait, ntpkit how long it did.
  const measured = lines.map((line) =>
    line.replaceAll(MEASURED, (found) => masked(found)).replace(/after \d+ seconds$/, "after # seconds"),
  );
  // JSON has no plus: an offset around zero is now with a sign, now without.
  return measured.join("\n").replaceAll('":~#', '":#');
}

/** `offset +0.000017`, `delay 0.02570`, `+0.75 +/- 0.1`, `2026-11-22 01:52:53.415063`, `22 Nov 01:52:51 ntpdate[12836]`, `"precision":0.1`. */
const MEASURED =
  /[-+]?\b\d+\.\d{5,6}\b|\d{4}-\d\d-\d\d[ T][\d:]{8}\.\d+|[ \d]\d [A-Z][a-z]{2} [\d:]{8} ntpdate\[\d+\]/g;

/** Signs and digits; a process number has as many digits as it has, ntpdig's microseconds no zeros before them. */
function masked(found: string): string {
  return found
    .replace(/\[\d+\]/, "[]")
    .replace(/(?<=:\d\d)\.\d+$/, ".micro")
    .replace(/^[-+](?=0\.)/, "~")
    .replaceAll(/\d/g, "#");
}

/** `sources`: seconds since the last sample, and the sample as it is corrected since. */
function samples(text: string): string {
  return text
    .replaceAll(/^(.{47}).{4}( {2}).{7}\[/gm, "$1when$2adjust[")
    .replaceAll(/^((?:[^,]*,){6})\d+,[^,]*,/gm, "$1when,adjusted,");
}

/** `sourcestats`: the offset, as it would be now. */
function extrapolated(text: string): string {
  return text.replaceAll(/^(.{63}).{7}( {2}.{6})$/gm, "$1offset$2").replaceAll(/^((?:[^,]*,){6})[^,]*,/gm, "$1offset,");
}

/** `tracking`: how far the clock is from the right time, and may be, which grow between two updates. */
function growing(text: string): string {
  const lines = text
    .replace(/^(System time +: )\d\.\d{9} seconds (?:slow|fast)/m, "$1#")
    .replace(/^(Root dispersion : )\d\.\d{9}/m, "$1#");
  return lines.replace(/^((?:[^,]*,){4})[^,]*,((?:[^,]*,){6})[^,]*,/m, "$1#,$2#,");
}

/** The offset of a check and of its performance data. */
function offsets(text: string): string {
  return text.replace(/Offset -?[\d.e-]+ secs/, "Offset # secs").replace(/offset=-?\d\.\d{6}s/, "offset=#.######s");
}
