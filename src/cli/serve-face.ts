/** What `serve` shows: a table on a terminal, a line or a document for each event elsewhere; and what keeps it from serving. */
import type { EngineConfig } from "../engine/port/config.ts";
import type { HostFault } from "../engine/port/event.ts";
import type { Note } from "../engine/port/note.ts";
import { become, lookUpUser } from "../host/become.ts";
import { lackingCapability } from "../host/privilege.ts";
import { documentText, type FailureDocument } from "../view/document.ts";
import { HOST_FAULTS } from "../view/explain.ts";
import { portHint } from "../view/failure.ts";
import type { Palette } from "../view/palette.ts";
import {
  countsText,
  presenceText,
  serveDocument,
  servedText,
  serveProgress,
  type Presence,
  type ServeEvent,
  type ServeState,
} from "../view/serve.ts";
import { printable } from "../view/text.ts";
import { DEFAULT_WIDTH, type Io, sayLine } from "./io.ts";
import { isLive } from "./live.ts";
import { unixNow } from "./measure.ts";
import type { NtsService } from "./nts-serving.ts";
import { LEAST_USER } from "./options/defaults.ts";
import type { OptionsOf } from "./options/offers.ts";
import type { Face, Session } from "./session.ts";

/** How often counters are told of, seconds. */
const PERIOD = 64;

/** The face of a run of `serve`. */
export class ServeFace implements Face {
  readonly command = "serve" as const;
  readonly shown: NonNullable<Face["shown"]>;
  /** Why it could not begin; `null`: it could. */
  failure: FailureDocument | null = null;
  readonly #options: OptionsOf<"serve">;
  readonly #io: Io;
  readonly #palette: Palette;
  readonly #nts: Pick<NtsService, "bereft"> | null;
  readonly #presence: Presence;
  #answered = { at: 0, count: 0, rate: 0 };

  constructor(
    { service, associations }: EngineConfig,
    nts: Pick<NtsService, "port" | "bereft"> | null,
    options: OptionsOf<"serve">,
    io: Io,
    palette: Palette,
  ) {
    this.#options = options;
    this.#io = io;
    this.#palette = palette;
    this.#nts = nts;
    this.#presence = {
      port: service!.port,
      address: service!.addresses.length === 1 ? service!.addresses[0]! : null,
      groups: service!.groups.map(({ group }) => group),
      broadcasts: associations.filter(({ kind }) => kind === "broadcast").map(({ name }) => name),
      ntsPort: nts?.port ?? null,
    };
    this.shown = { every: PERIOD, show: (session) => this.#tell("counts", session) };
  }

  started(session: Session): void {
    this.#dropPrivileges(session);
    if (this.failure === null && !isLive(this.#io, this.#options)) this.#tell("listening", session);
  }

  noted(notes: readonly Note[], session: Session): void {
    for (const note of notes) {
      if (note.what === "notListening") this.#notListening(note, session);
      if (note.what === "notSent") session.warn(`${printable(note.to.ip)} cannot be sent to: ${HOST_FAULTS[note.why]}`);
    }
    if (notes.some(({ what }) => what === "systemPeer")) this.#tell("source", session);
  }

  frame(session: Session): readonly string[] {
    const state = stateOf(session)!;
    const { answered } = state.counts;
    const { at, count } = this.#answered;
    const now = session.elapsed;
    if (now - at >= 1)
      this.#answered = { at: now, count: answered, rate: at === 0 ? 0 : (answered - count) / (now - at) };
    const width = this.#io.out.columns ?? DEFAULT_WIDTH;
    return serveProgress(this.#presence, state, this.#answered.rate, width, this.#palette);
  }

  /** Tells that it has ended, where it had begun. */
  ended(session: Session): void {
    if (this.failure === null) this.#tell("stopped", session);
  }

  /** Root was needed for the port only. */
  #dropPrivileges(session: Session): void {
    const { user: asked, verbose } = this.#options;
    if (process.geteuid?.() !== 0 || asked === "root") return;
    const name = asked ?? LEAST_USER;
    const user = lookUpUser(name);
    const fault = user === null ? "refused" : become(user, false);
    if (fault === null) {
      if (verbose === true)
        sayLine(this.#io.err, `ntpkit serve: the port is open; this process is ${name} from now on`);
      for (const text of this.#nts?.bereft(name) ?? []) session.warn(`${text}; --user names another`);
    } else if (asked === undefined)
      session.warn(`still root, since it cannot become ${name} here; --user root says nothing of it`);
    else
      this.#fail(session, {
        code: "permission",
        message: `this process cannot become ${name}`,
        hint: "give it CAP_SETUID and CAP_SETGID, or leave --user out",
      });
  }

  #notListening({ why, group, late }: Note & { readonly what: "notListening" }, session: Session): void {
    if (group !== undefined) session.warn(`searches in ${printable(group)} are not heard: ${HOST_FAULTS[why]}`);
    else if (late === true) session.warn(`an address that came is not listened on: ${HOST_FAULTS[why]}`);
    else {
      const failure = PORT_FAULTS[why]?.(this.#presence);
      if (failure !== undefined) this.#fail(session, failure);
    }
  }

  #fail(session: Session, failure: FailureDocument): void {
    this.failure ??= failure;
    session.end(failure.code);
  }

  #tell(event: ServeEvent, session: Session): void {
    const state = stateOf(session);
    const { json, quiet } = this.#options;
    const { out } = this.#io;
    if (state === null) return;
    if (json === true) out.write(documentText(serveDocument(event, this.#presence, state, unixNow()), false));
    else if ((event === "stopped" || !isLive(this.#io, this.#options)) && quiet !== true)
      out.write(`${LINES[event](this.#presence, state)}\n`);
  }
}

function stateOf(session: Session): ServeState | null {
  return session.look((engine, world) => {
    const now = world.now();
    const { server } = engine.responder!;
    return {
      snapshot: engine.snapshot(now),
      published: server.published(now),
      counts: server.counts,
      clients: server.mru.size,
    };
  });
}

/** Why the port cannot be had, as whoever started it can mend it. */
const PORT_FAULTS: Readonly<Partial<Record<HostFault, (presence: Presence) => FailureDocument>>> = {
  portInUse: ({ port }) => ({
    code: "permission",
    message: `UDP port ${port} is in use by another program`,
    hint: "stop the time daemon there, or name another port with --port",
  }),
  noPrivilege: ({ port }) => ({
    code: "permission",
    message: `UDP port ${port} may not be used by this process`,
    hint: portHint(lackingCapability("port"), port, "--port"),
  }),
  noAddress: ({ address }) => ({
    code: "usage",
    message: `--address: ${address ?? "this"} is not an address of this host`,
    hint: "`ip address` lists them",
  }),
};

/** Each event as a line. */
const LINES: Readonly<Record<ServeEvent, (presence: Presence, state: ServeState) => string>> = {
  listening: (presence, state) => `${presenceText(presence)}; ${servedText(state)}`,
  source: (_presence, state) => servedText(state),
  counts: (_presence, state) => countsText(state),
  stopped: (_presence, state) => `stopped after ${countsText(state)}`,
};
