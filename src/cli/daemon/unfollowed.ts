/**
 * Why nobody is followed, for the log: a daemon has no report at its end, and a server that answers and may not be used is no event.
 * Said once where it has lasted, and again only after somebody was followed.
 */
import type { Reason } from "../../association/verdict.ts";
import type { Note } from "../../engine/port/note.ts";
import type { Snapshot } from "../../engine/port/snapshot.ts";
import { elapsed, type Mono } from "../../time/mono.ts";
import type { Seconds } from "../../time/seconds.ts";
import { explain } from "../../view/explain.ts";
import type { Log } from "./log.ts";

/** By then whoever is right has been found to be, without bursts and from the longest first interval. */
const LASTED: Seconds = 300;

/** What the log has told when it happened, and what is no fault. */
const TOLD: ReadonlySet<Reason> = new Set([
  "pending",
  "noselect",
  "duplicate",
  "unreachable",
  "portUnreachable",
  "noRoute",
  "unresolved",
  "kiss",
]);

/** Looks on while nobody is followed. */
export class Unfollowed {
  readonly #log: Log;
  /** Since when nobody is followed; `null`: somebody is, or it has been said why not. */
  #since: Mono | null;

  constructor(log: Log, now: Mono) {
    this.#log = log;
    this.#since = now;
  }

  /** What the engine notes; whoever is asked is noted, so no timer is needed. */
  heed(notes: readonly Note[], snapshot: () => Snapshot, now: Mono): void {
    for (const note of notes) if (note.what === "systemPeer") this.#since = note.address === null ? now : null;
    if (this.#since === null || elapsed(this.#since, now) < LASTED) return;
    this.#since = null;
    const seen = snapshot();
    for (const server of seen.associations) {
      if (server.reason === null || TOLD.has(server.reason)) continue;
      const text = explain(server, { ...seen, by: "tos " })!;
      this.#log.say("warning", "notUsed", text, { address: server.address, name: server.name, reason: server.reason });
    }
  }
}
