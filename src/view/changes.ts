/**
 * What has become otherwise since the run before: who began to lie, fell silent or came back. Told once, since what is remembered
 * next is how it is now; a run from cron that finds all as it was has nothing to tell.
 */
import type { Reason, Verdict } from "../association/verdict.ts";
import type { RememberedAssociation } from "../engine/memory/remembered.ts";
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import { explain } from "./explain.ts";
import { fullName } from "./servername.ts";

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
 * A sentence for each server that fares otherwise than it did.
 * @param before what was remembered of servers when the run began
 */
export function changesSince(before: readonly RememberedAssociation[], snapshot: Snapshot): readonly string[] {
  return snapshot.associations.flatMap((server) => {
    const earlier = before.find(({ name, ip, port }) => isSame(server, name, ip, port));
    if (earlier === undefined) return [];
    const past = healthOf(earlier.verdict, earlier.reason);
    const health = healthOf(server.verdict, server.reason);
    if (past === null || health === null) return [];
    // Of one ill to another matters only that it lies now.
    if (health === past || (health !== "good" && past !== "good" && health !== "lies")) return [];
    if (health === "good") return [`${fullName(server)}: it is all right again`];
    return [`${explain(server, snapshot) ?? fullName(server)}; the last time it was ${PAST[past]}`];
  });
}

const PAST: Readonly<Record<Health, string>> = {
  good: "all right",
  lies: "wrong",
  silent: "silent",
  unfit: "not fit for use",
};

function isSame(server: AssociationReport, name: string, ip: string, port: number): boolean {
  return server.name === name && server.address === ip && server.port === port;
}
