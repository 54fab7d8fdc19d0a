import { describe, expect, it } from "vitest";
import type { Action } from "../../src/engine/port/action.ts";
import type { DiscoveryConfig, EngineConfig, OnceConfig } from "../../src/engine/port/config.ts";
import type { Event } from "../../src/engine/port/event.ts";
import type { AssociationConfig } from "../../src/association/template.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import { shift, UNKNOWN_TIME } from "../../src/time/timestamp.ts";
import { encodeHeader, readHeader } from "../../src/wire/header.ts";
import type { Header } from "../../src/wire/header.ts";
import { encodePacket } from "../../src/wire/packet.ts";
import { at, securityOf } from "../support/association.ts";
import { Bench, queryConfig, sendsOf } from "../support/engine.ts";
import type { Send } from "../support/engine.ts";
import { BASE_DISCOVERY, BASE_SERVICE, BASE_SERVING } from "../../src/config/base.ts";

const MAC = { keyId: 1, digest: new Uint8Array(16) };

/** Whose MACs are good, or none asked for. */
function provider(judgement: "none" | "ok" | "failed"): SecurityProvider {
  return {
    none: () => securityOf("none"),
    key: () => securityOf("ok"),
    judge: () => judgement,
    nts: () => {
      throw new Error("nobody here is under NTS");
    },
    autokey: () => {
      throw new Error("nobody here is under Autokey");
    },
    sealWith: (_, bytes) => ({ kind: "sealed", bytes }),
  };
}

function config(
  lines: readonly Partial<AssociationConfig>[],
  discovery: Partial<DiscoveryConfig>,
  once: Partial<OnceConfig> | null,
  rest: Partial<EngineConfig> = {},
): EngineConfig {
  const base = queryConfig(lines, { samples: 6, deadline: null, ...once }, rest);
  return {
    ...base,
    once: once === null ? null : base.once,
    discovery: { ...BASE_DISCOVERY, ringInterval: 2, ...discovery },
  };
}

function headerOf(send: Send): Header {
  return readHeader(new DataView(send.bytes.buffer, send.bytes.byteOffset));
}

