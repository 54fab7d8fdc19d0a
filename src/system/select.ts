/**
 * The selection algorithm: of many clocks, which agree (RFC 5905 §11.2.1, A.5.5.1).
 *
 * Every candidate says that the true offset lies in its correctness interval θ ± Λ. We look for the interval [l, u] in
 * which all but f of the m intervals overlap and outside of which no more than f midpoints lie, for the least f that has
 * one, f < m/2. A candidate whose midpoint is in [l, u] is a truechimer, any other a falseticker.
 *
 * The RFC scans all 3m edges anew for each f. One scan is enough: walking upwards, the number of intervals we are inside
 * of reaches 1, 2, 3 … each for the first time somewhere, and those places are the l of every f; walking downwards gives
 * every u. The cost is that of sorting, O(m log m).
 *
 * Where §11.2.1 and A.5.5.1 differ:
 * - A.5.5.1 compares the count with `n - found`; n counts edges there, not candidates. The text has m − f, as we do.
 * - The text asks for d = f midpoints outside, A.5.5.1 for d ≤ f. An f that was skipped because its interval was empty
 *   may well leave fewer than f midpoints outside, so it is d ≤ f.
 * - A.5.5.1 takes up a candidate if any of its three edges lies in [l, u]; the text speaks of the midpoints only. With the
 *   text's rule truechimers are always a majority.
 *
 * Where midpoints keep a majority from being found although its intervals overlap, as with one near and one distant server
 * that are both right, we go on as ntpd 4.2.8 does, which counts no midpoints: whoever's interval overlaps [l, u] is a
 * truechimer. Two clocks whose intervals do overlap do not contradict each other, and a sync that refused them would be
 * worse than ntpd's.
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

/**
 * Separates truechimers from falsetickers.
 * @param candidates fit associations with finite offsets and root distances above zero, in any order
 */
export function select(candidates: readonly Candidate[]): Agreement {
  const strict = intersect(candidates);
  const intersection = strict ?? intersect(candidates, "overlap");
  const agree = strict === null ? overlaps : contains;
  const truechimers: Candidate[] = [];
  const falsetickers: Candidate[] = [];
  for (const candidate of candidates) {
    const agrees = candidate.trusted || (intersection !== null && agree(intersection, candidate));
    (agrees ? truechimers : falsetickers).push(candidate);
  }
  return { intersection, truechimers, falsetickers };
}

/**
 * The intersection interval of a majority (RFC 5905 §11.2.1, steps 1 to 6). Intervals that touch in one point do not
 * overlap (step 5, l < u).
 * @param rule `midpoints`: no more than f midpoints may lie outside (step 4); `overlap`: midpoints do not count
 * @returns `null` if no majority of the correctness intervals overlap so
 */
export function intersect(
  candidates: readonly Pick<Candidate, "offset" | "rootDistance">[],
  rule: "midpoints" | "overlap" = "midpoints",
): Interval | null {
  const m = candidates.length;
  const { lowpoints, midpoints, highpoints, upwards, downwards } = roomFor(m);
  candidates.forEach(({ offset, rootDistance }, i) => {
    lowpoints[i] = offset - rootDistance;
    midpoints[i] = offset;
    highpoints[i] = offset + rootDistance;
  });
  for (const points of [lowpoints, midpoints, highpoints]) sort(points, m);
  scan(m, lowpoints, midpoints, highpoints, 1, rule, upwards);
  // Downwards the highpoints are met first, and the lowpoints close the intervals.
  scan(m, highpoints, midpoints, lowpoints, -1, rule, downwards);

  for (let f = 0; 2 * f < m; f++) {
    const overlapping = m - f;
    if (overlapping > upwards.most || overlapping > downwards.most) continue;
    const low = upwards.edge[overlapping]!;
    const high = downwards.edge[overlapping]!;
    const d = upwards.passed[overlapping]! + downwards.passed[overlapping]!;
    if ((d <= f || rule === "overlap") && low < high) return { low, high };
  }
  return null;
}

/** What a selection writes on. */
interface Room {
  /** The three points of every correctness interval, each kind sorted (§11.2.1 steps 1 and 2). Plain numbers sort fastest. */
  readonly lowpoints: Float64Array;
  readonly midpoints: Float64Array;
  readonly highpoints: Float64Array;
  readonly upwards: Scan;
  readonly downwards: Scan;
}

/** What a scan meets; indices are numbers of overlapping intervals, 1 … `most`. */
interface Scan {
  /** The most intervals that overlap anywhere. */
  most: number;
  /** Where that many first overlap. */
  readonly edge: Float64Array;
  /** Midpoints passed before that. */
  readonly passed: Uint32Array;
}

let room = makeRoom(64);

/** Room for so many candidates. It is kept: fresh memory costs a small selection more than its arithmetic. */
function roomFor(m: number): Room {
  if (room.lowpoints.length < m) room = makeRoom(2 * m);
  return room;
}

function makeRoom(m: number): Room {
  const points = (): Float64Array => new Float64Array(m);
  const scan = (): Scan => ({ most: 0, edge: new Float64Array(m + 1), passed: new Uint32Array(m + 1) });
  return { lowpoints: points(), midpoints: points(), highpoints: points(), upwards: scan(), downwards: scan() };
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
 * Scans sorted edges upwards from the lowest, or downwards from the highest (§11.2.1 steps 3 and 4). Of equal edges an
 * opening one counts first, then the midpoint, then the closing one: intervals are closed, and a midpoint on the
 * intersection's edge is inside. By the rule `overlap` the closing one comes first: with no midpoints to be held, those that
 * only touch the intersection would make a majority of which few are in it.
 * @param direction 1: `opening` are the lowpoints; −1: they are the highpoints
 */
function scan(
  m: number,
  opening: Float64Array,
  midpoints: Float64Array,
  closing: Float64Array,
  direction: 1 | -1,
  rule: "midpoints" | "overlap",
  met: Scan,
): void {
  const first = direction === 1 ? 0 : m - 1;
  let most = 0;
  let closed = 0;
  let middles = 0;
  for (let opened = 1; opened <= m; opened++) {
    const here = opening[first + direction * (opened - 1)]!;
    while (closesBefore(direction * closing[first + direction * closed]!, direction * here, rule)) closed++;
    while (direction * midpoints[first + direction * middles]! < direction * here) middles++;
    if (opened - closed > most) {
      most = opened - closed;
      met.edge[most] = here;
      met.passed[most] = middles;
    }
  }
  met.most = most;
}

function closesBefore(edge: number, here: number, rule: "midpoints" | "overlap"): boolean {
  return edge < here || (edge === here && rule === "overlap");
}

function contains({ low, high }: Interval, { offset }: Candidate): boolean {
  return low <= offset && offset <= high;
}

function overlaps({ low, high }: Interval, { offset, rootDistance }: Candidate): boolean {
  return offset - rootDistance < high && offset + rootDistance > low;
}
