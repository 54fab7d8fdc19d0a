/** Autokey (RFC 5906) in the engine: a client that dances with its server in the packets themselves, and whom it believes. */
import { describe, expect } from "vitest";
import { BASE_ONCE } from "../../src/config/base.ts";
import type { AssociationConfig, EngineConfig } from "../../src/engine/port/config.ts";
import { autokeySecurity } from "../../src/security/autokey/client.ts";
import type { Credentials } from "../../src/security/autokey/credentials.ts";
import { AutokeyServer } from "../../src/security/autokey/server.ts";
import { STATUS } from "../../src/security/autokey/status.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { fromRequest, sealedBy } from "../../src/sim/oddities.ts";
import { randomOctets } from "../../src/sim/nts.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { Oddity } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { addressOctets } from "../../src/wire/address.ts";
import { MADE, madeHost } from "../support/autokey.ts";
import { speaking, WORLD } from "../support/autokey-site.ts";
import { Site, associationsOf, errorOf, notesOf } from "../support/site.ts";
import { scenario } from "../support/world.ts";

const CREDENTIALS = madeHost("srv").credentials;
const OWN = madeHost("cli", { trusted: false });

/** A server under Autokey answers so: what it does not find authentic by a crypto-NAK. */
function under(credentials: Credentials, world: SimWorld, counts: { signed: number } = { signed: 0 }): Oddity {
  const random = randomOctets(world.chance(`Autokey of ${credentials.name}`));
  const server = new AutokeyServer(credentials, random);
  return (answers, { packet, bytes, from, to }) =>
    answers.map((answer) => ({
      ...answer,
      mangle(header: Uint8Array) {
        const path = { client: addressOctets(from.ip)!, server: addressOctets(to.ip)! };
        if (!server.isAuthentic(bytes, packet, path)) return Uint8Array.of(...header, 0, 0, 0, 0);
        counts.signed += packet.extensions.length > 0 ? 1 : 0;
        const unix = Number(answer.header.receive >> 32n) - 2_208_988_800;
        return server.answer(header, packet, path, { unix, synchronized: true })!;
      },
    }));
}

const line: Partial<AssociationConfig> = { name: "srv", autokey: { ident: null } };

function client(site: Site, lines: readonly Partial<AssociationConfig>[], rest: Partial<EngineConfig> = {}): Runner {
  const random = randomOctets(site.world.chance("the client's octets"));
  const dancer = { credentials: OWN.credentials, associationId: 4711, group: null, random };
  const keys = securityProvider(null, undefined, undefined, (remote) => autokeySecurity(dancer, remote));
  return site.host("client", { clockError: -0.25, serves: false, lines, keys, rest });
}

const ONCE: Partial<EngineConfig> = {
  emptyStages: "brief",
  once: { ...BASE_ONCE, deadline: 30 },
  clock: { kind: "observe" },
  service: null,
};

describe("a query under Autokey", () => {
  scenario("has the time after three steps, one each two seconds, and asks for no signature", WORLD, (world) => {
    const site = new Site(world);
    const server = site.reference("srv", { oddities: [under(CREDENTIALS, world)] });
    const asking = client(site, [line], ONCE);
    world.run(60, () => asking.outcome !== null);
    expect(asking.outcome).toBe("ok");
    expect(Math.abs(asking.snapshot().clock.offset! - 0.25)).toBeLessThan(0.001);
    const [association] = associationsOf(asking);
    expect(association).toMatchObject({
      security: "autokey",
      authentication: "ok",
      autokey: { host: "srv", fault: null },
    });
    expect(association!.autokey!.status & (STATUS.proventic | STATUS.signed)).toBe(STATUS.proventic);
    const times = server.requests.map(({ at }) => at);
    expect(times[2]! - times[0]!).toBeGreaterThan(3.9);
    expect(server.requests.slice(0, 3).every(({ packet }) => packet.extensions.length === 1)).toBe(true);
    expect(notesOf(asking, "danced").length).toBeGreaterThanOrEqual(2);
  });

  scenario("believes nobody who does not speak it, and says so", WORLD, (world) => {
    const site = new Site(world);
    site.reference("srv", { oddities: [sealedBy("nak")] });
    const asking = client(site, [line], ONCE);
    world.run(60, () => asking.outcome !== null);
    expect(asking.outcome).toBe("authentication");
    expect(associationsOf(asking)[0]).toMatchObject({ authentication: "nak", offset: null });
  });

  scenario("believes nobody who answers in clear", WORLD, (world) => {
    const site = new Site(world);
    site.reference("srv");
    const asking = client(site, [line], ONCE);
    world.run(60, () => asking.outcome !== null);
    expect(asking.outcome).not.toBe("ok");
    expect(associationsOf(asking)[0]).toMatchObject({ authentication: "failed", offset: null });
  });

  scenario("names what is wrong with a certificate, and ends", WORLD, (world) => {
    const site = new Site(world);
    const expired = madeHost("srv", { from: MADE - 400 * 86_400 }).credentials;
    site.reference("srv", { oddities: [under(expired, world)] });
    const asking = client(site, [line], ONCE);
    world.run(60, () => asking.outcome !== null);
    expect(asking.outcome).toBe("authentication");
    expect(associationsOf(asking)[0]).toMatchObject({ reason: "authentication", autokey: { fault: "expired" } });
  });
});

