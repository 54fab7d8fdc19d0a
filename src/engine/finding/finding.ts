/** What this room keeps: whom it searches for and how far it has come, and whom it will not find again soon. */
import type { PoolSolicitor } from "../../association/pool.ts";
import type { Solicitor } from "../../association/solicitor.ts";
import type { Mono } from "../../time/mono.ts";
import { MOST_PROOFS } from "./candidate.ts";
import type { Candidate, Doubt } from "./candidate.ts";
import { Names } from "./names.ts";

/** The state of finding servers. */
export interface Finding {
  /** What is being looked up, and for whom. */
  readonly names: Names;
  /** Searches by manycast. */
  solicitors: readonly Solicitor[];
  /** Names that servers are drawn from. */
  pools: readonly PoolSolicitor[];
  /** Addresses that were pruned, and until when they are not solicited again. */
  readonly pruned: Map<string, Mono>;
  /** Who was found, and has yet to prove who it is. */
  candidates: readonly Candidate[];
  /** Where keys could not be established, and until when that is not tried again; the latest. */
  readonly doubts: Map<string, Doubt>;
  /** Handshakes that may be begun with who was found by a group, as of a moment. */
  proofs: { left: number; at: Mono };
  /** When servers under two names are next looked for. */
  doublesDue: Mono;
  /** Broadcast packets taken as samples in this run. */
  heardBroadcasts: number;
}

/** Nothing is searched for yet. */
export function finding(): Finding {
  return {
    names: new Names(),
    solicitors: [],
    pools: [],
    pruned: new Map(),
    candidates: [],
    doubts: new Map(),
    proofs: { left: MOST_PROOFS, at: -Infinity as Mono },
    doublesDue: -Infinity as Mono,
    heardBroadcasts: 0,
  };
}
