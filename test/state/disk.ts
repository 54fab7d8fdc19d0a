/**
 * A disk on which the power can fail: what is written or named reaches the plate only when it is synchronized, or by
 * chance. After {@link Disk.crash} only what reached it is there.
 */
import { relative } from "node:path";
import type { Files } from "../../src/state/files.ts";

/** Thrown in place of the step at which the power fails. */
export class PowerFailure extends Error {}

interface Inode {
  text: string;
  /** What is on the plate. */
  plate: string;
  born: number;
}

/** One change of the folder, until it is on the plate. */
type Naming = { readonly name: string; readonly inode: Inode | null };

/** Files in memory, in one folder. */
export class Disk implements Files {
  readonly #open: Map<number, Inode> = new Map();
  #names: Map<string, Inode> = new Map();
  #plate: Map<string, Inode> = new Map();
  #pending: Naming[][] = [];
  #descriptors = 3;
  /** Steps done so far. */
  steps = 0;
  /** The step before which the power fails. */
  failAt = Infinity;
  /** Seconds since the disk was made. */
  now = 0;
  /** Whether everything on it is another user's. */
  foreign = false;
  /** Processes that have ended. */
  readonly ended: Set<number> = new Set();
  readonly here = "host pid:[1]";
  /** Called before each step: another run may do something then. */
  between: () => void = () => undefined;

  read(path: string): string {
    this.#step();
    return this.#find(path).text;
  }
  create(path: string): number {
    this.#step();
    if (this.#names.has(path)) throw fault("EEXIST");
    const inode: Inode = { text: "", plate: "", born: this.now };
    this.#name([{ name: path, inode }]);
    this.#descriptors += 1;
    this.#open.set(this.#descriptors, inode);
    return this.#descriptors;
  }
  write(descriptor: number, text: string): void {
    this.#step();
    this.#inode(descriptor).text += text;
  }
  sync(descriptor: number): void {
    this.#step();
    const inode = this.#inode(descriptor);
    inode.plate = inode.text;
  }
  close(descriptor: number): void {
    this.#step();
    this.#open.delete(descriptor);
  }
  rename(from: string, to: string): void {
    this.#step();
    this.#name([
      { name: to, inode: this.#find(from) },
      { name: from, inode: null },
    ]);
  }
  link(from: string, to: string): void {
    this.#step();
    if (this.#names.has(to)) throw fault("EEXIST");
    this.#name([{ name: to, inode: this.#find(from) }]);
  }
  remove(path: string): void {
    this.#step();
    this.#find(path);
    this.#name([{ name: path, inode: null }]);
  }
  makeFolder(): void {
    this.#step();
  }
  syncFolder(): void {
    this.#step();
    this.#plate = new Map(this.#names);
    this.#pending = [];
  }
  isForeign(path: string): boolean {
    this.#find(path);
    return this.foreign;
  }
  age(path: string): number {
    this.#step();
    return this.now - this.#find(path).born;
  }

  list(folder: string): readonly string[] {
    return [...this.#names.keys()].map((name) => relative(folder, name));
  }
  isEnded(pid: number): boolean {
    return this.ended.has(pid);
  }

  /** The names there are. */
  names(): readonly string[] {
    return [...this.#names.keys()].toSorted();
  }

  /** The text of a file, without a step. */
  text(path: string): string | undefined {
    return this.#names.get(path)?.text;
  }

  /** Puts a file there, as from before. */
  put(path: string, text: string): void {
    const inode = { text, plate: text, born: this.now };
    this.#names.set(path, inode);
    this.#plate.set(path, inode);
  }

  /**
   * The power fails: of the names not synchronized only the first few are kept, of the text not synchronized only a part.
   * @param namings how many of the pending changes of the folder had reached the plate
   * @param part of each unsynchronized text, 0 … 1
   */
  crash(namings: number, part: number): void {
    for (const change of this.#pending.slice(0, namings)) apply(this.#plate, change);
    this.#names = new Map(this.#plate);
    this.#pending = [];
    this.#open.clear();
    for (const inode of this.#names.values()) {
      if (inode.text !== inode.plate) inode.text = inode.text.slice(0, Math.floor(inode.text.length * part));
      inode.plate = inode.text;
    }
    this.failAt = Infinity;
  }

  #name(change: Naming[]): void {
    apply(this.#names, change);
    this.#pending.push(change);
  }
  #step(): void {
    this.between();
    if (this.steps >= this.failAt) throw new PowerFailure();
    this.steps += 1;
  }
  #find(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw fault("ENOENT");
    return inode;
  }
  #inode(descriptor: number): Inode {
    const inode = this.#open.get(descriptor);
    if (inode === undefined) throw fault("EBADF");
    return inode;
  }
}

function apply(names: Map<string, Inode>, change: readonly Naming[]): void {
  for (const { name, inode } of change) {
    if (inode === null) names.delete(name);
    else names.set(name, inode);
  }
}

/** A Node error with a code. */
export function fault(code: string): Error {
  return Object.assign(new Error(code), { code });
}
