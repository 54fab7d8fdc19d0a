/** `npm run bench [-- WORDS…]`: every *.bench.ts of this folder in turn, each in a process of its own. Figures, no verdicts. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const words = process.argv.slice(2);
const folder = fileURLToPath(new URL(".", import.meta.url));
const benches = readdirSync(folder)
  .filter((file) => file.endsWith(".bench.ts"))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();

let failed = benches.length === 0;
for (const bench of benches) {
  console.log(`\n== ${bench.replace(".bench.ts", "")}`);
  const { status } = spawnSync(process.execPath, ["--import", "tsx", `${folder}${bench}`], { stdio: "inherit" });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
