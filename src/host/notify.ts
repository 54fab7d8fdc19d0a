/**
 * Telling the service manager how things stand (sd_notify(3)): one datagram to the Unix socket it named, through libc, for
 * Node has no such sockets.
 *
 * ```text
 * sockaddr_un   family u16 | path, ending in a zero octet; an abstract name begins with one and does not end
 * ```
 */
import { AF_UNIX, isKnownLayout, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM } from "./layout.ts";
import { libc } from "./libc.ts";

/** The way to a service manager. */
export interface ServiceManager {
  /**
   * Tells it something, e.g. `READY=1`; several at once.
   * @returns false when it cannot be reached, which changes nothing for us
   */
  tell(...variables: readonly string[]): boolean;
  /** It wants to hear `WATCHDOG=1` at least this often, seconds; `null`: it does not. */
  readonly watchdog: number | null;
}

/** A process without a service manager. */
const NOBODY: ServiceManager = { tell: () => false, watchdog: null };

/** The longest path or name a Unix socket may have. */
const LONGEST = 107;

/**
 * The service manager of this process.
 * @param pid ours: the watchdog may be meant for another process
 */
export function serviceManager(
  env: Readonly<Record<string, string | undefined>>,
  pid: number = process.pid,
): ServiceManager {
  const path = env["NOTIFY_SOCKET"];
  const address = path === undefined ? null : unixAddress(path);
  const c = address !== null && isKnownLayout() ? libc() : null;
  if (address === null || c === null) return NOBODY;
  return {
    watchdog: watchdogOf(env, pid),
    tell(...variables) {
      const fd = c.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (fd < 0) return false;
      const bytes = new TextEncoder().encode(variables.join("\n"));
      const sent = c.sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length);
      c.close(fd);
      return sent === bytes.length;
    },
  };
}

/** A `sockaddr_un`; `null` for what is no address of one. An at sign stands for the zero octet of an abstract name. */
export function unixAddress(path: string): Uint8Array | null {
  const name = new TextEncoder().encode(path);
  if ((path[0] !== "/" && path[0] !== "@") || name.length < 2 || name.length > LONGEST) return null;
  const isAbstract = path[0] === "@";
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  if (isAbstract) address[2] = 0;
  return address;
}

/** Half of what the manager allows (sd_watchdog_enabled(3)), seconds. */
function watchdogOf(env: Readonly<Record<string, string | undefined>>, pid: number): number | null {
  const microseconds = Number(env["WATCHDOG_USEC"]);
  const meant = env["WATCHDOG_PID"];
  if (!(microseconds > 0) || (meant !== undefined && Number(meant) !== pid)) return null;
  return microseconds / 2e6;
}
