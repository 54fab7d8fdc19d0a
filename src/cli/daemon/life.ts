/**
 * The life of the daemon, from the first line of its log to the last.
 *
 * ```text
 * configuration ─► guards (another daemon, another copy) ─► generation ─► end
 *                                     SIGHUP, new addresses ──┘  ▲
 *                                               └────────────────┘
 * ```
 *
 * A generation is one engine with its sockets. When the configuration or this machine's addresses change, it ends and the next
 * begins with the frequency that the one before has found; while nothing changes, nothing is disturbed.
 */
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { daemonConfig, type DaemonFacts } from "../../config/daemon.ts";
import type { LoadedConfiguration } from "../../config/files.ts";
import { ONCE_DEFAULTS } from "../../config/options.ts";
import { UsageError } from "../../config/usage.ts";
import { DEFAULT_DISCIPLINE } from "../../discipline/disciplines.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Outcome } from "../../engine/outcome.ts";
import type { Snapshot } from "../../engine/snapshot.ts";
import type { World } from "../../engine/world.ts";
import { become, lookUpUser } from "../../host/become.ts";
import { drive } from "../../host/drive.ts";
import { otherDaemon } from "../../host/daemons.ts";
import { claimInstance, instancePath, isInstanceFault, type Instance } from "../../host/instance.ts";
import { localClock } from "../../host/local-clock.ts";
import { serviceManager, type ServiceManager } from "../../host/notify.ts";
import { openWorld } from "../../host/world.ts";
import type { Keyring } from "../../security/keyring.ts";
import { placedText } from "../../security/place.ts";
import { StateFile } from "../../state/file.ts";
import { statePath } from "../../state/place.ts";
import type { LeapKnowledge } from "../../time/leap.ts";
import type { Frequency } from "../../time/seconds.ts";
import { describeFailure } from "../../view/failure.ts";
import { openMetrics } from "../../view/metrics.ts";
import { addressText } from "../../wire/address.ts";
import { stateWarningText } from "../../view/warnings.ts";
import { CommandFailure, exitCode } from "../exit.ts";
import { failureContext } from "../guarded.ts";
import type { Io } from "../io.ts";
import { engineOf, thisMachine } from "../measure.ts";
import type { DaemonRunOptions } from "../options.ts";
import { version } from "../version.ts";
import { controlResponder } from "./control.ts";
import { DriftFile } from "./drift.ts";
import { daemonKeys } from "./keys.ts";
import { readLeaps, smearOf } from "./leaps.ts";
import { Log } from "./log.ts";
import { parseMetricsAddress, serveMetrics, type MetricsServer } from "./metrics.ts";
import { StatisticsFiles } from "./statistics.ts";

/** How often this machine's addresses are looked at, seconds. */
const LOOK_INTERVAL = 10;
/** How often the drift file is written and the hour's statistics are, seconds. */
const KEEP_INTERVAL = 3600;
const LEAP_INTERVAL = 86_400;

/**
 * Lives until told to stop.
 * @param reload reads the configuration anew
 * @returns the exit code
 */
