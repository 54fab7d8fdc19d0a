/** `--explain` as a picture: each server's correctness interval, where most agree, and why the others are not used. */
import type { Reselection } from "../control/reselect.ts";
import { TALLIES } from "../association/verdict.ts";
import { headline, sentences } from "../view/intervals.ts";
import { nameWithin } from "../view/servername.ts";
import { printable } from "../view/text.ts";
import { intervalsChart } from "./intervals.ts";
import { sheet, type Part } from "./sheet.ts";

/** A name has as many characters at most beside the chart, with its tally. */
const MOST_NAME = 32;

/** Draws what was made of each host's servers. */
export function explainedPicture(
  hosts: readonly { readonly host: string; readonly reselection: Reselection }[],
): string {
  const parts = hosts.map(({ host, reselection }): Part => {
    const intervals = reselection.rejudged.flatMap(({ peer, verdict, reason, interval }) =>
      interval === null
        ? []
        : [
            {
              name: `${TALLIES[verdict]} ${nameWithin(peer, MOST_NAME)}`,
              offset: peer.offset ?? 0,
              ...interval,
              look: verdict === "falseticker" ? "bad" : reason === null ? "good" : "faint",
            },
          ],
    );
    return {
      heading: headline(host, reselection),
      chart: intervalsChart(intervals, reselection.intersection),
      notes: sentences(reselection),
    };
  });
  return sheet(`correctness intervals of the servers of ${hosts.map(({ host }) => printable(host)).join(", ")}`, parts);
}
