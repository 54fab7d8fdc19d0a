/** Autokey where nobody asks (RFC 5906 §11.4.2, §11.4.3): peers, broadcasts and groups, and who is believed of those that come by themselves. */
import { describe, expect } from "vitest";
import type { AssociationConfig } from "../../src/engine/port/config.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import type { RestrictFlag } from "../../src/server/access.ts";
import type { Datagram } from "../../src/sim/network.ts";
import type { Runner } from "../../src/sim/runner.ts";
import { sessionMac } from "../../src/security/autokey/session.ts";
import { addressOctets } from "../../src/wire/address.ts";
import { encodeMac } from "../../src/wire/mac.ts";
import { concatenate } from "../../src/wire/octets.ts";
import { madeGroup, ReadAnew, speaking, WORLD as WORLDS } from "../support/autokey-site.ts";
import { madeHost } from "../support/autokey.ts";
import { Site, associationsOf, errorOf, notesOf } from "../support/site.ts";
import { scenario } from "../support/world.ts";

/** One world is enough for a story that chance does not turn. */
const WORLD = { ...WORLDS, seeds: 1 } as const;

describe("peers under Autokey", () => {
  const polls = { minpoll: 4, maxpoll: 4 } as const;
  const peer = (name: string): Partial<AssociationConfig> => ({
    kind: "peer",
    name,
    ...polls,
    autokey: { ident: null },
  });

  /** Each has a clock of its own to follow, if it is named. */
  function host(site: Site, name: string, clock: string | null, lines: readonly Partial<AssociationConfig>[]): Runner {
    const own = clock === null ? [] : [{ name: site.reference(clock).address.ip, iburst: true, ...polls }];
    return site.host(name, { lines: [...own, ...lines], keys: speaking(site.world, name, true) });
  }

  const peerOf = (runner: Runner): ReturnType<typeof associationsOf>[number] =>
    associationsOf(runner).find(({ mode }) => mode.startsWith("symmetric"))!;

  scenario("dance with each other at once, and both have the other's time, proved", WORLD, (world) => {
    const site = new Site(world);
    const one = host(site, "one", "gps1", []);
    const other = host(site, "other", "gps2", [peer("one")]);
    world.run(400);
    for (const runner of [one, other]) {
      expect(peerOf(runner)).toMatchObject({ security: "autokey", authentication: "ok", autokey: { fault: null } });
      expect(peerOf(runner).autokey!.status & 0x7f00).toBe(0x7f00);
      expect(Math.abs(peerOf(runner).offset!)).toBeLessThan(0.001);
      expect(peerOf(runner).reach & 0xfc).toBe(0xfc);
    }
  });

  scenario("dance where both are configured, too", WORLD, (world) => {
    const site = new Site(world);
    const one = host(site, "one", "gps1", [peer("other")]);
    const other = host(site, "other", "gps2", [peer("one")]);
    world.run(400);
    for (const runner of [one, other]) {
      expect(peerOf(runner)).toMatchObject({ authentication: "ok", autokey: { fault: null } });
      expect(peerOf(runner).reach & 0xfc).toBe(0xfc);
      expect(Math.abs(peerOf(runner).offset!)).toBeLessThan(0.001);
    }
  });

  scenario("who has no time gets it from the other, and is not followed by him", WORLD, (world) => {
    const site = new Site(world);
    const one = host(site, "one", "gps1", []);
    const other = host(site, "other", null, [peer("one")]);
    world.run(300);
    expect(Math.abs(errorOf(other))).toBeLessThan(0.001);
    expect(site.systemPeerOf(other)).toBe("one");
    expect(site.systemPeerOf(one)).toBe("gps1");
  });

  for (const [keys, same] of [
    ["the same keys", true],
    ["other keys", false],
  ] as const)
    scenario(`begin again when one was started anew, with ${keys}`, WORLD, (world) => {
      const site = new Site(world);
      const { credentials } = madeHost("one");
      const clock = site.reference("gps1").address.ip;
      const lines = [{ name: clock, iburst: true, ...polls }];
      site.host("one", { lines, keys: speaking(world, "one", true, credentials) });
      const other = host(site, "other", "gps2", [peer("one")]);
      world.run(300);
      expect(peerOf(other).authentication).toBe("ok");
      site.hosts.get("one")!.stop();
      const again = site.restart("one", { keys: speaking(world, "one", true, same ? credentials : undefined) });
      world.run(600);
      for (const runner of [again, other]) {
        expect(peerOf(runner)).toMatchObject({ authentication: "ok", autokey: { fault: null } });
        // Who polls just after the other has nothing in hand for a moment.
        expect(peerOf(runner).reach & 0x1c).toBe(0x1c);
      }
    });

  scenario("believe nobody whose certificate nobody trusts, nor who does not speak it", WORLD, (world) => {
    const site = new Site(world);
    const clock = site.reference("gps").address.ip;
    const lines = [{ name: clock, iburst: true, ...polls }];
    site.host("untrusted", { lines, keys: speaking(world, "untrusted", false) });
    site.host("plain", { lines });
    const asking = host(site, "asking", null, [peer("untrusted"), peer("plain")]);
    world.run(400);
    for (const association of associationsOf(asking)) expect(association.offset).toBeNull();
    expect(asking.snapshot().clock.offset).toBeNull();
  });
});

