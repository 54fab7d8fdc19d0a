/**
 * A run of the engine that somebody watches: the one shell of whatever asks or goes on. It ends the run on signals and
 * deadlines, tells notes with `-v`, draws in place on a terminal, shows again now and then, and warns of each thing once. What is
 * drawn and said is the command's own: its face.
 */
import type { Engine } from "../engine/port/engine.ts";
import type { Memory } from "../engine/port/memory.ts";
import type { Note } from "../engine/port/note.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import type { World } from "../engine/port/world.ts";
import type { DriveOptions } from "../host/drive.ts";
import { type Io, sayLine, type StopSignal } from "./io.ts";
import { drawLive, isLive, type Live } from "./live.ts";
import type { Measured } from "./measure.ts";
import type { CommonOptions } from "./options/offers.ts";
import { spinner } from "./spinner.ts";
import { Until } from "./until.ts";

/** What a command shows of its run, and what it makes of what happens. */
export interface Face {
  /** The command, e.g. `serve`. */
  readonly command: string;
  /** What a run that ends by itself waits for, for a spinner, in so many columns. */
  readonly awaited?: (session: Session, width: number) => string;
  /** Seconds until it ends; absent: the run knows. */
  readonly deadline?: number;
  /** The engine runs, and nothing else has happened yet; what is thrown here ends the run. */
  begun?(session: Session): void;
  /** Its sockets are open, or were told of as not open. */
  started?(session: Session): void;
  /** What the engine noted. */
  noted?(notes: readonly Note[], session: Session): void;
  /** What the engine wants to be kept for later runs. */
  remembered?(memory: Memory): void;
  /** A signal ends it. */
  stopped?(signal: StopSignal): void;
  /** Whether `-v` is to tell of a note; absent: of all. */
  tells?(note: Note): boolean;
  /** What is drawn in place on a terminal. */
  frame?(session: Session): readonly string[];
  /** What is shown every so many seconds. */
  readonly shown?: { readonly every: number; show(session: Session): void };
  /** It has ended, and nothing is drawn any more. */
  ended?(session: Session): void;
}

/** A run as its face sees it. */
export class Session {
  readonly until: Until;
  readonly #face: Face;
  readonly #io: Io;
  readonly #began: number = process.uptime();
  readonly #warned: Set<string> = new Set();
  #running: { readonly engine: Engine; readonly world: World } | null = null;
  #live: Live | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(face: Face, io: Io) {
    this.#face = face;
    this.#io = io;
    const tell = (listener: (signal: StopSignal) => void) => (signal: StopSignal) => {
      face.stopped?.(signal);
      listener(signal);
    };
    const { spent } = io;
    this.until = new Until(
      { onStop: (listener) => io.onStop(tell(listener)), ...(spent === undefined ? {} : { spent }) },
      face.deadline,
    );
  }

  /** Seconds since it began. */
  get elapsed(): number {
    return process.uptime() - this.#began;
  }

  /** The state of the engine; `null` before it has started. */
  snapshot(): Snapshot | null {
    return this.look((engine, world) => engine.snapshot(world.now()));
  }

  /** Looks at the engine; `null` before it has started. */
  look<T>(at: (engine: Engine, world: World) => T): T | null {
    return this.#running === null ? null : at(this.#running.engine, this.#running.world);
  }

  /** Ends the run, for a reason of the command's own. */
  end(why: Outcome): void {
    this.until.end(why);
  }

  /**
   * Warns, of each thing once: what goes wrong now mostly does so the next time, too.
   * @param of the thing, where there are several ways to say it
   */
  warn(text: string, of: string = text): void {
    if (this.#warned.has(of)) return;
    this.#warned.add(of);
    this.#above(`ntpkit ${this.#face.command}: warning: ${text}\n`);
  }

  /** Takes the engine as it starts. */
  start(engine: Engine, world: World, live: boolean): void {
    this.#running = { engine, world };
    this.#face.begun?.(this);
    // Sockets that could not be opened are told of next; nothing is said before that.
    setImmediate(() => this.#show(live));
  }

  /** Nothing is shown any more. */
  close(): void {
    clearInterval(this.#timer);
    this.#live?.stop();
    this.#live = null;
    this.until.release();
  }

  #show(live: boolean): void {
    const face = this.#face;
    if (!this.until.isOver) face.started?.(this);
    if (this.until.isOver) return;
    if (live && face.frame !== undefined) this.#live = drawLive(this.#io.err, () => face.frame!(this));
    const { shown } = face;
    if (shown !== undefined) this.#timer = setInterval(() => shown.show(this), shown.every * 1000);
  }

  #above(line: string): void {
    const write = (): void => this.#io.err.write(line);
    if (this.#live === null) write();
    else this.#live.above(write);
  }
}

/**
 * Makes a run and watches it.
 * @param make runs the engine with what watching needs
 * @returns the run; where it was ended from here, its outcome says by what
 */
export async function session<T extends Measured>(
  face: Face,
  options: CommonOptions,
  io: Io,
  make: (watch: DriveOptions) => Promise<T>,
): Promise<T> {
  const talkative = options.verbose === true || options.debug === true;
  const tell = talkative ? await teller(face, io) : null;
  const watched = new Session(face, io);
  const sign = spinner(io, face.awaited !== undefined && !talkative && options.quiet !== true, (width) =>
    face.awaited!(watched, width),
  );
  let run: T;
  try {
    run = await make({
      signal: watched.until.signal,
      onStarted: (engine, world) => watched.start(engine, world, isLive(io, options)),
      onNotes(notes) {
        tell?.(notes, watched.elapsed);
        face.noted?.(notes, watched);
      },
      onRemember: (memory) => face.remembered?.(memory),
      spent: io.spent?.() ?? 0,
    });
  } finally {
    sign.stop();
    watched.close();
  }
  face.ended?.(watched);
  return run.outcome === "interrupted" && watched.until.isOver ? { ...run, outcome: watched.until.why } : run;
}

/** Writes notes as lines, each with the seconds since the run began. */
async function teller(face: Face, io: Io): Promise<(notes: readonly Note[], elapsed: number) => void> {
  const { noteText } = await import("../view/notes.ts");
  return (notes, elapsed) => {
    const since = elapsed.toFixed(3).padStart(7);
    for (const note of notes) if (face.tells?.(note) ?? true) sayLine(io.err, `${since} ${noteText(note)}`);
  };
}
