/**
 * Daemons in each other's company, with the default discipline and clocks that glide as a kernel's do: a clique that loses its
 * sources, a LAN that is parted, and servers that begin to lie.
 */
import { beforeAll, describe, expect } from "vitest";
import type { ClockConfig } from "../../src/engine/port/config.ts";
import type { AssociationReport } from "../../src/engine/port/snapshot.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import { silent } from "../../src/sim/oddities.ts";
import type { ErrorRecord } from "../../src/sim/record.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { ScriptedServer } from "../../src/sim/server.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { associationsOf, keysOf, Site } from "../support/site.ts";
import { scenario } from "../support/world.ts";
import { BASE_LOOP } from "../../src/config/base.ts";

const LOOP: ClockConfig = BASE_LOOP;
const BRISK = { minpoll: 3, maxpoll: 3 };
/** What Linux slews by. */
const KERNEL = 500e-6;
/** By then the clocks are right, and eight samples of each server are known. */
const SETTLED = 300;
/** Ten polls unanswered, and the eight samples of before forgotten. */
const LOST = 200;
/** Further a clock is never off, seconds. */
const TRUE = 0.001;
/** Verdicts on who tells the truth, needed or not. */
const BELIEVED = /systemPeer|survivor|outlier|backup/;
const PEERS = ["10.1.9.11", "10.1.9.12", "10.1.9.13", "10.1.9.14"] as const;

let keys: SecurityProvider;

beforeAll(async () => {
  keys = securityProvider(await keysOf("1 SHA1 a-secret-of-ours"));
});

/** Four keyed peers, each with so many references of its own; their clocks are wrong by up to a quarter of a second at first. */
class Company {
  readonly site: Site;
  /** By peer. */
  readonly references: readonly (readonly ScriptedServer[])[];
  readonly peers: readonly Runner[];
  readonly #records: readonly ErrorRecord[];

  constructor(world: SimWorld, each: number, key: number | null = 1) {
    const site = new Site(world);
    const chance = world.chance("clocks");
    this.site = site;
    this.references = PEERS.map((_, peer) =>
      Array.from({ length: each }, (_, number) => site.reference(`gps${peer + 1}.${number + 1}`)),
    );
    this.peers = PEERS.map((own, index) => {
      const servers = this.references[index]!.map(({ address }) => ({ name: address.ip, iburst: true, ...BRISK }));
      const others = PEERS.filter((ip) => ip !== own).map(
        (name) => ({ kind: "peer", name, key, iburst: false, ...BRISK }) as const,
      );
      const oscillator = { frequency: 1e-4 * (chance.uniform() - 0.5), wander: 1e-9 };
      return site.host(`peer${index + 1}`, {
        addresses: [own],
        keys,
        lines: [...servers, ...others],
        discovery: { authenticate: key !== null },
        clock: LOOP,
        steerRate: KERNEL,
        clockError: 0.5 * (chance.uniform() - 0.5),
        oscillator,
      });
    });
    world.run(SETTLED);
    this.#records = this.peers.map(({ machine }) => world.measure(machine));
  }

  /** How far any clock was off since it was settled, seconds. */
  get worst(): number {
    return Math.max(...this.#records.map((record) => record.worst()));
  }

  /** What a peer says of a host. */
  said(peer: Runner, name: string): AssociationReport {
    return associationsOf(peer).find(({ address }) => this.site.nameOf(address) === name)!;
  }
}

describe("a clique of four that steer their clocks", () => {
  scenario(
    "has the time from whoever has a source, down to one, and from the first to come back",
    { trace: false, seeds: 10 },
    (world) => {
      const company = new Company(world, 1);
      const { site, references, peers } = company;
      for (const [lost, [reference]] of references.slice(0, 3).entries()) {
        reference!.script = { ...reference!.script, oddities: [silent()] };
        world.run(LOST);
        for (const [index, peer] of peers.entries()) {
          const { stratum } = peer.snapshot().system;
          if (index <= lost) expect([site.systemPeerOf(peer)?.startsWith("peer"), stratum >= 3]).toEqual([true, true]);
          else expect(stratum).toBeLessThanOrEqual(3);
        }
      }
      expect(company.worst).toBeLessThan(TRUE);
      references[0]![0]!.script = { ...references[0]![0]!.script, oddities: [] };
      world.run(LOST);
      expect(company.said(peers[0]!, "gps1.1").verdict).toMatch(BELIEVED);
      expect(company.worst).toBeLessThan(TRUE);
    },
  );

  for (const key of [1, null])
    scenario(
      `parted in two, goes on by what each half has; joined again, is one${key === null ? ", without keys too" : ""}`,
      { trace: false, seeds: 10 },
      (world) => {
        const company = new Company(world, 1, key);
        const { peers } = company;
        const half = ["peer1", "peer2", "gps1.1", "gps2.1"];
        // A short one, in which nobody is lost altogether, and a long one.
        for (const span of [40, LOST]) {
          world.network.partitions.push({ from: world.now, until: world.now + span, stations: half });
          world.run(span);
          for (const peer of peers) {
            for (const other of peers) {
              if (other === peer || span < LOST) continue;
              const apart = half.includes(peer.machine.name) !== half.includes(other.machine.name);
              expect(
                company.said(peer, other.machine.name).reach === 0,
                `${peer.machine.name} has lost ${other.machine.name}`,
              ).toBe(apart);
            }
            expect(peer.snapshot().system.stratum).toBeLessThanOrEqual(3);
          }
          world.run(LOST);
          for (const peer of peers) for (const { reach } of associationsOf(peer)) expect(reach).toBeGreaterThan(0);
        }
        expect(company.worst).toBeLessThan(TRUE);
      },
    );
});

describe("servers of the clique that begin to lie", () => {
  scenario("by a second: are falsetickers, and believed again when they stop", { trace: false, seeds: 3 }, (world) => {
    const company = new Company(world, 3);
    const { references, peers } = company;
    const liar = references[0]![0]!.machine;
    liar.stepClock(1, null);
    world.run(LOST);
    expect(company.said(peers[0]!, liar.name)).toMatchObject({ verdict: "falseticker", reason: "outsideIntersection" });
    liar.stepClock(-1, null);
    world.run(LOST);
    expect(company.said(peers[0]!, liar.name).verdict).toMatch(BELIEVED);
    expect(company.worst).toBeLessThan(TRUE);
  });

  scenario(
    "by a millisecond a minute: are falsetickers before they have drawn a clock along",
    { trace: false, seeds: 3 },
    (world) => {
      const company = new Company(world, 3);
      const { references, peers } = company;
      const liar = references[0]![0]!.machine;
      world.every(1, () => liar.stepClock(1e-3 / 60, null));
      world.run(600);
      expect(liar.error).toBeGreaterThan(0.009);
      expect(company.said(peers[0]!, liar.name)).toMatchObject({
        verdict: "falseticker",
        reason: "outsideIntersection",
      });
      expect(company.worst).toBeLessThan(TRUE);
    },
  );
});
