/** One run of the engine in the real world: what `sync`, `query`, `demo` and the library have in common. */
import type { LocalFacts } from "../config/options.ts";
import { createEngine } from "../engine/engine.ts";
import type { EngineConfig } from "../engine/port/config.ts";
import type { ControlAnswering } from "../engine/port/control.ts";
import type { Engine } from "../engine/port/engine.ts";
import type { Memory } from "../engine/port/memory.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import { systemChance } from "../host/chance.ts";
import { earliestTime } from "../host/built.ts";
import { clockReader, measurePrecision, steady, type ClockReader } from "../host/clock.ts";
import { drive, type DriveOptions } from "../host/drive.ts";
import { establishKeys, SYSTEM_TRUST, type Trust } from "../host/establish.ts";
import { ownAddresses } from "../host/interfaces.ts";
import { localClock } from "../host/local-clock.ts";
import { md5 } from "../host/md5.ts";
import { openWorld } from "../host/world.ts";
import type { Keyring } from "../security/keyring.ts";
import type { AutokeyAnswering, NtsAnswering } from "../security/security.ts";
import { securityProvider } from "../security/symmetric.ts";
import type { Seconds } from "../time/seconds.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import { leavesClock, withShadow } from "../world/shadow.ts";
import type { StateFile, StateWarning } from "../state/file.ts";
import type { MakeAutokey } from "./autokey.ts";
import { KeptKeys } from "./kept-keys.ts";
import { NtsAtHand, trustName } from "./nts-at-hand.ts";
import { isLinkLocal, isLoopback } from "../wire/address.ts";
import { refidOfAddress } from "../wire/refid.ts";

/** A run to make. */
export interface MeasureRequest extends DriveOptions {
  readonly config: EngineConfig;
  readonly keyring: Keyring | null;
  /** Whom it trusts in the establishing of keys; absent: whom the system does. */
  readonly trust?: Trust;
  /** Makes the securities of those under Autokey; `null` or absent: nobody is. */
  readonly autokey?: MakeAutokey | null;
  /** Who answers clients under Autokey; `null` or absent: nobody. */
  readonly autokeyAnswering?: AutokeyAnswering | null;
  readonly machine: Machine;
  /** Answers control queries; absent: nobody does. */
  readonly control?: ControlAnswering;
  /** Where keys of Network Time Security are kept from run to run, and who is told of what goes wrong with that; absent: they are not. */
  readonly keys?: { readonly state: StateFile; readonly heed: (warning: StateWarning | null) => void };
  /** Who answers clients under NTS; absent: nobody. */
  readonly answering?: () => NtsAnswering | null;
  /** Takes what the engine knows when it has ended. */
  readonly onLearned?: (memory: Memory) => void;
}

/** How a run ended. */
export interface Measured {
  readonly snapshot: Snapshot;
  readonly outcome: Outcome;
}

/** What is known of this machine before a run. */
export interface Machine {
  readonly read: ClockReader;
  readonly facts: LocalFacts;
}

/** Looks at this machine: its clock's precision, its addresses. */
export function thisMachine(): Machine {
  const read = clockReader();
  return { read, facts: { precision: measurePrecision(read), ownReferenceIds: ownReferenceIds() } };
}

/** Runs the engine to its end. The clock can be touched only if the configuration says so. */
export async function measure({
  config,
  keyring,
  trust = SYSTEM_TRUST,
  autokey = null,
  autokeyAnswering = null,
  machine,
  control,
  keys,
  answering,
  onLearned,
  ...options
}: MeasureRequest): Promise<Measured> {
  const nts = new NtsAtHand();
  await nts.load(config);
  const engine = engineOf(
    hastened(config, options.spent ?? 0),
    keyring,
    nts,
    control,
    answering,
    autokey,
    autokeyAnswering,
  );
  // Keys of a run that could not judge certificates are no other's.
  const kept =
    keys === undefined || trust.dates === "ignored" ? null : new KeptKeys(keys.state, () => trustName(trust));
  const establish = establishKeys(trust);
  const world = await openWorld({
    clock: leavesClock(config) ? null : localClock(),
    read: machine.read,
    establish: kept === null ? establish : kept.before(establish),
  });
  await drive(engine, world, options);
  onLearned?.(engine.memory(world.now()));
  const snapshot = engine.snapshot(world.now());
  if (kept !== null) keys!.heed(kept.keep(nts.surrender()));
  return { snapshot, outcome: snapshot.outcome ?? "internal" };
}

/** With so much of its deadline gone. */
function hastened(config: EngineConfig, spent: Seconds): EngineConfig {
  const { once } = config;
  if (once === null || once.deadline === null) return config;
  return { ...config, once: { ...once, deadline: Math.max(0, once.deadline - spent) } };
}

/** The state of a run that has not begun. */
export function untouched(config: EngineConfig, { read }: Machine): Snapshot {
  return engineOf(config, null, null).snapshot({ mono: steady(), clock: read() });
}

/**
 * An engine with this machine's chance and keys.
 * @param nts loaded for the configuration; `null`: it will not be begun
 * @param answering who answers clients under NTS; absent: nobody
 * @param autokey loaded for the configuration; `null`: nobody is asked under Autokey
 * @param autokeyAnswering who answers clients under Autokey; `null`: nobody
 */
export function engineOf(
  config: EngineConfig,
  keyring: Keyring | null,
  nts: NtsAtHand | null,
  control?: ControlAnswering,
  answering?: () => NtsAnswering | null,
  autokey: MakeAutokey | null = null,
  autokeyAnswering: AutokeyAnswering | null = null,
): Engine {
  const surroundings = {
    ...(control === undefined ? {} : { control }),
    chance: systemChance(),
    security: securityProvider(keyring, nts?.security, answering, autokey ?? undefined, autokeyAnswering),
    referenceIdOf,
    era: unixNow(),
    earliest: earliestTime(),
  };
  return withShadow(config, (told) => createEngine(told, surroundings));
}

/** The reference identifier of who is set by an address; 0 where it is none. */
export function referenceIdOf(ip: string): number {
  return refidOfAddress(ip, md5) ?? 0;
}

/** The local clock, near enough to unfold timestamps round. */
export function unixNow(): UnixNanoseconds {
  return BigInt(Date.now()) * 1_000_000n;
}

/**
 * Our addresses as others' reference identifiers. Loopback addresses are everybody's own: a server that follows one follows
 * itself, not us. Link-local ones are left out too: hardly anybody follows one, and hashing them at every start takes
 * longer than that is worth.
 */
function ownReferenceIds(): number[] {
  return ownAddresses()
    .filter((ip) => !isLinkLocal(ip) && !isLoopback(ip))
    .flatMap((ip) => refidOfAddress(ip, md5) ?? []);
}
