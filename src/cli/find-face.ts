/** What `pool`, `manycast` and `broadcast` show: a table in place while they go on, a line or a document an event, a report at the end. */
import type { DiscoveryCommand } from "../config/discovery.ts";
import { outcomeNow } from "../engine/decide.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { Note } from "../engine/port/note.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import { BroadcastEvents, broadcastLine } from "../view/broadcast.ts";
import { bareDocument, documentText, type FailureDocument } from "../view/document.ts";
import { RESOLVE_FAULTS } from "../view/explain.ts";
import { describeFinding } from "../view/finding-failure.ts";
import { findingDocument, findingProgress, findingReport, refusedLine } from "../view/finding.ts";
import type { ReportStyle } from "../view/report.ts";
import { printable } from "../view/text.ts";
import { stateWarningText } from "../view/warnings.ts";
import { paletteFor } from "./colors.ts";
import { failureLine } from "./exit.ts";
import { FindingFaults } from "./find-faults.ts";
import type { FindingOptions } from "./find.ts";
import type { GuardedEnd } from "./guarded.ts";
import { DEFAULT_WIDTH, type Io, sayLine } from "./io.ts";
import { warnOfHaste } from "./haste.ts";
import { isLive, LIVE_ROWS } from "./live.ts";
import { unixNow } from "./measure.ts";
import type { PreparedFinding } from "./prepare-finding.ts";
import type { Face, Session } from "./session.ts";
import { setWarnings } from "./set-warnings.ts";

/** Notes after which another document is due. */
const CHANGES: readonly Note["what"][] = ["mobilized", "demobilized", "notDrawn", "unresolved", "systemPeer", "ring"];
/** Refused packets that `-v` tells of one by one, of each reason. */
const REFUSALS_TOLD = 3;
/** Until a set that has changed has come to rest, milliseconds. */
const REST = 1000;

const WAITING: Readonly<Record<DiscoveryCommand, string>> = {
  pool: "asking the pool",
  manycast: "searching",
  broadcast: "listening",
};

/** The face of such a run. */
export class FindingFace implements Face {
  readonly command: DiscoveryCommand;
  readonly deadline: number;
  readonly #options: FindingOptions;
  readonly #io: Io;
  readonly #config: EngineConfig;
  readonly #groups: readonly string[];
  readonly #faults: FindingFaults;
  readonly #style: Omit<ReportStyle, "pivot">;
  /** Packets refused so far, by reason. */
  readonly #refusals: Map<string, number> = new Map();
  readonly #events: BroadcastEvents = new BroadcastEvents();
  #following: NodeJS.Timeout | undefined;

  private constructor(
    command: DiscoveryCommand,
    prepared: PreparedFinding,
    options: FindingOptions,
    io: Io,
    style: Omit<ReportStyle, "pivot">,
  ) {
    this.command = command;
    this.#options = options;
    this.#io = io;
    this.#config = prepared.config;
    this.#groups = prepared.groups;
    this.#faults = new FindingFaults(prepared, options);
    this.#style = style;
    // A search that ends by itself has it in the engine, which then says what it has.
    this.deadline = options.follow === true ? (options.deadline ?? Infinity) : Infinity;
  }

  static async of(
    command: DiscoveryCommand,
    prepared: PreparedFinding,
    options: FindingOptions,
    io: Io,
  ): Promise<FindingFace> {
    const palette = await paletteFor(io.out, io.env, options.color);
    return new FindingFace(command, prepared, options, io, {
      width: io.out.columns ?? DEFAULT_WIDTH,
      palette,
      wraps: io.out.isTerminal,
    });
  }

  /** Whoever floods us does not flood the terminal: of each reason the first few are told, the others counted. */
  tells(note: Note): boolean {
    if (note.what !== "refused" || note.id !== null) return true;
    const before = this.#refusals.get(note.test) ?? 0;
    this.#refusals.set(note.test, before + 1);
    return before < REFUSALS_TOLD;
  }

