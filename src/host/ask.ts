/**
 * Asking the time daemon of a host, whichever it is: mode 6 (ntpd, NTPsec, ntpkit), chrony's cmdmon by UDP or, on this
 * host, by its Unix socket, and on this host ntpd-rs's observation socket. All are tried at once. The address that was asked for
 * comes first: behind a socket may be another daemon, for containers and network namespaces share files, not ports.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { readChrony, type ChronyFault, type ReadChrony } from "../control/chrony.ts";
import { CMDMON_PORT, type CmdmonRequest } from "../control/cmdmon.ts";
import { CmdmonSession, type CmdmonAnswer } from "../control/cmdmonsession.ts";
import type { DaemonReport } from "../control/daemon.ts";
import { cmdmonReport } from "../control/daemoncmdmon.ts";
import { mode6Report } from "../control/daemonmode6.ts";
import { observationReport } from "../control/daemonobserve.ts";
import { readDaemon, type ReadDaemon } from "../control/operations.ts";
import type { ControlAnswer, ControlFault, ControlRequest, Dialogue } from "../control/request.ts";
import { ControlSession, type ControlKey } from "../control/session.ts";
import type { HostFault, ResolveFault } from "../engine/port/event.ts";
import type { Chance } from "../engine/port/engine.ts";
import type { Seconds } from "../time/seconds.ts";
import { fromUnix, type NtpTimestamp } from "../time/timestamp.ts";
import { addressText, isLoopback, type Address } from "../wire/address.ts";
import { systemChance } from "./chance.ts";
import { openLine, type Line } from "./control.ts";
import { NTPD_RS_SOCKET, observe, type ObserveFault } from "./observe.ts";
import type { OpenPort } from "./port.ts";
import { probe, type Probing } from "./probe.ts";
import { resolve } from "./resolve.ts";
import { udpPort } from "./udp-port.ts";
import { CHRONYD_SOCKET, unixPort } from "./unix.ts";

/** Whom to ask. */
export interface Place {
  /** As it was typed. */
  readonly host: string;
  /** A name or an IP literal. */
  readonly name: string;
  /** For every protocol; `null`: each protocol's own. */
  readonly port: number | null;
  /** A daemon's Unix socket, asked instead of a host: chronyd's or ntpd-rs's, which of both is found out. */
  readonly socket?: string;
  /** Nobody named it: whatever daemon of this host tells something at once will do. */
  readonly isAnyWay?: boolean;
}

/** How to ask. */
export interface AskOptions {
  /** To wait for an answer, once and then twice. */
  readonly timeout: Seconds;
  readonly family: 4 | 6 | null;
  readonly key: ControlKey | null;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** chronyd's Unix socket, asked on this host; `null`: not. */
  readonly socket?: string | null;
  /** ntpd-rs's, likewise. */
  readonly observation?: string | null;
}

/** Why there is no report. */
export type AskFault =
  | { readonly kind: "unasked"; readonly fault: "unresolved"; readonly why: ResolveFault }
  | { readonly kind: "unasked"; readonly fault: "silent"; readonly undelivered?: Undelivered } // nothing answers
  | { readonly kind: "unasked"; readonly fault: "stopped"; readonly nameless?: true } // we were told to stop, before the name had an address
  | { readonly kind: "unasked"; readonly fault: "closed" } // NTP answers, but no control protocol
  | { readonly kind: "unasked"; readonly fault: "socket"; readonly why: SocketFault }
  | { readonly kind: "unasked"; readonly fault: "control"; readonly control: ControlFault };

/** What this host would not send, and where to. */
export interface Undelivered {
  readonly address: string;
  readonly why: HostFault;
}

/** Why a Unix socket that was named tells nothing. */
export type SocketFault =
  | "absent" // there is no such file
  | "noPrivilege" // it is not for us
  | "mute"; // nobody answers there

/** Why one way led nowhere; `null`: it was closed. */
type WayFault = ControlFault | ChronyFault | ObserveFault | null;

const SILENT = { kind: "unasked", fault: "silent" } as const satisfies AskFault;
const STOPPED = { kind: "unasked", fault: "stopped" } as const satisfies AskFault;

/** The NTP port. */
const NTP_PORT = 123;

/** For this long mode 6 is waited for where chronyd has told already: there may be two daemons, and ntpd's has the port. Seconds. */
const COURTESY: Seconds = 0.1;

