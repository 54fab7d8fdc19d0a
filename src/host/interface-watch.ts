/**
 * Tells when this host's interfaces or their addresses change. On Linux the kernel says so (rtnetlink(7)), which costs nothing
 * while nothing changes; elsewhere they are looked at now and then.
 */
import type { HostAddresses } from "../engine/port/event.ts";
import { addressesByInterface } from "./interfaces.ts";
import * as linux from "./layout.ts";
import { libc, type Libc } from "./libc.ts";

/** A watch that goes on. */
export interface InterfaceWatch {
  close(): void;
}

/** How often they are looked at where nobody tells, milliseconds. */
const LOOK_INTERVAL = 10_000;
/** An interface that comes up brings several messages; they are taken together, milliseconds. */
const SETTLE = 200;
const MESSAGES = 65_536;

/**
 * Starts watching.
 * @param tell is given all addresses there are; also when they may have changed and have not
 * @param look reads them
 */
export function watchInterfaces(
  tell: (addresses: HostAddresses) => void,
  look: () => HostAddresses = addressesByInterface,
): InterfaceWatch {
  return kernelWatch(tell, look) ?? periodicWatch(tell, look);
}

function periodicWatch(tell: (addresses: HostAddresses) => void, look: () => HostAddresses): InterfaceWatch {
  let before = JSON.stringify(look());
  const timer = setInterval(() => {
    const addresses = look();
    const text = JSON.stringify(addresses);
    if (text !== before) tell(addresses);
    before = text;
  }, LOOK_INTERVAL).unref();
  return { close: () => clearInterval(timer) };
}

/** `null` where the kernel cannot be asked. */
function kernelWatch(tell: (addresses: HostAddresses) => void, look: () => HostAddresses): InterfaceWatch | null {
  const c = linux.isKnownLayout() ? libc() : null;
  const fd = c === null ? -1 : netlinkSocket(c);
  if (c === null || fd < 0) return null;
  const messages = new Uint8Array(new ArrayBuffer(MESSAGES));
  let timer: NodeJS.Timeout | undefined;
  const watch = c.watch(fd, () => {
    // What they say is looked up; that there are too many to be told all (ENOBUFS) says it, too.
    while (c.recv(fd, messages, MESSAGES, linux.MSG_DONTWAIT) > 0);
    timer ??= setTimeout(() => {
      timer = undefined;
      tell(look());
    }, SETTLE);
  });
  return {
    close() {
      clearTimeout(timer);
      watch.close();
      c.close(fd);
    },
  };
}

/** Hears of links and of addresses of both families; −1 where that is refused. */
function netlinkSocket(c: Libc): number {
  const fd = c.socket(linux.AF_NETLINK, linux.SOCK_RAW | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC, linux.NETLINK_ROUTE);
  if (fd < 0) return fd;
  // sockaddr_nl: family u16, pad u16, port u32, groups u32
  const address = new DataView(new ArrayBuffer(12));
  address.setUint16(0, linux.AF_NETLINK, true);
  address.setUint32(8, linux.RTMGRP_LINK | linux.RTMGRP_IPV4_IFADDR | linux.RTMGRP_IPV6_IFADDR, true);
  if (c.bind(fd, address, address.byteLength) === 0) return fd;
  c.close(fd);
  return -1;
}
