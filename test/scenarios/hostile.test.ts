/** What attackers can do: off the path nothing, on the path no more than delay; and servers whose packets are not what they should be. */
import { beforeAll, describe, expect } from "vitest";
import type { Keyring } from "../../src/security/keyring.ts";
import { openKeyring } from "../../src/security/keyring.ts";
import { parseKeys } from "../../src/security/keyfile.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Datagram } from "../../src/sim/network.ts";
import {
  atRequest,
  badMac,
  fromElsewhere,
  mangled,
  oversized,
  says,
  sealedBy,
  truncated,
  twice,
  wrongOrigin,
} from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { Oddity } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { shift, type NtpTimestamp } from "../../src/time/timestamp.ts";
import { encodeHeader, type Header, readHeader } from "../../src/wire/header.ts";
import { scenario } from "../support/world.ts";
import { about, expectSynchronized, expectTrue, finish, notesOf, serversOf, start, verdicts } from "./oneshot.ts";

/** Does something for each question that leaves the client. What an attacker knows of it is up to the scenario. */
function forEachQuestion(world: SimWorld, then: (question: Datagram) => void): void {
  world.network.tap((datagram) => {
    if (datagram.to.port === 123) then(datagram);
    return "pass";
  });
}

/** An answer to a question such as its server would give, 1000 s ahead, but for what is changed. */
function forged(world: SimWorld, question: Datagram, change: Partial<Header> = {}): Datagram {
  const asked = readHeader(new DataView(question.bytes.buffer, question.bytes.byteOffset));
  const lie = shift(world.beginning, world.now + 1000);
  const honest: Header = {
    leap: "none",
    version: 4,
    mode: "server",
    stratum: 1,
    poll: 6,
    precision: -24,
    rootDelay: 0,
    rootDispersion: 0,
    referenceId: 0x47505300,
    reference: lie,
    origin: asked.transmit,
    receive: lie,
    transmit: lie,
  };
  return { from: question.to, to: question.from, ttl: 64, bytes: encodeHeader({ ...honest, ...change }) };
}

/** No question was answered more than once, and none in vain but the last, which a majority need not wait for. */
function expectOneSampleEach(client: Runner): void {
  for (const { id, packets } of client.snapshot().associations) {
    const samples = notesOf(client, "sample").filter((sample) => sample.id === id).length;
    expect([packets.sent, packets.sent - 1]).toContain(samples);
  }
}

/** Two answers to one question, a minute apart in what they say. */
const contradicting: Oddity = (answers, request) =>
  twice(0.001)(answers, request).map((answer, index) => {
    const { transmit } = answer.header;
    return index === 0 ? answer : { ...answer, header: { ...answer.header, transmit: shift(transmit, 60) } };
  });

const DENY: Partial<Header> = { stratum: 0, referenceId: 0x44454e59, leap: "unsynchronized" };

