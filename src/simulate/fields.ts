/** The keys of a table of a world's file, read one by one: each mistake at its place, and what nobody asked for is one. */
import { isTable, type Toml, type TomlTable } from "../config/translate/toml.ts";
import { didYouMean } from "../config/suggest.ts";
import { UsageError, type Place } from "../config/usage.ts";
import { parseDuration } from "../config/values.ts";
import type { Seconds } from "../time/seconds.ts";
import type { Range } from "./plan.ts";

/** Reads a value that stands somewhere. */
type Reader<T> = (value: Toml, name: string) => T;

/** Which durations a key takes. */
export interface Bounds {
  readonly least?: number;
  readonly most?: number;
}

/** One table. */
export class Fields {
  readonly #table: TomlTable;
  readonly #what: string;
  readonly #at: Place;
  readonly #asked: Set<string> = new Set();

  /**
   * @param what it is, for messages: `[[host]]`
   * @param at where it stands, for what is missing in it
   */
  constructor(table: TomlTable, what: string, at: Place) {
    this.#table = table;
    this.#what = what;
    this.#at = at;
  }

  /** Where a key stands, or would stand. */
  placeOf(key: string): Place {
    return this.#table.places.get(key) ?? this.#at;
  }

  /** Whether a key is there. */
  has(key: string): boolean {
    return this.#table.values.has(key);
  }

  /** A key's value; `standard` where it is not there. */
  read<T>(key: string, read: Reader<T>, standard: T): T {
    this.#asked.add(key);
    const value = this.#table.values.get(key);
    if (value === undefined) return standard;
    try {
      return read(value, key);
    } catch (error) {
      if (!(error instanceof UsageError) || error.place !== null) throw error;
      throw new UsageError(error.message, error.hint, this.placeOf(key));
    }
  }

  /** A key's value. @throws UsageError where it is missing */
  needed<T>(key: string, read: Reader<T>): T {
    const missing: T | null = null;
    const value = this.read<T | null>(key, read, missing);
    if (value === null) throw new UsageError(`${this.#what} needs ${key}`, null, this.#at);
    return value;
  }

  /** The tables of an array of tables. */
  tables(key: string): readonly Fields[] {
    return this.read<readonly Fields[]>(
      key,
      (value) => {
        const items = Array.isArray(value) ? (value as readonly Toml[]) : [value];
        return items.map((item) => {
          if (!isTable(item)) throw new UsageError(`${key}: write it as [[${key}]]`);
          // A table begins where its first key does, or before.
          const [first = this.placeOf(key)] = item.places.values();
          return new Fields(item, `[[${key}]]`, first);
        });
      },
      [],
    );
  }

  /** The table of a key; `null` where there is none. */
  table(key: string): Fields | null {
    return this.read<Fields | null>(
      key,
      (value) => {
        if (!isTable(value)) throw new UsageError(`${key}: it is a table, as { … } or [${key}]`);
        return new Fields(value, key, this.placeOf(key));
      },
      null,
    );
  }

  /** Every key that is there. */
  keys(): readonly string[] {
    return [...this.#table.values.keys()];
  }

  /** Nothing else is there. @throws UsageError */
  done(): void {
    const strange = this.keys().find((key) => !this.#asked.has(key));
    if (strange !== undefined)
      throw new UsageError(
        `${this.#what} has no "${strange}"`,
        didYouMean(strange, [...this.#asked]) ?? `it has ${[...this.#asked].join(", ")}`,
        this.placeOf(strange),
      );
  }
}

/** Text. */
export const text: Reader<string> = (value, name) => {
  if (typeof value !== "string") throw new UsageError(`${name}: it is text, between quotes`);
  return value;
};

/** A list of texts, or one. */
export const texts: Reader<readonly string[]> = (value, name) =>
  Array.isArray(value) ? (value as readonly Toml[]).map((item) => text(item, name)) : [text(value, name)];

/** True or false. */
export const flag: Reader<boolean> = (value, name) => {
  if (typeof value !== "boolean") throw new UsageError(`${name}: it is true or false`);
  return value;
};

/** A number. */
export function number({ least = -Infinity, most = Infinity }: Bounds = {}): Reader<number> {
  return (value, name) => {
    if (typeof value !== "number" || !Number.isFinite(value)) throw new UsageError(`${name}: it is a number`);
    if (value < least || value > most)
      throw new UsageError(`${name}: ${value} is out of range`, `from ${least} to ${most}`);
    return value;
  };
}

/** A whole number. */
export function whole(least: number, most: number): Reader<number> {
  return (value, name) => {
    const read = number({ least, most })(value, name);
    if (!Number.isInteger(read)) throw new UsageError(`${name}: ${read} is not a whole number`);
    return read;
  };
}

/** A duration: a number of seconds, or as on the command line. */
export function duration(bounds: Bounds = {}): Reader<Seconds> {
  return (value, name) => {
    if (typeof value !== "string") return number({ least: 0, ...bounds })(value, name);
    return parseDuration(value, name, { least: 0, ...bounds });
  };
}

/** A share: `0.01` or `1%`. */
export const share: Reader<number> = (value, name) => {
  const [, percent] = typeof value === "string" ? (/^\s*([\d.]+)\s*%\s*$/.exec(value) ?? []) : [];
  return number({ least: 0, most: 1 })(percent === undefined ? value : Number(percent) / 100, name);
};

/** A rate: parts per million as a number, or `12ppm`, `3ppb`. */
export const rate: Reader<number> = (value, name) => {
  const [, amount, unit] = typeof value === "string" ? (/^\s*([+-]?[\d.]+)\s*(ppm|ppb)\s*$/.exec(value) ?? []) : [];
  if (amount === undefined && typeof value !== "number")
    throw new UsageError(`${name}: it is a rate, as 12.5 (ppm), "12.5ppm" or "3ppb"`);
  const parts = amount === undefined ? (value as number) : Number(amount) * (unit === "ppb" ? 1e-3 : 1);
  return number({ least: -1000, most: 1000 })(parts, name) * 1e-6;
};

/** A figure, or `[least, most]` of which the seed draws one. */
export function ranged(read: Reader<number>): Reader<Range> {
  return (value, name) => {
    if (!Array.isArray(value)) {
      const only = read(value, name);
      return { low: only, high: only };
    }
    const items = (value as readonly Toml[]).map((item) => read(item, name));
    const [low, high] = items;
    if (items.length !== 2 || low! > high!)
      throw new UsageError(`${name}: a range is two figures, the smaller one first`);
    return { low: low!, high: high! };
  };
}
