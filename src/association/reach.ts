/** The reach register: the last eight polls, answered or not (RFC 5905 §9.2 and §13, `p.reach`). */

/** Eight bits, the youngest poll lowest; 0: unreachable. ntpq shows it in octal. */
export type Reach = number;

/** A poll leaves: room for its answer. */
export function reachOnPoll(reach: Reach): Reach {
  return (reach << 1) & 0xff;
}

/** A valid packet came. */
export function reachOnReceive(reach: Reach): Reach {
  return reach | 1;
}
