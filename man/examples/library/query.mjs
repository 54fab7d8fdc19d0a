// How wrong is this machine's clock? node query.mjs SERVER…
import { query } from "ntpkit";

const { ok, clock, error } = await query(process.argv.slice(2), { samples: 4, interval: 0.1 });
console.log(ok ? `wrong by ${clock.offset} s, give or take ${clock.uncertainty} s` : error?.message);