describe("manycast", () => {
  const GROUP = "239.1.1.1";
  const PROBE = { name: GROUP, kind: "manycast", ttl: 3, samples: 2 } as const;

  /** An answer of a server to a ring. */
  function answerRing(
    bench: Bench,
    ring: Send,
    ip: string,
    seconds: number,
    fields: Partial<Header> = {},
  ): readonly Action[] {
    const t2 = at(seconds - 0.001).clock;
    const header: Header = {
      ...headerOf(ring),
      leap: "none",
      mode: "server",
      stratum: 2,
      precision: -24,
      referenceId: 0x0102_0304,
      reference: shift(t2, -10 - Number(ip.split(".")[3])),
      origin: headerOf(ring).transmit,
      receive: t2,
      transmit: t2,
      ...fields,
    };
    return bench.datagram({ ...ring, to: { ip, port: 123 } }, seconds, encodeHeader(header));
  }

  it("asks ring by ring from one hop up, with the client's own state, and ends at the last", () => {
    const bench = new Bench(config([PROBE], {}, {}), provider("none"));
    const rings = [...bench.start(), ...sendsOf(bench.run(20))];
    expect(rings.map(({ ttl, to }) => [ttl, to.ip])).toEqual([
      [1, GROUP],
      [2, GROUP],
      [3, GROUP],
    ]);
    expect(headerOf(rings[0]!)).toMatchObject({
      mode: "client",
      leap: "unsynchronized",
      stratum: 0,
      origin: UNKNOWN_TIME,
    });
    expect(bench.snapshot.elapsed).toBe(6);
    expect(bench.engine.outcome).toBe("no-reply");
  });

  it("mobilizes who answers, measures them and stops growing when enough were found", () => {
    const bench = new Bench(config([PROBE], { authenticate: false }, {}), provider("none"));
    const [ring] = bench.start();
    for (const ip of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) answerRing(bench, ring!, ip, 0.1);
    expect(bench.snapshot.associations.map(({ lifetime, ttl, group }) => [lifetime, ttl, group])).toEqual(
      Array.from({ length: 3 }, () => ["preemptable", 1, GROUP]),
    );
    for (let step = 0; step < 10 && bench.engine.outcome === null; step++) {
      const now = bench.engine.wakeAt!;
      for (const send of sendsOf(bench.at(now, { kind: "wake" }))) {
        expect(send.to.ip).not.toBe(GROUP);
        bench.at(now, { kind: "sent", token: send.token, at: at(now).clock, stamp: "kernel" });
        bench.answer(send, now);
      }
    }
    expect(bench.engine.outcome).toBe("ok");
    expect(bench.snapshot.rings).toMatchObject([{ ttl: 1, replies: 3 }]);
    expect(bench.snapshot.system.survivors).toBe(3);
  });

  it("lists what is not authentic, and mobilizes none of it", () => {
    const bench = new Bench(config([PROBE], {}, {}), provider("none"));
    const [ring] = bench.start();
    answerRing(bench, ring!, "192.0.2.1", 0.1);
    const asked = sendsOf(bench.run(30));
    expect(asked.every(({ to }) => to.ip === GROUP)).toBe(true);
    expect(bench.engine.outcome).toBe("authentication");
    expect(bench.snapshot.associations[0]).toMatchObject({
      address: "192.0.2.1",
      verdict: "rejected",
      reason: "authentication",
      ttl: 1,
      stratum: 2,
    });
    expect(bench.snapshot.associations[0]!.offset).not.toBeNull();
  });

  it("takes late answers to an older ring, but no forged ones and none twice", () => {
    const bench = new Bench(config([PROBE], { authenticate: false }, {}), provider("none"));
    const [first] = bench.start();
    bench.run(2);
    answerRing(bench, first!, "192.0.2.1", 2.1);
    answerRing(bench, first!, "192.0.2.1", 2.2);
    answerRing(bench, first!, "192.0.2.66", 2.2, { origin: 99n as Header["origin"] });
    expect(bench.snapshot.associations.map(({ address }) => address)).toEqual(["192.0.2.1"]);
    expect(bench.snapshot.refused).toEqual({ duplicate: 1, bogus: 1 });
  });

  it("keeps its memory however many forgeries arrive", () => {
    const bench = new Bench(config([PROBE], { authenticate: false }, {}), provider("none"));
    const [ring] = bench.start();
    for (let count = 0; count < 1000; count++)
      answerRing(bench, ring!, `198.51.100.${count % 250}`, 0.5, { origin: BigInt(count + 1) as Header["origin"] });
    expect(bench.snapshot.associations).toEqual([]);
    expect(bench.snapshot.refused).toEqual({ bogus: 1000 });
  });

  it("goes on asking by the daemon's schedule once its rings are asked, when it is to follow", () => {
    const bench = new Bench(
      config([{ ...PROBE, minpoll: 4, maxpoll: 6 }], { authenticate: false, ringInterval: 2 }, null),
      provider("none"),
    );
    const rings = [...bench.start(), ...sendsOf(bench.run(3000))];
    expect(rings.slice(0, 4).map(({ ttl }) => ttl)).toEqual([1, 2, 3, 3]);
    expect(rings.length).toBeGreaterThan(4);
    expect(rings.length).toBeLessThan(30);
  });

  /** Runs the daemon to a moment: `there` answer all their questions. @returns the rings asked, and what the others were asked */
  function keep(bench: Bench, until: number, there: readonly string[]): { rings: Send[]; lost: Send[] } {
    const rings: Send[] = [];
    const lost: Send[] = [];
    let now = bench.snapshot.elapsed;
    for (let due = bench.engine.wakeAt!; due <= until; due = bench.engine.wakeAt!) {
      now = Math.max(now, due);
      for (const send of sendsOf(bench.at(now, { kind: "wake" }))) {
        bench.at(now, { kind: "sent", token: send.token, at: at(now).clock, stamp: "kernel" });
        if (send.to.ip === GROUP) rings.push(send);
        else if (there.includes(send.to.ip)) bench.answer(send, now);
        else lost.push(send);
        if (there.includes(send.to.ip)) now += 0.01;
      }
    }
    return { rings, lost };
  }

  it("drops at its tenth question in vain one it has found, and starts from the first ring again when fewer than minclock are left", () => {
    const bench = new Bench(
      config([{ ...PROBE, ttl: 5, minpoll: 4, maxpoll: 6 }], { authenticate: false, ringInterval: null }, null),
      provider("none"),
    );
    const three = ["192.0.2.1", "192.0.2.2", "192.0.2.3"] as const;
    const [first] = bench.start();
    answerRing(bench, first!, three[0], 0.1);
    const {
      rings: [second],
    } = keep(bench, 140, three);
    for (const ip of three.slice(1)) answerRing(bench, second!, ip, 140.1);
    // Three are held, so the search keeps to its second ring.
    const { rings: held } = keep(bench, 2000, three);
    expect([first!, second!, ...held].map(({ ttl }) => ttl)).toEqual([1, 2, ...held.map(() => 2)]);
    expect(held.length).toBeGreaterThan(1);
    expect(bench.snapshot.associations.map(({ address, lifetime }) => [address, lifetime])).toEqual(
      three.map((ip) => [ip, "preemptable"]),
    );
    const { rings, lost } = keep(bench, 4000, three.slice(0, 2));
    expect(bench.snapshot.associations.map(({ address }) => address)).toEqual(three.slice(0, 2));
    expect(lost).toHaveLength(10);
    const again = rings.findIndex(({ ttl }) => ttl === 1);
    expect(rings.slice(0, again).every(({ ttl }) => ttl === 2)).toBe(true);
    expect(rings.slice(again, again + 4).map(({ ttl }) => ttl)).toEqual([1, 2, 3, 4]);
  });
});

