/** The time by this host's daemon, whichever it is, or where none answers by the kernel, which daemons tell how wrong its clock may be. */
import { daemonBound, kernelBound, type Asked, type Bound } from "../../control/bound.ts";
import { isFollowing, type DaemonReport } from "../../control/daemon.ts";
import { readVariables, type ReadVariables } from "../../control/operations.ts";
import { askControl, askDaemon, type AskOptions, type Place } from "../../host/ask.ts";
import { steady, type ClockReader } from "../../host/clock.ts";
import { ownAddresses } from "../../host/interfaces.ts";
import type { Now } from "../../time/now.ts";
import type { FailureDocument } from "../../view/document.ts";
import { isLoopback, parseAddressLiteral } from "../../wire/address.ts";
import { askFailure, askOptions, daemonPlaceOf } from "../asking.ts";
import { ASKING_DEFAULTS } from "../options/defaults.ts";
import type { Until } from "../until.ts";
import type { Here } from "../wait.ts";
import { NOBODY, unknown, type Look, type NowOptions } from "./look.ts";

/** For the answer of a daemon on this machine, once and then once more; seconds. */
const PATIENCE = 0.25;

/**
 * Asks this host's daemon, and where none answers its kernel.
 * @param here whose daemon and whose kernel
 * @param read this host's clock, with which a daemon's is compared
 * @returns looks once
 * @throws UsageError
 */
export function daemonLook(
  { keys: _keys, key: _key, ...options }: NowOptions,
  here: Here,
  read: ClockReader,
  until: Until,
): () => Promise<Look> {
  const named = options.daemon;
  const place = named === undefined ? here.place : daemonPlaceOf(named);
  const timeout = options.timeout ?? (named === undefined ? PATIENCE : ASKING_DEFAULTS.timeout);
  const now = (): Now => ({ mono: steady(), clock: read() });
  return async () => {
    const asking = await askOptions({ ...options, timeout }, until);
    const from = now();
    const asked = await askDaemon(place, asking);
    const kernel = here.kernel();
    if (!("kind" in asked)) {
      const disciplined = kernel?.synchronized ?? null;
      const bound = daemonBound(asked, { from, until: now(), disciplined });
      const isDoubtful = asked.protocol === "mode6" && bound !== null && disciplined !== true;
      const told = isDoubtful ? await askedAgain(asked, place, asking, now) : null;
      return daemonSaid(asked, told === null ? bound : daemonBound(told.report, { ...told.asked, disciplined }));
    }
    if (until.isOver && until.why !== "deadline") return unknown({ code: until.why, message: until.why, hint: null });
    if (named !== undefined) return unknown(askFailure(named, asked, until));
    if (kernel === null) return unknown(NOBODY_SAYS);
    const bound = kernelBound(kernel, steady());
    return bound === null
      ? unknown(kernel.synchronized ? UNTOLD_KERNEL : UNSYNCHRONIZED_KERNEL)
      : { bound, teller: NOBODY, failure: null };
  };
}

/**
 * What a daemon's clock reads, asked alone: how long the question takes counts where that may be another clock than this host's, and
 * to ask for everything takes long.
 */
async function askedAgain(
  report: DaemonReport,
  place: Place,
  asking: AskOptions,
  now: () => Now,
): Promise<{ readonly report: DaemonReport; readonly asked: Pick<Asked, "from" | "until"> } | null> {
  const from = now();
  const read = await askControl<ReadVariables>(place, () => readVariables(0, ["clock"]), asking);
  const until = now();
  const clock = read.kind === "variables" ? read.variables.get("clock") : undefined;
  if (clock === undefined) return null;
  const { system } = report;
  return {
    report: { ...report, system: { ...system, variables: { ...system.variables, clock } } },
    asked: { from, until },
  };
}

const ASK_SERVERS = "name servers to ask, as in: ntpkit now ntp.example.net";
const NOBODY_SAYS: FailureDocument = {
  code: "unavailable",
  message: "no time daemon answers here, and the kernel's clock status cannot be read",
  hint: ASK_SERVERS,
};
const UNSYNCHRONIZED_KERNEL: FailureDocument = {
  code: "no-agreement",
  message: "no time daemon answers here, and the kernel's clock is not synchronized",
  hint: ASK_SERVERS,
};
const UNTOLD_KERNEL: FailureDocument = {
  code: "unavailable",
  message: "no time daemon answers here, and whoever sets the kernel's clock has not told it how wrong that may be",
  hint: ASK_SERVERS,
};

function daemonSaid(report: DaemonReport, bound: Bound | null): Look {
  const { host, protocol, daemon, via = null } = report;
  const teller = { daemon, via };
  if (!isFollowing(report))
    return unknown(
      { code: "no-agreement", message: `${host}: the daemon is not synchronized`, hint: ASK_SERVERS },
      teller,
    );
  // Only mode 6 tells what the daemon's clock reads, so that another host's can be compared with ours.
  if (protocol !== "mode6" && !isOfThisHost(via))
    return unknown(
      { code: "unavailable", message: `${host}: it tells of its own clock, and not of this host's`, hint: ASK_SERVERS },
      teller,
    );
  if (bound === null)
    return unknown(
      {
        code: "unavailable",
        message: `${host}: the daemon does not tell how wrong its clock may be`,
        hint: ASK_SERVERS,
      },
      teller,
    );
  return { bound, teller, failure: null };
}

/** Whether a daemon was asked at an address of this host, or by a socket. */
function isOfThisHost(via: string | null): boolean {
  if (via === null || via.startsWith("/")) return true;
  const ip = /^\[(.+)\]:\d+$/.exec(via)?.[1] ?? via.replace(/:\d+$/, "");
  return parseAddressLiteral(ip) !== null && (isLoopback(ip) || ownAddresses().includes(ip));
}
