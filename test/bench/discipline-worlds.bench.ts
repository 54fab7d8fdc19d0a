/**
 * The clock discipline against chronyd and ntpd, in the same three worlds (`support/contest-worlds.ts`).
 *
 * `npx tsx test/bench/discipline-worlds.bench.ts [adaptive|rfc5905] [seeds] [kernel]`; with `kernel` the standard's goes by the kernel's
 * loop. The goal is to be no worse than the better of the two in each figure, with no more packets than the larger number; the
 * default discipline ends with 1 if it misses one.
 */
import type { DisciplineName } from "../../src/discipline/disciplines.ts";
import { FIGURES, goal, live, medians, WORLDS, type Figures } from "../support/contest-worlds.ts";

function row(name: string, { rms, worst, packets, settled }: Figures): string {
  const cells = [
    micro(rms),
    micro(worst),
    packets.toFixed(0),
    Number.isFinite(settled) ? `${settled.toFixed(0)} s` : "never",
  ];
  return `  ${name.padEnd(18)}${cells.map((cell) => cell.padStart(14)).join("")}`;
}

function micro(seconds: number): string {
  return `${(seconds * 1e6).toFixed(seconds < 1e-3 ? 1 : 0)} µs`;
}

const discipline = (process.argv[2] ?? "adaptive") as DisciplineName;
const seeds = Number(process.argv[3] ?? 10);
const kernel = process.argv[4] === "kernel";
let missed = 0;
for (const world of WORLDS) {
  const runs = Array.from({ length: seeds }, (_, index) => live(world, index + 1, discipline, kernel));
  const ours = medians(runs);
  const goals = goal(world);
  console.log(`${world.name}, medians of ${seeds} seeds`);
  console.log(
    `  ${"from hour 6 on".padEnd(18)}${["RMS", "worst", "packets", "beyond until"].map((head) => head.padStart(14)).join("")}`,
  );
  console.log(row("chronyd 4.3", world.chronyd));
  console.log(row("ntpd 4.2.8p15", world.ntpd));
  console.log(row(`ntpkit ${discipline}`, ours));
  console.log(
    `  ${"of the goal".padEnd(18)}${FIGURES.map((key) => `${((100 * ours[key]) / goals[key]).toFixed(0)} %`.padStart(14)).join("")}`,
  );
  const failed = FIGURES.filter((key) => ours[key] > goals[key]);
  if (failed.length > 0) console.log(`  missed: ${failed.join(", ")}`);
  missed += failed.length;
}
process.exitCode = missed > 0 && discipline === "adaptive" ? 1 : 0;
