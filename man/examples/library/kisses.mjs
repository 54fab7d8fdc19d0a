// Who was told to go away, in a capture? node kisses.mjs FILE
import { decode } from "ntpkit";
import { kissText } from "ntpkit/wire";

let kisses = 0;
for await (const { from, to, stratum, refid } of decode(process.argv[2])) {
  if (stratum !== 0 || refid === null) continue;
  kisses += 1;
  console.log(`${from.ip} told ${to.ip}: ${kissText(refid) ?? refid}`);
}
console.log(`${kisses} kisses`);
