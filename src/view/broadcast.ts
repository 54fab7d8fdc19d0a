/** What a listener hears, event by event: a line of text, or a document a line. */
import type { Note } from "../engine/port/note.ts";
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import type { Seconds } from "../time/seconds.ts";
import { toIso, type UnixNanoseconds } from "../time/timestamp.ts";
import { addressText } from "../wire/address.ts";
import { REASONS, type Reason } from "../association/verdict.ts";
import type { DanceReport } from "../security/security.ts";
import { schemaName } from "./document.ts";
import { danceText } from "./explain.ts";
import { durationText, printable, signedText } from "./text.ts";

/** One thing that happened to a broadcast server. */
export interface BroadcastEvent {
  readonly schema: string;
  readonly event: "mobilized" | "volley" | "sample" | "rejected" | "demobilized";
  /** ISO 8601 UTC, by the local clock. */
  readonly at: string | null;
  readonly address: string;
  readonly port: number;
  /** Where its packets are sent to: a group or a broadcast address; `null`: the socket cannot tell. */
  readonly group: string | null;
  readonly keyId: number | null;
  readonly authentication: AssociationReport["authentication"];
  /** Under Autokey, how far the dance with it has come; absent: it is not. */
  readonly autokey?: DanceReport;
  readonly stratum: number | null;
  readonly refid: string | null;
  readonly offset: Seconds | null;
  readonly delay: Seconds | null;
  readonly reason: Reason | null;
  /** Packets that nobody claims so far, by the reason they were refused for. */
  readonly refused: Snapshot["refused"];
}

/** Makes events of notes; keeps what is known of servers that are gone. */
export class BroadcastEvents {
  readonly #known: Map<number, AssociationReport> = new Map();
  /** Why each has last not proved who it is: told once. */
  readonly #unproved: Map<number, string> = new Map();

  /**
   * The event a note tells of.
   * @param snapshot of the engine, taken now
   * @returns `null` for notes that are no such event
   */
  of(note: Note, snapshot: Snapshot, pivot: UnixNanoseconds): BroadcastEvent | null {
    if (!isEvent(note)) return null;
    const server = snapshot.associations.find(({ id }) => id === note.id) ?? this.#known.get(note.id);
    if (server === undefined) return null;
    if (note.what === "refused") {
      const why = server.autokey === undefined ? null : danceText(server.autokey, server.authentication);
      if (why === null || note.test !== "authentication" || this.#unproved.get(note.id) === why) return null;
      this.#unproved.set(note.id, why);
    }
    this.#known.set(note.id, server);
    if (note.what === "demobilized") {
      this.#known.delete(note.id);
      this.#unproved.delete(note.id);
    }
    const measured =
      note.what === "volley" || note.what === "broadcast"
        ? { offset: note.offset, delay: note.delay }
        : { offset: server.offset, delay: server.delay };
    // Who sends in clear where Autokey is asked for has not been asked.
    const autokey = isRejected(server) ? undefined : server.autokey;
    const reason =
      note.what === "demobilized" && note.why !== "unconfigured" ? note.why : isRejected(server) ? server.reason : null;
    return {
      schema: schemaName("broadcast"),
      event:
        note.what === "broadcast"
          ? "sample"
          : note.what === "refused" || (note.what === "mobilized" && isRejected(server))
            ? "rejected"
            : note.what,
      at: toIso(snapshot.at, pivot),
      address: server.address ?? "",
      port: server.port,
      group: server.group ?? null,
      keyId: server.keyId,
      // Its first packet mobilized it, so that packet was authentic if it was signed at all.
      authentication:
        note.what === "mobilized" && !isRejected(server) && server.keyId !== null ? "ok" : server.authentication,
      ...(autokey === undefined ? {} : { autokey }),
      stratum: server.stratum,
      refid: server.refid,
      ...measured,
      reason,
      refused: snapshot.refused,
    };
  }
}

type EventNote = Extract<Note, { readonly what: "mobilized" | "volley" | "broadcast" | "demobilized" | "refused" }>;

/** Whether a note tells of a server; a packet that nobody claims does not. */
function isEvent(note: Note): note is EventNote & { readonly id: number } {
  return NOTED.has(note.what) && (note as EventNote).id !== null;
}

const NOTED: ReadonlySet<Note["what"]> = new Set(["mobilized", "volley", "broadcast", "demobilized", "refused"]);

/** Heard, listed, and never to be used. */
function isRejected({ reason, packets }: AssociationReport): boolean {
  return packets.sent === 0 && (reason === "authentication" || reason === "stratum" || reason === "surplus");
}

/** The event as one line, without a line feed. */
export function broadcastLine(event: BroadcastEvent): string {
  const when = event.at === null ? "" : `${event.at.slice(11, 19)} `;
  return `${when}${addressText({ ip: printable(event.address), port: event.port })}${event.group === null ? "" : ` in ${printable(event.group)}`}: ${WORDS[event.event](event)}`;
}

const WORDS: Readonly<Record<BroadcastEvent["event"], (event: BroadcastEvent) => string>> = {
  mobilized: ({ stratum, authentication, keyId, autokey }) =>
    autokey !== undefined
      ? "mobilized, and asked under Autokey to prove who it is"
      : `mobilized${stratum === null ? "" : `, stratum ${stratum}`}, authentication ${authentication === "ok" && keyId !== null ? `by key ${keyId}` : authentication}`,
  volley: ({ offset, delay, autokey, authentication }) =>
    offset === null
      ? autokey === undefined
        ? "it does not answer the volley; a usual delay is assumed"
        : `it has not proved who it is: ${danceText(autokey, authentication)}`
      : `volley done, ${autokey === undefined ? "" : `proved by Autokey to be ${printable(autokey.host ?? "")}, `}offset ${signedText(offset)}, delay ${durationText(delay)}`,
  sample: ({ offset, delay }) => `offset ${signedText(offset)}, delay ${durationText(delay)}`,
  rejected: ({ reason, offset, autokey, authentication }) =>
    autokey !== undefined
      ? `rejected: it has not proved who it is: ${danceText(autokey, authentication)}`
      : `rejected: ${reason === null ? "" : reason === "authentication" ? "it is not authentic" : REASONS[reason].text}${offset === null ? "" : `; it says offset ${signedText(offset)}`}`,
  demobilized: ({ reason }) => `demobilized${reason === null ? "" : `: ${REASONS[reason].text}`}`,
};
