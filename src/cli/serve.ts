/** `ntpkit serve`: a server that goes on until it is told to stop. */
import { bareDocument, documentText } from "../view/document.ts";
import { paletteFor } from "./colors.ts";
import { exitCode, failureLine } from "./exit.ts";
<<<<<<< HEAD
import type { Io } from "./io.ts";
import { measure, thisMachine } from "./measure.ts";
=======
import { controlResponder } from "./daemon/control.ts";
import { DEFAULT_WIDTH, type Io, sayLine } from "./io.ts";
import { drawLive, isLive, type Live } from "./live.ts";
import { measure, thisMachine, unixNow, type Machine } from "./measure.ts";
import { checkInterface, readKeys, trustedKeys } from "./prepare-finding.ts";
import { keysFormat } from "./prepare.ts";
import { LEAP_FILE, LEAST_USER } from "./options/defaults.ts";
>>>>>>> 68aeeed (Write by no link that another could have placed, and keep a log through a full disk)
import type { OptionsOf } from "./options/offers.ts";
import { prepareServe } from "./prepare-serve.ts";
import { ServeFace } from "./serve-face.ts";
import { session } from "./session.ts";

/**
 * Runs the server until a signal ends it, which is how it ends well.
 * @returns the exit code
 * @throws UsageError
 */
export async function runServe(servers: readonly string[], options: OptionsOf<"serve">, io: Io): Promise<number> {
  const machine = thisMachine();
  const { config, warnings, keyring, control } = await prepareServe(servers, options, machine, io);
<<<<<<< HEAD
  for (const warning of warnings) sayLine(io.err, `ntpkit serve: warning: ${warning}`);
  const face = new ServeFace(config, options, io, await paletteFor(io.out, io.env, options.color));
  await session(face, options, io, (watch) => measure({ ...watch, config, keyring, machine, control }));
  const { failure } = face;
  if (failure === null) return exitCode("ok");
  if (options.json === true) io.out.write(documentText(bareDocument("serve", failure), false));
  io.err.write(failureLine("ntpkit serve", failure));
  return exitCode(failure.code);
}
=======
  for (const warning of warnings) sayLine(io.err, `ntpkit serve: warning: ${warning}`);
  const run = new ServeRun(config, options, io, await paletteFor(io.out, io.env, options.color));
  try {
    await measure({ ...run.watch(), config, keyring, machine, control });
  } finally {
    run.end();
  }
  return run.tell();
}

async function prepareServe(
  servers: readonly string[],
  options: OptionsOf<"serve">,
  machine: Machine,
  io: Io,
): Promise<ServeConfig & { readonly keyring: Keyring | null; readonly control: ControlAnswering }> {
  const { ipv4, ipv6, ...settings } = options;
  if (options.interface !== undefined) checkInterface(options.interface);
  if (options.user !== undefined && lookUpUser(options.user) === null)
    throw new UsageError(`--user: there is no user "${options.user}"`);
  const loaded = options.config === undefined ? null : loadConfiguration(options.config, true);
  const trusted =
    options.trusted === undefined ? (loaded?.configuration.trusted ?? "all") : trustedKeys(options.trusted);
  const keys = await readKeys(
    options.keys ?? loaded?.configuration.keys?.path ?? null,
    keysFormat(options, loaded),
    trusted,
  );
  tellPrepared(
    "ntpkit serve",
    { file: loaded?.path ?? null, remarks: loaded?.remarks ?? [], warnings: keys.warnings },
    options,
    io,
  );
  const facts: ServeFacts = {
    ...machine.facts,
    addresses: ownAddresses(),
    broadcasts: broadcastAddresses(),
    smear: askedSmear(options),
    broadcastKey: broadcastKey(options, keys.keyring),
  };
  const family = ipv4 === true ? 4 : ipv6 === true ? 6 : null;
  const made = serveConfig(
    servers.map(parseUnicastServer),
    { ...settings, ...(family === null ? {} : { family }) },
    loaded?.configuration ?? null,
    facts,
  );
  const keyed = made.config.associations.find(({ key }) => key !== null && keys.keyring?.find(key)?.trusted !== true);
  if (keyed !== undefined)
    throw new UsageError(
      `${keyed.name}: key ${keyed.key!} is not in the key file, or not trusted`,
      "name the file with --keys FILE",
    );
  return { ...made, keyring: keys.keyring, control: controlResponder(loaded?.configuration ?? null, keys.keyring) };
}

