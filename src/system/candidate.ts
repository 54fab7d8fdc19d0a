/** What selection needs to know of an association: nothing but numbers, already fit and already aged to now. */
import type { AssociationId } from "../association/association.ts";
import type { Seconds } from "../time/seconds.ts";

/** An association that passed the fitness tests (RFC 5905 §11.2: the "accept" routine) and may be selected. */
export interface Candidate {
  readonly id: AssociationId;
  /** 1 … 15 */
  readonly stratum: number;
  /** θ, server − local. */
  readonly offset: Seconds;
  /** δ ≥ 0 */
  readonly delay: Seconds;
  /** ψ of the clock filter. */
  readonly jitter: Seconds;
  /** Λ, half the correctness interval's width, aged to the moment of selection (RFC 5905 §11.2.1; mindist applied). */
  readonly rootDistance: Seconds;
  /** Named `prefer`: the system peer if it survives. */
  readonly prefer: boolean;
  /** Named `true`: always a truechimer, always a survivor. */
  readonly trusted: boolean;
}
