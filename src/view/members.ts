/** Tables of servers that were found: what pools, rings and broadcasts are told apart by. */
import type { AssociationReport } from "../engine/port/snapshot.ts";
import { WHY_NOT, type Column } from "./table.ts";
import { durationText, inWords, NOTHING, printable, signedText } from "./text.ts";

const STRATUM: Column = { heading: "st", align: "right", cell: ({ stratum }) => stratum?.toString() ?? NOTHING };
const REFID: Column = {
  heading: "refid",
  align: "left",
  cell: ({ refid }) => (refid === null || refid === "" ? NOTHING : printable(refid)),
  goes: 6,
};
const LEAP: Column = {
  heading: "leap",
  align: "left",
  cell: ({ leap }) => (leap === null ? NOTHING : leap === "unsynchronized" ? "unsync" : leap),
  goes: 2,
};
const OFFSET: Column = { heading: "offset", align: "right", cell: ({ offset }) => signedText(offset) };
const DELAY: Column = { heading: "delay", align: "right", cell: ({ delay }) => durationText(delay), goes: 5 };
const DISTANCE: Column = {
  heading: "distance",
  align: "right",
  cell: ({ rootDistance }) => durationText(rootDistance),
  goes: 4,
};
const REACH: Column = { heading: "reach", align: "right", cell: ({ reach }) => reach.toString(8), goes: 3 };
const KISS: Column = {
  heading: "kiss",
  align: "left",
  cell: ({ kiss }) => (kiss === null ? NOTHING : printable(kiss)),
};
const RING: Column = { heading: "ring", align: "right", cell: ({ ttl }) => ttl?.toString() ?? NOTHING };
const WHY: Column = { heading: WHY_NOT, align: "left", cell: ({ reason }) => inWords(reason ?? ""), goes: 1 };
const KEY: Column = { heading: "auth", align: "left", cell: authentication };
const GROUP: Column = {
  heading: "heard on",
  align: "left",
  cell: ({ group }) => (group === undefined ? NOTHING : printable(group)),
  goes: 7,
};

/** What is said of a pool's members; nobody kissed us, as a rule, and then no column says so. */
export function poolColumns(members: readonly AssociationReport[]): readonly Column[] {
  const kissed = members.some(({ kiss }) => kiss !== null);
  return [STRATUM, REFID, LEAP, OFFSET, DELAY, DISTANCE, REACH, ...(kissed ? [KISS] : []), WHY];
}

/** What is said of servers that answered rings. */
export const RING_COLUMNS: readonly Column[] = [RING, STRATUM, REFID, KEY, OFFSET, DELAY, DISTANCE, REACH, WHY];

/** What is said of broadcast servers. */
export const BROADCAST_COLUMNS: readonly Column[] = [GROUP, STRATUM, REFID, KEY, OFFSET, DELAY, DISTANCE, REACH, WHY];

/** `none`, `key 7`, or what was wrong. */
function authentication({ authentication: said, keyId }: AssociationReport): string {
  if (said === "ok") return keyId === null ? "ok" : `key ${keyId}`;
  return said;
}
