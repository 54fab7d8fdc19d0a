/** What surrounds a run and is not as it should be: name servers that say nothing, and what a machine does not let a process do. */
import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

/** How late a busy machine may make a process; the name servers alone would keep it for twenty seconds. */
const SLACK = 12;

export const environment: readonly Scenario[] = [
  {
    name: "environment: silent name servers keep no command beyond its deadline",
    needs: [],
    patient: true,
    run: async (world) => {
      const { client, beside } = await withSilentNames(world);
      for (const [command, code] of [
        ["query", 17],
        ["sync", 17],
        ["pool", 17],
        ["check", 2],
        ["peers", 17],
        ["trace", 17],
      ] as const) {
        const run = await world.ntpkit(client, [command, "ntp.test", "--deadline", "2s"], { beside });
        assert.equal(run.code, code, `${command} ended with ${run.code}`);
        assert.match(run.stdout + run.stderr, /ntp\.test/, command);
        assert.match(run.stdout + run.stderr, /the name servers have not answered/, command);
        assert.ok(run.elapsed < 2 + SLACK, `${command} took ${run.elapsed} s`);
      }
      const waited = await world.ntpkit(client, ["wait", "--daemon", "ntp.test", "--timeout", "2s"], { beside });
      assert.equal(waited.code, 11);
      assert.match(waited.stderr, /ntp\.test: the name servers have not answered/);
    },
  },
  {
    name: "environment: silent name servers keep no command from ending by a signal",
    needs: [],
    patient: true,
    run: async (world) => {
      const { client, beside } = await withSilentNames(world);
      const file = await world.write("ntp.conf", ["server ntp.test iburst"]);
      for (const [words, signal, code] of [
        [["query", "ntp.test", "--deadline", "inf"], "INT", 130],
        [["sync", "ntp.test", "--deadline", "inf"], "TERM", 143],
        [["peers", "ntp.test", "--deadline", "inf"], "INT", 130],
        [["run", "-c", file, "--no-clock", "--port", "1123"], "TERM", 0],
      ] as const) {
        const told = `(sleep 4; pkill -${signal} -x -f '.*ntpkit.js ${words[0]}.*') &`;
        const run = await world.ntpkit(client, words, { beside: `${beside}\n${told}` });
        assert.equal(run.code, code, `${words[0]} ended with ${run.code}`);
        assert.ok(run.elapsed < 4 + SLACK, `${words[0]} took ${run.elapsed} s`);
      }
    },
  },
  {
    name: "environment: silent name servers keep no table from being printed",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const { client, beside, resolver } = await withSilentNames(world);
      await world.ntpd("classic", client, [`server ${resolver} noselect`]);
      const run = await world.ntpkit(client, ["peers", "127.0.0.1", "--deadline", "9s"], { beside });
      assert.equal(run.code, 0);
      assert.match(run.stdout, new RegExp(resolver.replaceAll(".", "\\.")));
      assert.ok(run.elapsed < 9, `it took ${run.elapsed} s`);
    },
  },
  {
    name: "environment: a sandbox that refuses what is only nice to have keeps nobody from measuring",
    needs: [],
    run: async (world) => {
      const server = await world.host("server");
      const client = await world.host("client");
      await world.oddServer(server, { groups: ["239.1.1.1"] });
      for (const refusing of REFUSALS) {
        for (const words of [
          ["query", server.ipv4],
          ["check", server.ipv4],
        ]) {
          const run = await world.ntpkit(client, words, { refusing });
          assert.equal(run.code, 0, `${words[0]} without ${refusing.join(" ")} ended with ${run.code}`);
        }
      }
      const found = await world.ntpkit(client, ["manycast", "239.1.1.1", "--no-auth", "--deadline", "9s", "--json"], {
        refusing: REFUSALS[0]!,
      });
      assert.equal(found.report.associations[0]?.address, server.ipv4);
    },
  },
  {
    name: "environment: a sandbox that refuses what is only nice to have keeps nobody from answering",
    needs: [],
    run: async (world) => {
      const client = await world.host("client");
      // Without any option of sockets the two families cannot share a port.
      const refusals = REFUSALS.filter(([first]) => first !== "setsockopt=EPERM");
      for (const [number, refusing] of refusals.entries()) {
        const server = await world.host(`server${number}`);
        await world.ntpkitDaemon(server, ["serve", "--local-stratum", "3"], { refusing });
        const { stratum } = await world.ask(client, server.ipv4);
        assert.equal(stratum, 3, `without ${refusing.join(" ")}`);
      }
    },
  },
  {
    name: "environment: a check that can do nothing says so in a line, and is UNKNOWN",
    needs: [],
    run: async (world) => {
      const client = await world.host("client");
      const run = await world.ntpkit(client, ["check", "10.77.0.9"], { refusing: ["socket(2)=EPERM"] });
      assert.ok(run.code === 2 || run.code === 3, `it ended with ${run.code}`);
      assert.match(run.stdout, /^NTP (CRITICAL|UNKNOWN): .+\n$/);
    },
  },
];

/** What sandboxes, old kernels and phones refuse, and ntpkit can do without. */
const REFUSALS: readonly (readonly string[])[] = [
  ["socket(16)=EAFNOSUPPORT"], // AF_NETLINK: which interfaces there are
  ["socket(16)=EACCES"],
  ["bind(,,12)=EPERM"], // a sockaddr_nl
  [37, 65, 35, 64].map((option) => `setsockopt(,1,${option})=ENOPROTOOPT`), // stamps of the kernel's
  ["setsockopt=EPERM"],
  ["recvmmsg=ENOSYS", "sendmmsg=ENOSYS"],
  ["recvmmsg=EPERM", "sendmmsg=EPERM"],
  ["clock_adjtime=EPERM", "adjtimex=EPERM"],
  ["prctl=EPERM", "capset=EPERM"],
  ["socket(10)=EAFNOSUPPORT"], // AF_INET6
  ["statx=ENOSYS"],
  ["flock=ENOSYS"],
];

/** A client whose two name servers listen and say nothing. */
async function withSilentNames(world: World): Promise<{
  readonly client: Awaited<ReturnType<World["host"]>>;
  readonly beside: string;
  readonly resolver: string;
}> {
  const client = await world.host("client");
  const names = await world.host("names");
  await names.addAddresses(["10.77.0.53/24"]);
  await world.oddServer(names, { silent: true, port: 53 });
  const resolvers = await world.write("resolv.conf", [`nameserver ${names.ipv4}`, "nameserver 10.77.0.53"]);
  return { client, beside: `mount --bind ${resolvers} /etc/resolv.conf`, resolver: names.ipv4 };
}