describe("a broadcast client", () => {
  const LISTEN = { kind: "broadcastClient", name: "broadcast" } as const;
  const SERVICE = { ...BASE_SERVICE, addresses: ["0.0.0.0"] };
  const SERVER = { ip: "192.0.2.9", port: 123 };

  function broadcast(
    bench: Bench,
    seconds: number,
    { late = 0.002, from = SERVER.ip, ...fields }: { late?: number; from?: string } & Partial<Header> = {},
    cast: "broadcast" | "unicast" = "broadcast",
  ): readonly Action[] {
    const transmit = shift(at(seconds).clock, -late);
    const header: Header = {
      leap: "none",
      version: 4,
      mode: "broadcast",
      stratum: 2,
      poll: 4,
      precision: -24,
      rootDelay: 0,
      rootDispersion: 0.001,
      referenceId: 0x0102_0304,
      reference: shift(transmit, -5),
      origin: UNKNOWN_TIME,
      receive: UNKNOWN_TIME,
      transmit,
      ...fields,
    };
    const socket = 1 as Send["socket"];
    const event: Event = {
      kind: "datagram",
      socket,
      from: { ...SERVER, ip: from },
      to: { ip: "192.0.2.255", port: 123 },
      cast,
      at: at(seconds).clock,
      stamp: "kernel",
      bytes: encodePacket({ header, extensions: [], mac: MAC }),
    };
    return bench.at(seconds, event);
  }

  function listening(discovery: Partial<DiscoveryConfig> = {}, judgement: "none" | "ok" | "failed" = "ok"): Bench {
    const bench = new Bench(config([LISTEN], discovery, {}, { service: SERVICE }), provider(judgement));
    bench.at(0, { kind: "start" });
    return bench;
  }

  /** Lets the volley run; the server answers with this offset. */
  function volley(bench: Bench, offset: number | null): number {
    let questions = 0;
    for (let now = bench.engine.wakeAt; now !== undefined && now < 40; now = bench.engine.wakeAt) {
      for (const send of sendsOf(bench.at(now, { kind: "wake" }))) {
        questions += 1;
        bench.at(now, { kind: "sent", token: send.token, at: at(now).clock, stamp: "kernel" });
        if (offset !== null) bench.answer(send, now, { offset, delay: 0.004 });
      }
      if (questions >= 6 || (offset === null && questions >= 3 && bench.snapshot.associations[0]!.unreach >= 3)) break;
    }
    return questions;
  }

  it("waits at random, asks six times, calibrates and then only listens", () => {
    const bench = listening();
    broadcast(bench, 1);
    expect(bench.engine.wakeAt).toBe(1 + 8); // half of 2^4 s
    expect(volley(bench, 0.25)).toBe(6);
    // The broadcast that follows is 2 ms late on a clock that is 250 ms behind.
    broadcast(bench, 30, { late: 0.002 - 0.25 });
    expect(bench.snapshot.associations[0]).toMatchObject({
      mode: "broadcast",
      lifetime: "ephemeral",
      authentication: "ok",
      verdict: "systemPeer",
    });
    expect(bench.snapshot.associations[0]!.offset).toBeCloseTo(0.25, 4);
    const later = broadcast(bench, 46, { late: 0.002 - 0.25 });
    expect(sendsOf(later)).toEqual([]);
    expect(bench.snapshot.associations[0]!.packets.sent).toBe(6);
  });

  it("assumes 4 ms of a server that does not answer the volley", () => {
    const bench = listening();
    broadcast(bench, 1);
    volley(bench, null);
    bench.run(16);
    broadcast(bench, 30, { late: 0.004 - 0.1 });
    expect(bench.snapshot.associations[0]!.offset).toBeCloseTo(0.1, 6);
  });

  it("skips the volley with a fixed delay", () => {
    const bench = listening({ broadcastDelay: 0.008 });
    broadcast(bench, 1);
    broadcast(bench, 17, { late: 0.008 });
    expect(bench.snapshot.associations[0]).toMatchObject({ packets: { sent: 0 } });
    expect(bench.snapshot.associations[0]!.offset).toBeCloseTo(0, 6);
  });

  it("ends after the samples asked for", () => {
    const bench = listening({ broadcastDelay: 0.004, count: 2 });
    for (const seconds of [1, 17, 33]) broadcast(bench, seconds);
    expect(bench.engine.outcome).toBe("ok");
  });

  it.each([
    ["is not authentic", {}, "failed", "broadcast"],
    ["has no MAC", {}, "none", "broadcast"],
    ["was sent to us alone", {}, "ok", "unicast"],
    ["is not synchronized", { leap: "unsynchronized" }, "ok", "broadcast"],
  ] as const)("is not mobilized by a packet that %s", (_, fields, judgement, cast) => {
    const bench = listening({}, judgement);
    broadcast(bench, 1, fields, cast);
    expect(sendsOf(bench.run(60))).toEqual([]);
    expect(bench.snapshot.associations.filter(({ verdict }) => verdict !== "rejected")).toEqual([]);
  });

  it("believes no replay, and no recording that is far from what the server says", () => {
    const bench = listening();
    broadcast(bench, 1);
    volley(bench, 0);
    broadcast(bench, 30, { late: 300 });
    expect(bench.snapshot.associations[0]!.packets.rejected).toBe(1);
    broadcast(bench, 30);
    const before = bench.snapshot.associations[0]!.offset;
    broadcast(bench, 31, { late: 1.002 });
    expect(bench.snapshot.associations[0]).toMatchObject({ offset: before, packets: { rejected: 2 } });
  });

  describe("that asks nobody for a key, flooded by 3,000 forged sources", () => {
    function flooded(once: Partial<OnceConfig> | null): Bench {
      const bench = new Bench(config([LISTEN], { authenticate: false }, once, { service: SERVICE }), provider("none"));
      bench.at(0, { kind: "start" });
      for (let source = 0; source < 3000; source += 1)
        broadcast(bench, 1 + source / 1000, {
          from: `198.51.${source >> 8}.${source & 255}`,
          stratum: 1 + (source % 15),
        });
      return bench;
    }

    it.each([
      ["a probe", {}],
      ["one that follows", null],
    ] as const)("mobilizes no more than maxclock (%s), and asks no others", (_, once) => {
      const bench = flooded(once);
      const { associations, refused } = bench.snapshot;
      expect(associations.filter(({ lifetime }) => lifetime === "ephemeral")).toHaveLength(10);
      expect(refused).toEqual({ surplus: 2990 });
      // A probe lists the others, with what their packets imply; who follows counts them.
      expect(associations).toHaveLength(once === null ? 10 : 3000);
      expect(new Set(sendsOf(bench.run(60)).map(({ to }) => to.ip)).size).toBe(10);
    });
  });

  it("is demobilized when its server falls silent", () => {
    const bench = listening({ broadcastDelay: 0.004 });
    for (const seconds of [1, 17, 33]) broadcast(bench, seconds);
    // The tenth poll in vain ends it, and no earlier one (seed 002).
    const unreach: number[] = [];
    const actions: Action[] = [];
    for (
      ;
      bench.snapshot.associations.length > 0 && unreach.length < 100;
      actions.push(...bench.run(Math.max(bench.engine.wakeAt!, 33)))
    )
      unreach.push(bench.snapshot.associations[0]!.unreach);
    expect(unreach).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(actions).toContainEqual(expect.objectContaining({ note: expect.objectContaining({ what: "demobilized" }) }));
    expect(bench.snapshot.associations).toEqual([]);
  });
});

