/** The engine's own timers, as keys of its deadlines; associations use their numbers, which are positive. */
export const TIMER = {
  /** A name is looked up again. */
  names: -1,
  /** A judgement that was put off. */
  judgement: -2,
  /** The run's deadline. */
  deadline: -3,
  /** Our own broadcasts. */
  broadcasts: -4,
  /** Replies to solicitations, spread against implosion. */
  replies: -5,
  /** Fewer associations are left: discovery may have to go on. */
  discovery: -6,
  /** Pools: the next question, or the end of waiting for an answer. */
  pools: -7,
  /** The clock-adjust process, each second. */
  second: -8,
  /** Whether a leap second is to be told of, or is over. */
  leap: -9,
  /** The end of the random pause before a run. */
  spread: -10,
  /** Manycast solicitors: the next question. */
  solicitors: -11,
  /** The clock, never set yet, waits no longer for those who have not answered. */
  firstSet: -12,
  /** Keys: the next handshake that had to wait. */
  keys: -13,
} as const;
