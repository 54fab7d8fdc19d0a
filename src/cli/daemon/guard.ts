/** What keeps a daemon from starting: another one that steers the same clock, or another copy of this one. */
import type { Configuration } from "../../config/ntpconf/record.ts";
import { become, lookUpUser } from "../../host/become.ts";
import { otherDaemon } from "../../host/daemons.ts";
import { claimInstance, instancePath, isInstanceFault, type Instance } from "../../host/instance.ts";
import { CommandFailure } from "../exit.ts";
import type { Io } from "../io.ts";
import type { OptionsOf } from "../options/offers.ts";
import type { Log } from "./log.ts";

/**
 * Sees to it that nobody else steers the clock.
 * @returns what to release at the end; `null`: the clock is left alone, or nobody would notice a second copy
 * @throws CommandFailure where somebody does
 */
export function claimClock(
  { clock, force }: OptionsOf<"run">,
  { pidFile }: Configuration,
  env: Io["env"],
  log: Log,
): Instance | null {
  // Those that leave the clock alone may be as many as there are ports.
  if (!clock) return null;
  const other = force === true ? null : otherDaemon();
  if (other !== null) {
    const name = other.pid === null ? other.name : `${other.name} (process ${other.pid})`;
    throw new CommandFailure({
      code: "other-daemon",
      message: `${name} disciplines this clock`,
      hint: "stop it first, start with --no-clock, or insist with --force",
    });
  }
  const claim = claimInstance(pidFile ?? instancePath(env));
  if (!isInstanceFault(claim)) {
    if (claim.unwritten !== null)
      log.say(
        "warning",
        "lock",
        `${claim.path} cannot be written (${claim.unwritten}): it does not tell our process number`,
      );
    return claim;
  }
  if (claim.kind === "failed") {
    log.say("warning", "lock", `${claim.path} cannot be made (${claim.why}): a second copy would not be noticed`);
    return null;
  }
  throw new CommandFailure({
    code: "other-daemon",
    message: `ntpkit run ${claim.pid === null ? "" : `(process ${claim.pid}) `}holds ${claim.path}`,
    hint: "one is enough; --no-clock runs beside it on another --port",
  });
}

/**
 * Gives up root, if it was asked to. Only now that the sockets are open: the files that only root may read have been read.
 * @throws CommandFailure where that cannot be done
 */
export function becomeUser({ user: name, clock }: OptionsOf<"run">, log: Log): void {
  const user = name === undefined ? null : lookUpUser(name);
  if (user === null) return;
  const fault = become(user, clock);
  if (fault !== null)
    throw new CommandFailure({
      code: "permission",
      message: `this process cannot become ${user.name}: ${BECOME_FAULTS[fault]}`,
      hint: null,
    });
  log.say("info", "becameUser", `runs as ${user.name}`);
}

const BECOME_FAULTS = {
  unsupported: "this system has no way to keep the capabilities that are needed",
  notRoot: "it is not root",
  refused: "the system refused",
} as const;
