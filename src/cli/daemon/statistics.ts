/** Writing statistics files: what `statistics` lines ask for, into the generation that `filegen` says. */
import { linkSync, renameSync, unlinkSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import type { Configuration } from "../../config/ntpconf/record.ts";
import type { Note } from "../../engine/port/note.ts";
import type { Snapshot } from "../../engine/port/snapshot.ts";
import { generationName, loopstats, peerstats, rawstats } from "../../view/stats.ts";
import { appendOwn, ownFault } from "../../host/ownfile.ts";
import { makeFolder, realFiles } from "../../state/files.ts";
import { sweepLeftovers } from "../../state/leftovers.ts";
import type { Log } from "./log.ts";
import { sysstats } from "./sysstats.ts";

/** Seconds between two lines of `sysstats`. */
const SYSTEM_INTERVAL = 3600;

/** The statistics of one daemon. */
export class StatisticsFiles {
  readonly #settings: Configuration["statistics"];
  readonly #enabled: boolean;
  readonly #log: Log;
  readonly #links: Map<string, string> = new Map();
  #lastOffset: number | null = null;
  #systemAt = 0;

  constructor({ statistics, switches }: Pick<Configuration, "statistics" | "switches">, log: Log) {
    this.#settings = statistics;
    this.#enabled = switches.stats && Object.values(statistics.kinds).some(({ asked, enabled }) => asked && enabled);
    this.#log = log;
  }

  /**
   * Takes what an event brought.
   * @param snapshot makes one, if it is needed
   * @param unix milliseconds since 1970
   */
  heed(notes: readonly Note[], snapshot: () => Snapshot, unix: number): void {
    const measured = this.#enabled
      ? notes.flatMap((note) => (note.what === "sample" || note.what === "broadcast" ? [note.id] : []))
      : [];
    if (measured.length === 0) return;
    const now = snapshot();
    for (const note of notes)
      if (note.what === "sample" && note.raw !== undefined)
        this.#write("rawstats", rawstats(note.address, note.raw, unix), now.elapsed, unix);
    for (const association of now.associations)
      if (measured.includes(association.id)) this.#write("peerstats", peerstats(association, unix), now.elapsed, unix);
    if (now.clock.offset === this.#lastOffset) return;
    this.#lastOffset = now.clock.offset;
    this.#write("loopstats", loopstats(now, unix), now.elapsed, unix);
  }

  /** An hour may have passed. */
  tick(snapshot: () => Snapshot, unix: number): void {
    if (!this.#enabled) return;
    const now = snapshot();
    if (now.elapsed - this.#systemAt < SYSTEM_INTERVAL || now.served === undefined || now.served === null) return;
    this.#systemAt = now.elapsed;
    this.#write("sysstats", sysstats(now.served, now.elapsed, unix), now.elapsed, unix);
  }

  #write(kind: string, line: string | null, uptime: number, unix: number): void {
    const set = this.#settings.kinds[kind];
    if (line === null || set === undefined || !set.asked || !set.enabled) return;
    const base = isAbsolute(set.file) ? set.file : join(this.#settings.folder, set.file);
    const path = generationName(base, set.type, unix, uptime, process.pid);
    const matter = `statistics ${kind}`;
    try {
      makeFolder(dirname(path));
      appendOwn(path, line);
      if (set.link && path !== base) this.#link(base, path);
      this.#log.matter(matter, "warning", "statistics", null);
    } catch (error) {
      this.#log.matter(matter, "warning", "statistics", `${kind} cannot be written to ${path}: ${ownFault(error)}`);
    }
  }

  /** The base name is the newest generation's second one, as ntpd links it; a file of that name that is not ours is put aside. */
  #link(base: string, path: string): void {
    if (this.#links.get(base) === path) return;
    const beside = `${path}.${process.pid}.link`;
    sweepLeftovers(realFiles, path);
    linkSync(path, beside);
    try {
      renameSync(beside, base);
      // Two names of one file are not renamed onto each other: then it is linked already.
      unlinkQuietly(beside);
    } catch (error) {
      unlinkQuietly(beside);
      throw error;
    }
    this.#links.set(base, path);
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // it was renamed
  }
}
