/** Manycast: hosts that find each other by a group address, ring by ring, and keep the best (the seeds' own scenario first). */
import { describe, expect } from "vitest";
import type { AssociationConfig } from "../../src/association/template.ts";
import type { ClockConfig } from "../../src/engine/port/config.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { silent } from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { readHeader } from "../../src/wire/header.ts";
import {
  associationsOf,
  broadcastHeader,
  errorOf,
  keysOf,
  peaksTo,
  peakTo,
  sealedHeader,
  Site,
} from "../support/site.ts";
import type { SiteHost } from "../support/site.ts";
import { scenario } from "../support/world.ts";
import { BASE_LOOP } from "../../src/config/base.ts";

const GROUP = "239.1.1.1";

/** By then everybody has asked some rings, and whoever is of no use was pruned, seconds. */
const SETTLED = 3600;

/** A daemon that sets and steers its clock. */
const LOOP: ClockConfig = { ...BASE_LOOP, discipline: "rfc5905", anyFirst: true };

/** Two primary servers with a reference each, and a dozen dependents; all of them manycast client and server. */
function seedSite(
  world: SimWorld,
  cohort: boolean,
  own: () => SiteHost = () => ({}),
  poll: Partial<AssociationConfig> = {},
): { site: Site; references: ScriptedServer[]; primaries: Runner[]; clients: Runner[] } {
  const site = new Site(world);
  const both = { manycastServer: [GROUP], discovery: { cohort }, limits: { maxclock: 3 } };
  const lines = [{ kind: "manycast", name: GROUP, ttl: 7, ...poll }] as const;
  const references = [1, 2].map((number) => site.reference(`gps${number}`));
  const primaries = references.map((reference, index) => {
    return site.host(`primary${index + 1}`, {
      ...both,
      ...own(),
      lines: [{ name: reference.address.ip, prefer: true, ...poll }, ...lines],
    });
  });
  const clients = Array.from({ length: 12 }, (_, index) =>
    site.host(`client${index + 1}`, { ...both, ...own(), lines }),
  );
  return { site, references, primaries, clients };
}