describe("broadcasts under Autokey", () => {
  const polls = { minpoll: 4, maxpoll: 4 } as const;
  const GROUP = "224.0.1.1";
  const sends: Partial<AssociationConfig> = { kind: "broadcast", name: GROUP, minpoll: 4, autokey: { ident: null } };
  const hears: Partial<AssociationConfig> = { kind: "broadcastClient", name: "", autokey: { ident: null } };

  function server(site: Site, name: string, keys: SecurityProvider, by: Partial<AssociationConfig> = sends): Runner {
    const clock = { name: site.reference(`gps of ${name}`).address.ip, iburst: true, ...polls };
    return site.host(name, { lines: [clock, by], keys });
  }

  function listener(site: Site, name: string, line: Partial<AssociationConfig> = hears): Runner {
    return site.host(name, {
      lines: [line],
      clockError: 0.02,
      groups: [GROUP],
      discovery: { longestWait: 4 },
      keys: speaking(site.world, name, false),
    });
  }

  scenario("are followed by their list of keys once the server was asked who it is", WORLD, (world) => {
    const site = new Site(world);
    server(site, "srv", speaking(world, "srv", true));
    const hearing = listener(site, "hearing");
    world.run(300);
    const [association] = associationsOf(hearing);
    expect(association).toMatchObject({
      mode: "broadcast",
      authentication: "ok",
      autokey: { host: "srv", fault: null },
    });
    expect(association!.autokey!.status & 0x7f00).toBe(0x7f00);
    expect(Math.abs(errorOf(hearing))).toBeLessThan(0.001);
    const asked = notesOf(hearing, "polled").length;
    world.run(600);
    expect(notesOf(hearing, "polled").length).toBe(asked);
    expect(associationsOf(hearing)[0]!.reach).toBe(0xff);
  });

  scenario("are followed on a line without autokey, too, where there are keys", WORLD, (world) => {
    const site = new Site(world);
    server(site, "srv", speaking(world, "srv", true));
    const hearing = listener(site, "hearing", { kind: "broadcastClient", name: "" });
    world.run(200);
    expect(associationsOf(hearing)[0]).toMatchObject({ security: "autokey", authentication: "ok", reach: 0xff });
  });

  scenario("goes on when the list is made anew; whoever misses that asks for it once", WORLD, (world) => {
    const site = new Site(world);
    server(site, "srv", speaking(world, "srv", true));
    const [hearing, missing] = [listener(site, "hearing"), listener(site, "missing")];
    world.run(1500);
    const asked = [hearing, missing].map((one) => notesOf(one, "polled").length);
    // The first of the next list, which has the autokey values.
    const stop = world.network.tap((datagram) => {
      const { to, bytes } = datagram;
      if (to.ip !== GROUP || bytes[48] !== 0x82 || bytes[49] !== 0x04) return "pass";
      world.network.inject({ ...datagram, bytes: Uint8Array.from(bytes) }, 0.0002, "10.1.0.3");
      return "drop";
    });
    world.run(600);
    stop();
    const more = [hearing, missing].map((one, index) => notesOf(one, "polled").length - asked[index]!);
    expect(more[0]).toBe(0);
    expect(more[1]).toBeGreaterThan(0);
    expect(more[1]).toBeLessThan(9);
    for (const runner of [hearing, missing]) {
      expect(associationsOf(runner)[0]).toMatchObject({ authentication: "ok", autokey: { fault: null } });
      expect(Math.abs(errorOf(runner))).toBeLessThan(0.001);
    }
  });

  scenario("are not believed twice, nor when they come from nowhere; and neither makes anybody ask", WORLD, (world) => {
    const site = new Site(world);
    server(site, "srv", speaking(world, "srv", true));
    const hearing = listener(site, "hearing");
    const recorded: Datagram[] = [];
    world.network.tap((datagram) => {
      if (datagram.to.ip === GROUP) recorded.push({ ...datagram, bytes: Uint8Array.from(datagram.bytes) });
      return "pass";
    });
    world.run(200);
    const asked = notesOf(hearing, "polled").length;
    const samples = notesOf(hearing, "broadcast").length;
    /** Anybody can make its MAC: the cookie is 0. */
    const forged = (datagram: Datagram, keyId: number): Datagram => {
      const { from, to, bytes } = datagram;
      const covered = Uint8Array.from(bytes.subarray(0, -20));
      new DataView(covered.buffer).setBigUint64(40, hearing.machine.clock.read(world.now));
      const parts = { source: addressOctets(from.ip)!, destination: addressOctets(to.ip)!, keyId, cookie: 0 };
      return { ...datagram, bytes: concatenate([covered, encodeMac(sessionMac("md5", parts, covered))]) };
    };
    for (let count = 0; count < 30; count += 1) {
      world.run(7);
      const replayed = recorded[count % recorded.length]!;
      world.network.inject(count % 2 === 0 ? replayed : forged(replayed, 0x1000_0000 + count), 0, "10.1.0.3");
    }
    expect(notesOf(hearing, "polled").length).toBe(asked);
    expect(notesOf(hearing, "broadcast").length).toBe(samples + Math.floor((200 + 210) / 16) - Math.floor(200 / 16));
    expect(Math.abs(errorOf(hearing))).toBeLessThan(0.001);
  });

  for (const [keys, same] of [
    ["the same keys", true],
    ["other keys", false],
  ] as const)
    scenario(`are followed again when the server was started anew, with ${keys}`, WORLD, (world) => {
      const site = new Site(world);
      const { credentials } = madeHost("srv");
      const first = server(site, "srv", speaking(world, "srv", true, credentials));
      const hearing = listener(site, "hearing");
      world.run(300);
      first.stop();
      site.restart("srv", { keys: speaking(world, "srv", true, same ? credentials : undefined) });
      world.run(500);
      expect(associationsOf(hearing)).toMatchObject([{ authentication: "ok", autokey: { fault: null } }]);
      expect(Math.abs(errorOf(hearing))).toBeLessThan(0.001);
    });

  scenario("are not believed of whom nobody trusts, nor in clear where the line asks for proof", WORLD, (world) => {
    const site = new Site(world);
    server(site, "untrusted", speaking(world, "untrusted", false));
    const { autokey: _, ...plainly } = sends;
    server(site, "plain", speaking(world, "plain", true), plainly);
    const hearing = listener(site, "hearing");
    world.run(600);
    expect(hearing.snapshot().clock.offset).toBeNull();
    expect(notesOf(hearing, "broadcast")).toEqual([]);
    // Whoever cannot show who he is is asked ever so often, and no more.
    expect(notesOf(hearing, "polled").length).toBeLessThan(200);
  });
});

