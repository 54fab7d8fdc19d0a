/** What tshark says of the NTP packets of a capture, field by field, and the same of our document: for equality, so independent of `src`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Peer } from "./peers.ts";
import { must } from "./processes.ts";

/** A packet's fields by tshark's names for them; what it does not have is not there. */
export type SharkPacket = ReadonlyMap<string, string>;

/** A line of `ntpkit decode --json`, as far as tshark says the same. */
export interface OurPacket {
  readonly packet: number;
  readonly at: string;
  readonly from: { readonly address: string; readonly port: number };
  readonly to: { readonly address: string; readonly port: number };
  readonly version: number | null;
  readonly mode: string | null;
  readonly leap: string | null;
  readonly stratum: number | null;
  readonly poll: number | null;
  readonly precision: number | null;
  readonly rootDelay: number | null;
  readonly rootDispersion: number | null;
  readonly refid: string | null;
  readonly reference: string | null;
  readonly origin: string | null;
  readonly receive: string | null;
  readonly transmit: string | null;
  readonly extensions: readonly { readonly type: number; readonly length: number }[];
  readonly mac: { readonly keyId: number } | null;
  readonly answers: number | null;
  readonly verdict: string;
  readonly control: {
    readonly operation: string;
    readonly response: boolean;
    readonly error: string | null;
    readonly more: boolean;
    readonly sequence: number;
    readonly status: number;
    readonly association: number;
  } | null;
}

/** Of a classic capture. */
const FILE_HEADER = 24;

/** Captures of one kind, one behind the other as one. */
export function merged(folders: readonly string[]): Buffer {
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".pcap"))
      .toSorted()
      .map((name) => readFileSync(join(folder, name))),
  );
  const header = files[0]!.subarray(0, FILE_HEADER);
  for (const file of files)
    if (!file.subarray(0, FILE_HEADER).equals(header)) throw new Error("the captures are of several kinds");
  return Buffer.concat([header, ...files.map((file) => file.subarray(FILE_HEADER))]);
}

/** Every packet of NTP, as tshark has it. What an ICMP error quotes is none. */
export async function sharkPackets(tshark: Peer, file: string): Promise<readonly SharkPacket[]> {
  const fields = Object.keys(SAME);
  const argv = [tshark.path("usr/bin/tshark"), "-n", "-2", "-r", file, "-Y", "ntp && !icmp", "-T", "fields"];
  const words = [...argv, ...fields.flatMap((field) => ["-e", field])];
  const out = await must(words, { env: { ...tshark.env, TZ: "UTC" }, timeout: 120 });
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const values = line.split("\t");
      return new Map(fields.flatMap((field, place) => (values[place] ? [[field, values[place]]] : [])));
    });
}

/**
 * What is not the same in both of what both have, in words; empty: nothing.
 * @param ours of the same packet
 */
export function differences(theirs: SharkPacket, ours: OurPacket): readonly string[] {
  return [...theirs].flatMap(([field, value]) => {
    const said = SAME[field]!(ours, theirs);
    return said === null || said === value || isSameTime(said, value)
      ? []
      : [`packet ${ours.packet}: ${field} is ${value} by tshark, and ${said} here`];
  });
}

/** tshark cuts what is below a nanosecond off, and here it is rounded. */
function isSameTime(ours: string, theirs: string): boolean {
  const [mine, other] = [nanoseconds(ours), nanoseconds(theirs)];
  return mine !== null && other !== null && (mine === other || mine === other + 1n);
}

/** Of `Nov 21, 2026 20:38:00.903451625 UTC`. */
function nanoseconds(text: string): bigint | null {
  const [, date, fraction] = /^(\w+ +\d+, \d+ [\d:]+)\.(\d{9}) UTC$/.exec(text) ?? [];
  return date === undefined ? null : BigInt(Date.parse(`${date} UTC`)) * 1_000_000n + BigInt(fraction!);
}

type Ours = (ours: OurPacket, theirs: SharkPacket) => string | null;

const LEAPS = ["none", "insert", "delete", "unsynchronized"];
const MODES = [
  "reserved",
  "symmetricActive",
  "symmetricPassive",
  "client",
  "server",
  "broadcast",
  "control",
  "private",
];

/** Operations (RFC 9327 table 1, and ntpd's), by their codes. */
const OPERATIONS: Readonly<Record<string, number>> = {
  readStatus: 1,
  readVariables: 2,
  writeVariables: 3,
  readClock: 4,
  writeClock: 5,
  setTrap: 6,
  trap: 7,
  configure: 8,
  saveConfiguration: 9,
  readMru: 10,
  readOrderedList: 11,
  requestNonce: 12,
  unsetTrap: 31,
};

