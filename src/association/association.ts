/** One remote clock: the state kept for it (RFC 5905 §9.1, figures 16 and 17, "peer process variables"). */
import type { Authentication, Security } from "../security/security.ts";
import type { Mono } from "../time/mono.ts";
import type { PollExponent } from "../time/seconds.ts";
import type { Address } from "../wire/address.ts";
import type { Header } from "../wire/header.ts";
import type { BroadcastClient } from "./broadcast.ts";
import type { Ledger } from "./change.ts";
import type { SymmetricExchange } from "./exchange.ts";
import { clockFilter } from "./filter.ts";
import type { ClockFilter } from "./filter.ts";
import type { AssociationMode } from "./modes.ts";
import type { Reach } from "./reach.ts";
import type { HostFault, Request, StampSource } from "./request.ts";
import type { AssociationConfig } from "./template.ts";
import type { Reason } from "./verdict.ts";

declare const associationId: unique symbol;

/** Numbers an association for as long as the engine lives, from 1; ntpq's "assid". */
export type AssociationId = number & { readonly [associationId]: true };

/**
 * How long an association lasts (seed 002).
 * - `persistent`: configured; never demobilized.
 * - `preemptable`: found by manycast or pool; kept only while it is useful.
 * - `ephemeral`: mobilized by an arriving packet; ends when it falls silent.
 */
export type Lifetime = "persistent" | "preemptable" | "ephemeral";

/** One association, as all but this room see it: readonly, to the last field. Its verbs are in this room (`change.ts`). */
export interface Association {
  readonly id: AssociationId;
  /** Its line; another one when the configuration is reread. */
  readonly config: AssociationConfig;
  readonly lifetime: Lifetime;
  readonly mode: AssociationMode;
  /** Made anew when the keys are reread. */
  readonly security: Security;
  /** `null` while its name has none. Changes when another of the name's addresses is tried. */
  readonly address: Address | null;
  /** More of the name's addresses, to fall back on. */
  readonly alternatives: readonly Address[];

  /** The last valid packet's header; `null` before the first. */
  readonly header: Header | null;
  readonly filter: ClockFilter;
  readonly reach: Reach;
  /** Polls since the last acceptable packet (seed 002's pruning counter). */
  readonly unreach: number;
  /** When the last valid packet came. */
  readonly heard: Mono | null;

  /** The host poll exponent, within the configured bounds. */
  readonly hpoll: PollExponent;
  /** The least poll exponent a kiss has left us, at least the configured one. */
  readonly minpoll: PollExponent;
  /** Packets still to come of the burst that is on. */
  readonly burst: number;
  /** When the next packet leaves; `null`: none will. */
  readonly nextPoll: Mono | null;
  /** Requests that may still be answered, oldest first. */
  readonly requests: readonly Request[];
  /** Requests sent since the last answer of any kind. */
  readonly unanswered: number;
  /** Answers of a one-shot that ended a dance (Autokey). */
  readonly failedDances: number;
  /** Samples and other answers taken in this run. */
  readonly samples: number;
  readonly answers: number;

  /** An earlier run has measured it, and nobody has touched the clock since: one answer tells what is new. */
  readonly known: boolean;
  /** When it was mobilized, by this run or an earlier one; `null`: by this one. */
  readonly since: Mono | null;
  /** When it was last a falseticker, if it has yet to agree with a majority again (`system/probation.ts`); `null`: no. */
  readonly probation: Mono | null;
  /** How often it has agreed while on probation. */
  readonly agreed: number;
  /** A RATE kiss: for how long it wants to be left alone. */
  readonly backoff: Backoff | null;

  /** Why it will not be polled again in this run, whatever it is later judged to be; `null` while it may. */
  readonly ended: Reason | "complete" | null;
  /** Bits of the tests the last packet failed, as ntpd's flash word has them. */
  readonly flash: number;
  readonly authentication: Authentication;
  /** The last kiss code. */
  readonly kiss: string | null;
  /** How the last sample was stamped. */
  readonly stamps: StampSource | null;
  /** What became of packets that could not be delivered. */
  readonly undelivered: HostFault | null;
  readonly packets: PacketCounts;

  /** What symmetric modes remember of the packets both ways; `null` in other modes. */
  readonly exchange: SymmetricExchange | null;
  /** What a broadcast client keeps besides; `null` in other modes. */
  readonly listening: BroadcastClient | null;
  /** How it was discovered; `null` if it was configured. */
  readonly found: Discovery | null;

  /** What has changed that the ledger's reader has not seen yet, as bits of {@link CHANGE}. */
  readonly changes: number;
  /** Where its changes are entered; `null`: nobody holds it. */
  readonly ledger: Ledger | null;
}

/** What became of an association's packets. */
export interface PacketCounts {
  readonly sent: number;
  readonly received: number;
  readonly rejected: number;
}

/** How long a server wants to be left alone. */
export interface Backoff {
  /** log₂ seconds */
  readonly poll: PollExponent;
  readonly until: Mono;
}

/** How an association was discovered. */
export interface Discovery {
  /** The group or broadcast address it was found by. */
  readonly group: string | null;
  /** The ring that found it: hop limit of the question it answered first. */
  readonly ttl: number | null;
  /** By what the key it came with is known again; `null`: it came without. */
  readonly keyPrint: Uint8Array | null;
  /** How good it said to be when it was found, stratum × MAXDIST + root distance, seconds; less is better. */
  readonly merit: number;
}

/** What a fresh association starts from. */
export interface Mobilization {
  readonly id: AssociationId;
  readonly config: AssociationConfig;
  readonly lifetime: Lifetime;
  readonly mode: AssociationMode;
  readonly security: Security;
  readonly address: Address | null;
  readonly alternatives?: readonly Address[];
  readonly exchange?: SymmetricExchange;
  readonly listening?: BroadcastClient;
  readonly found?: Discovery;
  /** Why it will never be asked: it stands there to say so. */
  readonly ended?: Reason | null;
}

/**
 * A fresh association: nothing heard, nothing sent, nothing planned. Field by field, for thousands are held, and an engine keeps
 * objects written so in a third of the time and in less room than what is spread.
 */
export function association(from: Mobilization): Association {
  const { id, config, lifetime, mode, security, address } = from;
  return {
    id,
    config,
    lifetime,
    mode,
    security,
    address,
    alternatives: [...(from.alternatives ?? [])],
    header: null,
    filter: clockFilter(),
    reach: 0,
    unreach: 0,
    heard: null,
    hpoll: from.config.minpoll,
    minpoll: from.config.minpoll,
    burst: 0,
    nextPoll: null,
    requests: [],
    unanswered: 0,
    failedDances: 0,
    samples: 0,
    answers: 0,
    known: false,
    since: null,
    probation: null,
    agreed: 0,
    backoff: null,
    ended: from.ended ?? null,
    flash: 0,
    authentication: "none",
    kiss: null,
    stamps: null,
    undelivered: null,
    packets: { sent: 0, received: 0, rejected: 0 },
    exchange: from.exchange ?? null,
    listening: from.listening ?? null,
    found: from.found ?? null,
    changes: 0,
    ledger: null,
  };
}
