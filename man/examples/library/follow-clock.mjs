// What becomes of a clock: node follow-clock.mjs SERVER…
import { ClockError, openClock } from "ntpkit";

const clock = await openClock(process.argv.slice(2), { wait: false });
try {
  clock.now();
} catch (error) {
  if (error instanceof ClockError) console.log(error.code);
}
for await (const change of clock) {
  console.log(change.kind, change.kind === "synchronized" ? change.source : "");
  if (change.kind === "synchronized") clock.close();
}
