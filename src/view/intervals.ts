/**
 * What `peers --explain` draws: each server's correctness interval on one axis of offsets, the intersection shaded, and
 * one sentence a server that lost.
 *
 * ```text
 * * ntp1.example.net     ├──▒▒▒●▒▒─────┤           +0.12 ms within 1.4 ms
 * x ntp9.example.net                        ├─●─┤  +9.81 ms within 0.6 ms
 * ```
 */
import { REASONS, TALLIES } from "../association/verdict.ts";
import type { Rejudged, Reselection } from "../control/reselect.ts";
import { DEFAULT_LIMITS } from "../system/limits.ts";
import { distanceText, provedText, stratumText } from "./explain.ts";
import type { Palette } from "./palette.ts";
import { fullName, nameWithin } from "./servername.ts";
import { counted, durationText, printable, signedText } from "./text.ts";

/** An axis: offsets from one column to the other. */
interface Axis {
  readonly low: number;
  readonly high: number;
  readonly columns: number;
}

/** Columns of a chart at least; narrower terminals get longer lines. */
const LEAST_CHART = 24;
const MOST_CHART = 100;
const MOST_NAME = 24;

/**
 * The drawing and the sentences.
 * @param width columns of the terminal
 * @returns lines, each with a line feed
 */
export function explanation(host: string, reselection: Reselection, width: number, palette: Palette): string {
  const { rejudged, intersection } = reselection;
  const drawn = rejudged.filter(({ interval }) => interval !== null);
  const lines = [palette.strong(headline(host, reselection))];
  if (drawn.length > 0) lines.push(...chart(drawn, intersection, width, palette));
  lines.push(...sentences(reselection));
  for (const { peer } of rejudged)
    if (peer.autokey !== undefined) lines.push(`${fullName(peer)}: ${provedText(peer.autokey)}`);
  return lines.map((line) => `${line}\n`).join("");
}

/** One for each server that lost, and where the daemon sees it otherwise. */
export function sentences(reselection: Reselection): readonly string[] {
  return reselection.rejudged.flatMap((association) => sentence(association, reselection));
}

/** What it comes to. */
export function headline(host: string, { candidates, truechimers, intersection, offset }: Reselection): string {
  if (candidates === 0) return `${printable(host)}: no server can be judged`;
  if (intersection === null) return `${printable(host)}: no majority of ${counted(candidates, "server")} agree`;
  const agreed = `${truechimers} of ${counted(candidates, "server")} agree: the time is ${signedText(intersection.low)} to ${signedText(intersection.high)} off`;
  return `${printable(host)}: ${agreed}${offset === null ? "" : `, ${signedText(offset)} by those that are followed`}`;
}

function chart(
  drawn: readonly Rejudged[],
  intersection: Reselection["intersection"],
  width: number,
  palette: Palette,
): string[] {
  const names = drawn.map(({ peer }) => nameWithin(peer, MOST_NAME));
  const figures = drawn.map(
    ({ peer, interval }) => `${signedText(peer.offset)} within ${durationText((interval!.high - interval!.low) / 2)}`,
  );
  const nameWidth = Math.max(...names.map((name) => name.length));
  const figureWidth = Math.max(...figures.map((figure) => figure.length));
  const columns = Math.min(MOST_CHART, Math.max(LEAST_CHART, width - nameWidth - figureWidth - 6));
  const axis = axisOf(drawn, intersection, columns);
  const rows = drawn.map((association, index) => {
    const paint =
      palette[association.verdict === "falseticker" ? "bad" : association.reason === null ? "good" : "faint"];
    return paint(
      `${TALLIES[association.verdict]} ${names[index]!.padEnd(nameWidth)}  ${bar(association, intersection, axis)}  ${figures[index]!}`,
    );
  });
  const low = signedText(axis.low);
  const high = signedText(axis.high);
  const scale = `${" ".repeat(nameWidth + 4)}${low}${high.padStart(Math.max(high.length + 1, columns - low.length))}`;
  return [...rows, palette.faint(scale)];
}

