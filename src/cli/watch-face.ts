/** What `watch` shows: a table and a plot on a terminal, lines or documents elsewhere. */
import { UsageError } from "../config/usage.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import { toIso } from "../time/timestamp.ts";
import { documentText, runDocument } from "../view/document.ts";
import { missingLines } from "../view/finding.ts";
import { momentOf, type Moment } from "../view/plot.ts";
import { errorBound } from "../view/table.ts";
import { shortName } from "../view/servername.ts";
import { durationText, signedText } from "../view/text.ts";
import { watchScreen } from "../view/watch-screen.ts";
import { paletteFor } from "./colors.ts";
import { warnOfHaste } from "./haste.ts";
import { DEFAULT_WIDTH, type Io, STANDARD_OUTPUT } from "./io.ts";
import { unixNow } from "./measure.ts";
import { WATCH_DEFAULTS } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { isScreen, openScreen } from "./screen.ts";
import type { Face, Session } from "./session.ts";

/** Between two drawings, seconds. */
const DRAWN = 1;
/** A page is not loaded again more often, seconds. */
const AGAIN = 5;
/** Between two pages, where it is drawn more often, seconds. */
const PAGED = 5;
/** Moments that are kept; wider terminals are rare. */
const KEPT = 500;

/** Shows a snapshot; `stepped`: somebody stepped the clock since the last time. */
type Show = (snapshot: Snapshot, stepped: boolean) => void;

/** The face of a run of `watch`, which ends it after `--count` times. */
export async function watchFace(options: OptionsOf<"watch">, config: EngineConfig, io: Io): Promise<Face> {
  const drawn = options.json !== true && isScreen(io);
  const show = drawn ? await drawing(options, io) : lines(options, io);
  const page = options.html === undefined ? null : await writtenPage(options.html, drawn ? PAGED : 0, io);
  let stepped = false;
  let shown = 0;
  return {
    command: "watch",
    // Lines would be drawn over.
    tells: () => !drawn,
    noted(notes, watched) {
      if (!drawn) warnOfHaste(config, options, notes, watched);
      stepped ||= notes.some(({ what }) => what === "clockStepped");
    },
    shown: {
      every: options.every ?? (drawn ? DRAWN : WATCH_DEFAULTS.every),
      show(session: Session) {
        show(session.snapshot()!, stepped);
        page?.(session.snapshot()!);
        stepped = false;
        shown += 1;
        if (shown === options.count) session.end("ok");
      },
    },
  };
}

function lines({ json }: OptionsOf<"watch">, io: Io): Show {
  return json === true
    ? (snapshot) => io.out.write(documentText(runDocument("watch", snapshot, null, unixNow()), false))
    : (snapshot) => {
        const servers = snapshot.associations.map((server) => line(server, snapshot));
        const missing = missingLines(snapshot).map((line) => `${clockText(snapshot)}   ${line}\n`);
        io.out.write([...servers, ...missing].join(""));
      };
}

/** A report of all that was measured so far, whose reader has it loaded again. */
async function writtenPage(file: string, apart: number, io: Io): Promise<(snapshot: Snapshot) => void> {
  const [{ Watched }, { reportPage }, { refusePlace, writePage }] = await Promise.all([
    import("../report/watched.ts"),
    import("../report/page.ts"),
    import("./page-file.ts"),
  ]);
  if (file === STANDARD_OUTPUT)
    throw new UsageError("--html - is no file, and the page is written again and again", "name a file with --html");
  refusePlace(file);
  const watched = new Watched();
  let written = -Infinity;
  return (snapshot) => {
    const now = process.uptime();
    watched.take(snapshot, Number(unixNow() / 1000n) / 1e6);
    if (watched.all.rows === 0 || now - written < apart) return;
    written = now;
    writePage(file, reportPage(watched.all, Math.max(apart, AGAIN)), io.out);
  };
}

/** When a snapshot was taken, to the second. */
function clockText({ at }: Snapshot): string {
  return `${toIso(at, unixNow())?.slice(0, 19) ?? ""}Z`;
}

/** When, tally, name, offset, how far it may be wrong, delay, reach. */
function line(server: Snapshot["associations"][number], snapshot: Snapshot): string {
  const { tally, offset, delay, reach, reason } = server;
  return `${clockText(snapshot)} ${tally} ${shortName(server)} offset ${signedText(offset)} ± ${durationText(errorBound(server))} delay ${durationText(delay)} reach ${reach.toString(8)}${reason === null ? "" : ` ${reason}`}\n`;
}

async function drawing({ color }: OptionsOf<"watch">, io: Io): Promise<Show> {
  const palette = await paletteFor(io.out, io.env, color);
  const draw = openScreen(io);
  const moments: Moment[] = [];
  let before: Snapshot | null = null;
  return (snapshot, stepped) => {
    moments.push(momentOf(snapshot, before, stepped, clockText(snapshot).slice(11, 19)));
    if (moments.length > KEPT) moments.shift();
    before = snapshot;
    const width = io.out.columns ?? DEFAULT_WIDTH;
    const height = io.out.rows ?? Infinity;
    draw(watchScreen(snapshot, moments, { width, height, palette, pivot: unixNow() }));
  };
}
