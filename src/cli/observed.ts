/** A run with somebody watching: notes with -v, a spinner on a terminal, an end on SIGINT and SIGTERM. */
import type { EngineConfig } from "../engine/port/config.ts";
import type { Note } from "../engine/port/note.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import type { DriveOptions } from "../host/drive.ts";
import { shortName } from "../view/servername.ts";
import { counted, listed } from "../view/text.ts";
import { type Io, sayLine, type StopSignal } from "./io.ts";
import type { Measured } from "./measure.ts";
import type { CommonOptions } from "./options/offers.ts";
import { spinner } from "./spinner.ts";

/** What each signal is as an outcome. */
const STOPPED: Readonly<Record<StopSignal, Outcome>> = { SIGINT: "interrupted", SIGTERM: "terminated" };

/**
 * Makes a run and watches it.
 * @param make runs the engine with what watching needs
 */
export async function watched<T extends Measured>(
  config: EngineConfig,
  options: CommonOptions,
  io: Io,
  make: (watch: DriveOptions) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  let signal: StopSignal | null = null;
  const release = io.onStop((received) => {
    signal = received;
    stop.abort();
  });
  const talkative = options.verbose === true || options.debug === true;
  const sign = spinner(io, !talkative && options.quiet !== true);
  sign.say(awaited(config));
  const onNotes = talkative ? await teller(io) : undefined;
  try {
    const ended = await make({ signal: stop.signal, ...(onNotes === undefined ? {} : { onNotes }) });
    return ended.outcome === "interrupted" && signal !== null ? { ...ended, outcome: STOPPED[signal] } : ended;
  } finally {
    sign.stop();
    release();
  }
}

/** How many names a spinner lists. */
const LISTED = 3;

function awaited({ associations }: EngineConfig): string {
  const names = associations.slice(0, LISTED).map(({ name, port }) => shortName({ name, address: null, port }));
  const more = associations.length - names.length;
  return `asking ${more > 0 ? `${names.join(", ")} and ${counted(more, "other")}` : listed(names)}`;
}

/** Writes notes as lines, each with the seconds since the run began. */
async function teller(io: Io): Promise<(notes: readonly Note[]) => void> {
  const { noteText } = await import("../view/notes.ts");
  const began = performance.now();
  return (notes) => {
    const since = ((performance.now() - began) / 1000).toFixed(3).padStart(7);
    for (const note of notes) sayLine(io.err, `${since} ${noteText(note)}`);
  };
}
