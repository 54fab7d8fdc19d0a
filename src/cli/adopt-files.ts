/** The files of the machine that `adopt` looks at: read, and written all or none. Nothing leads out of its root. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import type { MachineFiles } from "../config/adopt/daemons.ts";
import { UsageError } from "../config/usage.ts";
import { named, syncFolder } from "../security/keygen.ts";
import { systemReason } from "../security/place.ts";
import { LARGEST, readText } from "../security/readfile.ts";
import { hasCode, makeFolder, realFiles } from "../state/files.ts";
import { draftOf, quietly, sweepLeftovers } from "../state/leftovers.ts";
import { CommandFailure } from "./exit.ts";

/** A file that is to be written. */
export interface NewFile {
  /** On the machine. */
  readonly path: string;
  readonly text: string;
  /** Only root reads it, and where there is one the daemon's own group. */
  readonly isSecret: boolean;
}

/** The same, where it is to be. */
interface Placed extends NewFile {
  /** Through no link but for its own name. */
  readonly place: string;
  /** What it is called while it is filled. */
  readonly draft: string;
  /** The name that is kept for what is there now; `null`: nothing is. */
  readonly old: string | null;
}

/** The machine below a folder: what leads out of it is not there. */
export function machineOf(root: string): MachineFiles {
  const inside = (path: string): string => insideOf(root, join(root, path));
  return {
    exists: (path) => isThere(join(root, path)),
    read: (path) => readText(inside(path), LARGEST.configuration),
    list: (folder) => readdirSync(inside(folder)),
  };
}

/** Where a place truly is. @throws what the system says, also where that is out of the root */
function insideOf(root: string, place: string): string {
  const real = realpathSync(place);
  const top = realpathSync(root);
  if (real !== top && !real.startsWith(top.endsWith(sep) ? top : top + sep))
    throw new Error("EXDEV: it leads out of the root, realpath");
  return real;
}

/** Where that cannot be known, as in a folder that is closed to us, it is there: who reads it learns why. */
function isThere(place: string): boolean {
  try {
    return isTaken(place);
  } catch (error) {
    return !isAbsent(error);
  }
}

/** Whether the system says that there is no such thing. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}

/**
 * Writes all of them, or none: first beside where they belong, then each is given its name, the last one last.
 * @param force what is there is kept beside, else refused
 * @returns where what was there before is kept
 * @throws UsageError where something is there, or a way leads out of the root; CommandFailure
 */
export function writeAll(files: readonly NewFile[], root: string, force: boolean): readonly string[] {
  const all = files.map((file) => placed(file, root));
  const there = all.filter(({ old }) => old !== null);
  if (there.length > 0 && !force)
    throw new UsageError(
      `${there.map(({ path }) => path).join(" and ")} ${there.length === 1 ? "exists" : "exist"} already, and nothing was written`,
      "replace with --force, which keeps what is there with .old behind its name",
    );
  const group = groupOf(root);
  try {
    for (const one of all) attempt(one, "nothing was written", () => fill(one, group));
    exchange(all);
  } finally {
    for (const { draft } of all) quietly(() => rmSync(draft, { force: true }));
  }
  return there.map((one) => keptAs(one));
}

/** @throws UsageError where it cannot be; CommandFailure where that cannot be known */
function placed(file: NewFile, root: string): Placed {
  const place = join(realFolder(file, root), basename(file.path));
  const old = attempt(file, "nothing was written", () => (isTaken(place) ? unusedName(`${place}.old`) : null));
  return { ...file, place, draft: draftOf(place), old };
}

/** @throws what the system says, as in a folder that is closed to us */
function isTaken(place: string): boolean {
  return lstatSync(place, { throwIfNoEntry: false }) !== undefined;
}

/** The folder of a file: of what is there of the way to it every link is followed, and the rest is to be made. */
function realFolder(file: NewFile, root: string): string {
  const { path } = file;
  let there = dirname(path);
  while (there !== "/" && !isThere(join(root, there))) there = dirname(there);
  try {
    const real = insideOf(root, join(root, there));
    if (statSync(real).isDirectory()) return join(real, dirname(path).slice(there.length));
  } catch (error) {
    if (isForbidden(error)) throw failure(file, error, "nothing was written");
    throw new UsageError(`cannot write ${path}: ${there}: ${systemReason(error)}`);
  }
  throw new UsageError(`cannot write ${path}: ${there} is not a folder`);
}

/** A name that nothing has: what was kept before stays, for it may be what somebody wrote by hand. */
function unusedName(wanted: string): string {
  let name = wanted;
  for (let count = 2; isTaken(name); count += 1) name = `${wanted}.${count}`;
  return name;
}

function keptAs({ path, old }: Placed): string {
  return join(dirname(path), basename(old!));
}

/** Fills the draft, and brings it to the disk; a secret is for root, and for the group where there is one. */
function fill({ place, draft, text, isSecret }: Placed, group: number | null): void {
  makeFolder(dirname(place));
  // Of runs that were killed, and of one before us that had our number.
  sweepLeftovers(realFiles, place);
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    const isShared = isSecret && group !== null;
    if (isShared) fchownSync(descriptor, 0, group);
    fchmodSync(descriptor, isShared ? 0o640 : isSecret ? 0o600 : 0o644);
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The group of the daemon's user, as the package makes it. */
function groupOf(root: string): number | null {
  try {
    const [, number] = /^ntpkit:[^:]*:(\d+):/m.exec(machineOf(root).read("/etc/group")) ?? [];
    return number === undefined ? null : Number(number);
  } catch {
    return null;
  }
}

/** Gives the drafts their names. Where that fails, all that was done is undone, the last first. */
function exchange(all: readonly Placed[]): void {
  const undo: (() => string | null)[] = [];
  for (const one of all) {
    try {
      give(one, undo);
    } catch (error) {
      const left = undo.toReversed().flatMap((act) => act() ?? []);
      throw failure(one, error, left.length === 0 ? "everything is as it was" : left.join(", "));
    }
  }
  for (const { place } of all) syncFolder(dirname(place));
}

/** @param undo gets what takes back each step, and says what is left of it */
function give(one: Placed, undo: (() => string | null)[]): void {
  const { path, place, draft, old } = one;
  if (old !== null) {
    renameSync(place, old);
    undo.push(() => undone(() => renameSync(old, place), `what was ${path} is ${keptAs(one)} now`));
  }
  if (!named(draft, place)) throw new Error("somebody else has just written it");
  undo.push(() => undone(() => rmSync(place), `the new ${path} is there`));
}

/** @returns what is left where it cannot be taken back */
function undone(act: () => void, left: string): string | null {
  try {
    act();
    return null;
  } catch {
    return left;
  }
}

/** @throws CommandFailure */
function attempt<T>(one: NewFile, otherwise: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw failure(one, error, otherwise);
  }
}

function isForbidden(error: unknown): boolean {
  return hasCode(error, "EACCES") || hasCode(error, "EPERM");
}

/** Only what another user may do is helped by being root. */
function failure({ path }: NewFile, error: unknown, state: string): CommandFailure {
  const message = `cannot write ${path}: ${systemReason(error)}; ${state}`;
  return isForbidden(error)
    ? new CommandFailure({
        code: "permission",
        message,
        hint: "be root, or name the root of another machine with --root",
      })
    : new CommandFailure({ code: "io", message, hint: null });
}
