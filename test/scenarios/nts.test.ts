/** Network Time Security (RFC 8915): a client that has its keys established, and what it makes of everything that can go wrong. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BASE_ONCE } from "../../src/config/base.ts";
import { OUTCOMES } from "../../src/engine/port/outcome.ts";
import { ESTABLISH_FAULTS, type EstablishFault } from "../../src/engine/port/establish.ts";
import type { AssociationConfig, EngineConfig } from "../../src/engine/port/config.ts";
import { retryInterval } from "../../src/engine/keys/keys.ts";
import { loadAeads, type MakeAead } from "../../src/security/nts/aead.ts";
import { ntsSecurity } from "../../src/security/nts/client.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { SimNts, randomOctets, type KeyScript } from "../../src/sim/nts.ts";
import { during, kiss, lies, mangled, silent, when } from "../../src/sim/oddities.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { Oddity, ScriptedServer, ServerOptions } from "../../src/sim/server.ts";
import { createWorld, type HostOptions, type SimWorld } from "../../src/sim/world.ts";
import { NTS_FIELDS } from "../../src/wire/nts.ts";
import { Site, associationsOf, errorOf, notesOf } from "../support/site.ts";
import { scenario } from "../support/world.ts";

let makeAead: MakeAead;
beforeAll(async () => {
  makeAead = await loadAeads();
});

/** A server under NTS, which establishes its own keys. */
function secured(
  site: Site,
  name: string,
  script: KeyScript = {},
  options: HostOptions & ServerOptions = {},
): { readonly server: ScriptedServer; readonly nts: SimNts } {
  const nts = new SimNts(makeAead, site.world.chance(`nts of ${name}`), script);
  const server = site.reference(name, { nts, ...options });
  site.world.establishes(server.machine, nts);
  return { server, nts };
}

const under = (name: string, more: Partial<AssociationConfig> = {}): Partial<AssociationConfig> => ({
  name,
  nts: true,
  port: 4460,
  ...more,
});

/** A run that goes on, and does not touch its clock. */
function daemon(
  site: Site,
  lines: readonly Partial<AssociationConfig>[],
  options: HostOptions & { readonly rest?: Partial<EngineConfig> } = {},
): Runner {
  const random = randomOctets(site.world.chance("the client's octets"));
  const keys = securityProvider(null, () => ntsSecurity(makeAead, random));
  return site.host("client", { clockError: -0.25, serves: false, lines, keys, ...options });
}

/** A query. */
function query(site: Site, lines: readonly Partial<AssociationConfig>[], once: Partial<typeof BASE_ONCE> = {}): Runner {
  const rest: Partial<EngineConfig> = {
    emptyStages: "brief",
    once: { ...BASE_ONCE, deadline: 15, ...once },
    clock: { kind: "observe" },
    service: null,
  };
  return daemon(site, lines, { rest });
}

function finish(world: SimWorld, client: Runner): string | null {
  world.run(60, () => client.outcome !== null);
  return client.outcome;
}

/** Every cookie that was sent to a server, as text. */
function cookiesSentTo({ requests }: ScriptedServer): string[] {
  return requests.flatMap(({ packet }) =>
    packet.extensions
      .filter(({ type }) => type === NTS_FIELDS.cookie)
      .map(({ value }) => Buffer.from(value).toString("hex")),
  );
}