describe("two primary servers and a dozen dependents on one group", () => {
  scenario("with cohort, hold to the best three", { trace: false, seeds: 2 }, (world) => {
    const { site, primaries, clients } = seedSite(world, true);
    world.run(SETTLED);
    expect(primaries.map((primary) => site.friendsOf(primary))).toEqual([
      ["gps1", "primary2"],
      ["gps2", "primary1"],
    ]);
    for (const client of clients) {
      const friends = site.friendsOf(client);
      expect(friends.filter((name) => name.startsWith("primary"))).toEqual(["primary1", "primary2"]);
      expect(friends.filter((name) => name.startsWith("client"))).toHaveLength(1);
      expect(client.snapshot().system.stratum).toBe(3);
      expect(Math.abs(errorOf(client))).toBeLessThan(0.001);
    }
  });

  scenario(
    "steer clocks that are wrong by up to a second and run up to 25 ppm fast or slow",
    { trace: false, seeds: 2 },
    (world) => {
      const chance = world.chance("clocks");
      const own = (): SiteHost => ({
        clock: LOOP,
        clockError: chance.uniform(),
        oscillator: { frequency: 50e-6 * (chance.uniform() - 0.5) },
      });
      // At longer intervals dispersion comes to more than the millisecond a stratum counts for.
      const { site, primaries, clients } = seedSite(world, true, own, { maxpoll: 5 });
      world.run(2 * SETTLED);
      expect(primaries.map((primary) => site.friendsOf(primary))).toEqual([
        ["gps1", "primary2"],
        ["gps2", "primary1"],
      ]);
      for (const client of clients) {
        expect(site.friendsOf(client).slice(1)).toEqual(["primary1", "primary2"]);
        expect(Math.abs(client.machine.error)).toBeLessThan(0.01);
      }
    },
  );

  scenario(
    "without cohort, hold to the primaries, and look for nobody of their own stratum",
    { trace: false, seeds: 2 },
    (world) => {
      const { site, primaries, clients } = seedSite(world, false);
      world.run(SETTLED);
      expect(primaries.map((primary) => site.friendsOf(primary))).toEqual([["gps1"], ["gps2"]]);
      for (const client of clients) {
        const friends = site.friendsOf(client);
        expect(friends.filter((name) => name.startsWith("primary"))).toEqual(["primary1", "primary2"]);
        // At most one that answered before the client had a stratum at all.
        expect(friends.length).toBeLessThanOrEqual(3);
      }
    },
  );

  scenario(
    "a primary that loses its reference goes on as a client, and the others turn to who is left",
    { trace: false, seeds: 2 },
    (world) => {
      const { site, references, primaries, clients } = seedSite(world, true);
      world.run(SETTLED);
      references[0]!.script = { ...references[0]!.script, oddities: [silent()] };
      world.run(SETTLED);
      expect(primaries[1]!.snapshot().system.stratum).toBe(2);
      // A stratum is worth a millisecond, and distances grow by that between two polls: whoever of the site follows primary2 will do.
      expect(site.friendsOf(primaries[0]!)).toContain("primary2");
      expect(primaries[0]!.snapshot().system.stratum).toBeOneOf([3, 4]);
      for (const client of clients) {
        expect(site.friendsOf(client)).toContain("primary2");
        // A stratum is worth a millisecond: some may follow the primary that is a client now.
        expect(client.snapshot().system.stratum).toBeLessThanOrEqual(4);
        expect(site.friendsOf(client).length).toBeGreaterThanOrEqual(3);
      }
      for (const host of [...primaries, ...clients]) expect(Math.abs(errorOf(host))).toBeLessThan(0.001);
    },
  );

  scenario(
    "without cohort, too, a primary that has come down to their own stratum is kept by those whom it serves well",
    { trace: false, seeds: 2 },
    (world) => {
      const { site, references, primaries, clients } = seedSite(world, false);
      world.run(SETTLED);
      references[0]!.script = { ...references[0]!.script, oddities: [silent()] };
      world.run(SETTLED);
      expect(site.systemPeerOf(primaries[0]!)).toBe("primary2");
      for (const client of clients) {
        // It is nobody's newcomer, so the client's own stratum is no reason to part with it; nor do those who follow it for a moment, and
        // are a stratum further down meanwhile, take in their former equals.
        expect(site.friendsOf(client)).toEqual(expect.arrayContaining(["primary1", "primary2"]));
        expect(site.friendsOf(client).length).toBeLessThanOrEqual(3);
        expect(Math.abs(errorOf(client))).toBeLessThan(0.001);
      }
    },
  );
});

/** Ring 1 is the LAN of the clients; ring 2, 3 and 4 are one, two and three routers away. All servers follow one reference. */
class Campus extends Site {
  readonly servers: Runner[] = [];
  readonly gps: ScriptedServer;

  constructor(world: SimWorld) {
    super(world);
    for (const ring of [1, 2, 3]) world.network.routes.join(`ring${ring}`, `ring${ring + 1}`, { delay: 0.0002 });
    this.gps = this.reference("gps", { lan: "ring4" });
  }

  /** Adds servers to a ring. */
  serve(ring: number, count: number, spec: SiteHost = {}): void {
    for (let number = 1; number <= count; number++) {
      const name = `server${ring}.${number}`;
      this.servers.push(
        this.host(name, {
          lan: `ring${ring}`,
          manycastServer: [GROUP],
          lines: [{ name: this.gps.address.ip, minpoll: 6 }],
          ...spec,
        }),
      );
    }
  }

  /** Adds a host that looks for servers. */
  seeker(name: string, spec: SiteHost = {}): Runner {
    const { lines = [{}], ...rest } = spec;
    const soliciting = lines.map((line) => ({ kind: "manycast", name: GROUP, ttl: 4, ...line }) as const);
    return this.host(name, { lan: "ring1", serves: false, limits: { maxclock: 5 }, ...rest, lines: soliciting });
  }
}

/** The rings a host asked. */
function ringsOf(host: Runner): readonly number[] {
  return host.snapshot().rings.map(({ ttl }) => ttl);
}

