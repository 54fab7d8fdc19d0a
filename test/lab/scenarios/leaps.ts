/** A leap second, on the last evening of a year of the lab's own: heard of, carried out by the kernel (the shim), and smeared. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { near, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { World } from "../world.ts";

export const MIDNIGHT = Date.UTC(2027, 0, 1) / 1000;
/** So the list has it: before and after. */
export const LIST = [
  ["2017-01-01", 37],
  ["2027-01-01", 38],
] as const;
const STA_INS = 0x10;
const STA_DEL = 0x20;

export const leaps: readonly Scenario[] = [
  {
    name: "leaps: run hears of a leap second from two ntpds, has the kernel carry it out, and is right the next day",
    needs: ["classic"],
    patient: true,
    run: async (world) => {
      const ahead = evening(80);
      const list = await world.leapList("leap-seconds.list", LIST);
      const addresses = await Promise.all(["first", "second"].map((name) => announcing(world, name, ahead, list)));
      const host = await world.host("daemon");
      const clock = await world.clock("daemon", ahead + 0.001);
      const config = await world.write(
        "run.conf",
        addresses.map((address) => `server ${address} iburst minpoll 3 maxpoll 3`),
      );
      const running = await world.ntpkitDaemon(host, ["run", "-c", config], { clock, want: "leap", patience: 60 });
      await patiently(async () => ((await clock.read()).status & STA_INS) !== 0, 20, "the kernel was not told");
      assert.ok(left(ahead) > 0, `it took until ${-left(ahead)} s after midnight`);
      await sleep((left(ahead) + 2) * 1000);
      await patiently(() => /leap second/.test(running.output()), 5, "it did not say that the leap second has come");
      await patiently(
        async () => ((await clock.read()).status & (STA_INS | STA_DEL)) === 0,
        20,
        "it was not taken back",
      );
      assert.equal((await clock.read()).steps, 0);
      const { offset, delay } = await world.ask(host, host.ipv4, "synchronized", 30);
      near(offset, ahead - 1, 0.004 + delay / 2, "what it serves in the new year");
      assert.doesNotMatch(running.output(), /stepped/);
    },
  },
  {
    name: "leaps: run hears of a leap second from a chronyd, and takes it back when that no longer says so",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const ahead = evening(4 * 3600);
      const source = await world.host("source");
      await world.chronyd(source, ["local stratum 3"], { clock: await world.clock("source", ahead) });
      const teller = await world.host("teller");
      const zones = await world.leapZone("Fake", [
        [2012, "Jun 30"],
        [2026, "Dec 31"],
      ]);
      const words = (more: readonly string[]): readonly string[] => [
        `server ${source.ipv4} iburst minpoll 2 maxpoll 2`,
        "maxupdateskew 1000",
        ...more,
      ];
      const told = await world.clock("teller", ahead);
      const announcing = await world.chronyd(teller, words(["leapsectz Fake"]), {
        clock: { ...told, env: { ...told.env, TZDIR: zones } },
        want: "leap",
        patience: 60,
      });
      const host = await world.host("daemon");
      const clock = await world.clock("daemon", ahead + 0.001);
      const config = await world.write("run.conf", [`server ${teller.ipv4} iburst minpoll 3 maxpoll 3`]);
      await world.ntpkitDaemon(host, ["run", "-c", config], { clock, want: "leap", patience: 60 });
      await patiently(async () => ((await clock.read()).status & STA_INS) !== 0, 30, "the kernel was not told");
      await announcing.stop();
      await world.chronyd(teller, words([]), { clock: told, want: "synchronized", patience: 60 });
      await patiently(async () => ((await clock.read()).status & STA_INS) === 0, FRESH, "it was not taken back");
    },
  },
  {
    name: "leaps: serve --leap-smear gives chronyd and ntpd a second without a leap",
    needs: ["chrony", "classic"],
    patient: true,
    run: async (world) => {
      const ahead = evening(75);
      const list = await world.leapList("leap-seconds.list", LIST);
      const server = await world.host("server");
      const clock = await world.clock("server", ahead);
      await clock.leapAt(MIDNIGHT);
      await world.ntpkitDaemon(
        server,
        ["serve", "--local-stratum", "3", "--leap-smear", `${SMEAR}s`, "--leap-file", list],
        { clock },
      );
      const [chrony, ntp] = [await world.host("chrony"), await world.host("ntp")];
      await world.ntpd("classic", ntp, [`server ${server.ipv4} iburst minpoll 3 maxpoll 3`], {
        clock: await world.clock("ntp", ahead),
        orphan: false,
        patience: 40,
      });
      const own = await world.clock("chrony", ahead);
      for (const since of [-35, -20, 0.4, 12, 36]) {
        await sleep((left(ahead) + since) * 1000);
        await smeared(world, chrony, server, ahead);
        if (since !== 0.4) await seenByChronyd(world, chrony, server, own, ahead);
      }
      assert.match(await world.ntpq(ntp, ["-c", "rv 0 leap,stratum"], /leap=/), /leap=00, stratum=4/);
    },
  },
];

