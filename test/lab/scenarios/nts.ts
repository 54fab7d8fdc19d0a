/** Network Time Security with real servers: certificates of the lab's own authority, keys by TLS, and time by those alone. */
import assert from "node:assert/strict";
import { Certificates, type CertificateOptions, type Certified } from "../../support/certificates.ts";
import type { Host } from "../netns.ts";
import { ended, only, says, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

export const nts: readonly Scenario[] = [
  {
    name: "nts: chronyd gives keys to ntpkit, and time by them alone",
    needs: ["chrony"],
    run: (world) =>
      certified(world, {}, async ({ server, client, authority }) => {
        const argv = ["query", "--nts", "--samples", "3", "--ca", authority.file, server.ipv4, "--json"];
        const report = ended(await world.ntpkit(client, argv), 0);
        says(report, 0);
        const { port, security, authentication } = only(report);
        assert.deepEqual([port, security, authentication], [123, "nts", "ok"]);
        const stats = await world.chronyc(server, ["serverstats"], /Authenticated NTP packets *: 3/);
        assert.match(stats, /NTS-KE connections accepted: 1/);
      }),
  },
  {
    name: "nts: nothing is asked of a chronyd whose certificate is expired, for another name, or by nobody trusted",
    needs: ["chrony"],
    run: async (world) => {
      const cases: readonly (readonly [
        why: string,
        options: CertificateOptions,
        names: (host: Host) => readonly string[],
      ])[] = [
        ["expired", { from: -9, until: -2 }, namesOf],
        ["wrongName", {}, () => ["DNS:other.example"]],
      ];
      for (const [why, options, names] of cases)
        await certified(world, { ...options, names }, async ({ server, client, authority }) => {
          const argv = ["query", "--nts", "--ca", authority.file, server.ipv4, "--json"];
          const report = ended(await world.ntpkit(client, argv), 15);
          assert.equal(only(report).nts?.fault?.name, why);
          assert.equal(only(report).packets.sent, 0);
        });
      await certified(world, {}, async ({ server, client }) => {
        const report = ended(await world.ntpkit(client, ["query", "--nts", server.ipv4, "--json"]), 15);
        assert.equal(only(report).nts?.fault?.name, "untrusted");
      });
    },
  },
  {
    name: "nts: a daemon has keys given anew by a chronyd that has lost its own",
    needs: ["chrony"],
    patient: true,
    run: (world) =>
      certified(world, {}, async ({ server, client, authority, start, stop }) => {
        const lines = [
          `server ${server.ipv4} nts iburst minpoll 3 maxpoll 3`,
          "restrict default noquery",
          "restrict 127.0.0.1",
        ];
        const file = await world.write("nts.conf", lines);
        await world.ntpkitDaemon(client, ["run", "--no-clock", "-c", file, "--ca", authority.file]);
        const isFollowed = async (): Promise<boolean> => {
          const { stdout } = await world.ntpkit(client, ["peers", "--json", "127.0.0.1"], { untold: true });
          return /"reach": ?[1-9]/.test(stdout) && /"verdict": ?"systemPeer"/.test(stdout);
        };
        await world.until(isFollowed, 30, "it does not follow its server");
        await stop();
        await start();
        // Its new master key opens none of the cookies in hand: it says so, and keys are established anew.
        await world.chronyc(server, ["serverstats"], /NTS-KE connections accepted: [1-9]/, 60);
        await world.chronyc(server, ["serverstats"], /Authenticated NTP packets *: [1-9]/, 60);
      }),
  },
];

interface Party {
  readonly server: Host;
  readonly client: Host;
  readonly authority: Certified;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The address by which it is asked. */
function namesOf({ ipv4 }: Host): readonly string[] {
  return [`IP:${ipv4}`];
}

let count = 0;

/** A chronyd under NTS, and who asks it. */
async function certified(
  world: World,
  { names = namesOf, ...options }: CertificateOptions & { readonly names?: (host: Host) => readonly string[] },
  body: (party: Party) => Promise<void>,
): Promise<void> {
  const made = new Certificates();
  try {
    count += 1;
    const server = await world.host(`server${count}`);
    const client = await world.host(`client${count}`);
    const authority = made.make([], { authority: true });
    const { file, keyFile } = made.make(names(server), { by: authority, ...options });
    const lines = ["local stratum 3", `ntsservercert ${file}`, `ntsserverkey ${keyFile}`];
    let running = await world.chronyd(server, lines);
    await body({
      server,
      client,
      authority,
      start: async () => void (running = await world.chronyd(server, lines)),
      stop: () => running.stop(),
    });
  } finally {
    made.end();
  }
}