describe("symmetric peers", () => {
  const SERVICE = { ...BASE_SERVICE, addresses: ["0.0.0.0"] };
  const A = { ip: "192.0.2.1", port: 123 };
  const B = { ip: "192.0.2.2", port: 123 };

  it("that start in the same second still come to believe each other", () => {
    const daemon = (peer: string) =>
      config([{ kind: "peer", name: peer, minpoll: 4, maxpoll: 4, iburst: false }], {}, null, { service: SERVICE });
    const sides = [
      { bench: new Bench(daemon(B.ip), provider("ok")), address: A },
      { bench: new Bench(daemon(A.ip), provider("ok")), address: B },
    ];
    // Stratum 1 for the wire, by hand: neither has another source here, so what they tell each other is doctored on the way.
    const carry = (from: number, send: Send, seconds: number): void => {
      const header = { ...headerOf(send), leap: "none", stratum: 3, referenceId: 0x0a0a_0a0a } as const;
      const event: Event = {
        kind: "datagram",
        socket: 1 as Send["socket"],
        from: sides[from]!.address,
        cast: "unicast",
        at: at(seconds).clock,
        stamp: "kernel",
        bytes: encodeHeader(header),
      };
      sides[1 - from]!.bench.at(seconds, event);
    };
    for (const { bench, address } of sides) {
      bench.at(0, { kind: "start" });
      const peer = address === A ? B.ip : A.ip;
      bench.at(0, { kind: "resolved", name: peer, addresses: [peer] });
    }
    for (let second = 0; second < 200; second += 16) {
      const both = sides.map(({ bench }) => sendsOf(bench.at(second, { kind: "wake" })));
      for (const [index, sends] of both.entries()) for (const send of sends) carry(index, send, second + 0.001);
    }
    for (const { bench } of sides) {
      expect(bench.snapshot.associations[0]!.reach).not.toBe(0);
      expect(bench.snapshot.associations[0]!.offset).not.toBeNull();
    }
  });

  it("mobilize a passive association at an authentic packet of a stranger, and answer it after the guard time", () => {
    const bench = new Bench(config([], {}, null, { service: SERVICE }), provider("ok"));
    bench.at(0, { kind: "start" });
    const header: Header = {
      ...headerOf(new Bench(queryConfig([{ name: "192.0.2.1" }])).start()[0]!),
      mode: "symmetricActive",
      leap: "none",
      stratum: 2,
      poll: 4,
    };
    const arrival: Event = {
      kind: "datagram",
      socket: 1 as Send["socket"],
      from: A,
      cast: "unicast",
      at: at(5).clock,
      stamp: "kernel",
      bytes: encodeHeader(header),
    };
    bench.at(5, arrival);
    const [answer] = sendsOf(bench.run(7));
    expect(headerOf(answer!)).toMatchObject({
      mode: "symmetricPassive",
      origin: header.transmit,
      receive: at(5).clock,
    });
    expect(bench.snapshot.associations[0]).toMatchObject({ lifetime: "ephemeral", mode: "symmetricPassive" });
    // The answer was the first poll that nothing came back to; the tenth is the last (seed 002).
    expect(1 + sendsOf(bench.run(10_000)).length).toBe(10);
    expect(bench.snapshot.associations).toEqual([]);
  });

  it("of 3,000 forged sources mobilize no more than maxclock where nobody is asked for a key", () => {
    const bench = new Bench(config([], { authenticate: false }, null, { service: SERVICE }), provider("none"));
    bench.at(0, { kind: "start" });
    const header: Header = {
      ...headerOf(new Bench(queryConfig([{ name: "192.0.2.1" }])).start()[0]!),
      mode: "symmetricActive",
      leap: "none",
      stratum: 2,
      poll: 4,
    };
    for (let source = 0; source < 3000; source += 1) {
      const from = { ip: `198.51.${source >> 8}.${source & 255}`, port: 123 };
      bench.at(5, {
        kind: "datagram",
        socket: 1 as Send["socket"],
        from,
        cast: "unicast",
        at: at(5).clock,
        stamp: "kernel",
        bytes: encodeHeader(header),
      });
    }
    expect(bench.snapshot.associations).toHaveLength(10);
    expect(bench.snapshot.refused).toEqual({ surplus: 2990 });
    expect(new Set(sendsOf(bench.run(60)).map(({ to }) => to.ip)).size).toBe(10);
  });
});

