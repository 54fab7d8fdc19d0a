/** The line of ntpd's `sysstats`: what became of clients' packets. */
import { DISPOSITIONS, type Counts, type Disposition, type DispositionKind } from "../../server/disposition.ts";
import { statsTime } from "../../view/stats.ts";

/**
 * `sysstats`: seconds since the start, packets received, answered, of the current version, of older ones, denied, malformed,
 * with a bad MAC, declined, limited, and kisses sent. Versions are not told apart here, so all count as current.
 */
export function sysstats(counts: Readonly<Counts>, uptime: number, unix: number): string {
  const of = (kind: DispositionKind): number => sum(counts, (name) => DISPOSITIONS[name].kind === kind);
  const received = sum(counts, () => true);
  const figures = [
    received,
    of("answered"),
    received - counts.oldVersion,
    counts.oldVersion,
    of("restricted"),
    of("malformed"),
    of("authentication") + counts.refusedKey,
    of("declined"),
    of("limited"),
    counts.kissed,
  ];
  return `${statsTime(unix)} ${Math.floor(uptime)} ${figures.join(" ")}\n`;
}

function sum(counts: Readonly<Counts>, wanted: (name: Disposition) => boolean): number {
  return (Object.entries(counts) as [Disposition, number][]).reduce(
    (all, [name, count]) => (wanted(name) ? all + count : all),
    0,
  );
}
