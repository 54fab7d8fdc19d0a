/** `ntpkit serve` broadcasting: on two LANs at once, to groups of both families, and who hears it. */
import assert from "node:assert/strict";
import { events, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

const SECRETS = ["1 SHA1 6ab3c02a4f9be8d1"];
const SERVE = ["serve", "--local-stratum", "5", "--minpoll", "3"];
/** Ends as soon as each of two sources was heard twice; without a volley, so that nothing but broadcasts is heard of. */
const LISTEN = ["broadcast", "--count", "2", "--broadcast-delay", "1ms", "--deadline", "60s", "--json"];
const CLIENT = { orphan: false, want: "synchronized", patience: 60 } as const;

export const broadcasting: readonly Scenario[] = [
  {
    name: "broadcasting: on two LANs, to each broadcast address from the address it has there, to a group of the site from one",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { server, keys, legs } = await twoLans(world, ["10.77.0.255", "10.77.1.255", "ff05::101"]);
      await Promise.all(
        legs.map(async ({ ipv4 }, lan) => {
          await heard(
            world,
            await world.host(`listener${lan}`, lan),
            ["ff05::101", "--keys", keys],
            [ipv4, server.ipv6],
          );
          const follower = await world.host(`follower${lan}`, lan);
          await world.ntpd("classic", follower, [`keys ${keys}`, "trustedkey 1", "broadcastclient"], CLIENT);
          assert.match(await world.ntpq(follower, ["-np"], /^\*/m), new RegExp(`^\\*${ipv4} .* 5 [bB]`, "m"));
        }),
      );
      assert.equal(server.ipv4, legs[0]?.ipv4);
    },
  },
  {
    name: "broadcasting: on two LANs, to 255.255.255.255 and the group of the link, from the address it has there",
    needs: [],
    patient: true,
    run: async (world) => {
      const { server, keys, legs } = await twoLans(world, ["255.255.255.255", "ff02::101"]);
      await Promise.all(
        legs.map(async ({ ipv4 }, lan) =>
          heard(
            world,
            await world.host(`listener${lan}`, lan),
            ["ff02::101", "--keys", keys],
            [ipv4, `${server.linkLocal}%eth0`],
          ),
        ),
      );
    },
  },
  {
    name: "broadcasting: by one interface only: the other LAN hears none of it",
    needs: [],
    patient: true,
    run: async (world) => {
      const there = await world.host("listener0");
      const { server, keys } = await twoLans(
        world,
        ["255.255.255.255", "239.1.1.1", "ff05::101"],
        ["--interface", "eth0"],
        there,
      );
      const groups = ["239.1.1.1", "ff05::101", "--keys", keys];
      const elsewhere = await world.host("listener1", 1);
      const [, silence] = await Promise.all([
        heard(world, there, groups, [server.ipv4, server.ipv6]),
        world.ntpkit(elsewhere, [...LISTEN, ...groups, "--deadline", "30s"], { timeout: 60 }),
      ]);
      assert.equal(silence.code, 10, "nobody is heard there");
      assert.doesNotMatch(silence.stdout, /"event"/);
    },
  },
  {
    name: "broadcasting: to groups of IPv6, followed by ntpd with a key",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { keys } = await twoLans(world, ["ff05::101", "ff02::101"]);
      await Promise.all(
        ["ff05::101", "ff02::101%eth0"].map(async (group, index) => {
          const follower = await world.host(`follower${index}`);
          await world.ntpd("classic", follower, [`keys ${keys}`, "trustedkey 1", `multicastclient ${group}`], CLIENT);
          await world.ntpq(follower, ["-nc", "as"], / yes +ok +sys\.peer /);
        }),
      );
    },
  },
];

/** `serve` on a host with a leg in each of two LANs, broadcasting with a key; its addresses on each. */
async function twoLans(
  world: World,
  to: readonly string[],
  more: readonly string[] = [],
  askedBy?: Host,
): Promise<{ server: Host; keys: string; legs: readonly { ipv4: string; ipv6: string }[] }> {
  const server = await world.host("server");
  const keys = await world.write("ntp.keys", SECRETS);
  const legs = [server, await world.leg(server, 1)];
  const args = [...SERVE, "--keys", keys, "--ttl", "1", ...more, ...to.flatMap((address) => ["--broadcast", address])];
  await world.ntpkitDaemon(server, args, askedBy === undefined ? {} : { askedBy });
  return { server, keys, legs };
}

/** That a listener hears and believes these sources, and no others. */
async function heard(world: World, listener: Host, args: readonly string[], sources: readonly string[]): Promise<void> {
  const told = events(await world.ntpkit(listener, [...LISTEN, ...args], { timeout: 90 }), 0);
  assert.deepEqual([...new Set(told.map(({ address }) => address))].toSorted(), [...sources].toSorted());
  for (const { event } of told) assert.ok(event === "mobilized" || event === "sample", event);
}
