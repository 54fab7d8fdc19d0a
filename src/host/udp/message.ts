/**
 * `recvmsg`: one set of buffers for every packet received, and what the control messages beside a packet say.
 *
 * ```text
 * msghdr   name ptr | namelen u32, pad | iov ptr | iovlen u64 | control ptr | controllen u64 | flags i32, pad   56 octets
 * iovec    base ptr | len u64
 * cmsghdr  len u64 | level i32 | type i32 | data …, each message aligned to 8
 * ```
 */
import type { Address } from "../../wire/address.ts";
import type { NtpTimestamp } from "../../time/timestamp.ts";
import { fromTimespec } from "../clock.ts";
import {
  EXTENDED_ERROR,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IP_PKTINFO,
  IP_RECVERR,
  IP_TTL,
  IPV6_HOPLIMIT,
  IPV6_PKTINFO,
  IPV6_RECVERR,
  SIZE,
  SO_TIMESTAMPING,
  SOL_SOCKET,
} from "../layout.ts";
import type { Libc } from "../libc.ts";
import { fromSockaddr, text4, text6, zoneName } from "./sockaddr.ts";

/** What came beside a packet. */
export interface Control {
  /** The kernel's stamp: of arrival, or of departure when read from the error queue. */
  at?: NtpTimestamp;
  /** Hops left. */
  ttl?: number;
  /** Where it was sent to, and by which interface it came in. */
  destination?: string;
  interface?: string;
  /** It was sent to an address that is not ours alone. */
  shared?: boolean;
  /** Read from the error queue: `errno`, who says so, and a number (the packet's, for a stamp). */
  error?: { readonly errno: number; readonly origin: number; readonly data: number };
}

/** The largest UDP datagram there is. */
const LARGEST = 65_535;
const CONTROL_LENGTH = 512;
const WORD = 8;

/** Buffers for `recvmsg`, filled anew by each call. */
export class MessageBuffer {
  readonly #c: Pick<Libc, "recvmsg">;
  // Each an ArrayBuffer of its own, which stays where it is: a short array might lie in memory that V8 moves.
  readonly #header: Uint8Array = memory(SIZE.msghdr);
  readonly #name: Uint8Array = memory(SIZE.sockaddr_in6);
  readonly #vector: Uint8Array = memory(2 * WORD);
  readonly #payload: Uint8Array = memory(LARGEST);
  readonly #control: Uint8Array = memory(CONTROL_LENGTH);
  readonly #words: DataView;
  readonly #controlWords: DataView;

  constructor(c: Pick<Libc, "recvmsg" | "address">) {
    this.#c = c;
    this.#words = new DataView(this.#header.buffer);
    this.#controlWords = new DataView(this.#control.buffer);
    const vector = new DataView(this.#vector.buffer);
    vector.setBigUint64(0, c.address(this.#payload), true);
    vector.setBigUint64(WORD, BigInt(LARGEST), true);
    this.#words.setBigUint64(0, c.address(this.#name), true);
    this.#words.setBigUint64(16, c.address(this.#vector), true);
    this.#words.setBigUint64(24, 1n, true);
    this.#words.setBigUint64(32, c.address(this.#control), true);
  }

  /**
   * Receives one message.
   * @param flags MSG_…
   * @returns octets of payload, 0 or more; −1 when there is none or an error is pending (errno says)
   */
  receive(fd: number, flags: number): number {
    this.#words.setUint32(8, SIZE.sockaddr_in6, true);
    this.#words.setBigUint64(40, BigInt(CONTROL_LENGTH), true);
    return this.#c.recvmsg(fd, this.#header, flags);
  }

  /** A copy of the payload just received. */
  bytes(length: number): Uint8Array {
    return this.#payload.slice(0, length);
  }

  /** Who sent it; `null` when the kernel did not say. */
  sender(): Address | null {
    return this.#words.getUint32(8, true) === 0 ? null : fromSockaddr(this.#name);
  }

  /** What came beside it. */
  control(): Control {
    const control: Control = {};
    const end = Math.min(this.#words.getUint32(40, true), CONTROL_LENGTH);
    for (let at = 0; at + SIZE.cmsghdr <= end;) {
      const length = this.#controlWords.getUint32(at, true);
      if (length < SIZE.cmsghdr || at + length > end) break;
      this.#take(control, at);
      at += Math.ceil(length / WORD) * WORD;
    }
    return control;
  }

  /** Takes one control message, which starts at `at`. */
  #take(control: Control, at: number): void {
    const words = this.#controlWords;
    const level = words.getInt32(at + 8, true);
    const type = words.getInt32(at + 12, true);
    const data = at + SIZE.cmsghdr;
    if (level === SOL_SOCKET && type === SO_TIMESTAMPING) {
      // Three timespecs, of which the first is the software stamp; zero means there is none.
      const seconds = words.getBigInt64(data, true);
      if (seconds !== 0n) control.at = fromTimespec(seconds, Number(words.getBigInt64(data + 8, true)));
    } else if ((level === IPPROTO_IP && type === IP_TTL) || (level === IPPROTO_IPV6 && type === IPV6_HOPLIMIT)) {
      control.ttl = words.getInt32(data, true);
    } else if (level === IPPROTO_IP && type === IP_PKTINFO) {
      // Interface, our address that would answer, and the destination in the header: they differ for a shared address.
      control.interface = zoneName(words.getInt32(data, true));
      control.destination = text4(this.#control, data + 8);
      control.shared = words.getUint32(data + 4, true) !== words.getUint32(data + 8, true);
    } else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO) {
      const name = zoneName(words.getInt32(data + 16, true));
      const ip = text6(this.#control, data);
      control.destination = /^fe[89ab]/.test(ip) ? `${ip}%${name}` : ip;
      control.interface = name;
      control.shared = this.#control[data] === 0xff;
    } else if ((level === IPPROTO_IP && type === IP_RECVERR) || (level === IPPROTO_IPV6 && type === IPV6_RECVERR)) {
      control.error = {
        errno: words.getUint32(data + EXTENDED_ERROR.errno, true),
        origin: words.getUint8(data + EXTENDED_ERROR.origin),
        data: words.getUint32(data + EXTENDED_ERROR.data, true),
      };
    }
  }
}

/** How a packet was addressed. */
export function castOf(control: Control): "unicast" | "broadcast" | "group" {
  if (control.destination === undefined || control.shared !== true) return "unicast";
  const first = Number.parseInt(control.destination, 10);
  return control.destination.includes(":") || (first >= 224 && first < 240) ? "group" : "broadcast";
}

function memory(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length));
}