/** What runs on a host that is asked by no name. */
export const LOCAL: Place = { host: "localhost", name: "localhost", port: null, isAnyWay: true };

/** Asks for everything a table of peers needs. */
export async function askDaemon(place: Place, options: AskOptions): Promise<DaemonReport | AskFault> {
  if (place.socket !== undefined) return await askSocket(place, place.socket, options);
  const found = await addressesOf(place.name, options);
  if (!Array.isArray(found)) return found;
  const faults: WayFault[] = [];
  const sockets = socketAttempts(place, found, options);
  const bySocket = firstOf(sockets, faults, options.signal);
  const byAddress = firstOf(
    found.flatMap((ip) => [mode6Attempt(place, ip, options), cmdmonAttempt(place, ip, options)]),
    faults,
    options.signal,
  );
  const first = await addressFirst(byAddress, bySocket, place.isAnyWay === true ? COURTESY : Infinity);
  for (const one of sockets) one.close();
  return first ?? (await faultBehind(place, found, faults, options));
}

/** The sockets of daemons on this host, where this host is asked, and each at the port that is its own. */
function socketAttempts(place: Place, addresses: readonly string[], options: AskOptions): Attempt<DaemonReport>[] {
  const { socket = CHRONYD_SOCKET, observation = NTPD_RS_SOCKET } = options;
  if (place.port !== null || !addresses.some((ip) => isLoopback(ip))) return [];
  const open = socket !== null && existsSync(socket) ? unixPort(socket) : null;
  return [
    ...(typeof open === "function" ? [cmdmonAttemptBy(place, open, socket!, options)] : []),
    ...(observation !== null && existsSync(observation) ? [observationAttempt(place, observation, options)] : []),
  ];
}

/**
 * What was told by an address, or more of it by chronyd's socket where that is the same daemon; by a socket alone where nobody
 * tells anything by the address.
 * @param patience how long a socket's answer waits for one by the address, seconds
 */
async function addressFirst(
  byAddress: Promise<DaemonReport | null>,
  bySocket: Promise<DaemonReport | null>,
  patience: Seconds,
): Promise<DaemonReport | null> {
  const late = bySocket.then((report) =>
    report === null || patience === Infinity ? byAddress : within(byAddress, patience),
  );
  const first = await Promise.race([byAddress, late]);
  if (first === null) return await bySocket;
  if (first.protocol !== "cmdmon") return first;
  const more = await within(bySocket, COURTESY);
  return more !== null && isSameDaemon(first, more) ? more : first;
}

/** Two answers of chronyd that tell of one clock, set at one moment by one server. */
function isSameDaemon({ system: one }: DaemonReport, { system: other, protocol }: DaemonReport): boolean {
  return protocol === "cmdmon" && one.reference === other.reference && one.refid === other.refid;
}

/** What comes in time; `null`: nothing did. */
async function within<Value>(coming: Promise<Value | null>, seconds: Seconds): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((done) => {
    timer = setTimeout(() => done(null), seconds * 1000);
  });
  const first = await Promise.race([coming, late]);
  clearTimeout(timer);
  return first;
}

/**
 * Leads one mode 6 dialogue with a host.
 * @param make is called for each address that is tried
 */
export async function askControl<Result extends { readonly kind: string }>(
  place: Place,
  make: () => Dialogue<Result | ControlFault>,
  options: AskOptions,
): Promise<Result | AskFault> {
  const found = await addressesOf(place.name, options);
  if (!Array.isArray(found)) return found;
  const faults: WayFault[] = [];
  const attempts = found.map((ip): Attempt<Result> => {
    const line = openLine(udpPort({ ip, port: place.port ?? NTP_PORT }), session(options));
    return {
      preferred: true,
      result: settled<Result, ControlRequest, ControlAnswer, ControlFault>(line, make(), (result) => result),
      close: () => line.close(),
    };
  });
  const first = await firstOf(attempts, faults, options.signal);
  if (first !== null) return first;
  return await faultBehind(place, found, faults, options);
}

/**
 * The addresses of a name, best first: of a name with several one of each family; this host's own name needs no resolver.
 */
