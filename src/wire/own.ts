/** Looking up in a table of ours what a user or the network has said: `constructor` is no row of any. */

/**
 * A row of a table.
 * @returns `undefined` where the table itself has none of that name, whatever its prototype has
 */
export function own<Row>(table: Readonly<Record<string, Row>>, name: string): Row | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