describe("a query under NTS", () => {
  scenario("has its keys established, and asks by them alone", {}, (world) => {
    const site = new Site(world);
    const { server, nts } = secured(site, "ntp1");
    const client = query(site, [under("ntp1")]);
    expect(finish(world, client)).toBe("ok");
    expect(client.snapshot().associations).toMatchObject([
      { name: "ntp1", port: 123, authentication: "ok", security: "nts", nts: { cookies: 8, attempts: 0, fault: null } },
    ]);
    expect(Math.abs(errorOf(client))).toBeLessThan(0.001);
    expect([nts.handshakes, nts.counts]).toEqual([1, { plain: 0, authentic: 1, nak: 0, malformed: 0 }]);
    expect(server.count).toBe(1);
  });

  scenario("is answered under an AEAD with shorter cookies where no other passes", {}, (world) => {
    const site = new Site(world);
    const longest = when(({ bytes }) => bytes.length > 210, silent());
    const { nts } = secured(site, "ntp1", {}, { oddities: [longest] });
    const client = query(site, [under("ntp1")]);
    expect(finish(world, client)).toBe("ok");
    expect(client.snapshot().associations).toMatchObject([{ authentication: "ok", nts: { reduced: "aead" } }]);
    expect(nts.handshakes).toBe(2);
  });

  scenario("asks nothing without NTS, and no other AEAD twice, where nothing passes at all", {}, (world) => {
    const site = new Site(world);
    const { server, nts } = secured(site, "ntp1", {}, { oddities: [silent()] });
    const client = query(site, [under("ntp1")]);
    expect(finish(world, client)).toBe("no-reply");
    expect([nts.handshakes, nts.counts.plain]).toEqual([2, 0]);
    expect(cookiesSentTo(server)).toHaveLength(server.count);
  });

  scenario("goes to the servers and the ports that were negotiated, by name or by address", {}, (world) => {
    const site = new Site(world);
    const { nts } = secured(site, "ke");
    const other = site.reference("ntp1", { nts, port: 1123 });
    const client = query(site, [under("ke"), under("ke2")]);
    const second = secured(site, "ke2", { server: "ntp2" });
    const literal = site.reference("ntp2", { nts: second.nts });
    nts.script = { server: other.machine.address(), port: 1123 };
    expect(finish(world, client)).toBe("ok");
    expect(client.snapshot().associations).toMatchObject([
      { name: "ke", address: other.machine.address(), port: 1123, authentication: "ok" },
      { name: "ke2", address: literal.machine.address(), port: 123, authentication: "ok" },
    ]);
    expect([other.count, literal.count, second.server.count]).toEqual([1, 1, 0]);
  });

  scenario("ends with 11 where the server that was negotiated has a name without address", {}, (world) => {
    const site = new Site(world);
    secured(site, "ke", { server: "nowhere" });
    const client = query(site, [under("ke")]);
    expect(finish(world, client)).toBe("resolve");
  });

  scenario("turns to another address of the name where the first has no key establishment", {}, (world) => {
    const site = new Site(world);
    const deaf = site.reference("deaf");
    const { server } = secured(site, "ntp2");
    world.names.set("ntp", { addresses: [deaf.machine.address(), server.machine.address()] });
    const client = query(site, [under("ntp")]);
    expect(finish(world, client)).toBe("ok");
    expect(client.snapshot().associations).toMatchObject([{ address: server.machine.address(), port: 123 }]);
    expect(deaf.count).toBe(0);
  });

  scenario(
    "turns to another address of the name where the first gives keys, and nobody answers by them",
    {},
    (world) => {
      const site = new Site(world);
      const mute = secured(site, "mute", {}, { oddities: [silent()] });
      const { server } = secured(site, "ntp2");
      world.names.set("ntp", { addresses: [mute.server.machine.address(), server.machine.address()] });
      const client = query(site, [under("ntp")]);
      expect(finish(world, client)).toBe("ok");
      expect(client.snapshot().associations).toMatchObject([
        { address: server.machine.address(), authentication: "ok" },
      ]);
    },
  );

  it.each(Object.keys(ESTABLISH_FAULTS).map((fault) => [fault as EstablishFault]))(
    "that gets no keys (%s) asks nothing, says why, and has the exit code of that",
    (fault) => {
      const site = new Site(createWorld({ seed: fault }));
      const { server } = secured(site, "ntp1", { fault });
      const client = query(site, [under("ntp1")]);
      const outcome = finish(site.world, client);
      const expected = { tcp: 10, dns: 11, tls: 15, alpn: 15, certificate: 15, records: 15 }[
        ESTABLISH_FAULTS[fault].step
      ];
      expect(OUTCOMES[outcome as keyof typeof OUTCOMES].exitCode).toBe(expected);
      expect(client.snapshot().associations[0]!.nts!.fault).toMatchObject({ name: fault });
      expect(server.count).toBe(0);
    },
  );

  scenario("waits for no key establishment beyond its deadline", {}, (world) => {
    const site = new Site(world);
    secured(site, "ntp1", { delay: 100 });
    const client = query(site, [under("ntp1")]);
    expect(finish(world, client)).toBe("deadline");
    expect(world.now).toBeLessThan(15.1);
  });

  scenario("has one server under NTS and one that is not, each as its line says", {}, (world) => {
    const site = new Site(world);
    secured(site, "ntp1");
    site.reference("ntp2");
    const client = query(site, [under("ntp1"), { name: "ntp2" }]);
    expect(finish(world, client)).toBe("ok");
    expect(
      client.snapshot().associations.map(({ security, authentication }) => `${security} ${authentication}`),
    ).toEqual(["nts ok", "none none"]);
  });

  scenario("waits for the network before its handshake, too", {}, (world) => {
    const site = new Site(world);
    const { server } = secured(site, "ntp1");
    const random = randomOctets(world.chance("octets"));
    const client = site.host("client", {
      serves: false,
      lines: [under(server.machine.address())],
      keys: securityProvider(null, () => ntsSecurity(makeAead, random)),
      down: [{ from: 0, until: 5 }],
      rest: {
        emptyStages: "brief",
        once: { ...BASE_ONCE, deadline: 30, waitNetwork: 20 },
        clock: { kind: "observe" },
        service: null,
      },
    });
    expect(finish(world, client)).toBe("ok");
    expect(world.now).toBeGreaterThan(5);
  });

  scenario("whose server answers nothing but NAK ends with 15, after one handshake", {}, (world) => {
    const site = new Site(world);
    const { nts } = secured(site, "ntp1");
    const client = query(site, [under("ntp1")]);
    world.every(0.02, () => nts.rotate(0));
    expect(finish(world, client)).toBe("authentication");
    expect(client.snapshot().associations).toMatchObject([{ reason: "authentication", authentication: "nak" }]);
    expect(nts.handshakes).toBe(1);
  });

  scenario("obeys a DENY that nobody vouches for, if it answers its question", {}, (world) => {
    const site = new Site(world);
    const deny: Oddity = (answers) =>
      answers.map((answer) => ({
        ...kiss("DENY")([answer], null as never)[0]!,
        nts: {
          kind: "nak",
          uniqueIdentifier: (answer.nts as { request: { uniqueIdentifier: Uint8Array } }).request.uniqueIdentifier,
        },
        mangle: (bytes) => {
          const changed = bytes.slice();
          changed.set(Buffer.from("DENY"), 12);
          return changed;
        },
      }));
    const { server } = secured(site, "ntp1", {}, { oddities: [deny] });
    const client = query(site, [under("ntp1")]);
    expect(finish(world, client)).toBe("kiss");
    expect(client.memory.kisses).toMatchObject([{ ip: server.machine.address(), port: 123, code: "DENY" }]);
  });
});

