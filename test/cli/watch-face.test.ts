/** What `watch` draws, from snapshots made by hand. */
import { expect, it } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import type { Session } from "../../src/cli/session.ts";
import { watchFace } from "../../src/cli/watch-face.ts";
import { onceConfig } from "../../src/config/options.ts";
import { association, snapshotOf, type SnapshotParts } from "../support/snapshot.ts";

const CONFIG = onceConfig("query", [], {}, null, { precision: -20, ownReferenceIds: [] });

/** The last screen of a terminal of this size. */
async function drawn(columns: number, names: readonly string[], more: SnapshotParts = {}): Promise<readonly string[]> {
  let screen = "";
  const out = { write: (text: string) => void (screen = text), isTerminal: true, columns, rows: 40 };
  const io: Io = { out, err: out, env: { TERM: "xterm" }, onStop: () => () => {} };
  const face = await watchFace({ color: false }, CONFIG, io);
  const snapshot = snapshotOf(
    names.map((name, index) =>
      association(index + 1, { name, address: `192.0.2.${index + 1}`, offset: 0.001 * index }),
    ),
    more,
  );
  face.shown!.show({ elapsed: 1, snapshot: () => snapshot } as unknown as Session);
  // oxlint-disable-next-line no-control-regex
  return screen.replaceAll(/\u001b\[[\d;]*[A-Za-z]/g, "").split("\n");
}

it("has a legend by name, or by address where one name stands for several, within the terminal", async () => {
  expect(await drawn(100, ["a.example.net", "b.example.net"])).toContain("1 a.example.net   2 b.example.net");
  expect(await drawn(100, ["pool.example.net", "pool.example.net"])).toContain("1 192.0.2.1   2 192.0.2.2");
  const long = ["one.of.the.servers.example.net", "another.of.them.example.net", "the.third.of.them.example.net"];
  const narrow = await drawn(60, long);
  for (const line of narrow) expect([line, line.length <= 60]).toEqual([line, true]);
  for (const name of long) expect(narrow.some((line) => line.includes(name))).toBe(true);
});

it("has a line for who was named and is not in the table: drawn from a name and of no use, or without an address", async () => {
  const notDrawn = [{ name: "dead.example.net", address: "192.0.2.9", port: 123, why: "noReply" as const }];
  const screen = await drawn(100, ["a.example.net"], { notDrawn, unresolved: [{ name: "b.test", why: "notFound" }] });
  expect(screen).toContain("192.0.2.9:123 (dead.example.net): it does not answer");
  expect(screen.some((line) => line.startsWith("b.test: "))).toBe(true);
});
