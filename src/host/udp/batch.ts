/**
 * `recvmmsg` and `sendmmsg`: many datagrams in one system call, read into memory that is kept and answered from it. Where a
 * sandbox refuses them, one by one.
 *
 * ```text
 * mmsghdr  msghdr 56 | length u32, pad        64 octets: name ptr | namelen | iov ptr | iovlen | control ptr | controllen | flags
 * ```
 *
 * Nothing is allocated for a datagram. Each slot's {@link Arrival} lies on the slot's own payload, and a reply goes to the
 * very `sockaddr` its request came with.
 */
import { newArrival, REPLY_OCTETS, type Arrival } from "../../server/reply.ts";
import { IPV4_MAPPED } from "../../server/source.ts";
import { timestamp } from "../../time/timestamp.ts";
import { MAX_PACKET_LENGTH } from "../../wire/packet.ts";
import { errorNumber } from "../errno.ts";
import * as linux from "../layout.ts";
import type { Libc } from "../libc.ts";
import type { Control } from "./message.ts";
import { text4, text6, zoneName } from "./sockaddr.ts";

/** Datagrams read by one call. More would make the first of a batch wait for the last. */
export const BATCH = 32;

/** Memory for a reply, in whole lines of a cache. */
const REPLY = Math.ceil(REPLY_OCTETS / 64) * 64;
const CONTROL = 256;
/** Room for one IPV6_PKTINFO. */
const OUT_CONTROL = 40;
const WORDS = linux.SIZE.mmsghdr / 4;
/** Words of a mmsghdr. */
const NAME = 0;
const NAME_LENGTH = 2;
const VECTOR = 4;
const VECTORS = 6;
const CONTROL_AT = 8;
const CONTROL_LENGTH = 10;
const LENGTH = 14;

/** Seconds from 1900 to 1970, as a signed 32-bit word. */
const UNIX_EPOCH = 2_208_988_800 | 0;
/** 2^32 / 10^9: nanoseconds as a fraction of a timestamp. */
const FRACTION = 4.294967296;

const RECEIVING = linux.MSG_DONTWAIT | linux.MSG_TRUNC;
const SENDING = linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL;

/** How a sandbox refuses a system call. */
const REFUSED: ReadonlySet<number> = new Set([errorNumber("ENOSYS"), errorNumber("EPERM"), errorNumber("EACCES")]);

type Calls = Pick<Libc, "recvmmsg" | "sendmmsg" | "recvmsg" | "sendmsg" | "errno">;

/** What came beside a datagram, besides what its {@link Arrival} holds. */
export interface Slot {
  readonly index: number;
  readonly arrival: Arrival;
  /** Whether the kernel stamped it; if so, the arrival's seconds and fraction are that stamp. */
  stamped: boolean;
  /** Index of the interface it came in by; 0: unknown. */
  interface: number;
  /** Hops left; −1: unknown. */
  ttl: number;
}

/** Memory for {@link BATCH} datagrams each way. */
export class Batch {
  readonly slots: readonly Slot[];
  readonly #c: Calls;
  /** Whether the kernel takes many at once: a sandbox may know these two calls not. */
  #many = true;
  readonly #in: Uint32Array = new Uint32Array(new ArrayBuffer(BATCH * linux.SIZE.mmsghdr));
  readonly #out: Uint32Array = new Uint32Array(new ArrayBuffer(BATCH * linux.SIZE.mmsghdr));
  readonly #names: DataView = view(BATCH * linux.SIZE.sockaddr_in6);
  readonly #controls: DataView = view(BATCH * CONTROL);
  readonly #replies: Uint8Array = new Uint8Array(new ArrayBuffer(BATCH * REPLY));
  readonly #outControls: DataView = view(BATCH * OUT_CONTROL);
  /** `struct iovec`s: those of the slots, then those of the replies. */
  readonly #vectors: DataView = view(2 * BATCH * 16);
  /** Where each slot's name lies, as two words. */
  readonly #nameAt: Uint32Array;
  /** Where in a slot's control memory its destination is; 0: unknown. */
  readonly #destination: Uint16Array = new Uint16Array(BATCH);

