/** `ntpkit pool`, `manycast` and `broadcast`: a run of the engine that finds servers, watched while it does. */
import type { DiscoveryCommand } from "../config/discovery.ts";
import { exitCode } from "./exit.ts";
import { FindingFace } from "./find-face.ts";
import { runGuarded } from "./guarded.ts";
import type { Io } from "./io.ts";
import { thisMachine } from "./measure.ts";
import type { OptionsOf } from "./options/offers.ts";
<<<<<<< HEAD
import { prepareFinding } from "./prepare-finding.ts";
import { session } from "./session.ts";
=======
import { runGuarded, type GuardedEnd } from "./guarded.ts";
import { DEFAULT_WIDTH, type Io, sayLine, type StopSignal } from "./io.ts";
import { drawLive, isLive, LIVE_ROWS, type Live } from "./live.ts";
import { thisMachine, unixNow } from "./measure.ts";
import { prepareFinding, type PreparedFinding } from "./prepare-finding.ts";
>>>>>>> 68aeeed (Write by no link that another could have placed, and keep a log through a full disk)
import { tellPrepared } from "./tell.ts";

/** What the options of `pool`, `manycast` and `broadcast` parse to. */
export type FindingOptions = Omit<OptionsOf<DiscoveryCommand>, "auth"> & Partial<Pick<OptionsOf<"manycast">, "auth">>;

/**
 * Runs one of the commands.
 * @param operands NAME…, GROUP… or [ADDRESS…]
 * @returns the exit code
 * @throws UsageError
 */
export async function runFinding(
  command: DiscoveryCommand,
  operands: readonly string[],
  options: FindingOptions,
  io: Io,
): Promise<number> {
  const machine = thisMachine();
  const prepared = await prepareFinding(command, operands, options, machine.facts);
  tellPrepared(`ntpkit ${command}`, prepared, options, io);
  const face = await FindingFace.of(command, prepared, options, io);
  const { config, keyring } = prepared;
  const forget = options.forget ?? false;
  const ended = await session(face, options, io, (watch) =>
    runGuarded({ config, keyring, machine, watch, forget, force: false }),
  );
  face.tell(ended);
  return exitCode(ended.outcome);
}
<<<<<<< HEAD
=======

