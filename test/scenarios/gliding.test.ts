/** Peers that steer their clocks, which glide as a kernel's do or are stepped, and what they measure of each other meanwhile. */
import { beforeAll, describe, expect } from "vitest";
import type { ClockConfig } from "../../src/engine/port/config.ts";
import type { SecurityProvider } from "../../src/security/security.ts";
import { securityProvider } from "../../src/security/symmetric.ts";
import type { Runner } from "../../src/sim/runner.ts";
import type { SimWorld } from "../../src/sim/world.ts";
import { associationsOf, keysOf, notesOf, Site } from "../support/site.ts";
import { scenario } from "../support/world.ts";
import { BASE_LOOP } from "../../src/config/base.ts";

const ADDRESSES = ["10.1.0.11", "10.1.0.12"] as const;
const LOOP: ClockConfig = BASE_LOOP;
const BRISK = { minpoll: 3, maxpoll: 3 };
/** What Linux slews by. */
const KERNEL = 500e-6;

let keys: SecurityProvider;

beforeAll(async () => {
  keys = securityProvider(await keysOf("1 SHA1 a-secret-of-ours"));
});

/** Two keyed peers with a reference each; the clock of the first is wrong. */
function pair(world: SimWorld, clockError: number): readonly [Runner, Runner] {
  const site = new Site(world);
  const host = (index: 0 | 1, error: number): Runner => {
    const reference = site.reference(`gps${index + 1}`).address.ip;
    const lines = [
      { name: reference, iburst: true, ...BRISK },
      { kind: "peer", name: ADDRESSES[1 - index]!, key: 1, iburst: false, ...BRISK },
    ] as const;
    return site.host(`peer${index + 1}`, {
      addresses: [ADDRESSES[index]],
      keys,
      lines,
      clock: LOOP,
      steerRate: KERNEL,
      clockError: error,
      oscillator: { frequency: 20e-6 },
    });
  };
  return [host(0, clockError), host(1, 0)];
}

/** The longest round trip that two peers have measured between them. */
function farthest(peers: readonly Runner[]): number {
  const own = new Set<string>(ADDRESSES);
  return Math.max(
    ...peers.flatMap((peer) =>
      notesOf(peer, "sample")
        .filter(({ address }) => own.has(address.ip))
        .map(({ delay }) => delay),
    ),
  );
}

describe("near peers are measured as near", () => {
  for (const error of [0.08, -0.08])
    scenario(`while the clock of one glides by ${error * 1000} ms`, { seeds: 5 }, (world) => {
      const peers = pair(world, error);
      // It is set when nobody who has not been heard could outvote its reference; until then it drifts.
      world.run(30);
      const right = world.measure(peers[1].machine);
      world.run(30);
      // It says what it is off by, and the other has no reason to follow it.
      const [wrong] = associationsOf(peers[1]).filter(({ mode }) => mode === "symmetricActive");
      expect(Math.abs(peers[0].machine.error)).toBeGreaterThan(0.04);
      expect(wrong!.rootDispersion).toBeGreaterThan(0.04);
      world.run(240);
      expect(farthest(peers)).toBeLessThan(0.001);
      expect(right.worst()).toBeLessThan(0.0005);
      for (const { machine } of peers) expect(Math.abs(machine.error)).toBeLessThan(0.0005);
    });

  for (const error of [0.25, -0.25])
    scenario(`when the clock of one was stepped by ${error * 1000} ms`, { seeds: 5 }, (world) => {
      const peers = pair(world, error);
      world.run(300);
      expect(notesOf(peers[0], "clockStepped")).toHaveLength(1);
      expect(farthest(peers)).toBeLessThan(0.001);
      for (const { machine } of peers) expect(Math.abs(machine.error)).toBeLessThan(0.0005);
    });

  for (const by of [0.5, -0.5])
    scenario(`when somebody else steps the clock of one by ${by * 1000} ms`, { seeds: 10 }, (world) => {
      const peers = pair(world, 0);
      // At any moment between two packets of either.
      world.run(200 + 8 * world.chance("moment").uniform());
      peers[0].machine.stepClock(by, 0.1);
      world.run(200);
      expect(farthest(peers)).toBeLessThan(0.001);
      for (const { machine } of peers) expect(Math.abs(machine.error)).toBeLessThan(0.0005);
    });
});
