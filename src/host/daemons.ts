/**
 * Is another time daemon disciplining this clock? (CONTRACT "other-daemon", exit 18.)
 *
 * It is one when a known time daemon's process is in our PID namespace and may set the clock, that is, has CAP_SYS_TIME;
 * or when systemd-timesyncd is active. What was started so as to leave the clock alone (`chronyd -x`,
 * `ntpkit run --no-clock`) is none. Processes are read from /proc, so elsewhere than on Linux nothing is ever found.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** A process, as far as the question needs it. */
export interface Process {
  readonly pid: number;
  /** `comm`: the name the kernel knows, cut to 15 characters. */
  readonly name: string;
  readonly argv: readonly string[];
  /** Effective capabilities, a bit each. */
  readonly capabilities: bigint;
}

/** A daemon that may discipline the clock. */
export interface Daemon {
  /** As people know it, e.g. `chronyd`. */
  readonly name: string;
  /** `null`: active, but its process was not seen. */
  readonly pid: number | null;
}

/** The bit of CAP_SYS_TIME (linux/capability.h). */
export const CAP_SYS_TIME = 25;

/** A known daemon: the name of its process, and how to tell that it was told to leave the clock alone. */
interface Known {
  readonly name: string;
  /** As in /proc/PID/comm. */
  readonly comm: string;
  readonly leavesClock: (argv: readonly string[]) => boolean;
}

const never = (): boolean => false;

/** The daemons we know. Several are called ntpd: the classic one, NTPsec's, OpenNTPD's and busybox's. */
const KNOWN: readonly Known[] = [
  // -x: no control of the clock; -Q: print the offset, which implies it; -p: print the configuration.
  { name: "chronyd", comm: "chronyd", leavesClock: (argv) => hasFlag(argv, "xQp", "fFlLPtu") },
  { name: "ntpd", comm: "ntpd", leavesClock: never },
  { name: "ntpd-rs", comm: "ntp-daemon", leavesClock: never },
  { name: "systemd-timesyncd", comm: "systemd-timesyn", leavesClock: never },
  { name: "ntimed-client", comm: "ntimed-client", leavesClock: never },
  // Sets CLOCK_REALTIME from a network card's clock unless another clock is named, or found out by itself (-a) without -r.
  { name: "phc2sys", comm: "phc2sys", leavesClock: phc2sysLeavesClock },
];

/**
 * The daemon that disciplines this clock, if there is one. Pure.
 * @param processes those of our PID namespace
 * @param self our own, which do not count
 */
export function findDaemon(processes: readonly Process[], self: readonly number[] = []): Daemon | null {
  for (const process of processes) {
    if (self.includes(process.pid) || !maySetClock(process)) continue;
    const name = daemonName(process);
    if (name !== null) return { name, pid: process.pid };
  }
  return null;
}

/** The daemon that disciplines this machine's clock; `null` when there is none, or it cannot be seen. */
export function otherDaemon(root: string = "/"): Daemon | null {
  const found = findDaemon(readProcesses(`${root}proc`), [process.pid]);
  if (found !== null) return found;
  // Its runtime folder is there exactly as long as the unit is active, also where /proc hides others' processes.
  return existsSync(`${root}run/systemd/timesync`) ? { name: "systemd-timesyncd", pid: null } : null;
}

/** The time daemons among the processes of our PID namespace; those that end while we read are left out. */
export function readProcesses(proc: string): readonly Process[] {
  const depth = field(readText(`${proc}/self/status`), "NSpid")?.split(/\s+/).length;
  const processes: Process[] = [];
  for (const entry of folder(proc)) {
    if (!/^\d+$/.test(entry)) continue;
    const name = readText(`${proc}/${entry}/comm`).trimEnd();
    if (!isOfInterest(name)) continue;
    const status = readText(`${proc}/${entry}/status`);
    // One process id for each PID namespace it is in: more than ours has means a namespace below, a container.
    const levels = field(status, "NSpid")?.split(/\s+/).length;
    if (depth !== undefined && levels !== undefined && levels > depth) continue;
    const capabilities = field(status, "CapEff");
    if (capabilities === undefined || !/^[\da-f]+$/i.test(capabilities)) continue;
    const argv = readText(`${proc}/${entry}/cmdline`).split("\0").slice(0, -1);
    processes.push({ pid: Number(entry), name, argv, capabilities: BigInt(`0x${capabilities}`) });
  }
  return processes;
}

function maySetClock(process: Process): boolean {
  return ((process.capabilities >> BigInt(CAP_SYS_TIME)) & 1n) === 1n;
}

/** The daemon a process is; `null` when it is none, or one that leaves the clock alone. */
function daemonName({ name, argv }: Process): string | null {
  const daemon = KNOWN.find(({ comm }) => comm === name);
  if (daemon !== undefined) return daemon.leavesClock(argv) ? null : daemon.name;
  if (name === "busybox") return isBusyboxNtpd(argv) ? "ntpd (busybox)" : null;
  return isOurDaemon(argv) ? "ntpkit run" : null;
}

/** Names worth a closer look: all others need no more than their `comm` read. Node calls its main thread either way. */
function isOfInterest(name: string): boolean {
  return ["busybox", "node", "MainThread", "ntpkit"].includes(name) || KNOWN.some(({ comm }) => comm === name);
}

/** `busybox ntpd …` or a link called ntpd; `-w` there means to look only. */
function isBusyboxNtpd(argv: readonly string[]): boolean {
  const [called = "", applet] = argv;
  const isNtpd = baseName(called) === "ntpd" || (baseName(called) === "busybox" && applet === "ntpd");
  return isNtpd && !hasFlag(argv.slice(1), "w", "SIpkN");
}

/** `ntpkit run`, whether Node is named or not. */
function isOurDaemon(argv: readonly string[]): boolean {
  const at = argv.findIndex((word) => /^ntpkit(\.js)?$/.test(baseName(word)));
  return at >= 0 && argv[at + 1] === "run" && !argv.includes("--no-clock") && !argv.includes("--check");
}

function phc2sysLeavesClock(argv: readonly string[]): boolean {
  if (hasFlag(argv, "a", "cCdDEfFiIlLMnNoOPRsStuwWz")) return !hasFlag(argv, "r", "cCdDEfFiIlLMnNoOPRsStuwWz");
  const at = argv.findIndex((word) => word.startsWith("-c"));
  if (at < 0) return false;
  const clock = argv[at] === "-c" ? argv[at + 1] : argv[at]?.slice(2);
  return clock !== undefined && clock !== "CLOCK_REALTIME";
}

/**
 * True when one of these one-letter options is given, alone or in a cluster such as `-dx`.
 * @param wanted the letters sought
 * @param valued letters that take a value: the rest of their cluster, or the next word
 */
function hasFlag(argv: readonly string[], wanted: string, valued: string): boolean {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    if (!/^-[^-]/.test(word)) continue;
    for (let index = 1; index < word.length; index += 1) {
      const letter = word.charAt(index);
      if (wanted.includes(letter)) return true;
      if (!valued.includes(letter)) continue;
      if (index === word.length - 1) at += 1;
      break;
    }
  }
  return false;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A line of /proc/PID/status. */
function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, "m").exec(status)?.[1];
}

function folder(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