/** Each field as tshark would write what we say; `null`: we say nothing of it. */
const SAME: Readonly<Record<string, Ours>> = {
  "frame.number": ({ packet }) => `${packet}`,
  "frame.time_epoch": ({ at }) => {
    const [whole, fraction] = at.slice(0, -1).split(".");
    return `${Date.parse(`${whole!}Z`) / 1000}.${fraction!.padEnd(9, "0")}`;
  },
  "ip.src": ({ from }) => from.address,
  "ip.dst": ({ to }) => to.address,
  "udp.srcport": ({ from }) => `${from.port}`,
  "udp.dstport": ({ to }) => `${to.port}`,
  "ntp.flags.li": ({ leap }) => (leap === null ? null : `${LEAPS.indexOf(leap)}`),
  "ntp.flags.vn": ({ version }) => numeral(version),
  "ntp.flags.mode": ({ mode }) => (mode === null ? null : `${MODES.indexOf(mode)}`),
  "ntp.stratum": ({ stratum }) => numeral(stratum),
  "ntp.ppoll": ({ poll }) => octet(poll),
  "ntp.precision": ({ precision }) => octet(precision),
  "ntp.rootdelay": ({ rootDelay }) => numeral(rootDelay, 65_536),
  "ntp.rootdispersion": ({ rootDispersion }) => numeral(rootDispersion, 65_536),
  "ntp.refid": ({ refid, stratum }, theirs) => referenceOctets(refid, stratum, theirs.get("ntp.refid")!),
  "ntp.reftime": ({ reference, stratum }) => time(reference, stratum),
  "ntp.org": ({ origin, stratum }) => time(origin, stratum),
  "ntp.rec": ({ receive, stratum }) => time(receive, stratum),
  "ntp.xmt": ({ transmit, stratum }) => time(transmit, stratum),
  "ntp.keyid": ({ mac, extensions: [field] }, theirs) => {
    if (mac === null) return null;
    // It takes a field of eight octets before a MAC for the key of a longer one; RFC 7822 §3 and ntpd do not.
    const taken = field !== undefined && !theirs.has("ntp.ext.type") ? field.type * 65_536 + field.length : mac.keyId;
    return taken.toString(16).padStart(8, "0");
  },
  "ntp.ext.type": ({ extensions }) => fields(extensions.map(({ type }) => `0x${type.toString(16).padStart(4, "0")}`)),
  "ntp.ext.length": ({ extensions }) => fields(extensions.map(({ length }) => `${length}`)),
  "ntp.ctrl.flags2.opcode": ({ control }) =>
    control === null ? null : `${OPERATIONS[control.operation] ?? control.operation}`,
  "ntp.ctrl.flags2.r": ({ control }) => bit(control?.response),
  "ntp.ctrl.flags2.error": ({ control }) => bit(control === null ? undefined : control.error !== null),
  "ntp.ctrl.flags2.more": ({ control }) => bit(control?.more),
  "ntp.ctrl.sequence": ({ control }) => numeral(control?.sequence ?? null),
  // A list of associations has theirs in its data, too, which are not the header's.
  "ntp.ctrl.status": ({ control }, theirs) =>
    control === null
      ? null
      : first(`0x${control.status.toString(16).padStart(4, "0")}`, theirs.get("ntp.ctrl.status")!),
  "ntp.ctrl.associd": ({ control }, theirs) =>
    control === null ? null : first(`${control.association}`, theirs.get("ntp.ctrl.associd")!),
  "ntp.request_in": ({ answers }) => numeral(answers),
};

/** The first of several that tshark has, with the others. */
function first(ours: string, theirs: string): string {
  return [ours, ...theirs.split(",").slice(1)].join(",");
}

function numeral(value: number | null, unit = 1): string | null {
  return value === null ? null : `${value * unit}`;
}

/** Of eight bits with a sign. */
function octet(value: number | null): string | null {
  return value === null ? null : `${value & 255}`;
}

function bit(value: boolean | undefined): string | null {
  return value === undefined ? null : value ? "1" : "0";
}

function fields(values: readonly string[]): string | null {
  return values.length === 0 ? null : values.join(",");
}

/** Only a packet with a stratum has timestamps, be they zero. */
function time(iso: string | null, stratum: number | null): string | null {
  if (iso === null) return stratum === null ? null : "NULL";
  const [date, clock] = iso.slice(0, -1).split("T") as [string, string];
  const [, month, day, year] = new Date(`${date}T00:00:00Z`).toUTCString().split(" ").slice(0, 4).map(String) as [
    string,
    string,
    string,
    string,
  ];
  return `${day} ${Number(month)}, ${year} ${clock} UTC`;
}

/** Four octets as text, of a source; or an address. A reference clock's address has a name here. */
function referenceOctets(refid: string | null, stratum: number | null, theirs: string): string | null {
  if (refid === null) return null;
  const octets = Buffer.from(theirs, "hex");
  if (octets[0] === 127 && octets[1] === 127 && stratum! > 1)
    return /^\w+\((\d+)\)$/.exec(refid)?.[1] === `${octets[3]}` ? theirs : refid;
  const address = [...octets].join(".");
  // A name ends before its first zero octet; what of it is not visible, or a comma, is a dot.
  const word = octets
    .toString("latin1")
    .replace(/\0[^]*$/, "")
    .replace(/[^!-+\--~]/g, ".");
  return refid === (stratum! > 1 ? address : word) || (refid === address && word === "") ? theirs : refid;
}
