// Commit wait: what is written gets a moment that has passed for everybody before anybody is told of it. node commit-wait.mjs SERVER…
import { openClock } from "ntpkit";

const clock = await openClock(process.argv.slice(2));
try {
  const { latest: committed } = clock.now();
  // Write here, with that moment.
  await clock.past(committed);
  const { earliest } = clock.now();
  console.log(`committed at ${committed}, and it is ${earliest} at least: ${earliest > committed}`);
} finally {
  clock.close();
}
