/** The worlds that are shipped: each runs, and comes to what its first lines say. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readWorld } from "../../src/simulate/read.ts";
import { entryLine } from "../../src/sim/trace.ts";
import { simulate, type HostResult, type Simulated } from "../../src/simulate/simulation.ts";

const FOLDER = fileURLToPath(new URL("../../man/examples/worlds/", import.meta.url));

const read = (name: string) => {
  const file = `${FOLDER}${name}.toml`;
  return readWorld(readFileSync(file, "utf8"), file, () => {
    throw new Error("no world names another file");
  });
};

const host = ({ hosts }: Simulated, name: string): HostResult => hosts.find((one) => one.name === name)!;
const peers = (run: Simulated, name: string, from = 0, until = Infinity): readonly (string | null)[] =>
  run.events.flatMap(({ at, host: who, what, peer }) =>
    who === name && what === "follows" && at >= from && at < until ? [peer!] : [],
  );
const HOUR = 3600;
const worst = (run: Simulated): number => Math.max(...run.hosts.map(({ error }) => Math.abs(error!.worst)));
/** True time was always where the hosts said that it was. */
const expectHonest = (run: Simulated): void => {
  for (const { name, outsideBound, error } of run.hosts) expect([name, outsideBound, error]).toEqual([name, 0, error]);
};

/** By the name of the file. */
const COMES_TO: Readonly<Record<string, (run: Simulated) => void>> = {
  "seeds-site": (run) => {
    expectHonest(run);
    expect(host(run, "primary2")).toMatchObject({ stratum: 2, systemPeer: "gps2" });
    expect(host(run, "primary1").stratum).toBeGreaterThan(2);
    expect(run.hosts.map(({ systemPeer }) => systemPeer)).not.toContain(null);
    expect(run.hosts.filter(({ name }) => name.startsWith("client"))).toHaveLength(12);
    expect(worst(run)).toBeLessThan(0.002);
  },
  liar: (run) => {
    expectHonest(run);
    expect(host(run, "client").associations.find(({ name }) => name === "liar")?.verdict).toBe("falseticker");
    expect(peers(run, "client")).not.toContain("liar");
    expect(worst(run)).toBeLessThan(0.01);
  },
  turncoat: (run) => {
    expectHonest(run);
    expect(peers(run, "client", 2 * HOUR, 4 * HOUR)).toContain(null);
    expect(host(run, "client").systemPeer).not.toBeNull();
    expect(worst(run)).toBeLessThan(0.01);
  },
  partition: (run) => {
    expectHonest(run);
    expect(peers(run, "primary", 8 * HOUR, 14 * HOUR)).toEqual([null]);
    expect(host(run, "leaf")).toMatchObject({ stratum: 4, systemPeer: "secondary" });
    expect(worst(run)).toBeLessThan(0.05);
  },
  "leap-second": (run) => {
    expectHonest(run);
    expect(run.events.filter(({ what }) => what === "leapSecond")).toHaveLength(3);
    expect(worst(run)).toBeLessThan(0.01);
  },
  asymmetry: (run) => {
    expectHonest(run);
    expect(host(run, "client").error!.final).toBeCloseTo(0.005, 3);
  },
  pool: (run) => {
    expectHonest(run);
    const held = host(run, "client").associations.filter(({ reach }) => reach !== 0);
    expect(held.length).toBeGreaterThanOrEqual(3);
    expect(held.map(({ name }) => name)).not.toContain("member1");
  },
  restart: (run) => {
    const stepped = run.events.find(({ what, host: who }) => what === "stepped" && who === "unlucky");
    expect(stepped!.by).toBeCloseTo(-30, 2);
    expect(stepped!.at).toBeGreaterThan(4 * HOUR);
    expect(Math.abs(host(run, "unlucky").error!.final)).toBeLessThan(0.001);
    expect(host(run, "lucky").outsideBound).toBe(0);
    expect(peers(run, "unlucky", 2 * HOUR, 2 * HOUR + 60)).toHaveLength(1);
  },
  broadcast: (run) => {
    expect(host(run, "speaker").outsideBound).toBe(0);
    for (const { name, systemPeer, error } of run.hosts.filter((one) => one.name.startsWith("listener")))
      expect([name, systemPeer, Math.abs(error!.final) < 0.001]).toEqual([name, "speaker", true]);
  },
  orphans: (run) => {
    const parents = run.hosts.filter(({ systemPeer }) => systemPeer === null).map(({ name }) => name);
    expect(parents).toHaveLength(1);
    for (const { name, systemPeer } of run.hosts)
      if (name !== parents[0]) expect([name, systemPeer]).toEqual([name, parents[0]]);
    // They drift as one.
    const errors = run.hosts.map(({ error }) => error!.final);
    expect(Math.max(...errors) - Math.min(...errors)).toBeLessThan(0.001);
  },
  temperature: (run) => {
    expectHonest(run);
    expect(host(run, "adaptive").error!.rms).toBeLessThan(host(run, "standard").error!.rms);
  },
  peers: (run) => {
    expectHonest(run);
    expect(peers(run, "east", 3 * HOUR)).toContain("west");
    expect(host(run, "east")).toMatchObject({ stratum: 3, systemPeer: "west" });
  },
  laptop: (run) => {
    expect(peers(run, "laptop", 10 * HOUR, 18 * HOUR)).toEqual([]);
    expect(host(run, "laptop").outsideBound).toBe(0);
    expect(Math.abs(host(run, "laptop").error!.final)).toBeLessThan(0.02);
  },
};

describe("the world", () => {
  it("of every file is tried", () => {
    const files = readdirSync(FOLDER).map((file) => file.replace(/\.toml$/, ""));
    expect(files.toSorted()).toEqual(Object.keys(COMES_TO).toSorted());
  });

  it.each(Object.entries(COMES_TO))("%s comes to what it says", async (name, expectation) => {
    const plan = read(name);
    expect(plan.title).not.toBeNull();
    // Of the largest what comes after the failure is enough.
    const duration = name === "seeds-site" ? 9 * HOUR : plan.duration;
    expectation(await simulate({ ...plan, duration }, plan.seed));
  });
});

describe("a run", () => {
  const told = (run: Simulated): string =>
    JSON.stringify(run, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));

  it("is the same for the same seed, and another for another", async () => {
    const plan = read("liar");
    const [one, again, other] = [await simulate(plan, "7"), await simulate(plan, "7"), await simulate(plan, "8")];
    expect(told(again)).toBe(told(one));
    expect(told({ ...other, seed: "7" })).not.toBe(told(one));
  });

  it("counts what is outside the uncertainty that a host states", async () => {
    // Both lie alike: nobody can tell.
    const source = `[[source]]\nname = "a"\nlies = "1s"\n[[host]]\nname = "client"\ndirectives = ["server a iburst"]`;
    const plan = readWorld(`duration = "2h"\n${source}`, "world.toml", () => "");
    const [client] = (await simulate(plan, "1")).hosts;
    expect(client!.error!.final).toBeCloseTo(1, 3);
    expect(client!.outsideBound).toBeGreaterThan(1.9 * HOUR);
    expect(client!.packets.sent).toBeGreaterThan(10);
  });

  it("tells everything that happens to whoever asks, and whose exception ends it", async () => {
    const plan = { ...read("liar"), duration: 60 };
    const told: string[] = [];
    await simulate(plan, "1", (entry) => told.push(entryLine(entry)));
    expect(told.join("\n")).toMatch(/client\s+sends\s/);
    const enough = simulate(plan, "1", () => {
      throw new Error("enough");
    });
    await expect(enough).rejects.toThrow("enough");
  });
});
