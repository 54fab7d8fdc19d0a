/**
 * What chronyd's replies carry (chrony `candm.h`, `RPY_…`), in our units and signs.
 *
 * Offsets become server − local seconds: chronyd counts a clock that is ahead as positive nearly everywhere, only in
 * `ntpdata` and the system's remaining correction as NTP does. Frequencies become the correction that ntpd calls
 * `frequency`: positive where the clock runs slow. Parts per million become s/s.
 */
import type { UnixNanoseconds } from "../time/timestamp.ts";
import { addressLiteral } from "../wire/address.ts";
import { LEAPS, MODES } from "../wire/header.ts";
import { SELECT_OPTIONS, SOURCE_MODES, SOURCE_STATES } from "./chronyreport.ts";
import type {
  ChronyActivity,
  ChronyAuthData,
  ChronyNtpData,
  ChronySelectData,
  ChronyServerStats,
  ChronySource,
  ChronySourceStats,
  ChronyTracking,
  SelectOption,
} from "./chronyreport.ts";
import { CMDMON_FAMILIES, fromCmdmonFloat, type CmdmonReply } from "./cmdmon.ts";

/** The number of sources; `null` when the reply is another. */
export function readCount(reply: CmdmonReply): number | null {
  return read(reply, 2, 4, (view) => view.getUint32(0));
}

/** A source; `null` when the reply is another or says what cannot be. */
export function readSource(reply: CmdmonReply): ChronySource | null {
  return read(reply, 3, 48, (view) => {
    const state = SOURCE_STATES[view.getUint16(24)];
    const mode = SOURCE_MODES[view.getUint16(26)];
    if (state === undefined || mode === undefined) return null;
    const clock = mode === "referenceClock";
    const since = view.getUint32(32);
    const sampled = since !== NEVER;
    return {
      address: clock ? null : addressAt(view, 0),
      referenceId: clock ? view.getUint32(0) : null,
      poll: view.getInt16(20),
      stratum: view.getUint16(22),
      state,
      mode,
      reach: view.getUint16(30) & 0xff,
      when: sampled ? since : null,
      measured: sampled ? turned(floatAt(view, 36)) : null,
      offset: sampled ? turned(floatAt(view, 40)) : null,
      error: sampled ? floatAt(view, 44) : null,
    };
  });
}

/** The clock; `null` when the reply is another. */
export function readTracking(reply: CmdmonReply): ChronyTracking | null {
  return read(reply, 5, 76, (view) => ({
    referenceId: view.getUint32(0),
    address: addressAt(view, 4),
    stratum: view.getUint16(24),
    leap: LEAPS[view.getUint16(26) & 3]!,
    reference: timeAt(view, 28),
    correction: floatAt(view, 40),
    lastOffset: turned(floatAt(view, 44)),
    rmsOffset: floatAt(view, 48),
    frequency: turned(floatAt(view, 52) / MILLION),
    residualFrequency: turned(floatAt(view, 56) / MILLION),
    skew: floatAt(view, 60) / MILLION,
    rootDelay: floatAt(view, 64),
    rootDispersion: floatAt(view, 68),
    updateInterval: floatAt(view, 72),
  }));
}

/** A source's statistics; `null` when the reply is another. */
export function readSourceStats(reply: CmdmonReply): ChronySourceStats | null {
  return read(reply, 6, 56, (view) => ({
    referenceId: view.getUint32(0),
    address: addressAt(view, 4),
    samples: view.getUint32(24),
    runs: view.getUint32(28),
    span: view.getUint32(32),
    deviation: floatAt(view, 36),
    residualFrequency: turned(floatAt(view, 40) / MILLION),
    skew: floatAt(view, 44) / MILLION,
    offset: turned(floatAt(view, 48)),
    error: floatAt(view, 52),
  }));
}

/** The sources' activity; `null` when the reply is another. */
export function readActivity(reply: CmdmonReply): ChronyActivity | null {
  return read(reply, 12, 20, (view) => ({
    online: view.getUint32(0),
    offline: view.getUint32(4),
    burstOnline: view.getUint32(8),
    burstOffline: view.getUint32(12),
    unresolved: view.getUint32(16),
  }));
}

/** A source's fate in selection; `null` when the reply is another. */
export function readSelectData(reply: CmdmonReply): ChronySelectData | null {
  return read(reply, 23, 48, (view) => ({
    referenceId: view.getUint32(0),
    address: addressAt(view, 4),
    state: String.fromCharCode(view.getUint8(24)),
    authenticated: view.getUint8(25) !== 0,
    leap: LEAPS[view.getUint8(26) & 3]!,
    options: optionsOf(view.getUint16(28)),
    effective: optionsOf(view.getUint16(30)),
    when: view.getUint32(32),
    score: floatAt(view, 36),
    low: turned(floatAt(view, 44)),
    high: turned(floatAt(view, 40)),
  }));
}

