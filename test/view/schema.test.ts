/**
 * The schemas of documents and their types are one: what of this file compiles is half of the test (`npm run check`), for each
 * `@ts-expect-error` must stand before an error.
 */
import { describe, expect, it } from "vitest";
import { integer, maybe, oneOf, open, optional, record, text, type Schema } from "../../src/view/schema.ts";
import { violations } from "../support/schema.ts";

interface Thing {
  readonly name: string;
  readonly size: number | null;
  readonly kind: "big" | "small";
  readonly group?: string;
}

const kind = oneOf(["big", "small"]);
const THING: Schema<Thing> = record<Thing>({
  name: text,
  size: maybe(integer(0)),
  kind,
  group: optional(text),
});

describe("a schema of a record", () => {
  it("has each field of the type, and no others, or does not compile", () => {
    // @ts-expect-error -- the group is missing
    record<Thing>({ name: text, size: maybe(integer(0)), kind });
    // @ts-expect-error -- there is no colour
    record<Thing>({ name: text, size: maybe(integer(0)), kind, group: optional(text), colour: text });
    // @ts-expect-error -- a size may be null
    record<Thing>({ name: text, size: integer(0), kind, group: optional(text) });
    // @ts-expect-error -- a third kind, but not the second
    record<Thing>({ name: text, size: maybe(integer(0)), kind: oneOf(["big", "huge"]), group: optional(text) });
    // @ts-expect-error -- a group may be absent
    record<Thing>({ name: text, size: maybe(integer(0)), kind, group: text });
    // @ts-expect-error -- no type is named
    record({ name: text });
    expect(THING).toEqual({
      type: "object",
      properties: {
        name: { type: "string" },
        size: { anyOf: [{ type: "integer", minimum: 0 }, { type: "null" }] },
        kind: { type: "string", enum: ["big", "small"] },
        group: { type: "string" },
      },
      required: ["name", "size", "kind"],
      additionalProperties: false,
    });
  });

  it("lets the type's values through, and what is added only where it is open", () => {
    const thing: Thing = { name: "a", size: null, kind: "big" };
    expect(violations(thing, THING)).toEqual([]);
    expect(violations({ ...thing, group: "g" }, THING)).toEqual([]);
    expect(violations({ ...thing, colour: "red" }, THING)).toHaveLength(1);
    expect(violations({ ...thing, colour: "red" }, open(THING))).toEqual([]);
    expect(violations({ name: "a", size: null }, open(THING))).toHaveLength(1);
  });
});