describe("keys of our own that are read anew (SIGHUP)", () => {
  const polls = { minpoll: 4, maxpoll: 4 } as const;
  const GROUP = "224.0.1.1";

  scenario("are those that every association goes on by, and the clock is followed all along", WORLD, (world) => {
    const site = new Site(world);
    const clock = { name: site.reference("gps").address.ip, iburst: true, ...polls };
    const sends = { kind: "broadcast", name: GROUP, minpoll: 4, autokey: { ident: null } } as const;
    site.host("asked", { lines: [clock], keys: speaking(world, "asked", true) });
    site.host("peer", { lines: [clock], keys: speaking(world, "peer", true) });
    site.host("sender", { lines: [clock, sends], keys: speaking(world, "sender", true) });
    const keys = new ReadAnew(madeHost("us", { trusted: false }).credentials);
    const us = site.host("us", {
      lines: [
        { name: "asked", iburst: true, ...polls, autokey: { ident: null } },
        { kind: "peer", name: "peer", ...polls, autokey: { ident: null } },
        { kind: "broadcastClient", name: "", autokey: { ident: null } },
      ],
      groups: [GROUP],
      discovery: { longestWait: 4 },
      keys: speaking(world, "us", false, keys),
    });
    const all = ["asked", "peer", "sender"];
    const danced = (): string[] => [...new Set(notesOf(us, "danced").map(({ address }) => site.nameOf(address.ip)))];
    const proved = (): string[] =>
      associationsOf(us)
        .filter(
          ({ authentication, offset, autokey }) =>
            authentication === "ok" && offset !== null && autokey!.fault === null,
        )
        .map(({ address }) => site.nameOf(address))
        .sort();
    world.run(400);
    expect(proved()).toEqual(all);
    // The same keys: nothing begins again.
    const before = notesOf(us, "danced").length;
    site.reconfigure("us", {});
    world.run(100);
    expect(notesOf(us, "danced").length).toBe(before);
    keys.current = madeHost("us", { trusted: false }).credentials;
    site.reconfigure("us", {});
    const count = notesOf(us, "danced").length;
    world.run(500);
    expect(
      new Set(
        notesOf(us, "danced")
          .slice(count)
          .map(({ address }) => site.nameOf(address.ip)),
      ),
    ).toEqual(new Set(danced()));
    expect(proved()).toEqual(all);
    // Who is configured is the same association as before; who came by himself came again.
    expect(notesOf(us, "mobilized").filter(({ address }) => site.nameOf(address.ip) === "asked")).toHaveLength(1);
    expect(notesOf(us, "mobilized").filter(({ address }) => site.nameOf(address.ip) === "sender")).toHaveLength(2);
    expect(Math.abs(errorOf(us))).toBeLessThan(0.001);
  });
});

