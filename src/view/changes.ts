/**
 * What has become otherwise since the run before: who began to lie, fell silent, came back or is another host now. Told once, since what is remembered
 * next is how it is now; a run from cron that finds all as it was has nothing to tell.
 */
import type { Reason, Verdict } from "../association/verdict.ts";
import type { RememberedAssociation } from "../engine/port/memory.ts";
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { literalFamily } from "../config/literal.ts";
import { explain } from "./explain.ts";
import { fullName } from "./servername.ts";
import { listed, printable } from "./text.ts";

/** How a server fares: it is right, it lies, it does not answer, or it may not be used for another cause. */
type Health = "good" | "lies" | "silent" | "unfit";

const SILENT: ReadonlySet<Reason | null> = new Set(["unreachable", "portUnreachable", "noRoute"]);

/** What says nothing of a server: there was no need to judge it, or no time. */
const UNJUDGED: ReadonlySet<Reason | null> = new Set(["pending", "untold", "noselect", "surplus", "duplicate"]);

/** `null`: nobody has judged it. */
function healthOf(verdict: Verdict, reason: Reason | null): Health | null {
  if (UNJUDGED.has(reason)) return null;
  // On probation it is still the one that lied.
  if (verdict === "falseticker" || reason === "probation") return "lies";
  if (verdict !== "rejected") return "good";
  return SILENT.has(reason) ? "silent" : "unfit";
}

/**
 * A sentence for each name that leads elsewhere, and for each server that fares otherwise than it did.
 * @param before what was remembered of servers when the run began
 */
export function changesSince(before: readonly RememberedAssociation[], snapshot: Snapshot): readonly string[] {
  const moved = snapshot.resolved.flatMap((resolved) => moveOf(resolved, before) ?? []);
  return [
    ...moved.map(
      ({ name, from, to }) => `${printable(name)}: its address is ${listed(to)} now, it was ${listed(from)}`,
    ),
    ...snapshot.associations.flatMap((server) => {
      const earlier =
        before.find((entry) => isSame(server, entry)) ??
        before.find(({ name, ip }) =>
          moved.some((move) => move.name === server.name && name === move.name && move.from.includes(ip)),
        );
      return earlier === undefined ? [] : (healthChange(server, earlier, snapshot) ?? []);
    }),
  ];
}

/** A name that led to one host and leads to another. */
interface Move {
  readonly name: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Names of many addresses give others each time, and names of one that take turns are told once: then both are remembered. */
function moveOf(
  { name, addresses }: Snapshot["resolved"][number],
  before: readonly RememberedAssociation[],
): Move | null {
  const from = [...new Set(before.filter((entry) => entry.name === name).map(({ ip }) => ip))];
  const isNew = from.length > 0 && addresses.every((ip) => !from.includes(ip));
  return isNew && isOneHost(from) && isOneHost(addresses) ? { name, from, to: addresses } : null;
}

/** No more than one address of a family. */
function isOneHost(addresses: readonly string[]): boolean {
  return new Set(addresses.map(literalFamily)).size === addresses.length;
}

function healthChange(server: AssociationReport, earlier: RememberedAssociation, snapshot: Snapshot): string | null {
  const past = healthOf(earlier.verdict, earlier.reason);
  const health = healthOf(server.verdict, server.reason);
  if (past === null || health === null || health === past) return null;
  // Of one ill to another matters only that it lies now.
  if (health !== "good" && past !== "good" && health !== "lies") return null;
  if (health === "good") return `${fullName(server)}: it is all right again`;
  return `${explain(server, snapshot) ?? fullName(server)}; the last time it was ${PAST[past]}`;
}

const PAST: Readonly<Record<Health, string>> = {
  good: "all right",
  lies: "wrong",
  silent: "silent",
  unfit: "not fit for use",
};

function isSame(server: AssociationReport, { name, ip, port }: RememberedAssociation): boolean {
  return server.name === name && server.address === ip && server.port === port;
}
