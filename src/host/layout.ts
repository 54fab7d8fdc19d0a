/**
 * Numbers and structures of the Linux kernel interface, as 64-bit little-endian machines lay them out: x86-64 and arm64.
 *
 * Both agree in everything here but one: `struct epoll_event` is packed to 12 octets on x86-64 and takes 16 on arm64.
 * On any other machine {@link isKnownLayout} says no, and sockets are Node's own.
 */

/** True where the structures below are laid out as written. */
export function isKnownLayout(): boolean {
  return process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");
}

/** `socket`, `sendto`, `recvmsg`, `epoll`. */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_ERRQUEUE = 0x2000;
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 1;
export const EPOLLERR = 8;

/** Socket options, by level. */
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_BROADCAST = 6;
export const SO_RCVBUF = 8;
export const SO_BINDTODEVICE = 25;
export const SO_RCVBUFFORCE = 33;
export const SO_TIMESTAMPING = 37;
export const IPPROTO_IP = 0;
export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_PKTINFO = 8;
export const IP_RECVERR = 11;
export const IP_RECVTTL = 12;
export const IP_MULTICAST_TTL = 33;
export const IP_ADD_MEMBERSHIP = 35;
export const IP_MULTICAST_ALL = 49;
export const IPPROTO_IPV6 = 41;
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_MULTICAST_HOPS = 18;
export const IPV6_JOIN_GROUP = 20;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_MULTICAST_ALL = 29;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const IPV6_RECVHOPLIMIT = 51;
export const IPV6_HOPLIMIT = 52;
export const IPV6_TCLASS = 67;

/** Netlink: routing messages, and the groups that are told of links and addresses (linux/rtnetlink.h). */
export const NETLINK_ROUTE = 0;
export const RTMGRP_LINK = 0x1;
export const RTMGRP_IPV4_IFADDR = 0x10;
export const RTMGRP_IPV6_IFADDR = 0x100;

/** Flags of SO_TIMESTAMPING (Documentation/networking/timestamping.rst): stamp what leaves, stamp what arrives. */
export const SOF_TIMESTAMPING_TX_SOFTWARE = 0x02;
export const SOF_TIMESTAMPING_RX_SOFTWARE = 0x08;
/** Report software stamps. */
export const SOF_TIMESTAMPING_SOFTWARE = 0x10;
/** Number the packets sent, so that a stamp says which one it is of. */
export const SOF_TIMESTAMPING_OPT_ID = 0x80;
/** Send stamps come without a copy of the packet. */
export const SOF_TIMESTAMPING_OPT_TSONLY = 0x800;

/** `ee_origin` of an extended error that is a send stamp (linux/errqueue.h). */
export const SO_EE_ORIGIN_TIMESTAMPING = 4;

const PACKED = process.arch === "x64";

/** Octets of the structures. */
export const SIZE: {
  readonly sockaddr_in: number;
  readonly sockaddr_in6: number;
  readonly msghdr: number;
  readonly mmsghdr: number;
  readonly cmsghdr: number;
  readonly timex: number;
  readonly epoll_event: number;
} = {
  sockaddr_in: 16,
  sockaddr_in6: 28,
  msghdr: 56,
  mmsghdr: 64,
  cmsghdr: 16,
  timex: 208,
  epoll_event: PACKED ? 12 : 16,
};

/** Where `epoll_event.data` starts. */
export const EPOLL_DATA: number = PACKED ? 4 : 8;

/** Where the members of `struct timex` start: modes u32, offset, freq, maxerror, esterror, status i32, constant, time.tv_sec, time.tv_usec, tick (64 bits each). */
export const TIMEX = {
  modes: 0,
  offset: 8,
  frequency: 16,
  maxError: 24,
  estimatedError: 32,
  status: 40,
  constant: 48,
  seconds: 72,
  fraction: 80,
  tick: 88,
} as const;

/** Where the members of `struct sock_extended_err` start: errno u32, origin u8, data u32. */
export const EXTENDED_ERROR = { errno: 0, origin: 4, data: 12 } as const;

/** `modes` of `struct timex` (linux/timex.h). */
export const ADJ_OFFSET = 0x0001;
export const ADJ_FREQUENCY = 0x0002;
export const ADJ_MAXERROR = 0x0004;
export const ADJ_ESTERROR = 0x0008;
export const ADJ_STATUS = 0x0010;
export const ADJ_TIMECONST = 0x0020;
export const ADJ_TAI = 0x0080;
export const ADJ_SETOFFSET = 0x0100;
export const ADJ_NANO = 0x2000;
export const ADJ_TICK = 0x4000;
export const ADJ_OFFSET_SINGLESHOT = 0x8001;

/** Its status bits: a leap second is inserted or deleted at the end of the day (UTC), and the clock is not to be relied on. */
export const STA_PLL = 0x0001;
export const STA_INS = 0x0010;
export const STA_DEL = 0x0020;
export const STA_UNSYNC = 0x0040;

/** `clock_gettime` and friends; the same number on every POSIX system ntpkit knows. */
export const CLOCK_REALTIME = 0;
/** Linux: the steady clock, and it goes on while the machine is suspended. */
export const CLOCK_BOOTTIME = 7;