describe("two secure groups on one LAN (seed 002)", () => {
  const polls = { minpoll: 4, maxpoll: 4 } as const;
  const BROADCASTS = "224.0.1.1";
  const SEARCHES = "239.1.1.1";
  const groups = { red: madeGroup(4_005_000_001), blue: madeGroup(4_005_000_002) };
  type Group = keyof typeof groups;

  /** A server of a group, in every mode. */
  function server(site: Site, name: string, group: Group): void {
    const clock = { name: site.reference(`gps of ${name}`).address.ip, iburst: true, prefer: true, ...polls };
    const sends = { kind: "broadcast", name: BROADCASTS, minpoll: 4, autokey: { ident: null } } as const;
    const { credentials } = madeHost(name, { identities: [groups[group].server] });
    site.host(name, {
      lines: [clock, sends],
      manycastServer: [SEARCHES],
      keys: speaking(site.world, name, true, credentials, null),
    });
  }

  /** One who has the client's parameters of some groups, and finds whom he can by one mode. */
  function dependent(
    site: Site,
    name: string,
    own: readonly Group[],
    lines: readonly Partial<AssociationConfig>[],
  ): Runner {
    const parameters = own.map((group) => groups[group].client);
    return site.host(name, {
      lines,
      clockError: 0.02,
      groups: [BROADCASTS],
      discovery: { longestWait: 4 },
      keys: speaking(site.world, name, false, undefined, parameters),
    });
  }

  scenario("each follows those of the groups that it has the keys of, in every mode", WORLD, (world) => {
    const site = new Site(world);
    server(site, "red", "red");
    server(site, "blue", "blue");
    const autokey = { ident: "of mine" };
    const modes: Readonly<Record<string, readonly Partial<AssociationConfig>[]>> = {
      broadcast: [{ kind: "broadcastClient", name: "", autokey }],
      manycast: [{ kind: "manycast", name: SEARCHES, ttl: 7, ...polls, autokey }],
      client: ["red", "blue"].map((name) => ({ name, iburst: true, ...polls, autokey })),
      peer: ["red", "blue"].map((name) => ({ kind: "peer", name, ...polls, autokey })),
    };
    const hosts = Object.entries(modes).flatMap(([mode, lines]) =>
      [["red"], ["blue"], ["red", "blue"]].map((own) => ({
        own,
        mode,
        runner: dependent(site, `${own.join("-")}-by-${mode}`, own as Group[], lines),
      })),
    );
    world.run(400);
    const followed = hosts.map(({ runner, mode }) => [
      mode,
      associationsOf(runner)
        .filter(({ authentication, offset }) => authentication === "ok" && offset !== null)
        .map(({ address }) => site.nameOf(address))
        .sort(),
    ]);
    expect(followed).toEqual(hosts.map(({ own, mode }) => [mode, [...own].sort()]));
    for (const { runner } of hosts) expect(Math.abs(errorOf(runner))).toBeLessThan(0.001);
  });
});

