/** A service manager that only listens: the socket that NOTIFY_SOCKET names, through libc. */
import { unixAddress } from "../../src/host/notify.ts";
import { AF_UNIX, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "../../src/host/layout.ts";
import { libc } from "../../src/host/libc.ts";

/** What it has been told, a datagram each. */
export class Manager {
  readonly told: string[] = [];
  readonly #fd: number;
  readonly #stop: () => void;
  #waiting: { readonly wanted: RegExp; readonly count: number; readonly done: () => void }[] = [];

  /** @param path of the socket; an at sign begins an abstract name */
  constructor(path: string) {
    const c = libc();
    const address = unixAddress(path);
    if (c === null || address === null) throw new Error("there are no Unix sockets to be had");
    this.#fd = c.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c.bind(this.#fd, address, address.length) !== 0) throw new Error(`${path} cannot be bound: ${c.errno()}`);
    const bytes = new Uint8Array(4096);
    const watch = c.watch(this.#fd, () => {
      for (
        let length = c.recv(this.#fd, bytes, bytes.length, MSG_DONTWAIT);
        length > 0;
        length = c.recv(this.#fd, bytes, bytes.length, MSG_DONTWAIT)
      )
        this.told.push(new TextDecoder().decode(bytes.subarray(0, length)));
      this.#serve();
    });
    this.#stop = () => {
      watch.close();
      c.close(this.#fd);
    };
  }

  /** Waits until so many datagrams match. */
  heard(wanted: RegExp, count = 1): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ wanted, count, done });
      this.#serve();
    });
  }

  close(): void {
    this.#stop();
  }

  #serve(): void {
    this.#waiting = this.#waiting.filter(({ wanted, count, done }) => {
      const isHeard = this.told.filter((text) => wanted.test(text)).length >= count;
      if (isHeard) done();
      return !isHeard;
    });
  }
}
