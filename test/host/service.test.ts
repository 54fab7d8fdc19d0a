/** What surrounds a daemon on its host: the service manager, the lock against a second copy, users. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findUser } from "../../src/host/become.ts";
import { claimInstance, instancePath, isInstanceFault, type Instance } from "../../src/host/instance.ts";
import { serviceManager, unixAddress } from "../../src/host/notify.ts";
import { Manager } from "../support/manager.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "ntpkit-service-"))));
afterEach(() => rmSync(folder, { recursive: true }));

describe("the service manager", () => {
  it("is addressed by a path, or by an abstract name", () => {
    expect([...unixAddress("/a")!]).toEqual([1, 0, 47, 97, 0]);
    expect([...unixAddress("@ab")!]).toEqual([1, 0, 0, 97, 98]);
    for (const path of ["", "a", "@", "/", `/${"x".repeat(107)}`]) expect(unixAddress(path)).toBeNull();
  });

  it("is told nothing where there is none, or it is gone", () => {
    expect(serviceManager({}).tell("READY=1")).toBe(false);
    expect(serviceManager({ NOTIFY_SOCKET: join(folder, "none") }).tell("READY=1")).toBe(false);
  });

  it.runIf(process.platform === "linux").each([
    ["a path", ""],
    ["an abstract name", "@"],
  ])("hears what it is told, a datagram each, by %s", async (_, at) => {
    const path = at === "" ? join(folder, "notify") : `@ntpkit-test-${process.pid}`;
    const manager = new Manager(path);
    const service = serviceManager({ NOTIFY_SOCKET: path });
    expect(service.tell("READY=1", "MAINPID=7")).toBe(true);
    expect(service.tell("STATUS=following 192.0.2.1")).toBe(true);
    await manager.heard(/^STATUS/);
    expect(manager.told).toEqual(["READY=1\nMAINPID=7", "STATUS=following 192.0.2.1"]);
    manager.close();
  });

  it("says how often it wants to hear of us", () => {
    const watchdog = (env: Record<string, string>): number | null =>
      serviceManager({ NOTIFY_SOCKET: "/x", ...env }, 7).watchdog;
    expect(watchdog({ WATCHDOG_USEC: "20000000" })).toBe(10);
    expect(watchdog({ WATCHDOG_USEC: "20000000", WATCHDOG_PID: "7" })).toBe(10);
    for (const env of [{}, { WATCHDOG_USEC: "0" }, { WATCHDOG_USEC: "x" }, { WATCHDOG_USEC: "1", WATCHDOG_PID: "8" }])
      expect(watchdog(env as Record<string, string>)).toBeNull();
  });
});

describe("the lock", () => {
  const claimed = (claim: ReturnType<typeof claimInstance>): Instance => {
    if (isInstanceFault(claim)) throw new Error(claim.kind);
    return claim;
  };

  it("is in the folder that the service manager gives", () => {
    expect(instancePath({ RUNTIME_DIRECTORY: "/run/a:/run/b" })).toBe("/run/a/ntpkit.pid");
    expect(instancePath({})).toBe("/run/ntpkit.pid");
  });

  it("lets one in at a time, and says who it is", () => {
    const path = join(folder, "deep", "ntpkit.pid");
    const first = claimed(claimInstance(path));
    expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
    expect(claimInstance(path)).toEqual({ kind: "running", path, pid: process.pid });
    first.release();
    expect(existsSync(path)).toBe(false);
    claimed(claimInstance(path)).release();
  });

  it("is not held by what a dead one left behind", () => {
    const path = join(folder, "ntpkit.pid");
    const { pid } = spawnSync("true");
    writeFileSync(path, `${pid}\n`);
    claimed(claimInstance(path)).release();
  });

  it("says why it cannot be made", () => {
    writeFileSync(join(folder, "file"), "");
    expect(claimInstance(join(folder, "file", "ntpkit.pid"))).toMatchObject({ kind: "failed" });
  });
});

describe("users", () => {
  const PASSWD = "root:x:0:0:root:/root:/bin/sh\nntpkit:x:101:102::/:/bin/false\nbroken:x\n";
  it("are found by name and by number", () => {
    expect(findUser("ntpkit", PASSWD)).toEqual({ name: "ntpkit", uid: 101, gid: 102 });
    expect(findUser("101", PASSWD)?.name).toBe("ntpkit");
    for (const name of ["nobody", "broken", "", "x"]) expect(findUser(name, PASSWD)).toBeNull();
  });
});

describe.runIf(process.platform === "linux" && process.geteuid?.() === 0)("who has given up root", () => {
  it("has what it kept, and can get nothing more by whatever it executes", () => {
    const module = fileURLToPath(new URL("../../src/host/become.ts", import.meta.url));
    const program = `import { readFileSync } from "node:fs";
      import { become } from ${JSON.stringify(module)};
      const fault = become({ name: "nobody", uid: 65534, gid: 65534 }, false);
      const status = readFileSync("/proc/thread-self/status", "utf8");
      const bits = (name) => BigInt("0x" + new RegExp(name + ":\\\\s*(\\\\w+)").exec(status)[1]) & ~(1n << 10n);
      console.log(JSON.stringify([fault, ...["CapEff", "CapPrm", "CapBnd", "CapAmb"].map((name) => Number(bits(name)))]));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      encoding: "utf8",
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual([null, 0, 0, 0, 0]);
  });
});
