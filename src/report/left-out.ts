/** What a report has not of all that was read, and why, in words: on its page and where the command says what it made. */
import { counted, signedText } from "../view/text.ts";
import { iso } from "./axes.ts";
import { gapsOf } from "./charts.ts";
import type { Collection } from "./collection.ts";

/** So many steps are told one by one. */
const TOLD_STEPS = 8;

/** A phrase for each reason. */
export function leftOut({ unread, repeated, surplus, offset }: Collection): readonly string[] {
  const gaps = gapsOf(offset);
  return [
    ...(repeated > 0 ? [`${counted(repeated, "row")} came twice and ${repeated === 1 ? "counts" : "count"} once`] : []),
    ...(unread.foreign > 0 ? [`${counted(unread.foreign, "line")} of another kind`] : []),
    ...(unread.broken > 0 ? [`${counted(unread.broken, "line")} whose figures make no sense`] : []),
    ...(surplus > 0 ? [`${counted(surplus, "row")} of more servers than are shown`] : []),
    ...(gaps > 0 ? [`${counted(gaps, "gap")} in what was written of the clock`] : []),
  ];
}

/** A phrase for each step of the clock. */
export function stepsOf({ steps }: Collection): readonly string[] {
  return [
    ...steps.slice(0, TOLD_STEPS).map(({ at, by }) => `at ${iso(at)} the offset changed by ${signedText(by)} at once`),
    ...(steps.length > TOLD_STEPS ? [counted(steps.length - TOLD_STEPS, "more such change")] : []),
  ];
}