export async function addressesOf(
  name: string,
  { family, signal }: Pick<AskOptions, "family" | "signal">,
): Promise<string[] | AskFault> {
  if (name === "localhost") return family === 4 ? ["127.0.0.1"] : family === 6 ? ["::1"] : ["127.0.0.1", "::1"];
  return await new Promise((done) => {
    const stop = (): void => done({ ...STOPPED, nameless: true });
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    resolve(name, family, (event) => {
      signal.removeEventListener("abort", stop);
      if (event.kind === "unresolved") done({ kind: "unasked", fault: "unresolved", why: event.why });
      else if (event.kind === "resolved") done(oneOfEach(event.addresses));
    });
  });
}

/** A random number for a field. */
export function cookie(): NtpTimestamp {
  return chance().bits64() as NtpTimestamp;
}

function oneOfEach(addresses: readonly string[]): string[] {
  const isSix = (ip: string): boolean => ip.includes(":");
  const [first] = addresses;
  if (first === undefined) return [];
  const other = addresses.find((ip) => isSix(ip) !== isSix(first));
  return other === undefined ? [first] : [first, other];
}

/** Something that may answer. */
interface Attempt<Result> {
  /** Where several answer, who has it is it. */
  readonly preferred: boolean;
  readonly result: Promise<Result | WayFault>;
  close(): void;
}

function mode6Attempt(place: Place, ip: string, options: AskOptions): Attempt<DaemonReport> {
  const at = { ip, port: place.port ?? NTP_PORT };
  const line = openLine(udpPort(at), session(options));
  const report = (read: ReadDaemon): DaemonReport => {
    const now = unixNow();
    return { ...mode6Report(place.host, read, fromUnix(now), now), via: addressText(at) };
  };
  return {
    preferred: true,
    result: settled<ReadDaemon, ControlRequest, ControlAnswer, ControlFault, DaemonReport>(line, readDaemon(), report),
    close: () => line.close(),
  };
}

function cmdmonAttempt(place: Place, ip: string, options: AskOptions): Attempt<DaemonReport> {
  const at = { ip, port: place.port ?? CMDMON_PORT };
  return cmdmonAttemptBy(place, udpPort(at), addressText(at), options);
}

function cmdmonAttemptBy(place: Place, port: OpenPort, via: string, options: AskOptions): Attempt<DaemonReport> {
  const conversation = new CmdmonSession({
    timeout: options.timeout,
    retries: 1,
    firstSequence: Number(cookie() & 0xffff_ffffn),
  });
  const line = openLine(port, conversation);
  const report = (read: ReadChrony): DaemonReport => ({ ...cmdmonReport(place.host, read), via });
  return {
    preferred: false,
    result: settled<ReadChrony, CmdmonRequest, CmdmonAnswer, ChronyFault, DaemonReport>(line, readChrony(), report),
    close: () => line.close(),
  };
}

function observationAttempt(place: Place, path: string, { timeout }: AskOptions): Attempt<DaemonReport> {
  const { result, close } = observe(path, timeout);
  const report = result.then((observation) => {
    if (observation === null || observation.kind === "fault") return observation;
    const now = fromUnix(unixNow());
    return { ...observationReport(place.host, observation, Number(now) / 2 ** 32), via: path };
  });
  return { preferred: false, result: report, close };
}

/** Asks at a path: a datagram socket is chronyd's, a stream ntpd-rs's, and only one of both can be connected to. */
async function askSocket(place: Place, path: string, options: AskOptions): Promise<DaemonReport | AskFault> {
  const why = obstacleAt(path);
  if (why !== null) return { kind: "unasked", fault: "socket", why };
  const open = unixPort(path);
  const attempts = [
    ...(typeof open === "function" ? [cmdmonAttemptBy(place, open, path, options)] : []),
    observationAttempt(place, path, options),
  ];
  const faults: WayFault[] = [];
  const first = await firstOf(attempts, faults, options.signal);
  if (first !== null) return first;
  if (options.signal.aborted) return STOPPED;
  const said = saidIn(faults);
  return said === undefined
    ? { kind: "unasked", fault: "socket", why: "mute" }
    : { kind: "unasked", fault: "control", control: said };
}

function obstacleAt(path: string): SocketFault | null {
  try {
    accessSync(path, constants.W_OK);
    return null;
  } catch (error) {
    return ["EACCES", "EPERM", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "")
      ? "noPrivilege"
      : "absent";
  }
}

