/**
 * The library: what `ntpkit sync` and `ntpkit query` do, as functions.
 *
 * ```ts
 * import { query } from "ntpkit";
 * const { clock } = await query(["ntp1.example.net", "ntp2.example.net"], { samples: 4 });
 * if (clock.offset !== null) console.log(`the local clock is wrong by ${clock.offset} s`);
 * ```
 */
import { runLibrary, type RunSettings, type SyncSettings } from "./cli/library.ts";
import type { RunDocument } from "./view/document.ts";

export type { AssociationDocument, FailureDocument, RunDocument } from "./view/document.ts";
export type { RunSettings, SyncSettings } from "./cli/library.ts";
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
