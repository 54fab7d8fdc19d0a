/** The responder of control queries, with what only this machine knows: its build, its kernel's clock, and a secret for nonces. */
import { randomBytes } from "node:crypto";
import { machine, release, type } from "node:os";
import { ControlResponder } from "../control/responder/responder.ts";
import type { AutokeyFacts, KernelReport, NtsFacts, UserVariable } from "../control/responder/facts.ts";
import type { Keyring } from "../security/keyring.ts";
import { CLOCK_REALTIME, SIZE, TIMEX } from "./layout.ts";
import { libc } from "./libc.ts";

/** What there is to say about it. */
export interface ResponderOptions {
  /** Of ntpkit. */
  readonly version: string;
  readonly keys: Keyring | null;
  /** ntp.conf's `controlkey`; `null`: what needs it is refused. */
  readonly controlKey: number | null;
  /** ntp.conf's `setvar`. */
  readonly variables?: readonly UserVariable[];
  /** Takes lines of configuration, and says what became of them; absent: none are taken. */
  readonly configure?: (lines: string) => string;
  /** What answering clients under NTS has come to; absent, or `null`: nobody is. */
  readonly nts?: () => NtsFacts | null;
  /** What this host has for Autokey; absent, or `null`: nothing. */
  readonly autokey?: () => AutokeyFacts | null;
}

/** A responder for this machine. Keep it as long as its clients: it remembers how much was sent to whom. */
export function machineResponder({
  version,
  keys,
  controlKey,
  variables = [],
  configure,
  nts = () => null,
  autokey = () => null,
}: ResponderOptions): ControlResponder {
  const build = { version: `ntpkit ${version}`, processor: machine(), system: `${type()}/${release()}` };
  return new ControlResponder({
    build,
    keys,
    controlKey,
    secret: randomBytes(32),
    variables,
    ...(configure === undefined ? {} : { configure }),
    kernel: kernelReport,
    nts,
    autokey,
  });
}

/** What the kernel says of its clock; reads only. `null` where it cannot be asked. */
export function kernelReport(): KernelReport | null {
  const c = process.platform === "linux" ? libc() : null;
  if (c === null) return null;
  // Nothing is set in it: modes 0 only read.
  const timex = new DataView(new ArrayBuffer(SIZE.timex));
  if (c.clock_adjtime(CLOCK_REALTIME, timex) < 0) return null;
  const word = (offset: number): number => Number(timex.getBigInt64(offset, true));
  const status = timex.getInt32(TIMEX.status, true);
  const unit = (status & STATUS_NANO) === 0 ? 1e-6 : 1e-9;
  return {
    offset: word(TIMEX.offset) * unit,
    frequency: word(TIMEX.frequency) / SCALED_PPM / 1e6,
    maximumError: word(MAXIMUM_ERROR) * 1e-6,
    estimatedError: word(ESTIMATED_ERROR) * 1e-6,
    flags: STATUS_FLAGS.filter((_, bit) => (status & (1 << bit)) !== 0),
    timeConstant: word(TIME_CONSTANT),
    precision: word(PRECISION) * 1e-6,
    frequencyTolerance: word(TOLERANCE) / SCALED_PPM / 1e6,
  };
}

/** Members of `struct timex` that nothing else here reads. */
const [MAXIMUM_ERROR, ESTIMATED_ERROR, TIME_CONSTANT, PRECISION, TOLERANCE] = [24, 32, 48, 56, 64] as const;

/** Parts per million with 16 bits of fraction. */
const SCALED_PPM = 2 ** 16;

/** The bits of `status`, from the lowest on (linux/timex.h STA_PLL …), in ntpd's words. */
const STATUS_FLAGS =
  "pll ppsfreq ppstime fll ins del unsync freqhold ppssig ppsjit ppswander ppserror clockerr nano mode=fll src=B".split(
    " ",
  );
const STATUS_NANO = 0x2000;
