/** Where the state lives. */
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const SYSTEM = "/var/lib/ntpkit";

/** What the place depends on. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user, 0 for root; `undefined` where there is none. */
  readonly user: number | undefined;
  readonly home: string;
  /** True when a folder is there and may be written to. */
  readonly isWritable: (folder: string) => boolean;
}

/**
 * The state file: in `$STATE_DIRECTORY` (a service manager gives it), else /var/lib/ntpkit for root and whoever may
 * write there, else `$XDG_STATE_HOME/ntpkit`, by default ~/.local/state/ntpkit.
 */
export function statePath(surroundings: Surroundings = ours()): string {
  return join(stateFolder(surroundings), "state.json");
}

/** The master keys of NTS cookies, beside it. */
export function masterKeysPath(surroundings: Surroundings = ours()): string {
  return join(stateFolder(surroundings), "nts-keys");
}

function stateFolder({ env, user, home, isWritable }: Surroundings): string {
  const given = env["STATE_DIRECTORY"]?.split(":", 1)[0]; // systemd.exec(5): several are separated by colons
  if (given !== undefined && given !== "") return given;
  if (user === 0 || isWritable(SYSTEM)) return SYSTEM;
  const state = env["XDG_STATE_HOME"];
  // The XDG specification: a relative path is to be ignored.
  return join(state !== undefined && isAbsolute(state) ? state : join(home, ".local", "state"), "ntpkit");
}

function ours(): Surroundings {
  return { env: process.env, user: process.geteuid?.(), home: homedir(), isWritable };
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
