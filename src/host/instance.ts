/**
 * One daemon at a time: a file with our process number, locked for as long as we live.
 *
 * The lock is the kernel's (flock(2)), so it ends with the process however that ends, and a file that is left behind locks
 * nobody out. Without libc a file with the number of a living process counts as a lock.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { libc } from "./libc.ts";

/** The only one of its kind. */
export interface Instance {
  readonly path: string;
  /** Lets another begin. */
  release(): void;
}

/** Why we are not. */
export type InstanceFault =
  | { readonly kind: "running"; readonly path: string; /** `null`: it has not said. */ readonly pid: number | null }
  | { readonly kind: "failed"; readonly path: string; readonly why: string };

/** flock(2) */
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Where the lock is: in the folder the service manager gives, else in /run. */
export function instancePath(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["RUNTIME_DIRECTORY"]?.split(":", 1)[0];
  return join(given === undefined || given === "" ? "/run" : given, "ntpkit.pid");
}

/** Becomes the only one, or says why not. */
export function claimInstance(path: string): Instance | InstanceFault {
  let fd: number;
  try {
    mkdirSync(dirname(path), { recursive: true });
    fd = openSync(path, "a+", 0o644);
  } catch (error) {
    return { kind: "failed", path, why: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
  const earlier = writtenPid(path);
  if (!lock(fd, earlier)) {
    closeSync(fd);
    return { kind: "running", path, pid: earlier };
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return {
    path,
    release() {
      try {
        unlinkSync(path);
      } catch {
        // The folder may be root's, and we no longer: the lock goes with the descriptor all the same.
      }
      closeSync(fd);
    },
  };
}

/** Whether a claim failed. */
export function isInstanceFault(claim: Instance | InstanceFault): claim is InstanceFault {
  return "kind" in claim;
}

function lock(fd: number, earlier: number | null): boolean {
  const c = libc();
  if (c !== null && process.platform !== "win32") return c.flock(fd, LOCK_EX | LOCK_NB) === 0;
  return earlier === null || earlier === process.pid || !isAlive(earlier);
}

function writtenPid(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, "utf8").trim());
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
