/**
 * Lines of ntpd's statistics files, byte for byte as `ntpd` writes them ("Monitoring Commands and Options"), so that its
 * scripts read ours. Each begins with the Modified Julian Day and the second of it.
 */
import { SELECTIONS } from "../control/status.ts";
import type { RawSample } from "../engine/port/note.ts";
import type { AssociationReport, Snapshot } from "../engine/port/snapshot.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import { family, type Address } from "../wire/address.ts";
import { LEAPS, MODES } from "../wire/header.ts";
import { refidText } from "../wire/refid.ts";

/** MJD of 1970-01-01. */
const UNIX_DAY = 40_587;
const DAY = 86_400_000;

/** The MJD and the second of a moment. @param unix milliseconds since 1970 */
export function statsTime(unix: number): string {
  const day = Math.floor(unix / DAY);
  return `${day + UNIX_DAY} ${((unix - day * DAY) / 1000).toFixed(3)}`;
}

/** `loopstats`: offset, frequency (ppm), jitter, wander (ppm), poll. `null` where there is nothing to tell. */
export function loopstats({ clock, discipline }: Snapshot, unix: number): string | null {
  if (clock.offset === null || discipline === null || discipline === undefined) return null;
  const { frequency, jitter, wander, poll } = discipline;
  return `${statsTime(unix)} ${clock.offset.toFixed(9)} ${((frequency ?? 0) * 1e6).toFixed(3)} ${jitter.toFixed(9)} ${(wander * 1e6).toFixed(6)} ${poll}\n`;
}

/** `peerstats`: address, status, offset, delay, dispersion, jitter. `null` for one that was not measured. */
export function peerstats(association: AssociationReport, unix: number): string | null {
  const { address, offset, delay, dispersion, jitter } = association;
  if (address === null || offset === null || delay === null || dispersion === null || jitter === null) return null;
  return `${statsTime(unix)} ${address} ${peerStatus(association).toString(16)} ${[offset, delay, dispersion, jitter].map((value) => value.toFixed(9)).join(" ")}\n`;
}

/**
 * `rawstats`: the server, our address (not known here, so the unspecified one), T1 to T4, and what the packet said: leap, version,
 * mode, stratum, poll, precision, root delay, root dispersion, reference identifier.
 */
export function rawstats({ ip }: Address, { exchange, header }: RawSample, unix: number): string {
  const { t1, t2, t3, t4 } = exchange;
  const { leap, version, mode, stratum, poll, precision, rootDelay, rootDispersion, referenceId } = header;
  const stamps = [t1, t2, t3, t4].map(stampText).join(" ");
  const said = [LEAPS.indexOf(leap), version, MODES.indexOf(mode), stratum, poll, precision].join(" ");
  return `${statsTime(unix)} ${ip} ${family(ip) === 6 ? "::" : "0.0.0.0"} ${stamps} ${said} ${rootDelay.toFixed(6)} ${rootDispersion.toFixed(6)} ${refidText(stratum, referenceId)}\n`;
}

/** Seconds since 1900, nine decimals. */
function stampText(stamp: NtpTimestamp): string {
  const nanoseconds = ((stamp & 0xffff_ffffn) * 1_000_000_000n + 0x8000_0000n) >> 32n;
  const carried = nanoseconds === 1_000_000_000n;
  return `${(stamp >> 32n) + (carried ? 1n : 0n)}.${(carried ? 0n : nanoseconds).toString().padStart(9, "0")}`;
}

/** The upper octet of a peer's status word; events are not counted here. */
function peerStatus({ lifetime, authentication, keyId, reach, mode, verdict }: AssociationReport): number {
  const select = SELECTIONS.findIndex((selection) => selection.verdict === verdict);
  const bits =
    (lifetime === "persistent" ? 0x80 : 0) |
    (keyId === null ? 0 : 0x40) |
    (authentication === "ok" ? 0x20 : 0) |
    (reach === 0 ? 0 : 0x10) |
    (mode === "broadcast" ? 0x08 : 0);
  return ((bits | Math.max(select, 0)) << 8) >>> 0;
}

/**
 * The file of a generation, as ntpd names it (ntp_filegen.c).
 * @param base with its folder
 * @param type of `filegen`
 * @param unix milliseconds since 1970
 * @param uptime seconds
 */
export function generationName(base: string, type: string, unix: number, uptime: number, pid: number): string {
  const date = new Date(unix);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()].map((part) =>
    String(part).padStart(2, "0"),
  );
  const ordinal = Math.floor((unix - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY);
  switch (type) {
    case "pid":
      return `${base}.#${pid}`;
    case "day":
      return `${base}.${year}${month}${day}`;
    case "week":
      return `${base}.${year}w${String(Math.floor(ordinal / 7)).padStart(2, "0")}`;
    case "month":
      return `${base}.${year}${month}`;
    case "year":
      return `${base}.${year}`;
    case "age":
      return `${base}.a${String(Math.floor(uptime / 86_400) * 86_400).padStart(8, "0")}`;
    default:
      return base;
  }
}
