/** The clock is set for the first time: by what most of its servers say, whoever of them is heard first. */
import { describe, expect } from "vitest";
import { during, silent } from "../../src/sim/oddities.ts";
import { BASE_LOOP } from "../../src/config/base.ts";
import { Site } from "../support/site.ts";
import { scenario } from "../support/world.ts";

const OWN_CLOCK = { clock: BASE_LOOP } as const;
const NEVER = Infinity;

describe("one of three servers lies by five seconds, and the first packets to the two others are lost", () => {
  for (const { lost, iburst, minpoll } of [
    { lost: 1, iburst: true, minpoll: 3 },
    { lost: 3, iburst: true, minpoll: 6 },
    { lost: 1, iburst: false, minpoll: 3 },
  ]) {
    scenario(
      `for ${lost} s, minpoll ${minpoll}${iburst ? " iburst" : ""}: the clock is never wrong`,
      { trace: false, seeds: 5 },
      (world) => {
        const site = new Site(world);
        const honest = ["a", "b"].map((name) => site.reference(name, { oddities: [during(0, lost, silent())] }));
        const liar = site.reference("liar");
        liar.machine.stepClock(5);
        const lines = [liar, ...honest].map(({ address }) => ({ name: address.ip, iburst, minpoll, maxpoll: minpoll }));
        const client = site.host("client", { ...OWN_CLOCK, lines });
        for (let look = 0; look < 100; look += 1) {
          world.run(1);
          expect(Math.abs(client.machine.error), `at ${world.now} s`).toBeLessThan(0.01);
          // Nor is he told of as synchronized by the liar, whom others would believe then.
          expect(site.systemPeerOf(client), `at ${world.now} s`).not.toBe("liar");
        }
        expect(site.systemPeerOf(client)).toMatch(/^[ab]$/);
      },
    );
  }
});

describe("of whoever is never heard", () => {
  for (const iburst of [true, false]) {
    scenario(
      `one server is not waited for long${iburst ? "" : ", nor without iburst"}`,
      { trace: false, seeds: 5 },
      (world) => {
        const site = new Site(world);
        const there = site.reference("there");
        const away = site.reference("away", { oddities: [during(0, NEVER, silent())] });
        const lines = [there, away].map(({ address }) => ({ name: address.ip, iburst, minpoll: 6, maxpoll: 6 }));
        const client = site.host("client", { ...OWN_CLOCK, clockError: -3, lines });
        // Four answers make the one that is there fit: in a burst after six seconds, else after some more than three intervals.
        world.run(iburst ? 25 : 230);
        expect(Math.abs(client.machine.error)).toBeLessThan(0.01);
      },
    );
  }
});