describe("a configured line", () => {
  it.each([
    [6, true],
    [10, false],
  ])("with burst and maxpoll %i is warned of: %s", (maxpoll, warned) => {
    const bench = new Bench(config([{ name: "192.0.2.1", burst: true, maxpoll }], {}, null), provider("none"));
    const notes = bench
      .at(0, { kind: "start" })
      .flatMap((action) => (action.kind === "note" ? [action.note.what] : []));
    expect(notes.includes("burst")).toBe(warned);
  });
});

describe("several packets that tell the time and are due at once", () => {
  it("are each made by a reading of its own", () => {
    const lines = [1, 2, 3, 4, 5].map((net) => ({ kind: "broadcast", name: `10.1.${net}.255`, minpoll: 4 }) as const);
    const serving = { ...BASE_SERVING, fallbacks: { local: 1, orphan: null } };
    const bench = new Bench(queryConfig(lines, {}, { once: null, serving, service: BASE_SERVICE }));
    bench.at(0, { kind: "start" });
    const told: bigint[] = [];
    const read: bigint[] = [];
    // A clock that goes on by 2 ms from wake to wake.
    for (let time = 32; told.length < 5 && time < 33; time += 0.002)
      for (const send of sendsOf(bench.at(time, { kind: "wake" }))) {
        told.push(headerOf(send).transmit);
        read.push(at(time).clock);
      }
    expect(told).toEqual(read);
    expect(new Set(told).size).toBe(5);
  });
});