  constructor(c: Calls & Pick<Libc, "address">) {
    this.#c = c;
    this.slots = Array.from({ length: BATCH }, (_, index) => ({
      index,
      arrival: newArrival(),
      stamped: false,
      interface: 0,
      ttl: -1,
    }));
    const pointer = (into: Uint32Array, word: number, address: bigint): void =>
      new DataView(into.buffer).setBigUint64(word * 4, address, true);
    const names = c.address(this.#names);
    this.#nameAt = new Uint32Array(
      new BigUint64Array(Array.from({ length: BATCH }, (_, slot) => names + BigInt(slot * linux.SIZE.sockaddr_in6)))
        .buffer,
    );
    const vectors = this.#vectors;
    const vector = (place: number, base: bigint, length: number): bigint => {
      vectors.setBigUint64(place * 16, base, true);
      vectors.setBigUint64(place * 16 + 8, BigInt(length), true);
      return c.address(vectors) + BigInt(place * 16);
    };
    for (let slot = 0; slot < BATCH; slot += 1) {
      const { bytes } = this.slots[slot]!.arrival;
      pointer(this.#in, slot * WORDS + NAME, names + BigInt(slot * linux.SIZE.sockaddr_in6));
      pointer(this.#in, slot * WORDS + VECTOR, vector(slot, c.address(bytes), MAX_PACKET_LENGTH));
      pointer(this.#in, slot * WORDS + CONTROL_AT, c.address(this.#controls) + BigInt(slot * CONTROL));
      this.#in[slot * WORDS + VECTORS] = 1;
      pointer(
        this.#out,
        slot * WORDS + VECTOR,
        vector(BATCH + slot, c.address(this.#replies) + BigInt(slot * REPLY), REPLY),
      );
      pointer(this.#out, slot * WORDS + CONTROL_AT, c.address(this.#outControls) + BigInt(slot * OUT_CONTROL));
      this.#out[slot * WORDS + VECTORS] = 1;
    }
  }

  /**
   * Reads what is there.
   * @returns how many, at most {@link BATCH}; 0 or less when there is nothing, or an error is pending
   */
  receive(fd: number): number {
    for (let slot = 0; slot < BATCH; slot += 1) {
      this.#in[slot * WORDS + NAME_LENGTH] = linux.SIZE.sockaddr_in6;
      this.#in[slot * WORDS + CONTROL_LENGTH] = CONTROL;
    }
    const count = this.#many ? this.#receiveMany(fd) : this.#receiveOne(fd);
    for (let slot = 0; slot < count; slot += 1) this.#take(slot);
    return count;
  }

  /** The most that one call reads. */
  get most(): number {
    return this.#many ? BATCH : 1;
  }

  /** What came beside a slot's datagram, for those that are no requests. */
  control({ index, arrival, stamped, interface: from, ttl }: Slot): Control {
    const control: Control = {};
    if (stamped) control.at = timestamp(arrival.seconds, arrival.fraction);
    if (ttl >= 0) control.ttl = ttl;
    const destination = this.#destination[index]!;
    if (destination === 0) return control;
    const isIpv4 = this.#isIpv4(index);
    const octets = new Uint8Array(this.#controls.buffer);
    const at = index * CONTROL + destination;
    const ip = isIpv4 ? text4(octets, at) : text6(octets, at);
    control.interface = zoneName(from);
    control.destination = /^fe[89ab]/.test(ip) ? `${ip}%${control.interface}` : ip;
    control.shared = arrival.cast !== "unicast";
    return control;
  }

  /** Memory for the n-th reply. */
  reply(place: number): Uint8Array {
    return this.#replies.subarray(place * REPLY, (place + 1) * REPLY);
  }

  /**
   * Addresses the n-th reply to whoever sent a slot's datagram, from the address that was asked.
   * @param length octets of it
   */
  address(place: number, slot: number, length: number): void {
    const at = place * WORDS;
    const out = this.#out;
    out[at + NAME] = this.#nameAt[slot * 2]!;
    out[at + NAME + 1] = this.#nameAt[slot * 2 + 1]!;
    out[at + NAME_LENGTH] = this.#in[slot * WORDS + NAME_LENGTH]!;
    out[at + CONTROL_LENGTH] = this.#from(place, slot);
    this.#vectors.setUint32((BATCH + place) * 16 + 8, length, true);
  }

  /**
   * Sends the first replies. What the kernel has no room for is lost, as any datagram may be.
   * @returns how many left
   */
  send(fd: number, count: number): number {
    let sent = 0;
    // A datagram that is refused stops the call; those after it are not to suffer.
    for (let from = 0; from < count;) {
      const headers = from === 0 ? this.#out : this.#out.subarray(from * WORDS);
      const done = this.#many ? this.#sendMany(fd, headers, count - from) : this.#sendOne(fd, headers);
      if (done > 0) sent += done;
      from += done > 0 ? done : 1;
    }
    return sent;
  }

  #receiveMany(fd: number): number {
    const count = this.#c.recvmmsg(fd, this.#in, BATCH, RECEIVING, null);
    if (count >= 0 || !REFUSED.has(this.#c.errno())) return count;
    this.#many = false;
    return this.#receiveOne(fd);
  }

  /** A `mmsghdr` begins with the `msghdr` of one. */
  #receiveOne(fd: number): number {
    const length = this.#c.recvmsg(fd, this.#in, RECEIVING);
    if (length < 0) return length;
    this.#in[LENGTH] = length;
    return 1;
  }

  #sendMany(fd: number, headers: Uint32Array, count: number): number {
    const done = this.#c.sendmmsg(fd, headers, count, SENDING);
    if (done >= 0 || !REFUSED.has(this.#c.errno())) return done;
    // A packet filter refuses a datagram in the words of a sandbox that refuses the call.
    const sent = this.#sendOne(fd, headers);
    if (sent > 0) this.#many = false;
    return sent;
  }

  #sendOne(fd: number, headers: Uint32Array): number {
    return this.#c.sendmsg(fd, headers, SENDING) < 0 ? 0 : 1;
  }

  /** Makes a slot's arrival of what the kernel wrote; the time of those it did not stamp is the caller's to fill in. */
  #take(slot: number): void {
    const one = this.slots[slot]!;
    const { arrival } = one;
    const at = slot * WORDS;
    arrival.length = this.#in[at + LENGTH]!;
    const name = slot * linux.SIZE.sockaddr_in6;
    const names = this.#names;
    const isIpv4 = this.#isIpv4(slot);
    arrival.port = names.getUint16(name + 2);
    arrival.source.a = isIpv4 ? 0 : names.getInt32(name + 8);
    arrival.source.b = isIpv4 ? 0 : names.getInt32(name + 12);
    arrival.source.c = isIpv4 ? IPV4_MAPPED : names.getInt32(name + 16);
    arrival.source.d = isIpv4 ? names.getInt32(name + 4) : names.getInt32(name + 20);
    arrival.cast = "unicast";
    one.stamped = false;
    one.interface = 0;
    one.ttl = -1;
    this.#destination[slot] = 0;
    const begin = slot * CONTROL;
    const end = begin + Math.min(this.#in[at + CONTROL_LENGTH]!, CONTROL);
    for (let place = begin; place + linux.SIZE.cmsghdr <= end;) {
      const length = this.#controls.getUint32(place, true);
      if (length < linux.SIZE.cmsghdr || place + length > end) break;
      this.#takeControl(one, slot, place);
      place += (length + 7) & ~7;
    }
  }

  #takeControl(one: Slot, slot: number, place: number): void {
    const controls = this.#controls;
    const level = controls.getInt32(place + 8, true);
    const type = controls.getInt32(place + 12, true);
    const data = place + linux.SIZE.cmsghdr;
    if (level === linux.SOL_SOCKET && type === linux.SO_TIMESTAMPING) {
      const seconds = controls.getInt32(data, true);
      if (seconds === 0) return;
      one.stamped = true;
      one.arrival.seconds = (seconds + UNIX_EPOCH) | 0;
      one.arrival.fraction = nanoseconds(controls.getInt32(data + 8, true));
    } else if (level === linux.IPPROTO_IP && type === linux.IP_PKTINFO) {
      one.interface = controls.getInt32(data, true);
      this.#destination[slot] = data + 8 - slot * CONTROL;
      if (controls.getInt32(data + 4) !== controls.getInt32(data + 8))
        one.arrival.cast = controls.getUint8(data + 8) >>> 4 === 14 ? "group" : "broadcast";
    } else if (level === linux.IPPROTO_IPV6 && type === linux.IPV6_PKTINFO) {
      one.interface = controls.getInt32(data + 16, true);
      this.#destination[slot] = data - slot * CONTROL;
      if (controls.getUint8(data) === 0xff) one.arrival.cast = "group";
    } else if (
      (level === linux.IPPROTO_IP && type === linux.IP_TTL) ||
      (level === linux.IPPROTO_IPV6 && type === linux.IPV6_HOPLIMIT)
    ) {
      one.ttl = controls.getInt32(data, true);
    }
  }

  #isIpv4(slot: number): boolean {
    return this.#names.getUint16(slot * linux.SIZE.sockaddr_in6, true) === linux.AF_INET;
  }

  /** Writes the source address of a reply; returns octets of control. */
  #from(place: number, slot: number): number {
    const destination = this.#destination[slot]!;
    if (destination === 0) return 0;
    const out = this.#outControls;
    const to = place * OUT_CONTROL;
    const from = slot * CONTROL + destination;
    const isIpv4 = this.#isIpv4(slot);
    out.setUint32(to, linux.SIZE.cmsghdr + (isIpv4 ? 12 : 20), true);
    out.setUint32(to + 8, isIpv4 ? linux.IPPROTO_IP : linux.IPPROTO_IPV6, true);
    out.setUint32(to + 12, isIpv4 ? linux.IP_PKTINFO : linux.IPV6_PKTINFO, true);
    if (isIpv4) {
      // Interface 0: the route decides by which one it leaves.
      out.setUint32(to + 16, 0, true);
      out.setUint32(to + 20, this.#controls.getUint32(from));
      out.setUint32(to + 24, 0);
      return 32;
    }
    for (let word = 0; word < 16; word += 4) out.setUint32(to + 16 + word, this.#controls.getUint32(from + word));
    const isLinkLocal = (this.#controls.getUint16(from) & 0xffc0) === 0xfe80;
    out.setUint32(to + 32, isLinkLocal ? this.slots[slot]!.interface : 0, true);
    return OUT_CONTROL;
  }
}

/**
 * CLOCK_REALTIME in the words of a timestamp, read without allocating.
 */
export class WordClock {
  /** Of the last reading: seconds since 1900 and fraction, each as a signed 32-bit word. */
  seconds = 0;
  fraction = 0;
  readonly #c: Pick<Libc, "clock_gettime">;
  readonly #time: Int32Array = new Int32Array(new ArrayBuffer(16));

  constructor(c: Pick<Libc, "clock_gettime">) {
    this.#c = c;
  }

  read(): void {
    this.#c.clock_gettime(linux.CLOCK_REALTIME, this.#time);
    this.seconds = (this.#time[0]! + UNIX_EPOCH) | 0;
    this.fraction = nanoseconds(this.#time[2]!);
  }
}

/** Nanoseconds of a second as the fraction of a timestamp, a signed 32-bit word. */
function nanoseconds(count: number): number {
  return Math.round(count * FRACTION) | 0;
}

function view(length: number): DataView {
  return new DataView(new ArrayBuffer(length));
}
