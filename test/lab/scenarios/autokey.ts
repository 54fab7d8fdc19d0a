/** Autokey with ntp.org's ntpd, the only one that still speaks it: keys by its own ntp-keygen, every server in one question. */
import assert from "node:assert/strict";
import { cp, mkdir, readdir } from "node:fs/promises";
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
  {
    name: "autokey: ntpd loads keys that ntpkit made, and either proves to the other by IFF, GQ and MV that it is of their group",
    needs: ["classic"],
    patient: true,
    async run(world) {
      const bits = { iff: "2048", gq: "1016", mv: "512" };
      const schemes = Object.keys(bits) as (keyof typeof bits)[];
      const theirs = await world.host("theirs");
      const password = await world.write("password", ["lab"]);
      const made = async (name: string, ...words: readonly string[]): Promise<string> => {
        const argv = ["keygen", "--autokey", world.file(name), "--host", name, "--autokey-password", password];
        ended(await world.ntpkit(theirs, [...argv, "--json", ...words]), 0);
        return world.file(name);
      };
      for (const scheme of schemes)
        await made("theirs", "--trusted", "--identity", scheme, "--identity-bits", bits[scheme]);
      await world.ntpd("classic", theirs, [`keysdir ${world.file("theirs")}`, "crypto host theirs pw lab"]);

      await Promise.all(
        schemes.map(async (scheme) => {
          // Of several schemes ntpd asks for the first, whatever parameters it has: ours has one.
          const ours = `ours${scheme}`;
          const [server, client] = await Promise.all([world.host(ours), world.host(scheme)]);
          const proof = await made(ours, "--trusted", "--identity", scheme, "--identity-bits", bits[scheme]);
          const folder = await made(scheme);
          for (const group of ["theirs", ours]) await parameters(world.file(group), group, scheme, folder);
          if (scheme === "gq") {
            // The daemon follows theirs, whom it believes by the same scheme, and ntpq is told how far that has come.
            await parameters(world.file("theirs"), "theirs", scheme, proof);
            const asks = `server ${theirs.ipv4} autokey ident theirs iburst minpoll 3 maxpoll 3`;
            const config = await world.write("ours.conf", [`keysdir ${proof}`, `crypto host ${ours} pw lab`, asks]);
            await world.ntpkitDaemon(server, ["run", "--no-clock", "-c", config]);
            await world.ntpq(server, ["-n", "-c", "rv &1 flags"], /flags=0x[0-9a-f]*7f[0-9a-f]{2}\b/, 120);
            await world.ntpq(server, ["-n", "-c", "rv &1 host,ident"], /host="theirs".*ident="theirs"/s, 10);
            await world.ntpq(server, ["-n", "-c", "rv 0 cert"], /cert="oursgq theirs 0x7", until=/, 10);
          } else {
            const words = ["--local-stratum", "5", "--autokey", proof, "--autokey-password", password];
            await world.ntpkitDaemon(server, ["serve", ...words]);
          }
          const argv = ["query", "--samples", "2", "--autokey", folder, "--autokey-password", password];
          const proved = [...argv, "--autokey-group", "theirs", "--json", theirs.ipv4];
          const { authentication, autokey: danced } = only(ended(await world.ntpkit(client, proved), 0));
          assert.deepEqual([authentication, danced?.host, danced?.fault], ["ok", "theirs", null]);
          const lines = [
            `keysdir ${folder}`,
            `crypto host ${scheme} pw lab`,
            `server ${server.ipv4} autokey ident ${ours} iburst minpoll 3 maxpoll 3`,
          ];
          await world.ntpd("classic", client, lines, { orphan: false, want: "any" });
          // All seven flags, the second of which is identity.
          await world.ntpq(client, ["-n", "-c", "rv &1 flags,host"], /flags=0x[0-9a-f]*7f[0-9a-f]{2}\b/, 200);
        }),
      );
    },
  },
  {
    name: "autokey: ntpkits of two groups on one LAN, by broadcast, multicast, manycast and as peers: followed is whose keys are there",
    needs: [],
    patient: true,
    async run(world) {
      const groups = ["red", "blue"];
      const made = async (host: Host, ...words: readonly string[]): Promise<string> => {
        const folder = world.file(host.name);
        ended(await world.ntpkit(host, ["keygen", "--autokey", folder, "--host", host.name, "--json", ...words]), 0);
        return folder;
      };
      const run = async (host: Host, folder: string, lines: readonly string[]): Promise<void> => {
        const own = [`keysdir ${folder}`, `crypto host ${host.name}`, ...lines];
        const config = await world.write(`${host.name}.conf`, own);
        await world.ntpkitDaemon(host, ["run", "--no-clock", "-c", config], { want: "any" });
      };
      const servers = await Promise.all(groups.map((group) => world.host(group)));
      const polls = "minpoll 3 maxpoll 3";
      await Promise.all(
        servers.map(async (server) => {
          const folder = await made(server, "--trusted", "--identity", "iff", "--identity-bits", "512");
          const sent = [`10.77.0.255`, `239.77.1.1`].map((to) => `broadcast ${to} autokey minpoll 3`);
          await run(server, folder, ["server 127.127.1.0", "manycastserver 239.77.1.2", ...sent]);
        }),
      );
      const proof = "autokey ident";
      const modes: Readonly<Record<string, (own: readonly Host[]) => readonly string[]>> = {
        bcst: () => ["broadcastclient autokey"],
        mcst: () => ["multicastclient 239.77.1.1 autokey"],
        many: ([one]) => [`manycastclient 239.77.1.2 ${proof} ${one!.name} ${polls}`],
        peer: (own) => own.map(({ ipv4, name }) => `peer ${ipv4} ${proof} ${name} ${polls}`),
      };
      const dependents = Object.entries(modes).flatMap(([mode, lines]) =>
        // A search has one group's parameters; the others those of both, or of one.
        (mode === "many" ? [["red"], ["blue"]] : [["red"], groups]).map((own) => ({ mode, lines, own })),
      );
      await Promise.all(
        dependents.map(async ({ mode, lines, own }) => {
          const followed = servers.filter(({ name }) => own.includes(name));
          const host = await world.host(`${mode}${own.join("")}`);
          const folder = await made(host);
          for (const group of own) await parameters(world.file(group), group, "iff", folder);
          await run(host, folder, [...lines(followed), ...own.map((group) => `ident ${group}`)]);
          const expected = followed.map(({ ipv4 }) => ipv4).sort();
          let seen: readonly string[] = [];
          await world.until(
            async () => {
              const { stdout } = await world.ntpkit(host, ["peers", "--json", "127.0.0.1"], { untold: true });
              seen = proved(JSON.parse(stdout) as Peers);
              return seen.join() === expected.join();
            },
            60,
            `${host.name} does not follow ${expected.join()}`,
          );
        }),
      );
    },
  },
  {
    name: "autokey: broadcast and manycast find who proves to be of a group, and say why others are not believed",
    needs: [],
    patient: true,
    async run(world) {
      const made = async (host: Host, ...words: readonly string[]): Promise<string> => {
        const folder = world.file(host.name);
        ended(await world.ntpkit(host, ["keygen", "--autokey", folder, "--host", host.name, "--json", ...words]), 0);
        return folder;
      };
      const servers = await Promise.all(
        ["red", "blue"].map(async (name) => {
          const host = await world.host(name);
          const folder = await made(host, "--trusted", "--identity", "iff", "--identity-bits", "512");
          const lines = [`keysdir ${folder}`, `crypto host ${name}`, "server 127.127.1.0", "manycastserver 239.77.1.2"];
          const config = await world.write(`${name}.conf`, [...lines, "broadcast 10.77.0.255 autokey minpoll 3"]);
          await world.ntpkitDaemon(host, ["run", "--no-clock", "-c", config], { want: "any" });
          return host;
        }),
      );
      const client = await world.host("cli");
      const folder = await made(client);
      await parameters(world.file("red"), "red", "iff", folder);
      const proof = ["--autokey", folder, "--autokey-password", await world.write("password", ["cli"])];
      const proved = [...proof, "--autokey-group", "red", "--json"];
      const [red, blue] = servers.map(({ ipv4 }) => ipv4);

      const listening = ["broadcast", "10.77.0.255", "--count", "2", "--deadline", "70s", ...proved];
      const [listened, searched] = await Promise.all([
        world.ntpkit(client, listening, { untold: true }),
        world.ntpkit(client, ["manycast", "239.77.1.2", "--ttl", "2", ...proved], { untold: true }),
      ]);
      assert.equal(listened.code, 0, listened.stderr);
      const events = listened.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Heard);
      const used = events
        .filter(({ event }) => event === "sample")
        .map(({ address, authentication }) => [address, authentication]);
      assert.deepEqual(used, [
        [red, "ok"],
        [red, "ok"],
      ]);
      const refused = events.filter(({ event }) => event === "rejected");
      assert.ok(refused.some(({ address, autokey: danced }) => address === blue && typeof danced?.fault === "string"));

      assert.equal(searched.code, 0, searched.stderr);
      const { associations } = JSON.parse(searched.stdout) as { associations: readonly Heard[] };
      const found = associations.map(({ address, authentication, autokey: danced }) => [
        address,
        authentication,
        danced?.host,
      ]);
      assert.deepEqual(
        found.filter(([, word]) => word === "ok"),
        [[red, "ok", "red"]],
      );
      assert.equal(associations.find(({ address }) => address === blue)?.reason, "authentication");

      // Of a group that neither is of nobody is believed.
      const nobody = ["manycast", "239.77.1.2", "--ttl", "1", ...proof, "--json"];
      const other = await made(await world.host("gre"), "--trusted", "--identity", "iff", "--identity-bits", "512");
      await parameters(other, "gre", "iff", folder);
      const failed = await world.ntpkit(client, [...nobody, "--autokey-group", "gre"], { untold: true });
      assert.equal(failed.code, 15, failed.stdout);
    },
  },
];

/** An event of `broadcast`, or an association of `manycast`. */
interface Heard {
  readonly event?: string;
  readonly address: string;
  readonly authentication: string;
  readonly reason: string | null;
  readonly autokey?: { readonly host: string | null; readonly fault: string | null };
}

interface Peers {
  readonly hosts: readonly {
    readonly associations?: readonly {
      readonly address: string | null;
      readonly authentication: string;
      readonly reach: number | null;
    }[];
  }[];
}

/** Whom a daemon believes, and has heard. */
function proved({ hosts }: Peers): readonly string[] {
  const all = hosts.flatMap(({ associations = [] }) => associations);
  const believed = all.filter(({ authentication, reach }) => authentication === "ok" && (reach ?? 0) > 0);
  return believed.flatMap(({ address }) => address ?? []).sort();
}

/** Gives a client what it needs of a server's group: of one scheme, which it then has to prove itself by. */
async function parameters(from: string, group: string, scheme: string, to: string): Promise<void> {
  const names = await readdir(from);
  const file = names.find((name) => new RegExp(`^ntpkey_${scheme.toUpperCase()}par1?_${group}\\.`).test(name));
  await cp(`${from}/${file}`, `${to}/ntpkey_${scheme}par_${group}`);
}

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
