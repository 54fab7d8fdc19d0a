/** What the campaign needs of a machine. */
import { spawnSync } from "node:child_process";

const TOOLS = ["unshare", "mount", "setpriv", "prlimit", "taskset", "ip", "python3", "bash", "openssl"];

/** What this machine lacks, in words; `null`: nothing. */
export function whyNot(): string | null {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "it needs root for its namespaces";
  const missing = TOOLS.filter((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
  return missing.length === 0 ? null : `not on this machine: ${missing.join(", ")}`;
}
