/**
 * Unix datagram sockets, which Node does not have: the way to chronyd's command socket, through libc.
 *
 * chronyd answers to the path that a question came from, so ours needs one too, where chronyd can reach it and nobody
 * else can guess it: a socket in a folder of its own beside chronyd's, as chronyc makes one. Both are removed on closing.
 *
 * ```text
 * sockaddr_un   family u16 | path, ending in a zero octet      110 octets at most
 * ```
 */
import { chmodSync, mkdirSync, rmdirSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { systemChance } from "./chance.ts";
import { errorNumber } from "./errno.ts";
import { AF_UNIX, isKnownLayout, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "./layout.ts";
import { libc, type Libc } from "./libc.ts";
import { DescriptorPort, type OpenPort } from "./port.ts";

/** Why there is no way through a Unix socket. */
export type UnixFault =
  | "unsupported" // not on this system
  | "absent" // there is no such socket, or nobody listens on it
  | "noPrivilege" // it is not for us, or we may not make ours beside it
  | "failed"; // anything else

/** Where chronyd has its command socket. */
export const CHRONYD_SOCKET = "/run/chrony/chronyd.sock";

/**
 * Opens a socket that is connected to a path.
 * @param path of the daemon's socket, 107 octets at most
 * @returns how to attach to it, as `openLine` wants it; or why not
 */
export function unixPort(path: string): OpenPort | UnixFault {
  const c = isKnownLayout() ? libc() : null;
  if (c === null) return "unsupported";
  const name = systemChance().bits64().toString(36);
  const place = new Place(`${dirname(path)}/ntpkit.${process.pid}.${name}`);
  const fd = c.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return "failed";
  const fault = connected(c, fd, path, place);
  if (fault === null) return (listener) => new DescriptorPort(c, fd, listener, () => place.remove());
  c.close(fd);
  place.remove();
  return fault;
}

const LONGEST_PATH = 107;

/** Our own end: a folder and a socket in it. */
class Place {
  readonly folder: string;
  readonly socket: string;
  #made = false;

  constructor(folder: string) {
    this.folder = folder;
    this.socket = `${folder}/sock`;
  }

  make(): void {
    mkdirSync(this.folder, { mode: 0o711 });
    this.#made = true;
  }

  /** chronyd runs as another user and writes to the socket. */
  open(): void {
    chmodSync(this.folder, 0o711);
    chmodSync(this.socket, 0o666);
  }

  remove(): void {
    if (!this.#made) return;
    this.#made = false;
    try {
      unlinkSync(this.socket);
    } catch {
      // It was not bound yet.
    }
    rmdirSync(this.folder);
  }
}

function connected(c: Libc, fd: number, path: string, place: Place): UnixFault | null {
  const to = address(path);
  const from = address(place.socket);
  if (to === null || from === null) return "failed";
  // Connected first: nothing is made in a folder where no daemon is.
  if (c.connect(fd, to, to.length) !== 0) return faultOf(c.errno());
  try {
    place.make();
    if (c.bind(fd, from, from.length) !== 0) return faultOf(c.errno());
    place.open();
  } catch (error) {
    return faultOf(errorNumber((error as NodeJS.ErrnoException).code ?? ""));
  }
  return null;
}

function address(path: string): Uint8Array | null {
  const octets = Buffer.from(path);
  if (octets.length > LONGEST_PATH) return null;
  const bytes = new Uint8Array(2 + octets.length + 1);
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(octets, 2);
  return bytes;
}

function faultOf(errno: number): UnixFault {
  if ([errorNumber("ENOENT"), errorNumber("ENOTDIR"), errorNumber("ECONNREFUSED")].includes(errno)) return "absent";
  if ([errorNumber("EACCES"), errorNumber("EPERM"), errorNumber("EROFS")].includes(errno)) return "noPrivilege";
  return "failed";
}
