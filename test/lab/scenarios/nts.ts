/** Network Time Security with real servers: certificates of the lab's own authority, keys by TLS, and time by those alone. */
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { Certificates, type CertificateOptions, type Certified } from "../../support/certificates.ts";
import type { Host } from "../netns.ts";
import { ended, only, says, type Scenario } from "../scenario.ts";
import type { Running } from "../processes.ts";
import type { BrokenRecord, NtsPath } from "../programs/nts-path.ts";
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
  {
    name: "nts: NTPsec gives keys to ntpkit, and time by them alone",
    needs: ["ntpsec"],
    run: async (world) => {
      const made = new Certificates();
      try {
        const authority = made.make([], { authority: true });
        const [server, client] = [await world.host("server"), await world.host("client")];
        const { file, keyFile } = made.make(namesOf(server), { by: authority, algorithm: "rsa" });
        const cookies = world.file("ntpsec-keys");
        await world.ntpd("ntpsec", server, [`nts enable cert ${file} key ${keyFile} cookie ${cookies}`]);
        const argv = ["query", "--nts", "--samples", "3", "--ca", authority.file, server.ipv4, "--json"];
        const { port, security, authentication } = only(ended(await world.ntpkit(client, argv), 0));
        assert.deepEqual([port, security, authentication], [123, "nts", "ok"]);
      } finally {
        made.end();
      }
    },
  },
  {
    name: "nts: chronyd and NTPsec are told the time by ntpkit, serve and run, and by chains of three",
    needs: ["chrony", "ntpsec"],
    patient: true,
    run: async (world) => {
      const made = new Certificates();
      try {
        const authority = made.make([], { authority: true });
        const between = made.make([], { by: authority, authority: true });
        const [served, daemon] = [await world.host("serve"), await world.host("run")];
        const files: string[] = [];
        for (const [host, algorithm] of [
          [served, "ec"],
          [daemon, "rsa"],
        ] as const) {
          const leaf = made.make(namesOf(host), { by: between, algorithm });
          const chain = await world.write(`${host.name}.pem`, [leaf.certificate, between.certificate]);
          files.push(chain, leaf.keyFile);
        }
        const [cert, key, other, otherKey] = files as [string, string, string, string];
        const cookies = world.file("nts-keys");
        const argv = ["serve", "--local-stratum", "3", "--user", "root", "--nts-cookies", cookies];
        const begin = (): Promise<Running> =>
          world.ntpkitDaemon(served, [...argv, "--nts-cert", cert, "--nts-key", key]);
        let running = await begin();
        const lines = ["server 127.127.1.0", "fudge 127.127.1.0 stratum 4", `nts enable cert ${other} key ${otherKey}`];
        await world.ntpkitDaemon(daemon, ["run", "--no-clock", "-c", await world.write("run.conf", lines)]);

        const [chrony, ntpsec] = [await world.host("chrony"), await world.host("ntpsec")];
        const both = [served.ipv4, daemon.ipv4];
        await world.chronyd(chrony, [
          `ntstrustedcerts ${authority.file}`,
          ...both.map((ip) => `server ${ip} nts iburst minpoll 2 maxpoll 2`),
        ]);
        await world.ntpd("ntpsec", ntpsec, [
          `nts ca ${authority.file}`,
          "restrict 127.0.0.1",
          ...both.map((ip) => `server ${ip} nts iburst minpoll 3 maxpoll 3`),
        ]);
        // Mode, which keys, their AEAD and bits, their age, attempts, NAKs, cookies and their octets.
        const session = (ip: string, number: number): RegExp =>
          new RegExp(`${ip.replaceAll(".", "[.]")} +NTS +${number} +15 +256 +[0-9]+ +0 +0 +[78] +104`);
        for (const ip of both) await world.chronyc(chrony, ["authdata"], session(ip, 1));
        await world.chronyc(chrony, ["sources"], /\^\*/);
        await world.ntpq(ntpsec, ["-c", "ntsinfo", "127.0.0.1"], /NTS client recvs good: +[1-9]/, 60, "ntpsec");
        await world.ntpq(served, ["-c", "ntsinfo", "127.0.0.1"], /NTS server recvs good: +[1-9]/, 60, "ntpsec");
        // By the master keys of the run before the cookies in hand still open; without them keys are established anew.
        await running.stop();
        running = await begin();
        const before = await readFile(cookies, "utf8");
        await world.ntpq(ntpsec, ["-c", "ntsinfo", "127.0.0.1"], /NTS client recvs good: +[1-9][0-9]/, 60, "ntpsec");
        await world.chronyc(chrony, ["authdata"], session(served.ipv4, 1));
        assert.equal(await readFile(cookies, "utf8"), before);
        await running.stop();
        await rm(cookies);
        running = await begin();
        await world.chronyc(chrony, ["authdata"], session(served.ipv4, 2), 90);
      } finally {
        made.end();
      }
    },
  },
  {
    name: "nts: whatever breaks on the way to a chronyd, at each record of TLS or in the packets, nothing is asked in clear",
    needs: ["chrony"],
    patient: true,
    run: (world) =>
      certified(world, { names: neighboursOf }, async ({ server, client, authority }) => {
        const path = await world.host("path");
        const argv = ["query", "--nts", "--ca", authority.file, "--json", "--timeout", "500ms", "--deadline", "60s"];
        // Of TLS, by one run: cut and changed at each record that the server sends, and held.
        const broken = RECORDS.flatMap((record) => (["cut", "corrupt"] as const).map((how) => ({ record, how })));
        const cases: readonly BrokenRecord[] = [...broken, { record: 2, how: "delay" }];
        const ports = new Map(cases.map((one, at) => [FIRST_PORT + at, one]));
        await along(world, path, { to: server.ipv4, ports: Object.fromEntries(ports) }, async () => {
          const places = [...ports.keys()].map((port) => `${path.ipv4}:${port}`);
          const { report } = await world.ntpkit(client, [...argv, ...places]);
          assert.equal(report.associations.length, cases.length);
          for (const [at, { authentication, packets, nts: keys, reason }] of report.associations.entries()) {
            const fault = keys?.fault?.name ?? null;
            const what = `${JSON.stringify(cases[at])}: ${fault}, ${authentication}, ${reason}, ${packets.sent} sent`;
            // What comes after the keys is no matter, and all keys are for one server; without them nobody is asked.
            const isKeyed = fault === null && (authentication === "ok" || reason === "duplicate");
            assert.ok(isKeyed || packets.sent === 0, what);
            if (cases[at]!.record <= 2) assert.ok(!isKeyed, what);
          }
        });
        // Of the packets: blocked, too long, changed, lost.
        for (const [way, codes] of WAYS)
          await along(world, path, { to: server.ipv4, ports: { [PORTS.next++]: null }, ...way }, async () => {
            const place = `${path.ipv4}:${PORTS.next - 1}`;
            const { code, report } = await world.ntpkit(client, [...argv, "--samples", "3", place]);
            assert.ok(code !== null && codes.includes(code), `${JSON.stringify(way)}: ${code}`);
            assert.equal(only(report).authentication === "ok", code === 0);
          });
      }),
  },
  {
    name: "nts: a chronyd that sends elsewhere, forgets its keys every few seconds and is lost now and then is followed, under NTS alone",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const path = await world.host("path");
      // A cookie opens for some ten seconds. Nothing but the shortest request passes, so that a lost one is a cookie less.
      const more = [`ntsntpserver ${path.ipv4}`, "ntsrotate 4"];
      await certified(world, { more }, ({ server, client, authority }) =>
        along(world, path, { to: server.ipv4, longest: 300, loss: 0.3 }, async () => {
          const lines = [`server ${server.ipv4} nts iburst burst minpoll 3 maxpoll 3`, "restrict 127.0.0.1"];
          const file = await world.write("nts.conf", lines);
          const argv = ["run", "--no-clock", "-v", "-c", file, "--ca", authority.file];
          const daemon = await world.ntpkitDaemon(client, argv, { want: "any" });
          await world.chronyc(server, ["serverstats"], /NTS-KE connections accepted: ([3-9]|[1-9][0-9])/, 90);
          await world.chronyc(server, ["serverstats"], /Authenticated NTP packets *: ([3-9]|[1-9][0-9])/, 90);
          const { stdout } = await world.ntpkit(client, ["peers", "--json", "127.0.0.1"], { untold: true });
          assert.ok(stdout.includes(path.ipv4), stdout);
          assert.match(daemon.output(), new RegExp(`${path.ipv4.replaceAll(".", "[.]")}.*offset`), daemon.output());
        }),
      );
    },
  },
  {
    name: "nts: who answers a search is followed by the time of those alone that have proved who they are",
    needs: [],
    run: async (world) => {
      const made = new Certificates();
      try {
        const authority = made.make([], { authority: true });
        const [good, wrong, plain, client] = [
          await world.host("good"),
          await world.host("wrong"),
          await world.host("plain"),
          await world.host("client"),
        ];
        const argv = ["serve", "--local-stratum", "3", "--manycast", GROUP, "--user", "root"];
        for (const [host, names] of [
          [good, namesOf(good)],
          [wrong, ["DNS:other.example"]],
        ] as const) {
          const { file, keyFile } = made.make(names, { by: authority });
          const keys = ["--nts-cookies", world.file(`${host.name}-keys`)];
          await world.ntpkitDaemon(host, [...argv, ...keys, "--nts-cert", file, "--nts-key", keyFile]);
        }
        await world.ntpkitDaemon(plain, argv);
        const words = ["manycast", "--nts", "--ca", authority.file, "--ttl", "1", "--json"];
        const searched = await world.ntpkit(client, [...words, GROUP]);
        assert.equal(searched.code, 0);
        const { associations } = searched.report;
        const told = associations.map(({ address, authentication, packets, nts: keys }) => [
          address,
          authentication,
          packets.sent > 0,
          keys?.certified ?? null,
          keys?.fault?.name ?? null,
        ]);
        assert.deepEqual(
          told.toSorted(),
          [
            [good.ipv4, "ok", true, good.ipv4, null],
            [wrong.ipv4, "none", false, wrong.ipv4, "wrongName"],
            [plain.ipv4, "none", false, plain.ipv4, "refused"],
          ].toSorted(),
        );
        // By the name that both sides have agreed on it is the other one.
        const named = await world.ntpkit(client, [...words, "--nts-name", "other.example", GROUP]);
        assert.deepEqual(
          named.report.associations
            .filter(({ authentication }) => authentication === "ok")
            .map(({ address }) => address),
          [wrong.ipv4],
        );
      } finally {
        made.end();
      }
    },
  },
];

