/** What the commands that ask daemons share: the key, the deadline, and words for why nothing was told. */
import { hostname } from "node:os";
import { parseServer } from "../config/servers.ts";
import { UsageError } from "../config/usage.ts";
import type { ControlFault } from "../control/request.ts";
import type { ControlKey } from "../control/session.ts";
import type { Outcome } from "../engine/port/outcome.ts";
import { ownAddresses } from "../host/interfaces.ts";
import { LOCAL, type AskFault, type AskOptions, type Place, type SocketFault, type Undelivered } from "../host/ask.ts";
import { placedText } from "../security/place.ts";
import type { FailureDocument } from "../view/document.ts";
import { hostFaultText, RESOLVE_FAULTS, undeliveredHint } from "../view/explain.ts";
import type { ControlError } from "../wire/control.ts";
import { ASKING_DEFAULTS } from "./options/defaults.ts";
import type { AskingOptions } from "./options/offers.ts";
import type { Until } from "./until.ts";
import { own } from "../wire/own.ts";

/** How to ask, by the command's options. */
export async function askOptions(options: AskingOptions, until: Until): Promise<AskOptions> {
  const family = options.ipv4 === true ? 4 : options.ipv6 === true ? 6 : null;
  return {
    timeout: options.timeout ?? ASKING_DEFAULTS.timeout,
    family,
    key: await controlKey(options),
    signal: until.signal,
  };
}

/**
 * Reads `HOST`, `HOST:PORT`, `[IPv6]:PORT`.
 * @throws UsageError
 */
export function placeOf(text: string): Place {
  if (text.includes(","))
    throw new UsageError(`host "${text}": nothing stands behind a host's name`, "write HOST or HOST:PORT");
  const { name, port } = parseServer(text);
  return { host: text, name, port };
}

/**
 * Reads whose daemon is meant: as {@link placeOf}, or the path of a daemon's Unix socket.
 * @throws UsageError
 */
export function daemonPlaceOf(text: string): Place {
  return text.startsWith("/") ? { host: text, name: text, port: null, socket: text } : placeOf(text);
}

/** The key of `--keys` and `--key`; without `--key` the only one of the file. */
async function controlKey({ keys, key, keysFormat }: AskingOptions): Promise<ControlKey | null> {
  if (keys === undefined) {
    if (key !== undefined)
      throw new UsageError(`key ${key} is to be used, but there is no key file`, "name it with --keys FILE");
    return null;
  }
  const { fatalFault, loadKeys } = await import("../security/keyring.ts");
  const loaded = await loadKeys(keys, { format: keysFormat ?? "auto" });
  const { keyring } = loaded;
  const fault = fatalFault(loaded, key === undefined ? [] : [key]);
  if (fault !== null) throw new UsageError(placedText(fault));
  if (key === undefined && keyring.keys.length !== 1)
    throw new UsageError(`${keys} has ${keyring.keys.length} keys`, "say which with --key ID");
  const held = key === undefined ? keyring.keys[0]! : keyring.find(key);
  if (held === null) throw new UsageError(`there is no key ${key!} in ${keys}`);
  return held;
}

/** Why a host told nothing, as a failure. */
export function askFailure(host: string, fault: AskFault, until: Until): FailureDocument {
  switch (fault.fault) {
    case "unresolved":
      return { code: "resolve", message: `${host}: ${RESOLVE_FAULTS[fault.why]}`, hint: null };
    case "silent":
      if (fault.undelivered !== undefined) return undeliveredFailure(host, fault.undelivered);
      return {
        code: "no-reply",
        message: `${host}: nothing answers there, neither a control protocol nor NTP`,
        hint: isHere(host)
          ? "is a time daemon running here?"
          : "daemons answer questions mostly on their own host only",
      };
    case "closed":
      return {
        code: "unavailable",
        message: `${host}: NTP is answered there, but no control protocol is`,
        hint: "it may be allowed on that host only (restrict … noquery, cmdallow), or the daemon has none",
      };
    case "socket":
      return { code: fault.why === "absent" ? "no-reply" : "unavailable", ...SOCKETS[fault.why](host) };
    case "stopped":
      return stoppedFailure(host, fault.nameless === true, until);
    case "control":
      return controlFailure(host, fault.control);
  }
}

/** Nothing left this host, so nothing is said of the other. */
function undeliveredFailure(host: string, { address, why }: Undelivered): FailureDocument {
  return {
    code: "no-reply",
    message: `${host}: ${hostFaultText("unreachable", why, address)}`,
    hint: undeliveredHint(address, why),
  };
}

function stoppedFailure(host: string, nameless: boolean, { why }: Until): FailureDocument {
  if (why !== "deadline") return { code: why, message: nameless ? `${host}: ${why}` : why, hint: null };
  return nameless
    ? {
        code: why,
        message: `${host}: the deadline passed: ${RESOLVE_FAULTS.silent}`,
        hint: "an IP address needs no name server; --deadline allows more time",
      }
    : { code: why, message: `${host}: the deadline passed`, hint: "--deadline sets it" };
}

/** Whether a host is this one, as far as its name tells. */
function isHere(host: string): boolean {
  if (host === LOCAL.host || /^(localhost\b|127\.|\[?::1\b)/i.test(host)) return true;
  const { name } = parseServer(host);
  return ownAddresses().includes(name) || name.toLowerCase() === hostname().toLowerCase();
}

const SOCKETS: Readonly<
  Record<SocketFault, (path: string) => { readonly message: string; readonly hint: string | null }>
> = {
  absent: (path) => ({
    message: `${path}: there is no such socket`,
    hint: "is the daemon running, and does it have one (chronyd: bindcmdaddress, ntpd-rs: observation-path)?",
  }),
  noPrivilege: (path) => ({
    message: `${path}: this user may not write there`,
    hint: "ask as root, or as a user of the daemon's group",
  }),
  mute: (path) => ({ message: `${path}: nobody answers there, neither chronyd nor ntpd-rs`, hint: null }),
};

/** What each error code of mode 6 means to whoever asked. */
const REFUSALS: Readonly<Record<ControlError, string>> = {
  unspecified: "without saying why",
  authentication: "the key or its code is wrong, or it is not the daemon's control key",
  format: "the question's format is wrong to it",
  operation: "it does not know the question",
  association: "it has no such association",
  variable: "it does not know the variable",
  value: "it does not take the value",
  prohibited: "its access list prohibits it",
};

const FAULTS: Readonly<Record<Exclude<ControlFault["fault"], "refused">, string>> = {
  timeout: "it does not answer",
  unreachable: "nothing listens there",
  incomplete: "only parts of its answer arrived",
  tooMuch: "its answer is longer than an answer may be",
  unauthenticated: "its answers fail the check of their code",
  noKey: "it tells that only to those who have its control key",
  question: "the question is too long",
  garbled: "its answer makes no sense",
};

/** The outcome of each fault; all others are `unavailable`. */
const CODES: Readonly<Record<string, Outcome>> = {
  timeout: "no-reply",
  unreachable: "no-reply",
  unauthenticated: "authentication",
  noKey: "usage",
  question: "usage",
};

function controlFailure(host: string, fault: ControlFault): FailureDocument {
  if (fault.fault === "refused")
    return {
      code: fault.error === "authentication" ? "authentication" : "unavailable",
      message: `${host}: the daemon refused: ${REFUSALS[fault.error]}`,
      hint: null,
    };
  return {
    code: own(CODES, fault.fault) ?? "unavailable",
    message: `${host}: ${FAULTS[fault.fault]}`,
    hint: fault.fault === "noKey" ? "name it with --keys FILE --key ID" : null,
  };
}
