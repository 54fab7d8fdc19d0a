/** The units in man/examples/systemd: right by systemd's own judgement, and running as they are shipped. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { near, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

/** The most that `systemd-analyze security` may find exposed, of 10. */
const MOST_EXPOSED = 2.0;

/** CAP_SYS_TIME and CAP_NET_BIND_SERVICE. */
const TWO_CAPABILITIES = "0000000002000400";

export const systemd: readonly Scenario[] = [
  {
    name: "systemd: the units are right where they are installed, and little is exposed",
    needs: ["systemd"],
    run: async (world) => {
      const host = await world.host("alone");
      const booted = await world.systemd(host, 0, {});
      for (const unit of await readdir(fileURLToPath(new URL("../../../man/examples/systemd", import.meta.url)))) {
        const verified = await booted.run(["systemd-analyze", "verify", "--man=no", `/etc/systemd/system/${unit}`]);
        assert.deepEqual([verified.code, verified.stdout, verified.stderr], [0, "", ""], unit);
        if (!unit.endsWith(".service")) continue;
        const judged = await booted.run([
          "systemd-analyze",
          "security",
          "--no-pager",
          "--offline=true",
          `--threshold=${MOST_EXPOSED * 10}`,
          `/etc/systemd/system/${unit}`,
        ]);
        assert.equal(judged.code, 0, judged.stdout);
        const exposed = Number(/exposure level for \S+: ([\d.]+)/.exec(judged.stdout)?.[1]);
        assert.ok(exposed > 0 && exposed <= MOST_EXPOSED, `${unit}: ${exposed}`);
      }
    },
  },
  {
    name: "systemd: the daemon runs under its unit as shipped, steers the clock with two capabilities, rereads and ends",
    needs: ["systemd", "chrony", "classic"],
    run: async (world) => {
      const [first, second] = [await server(world, "first"), await server(world, "second")];
      const host = await world.host("daemon");
      const booted = await world.systemd(host, -0.25, {
        "ntpkit.conf": [`server ${first} iburst`, "driftfile /var/lib/ntpkit/drift"],
      });
      const started = await booted.run(["systemctl", "start", "ntpkit"]);
      assert.equal(started.code, 0, `${started.stderr}${await booted.journal()}`);
      assert.equal(await booted.property("ntpkit", "ActiveState"), "active");
      const status = (await booted.run(["cat", `/proc/${await booted.property("ntpkit", "MainPID")}/status`])).stdout;
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
        assert.match(status, new RegExp(`^${set}:\\s*${TWO_CAPABILITIES}$`, "m"));
      assert.match(status, /^NoNewPrivs:\s*1$/m);
      assert.match(status, /^Seccomp:\s*2$/m);
      assert.doesNotMatch(status, /^Uid:\s*0\b/m);
      await booted.until("ntpkit", "StatusText", new RegExp(`^following ${first}`));
      await world.until(async () => (await booted.clock.read()).steps >= 1, 30, "the clock was not stepped");
      const { offset, slew } = await booted.clock.read();
      near(offset + slew, 0, 0.005, "the clock afterwards");
      await booted.write("ntpkit.conf", [
        `server ${first} iburst`,
        `server ${second} iburst`,
        "driftfile /var/lib/ntpkit/drift",
      ]);
      assert.equal((await booted.run(["systemctl", "reload", "ntpkit"])).code, 0);
      await world.ntpq(host, ["-pn"], new RegExp(`${second} +\\S+ +\\d+ u.*\\n|${second}`), 20);
      assert.equal((await booted.run(["systemctl", "stop", "ntpkit"])).code, 0);
      assert.deepEqual(
        [await booted.property("ntpkit", "Result"), await booted.property("ntpkit", "ExecMainStatus")],
        ["success", "0"],
        await booted.journal(),
      );
      assert.equal((await booted.run(["ls", "/run/ntpkit"])).code, 2, "the folder of its pidfile is gone");
    },
  },
  {
    name: "systemd: the one-shot's unit sets the clock and is done",
    needs: ["systemd", "chrony"],
    run: async (world) => {
      const first = await server(world, "first");
      const host = await world.host("oneshot");
      const booted = await world.systemd(host, 0.5, { "ntpkit.conf": [`server ${first} iburst`] });
      const started = await booted.run(["systemctl", "start", "ntpkit-sync"]);
      assert.equal(started.code, 0, `${started.stderr}${await booted.journal()}`);
      const { offset, slew, steps } = await booted.clock.read();
      assert.equal(steps, 1);
      near(offset + slew, 0, 0.005, "the clock afterwards");
      assert.equal(await booted.property("ntpkit-sync", "Result"), "success");
      // The unit's folder keeps what it learned, and the unit says which start of the machine this is.
      const again = await booted.run(["systemctl", "start", "ntpkit-sync"]);
      assert.equal(again.code, 0, `${again.stderr}${await booted.journal()}`);
      const { at, associations } = JSON.parse(
        (await booted.run(["cat", "/var/lib/ntpkit/state.json"])).stdout,
      ).remembered;
      assert.match(at.boot, /^[0-9a-f]{8}-/);
      assert.deepEqual(
        associations.map(({ ip, samples }: { ip: string; samples: unknown[] }) => [ip, samples.length]),
        [[first, 4]],
      );
    },
  },
];

/** A chronyd with the right time. */
async function server(world: World, name: string): Promise<string> {
  const host = await world.host(name);
  await world.chronyd(host, ["local stratum 3"], { clock: await world.clock(name, 0) });
  return host.ipv4;
}
