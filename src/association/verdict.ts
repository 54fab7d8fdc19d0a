/**
 * The one table of verdicts and reasons: what became of an association, and why.
 *
 * The names are the same in the types, the snapshot, the JSON, the text and the man page.
 */

/** What selection made of an association, and ntpq's tally character for it (ntpq "Status Words", select field). */
export const TALLIES = {
  systemPeer: "*",
  survivor: "+",
  outlier: "-",
  excess: ".",
  backup: "#",
  falseticker: "x",
  rejected: " ",
} as const;

/** What selection made of an association. */
export type Verdict = keyof typeof TALLIES;

/**
 * Why an association is not used, with the sentence that says so. `flash` is ntpd's bit for the same cause, where it has
 * one (ntpq "Flash Status Word"); it is shown by `peers` and `readvar`.
 */
export const REASONS = {
  unresolved: { flash: 0, text: "its name could not be resolved" },
  unreachable: { flash: 0x1000, text: "it did not answer" },
  portUnreachable: { flash: 0x1000, text: "nothing listens on its port" },
  noRoute: { flash: 0x1000, text: "there is no route to it" },
  sourcePort: { flash: 0x1000, text: "the source port may not be used" },
  unsynchronized: { flash: 0x0004, text: "its own clock is not synchronized" },
  stratum: { flash: 0x0200, text: "its stratum is not usable" },
  rootDistance: { flash: 0x0400, text: "it is too far from a primary source (root distance)" },
  loop: { flash: 0x0800, text: "it is synchronized to this host (loop)" },
  duplicate: { flash: 0, text: "it is a server we already have under another name or address" },
  header: { flash: 0x0040, text: "its packets carry nonsense (header)" },
  bogus: { flash: 0x0002, text: "its answers do not match our questions" },
  kiss: { flash: 0, text: "it asked us to slow down or go away (kiss-o'-death)" },
  denied: { flash: 0x0008, text: "it refused us access" },
  authentication: { flash: 0x0010, text: "its answers were not authentic" },
  noselect: { flash: 0, text: "it is measured only (noselect)" },
  pending: { flash: 0, text: "it has not been measured yet" },
  outsideIntersection: { flash: 0, text: "its time disagrees with the majority" },
  noMajority: { flash: 0, text: "no majority of the servers agree" },
  probation: { flash: 0, text: "it was a falseticker when it was last judged, and has yet to agree again" },
  selectJitter: { flash: 0, text: "it adds more jitter than the survivors have" },
  surplus: { flash: 0, text: "there are enough better ones" },
  untold: { flash: 0, text: "its daemon does not tell what it makes of it" },
} as const;

/** Why an association is not used. */
export type Reason = keyof typeof REASONS;
