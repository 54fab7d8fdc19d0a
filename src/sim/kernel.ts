/**
 * A simulated kernel's side of its clock: what it was told of it, how that ages, and leap seconds, which it carries out by itself.
 */
import { aged, UNRELIABLE, type KernelClaim } from "../discipline/claim.ts";
import { dayOf } from "../time/leap.ts";
import type { Seconds } from "../time/seconds.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import type { SimClock } from "./clock.ts";
import type { Timeline } from "./timeline.ts";
import { BEGINNING, type TrueTime } from "./truth.ts";

/** Simulated worlds lie within 68 years of this: 2026-11-21. */
const ERA: UnixNanoseconds = 1_795_219_200n * 1_000_000_000n;

/** One kernel. */
export class SimKernel {
  readonly #clock: SimClock;
  readonly #timeline: Timeline;
  readonly #leapt: (by: Seconds) => void;
  #claimed: { readonly claim: KernelClaim; readonly at: TrueTime } = { claim: UNRELIABLE, at: BEGINNING };
  /** A leap second is being waited for, or was carried out and the kernel has not been told since that it is over (TIME_WAIT). */
  #busy = false;

  /** @param leapt hears when a leap second was carried out, and what was added to the clock */
  constructor(clock: SimClock, timeline: Timeline, leapt: (by: Seconds) => void) {
    this.#clock = clock;
    this.#timeline = timeline;
    this.#leapt = leapt;
  }

  /** What it says of its clock now. */
  get claim(): KernelClaim {
    const { claim, at } = this.#claimed;
    return aged(claim, this.#timeline.now - at);
  }

  /** It is told. */
  tell(claim: KernelClaim): void {
    this.#claimed = { claim, at: this.#timeline.now };
    if (claim.leap === "none") this.#busy = false;
    else if (!this.#busy) this.#awaitDayEnd();
  }

  /** It relies on no clock that was stepped, until it is told to. */
  forget(): void {
    this.tell(UNRELIABLE);
  }

  /** The clock may be steered meanwhile, so the moment is looked for again as it comes near. */
  #awaitDayEnd(): void {
    this.#busy = true;
    const { left, end } = dayOf(this.#clock.read(this.#timeline.now), ERA);
    const look = (): void => {
      const { leap } = this.#claimed.claim;
      if (leap === "none" || !this.#busy) return;
      const day = dayOf(this.#clock.read(this.#timeline.now), ERA);
      // A second is left out as it begins, and put in when the day's last is over.
      if (day.end === end && day.left > LEAST + (leap === "delete" ? 1 : 0)) return this.#timeline.in(day.left - (leap === "delete" ? 1 : 0), look);
      const by = leap === "insert" ? -1 : 1;
      this.#clock.step(this.#timeline.now, by);
      this.#leapt(by);
    };
    this.#timeline.in(left / 2, look);
  }
}

/** No wait is shorter, seconds. */
const LEAST: Seconds = 1e-6;
