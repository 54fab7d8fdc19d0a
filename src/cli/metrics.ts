/** Metrics on standard output as OpenMetrics, or into a file for node_exporter's textfile collector. */
import { rmSync, writeFileSync } from "node:fs";
import { systemReason } from "../security/place.ts";
import { realFiles, replaceFile } from "../state/files.ts";
import { draftOf, quietly, sweepLeftovers } from "../state/leftovers.ts";
import { textFormat } from "../view/expositions.ts";
import { CommandFailure } from "./exit.ts";
import type { Io } from "./io.ts";
import type { MetricsOptions } from "./options/offers.ts";

/**
 * Gives figures where they are wanted: in a file when one is named, else on standard output.
 * @throws CommandFailure when the file cannot be written
 */
export function giveMetrics(openMetrics: string, { textfile }: MetricsOptions, io: Io): void {
  if (textfile === undefined) {
    io.out.write(openMetrics);
    return;
  }
  // Beside it, so that the name changes hands within one file system; not `.prom`, so that nobody reads half of it.
  const draft = draftOf(textfile);
  sweepLeftovers(realFiles, textfile);
  try {
    // Made anew, so that no link of another's is followed.
    rmSync(draft, { force: true });
    writeFileSync(draft, textFormat(openMetrics), { mode: 0o644, flag: "wx" });
    replaceFile(draft, textfile);
  } catch (error) {
    quietly(() => rmSync(draft, { force: true }));
    throw new CommandFailure({
      code: "permission",
      message: `cannot write ${textfile}: ${systemReason(error)}`,
      hint: null,
    });
  }
}