/** A source's last measurement, as chrony 4.0 and later tell it; `null` when the reply is another. */
export function readNtpData(reply: CmdmonReply): ChronyNtpData | null {
  return read(reply, reply.reply === 16 ? 16 : 26, 112, (view) => {
    const flags = view.getUint16(92);
    return {
      address: addressAt(view, 0),
      localAddress: addressAt(view, 20),
      port: view.getUint16(40),
      leap: LEAPS[view.getUint8(42) & 3]!,
      version: view.getUint8(43),
      mode: MODES[view.getUint8(44) & 7]!,
      stratum: view.getUint8(45),
      poll: view.getInt8(46),
      precision: view.getInt8(47),
      rootDelay: floatAt(view, 48),
      rootDispersion: floatAt(view, 52),
      referenceId: view.getUint32(56),
      reference: timeAt(view, 60),
      offset: floatAt(view, 72),
      delay: floatAt(view, 76),
      dispersion: floatAt(view, 80),
      responseTime: floatAt(view, 84),
      jitterAsymmetry: floatAt(view, 88),
      tests: flags & 0x3ff,
      interleaved: (flags & 0x4000) !== 0,
      authenticated: (flags & 0x8000) !== 0,
      transmitStamps: String.fromCharCode(view.getUint8(94)),
      receiveStamps: String.fromCharCode(view.getUint8(95)),
      sent: view.getUint32(96),
      received: view.getUint32(100),
      valid: view.getUint32(104),
      good: view.getUint32(108),
    };
  });
}

/** How a source is authenticated; `null` when the reply is another. */
export function readAuthData(reply: CmdmonReply): ChronyAuthData | null {
  return read(reply, 20, 24, (view) => ({
    mode: (["none", "key", "nts"] as const)[view.getUint16(0)] ?? "none",
    keyType: view.getUint16(2),
    keyId: view.getUint32(4),
    keyLength: view.getUint16(8),
    attempts: view.getUint16(10),
    keyAge: view.getUint32(12) === NEVER ? null : view.getUint32(12),
    cookies: view.getUint16(16),
    cookieLength: view.getUint16(18),
    naks: view.getUint16(20),
  }));
}

/** The name a source was configured by; `null` when the reply is another. */
export function readSourceName(reply: CmdmonReply): string | null {
  return read(reply, 19, 256, (view) => {
    const octets = new Uint8Array(view.buffer, view.byteOffset, 256);
    const end = octets.indexOf(0);
    return new TextDecoder("utf-8").decode(octets.subarray(0, end < 0 ? 256 : end));
  });
}

/** What chronyd counts as a server, in 32 bits until chrony 4.3, in 64 since; `null` when the reply is another. */
export function readServerStats(reply: CmdmonReply): ChronyServerStats | null {
  if (reply.reply === 24)
    return read(reply, 24, 44, (view) => statsOf((index) => (index < 11 ? view.getUint32(index * 4) : null)));
  return read(reply, 25, 136, (view) =>
    statsOf((index) => view.getUint32(index * 8) * 2 ** 32 + view.getUint32(index * 8 + 4)),
  );
}

/** Counters in their order on the wire. */
const SERVER_STATS = [
  "ntpReceived ntsKeAccepted commandsReceived ntpDropped ntsKeDropped commandsDropped logDropped ntpAuthenticated ntpInterleaved",
  "timestampsHeld timestampSpan daemonReceiveStamps daemonTransmitStamps kernelReceiveStamps kernelTransmitStamps hardwareReceiveStamps hardwareTransmitStamps",
].flatMap((names) => names.split(" "));

const MILLION = 1e6;
const NEVER = 0xffff_ffff;
/** In place of the upper half of seconds: there is none. */
const NO_HIGH_SECONDS = 0x7fff_ffff;

function read<Fields>(
  { reply, data }: CmdmonReply,
  code: number,
  length: number,
  fields: (view: DataView) => Fields | null,
): Fields | null {
  if (reply !== code || data.length < length) return null;
  return fields(new DataView(data.buffer, data.byteOffset, data.byteLength));
}

function statsOf(count: (index: number) => number | null): ChronyServerStats {
  return Object.fromEntries(SERVER_STATS.map((name, index) => [name, count(index)]));
}

function floatAt(view: DataView, at: number): number {
  return fromCmdmonFloat(view.getUint32(at));
}

/** The other sign, but for zero. */
function turned(value: number): number {
  return value === 0 ? 0 : -value;
}

function addressAt(view: DataView, at: number): string | null {
  const family = view.getUint16(at + 16);
  if (family === CMDMON_FAMILIES.id) return `ID#${view.getUint32(at).toString().padStart(10, "0")}`;
  if (family !== CMDMON_FAMILIES.ipv4 && family !== CMDMON_FAMILIES.ipv6) return null;
  return addressLiteral(new Uint8Array(view.buffer, view.byteOffset + at, family === CMDMON_FAMILIES.ipv4 ? 4 : 16));
}

function timeAt(view: DataView, at: number): UnixNanoseconds | null {
  const high = view.getUint32(at);
  const seconds = (BigInt(high === NO_HIGH_SECONDS ? 0 : high) << 32n) | BigInt(view.getUint32(at + 4));
  const nanoseconds = BigInt(Math.min(view.getUint32(at + 8), 999_999_999));
  const time = BigInt.asIntN(64, seconds) * 1_000_000_000n + nanoseconds;
  return time === 0n ? null : time;
}

function optionsOf(bits: number): SelectOption[] {
  return SELECT_OPTIONS.filter((_, bit) => (bits & (1 << bit)) !== 0);
}