const GROUP = "239.255.1.7";

/** Records of TLS that chronyd sends: of its handshake, and of the keys. */
const RECORDS = [1, 2, 3, 4, 5, 6, 7] as const;
const FIRST_PORT = 5001;
/** One of its own for each way, for keys are kept from run to run. */
const PORTS = { next: 5101 };

/** How the time is broken on its way, and by which code a query ends that has keys. */
const WAYS: readonly (readonly [way: Omit<NtsPath, "to" | "ports">, codes: readonly number[]])[] = [
  [{ longest: 0 }, [10, 17]],
  [{ longest: 100 }, [10, 17]],
  [{ longest: 200 }, [10, 17]],
  [{ longest: 300 }, [0]],
  [{ answers: "flipped" }, [15, 17]],
  [{ answers: "replayed" }, [0, 15, 17]],
  [{ loss: 0.3 }, [0]],
];

/** A path, for as long as something is tried along it; all that is asked for along it is under NTS. */
async function along(world: World, host: Host, path: NtsPath, tried: () => Promise<void>): Promise<void> {
  const running = await world.ntsPath(host, path);
  try {
    await tried();
    const asked = running
      .output()
      .split("\n")
      .filter((line) => line.startsWith("asked"));
    assert.ok(asked.length > 0 || path.longest === undefined, "nothing was asked for");
    assert.deepEqual(
      asked.filter((line) => line.endsWith("plain")),
      [],
    );
  } finally {
    await running.stop();
  }
}

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

/** The addresses of all hosts of its network. */
function neighboursOf({ ipv4 }: Host): readonly string[] {
  const network = ipv4.replace(/[0-9]+$/, "");
  return Array.from({ length: 20 }, (_, index) => `IP:${network}${index + 1}`);
}

let count = 0;

/** A chronyd under NTS, and who asks it. */
async function certified(
  world: World,
  {
    names = namesOf,
    more = [],
    ...options
  }: CertificateOptions & { readonly names?: (host: Host) => readonly string[]; readonly more?: readonly string[] },
  body: (party: Party) => Promise<void>,
): Promise<void> {
  const made = new Certificates();
  try {
    count += 1;
    const server = await world.host(`server${count}`);
    const client = await world.host(`client${count}`);
    const authority = made.make([], { authority: true });
    const { file, keyFile } = made.make(names(server), { by: authority, ...options });
    const lines = ["local stratum 3", `ntsservercert ${file}`, `ntsserverkey ${keyFile}`, ...more];
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
