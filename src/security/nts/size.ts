/**
 * How many placeholders a request has room for on its way: some networks drop NTP packets beyond a size, and an answer is as long as
 * its request (RFC 8915 §5.7). What a loss is and what a size is shows only by comparison: after a long request that is lost a short one
 * follows, and where long ones are lost and short ones answered often enough, what passes is sought between the two.
 */
/** Cookies to have in hand (RFC 8915 §5.7). */
export const COOKIES_IN_HAND = 8;

/** So many long ones have to be lost, and none answered, while so many short ones were answered. */
const LOST = 5;
const PASSED = 2;

/** So many in a row say that not even the shortest passes: by these keys none was ever answered, or some were. */
const MUTE = { never: 3, since: 8 };

/** After so many answers it is looked whether the way has changed. */
const ANEW = 16;

/** The sizes of one association's requests. */
export class RequestSizes {
  /** Placeholders of what was sent since the last answer. */
  #unanswered: readonly number[] = [];
  /** Long ones that were lost since one as long was answered, and short ones that were answered meanwhile. */
  #lost: readonly number[] = [];
  #passed = 0;
  #answers = 0;
  #isHeard = false;
  /** What passes, and the least that does not; `null`: every size does, as far as is known. */
  #bounds: { readonly passes: number; readonly fails: number } | null = null;

  /** How many there is room for; `null`: no bound is known. */
  get reduced(): number | null {
    return this.#bounds?.passes ?? null;
  }

  /** Nothing was answered, short or long: it may be that the shortest is too long. */
  get isMute(): boolean {
    const least = this.#isHeard ? MUTE.since : MUTE.never;
    return this.#unanswered.length >= least && this.#unanswered.includes(0);
  }

  /** New keys, or another way: what is out is not waited for. */
  restart(): void {
    this.#unanswered = [];
    this.#isHeard = false;
  }

  /**
   * A request is about to be sent.
   * @param wanted placeholders, by the cookies that are lacking
   * @returns how many it has
   */
  next(wanted: number): number {
    const count = this.#choose(wanted);
    this.#unanswered = [...this.#unanswered, count].slice(-2 * COOKIES_IN_HAND);
    return count;
  }

  /** One was answered that had so many. */
  answered(count: number): void {
    const longer = this.#unanswered.filter((other) => other > count);
    this.#unanswered = [];
    this.#answers += 1;
    this.#isHeard = true;
    if (this.#bounds === null) return this.#learn(count, longer);
    const passes = Math.max(this.#bounds.passes, count);
    const fails =
      this.#answers % ANEW === 0 ? COOKIES_IN_HAND : Math.max(passes + 1, Math.min(this.#bounds.fails, ...longer));
    this.#bounds = passes >= COOKIES_IN_HAND - 1 ? null : { passes, fails };
  }

  #learn(count: number, longer: readonly number[]): void {
    this.#lost = [...this.#lost, ...longer].filter((other) => other > count);
    this.#passed = this.#lost.length === 0 ? 0 : this.#passed + 1;
    if (this.#lost.length < LOST || this.#passed < PASSED) return;
    this.#bounds = { passes: count, fails: Math.min(...this.#lost) };
    this.#lost = [];
    this.#passed = 0;
  }

  #choose(wanted: number): number {
    if (this.#bounds === null) return (this.#unanswered.at(-1) ?? 0) > 0 ? 0 : wanted;
    const { passes, fails } = this.#bounds;
    if (wanted <= passes || this.#unanswered.length > 0 || fails - passes <= 1) return Math.min(wanted, passes);
    return Math.min(wanted, Math.floor((passes + fails) / 2));
  }
}