function session({ timeout, key }: AskOptions): ControlSession {
  return new ControlSession({
    timeout,
    fragmentTimeout: timeout,
    retries: 1,
    key,
    firstSequence: 1 + Number(cookie() % 0xfffen),
  });
}

async function settled<
  Read extends { readonly kind: string },
  Request,
  Answer,
  Fault extends { readonly kind: "fault" },
  Result = Read,
>(
  line: Line<Request, Answer>,
  dialogue: Dialogue<Read | Fault, Request, Answer>,
  made: (read: Read) => Result,
): Promise<Result | Fault | null> {
  const read = await line.lead(dialogue);
  if (read === null || read.kind === "fault") return read as Fault | null;
  return made(read as Read);
}

/** The first result that is no fault, a preferred one if it comes soon; the others are closed. `null`: all failed. */
async function firstOf<Result extends object>(
  attempts: readonly Attempt<Result>[],
  faults: WayFault[],
  signal: AbortSignal,
): Promise<Result | null> {
  const close = (): void => {
    for (const attempt of attempts) attempt.close();
  };
  if (signal.aborted) close();
  signal.addEventListener("abort", close, { once: true });
  const answers = attempts.map(async ({ preferred, result }) => {
    const value = await result;
    if (value !== null && !isFault(value)) return { preferred, value };
    faults.push(value);
    throw new Error("no answer");
  });
  const any = await Promise.any(answers).catch(() => null);
  const better =
    any === null || any.preferred ? null : await soon(answers.filter((_, index) => attempts[index]!.preferred));
  const first = (better ?? any)?.value ?? null;
  signal.removeEventListener("abort", close);
  close();
  return first;
}

/** Whoever answers within {@link COURTESY}. */
async function soon<Answer>(answers: readonly Promise<Answer>[]): Promise<Answer | null> {
  return await within(
    Promise.any(answers).catch(() => null),
    COURTESY,
  );
}

function isFault(value: object): value is NonNullable<WayFault> {
  return "kind" in value && value.kind === "fault";
}

/** Faults after which it is not known whether anything is there at all. */
const NOTHING_HEARD: ReadonlySet<string> = new Set(["timeout", "unreachable"]);

/** Why nobody told anything: what a daemon said about it, or whether NTP at least is answered. */
async function faultBehind(
  place: Place,
  addresses: readonly string[],
  faults: readonly WayFault[],
  options: AskOptions,
): Promise<AskFault> {
  if (options.signal.aborted) return STOPPED;
  const said = saidIn(faults);
  if (said !== undefined) return { kind: "unasked", fault: "control", control: said };
  if (faults.some((fault) => fault !== null && CMDMON_FAULTS.has(fault.fault)))
    return { kind: "unasked", fault: "closed" };
  const probes = addresses.map((ip) =>
    probe({ ip, port: place.port ?? NTP_PORT } satisfies Address, cookie(), options.timeout, options.signal),
  );
  const answered = await anyAnswer(probes, options.signal);
  if (options.signal.aborted) return STOPPED;
  if (answered) return { kind: "unasked", fault: "closed" };
  const [undelivered] = probes.flatMap(({ undelivered: why }, index) =>
    why === null || why === "portUnreachable" ? [] : [{ address: addresses[index]!, why }],
  );
  return undelivered === undefined ? SILENT : { ...SILENT, undelivered };
}

/** What a daemon said, or that what it said makes no sense. */
function saidIn(faults: readonly WayFault[]): ControlFault | undefined {
  return faults.find(
    (fault): fault is ControlFault =>
      fault !== null && !NOTHING_HEARD.has(fault.fault) && !CMDMON_FAULTS.has(fault.fault),
  );
}

/** What only chronyd says. */
const CMDMON_FAULTS: ReadonlySet<string> = new Set([
  "socketOnly",
  "unknownCommand",
  "noSuchSource",
  "notEnabled",
  "inactive",
  "version",
  "length",
  "failed",
]);

async function anyAnswer(probes: readonly Probing[], signal: AbortSignal): Promise<boolean> {
  const close = (): void => {
    for (const one of probes) one.close();
  };
  signal.addEventListener("abort", close, { once: true });
  const answers = await Promise.all(probes.map(({ answer }) => answer));
  signal.removeEventListener("abort", close);
  return answers.some((answer) => answer !== null);
}

function unixNow(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

let drawn: Chance | undefined;

function chance(): Chance {
  drawn ??= systemChance();
  return drawn;
}
