/** What a run that was killed while it wrote has left: files beside the one that they were to become. */
import { basename, dirname, join } from "node:path";
import type { Files } from "./files.ts";

/** Older than this it is nobody's any more, whoever has that process number by now; or so far in the future. Seconds. */
const LONG = 3600;

/** The name under which this process writes what is to become a file. */
export function draftOf(path: string): string {
  return `${path}.${process.pid}.new`;
}

/** Removes the drafts of processes that have ended. What cannot be looked at or removed stays. */
export function sweepLeftovers(files: Pick<Files, "list" | "isEnded" | "age" | "remove">, path: string): void {
  const folder = dirname(path);
  const stem = `${basename(path)}.`;
  quietly(() => {
    for (const name of files.list(folder)) {
      const pid = name.startsWith(stem)
        ? /^(?:lock\.)?(\d+)\.(?:new|link|\d+)$/.exec(name.slice(stem.length))?.[1]
        : undefined;
      if (pid === undefined || Number(pid) === process.pid) continue;
      const draft = join(folder, name);
      quietly(() => {
        if (files.isEnded(Number(pid)) || Math.abs(files.age(draft)) > LONG) files.remove(draft);
      });
    }
  });
}

/** Does what may as well fail. */
export function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // it stays as it is
  }
}
