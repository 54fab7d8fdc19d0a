/** What the real ntpq printed of a fixed state, printed by our own client of our own server. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { mode6Report } from "../../../src/control/daemonmode6.ts";
import { namesOf, VARIABLE_LISTS } from "../../../src/control/lists.ts";
import { readMru } from "../../../src/control/mru.ts";
import {
  readClock,
  readDaemon,
  readInterfaces,
  readRestrictions,
  readStatus,
  readVariables,
  type ReadVariables,
} from "../../../src/control/operations.ts";
import type { ControlFault } from "../../../src/control/request.ts";
import { unfold } from "../../../src/time/timestamp.ts";
import { interfacesTable, mruTable, restrictionsTable } from "../../../src/view/peers-rows.ts";
import { listText, variablesText } from "../../../src/view/peers-variables.ts";
import { associationsTable, peersTable } from "../../../src/view/peers.ts";
import { ask } from "../replay.ts";
import { BEGINNING, keyring, responderOf } from "./view.ts";

const PIVOT = 1_795_000_000_000_000_000n;
const OPTIONS = { pivot: PIVOT, zone: "utc" } as const;
const { daemon } = responderOf({ localStratum: 5 });
const key = keyring.find(7)!;

function printed(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../fixtures/responder/${name}.txt`, import.meta.url)), "utf8");
}

function told<Result>(read: Result): Exclude<Result, ControlFault> {
  if ((read as ControlFault).kind === "fault") throw new Error((read as ControlFault).fault);
  return read as Exclude<Result, ControlFault>;
}

it("peers", () => {
  expect(
    peersTable(mode6Report("127.0.0.1", told(ask(readDaemon(), daemon)), BEGINNING, unfold(BEGINNING, PIVOT))),
  ).toBe(printed("peers"));
});

it("associations", () => {
  expect(associationsTable(told(ask(readStatus(), daemon)).associations)).toBe(printed("as"));
});

it.each([
  ["rv", 0, "system"],
  ["rv1", 41_920, "peer"],
] as const)("%s", (file, association, kind) => {
  expect(variablesText(told(ask(readVariables(association), daemon)), kind, OPTIONS)).toBe(printed(file));
});

it("clockvar", () => {
  expect(variablesText(told(ask(readClock(0), daemon)), "clock", OPTIONS)).toBe(printed("clockvar"));
});

it.each(["sysinfo", "kerninfo", "sysstats", "iostats", "timerstats", "authinfo", "monstats"] as const)("%s", (list) => {
  const read: ReadVariables = told(ask(readVariables(0, namesOf(VARIABLE_LISTS[list])), daemon));
  expect(listText(list, read, OPTIONS)).toBe(printed(list));
});

it("pstats", () => {
  expect(listText("pstats", told(ask(readVariables(41_920, namesOf(VARIABLE_LISTS.pstats)), daemon)), OPTIONS)).toBe(
    printed("pstats"),
  );
});

it("mrulist", () => {
  expect(mruTable(told(ask(readMru(), daemon)))).toBe(printed("mrulist"));
});

it("ifstats and reslist", () => {
  expect(interfacesTable(told(ask(readInterfaces(), daemon, { key })))).toBe(printed("ifstats"));
  expect(restrictionsTable(told(ask(readRestrictions(), daemon, { key })))).toBe(printed("reslist"));
});
