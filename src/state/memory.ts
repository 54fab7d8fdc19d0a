/**
 * What outlives a run, as text: one JSON document with a version, and how the memories of two runs become one.
 *
 * ```json
 * { "format": "ntpkit/state", "version": 2, "kisses": [{ "ip": "192.0.2.1", "port": 123, "code": "DENY", "at": "…Z" }],
 *   "remembered": { "at": { "clock": "…", "steady": 4711.2, … }, "associations": [ … ], "clock": { … } } }
 * ```
 *
 * `remembered` is there if a run was to remember its servers (`remembered.ts`), `keys` if one has left keys of Network Time Security
 * (`keys.ts`). A version says how to read the rest; what is only added keeps it. Entries are read strictly: a memory that is half
 * understood would let a server be asked again that asked not to be.
 */
import type { RememberedKiss } from "../engine/port/memory.ts";
import { isNestedDeeper, isRecord } from "./checks.ts";
import { keysIn, ours } from "./keys.ts";
import type { KeptKeys } from "./keys.ts";
import { documentOf, storedOf } from "./remembered.ts";
import type { Stored } from "./remembered.ts";
import { takenOver } from "./version1.ts";

const FORMAT = "ntpkit/state";
const VERSION = 2;
/** Lists and objects within each other; ours need 7. */
const DEEPEST = 32;

/** Why a text is no memory: not what we write, or written by a later ntpkit. */
export type MemoryFault = "corrupt" | "future";

/** What is in a file. */
export interface StoredMemory {
  readonly kisses: readonly RememberedKiss[];
  /** `null`: no run was to remember its servers. */
  readonly stored: Stored | null;
  /** Secrets. */
  readonly keys: readonly KeptKeys[];
}

/** A file without anything in it. */
export const EMPTY: StoredMemory = { kisses: [], stored: null, keys: [] };

/** A memory as the text of a file. */
export function encodeMemory({ kisses, stored, keys }: StoredMemory): string {
  const document = {
    format: FORMAT,
    version: VERSION,
    kisses: kisses.map(kissOf),
    ...(stored === null ? {} : { remembered: documentOf(stored) }),
    ...(keys.length === 0 ? {} : { keys: keys.map(ours) }),
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}

/** The memory in the text of a file, or why there is none; never throws. */
export function decodeMemory(text: string): StoredMemory | MemoryFault {
  if (isNestedDeeper(text, DEEPEST)) return "corrupt";
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return "corrupt";
  }
  if (!isRecord(document) || document["format"] !== FORMAT) return "corrupt";
  const { version, kisses } = document;
  if (typeof version === "number" && Number.isInteger(version) && version > VERSION) return "future";
  if ((version !== VERSION && version !== 1) || !Array.isArray(kisses) || !kisses.every(isKiss)) return "corrupt";
  const { remembered } = document;
  const stored = remembered === undefined ? null : storedOf(version === 1 ? takenOver(remembered) : remembered);
  if (stored === null && remembered !== undefined) return "corrupt";
  const keys = keysIn(document);
  return keys === null ? "corrupt" : { kisses: kisses.map(kissOf), stored, keys };
}

/**
 * Joins the kisses that this run changed with what others wrote in the meantime, entry by entry.
 * @param base what this run started from
 * @param ours what it has now
 * @param theirs what the file has now
 * @returns theirs, without what we dropped, with what we added; of one server's two kisses the later
 */
export function mergeKisses(
  base: readonly RememberedKiss[],
  ours: readonly RememberedKiss[],
  theirs: readonly RememberedKiss[],
): readonly RememberedKiss[] {
  const [from, to, merged] = [base, ours, theirs].map(byServer) as [Kisses, Kisses, Kisses];
  for (const [server, kiss] of from) {
    if (!to.has(server) && merged.get(server)?.at === kiss.at) merged.delete(server);
  }
  for (const [server, kiss] of to) {
    if (isSame(from.get(server), kiss)) continue;
    const other = merged.get(server);
    if (other === undefined || Date.parse(other.at) <= Date.parse(kiss.at)) merged.set(server, kiss);
  }
  return [...merged.values()];
}

type Kisses = Map<string, RememberedKiss>;

function byServer(kisses: readonly RememberedKiss[]): Kisses {
  return new Map(kisses.map((kiss) => [`${kiss.ip} ${kiss.port}`, kiss]));
}

function isSame(one: RememberedKiss | undefined, other: RememberedKiss): boolean {
  return one !== undefined && one.code === other.code && one.at === other.at;
}

function isKiss(entry: unknown): entry is RememberedKiss {
  if (!isRecord(entry)) return false;
  const { ip, port, code, at } = entry;
  return (
    typeof ip === "string" &&
    ip !== "" &&
    isPort(port) &&
    (code === "DENY" || code === "RSTR") &&
    typeof at === "string" &&
    !Number.isNaN(Date.parse(at))
  );
}

function isPort(port: unknown): boolean {
  return typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** The fields that are ours, in our order. */
function kissOf({ ip, port, code, at }: RememberedKiss): RememberedKiss {
  return { ip, port, code, at };
}
