/**
 * Says what time this process sees, by JavaScript and by libc through koffi, and whether it may set the clock. What the
 * koffi reading proves is that clock calls made that way stay inside the shim.
 */
import { readFileSync } from "node:fs";
import koffi from "koffi";

const CLOCK_REALTIME = 0;
const CAP_SYS_TIME = 25n;

const libc = koffi.load(null);
const clockGettime = libc.func("int clock_gettime(int, void *)");
const reading = new BigInt64Array(2);
clockGettime(CLOCK_REALTIME, reading);
const effective = /^CapEff:\s*(\w+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";

console.log(
  JSON.stringify({
    koffi: Number(reading[0]) + Number(reading[1]) / 1e9,
    javascript: Date.now() / 1000,
    maySetClock: ((BigInt(`0x${effective}`) >> CAP_SYS_TIME) & 1n) === 1n,
  }),
);
