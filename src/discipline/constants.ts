/**
 * The constants of the clock discipline, in one table.
 *
 * RFC 5905 gives them twice, in figure 27 of §11.3 and in A.5.5.6, and not always alike. Where they differ, the value is the
 * one deployed ntpd 4.2.8 uses, if it uses either.
 */

/** Thresholds, gains and limits (RFC 5905 figure 27, A.5.5.6). */
export const DISCIPLINE = {
  /** STEPT, step threshold, s (A.5.5.6; figure 27 has .125). */
  stepThreshold: 0.128,
  /** PANICT, panic threshold, s (figure 27). */
  panic: 1000,
  /**
   * WATCH, stepout threshold, s: for so long an outlier may be a spike, and so long a frequency is measured. (Figure 27 and
   * A.5.5.6 have 900; ntpd 4.2.8 was given 300.)
   */
  stepout: 300,
  /**
   * TC, time constant scale: the loop's time constant is this many poll intervals. Figure 27 has 16, and A.5.5.6 has PLL 65536 in
   * its place, with which the loop would take months. Deployed ntpd hands the phase to the kernel's loop, which is four times as
   * stiff (RFC 1589; SHIFT_PLL 2 of Linux), wherever there is one. With 16 the clock was off by 850 µs in a local network, and by
   * 260 with this; ntpd's is by 229 (`test/bench/discipline-clock.bench.ts`).
   */
  timeConstant: 4,
  /** AVG, averaging constant of jitter and wander (figure 27; A.5.5.6 has 4). */
  average: 8,
  /** ALLAN, compromise Allan intercept, s (A.5.5.6): below it phase noise dominates, above it frequency wander. */
  allan: 1500,
  /** FLL, frequency-lock gain divisor is this less the poll exponent … (A.5.5.6: MAXPOLL + 1) */
  fll: 18,
  /** … but no less than this (A.5.5.6: AVG, which is 4 there). */
  fllLeast: 4,
  /** MAXFREQ, frequency tolerance, s/s (A.5.5.6). */
  maxFrequency: 500e-6,
  /** PGATE, poll-adjust gate (figure 27): offsets within this many times the jitter are calm. */
  pollGate: 4,
  /** LIMIT, poll-adjust threshold of the hysteresis counter (figure 27). */
  hysteresisLimit: 30,
} as const;