describe("a daemon under Autokey", () => {
  scenario(
    "follows its server, has its certificate signed once it is synchronized, and dances anew when the server has other keys",
    WORLD,
    (world) => {
      const site = new Site(world);
      const before = under(CREDENTIALS, world);
      // Another secret of the server's makes other cookies: it answers by a crypto-NAK.
      const after = under(madeHost("srv").credentials, world);
      const server = site.reference("srv", { oddities: [before] });
      const following = client(site, [{ ...line, iburst: true, minpoll: 4, maxpoll: 4 }]);
      world.run(400);
      const [association] = associationsOf(following);
      expect(association!.autokey).toMatchObject({ fault: null });
      expect(association!.autokey!.status & 0x7f00).toBe(0x7f00);
      expect(Math.abs(errorOf(following))).toBeLessThan(0.001);

      server.script = { ...server.script, oddities: [fromRequest(1, after)] };
      world.run(800);
      const again = associationsOf(following)[0]!;
      expect(again.autokey!.status & 0x7f00).toBe(0x7f00);
      expect(again.reach).toBeGreaterThan(0);
      expect(Math.abs(errorOf(following))).toBeLessThan(0.001);
    },
  );
});

describe("the seeds' manycast site under Autokey", () => {
  const GROUP = "239.1.1.1";

  /** Two primary servers whom all trust, and a dozen dependents that find them (seed 000); and who only says that he is one of them. */
  function found(world: SimWorld): { site: Site; primaries: Runner[]; clients: Runner[]; stranger: Runner } {
    const site = new Site(world);
    const both = { manycastServer: [GROUP], discovery: { cohort: false }, limits: { maxclock: 3, minclock: 2 } };
    const polls = { minpoll: 4, maxpoll: 5 };
    const search = { kind: "manycast", name: GROUP, ttl: 7, ...polls, autokey: { ident: null } } as const;
    const primaries = [1, 2].map((number) => {
      const reference = site.reference(`gps${number}`);
      const lines = [{ name: reference.address.ip, prefer: true, iburst: true, ...polls }];
      return site.host(`primary${number}`, { ...both, lines, keys: speaking(world, `primary${number}`, true) });
    });
    const clock = site.reference("another");
    // It answers searches as the others do, with keys that nobody trusts.
    const own = [{ name: clock.address.ip, iburst: true, ...polls }];
    const stranger = site.host("stranger", { ...both, lines: own, keys: speaking(world, "stranger", false) });
    const clients = Array.from({ length: 12 }, (_, index) => index + 1).map((number) =>
      site.host(`client${number}`, { ...both, lines: [search], keys: speaking(world, `client${number}`, false) }),
    );
    return { site, primaries, clients, stranger };
  }

  scenario(
    "finds the primaries, has their proof before their time, and has its certificates signed; of the stranger nothing is believed",
    { ...WORLD, seeds: 1, trace: false },
    (world) => {
      const { site, clients } = found(world);
      world.run(1800);
      for (const client of clients) {
        const friends = site.friendsOf(client).filter((name) => name !== "stranger");
        expect(friends.filter((name) => name.startsWith("primary"))).toEqual(["primary1", "primary2"]);
        expect(Math.abs(errorOf(client))).toBeLessThan(0.001);
        for (const { autokey, authentication, security, reach } of associationsOf(client)) {
          expect(security).toBe("autokey");
          if (autokey?.host?.startsWith("primary") !== true) {
            expect([authentication, reach]).not.toEqual(["ok", expect.anything()]);
            continue;
          }
          expect([authentication, autokey.fault]).toEqual(["ok", null]);
          expect(autokey.status & 0x7f00).toBe(0x7f00);
        }
      }
    },
  );
});

describe("a server of ours under Autokey", () => {
  scenario(
    "answers who asks so, with certificates longer than the question; others in clear, and a wrong MAC by a crypto-NAK",
    WORLD,
    (world) => {
      const site = new Site(world);
      site.reference("gps");
      const server = new AutokeyServer(CREDENTIALS, randomOctets(world.chance("the server's octets")), MADE);
      const keys = securityProvider(null, undefined, undefined, undefined, server);
      site.host("srv", { lines: [{ name: "gps", iburst: true, minpoll: 4, maxpoll: 4 }], keys });
      world.run(60);
      const asking = client(site, [line], ONCE);
      const plain = site.host("plain", { serves: false, lines: [{ name: "srv" }], rest: ONCE });
      // It knows the cookie of another address.
      const { credentials } = OWN;
      const random = randomOctets(world.chance("the liar's octets"));
      const liar = securityProvider(null, undefined, undefined, () => {
        const security = autokeySecurity({ credentials, associationId: 1, group: null, random }, "10.9.9.9");
        return security;
      });
      const lying = site.host("liar", { serves: false, lines: [line], keys: liar, rest: ONCE });
      world.run(40, () => [asking, plain, lying].every(({ outcome }) => outcome !== null));
      expect([asking.outcome, plain.outcome, lying.outcome]).toEqual(["ok", "ok", "authentication"]);
      expect(associationsOf(asking)[0]).toMatchObject({ authentication: "ok", autokey: { host: "srv" } });
      expect(associationsOf(lying)[0]).toMatchObject({ authentication: "nak" });
    },
  );
});