/** The key of broadcasts: the one named, else the first that is trusted. */
function broadcastKey({ key }: OptionsOf<"serve">, keyring: Keyring | null): number | null {
  return key ?? keyring?.keys.find(({ trusted }) => trusted)?.id ?? null;
}

/**
 * The next leap second of the list, if it is to be smeared.
 * @throws UsageError where there is no list
 */
function askedSmear({ leapSmear, leapFile = LEAP_FILE }: OptionsOf<"serve">): SmearConfig | null {
  if (leapSmear === undefined) return null;
  let text: string;
  try {
    text = readText(leapFile, LARGEST.leaps);
  } catch (error) {
    throw new UsageError(
      `--leap-smear: ${leapFile} cannot be read: ${systemReason(error)}`,
      "name a list of leap seconds with --leap-file",
    );
  }
  const list = parseLeapSeconds(text, (ascii) => createHash("sha1").update(ascii, "latin1").digest("hex"));
  if ("kind" in list) throw new UsageError(`${leapFile}:${list.line}: that is no list of leap seconds`);
  // A server that starts while a smear goes on takes part in it.
  const next = nextLeap(list, BigInt(Math.floor(Date.now() / 1000 - leapSmear / 2)) + UNIX_EPOCH);
  return next === null ? null : { ...STANDARD_SMEAR, at: next.at, leap: next.leap, interval: leapSmear };
}

class ServeRun {
  readonly #options: OptionsOf<"serve">;
  readonly #io: Io;
  readonly #palette: Palette;
  readonly #presence: Presence;
  readonly #stop: AbortController = new AbortController();
  readonly #release: () => void;
  readonly #began: number = performance.now();
  #state: (() => ServeState) | null = null;
  #failure: FailureDocument | null = null;
  #live: Live | null = null;
  #timer: NodeJS.Timeout | undefined;
  #answered = { at: 0, count: 0, rate: 0 };

