/** Servers that do not answer, are not synchronized or answer wrongly; and leap seconds, which must be passed on. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ended, only, says, type Scenario, shows } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

const UNIX_EPOCH = 2_208_988_800;
const DAY = 86_400;
/** The odd server reads its clock in whole ones. */
const MILLISECOND = 0.001;

export const unusable: readonly Scenario[] = [
  {
    name: "unsynchronized: chronyd without a source",
    needs: ["chrony"],
    run: (world) => isUnsynchronized(world, (host) => world.chronyd(host, [], { want: "unsynchronized" })),
  },
  {
    name: "unsynchronized: ntpd without a source",
    needs: ["classic"],
    run: (world) =>
      isUnsynchronized(world, (host) => world.ntpd("classic", host, [], { orphan: false, want: "unsynchronized" })),
  },
  {
    name: "unsynchronized: NTPsec without a source",
    needs: ["ntpsec"],
    run: (world) =>
      isUnsynchronized(world, (host) => world.ntpd("ntpsec", host, [], { orphan: false, want: "unsynchronized" })),
  },
  {
    name: "unsynchronized: OpenNTPD without a source",
    needs: ["openntpd"],
    run: (world) => isUnsynchronized(world, (host) => world.openntpd(host, [], { want: "unsynchronized" })),
  },
  {
    name: "unusable: stratum 16 by number, though the leap bits are fine",
    needs: [],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.oddServer(server, { rawStratum: 16 });
      const association = only(ended(await world.ntpkit(client, ["query", server.ipv4, "--json"]), 12));
      assert.ok(["stratum", "unsynchronized"].includes(association.reason ?? ""), `reason ${association.reason}`);
    },
  },
  {
    name: "unusable: too far from the root",
    needs: [],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.oddServer(server, { stratum: 4, rootDispersion: 3 });
      const association = only(ended(await world.ntpkit(client, ["query", server.ipv4, "--json"]), 12));
      assert.equal(association.reason, "rootDistance");
    },
  },
  {
    name: "unusable: nobody listens on the port, and the message says so",
    needs: [],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      const run = await world.ntpkit(client, ["query", server.ipv4, "--json"]);
      const report = ended(run, 10);
      assert.match(JSON.stringify(report), /refused|unreachable/i);
    },
  },
  {
    name: "unusable: a silent server is 10 when its timeout has passed, 17 when the deadline came first",
    needs: [],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.oddServer(server, { silent: true });
      ended(await world.ntpkit(client, ["query", server.ipv4, "--timeout", "500ms", "--json"]), 10);
      const late = await world.ntpkit(client, ["query", server.ipv4, "--timeout", "9s", "--deadline", "1s", "--json"]);
      ended(late, 17);
      assert.ok(late.elapsed < 4, `the deadline of 1 s took ${late.elapsed} s`);
    },
  },
  {
    name: "unusable: a name that cannot be resolved is 11",
    needs: [],
    run: async (world) => {
      const client = await world.host("client");
      ended(await world.ntpkit(client, ["query", "no-such-host.invalid", "--json"]), 11);
    },
  },
  {
    name: "hostile: replies to another request, from another port, cut short or padded with noise are no reply",
    needs: [],
    patient: true,
    run: async (world) => {
      const client = await world.host("client");
      for (const [name, behaviour] of [
        ["origin", { wrongOrigin: true }],
        ["port", { otherPort: true }],
        ["short", { length: 47 }],
        ["noise", { length: 51 }],
      ] as const) {
        const server = await world.host(name);
        await world.oddServer(server, behaviour);
        const report = ended(await world.ntpkit(client, ["query", server.ipv4, "--json"]), 10);
        assert.equal(report.clock.offset, null, name);
      }
    },
  },
  {
    name: "hostile: a server that answers twice is used once",
    needs: [],
    run: async (world) => {
      const client = await world.host("client");
      const server = await world.host("server");
      await world.oddServer(server, { twice: true, offset: 0.1 });
      const args = ["query", server.ipv4, "--samples", "3", "--interval", "200ms", "--json"];
      const report = ended(await world.ntpkit(client, args), 0);
      shows(only(report), 0.1, "offset", MILLISECOND);
      const { sent, received, rejected } = only(report).packets;
      assert.deepEqual([sent, received - rejected], [3, 3]);
    },
  },
  {
    name: "leap: ntpd announces an inserted second",
    needs: ["classic"],
    run: (world) => announcesLeap(world, "classic"),
  },
  {
    name: "leap: NTPsec announces an inserted second",
    needs: ["ntpsec"],
    run: (world) => announcesLeap(world, "ntpsec"),
  },
  {
    name: "leap: a deleted second, which the Earth has not yet asked for",
    needs: [],
    run: async (world) => {
      const client = await world.host("client");
      const server = await world.host("server");
      await world.oddServer(server, { leap: 2 });
      const report = ended(await world.ntpkit(client, ["query", server.ipv4, "--json"]), 0);
      assert.deepEqual([only(report).leap, report.system.leap], ["delete", "delete"]);
    },
  },
];

async function isUnsynchronized(world: World, serve: (server: Host) => Promise<unknown>): Promise<void> {
  const server = await world.host("server");
  const client = await world.host("client");
  await serve(server);
  const report = ended(await world.ntpkit(client, ["query", server.ipv4, "--json"]), 12);
  const association = only(report);
  assert.equal(association.verdict, "rejected");
  assert.equal(association.reason, "unsynchronized");
  assert.equal(association.leap, "unsynchronized");
  assert.equal(report.clock.offset, null);
}

/** Both clocks are put to noon of the last day of this month, where a leap second is announced. */
async function announcesLeap(world: World, which: "classic" | "ntpsec"): Promise<void> {
  const server = await world.host("server");
  const client = await world.host("client");
  const today = new Date();
  const leap = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 1) / 1000;
  const shift = Math.round(leap - DAY / 2 + 30 - Date.now() / 1000);
  const file = await world.write("leap-seconds", leapFile(leap));
  await world.ntpd(which, server, [`leapfile ${file}`], { clock: await world.clock("server", shift), want: "leap" });
  const clock = await world.clock("client", shift);
  const report = ended(await world.ntpkit(client, ["query", server.ipv4, "--json"], { clock }), 0);
  says(report, 0);
  assert.deepEqual([only(report).leap, report.system.leap], ["insert", "insert"]);
}

/** A leap-seconds.list with one more second at the Unix time `leap`, signed as ntpd wants it. */
function leapFile(leap: number): readonly string[] {
  const updated = leap + UNIX_EPOCH - 60 * DAY;
  const expires = leap + UNIX_EPOCH + 200 * DAY;
  const rows = [
    [Date.UTC(2017, 0, 1) / 1000 + UNIX_EPOCH, 37],
    [leap + UNIX_EPOCH, 38],
  ];
  const digits = `${updated}${expires}${rows.flat().join("")}`;
  const hash = createHash("sha1").update(digits).digest("hex").match(/.{8}/g) ?? [];
  return [`#$ ${updated}`, `#@ ${expires}`, ...rows.map((row) => row.join(" ")), `#h ${hash.join(" ")}`];
}
