/** This very moment, by every clock that outlives a process: what lets a later run tell how long ago something was. */
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import type { Moment } from "../engine/memory/lapse.ts";
import { atOneMoment, clockReader, STEADY_ORIGIN, steady } from "./clock.ts";
import type { ClockReader } from "./clock.ts";
import { kernelFrequency } from "./kernel.ts";

/** Where Linux names the machine's start; a hardened service may not see it, and is told by its unit. */
const BOOT_ID = "/proc/sys/kernel/random/boot_id";
const BOOT_VARIABLE = "NTPKIT_BOOT_ID";

/** Reads all clocks. */
export function thisMoment(read: ClockReader = clockReader(), boot: string | null = bootId()): Moment {
  const { mono, clock } = atOneMoment(read) ?? { mono: steady(), clock: read() };
  const awake = STEADY_ORIGIN + mono;
  // The system's uptime goes on while the machine sleeps; the steady clock does not.
  return { clock, steady: awake, slept: Math.max(0, uptime() - awake), boot, frequency: kernelFrequency() };
}

/** What names this start of the machine; `null` where nothing does. */
export function bootId(
  env: Readonly<Record<string, string | undefined>> = process.env,
  path: string = BOOT_ID,
): string | null {
  try {
    const id = readFileSync(path, "utf8").trim();
    if (id !== "") return id.slice(0, LONGEST);
  } catch {
    // not Linux, or hidden
  }
  const id = env[BOOT_VARIABLE];
  // As systemd writes it, without dashes, it is still the same start.
  return id === undefined || id === "" ? null : dashed(id.slice(0, LONGEST));
}

const LONGEST = 128;

function dashed(id: string): string {
  return /^[0-9a-f]{32}$/.test(id) ? id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-") : id;
}
