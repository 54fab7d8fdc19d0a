/** The combine algorithm: one offset from the survivors (RFC 5905 §11.2.3, A.5.5.5 clock_combine()). */
import type { Seconds } from "../time/seconds.ts";
import type { Candidate } from "./candidate.ts";

/** The best and final data for the clock discipline. */
export interface Combination {
  /** Θ, server − local: between the least and the greatest offset of the survivors. */
  readonly offset: Seconds;
  /** Ψ_s: how far the survivors lie from the system peer, weighted RMS. */
  readonly selectionJitter: Seconds;
  /** Ψ = √(Ψ_s² + Ψ_p²), with the system peer's jitter Ψ_p. */
  readonly jitter: Seconds;
}

/**
 * Combines the survivors, each weighted by the reciprocal of its root distance.
 *
 * A system peer named `prefer` is followed alone, as the note in A.5.5.5 allows and ntpd does: who names one wants its time
 * and not an average.
 * @param survivors not empty, `systemPeer` among them
 */
export function combine(survivors: readonly Candidate[], systemPeer: Candidate): Combination {
  const voices = systemPeer.prefer ? [systemPeer] : survivors;
  let weights = 0;
  let shift = 0;
  let squares = 0;
  for (const { offset, rootDistance } of voices) {
    // Differences first: a mean of large offsets would lose the digits in which they differ.
    const difference = offset - systemPeer.offset;
    weights += 1 / rootDistance;
    shift += difference / rootDistance;
    squares += difference ** 2 / rootDistance;
  }
  const selectionJitter = Math.sqrt(squares / weights);
  return {
    offset: systemPeer.offset + shift / weights,
    selectionJitter,
    jitter: Math.hypot(selectionJitter, systemPeer.jitter),
  };
}
