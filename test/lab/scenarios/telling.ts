/** Telling the time: `now` by running daemons of every make, and a clock of a program's own beside chronyd's. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../netns.ts";
import type { PeerName } from "../peers.ts";
import type { Clock } from "../clock.ts";
import type { Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

/** NTPsec mobilizes nobody while it is asked more often than once a second, and has polled its server by then; seconds. */
const QUIET = 14;

interface Told {
  readonly exitCode: number;
  readonly earliest: string | null;
  readonly latest: string | null;
  readonly best: string | null;
  readonly uncertainty: number | null;
  readonly source: string | null;
}

/** A daemon of each make, how it is started on a clock, and by what it is asked. */
const MAKES: readonly {
  readonly name: string;
  readonly needs: readonly PeerName[];
  readonly source: string;
  /** By so much its clock is ahead at first, seconds; of ntpd's less than it steps. */
  readonly ahead: number;
  readonly start: (world: World, host: Host, server: string, clock: Clock) => Promise<unknown>;
}[] = [
  {
    name: "chronyd",
    needs: [],
    source: "cmdmon",
    ahead: 5,
    // -x: it leaves the clock as it is, and tells how wrong that is.
    start: (world, host, server, clock) =>
      world.chronyd(host, [`server ${server} iburst minpoll 0 maxpoll 0`, "cmdport 323"], { clock, want: "any" }),
  },
  {
    name: "ntpd",
    needs: ["classic"],
    source: "mode6",
    ahead: 0.05,
    start: async (world, host, server, clock) => {
      await world.ntpd("classic", host, followed(server), { clock, ...FOLLOWS });
      await world.ntpq(host, ["-pn"], /^\*/m, 60);
    },
  },
  {
    name: "NTPsec",
    needs: ["ntpsec"],
    source: "mode6",
    ahead: 0.05,
    start: async (world, host, server, clock) => {
      await world.ntpd("ntpsec", host, followed(server), { clock, ...FOLLOWS });
      await sleep(QUIET * 1000);
      await world.ntpq(host, ["-pn"], /^\*/m, 60);
    },
  },
  {
    name: "ntpkit",
    needs: [],
    source: "mode6",
    ahead: 5,
    start: async (world, host, server, clock) => {
      const config = await world.write("ntpkit.conf", [`server ${server} iburst`]);
      return world.ntpkitDaemon(host, ["run", "-c", config], { clock, want: "any" });
    },
  },
];

const FOLLOWS = { want: "any", orphan: false } as const;
const followed = (server: string): readonly string[] => [
  `server ${server} iburst minpoll 3 maxpoll 3`,
  "restrict 127.0.0.1",
  "restrict ::1",
];

/** So long a clock has, seconds. */
const MINUTE = 60;
/** What reading chronyd's clock over the network may be wrong by, seconds. */
const COARSE = 50e-6;

/** A clock of a program's own: its true error, beside that of a chronyd -x with the same crystal and the same server. */
const own: Scenario = {
  name: "telling: after a minute openClock's clock is no more than twice as wrong as chronyd's beside it",
  needs: ["chrony"],
  patient: "long",
  run: async (world) => {
    const server = await world.host("server");
    await world.chronyd(server);
    const [ours, theirs] = [await world.host("ours"), await world.host("theirs")];
    const [crystal, other] = [await world.clock("ours", 0.3, 0, 20e-6), await world.clock("theirs", 0.3, 0, 20e-6)];
    await world.chronyd(theirs, [`server ${server.ipv4} iburst`], { clock: other });
    const corrected = await world.ownClock(ours, crystal, [server.ipv4], MINUTE);
    const error = corrected + (await crystal.ahead());
    const beside = await world.told(theirs.ipv4, server);
    assert.ok(Math.abs(error) <= 2 * Math.abs(beside) + COARSE, `${error} s, and chronyd's is ${beside} s`);
  },
};

const told: readonly Scenario[] = MAKES.map(({ name, needs, source, ahead, start }) => ({
  name: `telling: now --wait has the true time within what it says, by a running ${name} whose clock was ${ahead} s ahead`,
  needs: ["chrony", ...needs],
  patient: true,
  run: async (world) => {
    const server = await world.host("server");
    await world.chronyd(server);
    const host = await world.host("host");
    const clock = await world.clock("host", ahead);
    await start(world, host, server.ipv4, clock);
    const words = ["now", "--wait", "250ms", "--deadline", "90s", "--json"];
    const waited = await world.ntpkit(host, words, { clock, timeout: 100 });
    assert.equal(waited.code, 0, waited.stderr);
    // What it waited for lasts: the next look needs no waiting, and says the same.
    const began = Date.now();
    const looked = await world.ntpkit(host, ["now", "--json"], { clock });
    const ended = Date.now();
    for (const run of [waited, looked]) {
      const told = JSON.parse(run.stdout) as Told;
      assert.deepEqual([told.exitCode, told.source], [0, source]);
      assert.ok(told.uncertainty! <= 0.3, `${told.uncertainty} s`);
    }
    const { earliest, latest, best } = JSON.parse(looked.stdout) as Told;
    assert.ok(Date.parse(earliest!) <= ended, `${earliest} is past ${new Date(ended).toISOString()}`);
    assert.ok(Date.parse(latest!) >= began, `${latest} is before ${new Date(began).toISOString()}`);
    assert.ok(earliest! <= best! && best! <= latest!);
  },
}));

export const telling: readonly Scenario[] = [own, ...told];
