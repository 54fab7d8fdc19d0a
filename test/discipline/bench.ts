/** A clock on a test bench: an oscillator of known error, disciplined in a closed loop against perfect or noisy time. */
import { adjustOncePerSecond } from "../../src/discipline/loop.ts";
import { startDiscipline, updateDiscipline } from "../../src/discipline/discipline.ts";
import type { Discipline, DisciplineAction, DisciplineParameters } from "../../src/discipline/discipline.ts";
import { DISCIPLINE } from "../../src/discipline/constants.ts";
import type { Mono } from "../../src/time/mono.ts";

/** The standard's own stepout threshold (RFC 5905 figure 27), by which the figures of its state machine are reckoned here. */
const WATCH = 900;

export const PARAMETERS: DisciplineParameters = {
  stepThreshold: { forward: DISCIPLINE.stepThreshold, backward: DISCIPLINE.stepThreshold },
  stepout: WATCH,
  panic: DISCIPLINE.panic,
  allan: DISCIPLINE.allan,
  kernel: false,
  minpoll: 6,
  maxpoll: 10,
  precision: -20,
};

/** What the bench is set to; changes while it runs are made on the bench itself. */
export interface Bench {
  discipline: Discipline;
  /** Local − true, seconds. */
  error: number;
  /** The oscillator's own frequency error, s/s; positive runs fast. */
  drift: number;
  /** Added to the next sample only. */
  spike: number;
  /** Seconds since the start. */
  time: number;
  /** Every sample's action and when it came, seconds. */
  readonly actions: { readonly at: number; readonly action: DisciplineAction }[];
  /** Lets the bench run. */
  run(seconds: number): void;
  /** The largest |error| of the last `seconds` while they run. */
  worst(seconds: number): number;
}

/**
 * Sets a bench up.
 * @param noise standard deviation of the samples, seconds; seeded, so that runs repeat
 */
export function bench(options: {
  error?: number;
  drift?: number;
  frequency?: number | null;
  noise?: number;
  parameters?: Partial<DisciplineParameters>;
}): Bench {
  const parameters = { ...PARAMETERS, ...options.parameters };
  const random = gaussian(7);
  let nextPoll = 0;
  return {
    discipline: startDiscipline(parameters, options.frequency ?? null),
    error: options.error ?? 0,
    drift: options.drift ?? 0,
    spike: 0,
    time: 0,
    actions: [],
    run(seconds) {
      this.worst(seconds);
    },
    worst(seconds) {
      let worst = 0;
      for (let second = 0; second < seconds; second++, this.time++) {
        if (this.time >= nextPoll) {
          const offset = -this.error + this.spike + (options.noise ?? 0) * random();
          this.spike = 0;
          const { discipline, action } = updateDiscipline(
            this.discipline,
            { offset, at: this.time as Mono },
            parameters,
          );
          this.discipline = discipline;
          this.actions.push({ at: this.time, action });
          if (action === "step") this.error += offset;
          nextPoll = this.time + 2 ** discipline.poll;
        }
        const { discipline, rate } = adjustOncePerSecond(this.discipline);
        this.discipline = discipline;
        this.error += this.drift + rate;
        worst = Math.max(worst, Math.abs(this.error));
      }
      return worst;
    },
  };
}

/** Normal deviates (Box and Muller) from a linear congruential generator. */
function gaussian(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
