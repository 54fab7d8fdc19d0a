/**
 * The life of the daemon, from the first line of its log to the last.
 *
 * ```text
 * orders ─► guards (another daemon, another copy) ─► engine ─► end
 *   ▲                                                  ▲
 *   └── SIGHUP ── what has changed ── reconfigure ─────┤
 *                   a new list of leap seconds ─────┘
 * ```
 *
 * One engine serves for the whole life. When the configuration or this machine changes, it is told of it, and what has not
 * changed is not disturbed.
 */
import { ONCE_DEFAULTS } from "../../config/options.ts";
import { UsageError } from "../../config/usage.ts";
import type { LoadedConfiguration } from "../../config/files.ts";
import type { HostFault } from "../../engine/port/event.ts";
import type { Note } from "../../engine/port/note.ts";
import type { Memory } from "../../engine/port/memory.ts";
import { lookUpUser } from "../../host/become.ts";
import { steady } from "../../host/clock.ts";
import { isDeaf, isListenedOn } from "../../engine/serving/listening.ts";
import { addressesByInterface } from "../../host/interfaces.ts";
import { drive, type DriveOptions } from "../../host/drive.ts";
import { establishKeys } from "../../host/establish.ts";
import { localClock } from "../../host/local-clock.ts";
import { serviceManager, type ServiceManager } from "../../host/notify.ts";
import { openWorld } from "../../host/world.ts";
import { placedText } from "../../security/place.ts";
import type { StateFile, StateWarning } from "../../state/file.ts";
import type { LeapKnowledge } from "../../time/leap.ts";
import { describeFailure } from "../../view/failure.ts";
import { openMetrics } from "../../view/metrics.ts";
import { addressText } from "../../wire/address.ts";
import { printable } from "../../view/text.ts";
import { stateWarningText } from "../../view/warnings.ts";
import type { EngineConfig } from "../../engine/port/config.ts";
import { CommandFailure, exitCode } from "../exit.ts";
import { failureContext } from "../guarded.ts";
import type { Io, StopSignal } from "../io.ts";
import { KeptKeys } from "../kept-keys.ts";
import { engineOf, thisMachine, type Machine, type Measured } from "../measure.ts";
import { NtsAtHand, trustName, trustOf } from "../nts-at-hand.ts";
import { NtsServed, ntsSettings } from "../nts-served.ts";
import type { OptionsOf } from "../options/offers.ts";
import { session, type Face, type Session } from "../session.ts";
import { openState } from "../state.ts";
import { version } from "../version.ts";
import { DaemonAutokey } from "./autokey.ts";
import { DriftFile } from "./drift.ts";
import { becomeUser, claimClock } from "./guard.ts";
import { listedSmear, readLeaps } from "./leaps.ts";
import { Log } from "./log.ts";
import { parseMetricsAddress, serveMetrics, type MetricsServer } from "./metrics.ts";
import { Orders } from "./orders.ts";
import { RestrictedNames } from "./names.ts";
import { StatisticsFiles } from "./statistics.ts";
import { Unfollowed } from "./unfollowed.ts";

/** How often the drift file, what is known of the servers, and the hour's statistics are written, seconds. */
const KEEP_INTERVAL = 3600;
const LEAP_INTERVAL = 86_400;

/**
 * Lives until told to stop.
 * @param reload reads the configuration anew
 * @returns the exit code
 */
