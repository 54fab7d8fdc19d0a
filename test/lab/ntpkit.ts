/** How the command under test is run: on a clock, without rights, and out of sight of the machine's own daemons. */
import { fileURLToPath } from "node:url";
import type { Clock } from "./clock.ts";
import { NO_CLOCK } from "./daemons.ts";
import type { Host } from "./netns.ts";
import type { Finished } from "./processes.ts";
import type { Report } from "./report.ts";
import { onTerminal } from "./terminal.ts";

/** The command under test: this checkout's, or another installation's by its path in NTPKIT_BIN. */
export const NTPKIT: string =
  process.env["NTPKIT_BIN"] ?? fileURLToPath(new URL("../../bin/ntpkit.js", import.meta.url));

/**
 * systemd-timesyncd, where the machine has it, is known by a folder, and a chronyd of the machine's or of another scenario
 * (`chronyd -Q` makes one) by its socket's; the mounts are seen by this command alone.
 */
const HIDE_OTHERS = [
  "[ ! -d /run/systemd/timesync ] || mount -t tmpfs tmpfs /run/systemd",
  "mkdir -p -m 750 /run/chrony && mount -t tmpfs tmpfs /run/chrony",
].join("\n");

/** How ntpkit is run. */
export interface NtpkitOptions {
  readonly clock?: Clock;
  /** Environment on top of the lab's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Capabilities to be without, besides that to set the clock, as setpriv names them. */
  readonly without?: readonly string[];
  /** System calls that the kernel refuses it, in the words of `programs/refuse.py`. */
  readonly refusing?: readonly string[];
  /** Words of the shell to run first in ntpkit's own PID namespace. */
  readonly beside?: string;
  readonly timeout?: number;
  /** A command of the shell that its standard output goes into; what that writes is what is seen. */
  readonly into?: string;
  /** Run it on a terminal of so many columns; what is written there is what is seen. */
  readonly terminal?: number;
  /** Leaves the run out of the transcript: a look that is repeated for minutes. */
  readonly untold?: boolean;
}

/** A run of ntpkit. */
export interface NtpkitRun extends Finished {
  /** The JSON document; reading it fails if none was printed. */
  readonly report: Report;
}

/** Files of the scenario's that stand in for the system's. */
export interface Places {
  readonly state: string;
  readonly runtime: string;
  readonly config: string;
}

/** The words that run ntpkit in a host, in a PID namespace of its own. */
export function ntpkitWords(
  host: Host,
  { state, runtime, config }: Places,
  args: readonly string[],
  options: NtpkitOptions,
): readonly string[] {
  const variables = {
    STATE_DIRECTORY: state,
    RUNTIME_DIRECTORY: runtime,
    NTPKIT_CONFIG: config,
    NO_COLOR: "1",
    ...options.clock?.env,
    ...options.env,
  };
  const words = [
    ...without(options.without ?? []),
    ...NO_CLOCK,
    ...environment(variables),
    ...refused(options.refusing ?? []),
    ...onTerminal([process.execPath, NTPKIT, ...args], options.terminal),
  ];
  // The exit code is ntpkit's, whatever reads from it.
  const command = options.into === undefined ? '"$@"' : `set -o pipefail; "$@" | ${options.into}`;
  // With something left to do, bash does not become ntpkit: `unshare` ends its child when it ends itself, but not a `serve` that
  // gave up root, since that has lost its parent's last signal. The namespace ends with bash.
  const shell = [
    "bash",
    "-c",
    [`mkdir -p ${runtime}`, HIDE_OTHERS, options.beside ?? ":", command, "exit $?"].join("\n"),
    "bash",
    ...words,
  ];
  return host.inside(["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", ...shell]);
}

/** Words that run a program with more in its environment. */
export function environment(variables: Readonly<Record<string, string>>): readonly string[] {
  return ["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
}

/** Words that run a program to which the kernel refuses some system calls. */
export function refused(calls: readonly string[]): readonly string[] {
  return calls.length === 0 ? [] : ["python3", REFUSE, ...calls, "--"];
}

const REFUSE = fileURLToPath(new URL("programs/refuse.py", import.meta.url));

function without(capabilities: readonly string[]): readonly string[] {
  const list = capabilities.map((name) => `-${name}`).join(",");
  return list === "" ? [] : ["setpriv", `--bounding-set=${list}`, `--inh-caps=${list}`];
}
