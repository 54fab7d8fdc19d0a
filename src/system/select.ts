/**
 * The selection algorithm: of many clocks, which agree (RFC 5905 §11.2.1, A.5.5.1).
 *
 * Every candidate says that the true offset lies in its correctness interval θ ± Λ. Where most of the intervals overlap, if
 * they are a majority, the truth must be: from the first to the last such place is the intersection [l, u]. Whoever's
 * interval meets it is a truechimer, any other a falseticker.
 *
 * That is what ntpd 4.2.8 and chrony do: overlap only. It departs from RFC 5905 §11.2.1 in one thing: there no more than f
 * of the midpoints θ may lie outside [l, u], and only those inside are truechimers. A midpoint claims nothing. A distant
 * server whose interval holds the truth is right, and by the RFC is called a falseticker for its midpoint as soon as some
 * near ones agree on less: among servers 50 to 800 ms from their root that befalls one honest server in six. Two clocks
 * whose intervals overlap do not contradict each other; that one is worth less than the other is for clustering to say,
 * which trims the rest. Where intervals only touch they overlap nowhere (l < u), so that makes no majority; but who
 * touches an intersection does not contradict it, and is a truechimer (ntpd's `offset + error < low`).
 *
 * What this holds to, of m candidates with h > m/2 honest ones, whose intervals contain the truth, and b = m − h liars:
 * - Liars whose intervals meet no honest one are falsetickers, all of them, and no honest one is.
 * - Liars that do meet honest intervals can draw [l, u] aside, for they vote like others: but any place that most agree on
 *   lies in h − b honest intervals at least. So l and u lie between the (h − b)th least of the honest lowpoints and the
 *   (h − b)th greatest of the honest highpoints, and no truechimer's offset is off the truth by more than that and its own Λ.
 *
 * The RFC scans all edges anew, upwards and downwards, for each number f of falsetickers. One scan is enough, for the least f
 * is what the greatest overlap leaves. The cost is that of sorting, O(m log m).
 */
import type { Seconds } from "../time/seconds.ts";
import type { Candidate } from "./candidate.ts";

/** A closed interval of offsets, `low` < `high`. */
export interface Interval {
  readonly low: Seconds;
  readonly high: Seconds;
}

/** Who agrees and who does not; each list in the order of the candidates. */
export interface Agreement {
  /** Where the majority's correctness intervals overlap; `null`: there is no majority. */
  readonly intersection: Interval | null;
  /** Without a majority these are the `trusted` candidates only. */
  readonly truechimers: readonly Candidate[];
  readonly falsetickers: readonly Candidate[];
}

/** A correctness interval θ ± Λ. */
export type Claim = Pick<Candidate, "offset" | "rootDistance">;

/**
 * Separates truechimers from falsetickers.
 * @param candidates fit associations with finite offsets and root distances above zero, in any order
 */
export function select(candidates: readonly Candidate[]): Agreement {
  const intersection = intersect(candidates);
  const truechimers: Candidate[] = [];
  const falsetickers: Candidate[] = [];
  for (const candidate of candidates) {
    const agrees = candidate.trusted || (intersection !== null && meets(candidate, intersection));
    (agrees ? truechimers : falsetickers).push(candidate);
  }
  return { intersection, truechimers, falsetickers };
}

/** Whether a correctness interval has a point in common with the intersection. */
export function meets({ offset, rootDistance }: Claim, { low, high }: Interval): boolean {
  return offset - rootDistance <= high && offset + rootDistance >= low;
}

/**
 * The intersection interval of a majority (RFC 5905 §11.2.1, without its step 4).
 * @returns `null` if no majority of the correctness intervals overlap
 */
export function intersect(claims: readonly Claim[]): Interval | null {
  const m = claims.length;
  const { lowpoints, highpoints } = roomFor(m);
  claims.forEach(({ offset, rootDistance }, i) => {
    lowpoints[i] = offset - rootDistance;
    highpoints[i] = offset + rootDistance;
  });
  sort(lowpoints, m);
  sort(highpoints, m);
  const { most, low, high } = deepest(m, lowpoints, highpoints);
  return 2 * most > m ? { low, high } : null;
}

/** What a selection writes on: the ends of the correctness intervals, each kind sorted. Plain numbers sort fastest. */
interface Room {
  readonly lowpoints: Float64Array;
  readonly highpoints: Float64Array;
}

let room = makeRoom(64);

/** Room for so many candidates. It is kept: fresh memory costs a small selection more than its arithmetic. */
function roomFor(m: number): Room {
  if (room.lowpoints.length < m) room = makeRoom(2 * m);
  return room;
}

function makeRoom(m: number): Room {
  return { lowpoints: new Float64Array(m), highpoints: new Float64Array(m) };
}

/** So few are sorted by insertion sooner than by anything cleverer. */
const FEW = 32;

/** Sorts the first m. */
function sort(points: Float64Array, m: number): void {
  if (m > FEW) {
    points.subarray(0, m).sort();
    return;
  }
  for (let i = 1; i < m; i++) {
    const point = points[i]!;
    let place = i;
    for (; place > 0 && points[place - 1]! > point; place--) points[place] = points[place - 1]!;
    points[place] = point;
  }
}

/**
 * Scans upwards (§11.2.1 steps 2 to 5) for where the most intervals overlap: from where they first do to where they last do.
 * Of equal edges the closing one counts before the opening one: intervals that only touch do not overlap, or a row of them
 * would make a majority of which few are in it.
 */
function deepest(m: number, lowpoints: Float64Array, highpoints: Float64Array): Interval & { readonly most: number } {
  let most = 0;
  let low = 0;
  let high = 0;
  let closed = 0;
  for (let opened = 1; opened <= m; opened++) {
    const edge = lowpoints[opened - 1]!;
    for (; closed < opened - 1 && highpoints[closed]! <= edge; closed++)
      if (opened - 1 - closed === most) high = highpoints[closed]!;
    if (opened - closed > most) [most, low] = [opened - closed, edge];
  }
  // Above the last lowpoint there is nothing but closing.
  if (m - closed === most) high = highpoints[closed]!;
  return { most, low, high };
}