/** From the least to the greatest offset that any of those that agree may have; whoever is further away is at the edge. */
function axisOf(drawn: readonly Rejudged[], intersection: Reselection["intersection"], columns: number): Axis {
  const agreeing = drawn.filter(({ verdict }) => verdict !== "falseticker");
  const shown = intersection === null || agreeing.length === 0 ? drawn : agreeing;
  const low = Math.min(...shown.map(({ interval }) => interval!.low));
  const high = Math.max(...shown.map(({ interval }) => interval!.high));
  const margin = Math.max((high - low) * 0.05, 1e-9);
  return { low: low - margin, high: high + margin, columns };
}

function bar({ peer, interval }: Rejudged, intersection: Reselection["intersection"], axis: Axis): string {
  const at = (offset: number): number =>
    Math.round(((offset - axis.low) / (axis.high - axis.low)) * (axis.columns - 1));
  const cells = Array.from({ length: axis.columns }, () => " ");
  const fill = (from: number, to: number, mark: string): void => {
    for (let column = Math.max(0, from); column <= Math.min(axis.columns - 1, to); column += 1) cells[column] = mark;
  };
  const put = (column: number, mark: string): void => {
    if (column >= 0 && column < axis.columns) cells[column] = mark;
  };
  const [low, high] = [at(interval!.low), at(interval!.high)];
  if (intersection !== null) fill(at(intersection.low), at(intersection.high), "░");
  fill(low, high, "─");
  if (intersection !== null) fill(Math.max(low, at(intersection.low)), Math.min(high, at(intersection.high)), "▒");
  put(low, "├");
  put(high, "┤");
  put(at(peer.offset ?? 0), "●");
  if (high < 0) put(0, "◀");
  if (low >= axis.columns) put(axis.columns - 1, "▶");
  return cells.join("");
}

/** Why one lost, and where the daemon sees it otherwise. */
function sentence(
  { peer, verdict, reason, differs, interval }: Rejudged,
  { intersection, offset }: Reselection,
): string[] {
  const name = fullName(peer);
  const theirs = differs ? `; the daemon decided otherwise: ${DECIDED[peer.verdict]}` : "";
  if (reason === null) return differs ? [`${name}: we would follow it${theirs}`] : [];
  const detail = detailOf(reason, peer, interval, intersection, offset);
  const why =
    verdict === "rejected" && peer.flash !== null && peer.flash !== 0 ? ` (flash ${peer.flash.toString(16)})` : "";
  return [`${name}: ${REASONS[reason].text}${detail === null ? "" : `: ${detail}`}${why}${theirs}`];
}

/** What a daemon made of a server. */
const DECIDED = {
  systemPeer: "it follows it",
  survivor: "it combines it",
  outlier: "an outlier",
  excess: "in excess",
  backup: "a backup",
  falseticker: "a falseticker",
  rejected: "rejected",
} as const;

function detailOf(
  reason: keyof typeof REASONS,
  peer: Rejudged["peer"],
  interval: Rejudged["interval"],
  intersection: Reselection["intersection"],
  offset: number | null,
): string | null {
  const own =
    interval === null
      ? null
      : `its offset is ${signedText(peer.offset)} within ${durationText((interval.high - interval.low) / 2)}`;
  if (reason === "outsideIntersection" && intersection !== null)
    return `${own}, the majority's between ${signedText(intersection.low)} and ${signedText(intersection.high)}`;
  if (reason === "selectJitter" && offset !== null) return `${own}, theirs ${signedText(offset)}`;
  if (reason === "noMajority") return own;
  if (reason === "rootDistance") return distanceText(peer, DEFAULT_LIMITS, "tos ");
  if (reason === "stratum") return stratumText(peer.stratum, DEFAULT_LIMITS, "tos ");
  if (reason === "unsynchronized")
    return [
      peer.leap === "unsynchronized" ? "leap 3" : null,
      `stratum ${peer.stratum ?? 16}`,
      peer.refid ? `refid ${printable(peer.refid)}` : null,
    ]
      .filter((part) => part !== null)
      .join(", ");
  if (reason === "loop" && peer.refid !== null) return `refid ${printable(peer.refid)}`;
  if (reason === "unreachable" && peer.unreach !== null && peer.unreach > 0)
    return `${counted(peer.unreach, "poll")} without an answer`;
  return null;
}
