/** UDP to a daemon: through libc where it can be called, since Node's sockets take 4 ms to load, else through those. */
import type { DatagramPort } from "../control/conversation.ts";
import { family, type Address } from "../wire/address.ts";
import { faultOfCode, faultOfErrno } from "./errno.ts";
import { AF_INET, AF_INET6, isKnownLayout, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "./layout.ts";
import { libc, type Libc } from "./libc.ts";
import { DescriptorPort, type OpenPort } from "./port.ts";
import { toSockaddr } from "./udp/sockaddr.ts";

/** UDP to one address, from a port of the system's choice. */
export function udpPort(to: Address): OpenPort {
  const c = isKnownLayout() ? libc() : null;
  return c === null ? dgramPort(to) : libcPort(c, to);
}

/** The same through libc. */
export function libcPort(c: Libc, to: Address): OpenPort {
  return (listener) => {
    const name = toSockaddr(to.ip, to.port);
    const fd =
      name === null
        ? -1
        : c.socket(family(to.ip) === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (name !== null && fd >= 0 && c.connect(fd, name, name.length) === 0) return new DescriptorPort(c, fd, listener);
    const why = name === null ? "other" : faultOfErrno(c.errno());
    if (fd >= 0) c.close(fd);
    return brokenPort(() => listener.undeliverable(why));
  };
}

/** What a port is that could not be opened: that is told, and whatever is sent fails. */
function brokenPort(failed: () => void): DatagramPort {
  let closed = false;
  const fail = (): void => {
    setImmediate(() => {
      if (!closed) failed();
    });
  };
  fail();
  return { send: fail, close: () => void (closed = true) };
}

/** The same through Node's sockets. */
export function dgramPort(to: Address): OpenPort {
  const { createSocket } = process.getBuiltinModule("node:dgram");
  return (listener) => {
    const socket = createSocket({
      type: family(to.ip) === 6 ? "udp6" : "udp4",
      lookup: (name, _options, done) => done(null, name, family(to.ip)),
    });
    const waiting: Uint8Array[] = [];
    let state: "opening" | "open" | "broken" | "closed" = "opening";
    const failed = (error?: unknown): void => {
      if (state !== "closed") listener.undeliverable(faultOfCode((error as NodeJS.ErrnoException | undefined)?.code));
    };
    socket.on("error", failed);
    socket.on("message", (bytes) => listener.datagram(bytes));
    // Called with the error when it fails, which the types do not tell.
    socket.connect(to.port, to.ip, (...[error]: unknown[]) => {
      if (state === "closed") return;
      if (error !== undefined) {
        state = "broken";
        failed(error);
        return;
      }
      state = "open";
      for (const bytes of waiting) socket.send(bytes, failedWith(failed));
    });
    return {
      send(bytes) {
        if (state === "open") socket.send(bytes, failedWith(failed));
        else if (state === "opening") waiting.push(bytes);
        else setImmediate(failed);
      },
      close() {
        if (state !== "closed") socket.close();
        state = "closed";
      },
    };
  };
}

function failedWith(failed: (error: Error) => void): (error: Error | null) => void {
  return (error) => {
    if (error !== null && error !== undefined) failed(error);
  };
}
