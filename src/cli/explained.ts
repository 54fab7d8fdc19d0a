/** `query --explain`: what each server says of the time, and why the others are not used, drawn and as a picture. */
import { liveReport } from "../control/daemonlive.ts";
import { reselect } from "../control/reselect.ts";
import type { Snapshot } from "../engine/port/snapshot.ts";
import { explainedPicture } from "../report/explained.ts";
import type { UnixNanoseconds } from "../time/timestamp.ts";
import { explanation } from "../view/intervals.ts";
import { paletteFor } from "./colors.ts";
import { DEFAULT_WIDTH, type Io, STANDARD_OUTPUT } from "./io.ts";
import type { OptionsOf } from "./options/offers.ts";
import { writePage } from "./page-file.ts";

/** Whose clock it is that they are judged by. */
const HERE = "this host";

/** Draws it, and writes it where `--svg` says. */
export async function tellExplained(
  snapshot: Snapshot,
  pivot: UnixNanoseconds,
  { explain, svg, quiet, color }: Pick<OptionsOf<"query">, "explain" | "svg" | "quiet" | "color">,
  io: Io,
): Promise<void> {
  const reselection = reselect(liveReport(HERE, snapshot, pivot));
  if (svg !== undefined) writePage(svg, explainedPicture([{ host: HERE, reselection }]), io.out);
  if (explain !== true || quiet === true || svg === STANDARD_OUTPUT) return;
  const palette = await paletteFor(io.out, io.env, color);
  io.out.write(`\n${explanation(HERE, reselection, io.out.columns ?? DEFAULT_WIDTH, palette)}`);
}
