/**
 * The daemon's log: a line an event, as text or as a JSON document, to standard error, a file, or (with `--json`) standard
 * output. What goes on being wrong is said once, and again only after it was right.
 */
import type { Note } from "../../engine/port/note.ts";
import { appendOwn, ownFault } from "../../host/ownfile.ts";
import { documentText, schemaName } from "../../view/document.ts";
import { noteText } from "../../view/notes.ts";
import { printable } from "../../view/text.ts";
import type { Sink } from "../io.ts";

/** How much a line matters: `debug` is said with -v only. */
export type Level = "debug" | "info" | "warning" | "error";

/** How the log is written. */
export interface LogOptions {
  readonly format: "text" | "json";
  /** Say what is only of use when something has to be found out. */
  readonly verbose: boolean;
  /** Say only what has to be looked after. */
  readonly quiet: boolean;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

/** What the engine notes, by how much it matters; `info` unless said otherwise. */
const LEVELS: Readonly<Partial<Record<Note["what"], Level>>> = {
  resolving: "debug",
  resolved: "debug",
  unresolved: "warning",
  polled: "debug",
  sample: "debug",
  timedOut: "debug",
  refused: "debug",
  unreachable: "warning",
  kiss: "warning",
  burst: "warning",
  notListening: "error",
  notSent: "warning",
  notDrawn: "debug",
  ring: "debug",
  solicited: "debug",
  volley: "debug",
  broadcast: "debug",
  decided: "debug",
  clockRefused: "error",
};

/** The log of one daemon. */
export class Log {
  readonly #options: LogOptions;
  readonly #sink: Sink;
  #file: string | null = null;
  /** Its last line went elsewhere. */
  #isBroken = false;
  /** What was said of each matter last. */
  readonly #said: Map<string, string> = new Map();

  constructor(sink: Sink, options: LogOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /**
   * Writes to a file from now on; `null`: to the stream. A file that cannot be written is told on the stream, which has the
   * lines until it can.
   * The file is opened for each line, so that one which was moved away is begun anew.
   */
  useFile(path: string | null): void {
    this.#file = path;
    this.#isBroken = false;
  }

  /** One event. `fields` are those of the JSON document. */
  say(level: Level, event: string, text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (level === "debug" && !this.#options.verbose) return;
    if (this.#options.quiet && (level === "debug" || level === "info")) return;
    const time = new Date((this.#options.clock ?? Date.now)()).toISOString();
    const document = (): string =>
      documentText({ schema: schemaName("run"), time, level, event, text, ...fields }, false);
    const plainly = (inFile: boolean): string =>
      `${this.#stamp(time, inFile)}${level === "info" || level === "debug" ? "" : `${level}: `}${printable(text)}\n`;
    const line = this.#options.format === "json" ? document : plainly;
    if (this.#file === null || !this.#append(this.#file, line(true))) this.#sink.write(line(false));
  }

  /** One matter that may stay as it is for a long time: said when it changes. `null`: all is well again, which is no news. */
  matter(
    about: string,
    level: Level,
    event: string,
    text: string | null,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    if (text === null) return void this.#said.delete(about);
    if (this.#said.get(about) === text) return;
    this.#said.set(about, text);
    this.say(level, event, text, fields);
  }

  /** What the engine noted. */
  notes(notes: readonly Note[]): void {
    for (const note of notes) {
      const { what, ...fields } = note.what === "sample" ? { ...note, raw: undefined } : note;
      const level = LEVELS[what] ?? "info";
      const about = matterOf(note);
      for (const settled of settledBy(note)) this.matter(settled, "info", what, null);
      if (about === null) this.say(level, what, noteText(note), fields);
      else this.matter(about, level, what, noteText(note), fields);
    }
  }

  /** A service manager stamps lines itself; a file and a person need the time. */
  #stamp(time: string, inFile: boolean): string {
    return inFile || this.#sink.isTerminal ? `${time} ` : "";
  }

  /** A file that could not be written is tried again with the next line: a disk is full for a while only. */
  #append(path: string, line: string): boolean {
    try {
      appendOwn(path, line);
      this.#isBroken = false;
      return true;
    } catch (error) {
      if (!this.#isBroken) {
        this.#isBroken = true;
        this.say("warning", "logFile", `the log file ${path} cannot be written: ${ownFault(error)}`);
      }
      return false;
    }
  }
}

/** What goes on until something else is noted; `null`: an event of its moment. */
function matterOf(note: Note): string | null {
  if (note.what === "unresolved") return `name ${note.name}`;
  if (note.what === "unreachable") return `address ${note.address.ip} ${note.address.port}`;
  if (note.what === "kiss") return `kiss ${note.address.ip} ${note.address.port}`;
  if (note.what === "systemPeer") return "systemPeer";
  return null;
}

/** What is well again. */
function settledBy(note: Note): readonly string[] {
  if (note.what === "resolved") return [`name ${note.name}`];
  if (note.what !== "sample") return [];
  return [`address ${note.address.ip} ${note.address.port}`, `kiss ${note.address.ip} ${note.address.port}`];
}
