/**
 * Reference identifiers: what a clock is set by, in one word (RFC 5905 §7.3 "Reference ID").
 *
 * What the word means depends on the stratum: at 0 a kiss code, at 1 the name of a reference clock, from 2 on the
 * address of the server above. That is the IPv4 address, or the first four octets of the IPv6 address's MD5, which
 * nothing tells from an IPv4 address. The texts are those of ntpq 4.2.8.
 */
import { addressOctets, quadWord } from "./address.ts";
import { MAXSTRAT } from "./header.ts";

/** What computes an MD5 digest of 16 octets; the core has none of its own. */
export type Md5 = (octets: Uint8Array) => Uint8Array;

/**
 * A reference identifier as ntpd tells it and ntpq shows it, everywhere: `GPS`, `RATE`, `192.0.2.7`, `LOCAL(0)`. A name ends
 * before its first zero octet, so unknown, all zeros, is empty; whatever in it is not visible ASCII, or is a comma, is a dot
 * (ntpd, ctl_putrefid).
 * @param stratum as on the wire, or {@link MAXSTRAT} for its 0
 * @param word unsigned 32 bits
 */
export function refidText(stratum: number, word: number): string {
  if (!isAddress(stratum)) return name(word);
  return (word & REFERENCE_CLOCK_MASK) === REFERENCE_CLOCK ? driver(word) : octetsOf(word).join(".");
}

/** The same as the `refid` column of `ntpq -p` shows it: with dots round names, `.GPS.`, `.INIT.`. */
export function refidColumn(stratum: number, word: number): string {
  const text = refidText(stratum, word);
  return isAddress(stratum) || text === "" ? text : `.${text}.`;
}

/**
 * The word for a text: a dotted quad, or a name of at most four visible characters; the opposite of {@link refidText}
 * but for driver names such as `LOCAL(0)`, and for octets that only dots are shown of.
 * @returns unsigned 32 bits, `null` where the text is neither
 */
export function refidWord(text: string): number | null {
  const address = ipv4Word(text);
  if (address !== null) return address;
  if (!NAME.test(text)) return null;
  return wordOf(Uint8Array.from(text.padEnd(4, "\0"), (character) => character.charCodeAt(0)));
}

/**
 * The word of an IPv4 literal, as servers below carry it.
 * @returns unsigned 32 bits, `null` if the text is no IPv4 address
 */
export function ipv4Word(ip: string): number | null {
  const word = quadWord(ip);
  if (word !== null) return word;
  const octets = addressOctets(ip);
  return octets?.length === 4 ? wordOf(octets) : null;
}

/**
 * The reference identifier that a server set by this address carries; by it a client recognizes a loop.
 * @param ip a literal; a zone does not count
 * @param md5 asked for IPv6 only
 * @returns unsigned 32 bits, `null` if the text is no address
 */
export function refidOfAddress(ip: string, md5: Md5): number | null {
  const word = quadWord(ip);
  if (word !== null) return word;
  const octets = addressOctets(ip);
  if (octets === null) return null;
  return wordOf(octets.length === 4 ? octets : md5(octets));
}

/**
 * Reads a word as ASCII, left justified and filled with zeros, as kiss codes and clock names are (RFC 5905 §7.4).
 * @returns one to four visible characters; `null` when it is anything else
 */
export function asciiWord(word: number): string | null {
  const text = String.fromCharCode(...octetsOf(word));
  return VISIBLE_WORD.exec(text)?.[1] ?? null;
}

/** ntpd's addresses of its own reference clock drivers: 127.127.type.unit. */
const REFERENCE_CLOCK = 0x7f7f_0000;
const REFERENCE_CLOCK_MASK = 0xffff_0000 | 0;

/** The names of the driver types, ten a line, in the order of their numbers (ntpd, "Reference Clock Drivers"). */
const DRIVERS = [
  "UNKNOWN LOCAL GPS_TRAK WWV_PST SPECTRACOM TRUETIME IRIG_AUDIO CHU_AUDIO GENERIC GPS_MX4200",
  "GPS_AS2201 GPS_ARBITER IRIG_TPRO ATOM_LEITCH MSF_EES NOT_USED GPS_BANC GPS_DATUM ACTS_MODEM WWV_HEATH",
  "GPS_NMEA GPS_VME PPS NOT_USED NOT_USED NOT_USED GPS_HP MSF_ARCRON SHM GPS_PALISADE",
  "GPS_ONCORE GPS_JUPITER CHRONOLOG DUMBCLOCK ULINK_M320 PCF WWV_AUDIO GPS_FG HOPF_S HOPF_P",
  "JJY TT_IRIG GPS_ZYFER GPS_RIPENCC NEOCLK4X PCI_TSYNC GPSD_JSON",
].flatMap((ten) => ten.split(" "));

const VISIBLE_WORD = /^([!-~]{1,4})\0*$/;
const NAME = /^[!-~]{0,4}$/;

/** From stratum 2 on it is an address; unsynchronized is 0 on the wire and 16 inside, and then it is a name again. */
function isAddress(stratum: number): boolean {
  return stratum > 1 && stratum < MAXSTRAT;
}

function name(word: number): string {
  const octets = octetsOf(word);
  const end = octets.indexOf(0);
  return octets
    .slice(0, end < 0 ? octets.length : end)
    .map((octet) => (octet > 0x20 && octet < 0x7f && octet !== COMMA ? String.fromCharCode(octet) : "."))
    .join("");
}

const COMMA = 0x2c;

function driver(word: number): string {
  const [, , type, unit] = octetsOf(word) as [number, number, number, number];
  const known = DRIVERS[type];
  return known === undefined ? `REFCLK(${type},${unit})` : `${known}(${unit})`;
}

function octetsOf(word: number): number[] {
  return [(word >>> 24) & 0xff, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff];
}

function wordOf(octets: Uint8Array): number {
  return new DataView(octets.buffer, octets.byteOffset).getUint32(0);
}