describe("off the path", () => {
  scenario("with the right port, but without the question's cookie, nothing is believed", { seeds: 10 }, (world) => {
    const chance = world.chance("attacker");
    const servers = serversOf(world, {}, {}, {});
    forEachQuestion(world, (question) => {
      for (let n = 0; n < 20; n++)
        world.network.inject(forged(world, question, { origin: chance.bits64() as NtpTimestamp }), 0.0001 * n);
    });
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    for (const server of servers) expect(about(client, server).packets.rejected).toBe(60);
    expect(new Set(notesOf(client, "refused").map(({ test }) => test))).toEqual(new Set(["bogus"]));
  });

  scenario("nor with an empty cookie or one of an earlier question", {}, (world) => {
    const servers = serversOf(world, {}, {});
    let last: Datagram | null = null;
    forEachQuestion(world, (question) => {
      world.network.inject(forged(world, question, { origin: 0n as NtpTimestamp }));
      const old = last;
      if (old !== null) world.network.inject({ ...forged(world, old), from: question.to, to: question.from });
      last = question;
    });
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("with the cookie, but at other ports, nothing is heard", {}, (world) => {
    const chance = world.chance("attacker");
    const servers = serversOf(world, {}, {});
    forEachQuestion(world, (question) => {
      for (let n = 0; n < 50; n++) {
        const port = 49_152 + chance.below(16_384);
        if (port !== question.from.port)
          world.network.inject({ ...forged(world, question), to: { ...question.from, port } });
      }
    });
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expect(client.snapshot().associations.map(({ packets }) => packets)).toEqual([
      { sent: 3, received: 3, rejected: 0 },
      { sent: 3, received: 3, rejected: 0 },
    ]);
  });

  scenario("with cookie and port, but from another address, nothing is heard", {}, (world) => {
    const servers = serversOf(world, {}, {});
    forEachQuestion(world, (question) => {
      for (const from of [
        { ip: "203.0.113.66", port: 123 },
        { ...question.to, port: 124 },
      ])
        world.network.inject({ ...forged(world, question), from });
    });
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expect(notesOf(client, "refused")).toEqual([]);
  });

  scenario("kisses and crypto-NAKs without the cookie end nothing and are not remembered", {}, (world) => {
    const chance = world.chance("attacker");
    const servers = serversOf(world, {}, {});
    forEachQuestion(world, (question) => {
      const origin = chance.bits64() as NtpTimestamp;
      world.network.inject(forged(world, question, { ...DENY, origin }));
      const nak = forged(world, question, { origin });
      world.network.inject({ ...nak, bytes: Uint8Array.of(...nak.bytes, 0, 0, 0, 0) });
    });
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expect(client.memory.kisses).toEqual([]);
    expect(servers.map(({ count }) => count)).toEqual([3, 3]);
  });

  scenario("junk of every kind changes nothing and raises nothing", { seeds: 20 }, (world) => {
    const chance = world.chance("attacker");
    forEachQuestion(world, (question) => {
      for (let n = 0; n < 20; n++) {
        const bytes = Uint8Array.from({ length: chance.below(200) }, () => chance.below(256));
        world.network.inject({ from: question.to, to: question.from, ttl: 64, bytes }, 0.0001 * n);
      }
    });
    const client = start(world, { servers: serversOf(world, {}, {}, {}) });
    finish(world, client);
    expectSynchronized(client);
  });
});

describe("on the path", () => {
  scenario("replayed answers are not taken a second time, at the old port or the new", {}, (world) => {
    const servers = serversOf(world, {}, {});
    const answers: Datagram[] = [];
    world.network.tap((datagram) => {
      if (datagram.from.port === 123) {
        answers.push(datagram);
        for (const delay of [0.015, 0.5]) world.network.inject(datagram, delay);
      } else {
        for (const answer of answers) world.network.inject({ ...answer, from: datagram.to, to: datagram.from }, 0.001);
      }
      return "pass";
    });
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expectOneSampleEach(client);
  });

  scenario(
    "who delays one way moves the offset, but not beyond the uncertainty that is told",
    { seeds: 10 },
    (world) => {
      const chance = world.chance("attacker");
      const delay = 0.4 * chance.uniform();
      world.network.tap((datagram) => (datagram.from.port === 123 ? { delay } : "pass"));
      const client = start(world, { servers: serversOf(world, {}), command: "query", options: { samples: 4 } });
      expect(finish(world, client)).toBe("ok");
      expectTrue(client, client.machine.error);
    },
  );

  scenario("who drops everything is the same as a dead server", {}, (world) => {
    world.network.tap(() => "drop");
    const client = start(world, { servers: serversOf(world, {}, {}) });
    expect(finish(world, client)).toBe("no-reply");
  });
});

describe("with keys", () => {
  let keyring: Keyring;
  beforeAll(async () => {
    const { keys } = parseKeys(
      "1 SHA1 a-secret-of-ours\n2 MD5 an-older-one\n3 AES128CMAC HEX:000102030405060708090a0b0c0d0e0f\n",
      { format: "auto", file: "keys" },
    );
    keyring = (await openKeyring(keys, "all")).keyring;
  });
  const keyed = (...oddities: Parameters<typeof serversOf>[1][]): Parameters<typeof serversOf>[1][] =>
    oddities.map((options) => ({ security: securityProvider(keyring), ...options }));

  scenario("authentic answers set the clock", {}, (world) => {
    const servers = serversOf(world, ...keyed({}, {}, {}));
    const client = start(world, { servers, keyring, options: { key: 3 } });
    finish(world, client);
    expectSynchronized(client);
    expect(about(client, servers[0]!)).toMatchObject({ authentication: "ok", security: "key", keyId: 3 });
  });

  scenario("an old key, a broken MAC and none at all are not believed", {}, (world) => {
    const servers = serversOf(
      world,
      ...keyed({ oddities: [sealedBy(2)] }, { oddities: [badMac()] }, { oddities: [sealedBy(null)] }),
    );
    const client = start(world, { servers, keyring, options: { key: 1 } });
    expect(finish(world, client)).toBe("authentication");
    expect(verdicts(client)).toEqual(Array(3).fill("rejected: authentication"));
    expect(client.snapshot().associations.map(({ authentication }) => authentication)).toEqual([
      "failed",
      "failed",
      "failed",
    ]);
  });

  scenario("the server's crypto-NAK ends the run, and says why", {}, (world) => {
    const servers = serversOf(world, ...keyed({ oddities: [sealedBy("nak")] }));
    const client = start(world, { servers, keyring, options: { key: 1 } });
    expect(finish(world, client)).toBe("authentication");
    expect(about(client, servers[0]!)).toMatchObject({ authentication: "nak", reason: "authentication" });
    expect(servers[0]!.count).toBe(1);
  });

  scenario(
    "somebody on the path without the key can forge neither time nor kiss; the true answer still counts",
    {},
    (world) => {
      const servers = serversOf(world, ...keyed({}, {}, {}));
      forEachQuestion(world, (question) => {
        world.network.inject(forged(world, question), 0.001);
        world.network.inject(forged(world, question, DENY), 0.002);
        const sealed = forged(world, question);
        world.network.inject(
          { ...sealed, bytes: Uint8Array.of(...sealed.bytes, 0, 0, 0, 1, ...new Uint8Array(20).fill(7)) },
          0.003,
        );
      });
      const client = start(world, { servers, keyring, options: { key: 1 } });
      finish(world, client);
      expectSynchronized(client);
      expect(client.memory.kisses).toEqual([]);
      expect(client.snapshot().system).toMatchObject({ truechimers: 3, falsetickers: 0 });
      for (const server of servers) expect(about(client, server).packets).toMatchObject({ sent: 3, rejected: 9 });
    },
  );
});

describe("servers whose packets are not what they should be", () => {
  scenario("truncated to any length: no answer, and no exception", { seeds: 48 }, (world) => {
    const length = (Number(world.seed) - 1) % 48;
    const client = start(world, { servers: serversOf(world, { oddities: [truncated(length)] }, {}, {}) });
    finish(world, client);
    expectSynchronized(client);
    expect(about(client, "192.0.2.1").verdict).toBe("rejected");
    expect(new Set(notesOf(client, "refused").map(({ test }) => test))).toEqual(new Set(["tooShort"]));
  });

  scenario("oversized: no answer, and no exception", {}, (world) => {
    const lengths = [4097, 65_000, 1200];
    const client = start(world, {
      servers: serversOf(world, ...lengths.map((length) => ({ oddities: [oversized(length)] })), {}, {}, {}, {}),
    });
    finish(world, client);
    expectSynchronized(client);
    expect(
      verdicts(client)
        .slice(0, 3)
        .every((verdict) => verdict.startsWith("rejected")),
    ).toBe(true);
  });

  scenario("with flipped bits: never an exception, and the majority decides", { seeds: 20 }, (world) => {
    const chance = world.chance("bits");
    const flipped = mangled((bytes) => {
      const changed = bytes.slice();
      for (let n = 1 + chance.below(5); n > 0; n--) changed[chance.below(changed.length)]! ^= 1 << chance.below(8);
      return changed;
    });
    const client = start(world, {
      servers: serversOf(world, { oddities: [flipped] }, {}, {}, {}, { oddities: [flipped] }),
    });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("with a wrong origin: all of it is refused", {}, (world) => {
    const client = start(world, { servers: serversOf(world, { oddities: [wrongOrigin()] }) });
    expect(finish(world, client)).toBe("no-reply");
    expect(new Set(notesOf(client, "refused").map(({ test }) => test))).toEqual(new Set(["bogus"]));
    expect(client.snapshot().clock.offset).toBeNull();
  });

  scenario("of another mode or version", {}, (world) => {
    const odd = [
      says({ mode: "client" }),
      says({ mode: "broadcast" }),
      says({ mode: "symmetricActive" }),
      says({ mode: "control" }),
      says({ version: 0 }),
      says({ version: 7 }),
    ];
    const client = start(world, { servers: serversOf(world, ...odd.map((one) => ({ oddities: [one] }))) });
    expect(finish(world, client)).toBe("no-reply");
    expect(client.snapshot().clock.offset).toBeNull();
  });

  scenario("from another of its addresses or ports: not heard, since nobody asked that one", {}, (world) => {
    const elsewhere = [{ ip: "192.0.2.77" }, { port: 1123 }].map((from) => ({ oddities: [fromElsewhere(from)] }));
    const client = start(world, { servers: serversOf(world, ...elsewhere) });
    expect(finish(world, client)).toBe("no-reply");
    expect(client.snapshot().associations.map(({ packets }) => packets.received)).toEqual([0, 0]);
  });

  scenario("that come twice: one sample each", {}, (world) => {
    const servers = serversOf(
      world,
      { oddities: [twice(0)] },
      { oddities: [twice(0.0001)] },
      { oddities: [twice(0.7)] },
    );
    const client = start(world, { servers });
    finish(world, client);
    expectSynchronized(client);
    expectOneSampleEach(client);
  });

  scenario("that come twice with two different times: the first counts, the second is nothing", {}, (world) => {
    const client = start(world, { servers: serversOf(world, { oddities: [contradicting] }) });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("that come twice with two different times before it is known when the question left", {}, (world) => {
    const client = start(world, { servers: serversOf(world, { oddities: [contradicting] }), stamps: { late: 0.3 } });
    finish(world, client);
    expectSynchronized(client);
  });

  scenario("once wrong, then right", {}, (world) => {
    const client = start(world, {
      servers: serversOf(world, { oddities: [atRequest(1, truncated(3)), atRequest(2, wrongOrigin())] }),
    });
    finish(world, client);
    expectSynchronized(client);
  });
});
