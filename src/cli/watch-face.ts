/** What `watch` shows: a table and a plot on a terminal, lines or documents elsewhere. */
import type { EngineConfig } from "../engine/port/config.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import { toIso } from "../time/timestamp.ts";
import { documentText, runDocument } from "../view/document.ts";
import { resolveText } from "../view/explain.ts";
import { markLegend, momentOf, plot, type Moment } from "../view/plot.ts";
import { report } from "../view/report.ts";
import { errorBound, ownNames } from "../view/table.ts";
import { shortName } from "../view/servername.ts";
import { durationText, printable, signedText, wrapped } from "../view/text.ts";
import { paletteFor } from "./colors.ts";
import { warnOfHaste } from "./haste.ts";
import { DEFAULT_WIDTH, type Io } from "./io.ts";
import { unixNow } from "./measure.ts";
import { WATCH_DEFAULTS } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import { isScreen, openScreen } from "./screen.ts";
import type { Face, Session } from "./session.ts";

/** Between two drawings, seconds. */
const DRAWN = 1;
/** Rows of the plot: as a low terminal has room for, at the most, and what is too few to see anything by. */
const PLOT_ROWS = { most: 11, least: 3 };
/** Lines below the plot's rows: its foot, its times and the last line of the screen. */
const FOOT = 3;
/** How to end it. */
const LEAVE = "Ctrl-C ends";
/** Moments that are kept; wider terminals are rare. */
const KEPT = 500;

/** Shows a snapshot; `stepped`: somebody stepped the clock since the last time. */
type Show = (snapshot: Snapshot, stepped: boolean) => void;

/** The face of a run of `watch`, which ends it after `--count` times. */
export async function watchFace(options: OptionsOf<"watch">, config: EngineConfig, io: Io): Promise<Face> {
  const drawn = options.json !== true && isScreen(io);
  const show = drawn ? await drawing(options, io) : lines(options, io);
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
        const names = nameless(snapshot).map((name) => `${clockText(snapshot)}   ${name}\n`);
        io.out.write([...servers, ...names].join(""));
      };
}

/** Names without an address have no line in the table. */
function nameless({ unresolved }: Snapshot): readonly string[] {
  return unresolved.map(({ name }) => `${printable(name)}: ${resolveText(name, unresolved)}`);
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
    const numbers = new Map(snapshot.associations.map(({ id }, index) => [Number(id), index + 1]));
    const style = { width, palette, wraps: true, pivot: unixNow() };
    const table = lineList(
      report(snapshot, style) +
        nameless(snapshot)
          .map((name) => `${name}\n`)
          .join(""),
    );
    const names = ownNames(snapshot.associations).map((name, index) => `${(index + 1) % 10} ${name}`);
    const legend = [names.join("   "), markLegend(moments, width), LEAVE]
      .filter((line) => line !== "")
      .flatMap((line) => wrapped(line, width).map(palette.faint));
    const height = io.out.rows ?? Infinity;
    const rows = Math.min(PLOT_ROWS.most, height - table.length - 1 - FOOT - legend.length);
    const plotted = rows < PLOT_ROWS.least ? [] : plot(moments, numbers, width, rows);
    // What does not fit would scroll, and be drawn below itself from then on: the servers stay, then the plot.
    draw([...table, "", ...plotted, ...legend].slice(0, height - 1).join("\n"));
  };
}

function lineList(text: string): readonly string[] {
  return text.trimEnd().split("\n");
}