export async function live(loaded: LoadedConfiguration, reload: () => LoadedConfiguration, options: DaemonRunOptions, io: Io): Promise<number> {
  const log = logOf(options, io);
  log.useFile(loaded.configuration.logFile);
  const daemon = new Daemon(loaded, reload, options, io, log);
  try {
    return await daemon.live();
  } catch (error) {
    if (loaded.configuration.logFile !== null) log.say("error", "failed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

function logOf({ json, log, verbose, debug, quiet }: DaemonRunOptions, io: Io): Log {
  const how = { verbose: verbose === true || debug === true, quiet: quiet === true };
  return json === true ? new Log(io.out, { ...how, format: "json" }) : new Log(io.err, { ...how, format: log ?? "text" });
}

/** Why a generation ended that could have gone on. */
type Ending = "stop" | "renew";

class Daemon {
  readonly #options: DaemonRunOptions;
  readonly #io: Io;
  readonly #log: Log;
  readonly #reload: () => LoadedConfiguration;
  readonly #manager: ServiceManager;
  readonly #state: StateFile = new StateFile(statePath());
  #loaded: LoadedConfiguration;
  #keyring: Keyring | null = null;
  #drift: DriftFile;
  #statistics: StatisticsFiles;
  #frequency: Frequency | null = null;
  #running: { readonly engine: Engine; readonly world: World } | null = null;
  #ending: Ending | null = null;
  #abort: AbortController = new AbortController();
  #addresses = "";
  #fingerprint = "";
  #leaps: LeapKnowledge | null = null;
  #becameUser = false;

  constructor(loaded: LoadedConfiguration, reload: () => LoadedConfiguration, options: DaemonRunOptions, io: Io, log: Log) {
    this.#loaded = loaded;
    this.#reload = reload;
    this.#options = options;
    this.#io = io;
    this.#log = log;
    this.#manager = serviceManager(io.env);
    this.#drift = new DriftFile(loaded.configuration.driftFile, options.clock, log);
    this.#statistics = new StatisticsFiles(loaded.configuration, log);
  }

  async live(): Promise<number> {
    const metrics = this.#options.metrics === undefined ? null : parseMetricsAddress(this.#options.metrics);
    if (this.#options.user !== undefined && lookUpUser(this.#options.user) === null) throw new UsageError(`--user: there is no user "${this.#options.user}"`);
    this.#guard();
    const instance = this.#claim();
    const endings: (() => void)[] = [() => instance?.release()];
    try {
      this.#remark();
      this.#keyring = await daemonKeys(this.#loaded, this.#log);
      this.#frequency = this.#drift.read();
      if (metrics !== null) endings.push(await this.#giveMetrics(metrics));
      endings.push(this.#heedSignals(), this.#heedTime());
      return await this.#generations();
    } finally {
      for (const end of endings.toReversed()) end();
      this.#drift.keep(this.#frequency);
      this.#log.say("info", "ended", "ended");
    }
  }

  /** Another daemon that steers the same clock would fight us. */
  #guard(): void {
    const other = this.#options.clock && this.#options.force !== true ? otherDaemon() : null;
    if (other === null) return;
    const name = other.pid === null ? other.name : `${other.name} (process ${other.pid})`;
    throw new CommandFailure({ code: "other-daemon", message: `${name} disciplines this clock`, hint: "stop it first, start with --no-clock, or insist with --force" });
  }

  /** One daemon steers the clock; those that leave it alone may be as many as there are ports. */
  #claim(): Instance | null {
    if (!this.#options.clock) return null;
    const claim = claimInstance(this.#loaded.configuration.pidFile ?? instancePath(this.#io.env));
    if (!isInstanceFault(claim)) return claim;
    if (claim.kind === "failed") {
      this.#log.say("warning", "lock", `${claim.path} cannot be made (${claim.why}): a second copy would not be noticed`);
      return null;
    }
    throw new CommandFailure({ code: "other-daemon", message: `ntpkit run ${claim.pid === null ? "" : `(process ${claim.pid}) `}holds ${claim.path}`, hint: "one is enough; --no-clock runs beside it on another --port" });
  }

  #remark(): void {
    const { path, remarks } = this.#loaded;
    this.#log.say("info", "started", `ntpkit ${version()}: configuration file ${path}`, { version: version(), file: path, pid: process.pid });
    for (const { level, text, at } of remarks) this.#log.say(level === "note" ? "debug" : "warning", "configuration", placedText({ ...at, message: text }), { ...at });
  }

  async #generations(): Promise<number> {
    for (;;) {
      this.#ending = null;
      this.#abort = new AbortController();
      const { snapshot, outcome, failure } = await this.#generation();
      this.#frequency = snapshot.discipline?.frequency ?? this.#frequency;
      if (this.#endedBy("renew")) continue;
      if (this.#endedBy("stop")) return exitCode("ok");
      if (failure !== null) throw failure;
      return exitCode(outcome);
    }
  }

  #endedBy(ending: Ending): boolean {
    return this.#ending === ending;
  }

  /** One engine, from its start to its end. */
  async #generation(): Promise<{ readonly snapshot: Snapshot; readonly outcome: Outcome; readonly failure: CommandFailure | null }> {
    const { configuration } = this.#loaded;
    const machine = thisMachine();
    this.#addresses = addressesNow();
    this.#fingerprint = fingerprint(this.#loaded);
    this.#leaps = readLeaps(configuration.leapFile, this.#log, Date.now());
    const facts: DaemonFacts = { ...machine.facts, interfaces: interfacesNow(), frequency: this.#frequency, leaps: this.#leaps, smear: smearOf(this.#leaps, configuration.smear) };
    const { clock, discipline, anyOffset, port } = this.#options;
    const config = daemonConfig(configuration, { noClock: !clock, discipline: discipline ?? DEFAULT_DISCIPLINE, anyFirst: anyOffset === true, port: port ?? ONCE_DEFAULTS.port }, facts);
    const { memory, warning } = this.#state.recall();
    if (warning !== null) this.#log.matter("state", "warning", "state", stateWarningText(warning));
    const engine = engineOf(config, this.#keyring, controlResponder(configuration, this.#keyring));
    const world = await openWorld({ clock: clock ? localClock() : null, read: machine.read });
    await drive(engine, world, {
      memory,
      signal: this.#abort.signal,
      onStarted: () => this.#started(engine, world),
      onNotes: (notes) => {
        this.#log.notes(notes);
        this.#statistics.heed(notes, () => engine.snapshot(world.now()), Date.now());
        for (const note of notes) if (note.what === "systemPeer") this.#manager.tell(`STATUS=${note.address === null ? "not synchronized" : `following ${addressText(note.address)}`}`);
      },
      onRemember: (learned) => {
        const fault = this.#state.remember(learned);
        this.#log.matter("state", "warning", "state", fault === null ? null : stateWarningText(fault));
      },
    });
    this.#running = null;
    const snapshot = engine.snapshot(world.now());
    const outcome = snapshot.outcome ?? "internal";
    const failure = this.#ending === null ? describeFailure(outcome, snapshot, failureContext(config, { outcome, snapshot, daemon: null })) : null;
    return { snapshot, outcome, failure: failure === null ? null : new CommandFailure(failure) };
  }

  /** The sockets are open. */
  #started(engine: Engine, world: World): void {
    this.#running = { engine, world };
    this.#becomeUser();
    this.#manager.tell("READY=1", `MAINPID=${process.pid}`);
  }

  #becomeUser(): void {
    const name = this.#options.user;
    const user = name === undefined || this.#becameUser ? null : lookUpUser(name);
    if (user === null) return;
    const fault = become(user, this.#options.clock);
    if (fault !== null) throw new CommandFailure({ code: "permission", message: `this process cannot become ${user.name}: ${BECOME_FAULTS[fault]}`, hint: null });
    this.#becameUser = true;
    this.#log.say("info", "becameUser", `runs as ${user.name}`);
  }

  /** SIGHUP reads the configuration and the keys anew; where something is wrong with them nothing changes. */
  async #renew(): Promise<void> {
    this.#manager.tell("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    let loaded: LoadedConfiguration;
    let keyring: Keyring | null;
    try {
      loaded = this.#reload();
      keyring = await daemonKeys(loaded, this.#log);
    } catch (error) {
      this.#log.say("error", "configuration", `${error instanceof Error ? error.message : String(error)}; it stays as it was`);
      this.#manager.tell("READY=1");
      return;
    }
    const unchanged = fingerprint(loaded) === this.#fingerprint;
    this.#loaded = loaded;
    this.#keyring = keyring;
    this.#log.useFile(loaded.configuration.logFile);
    if (unchanged) {
      this.#log.say("info", "configuration", "the configuration has not changed");
      this.#manager.tell("READY=1");
      return;
    }
    this.#drift.keep(this.#running?.engine.snapshot(this.#running.world.now()).discipline?.frequency ?? null);
    this.#drift = new DriftFile(loaded.configuration.driftFile, this.#options.clock, this.#log);
    this.#statistics = new StatisticsFiles(loaded.configuration, this.#log);
    this.#remark();
    this.#end("renew");
  }

  #end(ending: Ending): void {
    if (this.#ending !== "stop") this.#ending = ending;
    this.#abort.abort();
  }

  #heedSignals(): () => void {
    const release = this.#io.onStop((signal) => {
      this.#log.say("info", "stopping", `ends: ${signal}`);
      this.#manager.tell("STOPPING=1");
      this.#end("stop");
    });
    const hangup = (): void => void this.#renew();
    process.on("SIGHUP", hangup);
    return () => {
      release();
      process.off("SIGHUP", hangup);
    };
  }

  #heedTime(): () => void {
    const timers = [every(LOOK_INTERVAL, () => this.#lookAround()), every(KEEP_INTERVAL, () => this.#keep()), every(LEAP_INTERVAL, () => this.#lookAtLeaps())];
    if (this.#manager.watchdog !== null) timers.push(every(this.#manager.watchdog, () => void this.#manager.tell("WATCHDOG=1")));
    return () => {
      for (const timer of timers) clearInterval(timer);
    };
  }

  /** A newer list may have been fetched; what a list said that has expired since is still as true as it was. */
  #lookAtLeaps(): void {
    const leaps = readLeaps(this.#loaded.configuration.leapFile, this.#log, Date.now());
    if (this.#running === null || leaps === null || leaps.next?.at === this.#leaps?.next?.at) return;
    this.#log.say("info", "leapFile", "the list of leap seconds has changed");
    this.#end("renew");
  }

  /** Interfaces come and go: sockets, groups and what is a loop depend on them. */
  #lookAround(): void {
    if (this.#running === null || addressesNow() === this.#addresses) return;
    this.#log.say("info", "interfaces", "the addresses of this machine have changed");
    this.#end("renew");
  }

  #keep(): void {
    const running = this.#running;
    if (running === null) return;
    const snapshot = (): Snapshot => running.engine.snapshot(running.world.now());
    this.#drift.keep(snapshot().discipline?.frequency ?? null);
    this.#statistics.tick(snapshot, Date.now());
  }

  async #giveMetrics(address: Parameters<typeof serveMetrics>[0]): Promise<() => void> {
    const server: MetricsServer = await serveMetrics(address, () => (this.#running === null ? "# EOF\n" : openMetrics(this.#running.engine.snapshot(this.#running.world.now()), version())));
    this.#log.say("info", "metrics", `metrics at http://${addressText({ ip: address.host, port: server.port })}/metrics`, { port: server.port });
    return () => server.close();
  }
}

/** What a configuration says, keys included: the same text, the same daemon. */
function fingerprint({ configuration }: LoadedConfiguration): string {
  return `${JSON.stringify(configuration)}${configuration.keys === null ? "" : readFileSync(configuration.keys.path, "utf8")}`;
}

const BECOME_FAULTS = { unsupported: "this system has no way to keep the capabilities that are needed", notRoot: "it is not root", refused: "the system refused" } as const;

function every(seconds: number, act: () => void): NodeJS.Timeout {
  return setInterval(act, seconds * 1000).unref();
}

function interfacesNow(): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(networkInterfaces()).map(([name, infos]) => [name, (infos ?? []).map(({ address, scopeid }) => (scopeid === undefined || scopeid === 0 ? address : `${address}%${name}`))]));
}

/** The addresses by which others know us. Of IPv6 only the number counts: temporary addresses change every day. */
function addressesNow(): string {
  const interfaces = Object.entries(networkInterfaces()).map(([name, infos]) => {
    const ipv4 = (infos ?? []).filter(({ family }) => family === "IPv4").map(({ address }) => address);
    return `${name} ${ipv4.toSorted().join(",")} ${(infos ?? []).some(({ family }) => family === "IPv6")}`;
  });
  return interfaces.toSorted().join("; ");
}
