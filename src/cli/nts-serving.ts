/**
 * Answering clients under NTS: the certificate, the master keys, the listener of key establishment, and what becomes of all three while
 * the server goes on. Loaded only where it is asked for.
 *
 * What is wrong with a file later does not end the service: it goes on by what it has, and says so once.
 */
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { randomBytes } from "node:crypto";
import { UsageError } from "../config/usage.ts";
import {
  datesFault,
  identityFault,
  listenForKeys,
  type Identity,
  type KeCounts,
  type NtsListener,
} from "../host/ntslistener.ts";
import { pooledRandom } from "../host/pooled-random.ts";
import { fastestAes } from "../host/aes.ts";
import { loadAeads } from "../security/nts/aead.ts";
import { NtsServer } from "../security/nts/answering.ts";
import { firstKeys, isDue, rotated, type MasterKeys } from "../security/nts/masters.ts";
import { systemReason } from "../security/place.ts";
import { LARGEST, readText } from "../security/readfile.ts";
import { readMasterKeys, writeMasterKeys } from "../state/masterkeys.ts";
import { masterKeysPath } from "../state/place.ts";
import { HOST_FAULTS } from "../view/explain.ts";
import { CommandFailure } from "./exit.ts";
import type { IsServed, NtsSettings } from "./nts-served.ts";

/** How often the files are looked at, and whether a new master key is due, seconds. */
const LOOK_INTERVAL = 10;

/** For everybody. */
const READABLE_BY_ALL = 0o004;

/** Takes what is worth telling: of a matter, what is wrong with it; `null`: nothing any more. */
export type TellNts = (matter: "certificate" | "key" | "cookies", text: string | null) => void;

/** A service that goes on. */
export class NtsService {
  readonly answering: NtsServer;
  readonly #settings: NtsSettings;
  readonly #tell: TellNts;
  readonly #listener: NtsListener;
  /** Where the master keys are kept; `null`: nowhere, for what is there is none of ours. */
  readonly #path: string | null;
  readonly #timer: NodeJS.Timeout;
  #identity: Identity;
  /** When the files were changed, as they were last read. */
  #changed: string;

  private constructor(
    settings: NtsSettings,
    tell: TellNts,
    { answering, path }: Kept,
    listener: NtsListener,
    identity: Identity,
  ) {
    this.#settings = settings;
    this.#tell = tell;
    this.answering = answering;
    this.#path = path;
    this.#listener = listener;
    this.#identity = identity;
    this.#changed = changeOf(settings);
    this.#timer = setInterval(() => this.look(), LOOK_INTERVAL * 1000).unref();
  }

  /**
   * Begins.
   * @throws UsageError where certificate or key cannot be used; CommandFailure where the port cannot be had
   */
  static async begin(settings: NtsSettings, tell: TellNts, isServed: IsServed): Promise<NtsService> {
    const identity = readIdentity(settings);
    tell("key", exposure(settings));
    tell("certificate", undated(settings, identity));
    const kept = await answeringBy(settings.cookies ?? masterKeysPath());
    const { answering, fault } = kept;
    tell("cookies", fault);
    const { port, address, timePort, server } = settings;
    const listening = await listenForKeys({
      identity,
      port,
      isServed,
      ...(address === null ? {} : { address }),
      service: {
        port: server?.port ?? timePort,
        server: server?.name ?? null,
        cookie: (keys) => answering.cookie(keys),
      },
    });
    if (listening.kind === "fault")
      throw new CommandFailure({
        code: "permission",
        message: `TCP port ${port} for NTS cannot be had: ${HOST_FAULTS[listening.why]}`,
        hint: `name another with ${settings.words.port}`,
      });
    return new NtsService(settings, tell, kept, listening.listener, identity);
  }

  /** The port that keys are established at. */
  get port(): number {
    return this.#listener.port;
  }

  get handshakes(): Readonly<KeCounts> {
    return this.#listener.counts;
  }

