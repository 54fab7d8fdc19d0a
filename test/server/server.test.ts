/** The server as a whole: what becomes of a datagram, under which name, and what is sent. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { AccessList } from "../../src/server/access.ts";
import type { RestrictFlag } from "../../src/server/access.ts";
import { DISPOSITIONS, tallyOf } from "../../src/server/disposition.ts";
import type { Disposition } from "../../src/server/disposition.ts";
import { keepReply } from "../../src/server/reply.ts";
import type { Cast } from "../../src/server/reply.ts";
import { SPREAD, SPREAD_MOST } from "../../src/server/solicitation.ts";
import { difference, shift, timestamp } from "../../src/time/timestamp.ts";
import { readHeader } from "../../src/wire/header.ts";
import type { Header } from "../../src/wire/header.ts";
import { parseKeys } from "../../src/security/keyfile.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { SymmetricProvider } from "../../src/security/symmetric.ts";
import { CLOCK, NOW, SYNCHRONIZED, arrivalOf, exchange, requestOf, serverOf } from "./packets.ts";
import type { ArrivalOptions } from "./packets.ts";
import { VERIFICATIONS } from "../../src/server/key-rate.ts";
import type { Mono } from "../../src/time/mono.ts";

let keyed: SymmetricProvider;
let clients: SymmetricProvider;
beforeAll(async () => {
  keyed = await provider(
    "1 MD5 secret\n2 SHA1 0123456789abcdef0123456789abcdef01234567\n4 AES128CMAC 00112233445566778899aabbccddeeff\n9 MD5 distrusted\n",
    [1, 2, 4],
  );
  clients = await provider(
    "1 MD5 secret\n2 SHA1 0123456789abcdef0123456789abcdef01234567\n4 AES128CMAC ffffffffffffffffffffffffffffffff\n5 MD5 unknown\n9 MD5 distrusted\n",
    [1, 2, 4, 5, 9],
  );
});

async function provider(file: string, trusted: readonly number[]): Promise<SymmetricProvider> {
  const { keys } = parseKeys(file, { format: "auto", file: "ntp.keys" });
  return securityProvider(
    (
      await openKeyring(
        keys,
        trusted.map((id) => ({ first: id, last: id })),
      )
    ).keyring,
  );
}

function sealedRequest(keyId: number, fields: Partial<Header> = {}): Uint8Array {
  const sealed = clients.sealWith(keyId, requestOf(fields));
  if (sealed.kind !== "sealed") throw new Error(sealed.fault);
  return sealed.bytes;
}

function restricted(...flags: RestrictFlag[]): { access: AccessList } {
  const access = new AccessList();
  access.restrictDefault(flags);
  return { access };
}

function headerOf(bytes: Uint8Array | null): Header {
  if (bytes === null) throw new Error("no reply");
  return readHeader(new DataView(bytes.buffer, bytes.byteOffset));
}

const GROUP = { solicitations: { ownReferenceIds: [0xc000_0201] } };

describe("the list of recent clients", () => {
  it("is kept without monitoring only of those whose rate is limited", () => {
    const access = new AccessList();
    access.restrict({ address: "198.51.100.0", mask: 24, flags: ["limited"] });
    const server = serverOf({ access, monitor: false });
    for (const ip of ["198.51.100.7", "203.0.113.7"])
      expect(server.receive(arrivalOf(requestOf({}), { ip }))).toBe("answered");
    expect([...server.mru.entries()].map(({ address }) => address)).toEqual(["198.51.100.7"]);
  });

  it("goes on within other limits, and forgets nobody for it", () => {
    const server = serverOf();
    const ask = (number: number): unknown => server.receive(arrivalOf(requestOf({}), { ip: `203.0.113.${number}` }));
    for (let number = 1; number <= 40; number++) ask(number);
    server.mru.limit({ maxdepth: 10, mindepth: 5, maxage: 64 });
    for (let number = 41; number <= 80; number++) ask(number);
    expect(server.mru.size).toBe(40);
    expect([...server.mru.entries()][0]!.address).toBe("203.0.113.80");
    server.mru.limit({ maxdepth: 100, mindepth: 50, maxage: 64 });
    for (let number = 81; number <= 200; number++) ask(number);
    expect(server.mru.size).toBe(100);
  });
});

describe("what a group brings back", () => {
  it("is our own only if this process sent it: another on this host may search, too", () => {
    const asked = timestamp(7, 7);
    const server = serverOf({ ...GROUP, isOurs: (transmit) => transmit === asked });
    const from = { ip: "192.0.2.1", port: 40_000, cast: "group" as const };
    expect(server.receive(arrivalOf(requestOf({ transmit: asked }), from))).toBe("ownPacket");
    expect(server.receive(arrivalOf(requestOf({ transmit: timestamp(7, 8) }), from))).toBe("answered");
    expect(server.receive(arrivalOf(requestOf({ transmit: timestamp(7, 8) }), { ...from, port: 123 }))).toBe(
      "ownPacket",
    );
    expect(server.receive(arrivalOf(requestOf({}).subarray(0, 12), from))).toBe("tooShort");
  });
});

describe("what becomes of a datagram", () => {
  const plain = (mode: Header["mode"], version = 4): Uint8Array => requestOf({ mode, version });
  const cases: readonly [Disposition, string, Uint8Array, ArrivalOptions?, RestrictFlag[]?][] = [
    ["answered", "a client's request", plain("client")],
    ["answered", "of version 1 without a mode", plain("reserved", 1)],
    ["answered", "a symmetric active peer's", plain("symmetricActive")],
    ["answered", "with an extension field", Uint8Array.of(...plain("client"), 1, 4, 0, 28, ...new Uint8Array(24))],
    [
      "answered",
      "under restrictions that are about other things",
      plain("client"),
      {},
      ["noquery", "nomodify", "nopeer", "limited", "kod", "version"],
    ],
    ["ignored", "restrict ignore", plain("client"), {}, ["ignore"]],
    ["ignored", "a control query under restrict ignore", plain("control"), {}, ["ignore"]],
    ["noServe", "restrict noserve, kod or not", plain("client"), {}, ["noserve", "kod"]],
    ["noQuery", "a control query under restrict noquery", plain("control"), {}, ["noquery"]],
    ["noTrust", "no MAC under restrict notrust", plain("client"), {}, ["notrust"]],
    ["oldVersion", "version 3 under restrict version", plain("client", 3), {}, ["version"]],
    ["control", "mode 6", plain("control")],
    ["control", "mode 6 garbage of one octet", Uint8Array.of(0x16)],
    ["control", "a control query under restrict noserve", plain("control"), {}, ["noserve"]],
    ["private", "mode 7", plain("private")],
    ["mode", "mode 0", plain("reserved")],
    ["notRequest", "a server's reply", plain("server")],
    ["notRequest", "a broadcast", plain("broadcast")],
    ["notRequest", "symmetric passive", plain("symmetricPassive")],
    ["version", "version 0", plain("client", 0)],
    ["version", "version 5", plain("client", 5)],
    ["tooShort", "nothing at all", new Uint8Array(0)],
    ["tooShort", "47 octets", plain("client").slice(0, 47)],
    ["tooLong", "5000 octets", Uint8Array.of(...plain("client"), ...new Uint8Array(4952))],
    ["macLength", "something that is no MAC", Uint8Array.of(...plain("client"), ...new Uint8Array(8))],
    [
      "extensionLength",
      "an extension field that runs off the end",
      Uint8Array.of(...plain("client"), 1, 4, 0xff, 0xfc, ...new Uint8Array(60)),
    ],
    ["cryptoNak", "a crypto-NAK", Uint8Array.of(...plain("client"), 0, 0, 0, 0)],
    ["badSource", "port 0", plain("client"), { port: 0 }],
    ["badSource", "from a group", plain("client"), { ip: "224.0.1.1" }],
    ["badSource", "from nowhere", plain("client"), { ip: "::" }],
    ["ownPacket", "from our own address and port", plain("client"), { ip: "192.0.2.1", port: 123 }],
    ["ownPacket", "from our own IPv6 address and port", plain("client"), { ip: "2001:db8::1", port: 123 }],
    ["answered", "a client on this host", plain("client"), { ip: "192.0.2.1", port: 40_000 }],
    ["ownPacket", "our own solicitation", plain("client"), { ip: "192.0.2.1", port: 40_000, cast: "group" }],
    ["noGroup", "a solicitation where none are answered", plain("client"), { cast: "group" }],
  ];

  it.each(cases)("%s: %s", (disposition, _, bytes, options = {}, flags = []) => {
    const server = serverOf(restricted(...flags));
    expect(server.receive(arrivalOf(bytes, options))).toBe(disposition);
    expect(server.counts[disposition]).toBe(1);
    expect(tallyOf(server.counts)).toMatchObject({ received: 1, [DISPOSITIONS[disposition].kind]: 1 });
  });

  it("only what is a request is remembered", () => {
    const server = serverOf();
    for (const [, , bytes, options] of cases) server.receive(arrivalOf(bytes, options));
    expect([...server.mru.entries()].map(({ address }) => address).sort()).toEqual(["192.0.2.1", "198.51.100.7"]);
  });
});

describe("answers", () => {
  it("carry T2, T3, the request's transmit timestamp and what is published", () => {
    const t3 = shift(CLOCK, 1e-4);
    expect(headerOf(exchange(serverOf(), requestOf({}), { t3 }))).toMatchObject({
      mode: "server",
      stratum: 2,
      poll: 6,
      origin: timestamp(0xec00_0001, 0xdead_beef),
      receive: CLOCK,
      transmit: t3,
    });
  });

  it("grow in dispersion as the update ages", () => {
    const server = serverOf();
    const later = exchange(server, requestOf({}), { mono: NOW.mono + 2000, at: shift(CLOCK, 2000) });
    expect(headerOf(later).rootDispersion).toBeCloseTo(SYNCHRONIZED.rootDispersion + 2000 * 15e-6, 4);
  });

  it("say LI 3 without a source, the local clock's stratum where it is trusted, and an orphan's in time", () => {
    expect(headerOf(exchange(serverOf({ system: null }), requestOf({})))).toMatchObject({
      leap: "unsynchronized",
      stratum: 0,
    });
    expect(
      headerOf(exchange(serverOf({ system: null, fallbacks: { local: 10, orphan: null } }), requestOf({}))),
    ).toMatchObject({ leap: "none", stratum: 10, referenceId: 0x7f7f_0100 });
    const orphan = serverOf({ system: null, fallbacks: { local: null, orphan: { stratum: 5, wait: 300 } } });
    expect(headerOf(exchange(orphan, requestOf({}), { mono: 299 })).leap).toBe("unsynchronized");
    expect(headerOf(exchange(orphan, requestOf({}), { mono: 301, at: shift(CLOCK, 2) }))).toMatchObject({
      leap: "none",
      stratum: 5,
    });
  });

  it("an orphan waits anew after it has lost its source", () => {
    const server = serverOf({ fallbacks: { local: null, orphan: { stratum: 5, wait: 300 } } });
    const lost = { mono: 1000 as Mono, clock: shift(CLOCK, 900) };
    server.update({ ...SYNCHRONIZED, leap: "unsynchronized", stratum: 16 }, lost);
    server.update(
      { ...SYNCHRONIZED, leap: "unsynchronized", stratum: 16 },
      { mono: 1200 as Mono, clock: shift(CLOCK, 1100) },
    );
    expect(headerOf(exchange(server, requestOf({}), { mono: 1299, at: shift(CLOCK, 1199) })).stratum).toBe(0);
    expect(headerOf(exchange(server, requestOf({}), { mono: 1300, at: shift(CLOCK, 1200) })).stratum).toBe(5);
  });

  it("never announce a leap second that is smeared, not even before the smear begins", () => {
    const smear = {
      at: shift(CLOCK, 5000),
      leap: "insert",
      interval: 1000,
      placement: "before",
      shape: "linear",
      passed: false,
    } as const;
    const system = { ...SYNCHRONIZED, leap: "insert" } as const;
    expect(headerOf(exchange(serverOf({ system }), requestOf({}))).leap).toBe("insert");
    expect(headerOf(exchange(serverOf({ system, smear }), requestOf({})))).toMatchObject({
      leap: "none",
      referenceId: SYNCHRONIZED.referenceId,
    });
  });

  it("go on from the other side of a smear once the clock has leapt, though it reads the same second again", () => {
    const at = shift(CLOCK, 0.25);
    const server = serverOf({
      smear: { at, leap: "insert", interval: 1000, placement: "before", shape: "linear", passed: false },
    });
    const given = (): number => difference(headerOf(exchange(server, requestOf({}), { at: CLOCK })).receive, CLOCK);
    expect(given()).toBeCloseTo(-1, 3);
    server.leapt();
    expect(given()).toBeCloseTo(0, 3);
  });

  it("are smeared from one second to the next", () => {
    const at = timestamp(0xec00_0100, 0);
    const server = serverOf({
      smear: { at, leap: "insert", interval: 1000, placement: "before", shape: "linear", passed: false },
    });
    const receive = (since: number): bigint =>
      headerOf(exchange(server, requestOf({}), { at: shift(at, since) })).receive;
    expect(receive(-500)).toBe(shift(at, -500.5));
    expect(receive(-1)).toBe(shift(at, -1 - 0.999));
    expect(receive(0)).toBe(at);
  });

  it("take other settings at once, and keep what they know", () => {
    const server = serverOf();
    exchange(server, requestOf({}));
    server.configure({ ...server.settings, ...restricted("ignore"), precision: -20 });
    expect(exchange(server, requestOf({}))).toBeNull();
    expect(server.counts).toMatchObject({ answered: 1, ignored: 1 });
    expect(server.published(NOW).head & 0xff).toBe(256 - 20);
  });
});

describe("keys", () => {
  it.each([1, 2])("answers key %i with the same key, no longer than the question", (keyId) => {
    const request = sealedRequest(keyId);
    const server = serverOf({ security: keyed });
    const reply = exchange(server, request)!;
    expect(server.counts.answered).toBe(1);
    expect(reply).toHaveLength(request.length);
    const again = clients.sealWith(keyId, reply.slice(0, 48));
    expect(again).toEqual({ kind: "sealed", bytes: reply });
  });

  it.each([
    [4, "whose secret differs"],
    [5, "that is unknown"],
    [9, "that is not trusted"],
  ])("answers key %i, %s, with a crypto-NAK", (keyId) => {
    const server = serverOf({ security: keyed });
    const reply = exchange(server, sealedRequest(keyId))!;
    expect(server.counts.refusedKey).toBe(1);
    expect(reply.slice(48)).toEqual(new Uint8Array(4));
    expect(headerOf(reply)).toMatchObject({ mode: "server", stratum: 2, receive: CLOCK });
    expect(headerOf(reply).transmit).not.toBe(0n);
  });

  it("answers what has no MAC without one, and lets a MAC satisfy notrust", () => {
    expect(exchange(serverOf({ security: keyed }), requestOf({}))).toHaveLength(48);
    expect(exchange(serverOf({ security: keyed, ...restricted("notrust") }), sealedRequest(1))).toHaveLength(68);
  });

  it("does not seal by the key of the request before", () => {
    const server = serverOf({ security: keyed });
    exchange(server, sealedRequest(1));
    expect(exchange(server, requestOf({}))).toHaveLength(48);
    exchange(server, sealedRequest(1));
    expect(exchange(server, sealedRequest(5))).toHaveLength(52);
  });

  it("sends nothing when the key is gone by the time the reply leaves", () => {
    const server = serverOf({ security: keyed });
    server.receive(arrivalOf(sealedRequest(1)));
    server.configure({ ...server.settings, security: securityProvider(null) });
    expect(server.complete(server.reply, 0, 0)).toBe(0);
  });
});

describe("the rate limit", () => {
  it("is none where nobody is called limited", () => {
    const server = serverOf(restricted("kod"));
    for (let index = 0; index < 100; index += 1) expect(exchange(server, requestOf({}))).not.toBeNull();
  });

  it("kisses once under `limited kod`, drops under `limited` alone, and counts the drops", () => {
    const kissing = serverOf(restricted("limited", "kod"));
    const ends = Array.from({ length: 4 }, () => kissing.receive(arrivalOf(requestOf({}))));
    expect(ends).toEqual(["answered", "kissed", "rateLimited", "rateLimited"]);
    expect([...kissing.mru.entries()]).toMatchObject([{ count: 4, drops: 2 }]);
    const silent = serverOf(restricted("limited"));
    expect(Array.from({ length: 3 }, () => silent.receive(arrivalOf(requestOf({}))))).toEqual([
      "answered",
      "rateLimited",
      "rateLimited",
    ]);
  });

  it("leaks a quarter at random, so that nobody is muted by who asks in his name", () => {
    let draw = 0;
    const server = serverOf({ ...restricted("limited"), chance: () => (draw++ % 8) / 8 });
    const ends = Array.from({ length: 801 }, () => server.receive(arrivalOf(requestOf({}))));
    expect(ends.filter((end) => end === "answered")).toHaveLength(201);
    expect(ends.filter((end) => end === "rateLimited")).toHaveLength(600);
  });

  it("judges who proves who he is by his key: a flood in his name takes nothing from him, nor does a replay", () => {
    const server = serverOf({ ...restricted("limited", "kod"), security: keyed });
    const ask = (mono: number): Disposition =>
      server.receive(arrivalOf(sealedRequest(1, { transmit: timestamp(0xec00_0000, mono) }), { mono }));
    // What is replayed had been asked before.
    ask(100);
    for (let poll = 0; poll < 100; poll += 1) {
      const mono = 200 + poll * 16;
      for (let spoofed = 0; spoofed < 50; spoofed += 1) {
        server.receive(arrivalOf(requestOf({}), { mono }));
        server.receive(arrivalOf(sealedRequest(5), { mono }));
        server.receive(arrivalOf(sealedRequest(1, { transmit: timestamp(0xec00_0000, 100) }), { mono }));
      }
      expect(ask(mono)).toBe("answered");
    }
  });

  it("knows a recording again, however long: all of it sent again uses nothing up", () => {
    const server = serverOf({ ...restricted("limited"), security: keyed });
    const recorded = Array.from({ length: 300 }, (_, poll) =>
      sealedRequest(1, { transmit: timestamp((poll + 1) * 0x9e37_79b1, poll) }),
    );
    recorded.forEach((bytes, poll) => server.receive(arrivalOf(bytes, { mono: 100 + poll * 16 })));
    for (let poll = 0; poll < 20; poll += 1) {
      const mono = 10_000 + poll * 16;
      for (const bytes of recorded) server.receive(arrivalOf(bytes, { mono }));
      const own = sealedRequest(1, { transmit: timestamp(0xec00_0000 + poll, 1) });
      expect(server.receive(arrivalOf(own, { mono }))).toBe("answered");
    }
  });

  it("verifies a bounded number of MACs beyond the rate, and the more of a client's the fewer there are", () => {
    let verified = 0;
    const security = {
      ...keyed,
      judge: (...packet: Parameters<typeof keyed.judge>) => (verified++, keyed.judge(...packet)),
    };
    const server = serverOf({ ...restricted("limited"), security });
    const wrong = arrivalOf(sealedRequest(5));
    for (let index = 0; index < 200_000; index += 1) {
      wrong.mono = (100 + index / 100_000) as Mono;
      server.receive(wrong);
    }
    // Of two seconds, and what is in store at first.
    expect(verified).toBeGreaterThan(2.9 * VERIFICATIONS);
    expect(verified).toBeLessThanOrEqual(3 * VERIFICATIONS + 2);
    const ask = (mono: number): Disposition =>
      server.receive(arrivalOf(sealedRequest(1, { transmit: timestamp(0xec00_0000, mono) }), { mono }));
    expect(ask(101.9999)).toBe("rateLimited");
    expect(ask(102.5)).toBe("answered");
  });

  it("grants a key no more than an address", () => {
    const server = serverOf({ ...restricted("limited"), security: keyed });
    const ends = Array.from({ length: 400 }, (_, index) =>
      server.receive(
        arrivalOf(sealedRequest(1, { transmit: timestamp(0xec00_0000, index + 1) }), { mono: 100 + 2 * index }),
      ),
    );
    expect(ends.filter((end) => end === "answered").length).toBeLessThanOrEqual(8 + 800 / 6);
  });

  it("is each client's own, by address and not by port", () => {
    const server = serverOf(restricted("limited"));
    expect(exchange(server, requestOf({}), { ip: "198.51.100.7" })).not.toBeNull();
    expect(exchange(server, requestOf({}), { ip: "198.51.100.8" })).not.toBeNull();
    expect(exchange(server, requestOf({}), { ip: "198.51.100.7", port: 40_001 })).toBeNull();
  });

  it("leaves the kiss's transmit timestamp alone", () => {
    const server = serverOf(restricted("limited", "kod"));
    exchange(server, requestOf({}));
    const kiss = headerOf(exchange(server, requestOf({})));
    expect([kiss.origin, kiss.receive, kiss.transmit]).toEqual(Array(3).fill(timestamp(0xec00_0001, 0xdead_beef)));
    expect(kiss).toMatchObject({ leap: "unsynchronized", stratum: 0, poll: 6, referenceId: 0x5241_5445 });
  });

  it("seals the kiss for who has the key, and makes none for who has not", () => {
    const server = serverOf({ ...restricted("limited", "kod"), security: keyed });
    exchange(server, sealedRequest(1));
    const kiss = exchange(server, sealedRequest(1))!;
    expect(clients.sealWith(1, kiss.slice(0, 48))).toEqual({ kind: "sealed", bytes: kiss });
    expect(server.counts.kissed).toBe(1);
    const other = serverOf({ ...restricted("limited", "kod"), security: keyed });
    exchange(other, sealedRequest(5));
    expect(exchange(other, sealedRequest(5))).toBeNull();
    expect(other.counts).toMatchObject({ refusedKey: 1, rateLimited: 1 });
  });
});

describe("solicitations", () => {
  const solicited = (client: Partial<Header>, options: Parameters<typeof serverOf>[0] = {}): Disposition =>
    serverOf({ ...GROUP, ...options }).receive(arrivalOf(requestOf(client), { cast: "group" }));

  it.each([
    [0, "answered"],
    [16, "answered"],
    [3, "answered"],
    [2, "answered"],
    [1, "stratum"],
  ] as const)("of a client at stratum %i by a server at stratum 2: %s", (stratum, disposition) => {
    expect(solicited({ stratum })).toBe(disposition);
  });

  it("of who follows us are not answered, and names are no addresses", () => {
    expect(solicited({ stratum: 3, referenceId: 0xc000_0201 })).toBe("loop");
    expect(solicited({ stratum: 0, referenceId: 0xc000_0201 })).toBe("answered");
    expect(solicited({ stratum: 1, referenceId: 0xc000_0201 }, { system: { ...SYNCHRONIZED, stratum: 1 } })).toBe(
      "answered",
    );
    expect(serverOf(GROUP).receive(arrivalOf(requestOf({ stratum: 3, referenceId: 0xc000_0201 })))).toBe("answered");
  });

  it("are not answered while unsynchronized, nor by a crypto-NAK", () => {
    expect(solicited({}, { system: null })).toBe("unsynchronized");
    const server = serverOf({ ...GROUP, security: keyed });
    expect(server.receive(arrivalOf(sealedRequest(5), { cast: "group" }))).toBe("authentication");
    expect(server.receive(arrivalOf(sealedRequest(1), { cast: "broadcast" }))).toBe("answered");
  });

  it("are never kissed", () => {
    const server = serverOf({ ...GROUP, ...restricted("limited", "kod") });
    expect([1, 2, 3].map(() => server.receive(arrivalOf(requestOf({}), { cast: "group" })))).toEqual([
      "answered",
      "rateLimited",
      "rateLimited",
    ]);
  });

  it("wait, by chance; other requests do not", () => {
    const server = serverOf({ ...GROUP, chance: () => 0.75 });
    server.receive(arrivalOf(requestOf({}), { cast: "group" }));
    expect(server.reply.delay).toBe(SPREAD * 0.75);
    server.receive(arrivalOf(requestOf({})));
    expect(server.reply.delay).toBe(0);
  });

  it("are answered by a reply that outlives the next request, with T3 of when it leaves", () => {
    const server = serverOf({ ...GROUP, security: keyed });
    server.receive(arrivalOf(sealedRequest(1), { cast: "group" }));
    const kept = keepReply(server.reply);
    exchange(server, requestOf({ transmit: timestamp(1, 1) }));
    expect(server.complete(kept, 0xec00_0001 | 0, 7)).toBe(68);
    expect(headerOf(kept.bytes)).toMatchObject({
      origin: timestamp(0xec00_0001, 0xdead_beef),
      transmit: timestamp(0xec00_0001, 7),
    });
  });
});

describe("laws of any datagram", () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ minLength: 47, maxLength: 120 }))
      .map(([first, rest]) => Uint8Array.of(first, ...rest)),
    fc
      .tuple(
        fc.constantFrom(0x23, 0x21, 0x1b),
        fc.constantFrom(47, 51, 67, 71, 75, 95),
        fc.uint8Array({ minLength: 95, maxLength: 95 }),
      )
      .map(([first, length, rest]) => Uint8Array.of(first, ...rest.slice(0, length))),
  );
  const casts = fc.constantFrom<Cast>("unicast", "group", "broadcast");
  const flags = fc.subarray<RestrictFlag>(["ignore", "noserve", "noquery", "notrust", "limited", "kod", "version"]);

  it("no reply is longer than its question, none goes to modes 2, 4, 5, 6 and 7, and everything is counted once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anything, casts, fc.ipV4(), fc.nat(65_535)), { maxLength: 20 }),
        flags,
        (datagrams, restrictions) => {
          const server = serverOf({ ...GROUP, ...restricted(...restrictions), security: keyed, chance: () => 0.999 });
          for (const [bytes, cast, ip, port] of datagrams) {
            const reply = exchange(server, bytes, { cast, ip, port });
            if (reply === null) continue;
            expect(reply.length).toBeLessThanOrEqual(bytes.length);
            expect([0, 1, 3]).toContain(bytes[0]! & 7);
            expect([2, 4]).toContain(reply[0]! & 7);
            expect((reply[0]! >> 3) & 7).toBe((bytes[0]! >> 3) & 7);
            expect(reply.slice(24, 32)).toEqual(bytes.slice(40, 48));
            expect(server.reply.delay).toBeLessThan(SPREAD_MOST);
            if (cast !== "unicast") expect(reply[0]! >> 6).not.toBe(3);
          }
          expect(tallyOf(server.counts).received).toBe(datagrams.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("two servers never keep each other busy: no reply gets a reply", () => {
    fc.assert(
      fc.property(anything, flags, (bytes, restrictions) => {
        const one = serverOf({ ...restricted(...restrictions), security: keyed });
        exchange(one, bytes, { port: 123 });
        const reply = exchange(one, bytes, { port: 123 });
        if (reply !== null) expect(exchange(serverOf({ security: keyed }), reply, { port: 123 })).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});
