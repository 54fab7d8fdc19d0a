/** Bad paths between client and server, made by the lab's relay: asymmetry, losses, reordering, duplicates. */
import assert from "node:assert/strict";
import { at, ended, near, only, says, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { Running } from "../processes.ts";
import type { Path, Way } from "../programs/relay.ts";
import type { ReportedAssociation } from "../report.ts";
import type { World } from "../world.ts";

const SLOW = 0.05;
const QUICK = 0.005;
const BRISK = ["--interval", "200ms", "--json"];
const SAMPLES = 8;

/** Three packets of ten are lost, each way: half of the questions stay unanswered. */
const LOSSY: Way = { loss: 0.3 };
/** Of paths on which neither all nor none of the first packets are lost. */
const SEEDS = [3, 5, 11, 12];
/** So late that the next question and its answer overtake; every other packet comes twice. */
const UNRULY: Way = { jitter: 0.1, duplicate: 0.5, reorder: 0.3, late: 0.35 };
/** All at once, as far as a daemon that may set no clock bears it: an offset beyond 128 ms would be stepped. */
const ROUGH: Way = { ...LOSSY, jitter: 0.02, duplicate: 0.5, reorder: 0.3, late: 0.04 };

export const paths: readonly Scenario[] = [
  {
    name: "path: 50 ms one way and 5 ms the other put the offset half of the difference off, which the stated bound covers",
    needs: ["chrony"],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.chronyd(server);
      for (const [name, there, back] of [
        ["there", SLOW, QUICK],
        ["back", QUICK, SLOW],
      ] as const) {
        for (const family of ["ipv4", "ipv6"] as const) {
          const { relay } = await between(world, `${name}-${family}`, {
            to: server[family],
            there: { delay: there },
            back: { delay: back },
          });
          const report = ended(await world.ntpkit(client, ["query", relay[family], "--samples", "4", ...BRISK]), 0);
          lawful(only(report), there, back);
          assert.equal(report.clock.offset, only(report).offset);
          const { uncertainty } = report.clock;
          const { rootDistance } = report.system;
          for (const bound of [uncertainty, rootDistance])
            assert.ok(bound !== null && Math.abs(report.clock.offset ?? Infinity) <= bound, `the bound is ${bound} s`);
        }
      }
    },
  },
  {
    name: "path: a clock set over 50 ms there and 5 ms back is wrong by half of the difference, as far as the stated bound",
    needs: ["chrony"],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.chronyd(server);
      const { relay } = await between(world, "relay", {
        to: server.ipv4,
        there: { delay: SLOW },
        back: { delay: QUICK },
      });
      const clock = await world.clock("client", -0.25);
      const report = ended(await world.ntpkit(client, ["sync", relay.ipv4, ...BRISK], { clock }), 0);
      const { offset, slew } = await clock.read();
      near(offset + slew, (report.clock.offset ?? NaN) - 0.25, 0.0005, "the clock afterwards");
      lawful({ offset: offset + slew, delay: only(report).delay }, SLOW, QUICK, 0.0005);
      assert.ok(offset + slew <= (report.clock.uncertainty ?? 0), `the bound is ${report.clock.uncertainty} s`);
    },
  },
  {
    name: "path: losses of three in ten each way cost query and sync samples, and nothing else",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const client = await world.host("client");
      const ways: { relay: Host; running: Running }[] = [];
      for (const [index, family] of (["ipv4", "ipv6", "ipv4", "ipv6"] as const).entries()) {
        const server = await world.host(`server${index}`);
        await world.chronyd(server);
        ways.push(
          await between(world, `relay${index}`, {
            to: server[family],
            there: LOSSY,
            back: LOSSY,
            seed: SEEDS[index] ?? 0,
          }),
        );
      }
      const addresses = ways.map(({ relay }, index) => (index % 2 === 0 ? relay.ipv4 : relay.ipv6));
      const query = ended(await world.ntpkit(client, ["query", ...addresses, "--samples", `${SAMPLES}`, ...BRISK]), 0);
      for (const [index, { running }] of ways.entries()) {
        const { sent, received, rejected } = at(query, addresses[index] ?? "").packets;
        const seen = traffic(running);
        assert.deepEqual([sent, received, rejected], [seen.thereLost + seen.therePassed, seen.backPassed, 0]);
        assert.ok(sent > received && received > 0, `${received} of ${sent} were answered`);
      }
      says(query, 0);
      const sync = ended(await world.ntpkit(client, ["sync", "--dry-run", ...addresses, ...BRISK]), 0);
      says(sync, 0);
      // On a busy machine an offset may be further off than those of the others reach, and its server is called a falseticker.
      assert.ok(sync.system.truechimers > sync.system.falsetickers, `${sync.system.truechimers} truechimers`);
    },
  },
  {
    name: "path: run follows a chronyd of which three packets in ten are lost each way",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.chronyd(server);
      const { relay, running } = await between(world, "relay", { to: server.ipv6, there: LOSSY, back: LOSSY, seed: 3 });
      const config = await world.write("run.conf", [`server ${relay.ipv6} iburst minpoll 3 maxpoll 3`]);
      await world.ntpkitDaemon(client, ["run", "--no-clock", "-c", config], { patience: 60 });
      assert.equal((await world.ask(client, client.ipv4)).stratum, 4);
      const { thereLost, backLost } = traffic(running);
      assert.ok(thereLost > 0 && backLost > 0, `${thereLost} and ${backLost} were lost`);
    },
  },
  ...[false, true].map((onePort): Scenario => ({
    name: `path: answers that overtake each other and come twice are used once, ${onePort ? "all questions from port 123" : "each question from a port of its own"}`,
    needs: ["chrony"],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.chronyd(server);
      for (const family of ["ipv4", "ipv6"] as const) {
        const { relay, running } = await between(world, family, { to: server[family], there: UNRULY, back: UNRULY });
        const report = ended(
          await world.ntpkit(client, [
            "query",
            relay[family],
            "--samples",
            `${SAMPLES}`,
            ...(onePort ? ["--source-port", "123"] : []),
            ...BRISK,
          ]),
          0,
        );
        const { packets, ...association } = only(report);
        assert.deepEqual([packets.sent, packets.received - packets.rejected], [SAMPLES, SAMPLES]);
        // What comes to a port that asks no more is refused by the system; a port that is used on hears it.
        assert.equal(packets.rejected > 0, onePort, `${packets.rejected} were rejected`);
        const seen = traffic(running);
        assert.ok(seen.backDoubled > 0 && seen.backPassedLate > 0, JSON.stringify(seen));
        lawful(association, 0, 0);
      }
    },
  })),
  {
    name: "path: chronyd measures serve through 50 ms there and 5 ms back as far off as it is",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.ntpkitDaemon(server, ["serve", "--local-stratum", "5"]);
      const ways = [];
      for (const family of ["ipv4", "ipv6"] as const) {
        const { relay } = await between(world, family, {
          to: server[family],
          there: { delay: SLOW },
          back: { delay: QUICK },
        });
        ways.push(relay[family]);
      }
      // Measured only: once it follows a source its offsets are those of a clock that it corrects, if only for itself.
      await world.chronyd(
        client,
        ways.map((address) => `server ${address} iburst noselect`),
        { want: "unsynchronized" },
      );
      for (const address of ways) {
        const told = await world.chronyc(client, ["ntpdata", address], /Total good RX +: [4-9]/);
        const [offset, delay] = ["Offset", "Peer delay"].map((name) =>
          Number(new RegExp(`^${name} +: ([-+\\d.]+) seconds`, "m").exec(told)?.[1]),
        );
        lawful({ offset: offset ?? NaN, delay: delay ?? NaN }, SLOW, QUICK);
        assert.match(told, /^Stratum +: 5$/m);
      }
    },
  },
  {
    name: "path: chronyd and ntpd follow serve, of whose packets each way some are lost, some late and some come twice",
    needs: ["chrony", "classic"],
    patient: true,
    run: async (world) => {
      const server = await world.host("server");
      await world.ntpkitDaemon(server, ["serve", "--local-stratum", "5"]);
      const follow = async (
        name: string,
        family: "ipv4" | "ipv6",
        seed: number,
        start: (client: Host, address: string) => Promise<unknown>,
      ): Promise<void> => {
        const client = await world.host(name);
        const { relay, running } = await between(world, `to-${name}`, {
          to: server[family],
          there: ROUGH,
          back: ROUGH,
          seed,
        });
        await start(client, relay[family]);
        assert.equal((await world.ask(client, "127.0.0.1")).stratum, 6);
        const seen = traffic(running);
        assert.ok(seen.thereLost + seen.backLost > 0 && seen.thereDoubled + seen.backDoubled > 0, JSON.stringify(seen));
      };
      await Promise.all([
        follow("chronyd", "ipv6", 3, (client, address) =>
          world.chronyd(client, [`server ${address} iburst minpoll 0 maxpoll 0`], { patience: 60 }),
        ),
        follow("ntpd", "ipv4", 3, (client, address) =>
          world.ntpd("classic", client, [`server ${address} iburst minpoll 3 maxpoll 3`], {
            orphan: false,
            patience: 90,
          }),
        ),
      ]);
    },
  },
];