  constructor({ service, associations }: EngineConfig, options: OptionsOf<"serve">, io: Io, palette: Palette) {
    this.#options = options;
    this.#io = io;
    this.#palette = palette;
    this.#presence = {
      port: service!.port,
      address: service!.addresses.length === 1 ? service!.addresses[0]! : null,
      groups: service!.groups.map(({ group }) => group),
      broadcasts: associations.filter(({ kind }) => kind === "broadcast").map(({ name }) => name),
    };
    this.#release = io.onStop(() => this.#stop.abort());
  }

  watch(): Pick<Parameters<typeof measure>[0], "signal" | "onNotes" | "onStarted"> {
    return {
      signal: this.#stop.signal,
      onNotes: (notes) => this.#onNotes(notes),
      onStarted: (engine, world) => this.#onStarted(engine, world),
    };
  }

  end(): void {
    clearInterval(this.#timer);
    this.#live?.stop();
    this.#live = null;
    this.#release();
  }

  /** Tells how it ended: well, unless it could not begin. */
  tell(): number {
    const { out, err } = this.#io;
    if (this.#failure !== null) {
      if (this.#options.json === true) out.write(documentText(bareDocument("serve", this.#failure), false));
      err.write(failureLine("ntpkit serve", this.#failure));
      return exitCode(this.#failure.code);
    }
    this.#tell("stopped");
    return exitCode("ok");
  }

  #onStarted(engine: Engine, world: World): void {
    this.#state = () => {
      const now = world.now();
      const { server } = engine.responder!;
      return {
        snapshot: engine.snapshot(now),
        published: server.published(now),
        counts: server.counts,
        clients: server.mru.size,
      };
    };
    // Sockets that could not be opened are told of next; nothing is said before that.
    setImmediate(() => {
      if (this.#failure !== null || this.#stop.signal.aborted) return;
      this.#dropPrivileges();
      if (this.#failure !== null) return;
      if (isLive(this.#io, this.#options)) this.#live = drawLive(this.#io.err, () => this.#progress());
      else this.#tell("listening");
      this.#timer = setInterval(() => this.#tell("counts"), PERIOD);
    });
  }

  /** Root was needed for the port only. */
  #dropPrivileges(): void {
    if (process.geteuid?.() !== 0 || this.#options.user === "root") return;
    const name = this.#options.user ?? LEAST_USER;
    const user = lookUpUser(name);
    const fault = user === null ? "refused" : become(user, false);
    if (fault === null) {
      if (this.#options.verbose === true)
        sayLine(this.#io.err, `ntpkit serve: the port is open; this process is ${name} from now on`);
    } else if (this.#options.user === undefined)
      this.#io.err.write(
        `ntpkit serve: warning: still root, since it cannot become ${name} here; --user root says nothing of it\n`,
      );
    else
      this.#fail({
        code: "permission",
        message: `this process cannot become ${name}`,
        hint: "give it CAP_SETUID and CAP_SETGID, or leave --user out",
      });
  }

  #onNotes(notes: readonly Note[]): void {
    const talkative = this.#options.verbose === true || this.#options.debug === true;
    for (const note of notes) {
      if (talkative)
        sayLine(this.#io.err, `${((performance.now() - this.#began) / 1000).toFixed(3).padStart(7)} ${noteText(note)}`);
      if (note.what === "notListening") this.#notListening(note.why, note.group, note.late ?? false);
      if (note.what === "notSent") this.#warn(`${printable(note.to.ip)} cannot be sent to: ${HOST_FAULTS[note.why]}`);
    }
    if (notes.some(({ what }) => what === "systemPeer")) this.#tell("source");
  }

  #notListening(why: HostFault, group: string | undefined, late: boolean): void {
    const { port } = this.#presence;
    if (group !== undefined) this.#warn(`searches in ${printable(group)} are not heard: ${HOST_FAULTS[why]}`);
    else if (late) this.#warn(`an address that came is not listened on: ${HOST_FAULTS[why]}`);
    else if (why === "portInUse")
      this.#fail({
        code: "permission",
        message: `UDP port ${port} is in use by another program`,
        hint: "stop the time daemon there, or name another port with --port",
      });
    else if (why === "noPrivilege") {
      const lacking = lackingCapability("port");
      const way = lacking?.who === "root" ? `root lacks ${lacking.capability} here` : "run it as root";
      this.#fail({
        code: "permission",
        message: `UDP port ${port} may not be used by this process`,
        hint: `${way}, or name a port above 1023 with --port`,
      });
    } else if (why === "noAddress")
      this.#fail({
        code: "usage",
        message: `--address: ${this.#presence.address ?? "this"} is not an address of this host`,
        hint: "`ip address` lists them",
      });
  }

  #fail(failure: FailureDocument): void {
    this.#failure ??= failure;
    this.#stop.abort();
  }

  /** Said once: what cannot be sent now cannot be sent the next time either. */
  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    const write = (): void => sayLine(this.#io.err, `ntpkit serve: warning: ${text}`);
    if (this.#live === null) write();
    else this.#live.above(write);
  }

  readonly #warned: Set<string> = new Set();

  #tell(event: ServeEvent): void {
    const state = this.#state?.() ?? null;
    const { out } = this.#io;
    if (state === null) return;
    if (this.#options.json === true)
      out.write(documentText(serveDocument(event, this.#presence, state, unixNow()), false));
    else if (this.#live === null && this.#options.quiet !== true) out.write(`${LINES[event](this.#presence, state)}\n`);
  }

  #progress(): readonly string[] {
    const state = this.#state!();
    const { counts } = state;
    const now = performance.now();
    if (now - this.#answered.at >= 1000) {
      const rate =
        this.#answered.at === 0 ? 0 : ((counts.answered - this.#answered.count) / (now - this.#answered.at)) * 1000;
      this.#answered = { at: now, count: counts.answered, rate };
    }
    return serveProgress(
      this.#presence,
      state,
      this.#answered.rate,
      this.#io.out.columns ?? DEFAULT_WIDTH,
      this.#palette,
    );
  }
}

/** Each event as a line. */
const LINES: Readonly<Record<ServeEvent, (presence: Presence, state: ServeState) => string>> = {
  listening: (presence, state) => `${presenceText(presence)}; ${servedText(state)}`,
  source: (_presence, state) => servedText(state),
  counts: (_presence, state) => countsText(state),
  stopped: (_presence, state) => `stopped after ${countsText(state)}`,
};
>>>>>>> 68aeeed (Write by no link that another could have placed, and keep a log through a full disk)
