/**
 * The process's own standard output and error.
 *
 * Node's streams for them take 3 ms to load, and 6 where they are sockets; so what is no terminal is written to directly. It
 * waits there as Node's streams do: for a slow reader of a pipe, since to write is to have written.
 */
import { fstatSync, statSync, writeSync } from "node:fs";
import type { Sink } from "./io.ts";

/** A standard stream to write to. */
export interface Output extends Sink {
  /** Why it could not be written to; `null`: it could. What is written after that goes nowhere. */
  readonly fault: NodeJS.ErrnoException | null;
  /** All that was written has left the process, or its reader is gone. */
  written(): Promise<void>;
}

/** @param fd 1 or 2 */
export function outputOf(fd: 1 | 2): Output {
  return mayBeTerminal(fd) ? new StreamOutput(fd) : new DirectOutput(fd);
}

/** Whether a descriptor is a terminal, or of a kind that cannot be told here. */
function mayBeTerminal(fd: number): boolean {
  if (process.platform === "win32") return true;
  try {
    const about = fstatSync(fd);
    return about.isCharacterDevice() && about.rdev !== statSync("/dev/null").rdev;
  } catch {
    return true;
  }
}

class DirectOutput implements Output {
  readonly isTerminal = false;
  readonly columns = null;
  readonly #fd: 1 | 2;
  /** Takes over where a reader that is not waited for is slow. */
  #stream: StreamOutput | null = null;
  #fault: NodeJS.ErrnoException | null = null;

  constructor(fd: 1 | 2) {
    this.#fd = fd;
  }

  get fault(): NodeJS.ErrnoException | null {
    return this.#stream?.fault ?? this.#fault;
  }

  write(text: string): void {
    if (this.#stream !== null) this.#stream.write(text);
    else if (this.#fault === null) this.#writeBytes(Buffer.from(text));
  }

  async written(): Promise<void> {
    await this.#stream?.written();
  }

  #writeBytes(bytes: Uint8Array): void {
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done);
    } catch (error) {
      const fault = error as NodeJS.ErrnoException;
      if (fault.code === "EAGAIN") this.#stream = new StreamOutput(this.#fd, bytes.subarray(done));
      else this.#fault = fault;
    }
  }
}

class StreamOutput implements Output {
  readonly #stream: NodeJS.WriteStream;
  #fault: NodeJS.ErrnoException | null = null;

  constructor(fd: 1 | 2, begin?: Uint8Array) {
    this.#stream = fd === 1 ? process.stdout : process.stderr;
    this.#stream.on("error", (error) => (this.#fault ??= error));
    if (begin !== undefined) this.#stream.write(begin);
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY;
  }

  get rows(): number | null {
    return this.#stream.isTTY && this.#stream.rows > 0 ? this.#stream.rows : null;
  }

  get columns(): number | null {
    // A terminal that was never given a size says 0.
    return this.#stream.isTTY && this.#stream.columns > 0 ? this.#stream.columns : null;
  }

  get fault(): NodeJS.ErrnoException | null {
    return this.#fault ?? this.#stream.errored;
  }

  write(text: string): void {
    if (this.#fault === null) this.#stream.write(text);
  }

  written(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.destroyed || this.#stream.writableLength === 0) resolve();
      else this.#stream.write("", () => resolve());
    });
  }
}
