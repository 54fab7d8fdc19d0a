/**
 * When a one-shot has heard enough, and how it ends: the judgement of a run that is not meant to go on.
 */
import type { Association } from "../association/association.ts";
import { samplesWanted } from "../association/poll.ts";
import type { Reason } from "../association/verdict.ts";
import type { Seconds } from "../time/seconds.ts";
import type { OnceConfig } from "./port/config.ts";
import type { Outcome } from "./port/outcome.ts";
import type { Snapshot } from "./port/snapshot.ts";

/** What the judgement is made from. */
export interface Hearing {
  readonly associations: Iterable<Association>;
  /** Whether more may be found: names are being looked up, or groups solicited. */
  readonly finding: boolean;
  /** Associations whose intervals meet the intersection; 0 without a system peer. */
  readonly truechimers: number;
  /** Uncertainty of the system, `null` without a system peer. */
  readonly uncertainty: Seconds | null;
}

/**
 * Whether the run may end now.
 *
 * It may when every server has been heard out or given up. It may earlier when a majority of those still in the run have
 * `enough` samples and agree, or when a majority agree and their uncertainty is below the accuracy asked for. Of those that an earlier
 * run has measured each is given the time for its one answer.
 */
export function heardEnough(hearing: Hearing, once: OnceConfig): boolean {
  if (hearing.finding) return false;
  let open = 0;
  let running = 0;
  let measured = 0;
  let asked = 0;
  for (const association of hearing.associations) {
    if (association.ended === null) open += 1;
    if (association.known && association.ended === null && association.answers === 0 && association.unanswered <= 1)
      asked += 1;
    if (isOutOfTheRun(association)) continue;
    running += 1;
    if (once.enough !== null && association.samples >= Math.min(once.enough, samplesWanted(association, once)))
      measured += 1;
  }
  if (open === 0) return true;
  if (asked > 0) return false;
  if (hearing.uncertainty === null || !isMajority(hearing.truechimers, running)) return false;
  if (once.accuracy !== null) return hearing.uncertainty < once.accuracy;
  return isMajority(measured, running);
}

/** Given up, sent away, on probation, or only watched: it has no say in when a majority has been heard. */
function isOutOfTheRun(association: Association): boolean {
  if (association.config.noselect || association.probation !== null) return true;
  return association.ended !== null && association.samples === 0;
}

function isMajority(part: number, whole: number): boolean {
  return 2 * part > whole;
}

/** What became of one association, as the outcome's reasons group them. */
const CAUSE: Readonly<Record<Reason, "resolve" | "silence" | "permission" | "authentication" | "kiss" | "answer">> = {
  unresolved: "resolve",
  unreachable: "silence",
  portUnreachable: "silence",
  noRoute: "silence",
  sourcePort: "permission",
  pending: "silence",
  bogus: "silence",
  duplicate: "silence",
  kiss: "kiss",
  denied: "kiss",
  authentication: "authentication",
  unsynchronized: "answer",
  stratum: "answer",
  rootDistance: "answer",
  loop: "answer",
  header: "answer",
  noselect: "answer",
  outsideIntersection: "answer",
  noMajority: "answer",
  probation: "answer",
  selectJitter: "answer",
  surplus: "answer",
  untold: "answer",
};

/**
 * How a run ends that found no system peer (CONTRACT "Exit codes"): by the best news among the associations. Answers that
 * do not agree outweigh kisses, those outweigh failed authentication, that outweighs a port that may not be used, and that silence.
 * @param reasons why each association is not used
 */
export function failureOf(reasons: readonly Reason[]): Outcome {
  const causes = new Set(reasons.map((reason) => CAUSE[reason]));
  if (causes.has("answer")) return "no-agreement";
  if (causes.has("kiss")) return "kiss";
  if (causes.has("authentication")) return "authentication";
  if (causes.has("permission")) return "permission";
  if (causes.has("silence")) return "no-reply";
  return "resolve";
}

/** How a run that goes on would end at this moment: what its documents say meanwhile. */
export function outcomeNow({ system, associations, resolved, unresolved }: Snapshot): Outcome {
  if (system.systemPeer !== null) return "ok";
  if (system.survivors > 0) return "no-agreement";
  if (associations.length > 0) return failureOf(associations.flatMap(({ reason }) => reason ?? []));
  return unresolved.length > 0 && resolved.length === 0 ? "resolve" : "no-reply";
}