describe("a daemon under NTS", () => {
  scenario("has cookies through 30 % loss, sends none twice, and shakes hands once", { seeds: 3 }, (world) => {
    const site = new Site(world);
    const { server, nts } = secured(site, "ntp1", {}, { link: { delay: 0.001, loss: 0.16 } });
    const client = daemon(site, [under("ntp1")]);
    world.run(3600);
    const sent = cookiesSentTo(server);
    expect(sent.length).toBeGreaterThan(150);
    expect(new Set(sent).size).toBe(sent.length);
    expect(nts.handshakes).toBe(1);
    expect(associationsOf(client)).toMatchObject([{ authentication: "ok", verdict: "systemPeer" }]);
  });

  scenario(
    "asks for fewer cookies at a time where longer requests are lost, says so, and need hardly shake hands again",
    { seeds: 3 },
    (world) => {
      const site = new Site(world);
      const longest = when(({ bytes }) => bytes.length > 500, silent());
      const { server, nts } = secured(site, "ntp1", {}, { oddities: [longest], link: { delay: 0.001, loss: 0.1 } });
      const client = daemon(site, [under("ntp1")]);
      world.run(3 * 3600);
      // Mostly by placeholders; an AEAD with shorter cookies does, too, where eight in a row were lost.
      expect(notesOf(client, "reduced")).toHaveLength(1);
      expect(associationsOf(client)).toMatchObject([{ authentication: "ok", nts: { reduced: expect.any(String) } }]);
      // To find out takes five cookies.
      expect(nts.handshakes).toBeLessThanOrEqual(2);
      const sent = cookiesSentTo(server);
      expect(new Set(sent).size).toBe(sent.length);
    },
  );

  scenario("turns to an AEAD with shorter cookies where not even the shortest request is answered", {}, (world) => {
    const site = new Site(world);
    const longest = when(({ bytes }) => bytes.length > 210, silent());
    const { nts } = secured(site, "ntp1", {}, { oddities: [longest] });
    const client = daemon(site, [under("ntp1")]);
    world.run(600);
    expect(notesOf(client, "reduced")).toMatchObject([{ by: "aead" }]);
    expect(associationsOf(client)).toMatchObject([{ authentication: "ok", nts: { reduced: "aead", cookies: 8 } }]);
    expect(nts.handshakes).toBe(2);
  });

  scenario("has keys established anew when the server's are rotated away, and goes on", {}, (world) => {
    const site = new Site(world);
    const { nts } = secured(site, "ntp1");
    const client = daemon(site, [under("ntp1")]);
    world.run(600);
    nts.rotate(1);
    world.run(600);
    expect([nts.handshakes, nts.counts.nak]).toEqual([1, 0]);
    nts.rotate(0);
    world.run(60);
    // Between the two it is asked as before (RFC 8915 §5.7), and says so again.
    expect([nts.handshakes, nts.counts.nak]).toEqual([2, 2]);
    const before = nts.counts.authentic;
    world.run(200);
    expect(nts.counts.authentic).toBeGreaterThan(before);
    expect(associationsOf(client)).toMatchObject([{ authentication: "ok", reach: 255 }]);
  });

  scenario("lets a forged NAK cost it nothing, where the answer comes all the same", {}, (world) => {
    const site = new Site(world);
    const forged: Oddity = (answers) =>
      answers.flatMap((answer) => {
        if (answer.nts?.kind !== "authentic") return [answer];
        const { uniqueIdentifier } = answer.nts.request;
        return [{ ...answer, nts: { kind: "nak", uniqueIdentifier }, delay: answer.delay / 2 }, answer];
      });
    const { nts } = secured(site, "ntp1", {}, { oddities: [forged] });
    const client = daemon(site, [under("ntp1")]);
    world.run(1200);
    expect(nts.handshakes).toBe(1);
    expect(associationsOf(client)).toMatchObject([{ authentication: "ok", reach: 255 }]);
  });

  scenario(
    "is out of reach while its cookies are spent on silence, and tries new keys ever more rarely",
    { seeds: 2 },
    (world) => {
      const site = new Site(world);
      const { server, nts } = secured(site, "ntp1", {}, { oddities: [during(300, 3000, silent())] });
      const client = daemon(site, [under("ntp1")]);
      world.run(2990);
      expect(associationsOf(client)).toMatchObject([{ reach: 0, verdict: "rejected" }]);
      // Eight cookies a handshake, and each handshake half as long again after the one before.
      expect(nts.handshakes).toBeLessThan(15);
      world.run(3000);
      expect(associationsOf(client)[0]!.reach).not.toBe(0);
      const sent = cookiesSentTo(server);
      expect(new Set(sent).size).toBe(sent.length);
    },
  );

  scenario(
    "waits between handshakes that fail as long as RFC 8915 §4.2 has it, and asks nothing meanwhile",
    {},
    (world) => {
      const site = new Site(world);
      const { server } = secured(site, "ntp1", { fault: "tls", delay: 0 });
      const client = daemon(site, [under("ntp1")]);
      world.run(1000);
      const begun = client.notes.flatMap(({ at, note }) => (note.what === "establishing" ? [at] : []));
      const waits = begun.slice(1).map((at, index) => at - begun[index]!);
      expect(waits.length).toBeGreaterThan(6);
      for (const [index, wait] of waits.entries()) {
        expect(wait).toBeGreaterThan(retryInterval(index + 1) * 0.999);
        expect(wait).toBeLessThan(retryInterval(index + 1) + 0.1);
      }
      expect(server.count).toBe(0);
      expect(associationsOf(client)).toMatchObject([{ reach: 0, reason: "authentication", authentication: "failed" }]);
    },
  );

  scenario("follows its key establishment to another server, and begins there with an empty filter", {}, (world) => {
    const site = new Site(world);
    const { server, nts } = secured(site, "ke");
    const other = site.reference("ntp2", { nts, clockError: 0.01 });
    const client = daemon(site, [under("ke")]);
    world.run(300);
    const before = server.count;
    nts.script = { server: other.machine.address() };
    nts.rotate(0);
    world.run(300);
    expect(associationsOf(client)).toMatchObject([{ address: other.machine.address(), authentication: "ok" }]);
    expect(server.count).toBeLessThan(before + 3);
    expect(Math.abs(errorOf(client) - 0.01)).toBeLessThan(0.001);
  });

  scenario("whose two names lead to one server holds it once", {}, (world) => {
    const site = new Site(world);
    const { server, nts } = secured(site, "ke1");
    const second = site.reference("ke2");
    world.establishes(second.machine, nts);
    nts.script = { server: server.machine.address() };
    const client = daemon(site, [under("ke1"), under("ke2")]);
    world.run(300);
    expect(client.snapshot().associations.map(({ reason }) => reason)).toEqual([null, "duplicate"]);
    expect(second.count).toBe(0);
  });

  scenario(
    "goes on with the handshake that is out when its line stays, and is rid of it when the line goes",
    {},
    (world) => {
      const site = new Site(world);
      const { nts } = secured(site, "ntp1", { delay: 20 });
      const client = daemon(site, [under("ntp1")]);
      world.run(5);
      site.reconfigure("client", { lines: [under("ntp1", { prefer: true })] });
      world.run(20);
      expect(nts.handshakes).toBe(1);
      expect(associationsOf(client)).toMatchObject([{ authentication: "ok" }]);
      site.reconfigure("client", { lines: [under("ntp1"), under("ntp2")] });
      secured(site, "ntp2", { delay: 20 });
      site.reconfigure("client", { lines: [] });
      world.run(60);
      expect(associationsOf(client)).toEqual([]);
      expect(notesOf(client, "established")).toHaveLength(1);
    },
  );

  scenario("takes a line that is under NTS no more for another line, and so the reverse", {}, (world) => {
    const site = new Site(world);
    const { server, nts } = secured(site, "ntp1");
    world.establishes(server.machine, nts, 123);
    const client = daemon(site, [under("ntp1", { port: 123 })]);
    const means = (): unknown =>
      associationsOf(client).map(({ security, authentication }) => `${security} ${authentication}`);
    world.run(100);
    expect(means()).toEqual(["nts ok"]);
    site.reconfigure("client", { lines: [{ name: "ntp1", port: 123 }] });
    world.run(100);
    expect(means()).toEqual(["none none"]);
    site.reconfigure("client", { lines: [under("ntp1", { port: 123 })] });
    world.run(100);
    expect(means()).toEqual(["nts ok"]);
  });
});

