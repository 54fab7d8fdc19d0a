/** Few numbers in order: a history's, of which there are some dozens at most, and which are sorted with every sample that comes. */

/**
 * Sorts numbers in their place, by insertion: for so few the least work, without a function that compares.
 * @returns the same list
 */
export function ascending(values: number[]): readonly number[] {
  for (let end = 1; end < values.length; end += 1) {
    const value = values[end]!;
    let place = end;
    for (; place > 0 && values[place - 1]! > value; place -= 1) values[place] = values[place - 1]!;
    values[place] = value;
  }
  return values;
}
