/**
 * What a daemon was told: its configuration file, its keys, and what follows from both for the engine. SIGHUP reads all of it
 * anew; the engine and whoever answers control queries look here, and so go by what counts now.
 */
import { daemonConfig, type DaemonFacts } from "../../config/daemon.ts";
import { withLines, type LoadedConfiguration } from "../../config/files.ts";
import { ONCE_DEFAULTS } from "../../config/options.ts";
import { accessOf } from "../../config/serving.ts";
import { UsageError } from "../../config/usage.ts";
import { DEFAULT_DISCIPLINE } from "../../discipline/disciplines.ts";
import type { EngineConfig } from "../../engine/port/config.ts";
import type { AutokeyFacts, NtsFacts } from "../../control/responder/facts.ts";
import type { ControlAnswering } from "../../engine/port/control.ts";
import type { Keyring } from "../../security/keyring.ts";
import { placedText } from "../../security/place.ts";
import { LARGEST, readText } from "../../security/readfile.ts";
import type { OptionsOf } from "../options/offers.ts";
import { controlResponder } from "./control.ts";
import { daemonKeys, tellKeys, type DaemonKeys } from "./keys.ts";
import type { Log } from "./log.ts";

/** A daemon's orders. */
export class Orders {
  readonly #reload: () => LoadedConfiguration;
  readonly #options: OptionsOf<"run">;
  readonly #log: Log;
  readonly #served: () => NtsFacts | null;
  readonly #autokey: () => AutokeyFacts | null;
  #loaded: LoadedConfiguration;
  #keys: DaemonKeys = { keyring: null, faults: [], warnings: [] };
  #control: ControlAnswering | null = null;
  #fingerprint = "";

  /**
   * @param reload reads the configuration anew
   * @param served what answering clients under NTS has come to
   * @param autokey what this host has for Autokey
   */
  constructor(
    loaded: LoadedConfiguration,
    reload: () => LoadedConfiguration,
    options: OptionsOf<"run">,
    log: Log,
    served: () => NtsFacts | null = () => null,
    autokey: () => AutokeyFacts | null = () => null,
  ) {
    this.#served = served;
    this.#autokey = autokey;
    this.#loaded = loaded;
    this.#reload = reload;
    this.#options = options;
    this.#log = log;
  }

  get loaded(): LoadedConfiguration {
    return this.#loaded;
  }

  /** Called when lines were added from afar. */
  onAdded: (lines: string) => void = () => undefined;

  /** The keys that count now, through one keyring that stays. */
  readonly keyring: Keyring = ringOf(() => this.#keys.keyring);

  /** Answers control queries by what counts now. */
  readonly control: ControlAnswering = { respond: (...query) => this.#control?.respond(...query) ?? [] };

  /**
   * Reads the keys for the first time. Those that cannot be read are told of, and missing.
   * @throws UsageError when a key is asked for and no key file named
   */
  async begin(): Promise<void> {
    const keys = await daemonKeys(this.#loaded);
    tellKeys(keys, this.#loaded, this.#log);
    this.#take(this.#loaded, keys);
  }

  /**
   * Reads everything anew.
   * @returns whether anything has changed
   * @throws UsageError where something is wrong; then all stays as it was
   */
  async renew(): Promise<boolean> {
    const loaded = this.#reload();
    const keys = await daemonKeys(loaded);
    const [fault] = keys.faults;
    // Keys that are known are not given up for a file, or a line, that cannot be read.
    const isLost = this.#keys.keyring?.keys.some(({ id }) => (keys.keyring?.find(id) ?? null) === null) ?? false;
    if (fault !== undefined && isLost && this.#keys.faults.length === 0)
      throw new UsageError(fault.text, null, fault.at);
    tellKeys(keys, loaded, this.#log);
    const before = this.#fingerprint;
    if (fingerprint(loaded) === before) return false;
    this.#take(loaded, keys);
    return true;
  }

  /** Adds lines from afar until the file is read anew. @returns what became of them, in ntpd's words where it has any */
  #add(lines: string): string {
    let loaded: LoadedConfiguration;
    try {
      loaded = withLines(this.#loaded, lines, "config");
      accessOf(loaded.configuration.restrict, new Map());
    } catch (error) {
      return error instanceof UsageError
        ? `${error.message}${error.hint === null ? "" : `; ${error.hint}`}`
        : "these lines cannot be taken";
    }
    const said = loaded.remarks
      .filter(({ level }) => level === "warning")
      .map(({ text, at }) => placedText({ ...at, message: text }));
    this.#take(loaded, this.#keys);
    this.onAdded(lines);
    return ["Config Succeeded", ...said].join("\r\n");
  }

  /** The engine's configuration. */
  engineConfig(facts: DaemonFacts): EngineConfig {
    const { clock, discipline, anyOffset, port } = this.#options;
    return daemonConfig(
      this.#loaded.configuration,
      {
        noClock: !clock,
        discipline: discipline ?? DEFAULT_DISCIPLINE,
        anyFirst: anyOffset === true,
        port: port ?? ONCE_DEFAULTS.port,
      },
      facts,
    );
  }

  #take(loaded: LoadedConfiguration, keys: DaemonKeys): void {
    this.#loaded = loaded;
    this.#keys = keys;
    const add = (lines: string): string => this.#add(lines);
    this.#control = controlResponder(loaded.configuration, this.keyring, add, this.#served, this.#autokey);
    this.#fingerprint = fingerprint(loaded);
  }
}

/** A keyring that is whatever another one is at the moment. */
function ringOf(current: () => Keyring | null): Keyring {
  return {
    get keys() {
      return current()?.keys ?? [];
    },
    find: (id) => current()?.find(id) ?? null,
  };
}

/** What a configuration says, keys included: the same text, the same daemon. */
function fingerprint({ configuration }: LoadedConfiguration): string {
  return `${JSON.stringify(configuration)}${configuration.keys === null ? "" : textOf(configuration.keys.path)}`;
}

function textOf(path: string): string {
  try {
    return readText(path, LARGEST.keys);
  } catch {
    return "";
  }
}
