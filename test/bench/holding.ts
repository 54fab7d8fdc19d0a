/** Contests in a host of the lab's network: started there, and printed as a table. */
import { fileURLToPath } from "node:url";
import type { Host } from "../lab/netns.ts";
import { must } from "../lab/processes.ts";
import type { Contest, Measured } from "./contest.ts";

const RUNNER = fileURLToPath(new URL("contest.ts", import.meta.url));

/** The runs are started from within the client's network, so that no way into it is measured. */
export async function holdContest(client: Host, contest: Contest): Promise<readonly Measured[]> {
  const argv = [process.execPath, "--import", "tsx", RUNNER, JSON.stringify(contest)];
  return JSON.parse(await must(client.inside(argv), { timeout: 600 })) as readonly Measured[];
}

/** Prints what was measured; the ratio is to the first. */
export function printContest({ title, rounds }: Contest, measured: readonly Measured[]): void {
  console.log(`\n${title} (${rounds} rounds by turns)`);
  console.log(`${"".padEnd(40)}  median ms   min..max      ratio  memory MB  exit`);
  const first = measured[0];
  for (const { name, wall, memory, exits, counted } of measured) {
    const ratio = first === undefined ? 1 : wall.median / first.wall.median;
    const megabytes = memory === null ? "-" : (memory / 1024).toFixed(1);
    const range = `${wall.min.toFixed(0)}..${wall.max.toFixed(0)}`;
    const remark = counted === null ? "" : `  answered: ${counted}`;
    console.log(
      `${name.padEnd(40)}  ${wall.median.toFixed(1).padStart(9)}   ${range.padEnd(11)}  ${ratio.toFixed(2).padStart(6)}` +
        `  ${megabytes.padStart(9)}  ${exits.join(",")}${remark}`,
    );
  }
}
