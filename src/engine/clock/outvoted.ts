/**
 * Before the clock is set for the first time: how many have to agree, for those who have not had their say could outvote them.
 *
 * The first correction may be of any size and is made at once. Were it made by the word of the first server that becomes fit, a
 * packet or two lost by the others would let a lone liar set the clock, and the step threshold would then keep it there for as
 * long as an offset has to last (RFC 5905 §11.3 knows no such wait; chrony's selection waits for its other sources likewise). Until
 * then we are not synchronized, and say so to whoever asks.
 */
import type { Association } from "../../association/association.ts";
import { LOST_LIMIT } from "../../association/poll.ts";
import type { Reason } from "../../association/verdict.ts";
import { isSet } from "../../discipline/strategy.ts";
import { unfitness } from "../../system/fitness.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Seconds } from "../../time/seconds.ts";
import type { State } from "../state.ts";
import { TIMER } from "../timer.ts";

/** So long after somebody first survives the others are waited for: as long as two bursts take. */
const PATIENCE: Seconds = 16;

/** So many answers make a server fit by its dispersion: Σ 16 s / 2^i over the stages that are empty is then 1 s. */
const HEARD_ENOUGH = 4;

/** Who answers so has had his say: he has no time to tell, or one that is not to be followed however often it is asked for. */
const HAS_SAID: ReadonlySet<Reason> = new Set(["unsynchronized", "stratum", "loop"]);

/** The fewest survivors that are followed: minsane, and before the first correction more than may still be heard. */
export function leastSurvivors(state: State, now: Now): number {
  const { minsane } = state.config.limits;
  const { steering } = state.clock;
  if (steering === null || now.mono >= after(steering.believedAt, PATIENCE) || isSet(steering.discipline.report))
    return minsane;
  const undecided = [...state.roster].filter((association) => {
    const reason = unfitness(association, now.mono, state.fitness);
    return reason !== null && !HAS_SAID.has(reason) && mayStillCount(association);
  });
  return Math.max(minsane, undecided.length + 1);
}

/** Somebody survives: from now on the others are waited for so long, and no longer. */
export function onSurvivors({ opinion, clock: { steering }, deadlines }: State, now: Now): void {
  if (steering === null || steering.believedAt !== Infinity || opinion.survivors.length === 0) return;
  steering.believedAt = now.mono;
  deadlines.set(TIMER.firstSet, after(now.mono, PATIENCE));
}

/** It is asked, and has neither said enough to be fit nor let three questions in a row go unanswered. */
function mayStillCount({ config, listening, ended, unanswered, answers, nextPoll }: Association): boolean {
  const isAsked = ended === null && listening === null && nextPoll !== null;
  return isAsked && !config.noselect && unanswered < LOST_LIMIT && answers < HEARD_ENOUGH;
}
