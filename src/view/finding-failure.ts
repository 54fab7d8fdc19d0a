/** Why nothing was found, in one line that names what and where, and a hint what to do next. */
import type { HostFault } from "../engine/port/event.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import type { Seconds } from "../time/seconds.ts";
import type { FailureDocument } from "./document.ts";
import { danceText, HOST_FAULTS } from "./explain.ts";
import { describeFailure, type Lacking, portHint } from "./failure.ts";
import { namesText, type Finding } from "./finding.ts";
import { fullName } from "./servername.ts";
import { counted, durationText, printable } from "./text.ts";

/** What the words need to know beside the snapshot. */
export interface FindingContext {
  readonly groups: readonly string[];
  /** Hops of the last ring. */
  readonly ttl: number;
  /** The key that a search is signed with; those who do not know it stay silent. */
  readonly key: number | null;
  /** UDP port that is asked or listened to. */
  readonly port: number;
  readonly deadline: Seconds | null;
  readonly interface: string | null;
  /** Why the port could not be opened. */
  readonly notListening: HostFault | null;
  /** The first group that could not be received. */
  readonly notJoined: { readonly group: string; readonly why: HostFault } | null;
  /** The first destination that could not be sent to. */
  readonly notSent: { readonly ip: string; readonly why: HostFault } | null;
  readonly lacking: Lacking | null;
  /** This host has no network but loopback. */
  readonly alone: boolean;
  /** Who is found is to prove who he is under NTS. */
  readonly nts: boolean;
  /** The same under Autokey. */
  readonly autokey: boolean;
}

type Words = Pick<FailureDocument, "message" | "hint">;

/**
 * What a failed run has to say.
 * @returns `null` when the outcome is `ok`
 */
export function describeFinding(
  kind: Finding,
  outcome: Outcome,
  snapshot: Snapshot,
  context: FindingContext,
): FailureDocument | null {
  if (outcome === "ok") return null;
  const words = wordsOf(kind, outcome, snapshot, context);
  if (words !== null) return { code: outcome, ...words };
  const { deadline, lacking } = context;
  return describeFailure(outcome, snapshot, { command: kind, limits: null, deadline, lacking });
}

function wordsOf(kind: Finding, outcome: Outcome, snapshot: Snapshot, context: FindingContext): Words | null {
  const { notListening, notJoined } = context;
  if (outcome === "permission" && notListening !== null) return portWords(context, notListening);
  if (outcome === "usage" && notListening !== null)
    return {
      message: `${context.interface ?? "the address"}: ${HOST_FAULTS[notListening]}`,
      hint: "`ip address` lists the interfaces and their addresses",
    };
  if (outcome === "authentication") return authenticationWords(kind, snapshot, context);
  if (outcome === "deadline" && kind === "manycast" && snapshot.associations.length === 0)
    return cutOff(snapshot, context);
  if (outcome !== "no-reply") return null;
  if (notJoined !== null)
    return {
      message: `${printable(notJoined.group)} cannot be received${context.interface === null ? "" : ` on ${printable(context.interface)}`}: ${HOST_FAULTS[notJoined.why]}`,
      hint: "name another interface with --interface",
    };
  if (kind === "manycast") return silentRings(snapshot, context);
  return kind === "broadcast" && snapshot.associations.length === 0 ? silentNetwork(snapshot, context) : null;
}

function portWords({ port, lacking }: FindingContext, why: HostFault): Words {
  // Broadcasts come to one port: on another nothing would be heard.
  if (why === "portInUse")
    return {
      message: `UDP port ${port} is in use by another program`,
      hint: "stop the time daemon there while this listens, or run one that shares the port, as chronyd does",
    };
  return {
    message: `UDP port ${port} may not be used by this process`,
    hint: portHint(lacking, port, "--port"),
  };
}

function authenticationWords(kind: Finding, snapshot: Snapshot, { nts, autokey }: FindingContext): Words {
  if (nts) return { message: "whoever was found could not prove who he is under NTS", hint: NTS_HINT };
  const heard = snapshot.associations.filter(({ reason }) => reason === "authentication");
  if (autokey)
    return { message: `whoever was found has not proved who he is under Autokey${whys(heard)}`, hint: AUTOKEY_HINT };
  if (heard.length === 0) return { message: "packets were heard, and none of them is authentic", hint: HINT };
  const verb = kind === "broadcast" ? "heard" : "found";
  const asked = kind === "pool" ? null : HINT;
  return {
    message: `${counted(heard.length, "server")} ${heard.length === 1 ? "was" : "were"} ${verb}, and none is authentic: ${namesText(heard.map(fullName))}`,
    hint: asked,
  };
}

const NTS_HINT =
  "`ntpkit nts HOST` examines one of them step by step; --ca FILE names who is to be trusted besides, --nts-name the name that their certificates have";

const AUTOKEY_HINT =
  "a trail of certificates has to end at a trusted host (keygen --autokey --trusted); --autokey-group names the group whose parameters are in the folder; -v says more";

/** What each has not shown. */
function whys(heard: Snapshot["associations"]): string {
  const told = heard.slice(0, 4).map((server) => `${fullName(server)} (${unprovedText(server)})`);
  return told.length === 0 ? "" : `: ${told.join(", ")}${heard.length > told.length ? " and others" : ""}`;
}

/** Why somebody is not believed under Autokey, in a few words. */
export function unprovedText({ autokey, authentication, packets }: AssociationReport): string {
  return autokey === undefined || packets.sent === 0 ? "it does not speak Autokey" : danceText(autokey, authentication);
}

const HINT = "name the file of their keys with --keys, or trust whoever answers with --no-auth";

function silentRings({ rings }: Snapshot, { groups, ttl, notSent, key, alone }: FindingContext): Words {
  if (notSent !== null)
    return {
      message: `${printable(notSent.ip)} cannot be asked: ${HOST_FAULTS[notSent.why]}`,
      hint: "name the interface with --interface; is the network up?",
    };
  const hops = Math.max(0, ...rings.map((ring) => ring.ttl));
  if (alone) return { message: `no server answered on this host in ${namesText(groups)}`, hint: ALONE };
  const further = hops < ttl ? "" : " --ttl asks further away;";
  return {
    message: `no server answered within ${counted(hops, "hop")} of this host in ${namesText(groups)}`,
    hint: `are there manycast servers in that group${key === null ? "" : ` that know key ${key}`}?${further} routers have to forward it`,
  };
}

function cutOff({ rings }: Snapshot, { deadline, ttl }: FindingContext): Words {
  const hops = Math.max(0, ...rings.map((ring) => ring.ttl));
  return {
    message: `the deadline${deadline === null ? "" : ` of ${durationText(deadline)}`} passed before all rings were asked: ${hops} of ${counted(ttl, "hop")}, and no server answered`,
    hint: "--deadline allows more time, --ttl asks fewer rings",
  };
}

const ALONE = "this host has no network but loopback: `ip link` shows which interfaces are down";

function silentNetwork({ elapsed }: Snapshot, { groups, port, alone }: FindingContext): Words {
  const where = groups.length === 0 ? "" : ` in ${namesText(groups)}`;
  return {
    message: `no broadcast was heard${where} on UDP port ${port} in ${durationText(elapsed)}`,
    hint: alone ? ALONE : "servers send every 64 s as a rule: allow more time; does a firewall block the port?",
  };
}
