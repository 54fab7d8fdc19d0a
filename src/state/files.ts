/** The few things the state room does with files, so that a test can pull the plug between any two of them. */
import * as fs from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { FileFault, LARGEST, readText } from "../security/readfile.ts";

/** Files. Everything throws a Node error with its `code` when it fails. */
export interface Files {
  /** The text of a file. */
  read(path: string): string;
  /** Makes a file that must not be there yet; returns its descriptor. `secret`: nobody else may read it. */
  create(path: string, secret?: boolean): number;
  write(descriptor: number, text: string): void;
  /** Waits until what was written is on the disk. */
  sync(descriptor: number): void;
  close(descriptor: number): void;
  /** Puts a file in the place of another, at once. */
  rename(from: string, to: string): void;
  /** Gives a file a second name, which must not be there yet. */
  link(from: string, to: string): void;
  remove(path: string): void;
  /** Makes a folder and those above it. */
  makeFolder(path: string): void;
  /** Waits until the names in a folder are on the disk. */
  syncFolder(path: string): void;
  /** Whether a file belongs to somebody else: neither to us, nor to root, nor to the owner of its folder, who could replace it anyhow. */
  isForeign(path: string): boolean;
  /** How long ago a file was written, seconds; negative: it is dated in the future. */
  age(path: string): number;
  /** The names in a folder. */
  list(folder: string): readonly string[];
  /** Where process numbers mean what they mean to us: a host, and a namespace of processes there. */
  readonly here: string;
  /** Whether there is no process of that number. */
  isEnded(pid: number): boolean;
}

/** The real ones. */
export const realFiles: Files = {
  read: (path) => readText(path, LARGEST.state),
  create: (path, secret = false) => fs.openSync(path, "wx", secret ? 0o600 : 0o644),
  write: (descriptor, text) => fs.writeFileSync(descriptor, text),
  sync: (descriptor) => fs.fsyncSync(descriptor),
  close: (descriptor) => fs.closeSync(descriptor),
  rename: replaceFile,
  link: (from, to) => fs.linkSync(from, to),
  remove: (path) => fs.unlinkSync(path),
  makeFolder,
  syncFolder(path) {
    if (process.platform === "win32") return; // folders cannot be opened there
    try {
      const descriptor = fs.openSync(path, "r");
      try {
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    } catch {
      // What was renamed has its name all the same, and the system sees to the rest in its own time.
    }
  },
  isForeign(path) {
    const us = process.geteuid?.();
    if (us === undefined) return false;
    const { uid } = fs.statSync(path);
    return uid !== us && uid !== 0 && uid !== fs.statSync(dirname(path)).uid;
  },
  age: (path) => (Date.now() - fs.statSync(path).mtimeMs) / 1000,
  list: (folder) => fs.readdirSync(folder),
  get here() {
    return `${hostname()} ${processNamespace()}`;
  },
  isEnded(pid) {
    try {
      process.kill(pid, 0);
      return false;
    } catch (error) {
      return hasCode(error, "ESRCH");
    }
  },
};

/**
 * Puts a file in the place of another, at once, and of nothing else: as root a name like /dev/null would become a file.
 * @throws FileFault where there is something that is no file
 */
export function replaceFile(draft: string, path: string): void {
  if (isNoFile(path)) throw new FileFault("ENOTREG", "it is not a regular file");
  fs.renameSync(draft, path);
}

/** Whether something has this name that is no file: a device, a pipe, a folder, or a link to one. */
export function isNoFile(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

function processNamespace(): string {
  try {
    return fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    return "-"; // not Linux
  }
}

/** Why one of {@link Files} failed: the system's code, or what the file is. */
export function reasonOf(error: unknown): string {
  if (error instanceof FileFault) return error.message;
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** True for an error of {@link Files} with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

/**
 * Makes a folder, and those above it that are not there. Node's own `recursive` never returns where a folder above cannot be made and
 * the system says ENOENT to it, as in /proc.
 * @throws what the system says
 */
export function makeFolder(path: string): void {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    fs.mkdirSync(path, 0o755);
  } catch (error) {
    // Another has made it meanwhile.
    if (!hasCode(error, "EEXIST") || !fs.statSync(path).isDirectory()) throw error;
  }
}
