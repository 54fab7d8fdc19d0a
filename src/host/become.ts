/**
 * Giving up root, but not the leave to set the clock and to bind ports below 1024.
 *
 * Capabilities belong to threads. All that needs them, setting the clock and opening sockets, is called on Node's main thread,
 * so that one alone keeps the two: `prctl` and `capset` change the calling thread, while libc's `setuid` makes every thread of
 * the process somebody else, by which the others lose all they had. What ntpkit starts on other threads (names, files) needs
 * none.
 *
 * ```text
 * PR_SET_KEEPCAPS ─► PR_CAPBSET_DROP of all ─► setgroups, setgid, setuid ─► capset(CAP_SYS_TIME, CAP_NET_BIND_SERVICE) ─► PR_SET_NO_NEW_PRIVS
 * ```
 */
import { readFileSync } from "node:fs";
import { isKnownLayout } from "./layout.ts";
import { libc, type Libc } from "./libc.ts";

/** prctl(2), linux/prctl.h */
const PR_SET_KEEPCAPS = 8;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
/** linux/capability.h: the version with two words a set. */
const CAPABILITY_VERSION_3 = 0x2008_0522;
const CAPABILITIES = 64;
const CAP_NET_BIND_SERVICE = 10;
const CAP_SYS_TIME = 25;

/** A user of this system. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Why we are still who we were. */
export type BecomeFault = "unsupported" | "notRoot" | "refused";

/**
 * Finds a user in the text of passwd(5).
 * @param name a login name, or a number
 * @returns `null` when there is none of that name
 */
export function findUser(name: string, passwd: string): User | null {
  for (const line of passwd.split("\n")) {
    const [login = "", , uid = "", gid = ""] = line.split(":");
    if ((login === name || uid === name) && /^\d+$/.test(uid) && /^\d+$/.test(gid))
      return { name: login, uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

/** Finds a user of this system. */
export function lookUpUser(name: string): User | null {
  try {
    return findUser(name, readFileSync("/etc/passwd", "utf8"));
  } catch {
    return null;
  }
}

/**
 * Becomes a user for good.
 * @param clock keep CAP_SYS_TIME, too
 * @returns what was in the way, `null` when it is done
 */
export function become({ uid, gid }: User, clock: boolean): BecomeFault | null {
  const c = isKnownLayout() ? libc() : null;
  if (c === null || process.setuid === undefined || process.setgid === undefined || process.setgroups === undefined)
    return "unsupported";
  if (process.geteuid?.() !== 0) return "notRoot";
  if (c.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) !== 0) return "refused";
  emptyBoundingSet(c);
  try {
    process.setgroups([gid]);
    process.setgid(gid);
    process.setuid(uid);
  } catch {
    return "refused";
  }
  const kept = [CAP_NET_BIND_SERVICE, ...(clock ? [CAP_SYS_TIME] : [])];
  if (!keep(c, kept)) return "refused";
  c.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return null;
}

/** What is not in the bounding set cannot be had again, by whatever is executed. Where that is refused the rest still counts. */
function emptyBoundingSet(c: Libc): void {
  for (let capability = 0; capability < CAPABILITIES; capability += 1) c.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

/**
 * Leaves this thread with these capabilities and no others. One it never had cannot be kept, which is no fault: a container may
 * have been given fewer.
 *
 * ```text
 * header   version u32 | pid i32 (0: this thread)
 * sets     effective u32 | permitted u32 | inheritable u32      once for capabilities 0 … 31, once for those above
 * ```
 */
function keep(c: Libc, capabilities: readonly number[]): boolean {
  const had = permitted(c);
  const bits = capabilities
    .filter((bit) => ((had >> BigInt(bit)) & 1n) === 1n)
    .reduce((all, bit) => all | (1 << bit), 0);
  return c.capset(Uint32Array.of(CAPABILITY_VERSION_3, 0), Uint32Array.of(bits, bits, 0, 0, 0, 0)) === 0;
}

/** What this thread may still make effective; nothing where it cannot be asked. Not by /proc, which a sandbox may be without. */
function permitted(c: Libc): bigint {
  const sets = new Uint32Array(6);
  if (c.capget(Uint32Array.of(CAPABILITY_VERSION_3, 0), sets) !== 0) return 0n;
  return BigInt(sets[1]!) | (BigInt(sets[4]!) << 32n);
}