/** What may go wrong for a while, or at a moment. */
const FAULTS = [
  "noKeys",
  "slowKeys",
  "silence",
  "rotation",
  "unprotectedLies",
  "lyingNak",
  "flippedBit",
  "replay",
  "noCookies",
  "stripped",
  "longLost",
] as const;

/** One of them, when, and for how long, seconds. */
interface Trouble {
  readonly fault: (typeof FAULTS)[number];
  readonly from: number;
  readonly lasting: number;
  readonly bit: number;
}

/** Whoever is on the path says that it is so much later, seconds. */
const LIE = 100;

function oddityOf(fault: (typeof FAULTS)[number], bit: number): Oddity | null {
  let last: Uint8Array | null = null;
  switch (fault) {
    case "silence":
      return silent();
    case "unprotectedLies":
      // Before the true answer, which may come or not.
      return (answers, request) => [
        ...lies(LIE)(answers, request).map((answer) => ({ ...answer, nts: null, delay: answer.delay / 2 })),
        ...answers.filter(() => bit % 2 === 0),
      ];
    case "lyingNak":
      return (answers) =>
        answers.flatMap((answer) =>
          answer.nts?.kind === "authentic"
            ? [{ ...answer, nts: { kind: "nak", uniqueIdentifier: answer.nts.request.uniqueIdentifier } }]
            : [answer],
        );
    case "flippedBit":
      return mangled((bytes) => {
        const changed = bytes.slice();
        const at = bit % (bytes.length * 8);
        changed[at >> 3]! ^= 1 << (at & 7);
        return changed;
      });
    case "longLost":
      // Some of the placeholders, all of them, or the shortest request of AES-SIV.
      return when(({ bytes }) => bytes.length > [210, 300, 500][bit % 3]!, silent());
    case "replay":
      return mangled((bytes) => {
        const old = last ?? bytes;
        last = bytes;
        return old;
      });
    case "stripped":
      return mangled((bytes) => {
        const bare = Buffer.from(bytes.slice(0, 48));
        for (const seconds of [32, 40]) bare.writeUInt32BE(bare.readUInt32BE(seconds) + LIE, seconds);
        return bare;
      });
    case "noKeys":
    case "slowKeys":
    case "rotation":
    case "noCookies":
      return null;
  }
}

