/** What one look at the time comes to: a bound and who told it, or why there is none. */
import { uncertaintyOf, widened, type Bound } from "../../control/bound.ts";
import { steady } from "../../host/clock.ts";
import type { FailureDocument } from "../../view/document.ts";
import type { Teller } from "../../view/now-document.ts";
import type { OptionsOf } from "../options/offers.ts";

/** What one look comes to. */
export interface Look {
  /** `null`: nothing is known. */
  readonly bound: Bound | null;
  readonly teller: Teller;
  /** Why nothing is. */
  readonly failure: FailureDocument | null;
}

/** What was typed. */
export type NowOptions = OptionsOf<"now">;

/** Nobody in particular told it. */
export const NOBODY: Teller = { daemon: null, via: null };

/** Nothing is known. */
export function unknown(failure: FailureDocument, teller: Teller = NOBODY): Look {
  return { bound: null, teller, failure };
}

/** Whether it is as narrow as it is to be, by now. */
export function isGood({ bound }: Look, most: number): boolean {
  return bound !== null && uncertaintyOf(widened(bound, steady())) <= most;
}
