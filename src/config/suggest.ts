/** "Did you mean": the known word nearest to a mistyped one. */

/** Words further away than this share of their length are no suggestion. */
const NEAR = 0.4;
/** Longer words are nobody's mistyped ones. */
const LONGEST = 64;

/**
 * The nearest of some words.
 * @returns the candidate with the fewest edits, `null` where none is near
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > LONGEST) return null;
  let best: string | null = null;
  let fewest = Infinity;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest && edits <= Math.max(1, Math.floor(Math.max(word.length, candidate.length) * NEAR))) {
      best = candidate;
      fewest = edits;
    }
  }
  return best;
}

/** `did you mean "…"?`, or `null` where nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  const best = nearest(word, candidates);
  return best === null ? null : `did you mean "${best}"?`;
}

/** Edits from one word to the other: insertions, deletions, replacements and swaps of neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + same);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) least = Math.min(least, before[column - 2]! + 1);
      current.push(least);
    }
    before = above;
    above = current;
  }
  return above[b.length]!;
}
