/**
 * The library: what the commands do, as functions, and a clock that knows how wrong it can be.
 *
 * ```ts
 * import { openClock, query } from "ntpkit";
 * const { ok, clock, error } = await query(["ntp1.example.net", "ntp2.example.net"], { samples: 4 });
 * console.log(ok ? `the local clock is wrong by ${clock.offset} s` : error?.message);
 * ```
 *
 * Each function gives the document that its command prints with `--json`, with the options' names, bounds and defaults; it rejects
 * only with a {@link UsageError}, when the arguments are wrong. Durations are seconds, moments of {@link openClock} Unix nanoseconds.
 */
import { runLibrary, type RunSettings, type SyncSettings } from "./library/once.ts";
import type { RunDocument } from "./view/document.ts";

export { broadcast, check, manycast, peers, pool, simulate, trace } from "./library/commands.ts";
export { decode, summarize, type Capture } from "./library/decode.ts";
export { openClock, type Clock } from "./library/clock.ts";
export { ClockError } from "./library/errors.ts";
export type { ClockChange, ClockTime } from "./library/timekeeper.ts";
export type {
  BroadcastSettings,
  CheckSettings,
  ClockSettings,
  CommonSettings,
  DecodeSettings,
  ManycastSettings,
  PeersSettings,
  PoolSettings,
  ServerSettings,
  SimulateSettings,
  TraceSettings,
} from "./library/settings-types.ts";
export type { RunSettings, SyncSettings } from "./library/once.ts";
export type { AssociationDocument, BareDocument, FailureDocument, RunDocument } from "./view/document.ts";
export type { BroadcastEvent } from "./view/broadcast.ts";
export type { PeersDocument, TraceDocument } from "./view/daemon-document.ts";
export type { DecodeDocument, DecodeSummaryDocument } from "./view/decode-document.ts";
export type { ManycastDocument, PoolDocument } from "./view/finding.ts";
export type { CheckDocument } from "./view/plugin.ts";
export type { SimulateDocument } from "./view/simulate-document.ts";
export type { ClockReason, ClockReport, SystemReport } from "./engine/port/snapshot.ts";
export type { Note } from "./engine/port/note.ts";
export type { Outcome } from "./engine/port/outcome.ts";
export type { Reason, Verdict } from "./association/verdict.ts";
export { UsageError } from "./config/usage.ts";

/**
 * Measures servers and judges them; never touches the clock and needs no privilege.
 * @param servers as on the command line: `HOST`, `HOST:PORT`, `[IPv6]:PORT`, with `,prefer` `,key=ID` … behind it; when
 *   empty, those of the configuration file
 * @returns the document of `ntpkit query --json`; `ok` is false and `error` says why when no time could be told
 * @throws UsageError when the arguments are wrong
 */
export function query(servers: string | readonly string[], settings: RunSettings = {}): Promise<RunDocument> {
  return runLibrary("query", servers, settings);
}

/**
 * Sets the clock once, within the limits; needs the privilege to do so (CAP_SYS_TIME).
 * @param servers as for {@link query}
 * @returns the document of `ntpkit sync --json`
 * @throws UsageError when the arguments are wrong
 */
export function sync(servers: string | readonly string[], settings: SyncSettings = {}): Promise<RunDocument> {
  return runLibrary("sync", servers, settings);
}