describe("a site in rings", () => {
  scenario(
    "of 1,000 hosts with 50 servers: everybody finds the nearest that are enough, by five answers in 10 ms at the most",
    { trace: false, seeds: 1 },
    (world) => {
      const site = new Campus(world);
      site.serve(1, 1);
      site.serve(2, 1);
      site.serve(3, 20, { lines: [{ name: site.gps.address.ip, minpoll: 8 }] });
      site.serve(4, 28, { lines: [{ name: site.gps.address.ip, minpoll: 8 }] });
      world.run(1100);
      const seekers = Array.from({ length: 949 }, (_, number) =>
        site.seeker(`host${number + 1}`, {
          lan: `ring${1 + (number % 4)}`,
          lines: [{ minpoll: 6 }],
          limits: { maxclock: 3 },
        }),
      );
      const peaks = peaksTo(world, "server", 0.01);
      expect(site.servers.length + seekers.length + 1).toBe(1000);
      // Three rings, eight times 2^6 s and at most a sixteenth apart; and the volley.
      world.run(2 * 544 + 20);
      for (const seeker of seekers) {
        expect(associationsOf(seeker).length).toBeGreaterThanOrEqual(3);
        expect(associationsOf(seeker).length).toBeLessThanOrEqual(6);
        expect(seeker.snapshot().system.survivors).toBeGreaterThanOrEqual(3);
        expect(Math.abs(errorOf(seeker))).toBeLessThan(0.002);
      }
      // Ring 1 has one server, ring 2 another, so who lives in ring 1 asks up to ring 3, and nobody disturbs ring 4; rings 3 and 4 suffice for themselves.
      const asked = [[1, 2, 3], [1, 2], [1], [1]];
      for (const [number, seeker] of seekers.entries()) expect(ringsOf(seeker)).toEqual(asked[number % 4]);
      // Twenty servers and more answer each of them, over half a second and more: no implosion, not even at the one who fares worst.
      const replies = seekers.map((seeker) => Math.max(...seeker.snapshot().rings.map((ring) => ring.replies)));
      const most = Math.max(...seekers.map((seeker) => peaks.get(seeker.machine.address())!));
      process.stdout.write(
        `seed ${world.seed}, 949 seekers in four rings: ${Math.min(...replies)} to ${Math.max(...replies)} servers answer a question; at the peak ${most} answers in 10 ms at one seeker\n`,
      );
      expect(Math.min(...replies)).toBeGreaterThanOrEqual(20);
      expect(most).toBeLessThanOrEqual(6);
    },
  );

  scenario("forty servers at ring 3 do not answer all at once", { trace: false, seeds: 5 }, (world) => {
    const site = new Campus(world);
    site.serve(3, 40);
    world.run(60);
    const seeker = site.seeker("host", {});
    const answers = peakTo(world, seeker.machine.address(), "server", 0.01);
    world.run(2 * 128 + 20);
    expect(answers.all).toBeGreaterThanOrEqual(40);
    // Spread over half a second, forty answers are one in 12 ms on average; all at once they would be forty.
    expect(answers.most).toBeLessThanOrEqual(8);
    // It grabs as many as it has room for twice over, orders them, and prunes the surplus.
    expect(associationsOf(seeker)).toHaveLength(10);
    world.run(600);
    expect(associationsOf(seeker).length).toBeLessThanOrEqual(5);
    expect(seeker.snapshot().system.survivors).toBeGreaterThanOrEqual(3);
  });

  scenario(
    "answers that come twice, late, or for an older ring mobilize nobody twice",
    { trace: false, seeds: 5 },
    (world) => {
      const site = new Campus(world);
      const held = { reordering: { probability: 0.3, by: 150 }, duplication: 0.3 };
      site.serve(1, 2, { link: { delay: 0.0002, out: held } });
      site.serve(2, 3, { link: { delay: 0.0002, out: held } });
      world.run(600);
      const seeker = site.seeker("host", { limits: { minclock: 4, maxclock: 5 } });
      world.run(1800);
      const found = site.friendsOf(seeker);
      expect(new Set(found).size).toBe(found.length);
      expect(found.length).toBeGreaterThanOrEqual(3);
      const { refused } = seeker.snapshot();
      expect((refused["duplicate"] ?? 0) + (refused["bogus"] ?? 0)).toBeGreaterThan(0);
      expect(Math.abs(errorOf(seeker))).toBeLessThan(0.01);
    },
  );

  scenario(
    "parted and joined again, both halves have time, and the whole is one again",
    { trace: false, seeds: 2 },
    (world) => {
      const site = new Campus(world);
      site.serve(1, 2);
      site.serve(2, 3);
      world.run(60);
      const seekers = Array.from({ length: 6 }, (_, number) => site.seeker(`host${number + 1}`));
      world.run(SETTLED);
      for (const seeker of seekers) expect(seeker.snapshot().system.survivors).toBeGreaterThanOrEqual(3);
      // The LAN is cut off from everything else, and later not any more.
      const stations = ["server1.1", "server1.2", ...seekers.map(({ machine }) => machine.name)];
      world.network.partitions.push({ from: world.now, until: world.now + SETTLED, stations });
      world.run(SETTLED - 100);
      // Its servers lose their reference; nobody keeps what does not answer.
      for (const seeker of seekers)
        expect(site.friendsOf(seeker).filter((name) => name.startsWith("server2"))).toEqual([]);
      world.run(2 * SETTLED);
      for (const seeker of seekers) {
        expect(seeker.snapshot().system.survivors).toBeGreaterThanOrEqual(3);
        expect(Math.abs(errorOf(seeker))).toBeLessThan(0.002);
      }
    },
  );

  scenario("falling under minclock begins anew at the first ring", { trace: false, seeds: 2 }, (world) => {
    const site = new Campus(world);
    site.serve(2, 3);
    world.run(60);
    const seeker = site.seeker("host", { limits: { maxclock: 3 } });
    world.run(SETTLED);
    expect(site.friendsOf(seeker)).toEqual(["server2.1", "server2.2", "server2.3"]);
    expect(ringsOf(seeker)).toEqual([1, 2]);
    const rings: number[] = [];
    world.network.tap((datagram) => {
      if (datagram.to.ip === GROUP) rings.push(datagram.ttl);
      return "pass";
    });
    site.servers[0]!.stop();
    world.run(SETTLED);
    expect(site.friendsOf(seeker)).toEqual(["server2.2", "server2.3"]);
    // Counted on the wire: its polls do not get rarer here, so it asks more rings than a snapshot remembers.
    expect(rings.slice(0, 4)).toEqual([1, 2, 3, 4]);
    // A new one is found before long.
    site.serve(3, 1);
    world.run(SETTLED);
    expect(site.friendsOf(seeker)).toEqual(["server2.2", "server2.3", "server3.1"]);
  });

  scenario(
    "a lonely host asks ever more rarely, down to eight times its longest interval",
    { trace: false, seeds: 2 },
    (world) => {
      const site = new Campus(world);
      site.seeker("host", { lines: [{ minpoll: 4, maxpoll: 6 }] });
      const asked: number[] = [];
      const rings: number[] = [];
      world.network.tap((datagram, at) => {
        if (datagram.to.ip === GROUP) asked.push(at);
        if (datagram.to.ip === GROUP) rings.push(datagram.ttl);
        return "pass";
      });
      world.run(7200);
      const gaps = asked.slice(1).map((at, index) => Math.round(Math.log2((at - asked[index]!) / (1 + 1 / 32))));
      expect(gaps.slice(0, 7)).toEqual([7, 7, 7, 7, 8, 9, 9]);
      expect(rings.slice(0, 6)).toEqual([1, 2, 3, 4, 4, 4]);
    },
  );

  scenario("asks at eight times the interval its system peer is polled at", { trace: false, seeds: 2 }, (world) => {
    const site = new Campus(world);
    const lines = [
      { name: site.gps.address.ip, minpoll: 8, maxpoll: 8 },
      { kind: "manycast", name: GROUP, ttl: 4, minpoll: 4, maxpoll: 8 },
    ] as const;
    site.host("host", { lan: "ring1", lines, serves: false });
    const asked: number[] = [];
    world.network.tap((datagram, at) => {
      if (datagram.to.ip === GROUP) asked.push(at);
      return "pass";
    });
    world.run(4 * 8 * 256);
    const gaps = asked.slice(1).map((at, index) => at - asked[index]!);
    // The first question leaves before there is a system peer, and goes by its own line.
    expect(gaps[0]).toBeLessThan(8 * 16 * 1.0626);
    expect(gaps.length).toBeGreaterThanOrEqual(3);
    for (const gap of gaps.slice(1)) expect(gap / (8 * 256) >= 1 && gap / (8 * 256) < 1.0626).toBe(true);
  });

  // A pruned address is left alone for 2^12 s, an hour and more; unless too few are left.
  scenario(
    "asks those it pruned again where fewer than minclock are left, and no sooner than 2^maxpoll s otherwise",
    { trace: false, seeds: 2 },
    (world) => {
      const site = new Campus(world);
      site.serve(1, 4);
      world.run(60);
      const lines = [{ minpoll: 4, maxpoll: 12 }];
      const needy = site.seeker("needy", { lines, limits: { minclock: 3, maxclock: 5 } });
      const content = site.seeker("content", { lines, limits: { minclock: 1, maxclock: 5 } });
      const everybody = ["server1.1", "server1.2", "server1.3", "server1.4"];
      world.run(60);
      for (const seeker of [needy, content]) expect(site.friendsOf(seeker)).toEqual(everybody);
      const stations = everybody.slice(1);
      world.network.partitions.push({ from: world.now, until: world.now + 1500, stations });
      world.run(1500);
      for (const seeker of [needy, content]) expect(site.friendsOf(seeker)).toEqual(["server1.1"]);
      // It asks at eight times the interval its only server is polled at, which has grown meanwhile.
      world.run(2400);
      // With the third there are enough again, and the fourth has to wait.
      expect(site.friendsOf(needy)).toHaveLength(3);
      expect(site.friendsOf(content)).toEqual(["server1.1"]);
      world.run(3 * SETTLED);
      expect(site.friendsOf(content).length).toBeGreaterThan(1);
    },
  );

  scenario("every group is a template of its own", { trace: false, seeds: 2 }, (world) => {
    const site = new Campus(world);
    site.serve(1, 1);
    site.serve(2, 1, { manycastServer: ["239.2.2.2"] });
    site.serve(3, 1, { manycastServer: ["ff05::101"], addresses: ["10.9.9.9", "2001:db8::9"] });
    world.run(60);
    const lines = [{ minpoll: 4 }, { name: "239.2.2.2", minpoll: 5 }, { name: "ff05::101", minpoll: 6, prefer: true }];
    const seeker = site.seeker("host", { addresses: ["10.9.9.1", "2001:db8::1"], lines });
    world.run(SETTLED);
    expect(
      associationsOf(seeker).map(({ address, group, poll, ttl, lifetime }) => [
        site.nameOf(address),
        group,
        poll,
        ttl,
        lifetime,
      ]),
    ).toEqual([
      ["server1.1", GROUP, 4, 1, "preemptable"],
      ["server2.1", "239.2.2.2", 5, 2, "preemptable"],
      ["server3.1", "ff05::101", 6, 3, "preemptable"],
    ]);
    expect(site.systemPeerOf(seeker)).toBe("server3.1");
  });

  scenario("only floor and above, and below the ceiling", { trace: false, seeds: 2 }, (world) => {
    const site = new Campus(world);
    site.serve(1, 2);
    site.serve(1, 0);
    const low = site.reference("low", { lan: "ring1", stratum: 5 });
    const deep = site.host("deep", { lan: "ring1", manycastServer: [GROUP], lines: [{ name: low.address.ip }] });
    world.run(60);
    expect(deep.snapshot().system.stratum).toBe(6);
    const above = site.seeker("above", { limits: { floor: 3 } });
    const below = site.seeker("below", { limits: { ceiling: 3 } });
    world.run(300);
    expect(site.friendsOf(above)).toEqual(["deep"]);
    expect(site.friendsOf(below)).toEqual(["server1.1", "server1.2"]);
  });
});

