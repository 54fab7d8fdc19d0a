/** Starting the real daemons, each with its configuration in a host of the scenario's network. */
import { writeFile } from "node:fs/promises";
import type { Clock } from "./clock.ts";
import type { Host } from "./netns.ts";
import type { Peer } from "./peers.ts";
import { type Running, start } from "./processes.ts";

/** What a daemon is started with. */
export interface DaemonOptions {
  /** Its clock; without one it sees the machine's, which it may not set. */
  readonly clock?: Clock;
  /** A resolv.conf that only it sees. */
  readonly resolver?: string;
}

/** Words before a program that take away the right to set the clock, whatever user it runs as. */
export const NO_CLOCK: readonly string[] = ["setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time"];

/** Configuration that makes a lone ntpd or NTPsec answer as synchronized after two seconds: an orphan parent. */
export const ORPHAN: readonly string[] = ["tos orphan 6 orphanwait 1"];

/** chronyd, which never touches a clock (-x). `lines` are added to a configuration that lets everybody ask. */
export async function startChronyd(
  peer: Peer,
  host: Host,
  file: string,
  lines: readonly string[],
  options: DaemonOptions = {},
): Promise<Running> {
  await writeConfig(file, chronyConfig(file, lines));
  return start(command(peer, host, ["usr/sbin/chronyd", "-x", "-u", "root", "-d", "-f", file], options));
}

/** The lines every chronyd of the lab has: nothing at a fixed path, no command port, everybody may ask. */
export function chronyConfig(file: string, lines: readonly string[]): readonly string[] {
  return [`pidfile ${file}.pid`, "cmdport 0", "bindcmdaddress /", "allow all", ...lines];
}

/** ntpd, ntp.org's or NTPsec's: the same words start both. */
export async function startNtpd(
  peer: Peer,
  host: Host,
  file: string,
  lines: readonly string[],
  options: DaemonOptions = {},
): Promise<Running> {
  await writeConfig(file, lines);
  const words = command(peer, host, ["usr/sbin/ntpd", "-n", "-g", "-c", file], options);
  return start(options.resolver === undefined ? words : resolving(words, options.resolver));
}

/** Words that run others, which know a resolv.conf of their own. */
function resolving(words: readonly string[], resolver: string): readonly string[] {
  return ["unshare", "--mount", "sh", "-c", `mount --bind ${resolver} /etc/resolv.conf && exec "$@"`, "sh", ...words];
}

/** OpenNTPD wants a user and folders at fixed paths: it gets them in a mount namespace of its own. */
export async function startOpenntpd(
  peer: Peer,
  host: Host,
  file: string,
  lines: readonly string[],
  options: DaemonOptions = {},
): Promise<Running> {
  await writeConfig(file, ["listen on *", ...lines]);
  const prepare = [
    "set -e",
    "for d in /run /var/lib; do mount -t tmpfs tmpfs $d; done",
    "mkdir -p /run/openntpd /var/lib/openntpd/run /var/lib/openntpd/db",
    `(cat /etc/passwd; echo ntpd:x:64123:64123::/run/openntpd:/bin/false) > ${file}.passwd`,
    `(cat /etc/group; echo ntpd:x:64123:) > ${file}.group`,
    `mount --bind ${file}.passwd /etc/passwd`,
    `mount --bind ${file}.group /etc/group`,
    'exec "$@"',
  ];
  const daemon = withEnvironment(peer, [peer.path("usr/sbin/ntpd"), "-d", "-v", "-f", file], options);
  return start(host.inside(["unshare", "--mount", "sh", "-c", prepare.join("\n"), "sh", ...NO_CLOCK, ...daemon]));
}

/** The words that run a peer's program in a host, on the given clock and without the right to set one. */
export function command(
  peer: Peer,
  host: Host,
  [program = "", ...rest]: readonly string[],
  options: DaemonOptions = {},
): readonly string[] {
  return host.inside([...NO_CLOCK, ...withEnvironment(peer, [peer.path(program), ...rest], options)]);
}

/** `env` stands last, so that the shim and the libraries reach the program and nothing before it. */
function withEnvironment(peer: Peer, argv: readonly string[], options: DaemonOptions): readonly string[] {
  const variables = { ...peer.env, ...options.clock?.env };
  return ["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), ...argv];
}

async function writeConfig(file: string, lines: readonly string[]): Promise<void> {
  await writeFile(file, `${lines.join("\n")}\n`);
}
