/** Until when a command goes on: its deadline, a signal, or its own end. */
import { setMaxListeners } from "node:events";
import type { Outcome } from "../engine/port/outcome.ts";
import type { Io, StopSignal } from "./io.ts";

/** What each signal is as an outcome. */
const STOPPED: Readonly<Record<StopSignal, Outcome>> = { SIGINT: "interrupted", SIGTERM: "terminated" };

/** An end that is awaited. */
export class Until {
  readonly signal: AbortSignal;
  readonly #controller: AbortController = new AbortController();
  readonly #release: () => void;
  #why: Outcome = "interrupted";

  /** @param seconds since the command was started; `Infinity`: no deadline */
  constructor(io: Pick<Io, "onStop" | "spent">, seconds: number = Infinity) {
    this.signal = this.#controller.signal;
    // Hundreds of hosts may wait for it.
    setMaxListeners(0, this.signal);
    const release = io.onStop((signal) => this.end(STOPPED[signal]));
    const timer =
      seconds === Infinity
        ? undefined
        : setTimeout(() => this.end("deadline"), Math.max(0, seconds - (io.spent?.() ?? 0)) * 1000);
    this.#release = () => {
      clearTimeout(timer);
      release();
    };
  }

  /** Why it ended, once it has. */
  get why(): Outcome {
    return this.#why;
  }

  /** Whether it has. */
  get isOver(): boolean {
    return this.signal.aborted;
  }

  /** Ends it, unless it has ended. */
  end(why: Outcome): void {
    if (this.isOver) return;
    this.#why = why;
    this.#controller.abort();
  }

  /** Nothing ends it any more. */
  release(): void {
    this.#release();
  }
}
