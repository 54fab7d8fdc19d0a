/** `--state [PATH]`, behind which a server may stand, and would be taken for its path. */
import { UsageError } from "../../config/usage.ts";

/** @throws UsageError for what has no slash in it */
export function parseStatePath(text: string): string {
  if (/[/\\]/.test(text)) return text;
  if (text === "")
    throw new UsageError(
      "--state: no path stands behind it",
      "write --state=PATH, or --state alone for the usual place",
    );
  throw new UsageError(
    `--state: "${text}" is no path`,
    `write --state=./${text} for a file here, or put --state behind the servers`,
  );
}
