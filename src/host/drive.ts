/**
 * The drive loop: plugs an engine into a world and turns until the engine says how it ended.
 *
 * ```text
 * event → engine.handle → actions → world.perform        world.next(engine.wakeAt) → event …
 * ```
 */
import type { Event } from "../engine/port/event.ts";
import type { Engine } from "../engine/port/engine.ts";
import type { Memory } from "../engine/port/memory.ts";
import type { Note } from "../engine/port/note.ts";
import type { World } from "../engine/port/world.ts";
import type { Frequency, Seconds } from "../time/seconds.ts";

/** What whoever runs the engine wants of it. */
export interface DriveOptions {
  /** What earlier runs remembered. */
  readonly memory?: Memory;
  /** The frequency correction the clock runs with, s/s. */
  readonly frequency?: Frequency | null;
  /** Ends the run: the engine is told to `stop`. */
  readonly signal?: AbortSignal;
  /** Takes the notes of one event, in order, before the engine handles another. */
  readonly onNotes?: (notes: readonly Note[]) => void;
  /** Takes the engine and its world once it has started, to look at it while it runs. */
  readonly onStarted?: (engine: Engine, world: World) => void;
  /** Keeps a memory for later runs. */
  readonly onRemember?: (memory: Memory) => void;
  /** Seconds of a one-shot's deadline that were used before it began. */
  readonly spent?: Seconds;
}

/**
 * Runs an engine until its outcome is set; the world is closed then, also when something throws.
 * @returns once every action is performed and every note handed over
 */
export async function drive(engine: Engine, world: World, options: DriveOptions = {}): Promise<void> {
  const stop = (): void => world.put({ kind: "stop" });
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    const { memory, frequency } = options;
    turn(
      engine,
      world,
      { kind: "start", ...(memory === undefined ? {} : { memory }), ...(frequency === undefined ? {} : { frequency }) },
      options,
    );
    if (engine.responder !== undefined && engine.responder !== null) world.answerBy?.(engine.responder);
    options.onStarted?.(engine, world);
    if (options.signal?.aborted === true) stop();
    while (engine.outcome === null) {
      const event = world.next(engine.wakeAt);
      turn(engine, world, event instanceof Promise ? await event : event, options);
    }
  } finally {
    options.signal?.removeEventListener("abort", stop);
    world.close();
  }
}

/** One event in, its actions out. */
function turn(engine: Engine, world: World, event: Event, options: DriveOptions): void {
  const notes: Note[] = [];
  for (const action of engine.handle(event, world.now())) {
    if (action.kind === "note") notes.push(action.note);
    else if (action.kind === "remember") options.onRemember?.(action.memory);
    else world.perform(action);
  }
  if (notes.length > 0) options.onNotes?.(notes);
}
