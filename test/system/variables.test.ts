/** System variables from the system peer's. */
import { describe, expect, it } from "vitest";
import { systemVariables, uncertainty, UNSYNCHRONIZED, voteLeap } from "../../src/system/variables.ts";
import type { SystemOpinion, SystemPeerVariables } from "../../src/system/variables.ts";
import { timestamp } from "../../src/time/timestamp.ts";
import type { Leap } from "../../src/wire/header.ts";

const peer: SystemPeerVariables = {
  stratum: 2,
  addressId: 0xc0000207,
  reference: timestamp(0xe8000000, 5),
  rootDelay: 0.004,
  rootDispersion: 0.02,
  delay: 0.006,
  dispersion: 0.003,
  jitter: 0.0003,
  age: 100,
};
const opinion: SystemOpinion = { leaps: ["none"], jitter: 0.0005, residual: -0.25, mindist: 0.001, phi: 15e-6 };

describe("system variables", () => {
  it("are the peer's, one stratum and one hop further (A.5.5.4)", () => {
    const system = systemVariables(peer, opinion);
    expect(system).toMatchObject({ leap: "none", stratum: 3, referenceId: 0xc0000207, reference: peer.reference });
    expect(system.rootDelay).toBeCloseTo(0.01, 12);
    expect(system.rootDispersion).toBeCloseTo(0.02 + 0.0005 + (0.003 + 15e-6 * 100 + 0.25), 12);
    expect(system.rootDistance).toBeCloseTo(system.rootDispersion + 0.005, 12);
  });

  it("grow old as fast as they are told", () => {
    const grown = (phi: number): number => systemVariables(peer, { ...opinion, phi }).rootDispersion;
    expect(grown(115e-6) - grown(15e-6)).toBeCloseTo(100e-6 * 100, 12);
  });

  it("grow by mindist at least", () => {
    const perfect = { ...peer, dispersion: 1e-7, age: 0 };
    expect(systemVariables(perfect, { ...opinion, jitter: 0, residual: 0 }).rootDispersion).toBeCloseTo(0.021, 12);
  });

  it("know no stratum beyond unsynchronized", () => {
    expect(systemVariables({ ...peer, stratum: 15 }, opinion).stratum).toBe(UNSYNCHRONIZED.stratum);
  });
});

describe("the vote on leap seconds", () => {
  it.each<[Leap[], Leap]>([
    [[], "none"],
    [["insert"], "insert"],
    [["insert", "none"], "none"],
    [["insert", "insert", "none"], "insert"],
    [["delete", "delete", "insert"], "delete"],
    [["insert", "delete", "none"], "none"],
    [["insert", "insert", "delete", "delete"], "none"],
    [["unsynchronized"], "none"],
  ])("%j gives %s", (leaps, expected) => {
    expect(voteLeap(leaps)).toBe(expected);
  });
});

it("the uncertainty of a measurement is half its delay, its dispersion and its jitter", () => {
  expect(uncertainty({ delay: 0.01, dispersion: 0.002, jitter: 0.001 })).toBeCloseTo(0.008, 12);
});
