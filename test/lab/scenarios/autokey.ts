/** Autokey with ntp.org's ntpd, the only one that still speaks it: keys by its own ntp-keygen, every server in one question. */
import assert from "node:assert/strict";
import { cp, mkdir } from "node:fs/promises";
import { environment } from "../ntpkit.ts";
import type { Clock } from "../clock.ts";
import type { Host } from "../netns.ts";
import { at, ended, only, says, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

export const autokey: readonly Scenario[] = [
  {
    name: "autokey: ntpd proves to ntpkit by certificate and by IFF who it is, and one that cannot is not believed",
    needs: ["classic"],
    patient: true,
    async run(world) {
      const client = await world.host("cli");
      const folder = await keys(world, client, "cli", []);
      const past = await world.clock("past", -2 * 365 * 86_400);
      const [trusted, strong, grouped, expired] = await Promise.all([
        serving(world, "tc", ["-T"]),
        serving(world, "strong", ["-T", "-m", "2048", "-c", "RSA-SHA256"]),
        serving(world, "iff", ["-T", "-I"]),
        serving(world, "expired", ["-T"], past),
      ]);
      const without = await world.host("none");
      await world.ntpd("classic", without);

      const password = await world.write("password", ["lab"]);
      const argv = ["query", "--samples", "2", "--autokey", folder, "--autokey-password", password, "--json"];
      const servers = [trusted, strong, grouped, expired, without].map(({ ipv4 }) => ipv4);
      const all = ended(await world.ntpkit(client, [...argv, ...servers]), 0);
      says(all, 0);
      for (const { ipv4, name } of [trusted, strong, grouped]) {
        const { security, authentication, autokey: danced } = at(all, ipv4);
        assert.deepEqual([security, authentication, danced?.host, danced?.fault], ["autokey", "ok", name, null]);
      }
      assert.equal(at(all, strong.ipv4).autokey?.signature, "sha256WithRSAEncryption");
      assert.deepEqual(
        [at(all, expired.ipv4).reason, at(all, expired.ipv4).autokey?.fault],
        ["authentication", "expired"],
      );
      assert.deepEqual([at(all, without.ipv4).reason, at(all, without.ipv4).authentication], ["authentication", "nak"]);

      // What ntp-keygen -e makes of the group's parameters has lost their public value: the server's file has it.
      await cp(world.file("iff/ntpkey_iffkey_iff"), `${folder}/ntpkey_iffkey_iff`);
      const proved = [...argv, "--autokey-group", "iff", grouped.ipv4, trusted.ipv4];
      const group = ended(await world.ntpkit(client, proved), 0);
      assert.equal(at(group, grouped.ipv4).authentication, "ok");
      assert.equal(at(group, trusted.ipv4).autokey?.fault, "noIdentity");
    },
  },
  {
    name: "autokey: ntpkit serve proves to ntpd and to ntpkit who it is, signs ntpd's certificate and tells it of leap seconds",
    needs: ["classic"],
    patient: true,
    async run(world) {
      const [server, theirs, ours] = await Promise.all(["srv", "theirs", "ours"].map((name) => world.host(name)));
      const password = await world.write("password", ["lab"]);
      const folder = await keys(world, server!, "srv", ["-T", "-m", "1024", "-c", "RSA-SHA1"]);
      const proof = (path: string): readonly string[] => ["--autokey", path, "--autokey-password", password];
      await world.ntpkitDaemon(server!, ["serve", "--local-stratum", "5", ...proof(folder)]);

      const client = await keys(world, theirs!, "theirs", []);
      const lines = [
        `keysdir ${client}`,
        "crypto host theirs pw lab",
        `server ${server!.ipv4} autokey iburst minpoll 3 maxpoll 3`,
      ];
      await world.ntpd("classic", theirs!, lines, { orphan: false, want: "any" });
      const argv = ["query", "--samples", "2", ...proof(await keys(world, ours!, "ours", [])), "--json", server!.ipv4];
      const report = ended(await world.ntpkit(ours!, argv), 0);
      assert.deepEqual([only(report).security, only(report).authentication], ["autokey", "ok"]);
      // Certificate, identity, proventic, cookie, autokey, signed, leap: all seven.
      await world.ntpq(
        theirs!,
        ["-n", "-c", "rv &1 flags,host,reach"],
        /host="srv".*flags=0x[0-9a-f]*7f0[0-9a-f]|flags=0x[0-9a-f]*7f0[0-9a-f]/s,
        150,
      );
    },
  },
];

/** ntpd with keys of its own. */
async function serving(world: World, name: string, options: readonly string[], clock?: Clock): Promise<Host> {
  const host = await world.host(name);
  const folder = await keys(world, host, name, options, clock);
  await world.ntpd("classic", host, [`keysdir ${folder}`, `crypto host ${name} pw lab`]);
  return host;
}

/** A folder of keys, as ntp-keygen makes them for the name of the host it is on. */
async function keys(
  world: World,
  host: Host,
  name: string,
  options: readonly string[],
  clock?: Clock,
): Promise<string> {
  const folder = world.file(name);
  await mkdir(folder, { recursive: true });
  const { path, env } = world.peer("classic");
  const variables = Object.entries(env).map(([variable, value]) => `${variable}=${value}`);
  const words = [
    "env",
    ...variables,
    ...environment(clock?.env ?? {}).slice(1),
    path("usr/sbin/ntp-keygen"),
    "-p",
    "lab",
  ];
  const script = `hostname ${name} && cd ${folder} && exec "$@"`;
  await world.run(host, ["unshare", "--uts", "sh", "-c", script, "sh", ...words, ...options]);
  return folder;
}
