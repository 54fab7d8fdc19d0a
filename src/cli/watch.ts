/** `ntpkit watch`: servers as they are now, drawn again every second on a terminal, a line each now and then elsewhere. */
import { literalFamily } from "../config/literal.ts";
import { isNearby } from "../config/etiquette.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { Engine } from "../engine/port/engine.ts";
import type { Note } from "../engine/port/note.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import type { World } from "../engine/port/world.ts";
import { toIso } from "../time/timestamp.ts";
import { documentText, runDocument } from "../view/document.ts";
import { describeFailure } from "../view/failure.ts";
import { markLegend, momentOf, plot, type Moment } from "../view/plot.ts";
import { report } from "../view/report.ts";
import { shortName } from "../view/servername.ts";
import { durationText, signedText } from "../view/text.ts";
import { Until } from "./asking.ts";
import { paletteFor } from "./colors.ts";
import { exitCode, failureLine } from "./exit.ts";
import { failureContext } from "./guarded.ts";
import { DEFAULT_WIDTH, type Io } from "./io.ts";
import { measure, thisMachine, unixNow } from "./measure.ts";
import { prepareOptions } from "./once.ts";
import { prepare } from "./prepare.ts";
import { tellPrepared } from "./tell.ts";
import type { OptionsOf } from "./options/offers.ts";

/** Between two drawings, and between two lines; seconds. */
const DRAWN = 1;
const EVERY = 10;
const PLOT_ROWS = 11;
/** Moments that are kept; wider terminals are rare. */
const KEPT = 500;

/** How often servers are polled, log₂ s: those of this host and network more often. */
const POLL = { near: { least: 3, most: 4 }, far: { least: 4, most: 6 } } as const;

/**
 * Watches until a signal, or so many lines.
 * @returns the exit code: 130 or 143; with `--count` or `--deadline` 0 if there was a time to be told
 * @throws UsageError
 */
export async function runWatch(servers: readonly string[], options: OptionsOf<"watch">, io: Io): Promise<number> {
  const machine = thisMachine();
  const prepared = await prepare("query", servers, prepareOptions(options), io.env, machine.facts);
  tellPrepared("ntpkit watch", prepared, options, io);
  const config = watching(prepared.config);
  const until = new Until(io, Infinity);
  const done = new AbortController();
  until.signal.addEventListener("abort", () => done.abort(), { once: true });
  const teller = await tellerFor(options, io);
  let timer: NodeJS.Timeout | undefined;
  let told = 0;
  let last: Snapshot | null = null;
  let stepped = false;
  const onNotes = (notes: readonly Note[]): void => {
    stepped ||= notes.some(({ what }) => what === "clockStepped");
  };
  const onStarted = (engine: Engine, world: World): void => {
    timer = setInterval(() => {
      last = engine.snapshot(world.now());
      teller.tell(last, stepped);
      stepped = false;
      told += 1;
      if (told === options.count) done.abort();
    }, teller.every * 1000);
  };
  try {
    const { snapshot } = await measure({
      config,
      keyring: prepared.keyring,
      machine,
      signal: done.signal,
      onStarted,
      onNotes,
    });
    last = snapshot;
  } finally {
    clearInterval(timer);
    until.release();
  }
  if (until.signal.aborted && until.why !== "deadline") return exitCode(until.why);
  if (last.clock.offset !== null) return exitCode("ok");
  const failure = describeFailure(
    "no-reply",
    last,
    failureContext("watch", config, { outcome: "no-reply", snapshot: last, daemon: null }),
  )!;
  io.err.write(failureLine("ntpkit watch", failure));
  return exitCode(failure.code);
}

/** A run that goes on, and polls as often as is decent. */
function watching(config: EngineConfig): EngineConfig {
  const associations = config.associations.map((line) => {
    const { least, most } = literalFamily(line.name) !== 0 && isNearby(line.name) ? POLL.near : POLL.far;
    return { ...line, minpoll: least, maxpoll: most };
  });
  return { ...config, associations, once: null };
}

/** Somebody who shows snapshots. */
interface Teller {
  readonly every: number;
  /** @param stepped somebody stepped the clock since the last time */
  tell(snapshot: Snapshot, stepped: boolean): void;
}

async function tellerFor(options: OptionsOf<"watch">, io: Io): Promise<Teller> {
  if (options.json === true)
    return {
      every: options.every ?? EVERY,
      tell: (snapshot) => io.out.write(documentText(runDocument("watch", snapshot, null, unixNow()), false)),
    };
  if (!io.out.isTerminal || io.env["TERM"] === "dumb")
    return { every: options.every ?? EVERY, tell: (snapshot) => io.out.write(lines(snapshot)) };
  return await drawer(options, io);
}

/** A line a server: when, tally, name, offset, how far it may be wrong, delay, reach. */
function lines(snapshot: Snapshot): string {
  const at = toIso(snapshot.at, unixNow())?.slice(0, 19) ?? "";
  return snapshot.associations
    .map((server) => {
      const { tally, offset, delay, rootDistance, reach, reason } = server;
      return `${at}Z ${tally} ${shortName(server)} offset ${signedText(offset)} ± ${durationText(rootDistance)} delay ${durationText(delay)} reach ${reach.toString(8)}${reason === null ? "" : ` ${reason}`}\n`;
    })
    .join("");
}

async function drawer({ color, every }: OptionsOf<"watch">, io: Io): Promise<Teller> {
  const palette = await paletteFor(io.out, io.env, color);
  const moments: Moment[] = [];
  let before: Snapshot | null = null;
  io.out.write("\x1b[2J");
  return {
    every: every ?? DRAWN,
    tell(snapshot, stepped) {
      moments.push(momentOf(snapshot, before, stepped));
      if (moments.length > KEPT) moments.shift();
      before = snapshot;
      const width = io.out.columns ?? DEFAULT_WIDTH;
      const numbers = new Map(snapshot.associations.map(({ id }, index) => [Number(id), index + 1]));
      const drawn = plot(moments, numbers, width, PLOT_ROWS);
      const legend = snapshot.associations
        .map((server, index) => `${(index + 1) % 10} ${shortName(server)}`)
        .join("   ");
      const legends = [legend, markLegend(moments, width)]
        .filter((line) => line !== "")
        .map((line) => palette.faint(line.slice(0, width)));
      const text = [
        report(snapshot, { width, palette, pivot: unixNow() }).trimEnd(),
        "",
        ...drawn,
        ...legends,
        "",
      ].join("\n");
      io.out.write(`\x1b[H${text.replaceAll("\n", "\x1b[K\n")}\x1b[J`);
    },
  };
}