  noted(notes: readonly Note[], session: Session): void {
    warnOfHaste(this.#config, this.#options, notes, session);
    this.#warnOfKeys(notes, session);
    for (const note of notes) {
      if (note.what === "unresolved") this.#warnOfName(note, session);
      const end = this.#faults.heed(note);
      if (end !== null) session.end(end);
    }
    const { follow, json } = this.#options;
    if (this.command === "broadcast") this.#tellEvents(notes, session);
    if (follow === true && json === true && notes.some(({ what }) => CHANGES.includes(what))) this.#tellSoon(session);
  }

  frame(session: Session): readonly string[] {
    const { palette } = this.#style;
    const style = { palette, wraps: true, width: this.#io.err.columns ?? DEFAULT_WIDTH, pivot: unixNow() };
    return [
      ...findingProgress(this.command, session.snapshot()!, style, LIVE_ROWS - 1),
      palette.faint(`${this.#waiting(session)} … ${Math.floor(session.elapsed)} s, Ctrl-C ends it`),
    ];
  }

  ended(): void {
    clearTimeout(this.#following);
  }

  /** Tells how it ended. */
  tell({ snapshot, outcome, stateWarnings }: GuardedEnd): void {
    const { out, err } = this.#io;
    const { json, quiet, verbose, debug } = this.#options;
    const failure = this.#failure(outcome, snapshot);
    // What was found before an interruption is worth telling; that it was interrupted, whoever did it knows.
    const stopped = outcome === "interrupted" || outcome === "terminated";
    const hasFound = [snapshot.associations, snapshot.rings, snapshot.notDrawn ?? []].some(({ length }) => length > 0);
    if (json === true) this.#writeEnd(snapshot, failure);
    else if (hasFound && (failure !== null || quiet !== true)) {
      const warnings = setWarnings(this.command, snapshot);
      out.write(findingReport(this.command, snapshot, { ...this.#style, pivot: unixNow() }, warnings));
    }
    const refused = verbose === true || debug === true ? refusedLine(snapshot) : null;
    if (refused !== null) sayLine(err, `ntpkit ${this.command}: ${refused}`);
    if (quiet !== true)
      for (const warning of stateWarnings)
        sayLine(err, `ntpkit ${this.command}: warning: ${stateWarningText(warning)}`);
    if (failure !== null && !(stopped && hasFound)) err.write(failureLine(`ntpkit ${this.command}`, failure));
  }

  /** What is going on; of a search, how far it has come. */
  #waiting(session: Session): string {
    const ring = Math.max(0, ...(session.snapshot()?.rings ?? []).map(({ ttl }) => ttl));
    const last = Math.max(0, ...this.#config.associations.map(({ ttl }) => ttl ?? 0));
    return ring > 0 && this.command === "manycast"
      ? `${WAITING.manycast}: ring ${ring} of ${last}`
      : WAITING[this.command];
  }

  /** Whoever answers without a key is not believed: that is better said at the first than at the end. */
  #warnOfKeys(notes: readonly Note[], session: Session): void {
    const { keys, auth, nts, autokey, quiet } = this.#options;
    const isDecided = nts === true || autokey !== undefined || keys !== undefined || auth === false;
    if (this.command === "pool" || isDecided || quiet === true) return;
    const snapshot = session.snapshot();
    const isUnsealed = (note: Note): boolean =>
      note.what === "refused"
        ? note.test === "authentication"
        : note.what === "mobilized" &&
          snapshot?.associations.find(({ id }) => id === note.id)?.reason === "authentication";
    if (notes.some(isUnsealed))
      session.warn(
        "a server answers without a key that could be checked: --keys FILE or --no-auth decides who is believed",
      );
  }

  /** A name that fails is tried again for ever, where the run goes on: told once. */
  #warnOfName({ name, why }: Note & { readonly what: "unresolved" }, session: Session): void {
    if (this.#options.follow !== true || this.#options.quiet === true) return;
    session.warn(`${printable(name)}: ${RESOLVE_FAULTS[why]}; it is looked up again, ever more rarely`);
  }

  #tellEvents(notes: readonly Note[], session: Session): void {
    const { out } = this.#io;
    const { json, quiet } = this.#options;
    const snapshot = session.snapshot();
    if (snapshot === null || isLive(this.#io, this.#options) || (quiet === true && json !== true)) return;
    for (const note of notes) {
      const event = this.#events.of(note, snapshot, unixNow());
      if (event !== null) out.write(json === true ? documentText(event, false) : `${broadcastLine(event)}\n`);
    }
  }

  /** A document whenever the set has changed, when it has come to rest. */
  #tellSoon(session: Session): void {
    this.#following ??= setTimeout(() => {
      this.#following = undefined;
      const snapshot = session.snapshot();
      if (snapshot !== null) this.#writeDocument(snapshot, this.#failure(outcomeNow(snapshot), snapshot), false);
    }, REST);
  }

  /** The document; a listener's events have been written by now, so only a failure is left to be told. */
  #writeEnd(snapshot: Snapshot, failure: FailureDocument | null): void {
    const { out } = this.#io;
    if (this.command !== "broadcast")
      this.#writeDocument(snapshot, failure, out.isTerminal && this.#options.follow !== true);
    else if (failure !== null && failure.code !== "interrupted" && failure.code !== "terminated")
      out.write(documentText({ ...bareDocument(this.command, failure), refused: snapshot.refused }, false));
  }

  #writeDocument(snapshot: Snapshot, failure: FailureDocument | null, indented: boolean): void {
    const extra = { groups: this.#groups, warnings: setWarnings(this.command, snapshot) };
    const document = findingDocument(this.command, snapshot, failure, unixNow(), extra);
    this.#io.out.write(documentText(document, indented));
  }

  #failure(outcome: Outcome, snapshot: Snapshot): FailureDocument | null {
    return describeFinding(this.command, outcome, snapshot, this.#faults.context(outcome));
  }
}
