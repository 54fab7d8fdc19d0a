/** A small JSON Schema validator: the keywords that our schemas use, and an error for any other. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Schema = { readonly [keyword: string]: unknown };

/**
 * Validates.
 * @returns what is wrong, each with the path to it; empty: valid
 */
export function violations(value: unknown, schema: Schema, path = "$"): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`the validator does not know the keyword "${keyword}"`);
    return check(value as Json, rule as never, path, schema);
  });
}

type Check = (value: Json, rule: never, path: string, schema: Schema) => string[];

const ignored: Check = () => [];

const KEYWORDS: Readonly<Record<string, Check>> = {
  $schema: ignored,
  $id: ignored,
  title: ignored,
  description: ignored,
  // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
  then: ignored,
  else: ignored,
  type: (value, rule: string, path) => (isType(value, rule) ? [] : [`${path} is not of type ${rule}`]),
  const: (value, rule: Json, path) => (value === rule ? [] : [`${path} is not ${JSON.stringify(rule)}`]),
  enum: (value, rule: readonly Json[], path) =>
    rule.includes(value) ? [] : [`${path} ${JSON.stringify(value)} is none of ${JSON.stringify(rule)}`],
  minimum: (value, rule: number, path) =>
    typeof value === "number" && value < rule ? [`${path} ${value} is below ${rule}`] : [],
  maximum: (value, rule: number, path) =>
    typeof value === "number" && value > rule ? [`${path} ${value} is above ${rule}`] : [],
  pattern: (value, rule: string, path) =>
    typeof value === "string" && !new RegExp(rule, "u").test(value) ? [`${path} ${value} does not match ${rule}`] : [],
  anyOf: (value, rule: readonly Schema[], path) => {
    const each = rule.map((one) => violations(value, one, path));
    return each.some((found) => found.length === 0) ? [] : each.flat();
  },
  required: (value, rule: readonly string[], path) =>
    isRecord(value)
      ? rule.filter((name) => !Object.hasOwn(value, name)).map((name) => `${path}.${name} is missing`)
      : [],
  properties: (value, rule: Readonly<Record<string, Schema>>, path) =>
    isRecord(value)
      ? Object.entries(rule).flatMap(([name, schema]) =>
          Object.hasOwn(value, name) ? violations(value[name], schema, `${path}.${name}`) : [],
        )
      : [],
  additionalProperties: (value, rule: boolean, path, { properties }) =>
    rule || !isRecord(value)
      ? []
      : Object.keys(value)
          .filter((name) => !Object.hasOwn(properties as object, name))
          .map((name) => `${path}.${name} is not in the schema`),
  items: (value, rule: Schema, path) =>
    Array.isArray(value) ? value.flatMap((item, index) => violations(item, rule, `${path}[${index}]`)) : [],
  if: (value, rule: Schema, path, schema) =>
    violations(
      value,
      ((violations(value, rule, path).length === 0 ? schema["then"] : schema["else"]) ?? {}) as Schema,
      path,
    ),
};

function isType(value: Json, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isRecord(value);
  return typeof value === type;
}

function isRecord(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
