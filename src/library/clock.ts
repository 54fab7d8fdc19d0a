/** A clock of the engine's own for programs: opened, read, waited for, and closed; no privilege, and the machine's clock untouched. */
import { UsageError } from "../config/usage.ts";
import { failureContext } from "../cli/guarded.ts";
import { engineOf, thisMachine, unixNow } from "../cli/measure.ts";
import { NtsAtHand } from "../cli/nts-at-hand.ts";
import { prepare } from "../cli/prepare.ts";
import { ONCE_DEFAULTS } from "../config/options.ts";
import { ownClockConfig } from "../config/own.ts";
import { outcomeNow } from "../engine/decide.ts";
import type { Engine } from "../engine/port/engine.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import { steady } from "../host/clock.ts";
import { drive } from "../host/drive.ts";
import { establishKeys } from "../host/establish.ts";
import { openWorld } from "../host/world.ts";
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import { describeFailure } from "../view/failure.ts";
import { OwnWorld } from "../world/own.ts";
import { ClockError } from "./errors.ts";
import { keepTime } from "./keeping.ts";
import { checkOwn, namesOf, optionsOf, type Accepted } from "./settings.ts";
import type { ClockSettings, Signal } from "./settings-types.ts";
import type { ClockChange, ClockTime, Timekeeper } from "./timekeeper.ts";

/** What `openClock` takes: what `query` does, and whether to wait. */
export const OPENING: Accepted = {
  title: "openClock",
  command: "query",
  own: ["signal", "family", "wait"],
  without: ["accuracy", "callDelay", "samples", "autokey", "autokeyGroup", "autokeyPassword", "explain"],
};

/** So long at most until it is looked again whether a moment has passed: a bound that becomes narrower lets it pass sooner. Milliseconds. */
const LOOK = 250;

/**
 * A clock that follows servers by itself. It keeps the process going until it is closed.
 *
 * Of a majority of honest servers the law is: true time is not before `earliest` and not after `latest`.
 */
