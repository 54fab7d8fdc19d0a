/**
 * The clock in worlds it was not tuned on, beside chronyd's and ntpd's figures (`support/clock-worlds.ts`).
 *
 * `npx tsx test/bench/discipline-clock.bench.ts [seeds] [adaptive|rfc5905] [part of a name]`
 */
import type { DisciplineName } from "../../src/discipline/disciplines.ts";
import { CLOCK_WORLDS, keep, medianOf, type Figure, type Kept } from "../support/clock-worlds.ts";

function text({ rms, worst, packets }: Figure): string {
  const time = (seconds?: number): string => (seconds === undefined ? "–" : (seconds * 1e6).toFixed(1));
  return `${time(rms)}/${time(worst)}${packets === undefined ? "" : ` (${packets.toFixed(0)})`}`;
}

function verdict(ours: Kept, goal: Figure): string {
  const missed = (["rms", "worst", "packets"] as const).filter(
    (key) => goal[key] !== undefined && ours[key] > goal[key] * 1.001,
  );
  return missed.length === 0 ? "met" : `missed: ${missed.join(", ")}`;
}

const seeds = Number(process.argv[2] ?? 10);
const discipline = (process.argv[3] ?? "adaptive") as DisciplineName;
const part = process.argv[4] ?? "";
console.log(
  `RMS/worst in µs (packets a day), medians of ${seeds} seeds; within: true time within what the kernel is told`,
);
for (const world of CLOCK_WORLDS) {
  if (!world.name.includes(part)) continue;
  const ours = medianOf(Array.from({ length: seeds }, (_, index) => keep(world, index + 1, { discipline })));
  console.log(
    `${world.name.padEnd(50)} chronyd ${text(world.chronyd).padEnd(18)} ntpd ${text(world.ntpd).padEnd(18)} ours ${text(ours).padEnd(24)} goal ${text(world.goal).padEnd(18)} within ${(100 * ours.covered).toFixed(1)} %  ${verdict(ours, world.goal)}`,
  );
}