describe("whoever comes by himself under public keys is let in by the seeds' rules", () => {
  const polls = { minpoll: 4, maxpoll: 4 } as const;
  const GROUP = "224.0.1.1";
  /** What the access list has for all senders, whether keys are asked for (`disable auth`), and who is followed. */
  const RULES: readonly (readonly [RestrictFlag | null, boolean, readonly string[]])[] = [
    [null, true, ["trusted"]],
    [null, false, ["plain", "trusted"]],
    ["notrust", true, ["trusted"]],
    ["notrust", false, ["trusted"]],
    ["nopeer", true, []],
    ["nopeer", false, []],
    ["ignore", false, []],
  ];

  for (const mode of ["broadcast", "peer"] as const)
    scenario(`by ${mode}`, { ...WORLD, trace: false }, (world) => {
      const site = new Site(world);
      const address = (index: number): string => `10.7.0.${index + 1}`;
      const listeners = RULES.map(([flag, authenticate], index) => {
        const rule = { about: "network", address: "10.1.0.0", mask: 16, opensQueries: true } as const;
        return site.host(`listener${index}`, {
          addresses: [address(index)],
          lines: [{ kind: "broadcastClient", name: "" }],
          groups: [GROUP],
          discovery: { longestWait: 4, authenticate },
          serving: flag === null ? {} : { access: [{ ...rule, flags: [flag] }] },
          keys: speaking(world, `listener${index}`, false),
        });
      });
      const clock = { name: site.reference("gps").address.ip, iburst: true, prefer: true, ...polls };
      const senders = ["trusted", "plain", ...RULES.map((_, index) => `untrusted${index}`)];
      for (const [count, name] of senders.entries()) {
        const autokey = name === "plain" ? {} : { autokey: { ident: null } };
        const sends = { kind: "broadcast", name: GROUP, ...polls, ...autokey } as const;
        // A certificate that one of them has signed would be good for the others: that is what a trail of certificates is worth.
        const called = name.startsWith("untrusted") ? [count - 2] : RULES.keys();
        const calls = [...called].map(
          (index) => ({ kind: "peer", name: address(index), ...polls, ...autokey }) as const,
        );
        const lines = [clock, ...(mode === "peer" ? calls : [sends])];
        site.host(name, { lines, keys: speaking(world, name, name === "trusted") });
      }
      world.run(300);
      const followed = listeners.map((listener) =>
        associationsOf(listener)
          .filter(({ offset, reach }) => offset !== null && reach > 0)
          .map((association) => site.nameOf(association.address))
          .sort(),
      );
      expect(followed).toEqual(RULES.map(([, , names]) => names));
    });
});
