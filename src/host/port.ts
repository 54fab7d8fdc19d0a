/** A connected datagram socket of libc's, as conversations with daemons want it. */
import type { DatagramPort } from "../control/conversation.ts";
import type { HostFault } from "../engine/port/event.ts";
import { errorNumber, faultOfErrno } from "./errno.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL } from "./layout.ts";
import type { Libc } from "./libc.ts";

/** What a port tells whoever opened it. */
export interface PortListener {
  /** A datagram arrived. The octets are the listener's to keep. */
  datagram(bytes: Uint8Array): void;
  /** What was sent cannot be delivered, or the socket failed: why. */
  undeliverable(why: HostFault): void;
}

/** Opens a way to one daemon. What goes wrong is told to the listener, at once or later; nothing is thrown. */
export type OpenPort = (listener: PortListener) => DatagramPort;

/** The largest datagram there is. */
const LARGEST = 65_535;
/** Datagrams read before others have their turn. */
const TURN = 64;

const EAGAIN = errorNumber("EAGAIN");

/** One room for all: what was read is copied out of it at once. */
let room: Uint8Array | undefined;

/** A port on a descriptor, which it owns from then on. */
export class DescriptorPort implements DatagramPort {
  readonly #c: Libc;
  readonly #fd: number;
  readonly #listener: PortListener;
  readonly #closing: () => void;
  readonly #watch: { close(): void };
  #closed = false;

  /**
   * @param fd connected, and not waiting
   * @param closing called when the port has been closed
   */
  constructor(c: Libc, fd: number, listener: PortListener, closing: () => void = () => {}) {
    this.#c = c;
    this.#fd = fd;
    this.#listener = listener;
    this.#closing = closing;
    this.#watch = c.watch(fd, () => this.#read());
  }

  send(bytes: Uint8Array): void {
    if (this.#closed || this.#c.sendto(this.#fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, null, 0) >= 0)
      return;
    // A full queue is no more than a lost datagram, which is asked for again.
    const errno = this.#c.errno();
    if (errno !== EAGAIN) setImmediate(() => this.#fail(errno));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#c.close(this.#fd);
    this.#closing();
  }

  #fail(errno: number): void {
    if (!this.#closed) this.#listener.undeliverable(faultOfErrno(errno));
  }

  #read(): void {
    room ??= new Uint8Array(LARGEST);
    for (let turn = 0; turn < TURN && !this.#closed; turn += 1) {
      const length = this.#c.recv(this.#fd, room, LARGEST, MSG_DONTWAIT);
      if (length < 0) {
        const errno = this.#c.errno();
        if (errno !== EAGAIN) this.#fail(errno);
        return;
      }
      this.#listener.datagram(room.slice(0, length));
    }
  }
}