/** The smear lasts so long, half of it before midnight. */
const SMEAR = 60;

/** What a server says counts with a sample that is fresh, as one of eight is; they are 8 s apart, and the first may be missed. */
const FRESH = 100;

/** By how much a clock is ahead of the machine's that will read midnight in so many seconds. */
export function evening(before: number): number {
  return MIDNIGHT - before - Date.now() / 1000;
}

/** How long it is until midnight by a clock that does not leap, seconds. */
export function left(ahead: number): number {
  return MIDNIGHT - Date.now() / 1000 - ahead;
}

/** What a clock is smeared by now, seconds. */
function smearNow(ahead: number): number {
  return -Math.min(1, Math.max(0, (SMEAR / 2 - left(ahead)) / SMEAR));
}

/** That a server gives out what it should, as the lab's own probe sees it; the smear changes once a second. */
async function smeared(world: World, from: Host, server: Host, ahead: number): Promise<void> {
  const before = smearNow(ahead);
  const { offset, delay, leap } = await world.ask(from, server.ipv4);
  assert.equal(leap, 0);
  near(
    offset - ahead,
    (before + smearNow(ahead)) / 2,
    1.2 / SMEAR + delay / 2 + Math.abs(smearNow(ahead) - before),
    `${-left(ahead)} s after midnight the smear`,
  );
}

/** The same as chronyd sees it, on a clock that does not leap. */
async function seenByChronyd(world: World, host: Host, server: Host, clock: Clock, ahead: number): Promise<void> {
  const before = smearNow(ahead);
  const words = ["-u", "root", "-t", "10", "-f", "/dev/null", "-Q", `server ${server.ipv4} iburst maxsamples 1`];
  const run = await world.tool("chrony", host, ["usr/sbin/chronyd", ...words], { clock });
  assert.equal(run.code, 0);
  const offset = Number(/wrong by (-?[\d.]+) seconds/.exec(run.stdout + run.stderr)?.[1]);
  near(
    offset,
    (before + smearNow(ahead)) / 2,
    1.2 / SMEAR + 0.005 + Math.abs(smearNow(ahead) - before),
    `chronyd's sight ${-left(ahead)} s after midnight`,
  );
}

/** An ntpd that knows of the leap second by its list, and leaps itself. */
async function announcing(world: World, name: string, ahead: number, list: string): Promise<string> {
  const host = await world.host(name);
  await world.ntpd("classic", host, [`leapfile ${list}`], {
    clock: await world.clock(name, ahead),
    want: "leap",
    patience: 60,
  });
  return host.ipv4;
}

async function patiently(
  condition: () => boolean | Promise<boolean>,
  seconds: number,
  otherwise: string,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await condition())) {
    assert.ok(performance.now() < end, otherwise);
    await sleep(50);
  }
}
