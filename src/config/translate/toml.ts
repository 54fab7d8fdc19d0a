/**
 * TOML, read by `smol-toml`, as tables that know where each of their keys stands.
 *
 * The library tells no places, so keys are looked for in the text: good enough to point at a line, and of no consequence
 * beyond that.
 */
import { parse, TomlError, type TomlValue as Parsed } from "smol-toml";
import { UsageError, type Place } from "../usage.ts";

/** A value; dates and times are their text. */
export type Toml = string | number | boolean | readonly Toml[] | TomlTable;

/** A table; `places` says where each of its keys stands. */
export interface TomlTable {
  readonly values: ReadonlyMap<string, Toml>;
  readonly places: ReadonlyMap<string, Place>;
}

/**
 * Reads a document.
 * @param file for messages
 * @throws UsageError at the first thing that is no TOML
 */
export function parseToml(text: string, file: string): TomlTable {
  const source = text.replace(/^\uFEFF/, "");
  try {
    return tableOf(parse(source), "", placesIn(source, file), { file, line: 1, column: 1 });
  } catch (error) {
    // Tables a hundred thousand deep are more than the stack.
    if (error instanceof RangeError)
      throw new UsageError("no TOML: its tables are nested too deeply", null, { file, line: 1, column: 1 });
    if (!(error instanceof TomlError)) throw error;
    const [message] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new UsageError(`no TOML: ${message}`, null, { file, line: error.line, column: error.column });
  }
}

/** Whether a value is a table. */
export function isTable(value: Toml | undefined): value is TomlTable {
  return typeof value === "object" && "values" in value && value.values instanceof Map;
}

/** Where the keys of a document stand, by their whole path, e.g. `source[1].address`. */
type Places = ReadonlyMap<string, Place>;

function valueOf(value: Parsed, path: string, places: Places, at: Place): Toml {
  if (Array.isArray(value)) return value.map((item, index) => valueOf(item, `${path}[${index}]`, places, at));
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return tableOf(value, path, places, at);
  return typeof value === "bigint" ? Number(value) : value;
}

/** @param at where the table stands, for keys that are not found */
function tableOf(table: object, path: string, places: Places, at: Place): TomlTable {
  const values = new Map<string, Toml>();
  const found = new Map<string, Place>();
  for (const [key, value] of Object.entries(table)) {
    const inside = path === "" ? key : `${path}.${key}`;
    const place = places.get(inside) ?? places.get(`${inside}[0]`) ?? at;
    values.set(key, valueOf(value as Parsed, inside, places, place));
    found.set(key, place);
  }
  return { values, places: found };
}

const HEADER = /^(\s*)(\[\[?)([^\]]+)\]\]?\s*(?:#.*)?$/;
const PAIR = /^(\s*)((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/;

/** What headers and lines that begin with a key name. */
function placesIn(text: string, file: string): Places {
  const places = new Map<string, Place>();
  const counts = new Map<string, number>();
  let table = "";
  const mark = (path: string, line: number, column: number): void => {
    if (!places.has(path)) places.set(path, { file, line, column });
  };
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [, indent = "", brackets, name = ""] = HEADER.exec(line) ?? [];
    const [, before = "", key] = PAIR.exec(line) ?? [];
    if (brackets !== undefined) {
      const path = indexed(pathOf(name), counts);
      const count = counts.get(path) ?? 0;
      if (brackets === "[[") counts.set(path, count + 1);
      table = brackets === "[[" ? `${path}[${count}]` : path;
      mark(table, index + 1, indent.length + 1);
    } else if (key !== undefined) {
      const inside = pathOf(key);
      mark(table === "" ? inside : `${table}.${inside}`, index + 1, before.length + 1);
    }
  }
  return places;
}

/** `source . "address"` as `source.address` */
function pathOf(name: string): string {
  return name
    .split(".")
    .map((part) => part.trim().replaceAll(/^["']|["']$/g, ""))
    .join(".");
}

/** The path of a table within arrays of tables: in the last element of each. */
function indexed(name: string, counts: ReadonlyMap<string, number>): string {
  const parts = name.split(".");
  const last = parts.pop()!;
  const parent = parts.reduce((path, part) => {
    const inside = path === "" ? part : `${path}.${part}`;
    const count = counts.get(inside) ?? 0;
    return count > 0 ? `${inside}[${count - 1}]` : inside;
  }, "");
  return parent === "" ? last : `${parent}.${last}`;
}