export async function live(
  loaded: LoadedConfiguration,
  reload: () => LoadedConfiguration,
  options: OptionsOf<"run">,
  io: Io,
): Promise<number> {
  const log = logOf(options, io);
  log.useFile(loaded.configuration.logFile);
  const served = new NtsServed();
  const autokey = new DaemonAutokey(options, log);
  const orders = new Orders(loaded, reload, options, log, served.facts, autokey.facts);
  const daemon = new Daemon(orders, { served, autokey }, options, io, log);
  try {
    return await daemon.live();
  } catch (error) {
    if (loaded.configuration.logFile !== null)
      log.say("error", "failed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

function logOf({ json, log, verbose, debug, quiet }: OptionsOf<"run">, io: Io): Log {
  const how = { verbose: verbose === true || debug === true, quiet: quiet === true };
  return json === true
    ? new Log(io.out, { ...how, format: "json" })
    : new Log(io.err, { ...how, format: log ?? "text" });
}

/** How the engine's run ended, and by which configuration it began. */
interface Lived extends Measured {
  readonly config: EngineConfig;
}

class Daemon implements Face {
  readonly command = "run";
  readonly #orders: Orders;
  readonly #options: OptionsOf<"run">;
  readonly #io: Io;
  readonly #log: Log;
  readonly #manager: ServiceManager;
  readonly #state: StateFile = openState();
  readonly #names: RestrictedNames;
  readonly #unfollowed: Unfollowed;
  readonly #nts = new NtsAtHand();
  readonly #served: NtsServed;
  readonly #autokey: DaemonAutokey;
  #drift: DriftFile;
  #statistics: StatisticsFiles;
  /** Why the service has no socket; `null`: it has, or was not refused. */
  #refused: HostFault | null = null;
  /** `null`: the engine does not run yet, or any more. */
  #session: Session | null = null;
  #leaps: LeapKnowledge | null = null;

  constructor(
    orders: Orders,
    { served, autokey }: { readonly served: NtsServed; readonly autokey: DaemonAutokey },
    options: OptionsOf<"run">,
    io: Io,
    log: Log,
  ) {
    const { configuration } = orders.loaded;
    this.#orders = orders;
    this.#served = served;
    this.#autokey = autokey;
    this.#options = options;
    this.#io = io;
    this.#log = log;
    this.#manager = serviceManager(io.env);
    orders.onAdded = (lines) => {
      log.say("info", "configuration", `a control query adds: ${printable(lines)}`);
      // The engine is answering that query yet.
      setImmediate(() => this.#adopt());
    };
    this.#names = new RestrictedNames(log, () => this.#reconfigure());
    this.#unfollowed = new Unfollowed(log, steady());
    this.#drift = new DriftFile(configuration, options.clock, log);
    this.#statistics = new StatisticsFiles(configuration, log);
  }

  async live(): Promise<number> {
    const metrics = this.#options.metrics === undefined ? null : parseMetricsAddress(this.#options.metrics);
    if (this.#options.user !== undefined && lookUpUser(this.#options.user) === null)
      throw new UsageError(`--user: there is no user "${this.#options.user}"`);
    const instance = claimClock(this.#options, this.#orders.loaded.configuration, this.#io.env, this.#log);
    const endings: (() => void)[] = [() => instance?.release()];
    try {
      this.#remark("started", `ntpkit ${version()}: configuration file ${this.#orders.loaded.path}`);
      await this.#orders.begin();
      await this.#autokey.load(this.#orders.loaded.configuration);
      await this.#serveUnderNts();
      endings.push(() => this.#served.close());
      if (metrics !== null) endings.push(await this.#giveMetrics(metrics));
      endings.push(this.#heedHangup(), this.#heedTime());
      return this.#result(await session(this, this.#options, this.#io, (watch) => this.#run(watch)));
    } finally {
      for (const end of endings.toReversed()) end();
      this.#log.say("info", "ended", "ended");
    }
  }

  /** Which configuration counts from now on, and what there is to say of it. */
  #remark(event: "started" | "reread", text: string): void {
    const { path, remarks } = this.#orders.loaded;
    this.#log.say("info", event, text, { version: version(), file: path, pid: process.pid });
    for (const { level, text, at } of remarks)
      this.#log.say(level === "note" ? "debug" : "warning", "configuration", placedText({ ...at, message: text }), {
        ...at,
      });
  }

  /** The engine, from its start to its end. */
  async #run(watch: DriveOptions): Promise<Lived> {
    const machine = thisMachine();
    const trust = trustOf(this.#options);
    const keys = new KeptKeys(this.#state, () => trustName(trust));
    const world = await openWorld({
      clock: this.#options.clock ? localClock() : null,
      read: machine.read,
      establish: keys.before(establishKeys(trust)),
    });
    this.#leaps = this.#readLeaps();
    const config = this.#engineConfig(machine, this.#drift.read());
    await this.#nts.load(config);
    const { keyring, control } = this.#orders;
    const { make, answering, isSpoken } = this.#autokey;
    const clients = isSpoken ? answering : null;
    const engine = engineOf(config, keyring, this.#nts, control, this.#served.answering, make, clients);
    const { memory, warning } = this.#state.recall();
    this.#warn(warning);
    try {
      await drive(engine, world, { ...watch, memory });
    } finally {
      this.#session = null;
      this.remembered(engine.memory(world.now()));
      this.#warn(keys.keep(this.#nts.surrender()));
      this.#drift.keep(engine.snapshot(world.now()).discipline?.frequency ?? null);
    }
    const snapshot = engine.snapshot(world.now());
    return { config, snapshot, outcome: snapshot.outcome ?? "internal" };
  }

  #warn(about: StateWarning | null): void {
    this.#log.matter("state", "warning", "state", about === null ? null : stateWarningText(about));
  }

  /** The sockets are open. */
  begun(running: Session): void {
    this.#session = running;
    becomeUser(this.#options, this.#log);
    const { user } = this.#options;
    for (const text of (user === undefined ? null : this.#served.service?.bereft(user)) ?? [])
      this.#log.say("warning", "nts", text);
    this.#names.follow(this.#orders.loaded.configuration.restrict);
    this.#manager.tell("READY=1", `MAINPID=${process.pid}`);
  }

  /** The log tells of everything. */
  tells(): boolean {
    return false;
  }

  noted(notes: readonly Note[], running: Session): void {
    this.#log.notes(notes);
    this.#statistics.heed(notes, () => running.snapshot()!, Date.now());
    this.#unfollowed.heed(notes, () => running.snapshot()!, steady());
    for (const note of notes) {
      if (note.what === "systemPeer")
        this.#manager.tell(
          `STATUS=${note.address === null ? "not synchronized" : `following ${addressText(note.address)}`}`,
        );
      if (note.what === "reconfigured") this.#manager.tell("READY=1");
      if (note.what === "notListening" && note.group === undefined && note.late !== true) this.#refused = note.why;
    }
  }

  remembered(memory: Memory): void {
    this.#warn(this.#state.remember(memory));
  }

  stopped(signal: StopSignal): void {
    this.#log.say("info", "stopping", `ends: ${signal}`);
    this.#manager.tell("STOPPING=1");
  }

  /** Who was told to stop has done well; else the engine ended by itself. */
  #result({ config, snapshot, outcome }: Lived): number {
    if (outcome === "interrupted" || outcome === "terminated") return exitCode("ok");
    const service =
      this.#refused === null ? {} : { service: { port: this.#options.port ?? ONCE_DEFAULTS.port, why: this.#refused } };
    const failure = describeFailure(outcome, snapshot, {
      ...failureContext("run", config, { outcome, snapshot, daemon: null }),
      ...service,
    });
    if (failure !== null) throw new CommandFailure(failure);
    return exitCode(outcome);
  }

  /** SIGHUP reads the configuration and the keys anew; where something is wrong with them nothing changes. */
  async #renew(): Promise<void> {
    this.#manager.tell("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    let changed: boolean;
    try {
      changed = await this.#orders.renew();
    } catch (error) {
      this.#log.say(
        "error",
        "configuration",
        `${error instanceof Error ? error.message : String(error)}; it stays as it was`,
      );
      this.#manager.tell("READY=1");
      return;
    }
    const { configuration } = this.#orders.loaded;
    this.#log.useFile(configuration.logFile);
    const rekeyed = await this.#autokey.renew(configuration);
    if (!changed && !rekeyed) {
      this.#log.say("info", "configuration", "the configuration has not changed");
      this.#manager.tell("READY=1");
      this.#lookAtLeaps();
      void this.#serveUnderNts();
      return;
    }
    // Associations under Autokey go on by the new keys, though the lines are the same.
    this.#remark("reread", `configuration file ${this.#orders.loaded.path}, read anew`);
    this.#adopt();
  }

  /** Answers clients under NTS, where the configuration says so. A daemon that cannot goes on, and tries again when it is told to. */
  async #serveUnderNts(): Promise<void> {
    const { configuration } = this.#orders.loaded;
    const where = { address: null, timePort: this.#options.port ?? ONCE_DEFAULTS.port };
    const tell = (matter: string, text: string | null): void =>
      this.#log.matter(`nts ${matter}`, "warning", "nts", text);
    try {
      const isDeafened = isDeaf(configuration.interfaces);
      await this.#served.serve(isDeafened ? null : ntsSettings({}, configuration, where), tell, (ip) =>
        isListenedOn(this.#orders.loaded.configuration.interfaces, addressesByInterface(), ip),
      );
      const { service } = this.#served;
      const text = service === null ? null : `keys for NTS are established at TCP port ${service.port}`;
      this.#log.matter("nts", "info", "nts", text);
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof CommandFailure)) throw error;
      this.#log.matter("nts", "error", "nts", `${error.message}; nobody is answered under NTS`);
    }
  }

  /** Goes by orders that have changed. */
  #adopt(): void {
    const { configuration } = this.#orders.loaded;
    this.#keep();
    void this.#serveUnderNts();
    this.#drift = new DriftFile(configuration, this.#options.clock, this.#log);
    this.#statistics = new StatisticsFiles(configuration, this.#log);
    this.#leaps = this.#readLeaps();
    this.#names.follow(configuration.restrict);
    this.#reconfigure();
  }

  /** Tells the engine what counts from now on. */
  #reconfigure(): void {
    const frequency = this.#session?.snapshot()?.discipline?.frequency ?? null;
    const config = this.#engineConfig(thisMachine(), frequency);
    const tell = (): void => void this.#session?.look((_, world) => world.put({ kind: "reconfigure", config }));
    const loading = this.#nts.load(config);
    if (loading === null) tell();
    else void loading.then(tell);
  }

  #engineConfig({ facts }: Machine, frequency: number | null): EngineConfig {
    return this.#orders.engineConfig({
      ...facts,
      interfaces: addressesByInterface(),
      frequency,
      kernelLoop: localClock().lock !== undefined,
      leaps: this.#leaps,
      named: this.#names.addresses,
      smear: listedSmear(this.#leaps, this.#orders.loaded.configuration.smear),
    });
  }

  #heedHangup(): () => void {
    const hangup = (): void => void this.#renew();
    process.on("SIGHUP", hangup);
    return () => void process.off("SIGHUP", hangup);
  }

  #heedTime(): () => void {
    const timers = [every(KEEP_INTERVAL, () => this.#keep()), every(LEAP_INTERVAL, () => this.#lookAtLeaps())];
    if (this.#manager.watchdog !== null)
      timers.push(every(this.#manager.watchdog, () => void this.#manager.tell("WATCHDOG=1")));
    return () => {
      for (const timer of timers) clearInterval(timer);
      this.#names.stop();
    };
  }

  #readLeaps(): LeapKnowledge | null {
    return readLeaps(this.#orders.loaded.configuration.leapFile, this.#log, Date.now());
  }

  /** A newer list may have been fetched; what a list said that has expired since is still as true as it was. */
  #lookAtLeaps(): void {
    const leaps = this.#readLeaps();
    if (this.#session === null || leaps === null || leaps.next?.at === this.#leaps?.next?.at) return;
    this.#log.say("info", "leapFile", "the list of leap seconds has changed");
    this.#leaps = leaps;
    this.#reconfigure();
  }

  #keep(): void {
    const snapshot = this.#session?.snapshot() ?? null;
    if (snapshot === null) return;
    this.#drift.keep(snapshot.discipline?.frequency ?? null);
    this.#session!.look((engine, world) => this.remembered(engine.memory(world.now())));
    this.#statistics.tick(() => snapshot, Date.now());
  }

  async #giveMetrics(address: Parameters<typeof serveMetrics>[0]): Promise<() => void> {
    const server: MetricsServer = await serveMetrics(address, () => {
      const snapshot = this.#session?.snapshot() ?? null;
      return snapshot === null ? "# EOF\n" : openMetrics(snapshot, version());
    });
    this.#log.say(
      "info",
      "metrics",
      `metrics at http://${addressText({ ip: address.host, port: server.port })}/metrics`,
      { port: server.port },
    );
    return () => server.close();
  }
}

function every(seconds: number, act: () => void): NodeJS.Timeout {
  return setInterval(act, seconds * 1000).unref();
}
