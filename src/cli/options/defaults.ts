/** Defaults of commands that no other room states: what the table of options prints, and the commands go by. */

/** To wait for a daemon's answer, and in all; seconds. */
export const ASKING_DEFAULTS = { timeout: 1, deadline: 15 } as const;

/** What `nts` may take in all, seconds: two dozen questions, each of which may be lost. */
export const NTS_DEFAULTS = { deadline: 30 } as const;

/** To wait for the clock in all, and between two looks; seconds. */
export const WAIT_DEFAULTS = { timeout: 600, interval: 1 } as const;

/** `now` that waits for a bound: how long in all, and the least time between two looks at servers of strangers; seconds. */
export const NOW_DEFAULTS = { waiting: 600, headway: 16 } as const;

/** Where the system's time zone data keep the list of leap seconds. */
export const LEAP_FILE = "/usr/share/zoneinfo/leap-seconds.list";

/** Who serves once the port is open. */
export const LEAST_USER = "nobody";

/** check_ntp_time's thresholds of the offset, as ranges are typed. */
export const CHECK_DEFAULTS = { warning: "60", critical: "120" } as const;

/** Where NTP is looked for in a capture. */
export const DECODE_DEFAULTS = { port: 123 } as const;

/** Between two lines of `watch`, seconds. */
export const WATCH_DEFAULTS = { every: 10 } as const;

/** Where a report goes. */
export const REPORT_DEFAULTS = { output: "report.html" } as const;
