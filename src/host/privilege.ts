/** Which capability is missing when the system says no (CONTRACT "permission", exit 14). */
import { readFileSync } from "node:fs";

/** What needs a capability: setting the clock, or binding to a port below 1024. */
export type Privileged = "clock" | "port";

/** A capability that we lack. */
export interface Lacking {
  /** Its name, as `setcap` and `--cap-add` know it (the latter without `CAP_`). */
  readonly capability: "CAP_SYS_TIME" | "CAP_NET_BIND_SERVICE";
  /**
   * Who lacks it: an ordinary user, who may become root; or root itself, in a container or a service that was not
   * given it. `unseen`: root, where nothing tells which capabilities it has.
   */
  readonly who: "user" | "root" | "unseen";
}

/** capabilities(7): the name and the bit of each. */
const NEEDED = {
  clock: { capability: "CAP_SYS_TIME", bit: 25 },
  port: { capability: "CAP_NET_BIND_SERVICE", bit: 10 },
} as const;

/**
 * The capability that is missing for something.
 * @param status the text of /proc/self/status; empty where there is none
 * @param user effective user, 0 for root
 * @returns `null` when it is there after all, so that something else forbids it: a seccomp filter, a security module
 */
export function lackingCapability(
  what: Privileged,
  status: string = readStatus(),
  user: number | undefined = process.geteuid?.(),
): Lacking | null {
  const { capability, bit } = NEEDED[what];
  const effective = /^CapEff:\s*([\da-f]+)$/im.exec(status)?.[1];
  const who = user === 0 ? "root" : "user";
  if (effective === undefined) return { capability, who: who === "root" ? "unseen" : who };
  return ((BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) === 1n ? null : { capability, who };
}

function readStatus(): string {
  try {
    return readFileSync("/proc/self/status", "utf8");
  } catch {
    return "";
  }
}
