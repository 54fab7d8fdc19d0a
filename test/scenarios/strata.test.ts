/**
 * Servers of a client's own stratum are avoided unless there is `cohort` (seed 002). What that means where a liar of stratum 1,
 * who has the right key, is there before the honest ones of stratum 2: whom they are heard by, and who outvotes him.
 */
import { beforeAll, describe, expect } from "vitest";
import type { SecurityProvider } from "../../src/security/security.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import type { AssociationConfig } from "../../src/engine/port/config.ts";
import { associationsOf, errorOf, keysOf, Site } from "../support/site.ts";
import type { SiteHost } from "../support/site.ts";
import { scenario } from "../support/world.ts";

const EVERYBODY = "10.1.255.255";
const GROUP = "239.1.1.1";
const SEND = { kind: "broadcast", name: EVERYBODY, minpoll: 4, key: 1 } as const;

let keys: SecurityProvider;

beforeAll(async () => {
  keys = securityProvider(await keysOf("1 SHA1 a-secret-of-ours"));
});

/** How the client finds them. */
const WAYS = {
  broadcast: { kind: "broadcastClient", name: "broadcast" },
  manycast: { kind: "manycast", name: GROUP, key: 1, ttl: 3, maxpoll: 4 },
} as const satisfies Record<string, Partial<AssociationConfig>>;

/** Five seconds wrong, of stratum 1 and with the right key; honest servers of stratum 2 that come when they are told to. */
class Village {
  readonly site: Site;
  readonly client: Runner;
  /** `cohort` is for the servers that answer searches, too. */
  readonly #discovery: NonNullable<SiteHost["discovery"]>;
  #liar: Runner | null = null;

  constructor(world: SimWorld, way: keyof typeof WAYS, spec: Pick<SiteHost, "limits" | "discovery"> = {}) {
    this.site = new Site(world);
    this.#discovery = spec.discovery ?? {};
    this.client = this.site.host("client", { broadcast: EVERYBODY, keys, lines: [WAYS[way]], ...spec });
  }

  addLiar(): void {
    const serving = { fallbacks: { local: 1, orphan: null } };
    this.#liar = this.site.host("liar", {
      broadcast: EVERYBODY,
      keys,
      serving,
      clockError: 5,
      manycastServer: [GROUP],
      lines: [SEND],
    });
  }

  silenceLiar(): void {
    this.#liar!.stop();
  }

  addHonest(): void {
    for (const number of [1, 2, 3]) {
      const gps = this.site.reference(`gps${number}`);
      this.site.host(`honest${number}`, {
        broadcast: EVERYBODY,
        keys,
        discovery: this.#discovery,
        manycastServer: [GROUP],
        lines: [{ name: gps.address.ip }, SEND],
      });
    }
  }

  get isDeceived(): boolean {
    return Math.abs(errorOf(this.client)) > 4;
  }

  get stratum(): number {
    return this.client.snapshot().system.stratum;
  }

  verdictOn(name: string): string | undefined {
    return associationsOf(this.client).find(({ address }) => this.site.nameOf(address) === name)?.verdict;
  }
}

for (const way of ["broadcast", "manycast"] as const) {
  describe(`a liar found by ${way} before anybody else`, () => {
    scenario(
      "is believed, for nobody can outvote a lone source; when he is gone, the honest are found",
      { trace: false, seeds: 2 },
      (world) => {
        const village = new Village(world, way);
        village.addLiar();
        world.run(300);
        village.addHonest();
        world.run(3000);
        expect([village.isDeceived, village.stratum]).toEqual([true, 2]);
        village.silenceLiar();
        world.run(1500);
        expect([village.isDeceived, village.stratum]).toEqual([false, 3]);
      },
    );

    for (const [name, spec] of [
      ["minsane 2", { limits: { minsane: 2 } }],
      ["cohort", { discovery: { cohort: true } }],
    ] as const) {
      scenario(`is outvoted as soon as the honest come, with ${name}`, { trace: false, seeds: 2 }, (world) => {
        const village = new Village(world, way, spec);
        village.addLiar();
        world.run(300);
        village.addHonest();
        world.run(3000);
        expect([village.isDeceived, village.stratum, village.verdictOn("liar")]).toEqual([false, 3, "falseticker"]);
      });
    }

    scenario("is outvoted if he comes after them, whatever is configured", { trace: false, seeds: 2 }, (world) => {
      const village = new Village(world, way);
      village.addHonest();
      world.run(900);
      village.addLiar();
      world.run(900);
      expect([village.isDeceived, village.stratum]).toEqual([false, 3]);
    });
  });
}
