/**
 * One daemon at a time: a file with our process number, locked for as long as we live.
 *
 * The lock is the kernel's (flock(2)), so it ends with the process however that ends, and a file that is left behind locks
 * nobody out. Without libc a file with the number of a living process counts as a lock.
 */
import { closeSync, constants, fstatSync, ftruncateSync, readSync, unlinkSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../state/files.ts";
import { libc } from "./libc.ts";
import { openOwn, ownFault } from "./ownfile.ts";

/** The only one of its kind. */
export interface Instance {
  readonly path: string;
  /** Why its number is not in the file, which is locked all the same; `null`: it is. */
  readonly unwritten: string | null;
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
    makeFolder(dirname(path));
    fd = openOwn(path, constants.O_RDWR | constants.O_APPEND);
  } catch (error) {
    return { kind: "failed", path, why: ownFault(error) };
  }
  if (!fstatSync(fd).isFile()) {
    closeSync(fd);
    return { kind: "failed", path, why: "it is not a regular file" };
  }
  const earlier = writtenPid(fd);
  if (!lock(fd, earlier)) {
    closeSync(fd);
    return { kind: "running", path, pid: earlier };
  }
  return {
    path,
    unwritten: writePid(fd),
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

/** @returns why it cannot be written, as on a full disk; `null`: it is */
function writePid(fd: number): string | null {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
    return null;
  } catch (error) {
    return ownFault(error);
  }
}

function writtenPid(fd: number): number | null {
  try {
    const octets = Buffer.alloc(16);
    const pid = Number(octets.toString("latin1", 0, readSync(fd, octets, 0, octets.length, 0)).trim());
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