export interface Clock extends AsyncDisposable, AsyncIterable<ClockChange> {
  /**
   * The time now, Unix nanoseconds. `best` never runs back; when no server answers any more the bound grows, and goes on to hold.
   * @throws ClockError `unsynchronized` before a majority of the servers agrees (only where it was opened with `wait: false`), `closed`
   */
  now(): ClockTime;
  /** A majority of the servers agrees, and the clock follows it. */
  readonly synchronized: boolean;
  /**
   * Commit wait: until a moment has passed whatever true time is, so that nobody whose clock is right can still see it coming.
   * @param timestamp Unix nanoseconds, e.g. the `latest` of a transaction
   * @throws ClockError `closed`; what the signal was aborted for; UsageError where the timestamp is no bigint
   */
  past(timestamp: bigint, options?: { readonly signal?: Signal }): Promise<void>;
  /** What becomes of it from now on, until it is closed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ClockChange>;
  /** Ends it. */
  close(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a clock.
 * @param servers as for `query`
 * @returns once a majority of the servers agrees
 * @throws UsageError when the arguments are wrong; ClockError with the outcome where no time was to be had until the deadline
 */
export async function openClock(servers: string | readonly string[], settings: ClockSettings = {}): Promise<Clock> {
  const options = optionsOf(OPENING, settings);
  const { signal, family, wait = true, deadline = ONCE_DEFAULTS.deadline } = settings;
  signal?.throwIfAborted();
  const machine = thisMachine();
  const { config, keyring, trust } = await prepare(
    "query",
    namesOf("servers", servers),
    { ...options, ...(family === undefined ? {} : { family }) },
    process.env,
    machine.facts,
    "openClock",
  );
  const own = ownClockConfig(config);
  const nts = new NtsAtHand();
  await nts.load(own);
  const engine = engineOf(own, keyring, nts);
  const world = new OwnWorld(await openWorld({ clock: null, read: machine.read, establish: establishKeys(trust) }));
  const clock = new EngineClock(engine, world, config, signal);
  // Aborted while the rest was made, it would not be told of it.
  if (signal?.aborted === true) clock.close();
  try {
    signal?.throwIfAborted();
    if (wait) await clock.opened(deadline);
  } catch (error) {
    // It was closed by the signal: what that was aborted for says more.
    signal?.throwIfAborted();
    throw error;
  }
  return clock;
}

/** The steady clock as a number that is read without allocating anything; `performance.now` counts the same one from elsewhere. */
function steadyReader(): () => Mono {
  let offset = Infinity;
  // The least of some differences is the one with the least between its two readings.
  for (let look = 0; look < 16; look += 1) {
    const later = performance.now();
    offset = Math.min(offset, steady() - later / 1000);
  }
  return () => (performance.now() / 1000 + offset) as Mono;
}

/** Whoever waits for something to become of the clock. */
interface Listener {
  readonly hear: (change: ClockChange) => void;
  readonly end: () => void;
}

class EngineClock implements Clock {
  readonly #engine: Engine;
  readonly #world: OwnWorld;
  /** As a one-shot would have asked, for words about failures. */
  readonly #config: EngineConfig;
  readonly #keeper: Timekeeper;
  readonly #steady: () => Mono = steadyReader();
  readonly #listeners: Set<Listener> = new Set();
  readonly #stop: AbortController = new AbortController();
  readonly #ended: Promise<void>;
  #isSynchronized = false;

  constructor(engine: Engine, world: OwnWorld, config: EngineConfig, signal: AbortSignal | undefined) {
    this.#engine = engine;
    this.#world = world;
    this.#config = config;
    const { keeper, watch } = keepTime(engine, world, unixNow(), (change) => this.#tell(change));
    this.#keeper = keeper;
    const close = (): void => this.close();
    signal?.addEventListener("abort", close, { once: true });
    this.#ended = drive(engine, world, { ...watch, signal: this.#stop.signal }).finally(() => {
      signal?.removeEventListener("abort", close);
      this.close();
    });
    // Told to whoever disposes of it.
    this.#ended.catch(() => undefined);
  }

  get synchronized(): boolean {
    return this.#isSynchronized;
  }

  now(): ClockTime {
    if (this.#stop.signal.aborted) throw closed();
    return this.#keeper.now(this.#steady());
  }

  /** Waits for the first majority. */
  async opened(deadline: Seconds): Promise<void> {
    try {
      await this.#when(() => this.#keeper.isSet, deadline);
    } catch (error) {
      this.close();
      throw error;
    }
    if (!this.#keeper.isSet) {
      const failure = this.#failure();
      this.close();
      throw failure;
    }
  }

  async past(timestamp: bigint, options: { readonly signal?: Signal } = {}): Promise<void> {
    if (typeof timestamp !== "bigint")
      throw new UsageError("past: the timestamp is no bigint", "nanoseconds since 1970, as now() has them");
    checkOwn("past", ["signal"], options);
    const { signal } = options;
    for (;;) {
      signal?.throwIfAborted();
      if (this.#stop.signal.aborted) throw closed();
      const left = this.#keeper.isSet ? Number(timestamp - this.now().earliest) / 1e6 : LOOK;
      if (left < 0) return;
      await this.#pause(Math.min(LOOK, Math.max(1, Math.ceil(left))), signal);
    }
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ClockChange> {
    return changesOf((listener) => {
      if (this.#stop.signal.aborted) listener.end();
      else this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    });
  }

  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    for (const { end } of this.#listeners) end();
    this.#listeners.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#ended;
  }

  #tell(change: ClockChange): void {
    if (change.kind === "synchronized" || change.kind === "lost") this.#isSynchronized = change.kind === "synchronized";
    for (const { hear } of this.#listeners) hear(change);
  }

  /** Waits until something is so, or a time has passed. @throws ClockError `closed` */
  async #when(isSo: () => boolean, seconds: Seconds): Promise<void> {
    const end = steady() + seconds;
    const changes = this[Symbol.asyncIterator]();
    const changed = async (): Promise<void> => {
      for (;;) if ((await changes.next()).done === true || isSo()) return;
    };
    try {
      const change = changed();
      while (!isSo() && !this.#stop.signal.aborted && steady() < end)
        await Promise.race([change, this.#pause(Math.min(LOOK, (end - steady()) * 1000))]);
    } finally {
      await changes.return?.();
    }
    if (this.#stop.signal.aborted) throw closed();
  }

  /** Why there is no time: what `query` would have said by now. */
  #failure(): ClockError {
    const snapshot = this.#engine.snapshot(this.#world.now());
    const outcome = outcomeNow(snapshot);
    const reached = outcome === "ok" ? "no-agreement" : outcome;
    const context = failureContext("query", this.#config, { outcome: reached, snapshot, daemon: null });
    const failure = describeFailure(reached, snapshot, context);
    return new ClockError(reached, failure?.message ?? "no majority of the servers agrees", failure?.hint ?? null);
  }

  #pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((done) => {
      const stops = [this.#stop.signal, ...(signal === undefined ? [] : [signal])];
      const end = (): void => {
        clearTimeout(timer);
        for (const stop of stops) stop.removeEventListener("abort", end);
        done();
      };
      const timer = setTimeout(end, milliseconds);
      for (const stop of stops) stop.addEventListener("abort", end, { once: true });
      if (stops.some(({ aborted }) => aborted)) end();
    });
  }
}

function closed(): ClockError {
  return new ClockError("closed", "the clock is closed");
}

/** What is heard, in order, for one that takes it as it likes. */
function changesOf(listen: (listener: Listener) => () => void): AsyncIterableIterator<ClockChange> {
  const changes: ClockChange[] = [];
  const state = { isOver: false, wake: (): void => undefined };
  const end = (): void => {
    state.isOver = true;
    state.wake();
  };
  const leave = listen({
    end,
    hear(change) {
      changes.push(change);
      state.wake();
    },
  });
  return {
    async next() {
      while (changes.length === 0 && !state.isOver) await new Promise<void>((come) => (state.wake = come));
      const value = changes.shift();
      return value === undefined ? { done: true, value } : { done: false, value };
    },
    return() {
      leave();
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
