/** What real clients measure of a server, each as its own output tells it, with the delay it was measured with. */
import { readFile, rm } from "node:fs/promises";
import type { Host } from "./netns.ts";
import type { Measured } from "./scenario.ts";
import type { World } from "./world.ts";

/** How old the clock may be that libevent keeps: a tick of the kernel's, seconds. */
export const TICK: number = 0.01;

/**
 * chronyd, by its log of measurements: the last line is the one that counted.
 * @param words the server's address, and what else a `server` line has
 * @param lines more of its configuration
 */
export async function byChronyd(
  world: World,
  client: Host,
  [address = "", ...words]: readonly string[],
  lines: readonly string[] = [],
): Promise<Measured> {
  const log = world.file(`measured-${client.name}-${address}`);
  await rm(log, { recursive: true, force: true });
  const server = ["server", address, ...words, "iburst", "maxsamples", "1"].join(" ");
  await world.tool("chrony", client, [
    "usr/sbin/chronyd",
    "-u",
    "root",
    "-t",
    "30",
    "-f",
    "/dev/null",
    "-Q",
    server,
    ...lines,
    `logdir ${log}`,
    "log measurements",
  ]);
  const fields = (await readFile(`${log}/measurements.log`, "utf8")).trimEnd().split("\n").at(-1)?.split(/ +/) ?? [];
  return { offset: Number(fields[11]), delay: Number(fields[12]) };
}

/** ntpdate. To a delay it adds the precision it takes for its own, 2^-6 s, and a skew of 0x28f / 2^16 s. */
export async function byNtpdate(world: World, client: Host, address: string): Promise<Measured> {
  const { stdout } = await world.tool("classic", client, ["usr/sbin/ntpdate", "-q", address]);
  const [, offset, delay] = /offset ([+-][\d.]+), delay ([\d.]+)/.exec(stdout) ?? [];
  return { offset: Number(offset), delay: Number(delay) - 2 ** -6 - 0x28f / 2 ** 16 };
}

/** sntp. When a reply came it reads off a clock of libevent's. */
export async function bySntp(world: World, client: Host, address: string): Promise<Measured> {
  const { stdout } = await world.tool("classic", client, ["usr/bin/sntp", "-D", "4", address]);
  const [, there, back, offset] = /t21: (\S+)\s.* t34: (\S+)\s.*offset: (\S+)/s.exec(stdout) ?? [];
  return { offset: Number(offset), delay: Math.max(Number(there) - Number(back), 0) };
}

/** ntpdig. It reads its clock in Python, late on a busy machine; of eight exchanges it keeps the one with the least delay. */
export async function byNtpdig(world: World, client: Host, address: string): Promise<Measured> {
  const { stdout } = await world.tool("ntpsec", client, ["usr/bin/ntpdig", "-p", "8", address]);
  const [, offset, error] = /([+-]\d+\.\d+) \+\/- (\d+\.\d+)/.exec(stdout) ?? [];
  return { offset: Number(offset), delay: 2 * Number(error) };
}
