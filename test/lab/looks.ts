/** What scenarios that look at daemons share: daemons worth a look, and looks of two tools at the same moment. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "./netns.ts";
import type { World } from "./world.ts";

/** Nobody has this address. */
export const NOBODY = "10.77.0.250";
/** ntpq in a peer's folder. */
export const NTPQ = "usr/bin/ntpq";

/** A daemon with two good servers, one that is 3 s wrong and one that is not there, when it has chosen among them. */
export async function follower(world: World, which: "classic" | "ntpsec", more: readonly string[] = []): Promise<Host> {
  const daemon = await world.host("daemon");
  const servers = await threeServers(world, 3);
  const lines = [...servers.map(({ ipv4 }) => ipv4), NOBODY].map((address) => `server ${address} iburst`);
  // NTPsec answers no questions unless told to.
  await world.ntpd(which, daemon, [...lines, "restrict 127.0.0.1", "restrict ::1", ...more], {
    clock: await world.clock("daemon", 0),
    want: "any",
    orphan: false,
  });
  // NTPsec mobilizes nobody while it is asked more often than once a second.
  if (which === "ntpsec") await sleep(QUIET * 1000);
  await world.ntpq(daemon, ["-pn"], /^\*.*\n(.*\n)*x|^x.*\n(.*\n)*\*/m, 30);
  return daemon;
}

/** NTPsec has polled its servers often enough by then, seconds. */
const QUIET = 14;

/** Two servers that are right and a third that is `wrong` seconds ahead. */
export async function threeServers(world: World, wrong: number): Promise<readonly Host[]> {
  const servers: Host[] = [];
  for (const [name, offset] of [
    ["good", 0],
    ["fair", 0],
    ["liar", wrong],
  ] as const) {
    const server = await world.host(name);
    await world.chronyd(server, ["local stratum 3"], { clock: await world.clock(name, offset) });
    servers.push(server);
  }
  return servers;
}

/** How long a daemon may go on changing what it says before the two tools have seen the same, seconds. */
const CALM = 30;

/**
 * That ntpkit and ntpq print the same. What the daemon says moves: only a look of ntpkit's between two of ntpq's that agree
 * is judged.
 * @param still takes out what moves all the time
 */
export async function same(
  world: World,
  host: Host,
  ntpq: "classic" | "ntpsec",
  ours: readonly string[],
  theirs: readonly string[],
  still: (text: string) => string,
): Promise<void> {
  const look = async (): Promise<string> => still((await world.tool(ntpq, host, [NTPQ, ...theirs])).stdout);
  const end = performance.now() + CALM * 1000;
  for (let before = await look(); ;) {
    const seen = await world.ntpkit(host, ours);
    const after = await look();
    if (before === after) {
      assert.equal(seen.code, 0);
      assert.equal(still(seen.stdout), after);
      return;
    }
    assert.ok(performance.now() < end, `ntpq ${theirs.join(" ")} does not print the same twice`);
    before = after;
  }
}

/** The table of peers without the column `when`. */
export function masked(text: string): string {
  return text.replace(/^(.* [lubmsMBpo-] +)( *\d+[mhdy]?|-)(?= +\d+[mhdy]? +\d+ )/gm, "$1when");
}

/** Rows of the table with numbers as they are when rounded, and without the reference id, which NTPsec writes otherwise. */
export function rounded(text: string): string {
  const rows = masked(text)
    .split("\n")
    .slice(2)
    .map((line) => line.trim().split(/\s+/));
  return rows
    .map(([remote, , ...rest]) =>
      [remote, ...rest.map((word) => (/\./.test(word) ? Math.round(Number(word)) : word))].join(" "),
    )
    .join("\n");
}