  /** Draws a new master key where one is due, and takes certificate and key where they have changed. */
  look(): void {
    const now = Date.now() / 1000;
    if (isDue(this.answering.keys, now)) this.#rotate(now);
    if (changeOf(this.#settings) !== this.#changed) this.renew();
  }

  /** Reads certificate and key anew; where they cannot be used it goes on by those it has. */
  renew(): void {
    this.#changed = changeOf(this.#settings);
    try {
      const identity = readIdentity(this.#settings);
      const { certificate, key } = this.#identity;
      if (identity.certificate !== certificate || identity.key !== key) this.#listener.identify(identity);
      this.#identity = identity;
      this.#tell("certificate", undated(this.#settings, identity));
    } catch (error) {
      this.#tell(
        "certificate",
        `${error instanceof Error ? error.message : String(error)}; it goes on by the one it has`,
      );
    }
  }

  /**
   * Told by whoever has given up root: what it cannot do any more.
   * @param user who it is now
   * @returns a sentence for each
   */
  bereft(user: string): readonly string[] {
    const { certificate, key } = this.#settings;
    const unread = [certificate, key].filter((path) => !isPermitted(path, constants.R_OK));
    const isLocked = this.#path !== null && !isPermitted(dirname(this.#path), constants.W_OK);
    return [
      ...unread.map((path) => `${path}: ${user} may not read it, so that a new one is taken by a restart only`),
      ...(isLocked
        ? [`${this.#path}: ${user} may not write there, so that new master keys of cookies are not kept`]
        : []),
    ];
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listener.close();
  }

  #rotate(now: number): void {
    this.answering.keys = rotated(this.answering.keys, now, randomBytes);
    const path = this.#path;
    if (path !== null) this.#tell("cookies", unkept(path, writeMasterKeys(path, this.answering.keys)));
  }
}

/** Who answers, and where his master keys are kept. */
interface Kept {
  readonly answering: NtsServer;
  readonly path: string | null;
  readonly fault: string | null;
}

/** Who answers, by the master keys of a file, which is made where there is none. */
async function answeringBy(path: string): Promise<Kept> {
  const now = Date.now() / 1000;
  const stored = readMasterKeys(path);
  const keys: MasterKeys = stored.keys ?? firstKeys(now, randomBytes);
  const current = isDue(keys, now) ? rotated(keys, now, randomBytes) : keys;
  // What is there and is no file of ours, or cannot be read, is not written over.
  const fault = stored.fault ?? (current === stored.keys ? null : writeMasterKeys(path, current));
  return {
    answering: new NtsServer(current, await loadAeads(fastestAes()), pooledRandom()),
    path: stored.fault === null ? path : null,
    fault: unkept(path, fault),
  };
}

function unkept(path: string, fault: string | null): string | null {
  return fault === null
    ? null
    : `the master keys of cookies are not kept in ${path}: ${fault}; after a restart clients establish keys anew`;
}

/**
 * Reads certificate and key.
 * @throws UsageError where they cannot be read, or are not of each other
 */
export function readIdentity({ certificate, key, words, at }: NtsSettings): Identity {
  const identity = { certificate: pemOf(certificate, words.certificate, at), key: pemOf(key, words.key, at) };
  const fault = identityFault(identity);
  if (fault !== null)
    throw new UsageError(
      `${words.certificate}: ${certificate} and the key ${key} cannot be used: ${fault}`,
      "the certificate comes first in its file, those above it follow, and the key is that of the first",
      at,
    );
  return identity;
}

function pemOf(path: string, word: string, at: NtsSettings["at"]): string {
  try {
    return readText(path, LARGEST.certificates);
  } catch (error) {
    throw new UsageError(`${word}: ${path} cannot be read: ${systemReason(error)}`, null, at);
  }
}

/** What is to be said of a certificate by its dates; `null`: nothing. */
function undated({ certificate }: NtsSettings, identity: Identity): string | null {
  const fault = datesFault(identity, Date.now());
  return fault === null ? null : `${certificate}: by this host's clock ${fault}: clients will not believe it`;
}

/** What is to be said of a key that everybody may read; `null`: nothing. */
function exposure({ key }: NtsSettings): string | null {
  try {
    return (statSync(key).mode & READABLE_BY_ALL) === 0 ? null : `${key}: everybody on this host may read this key`;
  } catch {
    return null;
  }
}

function isPermitted(path: string, access: number): boolean {
  try {
    accessSync(path, access);
    return true;
  } catch {
    return false;
  }
}

function changeOf({ certificate, key }: NtsSettings): string {
  return [certificate, key]
    .map((path) => {
      try {
        const { mtimeMs, ino, size } = statSync(path);
        return `${mtimeMs} ${ino} ${size}`;
      } catch {
        return "";
      }
    })
    .join(" ");
}
