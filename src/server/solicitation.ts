/**
 * Requests that came to a group: which of them a manycast server answers, and when (RFC 5905 §9.2; ntpd's AM_FXMIT).
 */
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import { MAXSTRAT } from "../wire/header.ts";
import type { Published } from "./published.ts";

/**
 * How solicitations are judged. Clients at our own stratum are answered, too: ntpd's documentation (both seeds) has "equal to or lower
 * than the manycast client", where RFC 5905 §9.2 has "less than". Whether one of its own stratum is of use the client decides.
 */
export interface SolicitationRule {
  /** The reference identifiers that stand for our own addresses; a client that carries one follows us. Unsigned 32 bits each. */
  readonly ownReferenceIds: readonly number[];
}

/**
 * Why a solicitation is not answered; there is no crypto-NAK either, and no unsynchronized answer: a client that asks
 * everybody needs to hear only from those that can help.
 * @param request of at least 48 octets
 * @returns `null`: it is to be answered
 */
export function declines(
  request: DataView,
  published: Published,
  rule: SolicitationRule,
): "unsynchronized" | "stratum" | "loop" | null {
  if (!published.synchronized) return "unsynchronized";
  const clientStratum = request.getUint8(1) || MAXSTRAT;
  if (published.stratum > clientStratum) return "stratum";
  const follows = clientStratum > 1 && clientStratum < MAXSTRAT && rule.ownReferenceIds.includes(request.getUint32(12));
  return follows ? "loop" : null;
}

/** Answers are spread over so long at least, seconds. */
export const SPREAD: Seconds = 0.5;
/** And at most: a probe asks the next ring after 2 s. */
export const SPREAD_MOST: Seconds = 2;

/** So many solicitations a second widen the spread by another {@link SPREAD}. */
const WIDENING = 8;
/** How long a solicitation counts, seconds. */
const MEMORY: Seconds = 1;

/**
 * When to answer, against implosion at whoever asked: at random, over a time that widens while many ask, since a server that
 * hears many solicitations has many neighbours that hear them too.
 */
export class Spreading {
  #recent = 0;
  #at: Mono | null = null;

  /**
   * Takes note of a solicitation.
   * @param chance uniform in 0 ≤ x < 1
   * @returns how long to wait, 0 ≤ seconds < {@link SPREAD_MOST}
   */
  delay(now: Mono, chance: number): Seconds {
    const since = this.#at === null ? Infinity : Math.max(now - this.#at, 0);
    this.#recent = this.#recent * Math.exp(-since / MEMORY);
    this.#at = now;
    const width = Math.min(SPREAD * (1 + this.#recent / WIDENING), SPREAD_MOST);
    this.#recent += 1;
    return width * chance;
  }
}
