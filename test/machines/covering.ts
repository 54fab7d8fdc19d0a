/**
 * Covering arrays: few rows in which every pair (or triple …) of values of different factors is met at least once. Faults of
 * combinations are nearly all of two or three things at a time, so a pair array finds most of what the full product would.
 */

/** The factors, each with its values, by name. */
export type Factors<Name extends string> = Readonly<Record<Name, readonly string[]>>;

/** One combination: a value of each factor. */
export type Combination<Name extends string> = Readonly<Record<Name, string>>;

/**
 * Rows that cover every tuple of `strength` values of different factors, those that cover most first.
 * @param draw chance, 0 ≤ x < 1; the same draws give the same rows
 */
export function coveringArray<Name extends string>(
  factors: Factors<Name>,
  strength: number,
  draw: () => number,
): Combination<Name>[] {
  const names = Object.keys(factors) as Name[];
  const sizes = names.map((name) => factors[name].length);
  const missing = new Set(tuples(sizes, strength));
  const rows: number[][] = [];
  // A set keeps its order, so the next tuple to be covered is as random as the first shuffle.
  const order = shuffled([...missing], draw);
  for (const tuple of order) {
    if (!missing.has(tuple)) continue;
    const row = completed(tuple, sizes, strength, missing, draw);
    for (const covered of tuplesOf(row, strength)) missing.delete(covered);
    rows.push(row);
  }
  return rows.map(
    (row) => Object.fromEntries(names.map((name, at) => [name, factors[name][row[at]!]])) as Combination<Name>,
  );
}

/** A row with this tuple in it, its other values chosen one by one as those that cover most of what is missing. */
function completed(
  tuple: string,
  sizes: readonly number[],
  strength: number,
  missing: ReadonlySet<string>,
  draw: () => number,
): number[] {
  const row: (number | undefined)[] = sizes.map(() => undefined);
  for (const [factor, value] of parsed(tuple)) row[factor] = value;
  const free = shuffled(
    sizes.flatMap((_, factor) => (row[factor] === undefined ? [factor] : [])),
    draw,
  );
  for (const factor of free) {
    const values = shuffled([...Array(sizes[factor]).keys()], draw);
    let best = { value: values[0]!, gain: -1 };
    for (const value of values) {
      row[factor] = value;
      const gain = tuplesOf(row, strength, factor).filter((covered) => missing.has(covered)).length;
      if (gain > best.gain) best = { value, gain };
    }
    row[factor] = best.value;
  }
  return row as number[];
}

/** Every tuple there is: `factor:value` joined by spaces, by ascending factor. */
function tuples(sizes: readonly number[], strength: number, from = 0): string[] {
  if (strength === 0) return [""];
  return sizes.flatMap((size, factor) =>
    factor < from
      ? []
      : tuples(sizes, strength - 1, factor + 1).flatMap((rest) =>
          Array.from({ length: size }, (_, value) => `${factor}:${value}${rest === "" ? "" : ` ${rest}`}`),
        ),
  );
}

/** The tuples of what a row has so far; only those with this factor in them, if one is named. */
function tuplesOf(row: readonly (number | undefined)[], strength: number, withFactor?: number): string[] {
  const set = row.flatMap((value, factor) => (value === undefined ? [] : [{ factor, text: `${factor}:${value}` }]));
  const choose = (from: number, left: number, has: boolean): string[] => {
    if (left === 0) return has ? [""] : [];
    return set.flatMap(({ factor, text }, at) =>
      at < from
        ? []
        : choose(at + 1, left - 1, has || factor === withFactor).map((rest) =>
            rest === "" ? text : `${text} ${rest}`,
          ),
    );
  };
  return choose(0, strength, withFactor === undefined);
}

function parsed(tuple: string): (readonly [factor: number, value: number])[] {
  return tuple.split(" ").map((part) => part.split(":").map(Number) as [number, number]);
}

function shuffled<T>(values: T[], draw: () => number): T[] {
  for (let last = values.length - 1; last > 0; last -= 1) {
    const other = Math.floor(draw() * (last + 1));
    [values[last], values[other]] = [values[other]!, values[last]!];
  }
  return values;
}
