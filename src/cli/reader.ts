/** Whoever reads what a command prints: `ntpkit … | head` goes away early, and what goes on for nobody is to end. */
import { onStop, type Io, type Sink, type StopSignal } from "./io.ts";
import type { Output } from "./output.ts";

/** The reader of standard output: when it is gone, the command is told to end as by a signal. */
export class Reader {
  readonly #out: Output;
  readonly #listeners = new Set<(signal: StopSignal) => void>();
  /** It was found out by writing. */
  isGone = false;

  constructor(out: Output) {
    this.#out = out;
  }

  /** Standard output, as commands have it. */
  get sink(): Sink {
    const out = this.#out;
    return {
      write: (text) => {
        out.write(text);
        if (out.fault?.code === "EPIPE") this.#leave();
      },
      get isTerminal() {
        return out.isTerminal;
      },
      get columns() {
        return out.columns;
      },
      get rows() {
        return out.rows ?? null;
      },
    };
  }

  /** As {@link Io.onStop}, and called when the reader is gone, too. */
  onStop(listener: Parameters<Io["onStop"]>[0]): () => void {
    const release = onStop(listener);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      release();
    };
  }

  #leave(): void {
    if (this.isGone) return;
    this.isGone = true;
    for (const listener of this.#listeners) queueMicrotask(() => listener("SIGTERM"));
  }
}