class FindingRun {
  readonly #command: DiscoveryCommand;
  readonly #config: EngineConfig;
  readonly #groups: readonly string[];
  readonly #options: FindingOptions;
  readonly #io: Io;
  readonly #stop: AbortController = new AbortController();
  readonly #faults: { -readonly [K in keyof Faults]: Faults[K] } = {
    notListening: null,
    notJoined: null,
    notSent: null,
  };
  readonly #unasked: Set<string> = new Set();
  /** Packets refused so far, by reason. */
  readonly #refusals: Map<string, number> = new Map();
  /** Names that were warned of. */
  readonly #warned: Set<string> = new Set();
  readonly #events: BroadcastEvents = new BroadcastEvents();
  #outcome: Outcome | null = null;
  #signal: StopSignal | null = null;
  #release: () => void = () => {};
  #snapshot: (() => Snapshot) | null = null;
  #live: Live | null = null;
  #noteText: ((note: Note) => string) | null = null;
  #style: Parameters<typeof findingReport>[2] = { width: DEFAULT_WIDTH, palette: PLAIN, pivot: unixNow() };
  #began = performance.now();
  #following: NodeJS.Timeout | undefined;

  constructor(command: DiscoveryCommand, { config, groups }: PreparedFinding, options: FindingOptions, io: Io) {
    this.#command = command;
    this.#config = config;
    this.#groups = groups;
    this.#options = options;
    this.#io = io;
  }

  async begin(): Promise<void> {
    const { out, env } = this.#io;
    this.#style = {
      width: out.columns ?? DEFAULT_WIDTH,
      palette: await paletteFor(out, env, this.#options.color),
      pivot: unixNow(),
    };
    if (this.#options.verbose === true || this.#options.debug === true)
      this.#noteText = (await import("../view/notes.ts")).noteText;
    this.#began = performance.now();
    this.#release = this.#io.onStop((signal) => {
      this.#signal = signal;
      this.#stop.abort();
    });
  }

  watch(): DriveOptions {
    return {
      signal: this.#stop.signal,
      onStarted: (engine, world) => {
        this.#snapshot = () => engine.snapshot(world.now());
        if (isLive(this.#io, this.#options)) this.#live = drawLive(this.#io.err, () => this.#progress());
      },
      onNotes: (notes) => this.#onNotes(notes),
    };
  }

  end(): void {
    clearTimeout(this.#following);
    this.#live?.stop();
    this.#live = null;
    this.#release();
  }

  /** Tells how it ended; returns the exit code. */
  async tell({ snapshot, outcome: reached, stateWarnings }: GuardedEnd): Promise<number> {
    const { out, err } = this.#io;
    const { json, quiet } = this.#options;
    const outcome =
      this.#outcome ?? (reached === "interrupted" && this.#signal !== null ? STOPPED[this.#signal] : reached);
    const failure = describeFinding(this.#command, outcome, snapshot, this.#context(outcome));
    const warnings = setWarnings(this.#command, snapshot);
    // What was found before an interruption is worth telling; that it was interrupted, whoever did it knows.
    const stopped = outcome === "interrupted" || outcome === "terminated";
    const hasFound = [snapshot.associations, snapshot.rings, snapshot.notDrawn ?? []].some(({ length }) => length > 0);
    if (json === true) this.#writeEnd(snapshot, failure, warnings);
    else if (hasFound && (failure !== null || quiet !== true))
      out.write(findingReport(this.#command, snapshot, { ...this.#style, pivot: unixNow() }, warnings));
    const refused = this.#noteText === null ? null : refusedLine(snapshot);
    if (refused !== null) sayLine(err, `ntpkit ${this.#command}: ${refused}`);
    if (quiet !== true)
      for (const warning of stateWarnings)
        sayLine(err, `ntpkit ${this.#command}: warning: ${stateWarningText(warning)}`);
    if (failure !== null && !(stopped && hasFound)) err.write(failureLine(`ntpkit ${this.#command}`, failure));
    return exitCode(outcome);
  }

  /** The document; a listener's events have been written by now, so only a failure is left to be told. */
  #writeEnd(snapshot: Snapshot, failure: FailureDocument | null, warnings: readonly SetWarning[]): void {
    const { out } = this.#io;
    if (this.#command !== "broadcast") {
      const indented = out.isTerminal && this.#options.follow !== true;
      out.write(
        documentText(
          findingDocument(this.#command, snapshot, failure, unixNow(), { groups: this.#groups, warnings }),
          indented,
        ),
      );
    } else if (failure !== null && failure.code !== "interrupted" && failure.code !== "terminated")
      out.write(documentText({ ...bareDocument(this.#command, failure), refused: snapshot.refused }, false));
  }

  #progress(): readonly string[] {
    const snapshot = this.#snapshot!();
    const seconds = Math.floor((performance.now() - this.#began) / 1000);
    const style = { ...this.#style, width: this.#io.err.columns ?? DEFAULT_WIDTH };
    return [
      ...findingProgress(this.#command, snapshot, style, LIVE_ROWS - 1),
      style.palette.faint(`${WAITING[this.#command]} … ${seconds} s, Ctrl-C ends it`),
    ];
  }

  #onNotes(notes: readonly Note[]): void {
    const told = this.#noteText;
    if (told !== null)
      for (const note of notes)
        if (this.#isToTell(note))
          sayLine(this.#io.err, `${((performance.now() - this.#began) / 1000).toFixed(3).padStart(7)} ${told(note)}`);
    for (const note of notes) this.#heed(note);
    if (this.#command === "broadcast") this.#tellEvents(notes);
    if (
      this.#options.follow === true &&
      this.#options.json === true &&
      notes.some(({ what }) => CHANGES.includes(what))
    )
      this.#tellSoon();
  }

  /** Whoever floods us does not flood the terminal: of each reason the first few are told, the others counted. */
  #isToTell(note: Note): boolean {
    if (note.what !== "refused" || note.id !== null) return true;
    const before = this.#refusals.get(note.test) ?? 0;
    this.#refusals.set(note.test, before + 1);
    return before < REFUSALS_TOLD;
  }

  /** A name that fails is tried again for ever, where the run goes on: told once. */
  #warnOfName(note: Note & { readonly what: "unresolved" }): void {
    if (this.#options.follow !== true || this.#options.quiet === true || this.#warned.has(note.name)) return;
    this.#warned.add(note.name);
    const line = `ntpkit ${this.#command}: warning: ${printable(note.name)}: ${RESOLVE_FAULTS[note.why]}; it is looked up again, ever more rarely\n`;
    const write = (): void => this.#io.err.write(line);
    if (this.#live === null) write();
    else this.#live.above(write);
  }

  /** What makes the run pointless ends it. */
  #heed(note: Note): void {
    if (note.what === "unresolved") this.#warnOfName(note);
    if (note.what === "notSent" && this.#groups.includes(note.to.ip)) this.#heedNotSent(note.to.ip, note.why);
    // With --follow there may be an interface for it later.
    if (
      note.what !== "notListening" ||
      note.late === true ||
      (this.#options.follow === true && note.why === "noMulticast")
    )
      return;
    if (note.group !== undefined) {
      this.#faults.notJoined ??= { group: note.group, why: note.why };
      // Of the groups assigned to NTP those of one family will do; what was named is wanted.
      if (this.#options.multicast !== true) this.#endWith(note.why === "noAddress" ? "usage" : "no-reply");
      if (note.why === "noAddress") this.#faults.notListening ??= note.why;
    } else if (note.why !== "noRoute") {
      this.#faults.notListening ??= note.why;
      if (note.why === "noAddress") this.#endWith("usage");
    }
  }

  /** A group that cannot be asked will not be heard of; without any other there is nothing to wait for. */
  #heedNotSent(ip: string, why: HostFault): void {
    this.#faults.notSent ??= { ip, why };
    this.#unasked.add(ip);
    if (this.#unasked.size === this.#groups.length && this.#options.follow !== true) this.#endWith("no-reply");
  }

  #endWith(outcome: Outcome): void {
    this.#outcome ??= outcome;
    this.#stop.abort();
  }

  #tellEvents(notes: readonly Note[]): void {
    const { out } = this.#io;
    const { json, quiet } = this.#options;
    if (this.#live !== null || this.#snapshot === null || (quiet === true && json !== true)) return;
    for (const note of notes) {
      const event = this.#events.of(note, this.#snapshot(), unixNow());
      if (event !== null) out.write(json === true ? documentText(event, false) : `${broadcastLine(event)}\n`);
    }
  }

  /** A document whenever the set has changed, when it has come to rest. */
  #tellSoon(): void {
    this.#following ??= setTimeout(() => {
      this.#following = undefined;
      if (this.#snapshot === null) return;
      const snapshot = this.#snapshot();
      const extra = { groups: this.#groups, warnings: setWarnings(this.#command, snapshot) };
      const outcome = outcomeNow(snapshot);
      const failure = describeFinding(this.#command, outcome, snapshot, this.#context(outcome));
      this.#io.out.write(documentText(findingDocument(this.#command, snapshot, failure, unixNow(), extra), false));
    }, REST);
  }

  #context(outcome: Outcome): FindingContext {
    const { associations, service, once, interface: name } = this.#config;
    return {
      ...this.#faults,
      groups: this.#groups,
      ttl: associations[0]?.ttl ?? DISCOVERY_DEFAULTS.ttl,
      key: associations[0]?.key ?? null,
      port: service?.port ?? associations[0]?.port ?? 123,
      deadline: once?.deadline ?? null,
      interface: name,
      alone: isAlone(),
      lacking: outcome === "permission" ? lackingCapability("port") : null,
    };
  }
}

/** Notes after which another document is due. */
const CHANGES: readonly Note["what"][] = ["mobilized", "demobilized", "notDrawn", "unresolved", "systemPeer", "ring"];
/** Refused packets that `-v` tells of one by one, of each reason. */
const REFUSALS_TOLD = 3;
/** Milliseconds. */
const REST = 1000;

const WAITING: Readonly<Record<DiscoveryCommand, string>> = {
  pool: "asking the pool",
  manycast: "searching",
  broadcast: "listening",
};
>>>>>>> 68aeeed (Write by no link that another could have placed, and keep a log through a full disk)