/** How far two clocks of this machine may be apart while a packet is on its way: its own frequency is being corrected. */
const STEADY = 0.0001;

/**
 * That an offset is what the path makes of none: half of the difference between the two ways, and half of what came on top of
 * either, which shows in the delay. However late the machine is, this holds of each exchange.
 */
function lawful(
  { offset, delay }: Pick<ReportedAssociation, "offset" | "delay">,
  there: number,
  back: number,
  tolerance: number = STEADY,
): void {
  const more = (delay ?? NaN) - there - back;
  assert.ok(more > -tolerance, `the delay is ${delay} s`);
  near(offset, (there - back) / 2, more / 2 + tolerance, "offset");
}

/** A host with a relay to a server. */
async function between(world: World, name: string, path: Path): Promise<{ relay: Host; running: Running }> {
  const relay = await world.host(name);
  return { relay, running: await world.relay(relay, path) };
}

/** What a relay has done so far. */
function traffic(
  relay: Running,
): Readonly<Record<`${"there" | "back"}${"Lost" | "Passed" | "PassedLate" | "Doubled"}`, number>> {
  const lines = relay.output().split("\n");
  const count = (words: string): number => lines.filter((line) => line === words).length;
  return {
    thereLost: count("there lost"),
    therePassed: count("there passed") + count("there passed late"),
    therePassedLate: count("there passed late"),
    thereDoubled: count("there doubled"),
    backLost: count("back lost"),
    backPassed: count("back passed") + count("back passed late"),
    backPassedLate: count("back passed late"),
    backDoubled: count("back doubled"),
  };
}
