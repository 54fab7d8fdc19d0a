/** Which processes are another time daemon. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findDaemon, otherDaemon, readProcesses, type Process } from "../../src/host/daemons.ts";

const ALL = 0x1ffffffffffn;
const TIME = 1n << 25n;

function started(
  command: string,
  name = command.split(" ", 1)[0]?.split("/").at(-1) ?? "",
  capabilities = TIME,
): Process {
  return { pid: 77, name: name.slice(0, 15), argv: command.split(" "), capabilities };
}

describe("a daemon that disciplines the clock", () => {
  it.each<[string, Process]>([
    ["chronyd", started("/usr/sbin/chronyd -F 1")],
    ["chronyd", started("chronyd -d -f /x")], // -f takes a value, which may hold any letter
    ["chronyd", started("chronyd -fx")],
    ["chronyd", started("chronyd -q")], // one shot, but it sets the clock
    ["ntpd", started("/usr/sbin/ntpd -g -u ntp:ntp -x")], // there -x means to slew
    ["ntpd-rs", started("/usr/bin/ntp-daemon")],
    ["systemd-timesyncd", started("/lib/systemd/systemd-timesyncd", "systemd-timesyncd")],
    ["ntpd (busybox)", started("busybox ntpd -p 192.0.2.1")],
    ["ntpd (busybox)", started("/usr/sbin/ntpd -l", "busybox")],
    ["phc2sys", started("phc2sys -s eth0 -w")],
    ["phc2sys", started("phc2sys -a -rr")],
    ["phc2sys", started("phc2sys -c CLOCK_REALTIME -s eth0")],
    ["ntpkit run", started("node /usr/bin/ntpkit run -c /etc/ntp.conf")],
    ["ntpkit run", started("/opt/node /x/bin/ntpkit.js run", "MainThread")],
  ])("is %s", (name, process) => {
    expect(findDaemon([process])).toEqual({ name, pid: 77 });
  });

  it.each<[string, Process]>([
    ["chronyd -x", started("chronyd -x")],
    ["a cluster with x", started("chronyd -nx")],
    ["x after an option with a value", started("chronyd -u root -F 0 -dx")],
    ["chronyd -Q", started("chronyd -Q")],
    ["one without the capability", started("chronyd -d", "chronyd", ALL & ~TIME)],
    ["OpenNTPD's children", started("ntpd: ntp engine", "ntpd", 0n)],
    ["busybox doing something else", started("busybox sh ntpd")],
    ["busybox ntpd -w", started("busybox ntpd -n -w -p 192.0.2.1")],
    ["phc2sys setting a card's clock", started("phc2sys -s CLOCK_REALTIME -c eth0")],
    ["phc2sys setting cards' clocks", started("phc2sys -a")],
    ["ntpkit run --no-clock", started("node /usr/bin/ntpkit run --no-clock")],
    ["ntpkit sync", started("node /usr/bin/ntpkit sync run")],
    ["another program in Node", started("node run ntpkit-monitor run")],
    ["an editor", started("vi chronyd")],
  ])("is not %s", (_what, process) => {
    expect(findDaemon([process])).toBeNull();
  });

  it("is not this very process, and the first of several is named", () => {
    const [own, other] = [
      { ...started("node ntpkit run"), pid: 5 },
      { ...started("chronyd"), pid: 6 },
    ];
    expect(findDaemon([own, other], [5])).toEqual({ name: "chronyd", pid: 6 });
  });
});

describe("/proc", () => {
  let root: string;
  beforeEach(() => {
    root = `${mkdtempSync(join(tmpdir(), "ntpkit-proc-"))}/`;
    add("self", "vitest", "node\0", "0000000000000000", "4711");
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });
  function add(pid: string, comm: string, cmdline: string, capEff: string, nsPid: string): void {
    const folder = `${root}proc/${pid}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/comm`, `${comm}\n`);
    writeFileSync(`${folder}/cmdline`, cmdline);
    writeFileSync(`${folder}/status`, `Name:\t${comm}\nNSpid:\t${nsPid}\nCapEff:\t${capEff}\n`);
  }

  it("is read for what could be a daemon", () => {
    add("1", "systemd", "/sbin/init\0", "000001ffffffffff", "1");
    add("12", "chronyd", ["/usr/sbin/chronyd", "-F", "1", ""].join("\0"), "0000000002000400", "12");
    expect(readProcesses(`${root}proc`)).toEqual([
      { pid: 12, name: "chronyd", argv: ["/usr/sbin/chronyd", "-F", "1"], capabilities: 0x2000400n },
    ]);
    expect(otherDaemon(root)).toEqual({ name: "chronyd", pid: 12 });
  });

  it("leaves out containers' processes, and those that have just gone", () => {
    add("12", "chronyd", "chronyd\0", "0000000002000000", "12\t3");
    mkdirSync(`${root}proc/13`);
    add("14", "ntpd", "", "", "14");
    expect(readProcesses(`${root}proc`)).toEqual([]);
    expect(otherDaemon(root)).toBeNull();
  });

  it("need not show timesyncd for it to be active", () => {
    expect(otherDaemon(root)).toBeNull();
    mkdirSync(`${root}run/systemd/timesync`, { recursive: true });
    expect(otherDaemon(root)).toEqual({ name: "systemd-timesyncd", pid: null });
  });

  it("may be missing altogether", () => {
    expect(otherDaemon(`${root}nowhere/`)).toBeNull();
  });
});
