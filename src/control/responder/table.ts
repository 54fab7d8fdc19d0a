/**
 * Variables by tables: a name and where its value comes from, in the order in which answers have them, whatever the order of
 * the question (as ntpd does).
 */
import type { Value } from "./text.ts";

/** Variables of a thing. */
export type VariableTable<Thing> = readonly (readonly [name: string, value: (thing: Thing) => Value])[];

/** The items of a list of variables; those without a value are left out. */
export function namedItems<Thing>(table: VariableTable<Thing>, names: ReadonlySet<string>, thing: Thing): string[] {
  return table.flatMap(([name, value]) => (names.has(name) ? itemOf(name, value(thing)) : []));
}

/** As {@link namedItems}, in the order of the names. */
export function orderedItems<Thing>(table: VariableTable<Thing>, names: readonly string[], thing: Thing): string[] {
  const byName = new Map(table);
  return names.flatMap((name) => itemOf(name, byName.get(name)?.(thing) ?? null));
}

/** Names from a question: `leap, stratum=3, …`, values and blanks left out. */
export function namesIn(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.split("=")[0]!.trim().replaceAll("\0", ""))
    .filter((name) => name !== "");
}

/** Variables known by name that are not kept here: they may be asked for, and have no value. */
export function withoutValue<Thing>(names: string): VariableTable<Thing> {
  return names.split(" ").map((name) => [name, () => null]);
}

function itemOf(name: string, value: Value): string[] {
  return value === null ? [] : [`${name}=${value}`];
}
