/**
 * As much of TOML as configuration files of time daemons use: tables, arrays of tables, strings, numbers, booleans, arrays and
 * inline tables. Dates and multi-line strings are none of it.
 */
import { UsageError, type Place } from "../usage.ts";

/** A value. */
export type Toml = string | number | boolean | readonly Toml[] | TomlTable;

/** A table; `at` says where each of its keys stands. */
export interface TomlTable {
  readonly values: Map<string, Toml>;
  readonly places: Map<string, Place>;
}

/**
 * Reads a document.
 * @param file for messages
 * @throws UsageError at the first thing that is not understood
 */
export function parseToml(text: string, file: string): TomlTable {
  const root = emptyTable();
  let table = root;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const reader = new Reader(line, { file, line: index + 1, column: 1 });
    reader.blank();
    if (reader.ended()) continue;
    const header = /^\s*(\[\[?)\s*([\w.-]+)\s*(\]\]?)\s*(?:#.*)?$/.exec(line);
    if (header !== null && header[1]!.length === header[3]!.length)
      table = open(root, header[2]!, header[1] === "[[", reader);
    else reader.pair(table);
  }
  return root;
}

/** Whether a value is a table. */
export function isTable(value: Toml | undefined): value is TomlTable {
  return typeof value === "object" && "values" in value;
}

function emptyTable(): TomlTable {
  return { values: new Map(), places: new Map() };
}

function open(root: TomlTable, path: string, isArray: boolean, reader: Reader): TomlTable {
  let table = root;
  const names = path.split(".");
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
    const found = table.values.get(name);
    if (isLast && isArray) {
      if (found !== undefined && !Array.isArray(found)) throw reader.fault(`"${name}" is a table already`);
      const fresh = emptyTable();
      table.values.set(name, [...(found ?? []), fresh]);
      table.places.set(name, reader.place());
      return fresh;
    }
    const last = Array.isArray(found) ? (found.at(-1) as Toml | undefined) : found;
    if (last === undefined) {
      const fresh = emptyTable();
      table.values.set(name, fresh);
      table.places.set(name, reader.place());
      table = fresh;
    } else if (isTable(last)) table = last;
    else throw reader.fault(`"${name}" is no table`);
  }
  return table;
}

class Reader {
  readonly #line: string;
  readonly #at: Place;
  #next = 0;

  constructor(line: string, at: Place) {
    this.#line = line;
    this.#at = at;
  }

  place(): Place {
    return { ...this.#at, column: this.#next + 1 };
  }

  fault(message: string): UsageError {
    return new UsageError(message, null, this.place());
  }

  /** Passes over blanks. */
  blank(): void {
    this.#take(/\s*/y);
  }

  ended(): boolean {
    return this.#next >= this.#line.length || this.#line[this.#next] === "#";
  }

  /** `key = value`, and nothing behind it. */
  pair(table: TomlTable): void {
    this.#pairInto(table);
    this.blank();
    if (!this.ended()) throw this.fault(`what is "${this.#line.slice(this.#next).trim()}"?`);
  }

  #pairInto(table: TomlTable): void {
    this.blank();
    const place = this.place();
    const key = this.#take(/[\w-]+|"[^"]*"/y)?.replaceAll('"', "");
    this.blank();
    if (key === undefined || this.#take(/=/y) === undefined)
      throw this.fault("a key and its value are wanted, as in key = value");
    table.values.set(key, this.#value());
    table.places.set(key, place);
  }

  #value(): Toml {
    this.blank();
    if (this.#take(/\[/y) !== undefined) return this.#list();
    if (this.#take(/\{/y) !== undefined) return this.#inline();
    const string = this.#take(/"(?:[^"\\]|\\.)*"|'[^']*'/y);
    if (string !== undefined)
      return string.startsWith("'") ? string.slice(1, -1) : string.slice(1, -1).replaceAll(/\\(.)/g, "$1");
    const word = this.#take(/[\w.+-]+/y);
    if (word === "true" || word === "false") return word === "true";
    const number = Number(word?.replaceAll("_", "") ?? NaN);
    if (word === undefined || Number.isNaN(number))
      throw this.fault(word === undefined ? "a value is wanted" : `"${word}" is no value that is understood here`);
    return number;
  }

  #list(): Toml[] {
    const items: Toml[] = [];
    for (;;) {
      this.blank();
      if (this.#take(/\]/y) !== undefined) return items;
      items.push(this.#value());
      this.blank();
      if (this.#take(/,/y) === undefined && this.#line[this.#next] !== "]")
        throw this.fault('"," or "]" is wanted, on the same line');
    }
  }

  #inline(): TomlTable {
    const table = emptyTable();
    for (;;) {
      this.blank();
      if (this.#take(/\}/y) !== undefined) return table;
      this.#pairInto(table);
      this.blank();
      if (this.#take(/,/y) === undefined && this.#line[this.#next] !== "}") throw this.fault('"," or "}" is wanted');
    }
  }

  /** Text at the place, by a sticky pattern. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#next;
    const found = pattern.exec(this.#line)?.[0];
    if (found !== undefined) this.#next += found.length;
    return found;
  }
}
