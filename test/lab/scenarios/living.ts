/** What a daemon has to live with: a full disk, somebody who sets the clock, a kill, a second copy of itself. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { near, type Scenario } from "../scenario.ts";
import type { Host } from "../netns.ts";
import type { Running } from "../processes.ts";
import type { World } from "../world.ts";

export const living: readonly Scenario[] = [
  {
    name: "living: a full disk costs the files on it and nothing else, and each is told of once",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const server = await chronyd(world);
      const host = await world.host("daemon");
      const disk = world.file("disk");
      const config = await world.write("run.conf", [
        `server ${server} iburst minpoll 3 maxpoll 3`,
        `driftfile ${disk}/drift`,
        `logfile ${disk}/log`,
        `statsdir ${disk}/stats/`,
        "statistics loopstats peerstats rawstats",
      ]);
      const beside = `mkdir -p ${disk} && mount -t tmpfs -o size=64k tmpfs ${disk} && mkdir ${disk}/stats && echo 5.0 > ${disk}/drift\ncat /dev/zero > ${disk}/full 2> /dev/null`;
      const clock = await world.clock("daemon", 0.3);
      const running = await world.ntpkitDaemon(host, ["run", "-c", config], {
        clock,
        beside,
        env: { STATE_DIRECTORY: disk },
      });
      await world.until(async () => (await clock.read()).steps >= 1, 30, "the clock was not set");
      const { offset, slew } = await clock.read();
      near(offset + slew, 0, 0.005, "the clock afterwards");
      // Some polls later everything is still said only once.
      await world.until(() => count(running, "peerstats cannot be written") >= 1, 30, "nothing was said of peerstats");
      await new Promise((resolve) => setTimeout(resolve, 18_000));
      assert.equal((await world.ask(host, "127.0.0.1")).stratum, 4);
      await end(world, running);
      const files = [
        "/log cannot be written",
        "peerstats cannot be written",
        "rawstats cannot be written",
        "loopstats cannot be written",
        "/state.json cannot be written",
        "/drift cannot be written",
      ];
      for (const what of files) assert.equal(count(running, what), 1, `${what}\n${running.output()}`);
    },
  },
  {
    name: "living: a clock that somebody sets is noticed within seconds, said once, and set right",
    needs: ["chrony"],
    patient: true,
    run: async (world) => {
      const server = await chronyd(world);
      const host = await world.host("daemon");
      const clock = await world.clock("daemon", 0);
      const config = await world.write("run.conf", [`server ${server} iburst minpoll 6`]);
      const running = await world.ntpkitDaemon(host, ["run", "-c", config], { clock });
      // A clock that was never ours is left alone when it is that far off (panic).
      await world.until(async () => (await clock.read()).frequencySets >= 1, 30, "the clock was never steered");
      await clock.shift(3600);
      await world.until(() => count(running, "by somebody else") === 1, 8, "it was not noticed");
      await world.until(async () => Math.abs((await clock.read()).offset) < 0.005, 30, "it was not set right");
      assert.equal(count(running, "by us"), 1, running.output());
      assert.equal(running.ended(), undefined);
    },
  },
  {
    name: "living: a second copy is refused with 18, a killed one locks nobody out, and the log is JSON where it is asked for",
    needs: ["chrony"],
    run: async (world) => {
      const server = await chronyd(world);
      const host = await world.host("daemon");
      const clock = await world.clock("daemon", 0);
      const config = await world.write("run.conf", [`server ${server} iburst`]);
      const first = await world.ntpkitDaemon(host, ["run", "-c", config], { clock });
      const second = await world.ntpkit(host, ["run", "-c", config, "--port", "4123"], { clock });
      assert.equal(second.code, 18, second.stderr);
      assert.match(second.stderr, /^ntpkit run: ntpkit run \(process \d+\) holds \S+\/ntpkit\.pid; one is enough/m);
      await signal(first, "SIGKILL");
      await world.until(() => first.ended() !== undefined, 5, "it was not killed");
      const third = await world.ntpkitDaemon(host, ["run", "-c", config, "--log", "json"], { clock });
      await end(world, third);
      const lines = third
        .output()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      for (const line of lines)
        assert.deepEqual(
          [line["schema"], typeof line["time"], typeof line["event"], typeof line["text"]],
          ["ntpkit/run/1", "string", "string", "string"],
        );
      assert.deepEqual([lines[0]?.["event"], lines.at(-1)?.["event"]], ["started", "ended"]);
    },
  },
  {
    name: "living: started as root with --user it keeps exactly the two capabilities, on one thread",
    needs: ["systemd", "chrony"],
    run: async (world) => {
      const server = await chronyd(world);
      const host = await world.host("daemon");
      const booted = await world.systemd(host, -0.25, { "ntpkit.conf": [`server ${server} iburst`] });
      const words = [
        "--setenv=LD_PRELOAD=/usr/lib/ntpkit-lab-clock.so",
        "--setenv=NTPKIT_LAB_CLOCK=/lab/clock",
        "--setenv=STATE_DIRECTORY=/lab",
      ];
      const started = await booted.run([
        "systemd-run",
        "--unit=byhand",
        "--service-type=notify",
        ...words,
        "/usr/bin/ntpkit",
        "run",
        "--user",
        "nobody",
        "-c",
        "/etc/ntpkit.conf",
      ]);
      assert.equal(started.code, 0, `${started.stderr}${await booted.journal()}`);
      await booted.until("byhand", "StatusText", /^following/);
      await world.until(async () => (await booted.clock.read()).steps >= 1, 30, "it may not set the clock any more");
      const tasks = `/proc/${await booted.property("byhand", "MainPID")}/task`;
      const statuses = (await booted.run(["sh", "-c", `cat ${tasks}/*/status`])).stdout;
      const uids = new Set([...statuses.matchAll(/^Uid:\s*(.*)$/gm)].map(([, ids]) => ids));
      assert.deepEqual([...uids], ["65534\t65534\t65534\t65534"]);
      const [main, ...others] = [...statuses.matchAll(/^Cap(?:Prm|Eff):\s*(\w+)$/gm)]
        .map(([, set]) => Number.parseInt(set ?? "", 16))
        .reduce<number[][]>(
          (pairs, set, index) =>
            index % 2 === 0 ? [...pairs, [set]] : [...pairs.slice(0, -1), [...pairs.at(-1)!, set]],
          [],
        );
      assert.deepEqual(main, [TWO, TWO]);
      assert.ok(others.length > 0);
      for (const sets of others) assert.deepEqual(sets, [0, 0]);
      assert.equal((await booted.run(["systemctl", "stop", "byhand"])).code, 0);
      assert.equal(await booted.property("byhand", "Result"), "success");
    },
  },
];

/** CAP_SYS_TIME and CAP_NET_BIND_SERVICE. */
const TWO = (1 << 25) | (1 << 10);

/** A chronyd with the right time. */
async function chronyd(world: World): Promise<string> {
  const host: Host = await world.host("server");
  await world.chronyd(host, ["local stratum 3"], { clock: await world.clock("server", 0) });
  return host.ipv4;
}

function count(running: Running, words: string): number {
  return running.output().split(words).length - 1;
}

async function end(world: World, running: Running): Promise<void> {
  await signal(running, "SIGTERM");
  await world.until(() => running.ended() !== undefined, 10, "it did not end on SIGTERM");
  assert.equal(running.ended(), 0);
}

/** Sends a signal to ntpkit itself, the innermost of the processes that give it a namespace each. */
async function signal({ pid }: Pick<Running, "pid">, name: NodeJS.Signals): Promise<void> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const [child] = (await readFile(`/proc/${pid}/task/${tasks[0]}/children`, "utf8")).trim().split(" ");
  if (child) await signal({ pid: Number(child) }, name);
  else process.kill(pid, name);
}
