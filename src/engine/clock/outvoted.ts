/**
 * Before the clock is set for the first time: whether those who have not had their say could outvote whoever is believed.
 *
 * The first correction may be of any size and is made at once. Were it made by the word of the first server that becomes fit, a
 * packet or two lost by the others would let a lone liar set the clock, and the step threshold would then keep it there for as
 * long as an offset has to last (RFC 5905 §11.3 knows no such wait; chrony's selection waits for its other sources likewise).
 */
import type { Association } from "../../association/association.ts";
import { LOST_LIMIT } from "../../association/poll.ts";
import { isSet } from "../../discipline/strategy.ts";
import { after } from "../../time/mono.ts";
import type { Now } from "../../time/now.ts";
import type { Seconds } from "../../time/seconds.ts";
import type { State } from "../state.ts";
import { TIMER } from "../timer.ts";
import type { Steering } from "./steering.ts";

/** So long after somebody is first believed the others are waited for: as long as two bursts take. */
const PATIENCE: Seconds = 16;

/** So many answers make a server fit by its dispersion: Σ 16 s / 2^i over the stages that are empty is then 1 s. */
const HEARD_ENOUGH = 4;

/** Whether the clock is not to be set yet: no more are believed than have yet to be heard, and they may still answer. */
export function mayBeOutvoted(state: State, steering: Steering, now: Now): boolean {
  steering.believedAt ??= now.mono;
  const end = after(steering.believedAt, PATIENCE);
  if (now.mono >= end || isSet(steering.discipline.report)) return false;
  const { truechimers, verdicts } = state.opinion;
  const undecided = [...state.roster].filter(
    (association) => verdicts.get(association.id)?.verdict === "rejected" && mayStillCount(association),
  );
  if (undecided.length < truechimers) return false;
  state.deadlines.set(TIMER.firstSet, end);
  return true;
}

/** It is asked, and has neither said enough to be fit nor let three questions in a row go unanswered. */
function mayStillCount({ config, listening, ended, unanswered, answers, nextPoll }: Association): boolean {
  const isAsked = ended === null && listening === null && nextPoll !== null;
  return isAsked && !config.noselect && unanswered < LOST_LIMIT && answers < HEARD_ENOUGH;
}