describe("a beacon", () => {
  scenario("asks the first ring at times although enough are held", { trace: false, seeds: 2 }, (world) => {
    const site = new Campus(world);
    site.serve(1, 1);
    site.serve(2, 2);
    world.run(60);
    const limits = { minclock: 3, maxclock: 3 };
    const [asking, resting] = [
      site.seeker("asking", { limits, discovery: { beacon: 3600 } }),
      site.seeker("resting", { limits }),
    ];
    world.run(600);
    const [before, held] = [ringsOf(asking), site.friendsOf(asking)];
    expect([before.slice(0, 2), held]).toEqual([
      [1, 2],
      ["server1.1", "server2.1", "server2.2"],
    ]);
    world.run(3.5 * 3600);
    expect(ringsOf(asking).slice(before.length)).toEqual([1, 1, 1]);
    expect(ringsOf(resting)).toEqual(before);
    expect(site.friendsOf(asking)).toEqual(held);
  });
});

describe("with keys", () => {
  scenario(
    "only those with our key are mobilized, and different keys serve different clients",
    { trace: false, seeds: 2 },
    async (world) => {
      const red = securityProvider(await keysOf("1 SHA1 red-secret"));
      const blue = securityProvider(await keysOf("2 SHA1 blue-secret"));
      const site = new Campus(world);
      for (const [index, keys] of [red, blue].entries())
        for (const number of [1, 2])
          site.host(`${index === 0 ? "red" : "blue"}${number}`, {
            lan: "ring1",
            manycastServer: [GROUP],
            lines: [{ name: site.gps.address.ip }],
            keys,
            discovery: { authenticate: false },
          });
      site.serve(1, 1);
      world.run(60);
      const ours = site.seeker("ours", { keys: red, lines: [{ key: 1 }] });
      const theirs = site.seeker("theirs", { keys: blue, lines: [{ key: 2 }] });
      const keyless = site.seeker("keyless", { keys: blue, lines: [{}] });
      world.run(600);
      expect(site.friendsOf(ours)).toEqual(["red1", "red2"]);
      expect(site.friendsOf(theirs)).toEqual(["blue1", "blue2"]);
      expect(site.friendsOf(keyless)).toEqual([]);
      expect(keyless.snapshot().refused["authentication"]).toBeGreaterThan(0);
      for (const { authentication } of associationsOf(ours)) expect(authentication).toBe("ok");
    },
  );
});

