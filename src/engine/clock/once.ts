/**
 * The one correction of a one-shot: the clock's phase, and with `--frequency` its rate.
 *
 * ```text
 * decide ─► slew, or step ────────────────► end
 *       └─► steer, or step and then steer ─► end          where the frequency is known
 * ```
 */
import { frequencyToSet } from "../../discipline/unattended.ts";
import { committed } from "../../discipline/corrections.ts";
import { decideCorrection } from "../../discipline/once.ts";
import type { Now } from "../../time/now.ts";
import type { Frequency, Seconds } from "../../time/seconds.ts";
import type { Event } from "../port/event.ts";
import { claimSet } from "./kernel.ts";
import type { State } from "../state.ts";
import { learnCorrection, learnOffset } from "../memory/unattended.ts";

/** The kernel keeps a frequency in units of 2^−16 ppm: less than half of one is no change. */
const LEAST_CHANGE: Frequency = 2 ** -17 * 1e-6;

/** The servers agree that the clock is off by so much: correct it, or say why not. */
export function correct(state: State, offset: Seconds, now: Now): void {
  learnOffset(state, now);
  const { clock } = state.config;
  if (clock.kind === "observe") {
    state.clock.correction.reason = "query";
    return state.end("ok");
  }
  const { action, reason } = decideCorrection(offset, clock.limits, state.opinion.estimate?.uncertainty ?? 0);
  state.clock.correction.action = action;
  state.clock.correction.reason = reason;
  if (action === "refused") return state.end("limit");
  const frequency = wantedFrequency(state);
  if (action === "none" && frequency === null) return state.end("ok");
  state.clock.correction.correcting = true;
  state.leaveOff();
  const phase = weighed(state, offset) - (action === "slew" ? stillComing(state, now) : 0);
  if (action === "step" || frequency === null) state.act({ kind: action === "step" ? "step" : "slew", offset: phase });
  else state.act({ kind: "steer", phase: action === "none" ? 0 : phase, frequency });
}

/**
 * What to add to the clock: the offset; in a run that remembers, the offset weighed with what was foretold of it. One packet a server
 * says less than a burst, but with all that is known of this clock it says more. They are apart by less than the offset's own
 * uncertainty, or the offset counts.
 */
function weighed({ config, memory: { learning }, opinion }: State, offset: Seconds): Seconds {
  const phase = (config.once?.known ?? null) === null ? null : (learning?.phase ?? null);
  return phase === null || Math.abs(phase - offset) > (opinion.estimate?.uncertainty ?? 0) ? offset : phase;
}

/** What a slew of the run before adds yet though another takes its place. */
function stillComing({ memory: { learning } }: State, now: Now): Seconds {
  return learning === null ? 0 : committed(learning.corrections, now.mono);
}

/** The clock was stepped. Its rate comes after. */
export function onStepDone(state: State, by: Seconds, now: Now): void {
  if (!state.clock.correction.correcting) return;
  state.clock.correction.applied = true;
  learnCorrection(state, { phase: by, lasting: 0 }, null, now);
  const frequency = wantedFrequency(state);
  if (frequency === null) finish(state, 0);
  else state.act({ kind: "steer", phase: 0, frequency });
}

/** The clock glides. */
export function onSlewBegun(state: State, { by, ...glide }: Event & { readonly kind: "slewing" }, now: Now): void {
  if (!state.clock.correction.correcting) return;
  state.clock.correction.applied = true;
  state.clock.correction.lasting = glide.lasting;
  learnCorrection(state, { ...glide, phase: by }, null, now);
  finish(state, by);
}

/** The clock runs at another rate, and perhaps glides besides. */
export function onSteeredOnce(
  state: State,
  { frequency, ...glide }: Event & { readonly kind: "steered" },
  now: Now,
): void {
  if (!state.clock.correction.correcting) return;
  const isSlew = state.clock.correction.action === "slew";
  state.clock.correction.applied = true;
  state.clock.correction.frequencySet = true;
  if (isSlew) state.clock.correction.lasting = glide.lasting;
  learnCorrection(state, glide, frequency, now);
  finish(state, glide.phase);
}

/** @param residual what a slew has yet to correct */
function finish(state: State, residual: Seconds): void {
  state.clock.correction.correcting = false;
  claimSet(state, residual);
  state.end("ok");
}

/** The frequency to set; `null`: it stays as it is, for nobody wants it, it is not known well enough, or it is right. */
function wantedFrequency({ config: { clock }, memory: { learning }, clock: { inForce } }: State): Frequency | null {
  // Where the system does not say at what rate its clock runs, it does not take one either.
  if (clock.kind !== "once" || !clock.frequency || learning === null || inForce === null) return null;
  const frequency = frequencyToSet(learning.discipline.learned);
  return frequency === null || Math.abs(frequency - learning.corrections.frequency) < LEAST_CHANGE ? null : frequency;
}