describe("whatever goes wrong", () => {
  it("no time is taken that nobody vouches for, no cookie is sent twice, nothing is asked without one, and it ends when the fault does", () => {
    const trouble = (faults: readonly (typeof FAULTS)[number][]): fc.Arbitrary<Trouble> =>
      fc.record({
        fault: fc.constantFrom(...faults),
        from: fc.integer({ min: 0, max: 500 }),
        lasting: fc.integer({ min: 1, max: 200 }),
        bit: fc.nat(),
      });
    fc.assert(
      fc.property(
        fc.nat(),
        fc.tuple(trouble(["unprotectedLies", "stripped"]), trouble(FAULTS), trouble(FAULTS), trouble(FAULTS)),
        fc.constantFrom(0, 0.2),
        (seed, troubles, loss) => {
          const world = createWorld({ seed });
          const site = new Site(world);
          const oddities = troubles.flatMap(({ fault, from, lasting, bit }) => {
            const oddity = oddityOf(fault, bit);
            return oddity === null ? [] : [during(from, from + lasting, oddity)];
          });
          const { server, nts } = secured(site, "ntp1", {}, { oddities, link: { delay: 0.001, loss } });
          for (const { fault, from, lasting } of troubles) {
            const script: KeyScript | null =
              fault === "noKeys"
                ? { fault: "cut" }
                : fault === "slowKeys"
                  ? { delay: 30 }
                  : fault === "noCookies"
                    ? { cookies: 1 }
                    : null;
            if (fault === "rotation") world.at(from, () => nts.rotate(0));
            if (script === null) continue;
            world.at(from, () => void (nts.script = script));
            world.at(from + lasting, () => void (nts.script = {}));
          }
          const client = daemon(site, [under("ntp1")]);
          world.run(1500);

          for (const { offset } of notesOf(client, "sample")) expect(Math.abs(offset)).toBeLessThan(1);
          expect(nts.counts.plain).toBe(0);
          const sent = cookiesSentTo(server);
          expect(sent.length).toBe(server.count);
          expect(new Set(sent).size).toBe(sent.length);
          expect(associationsOf(client)).toMatchObject([
            { security: "nts", authentication: "ok", verdict: "systemPeer" },
          ]);
        },
      ),
      { numRuns: 8 },
    );
  });
});

describe("the retry interval", () => {
  it("grows by half from ten seconds to five days", () => {
    expect([1, 2, 3].map(retryInterval)).toEqual([10, 15, 22.5]);
    expect(retryInterval(100)).toBe(432_000);
    expect(retryInterval(100_000)).toBe(432_000);
  });
});