describe("loops", () => {
  scenario("our own answer, and that of whoever follows us, is not taken", { trace: false, seeds: 2 }, (world) => {
    const site = new Site(world);
    const local = { fallbacks: { local: 5, orphan: null } };
    const leader = site.host("leader", {
      manycastServer: [GROUP],
      serving: local,
      lines: [{ kind: "manycast", name: GROUP }],
    });
    const follower = site.host("follower", {
      manycastServer: [GROUP],
      lines: [{ name: leader.machine.address() }, { kind: "manycast", name: GROUP }],
    });
    world.run(1200);
    expect(site.systemPeerOf(follower)).toBe("leader");
    expect(site.friendsOf(leader)).toEqual([]);
    // What the group brings back to who asked it.
    const own = leader.machine.address();
    const [question] = leader.snapshot().rings;
    expect(question).toBeDefined();
    world.network.tap(({ to, from, bytes, ttl }) => {
      if (to.ip === GROUP && from.ip === own)
        world.network.inject({
          from: { ip: own, port: 123 },
          to: { ip: own, port: from.port },
          ttl,
          bytes: answerTo(bytes, world),
        });
      return "pass";
    });
    world.run(3600);
    expect(site.friendsOf(leader)).toEqual([]);
    expect(leader.snapshot().refused["own"]).toBeGreaterThan(0);
  });
});

/** A server's answer to a question, as good as any. */
function answerTo(question: Uint8Array, world: SimWorld): Uint8Array {
  const { transmit: origin } = readHeader(new DataView(question.buffer, question.byteOffset));
  const header = broadcastHeader(world, { mode: "server", stratum: 1, origin });
  return sealedHeader({ ...header, receive: header.transmit });
}
