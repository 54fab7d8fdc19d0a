/** What the engine notes while it works, in words: the lines of `-v`. */
import { PACKET_TESTS, type PacketTest } from "../association/tests.ts";
import { REASONS } from "../association/verdict.ts";
import type { DrawFault } from "../association/pool.ts";
import { ESTABLISH_FAULTS, type EstablishFault } from "../engine/port/establish.ts";
import type { ClockFault, HostFault } from "../engine/port/event.ts";
import type { Note } from "../engine/port/note.ts";
import { addressText, type Address } from "../wire/address.ts";
import type { PacketFault } from "../wire/packet.ts";
import { danceText, establishText, HOST_FAULTS, kissWords, RESOLVE_FAULTS } from "./explain.ts";
import { counted, durationText, listed, printable, signedText } from "./text.ts";
import { directionText } from "./verdict.ts";

/** Why the clock could not be set, in words. */
export const CLOCK_FAULTS: Readonly<Record<ClockFault, string>> = {
  noPrivilege: "this process may not set the clock",
  outOfRange: "the system does not take such a time",
  unsupported: "the clock of this system cannot be set from here",
  other: "the system refused to set the clock",
};

/** Why octets are no packet, in words. */
export const PACKET_FAULTS: Readonly<Record<PacketFault, string>> = {
  tooShort: "it is shorter than a header",
  tooLong: "it is longer than any NTP packet",
  version: "its version is not 1 to 4",
  mode: "its mode is not that of an answer",
  extensionLength: "an extension field's length is impossible",
  macLength: "what follows the header cannot be a MAC",
};

/** A note as one line, without a line feed. */
export function noteText(note: Note): string {
  switch (note.what) {
    case "spread":
      return `waits ${durationText(note.pause)} before it asks, at random up to ${durationText(note.most)}: at the full minute servers are asked by everybody's cron at once`;
    case "resolving":
      return `looking up ${printable(note.name)}`;
    case "resolved":
      return `${printable(note.name)} is ${listed(note.addresses.map(printable))}`;
    case "unresolved":
      return `${printable(note.name)} has no address: ${RESOLVE_FAULTS[note.why]}`;
    case "mobilized":
      return note.name === note.address.ip
        ? `${at(note.address)}: mobilized`
        : `${at(note.address)}: mobilized for ${printable(note.name)}`;
    case "demobilized":
      return `${at(note.address)}: demobilized: ${note.why === "unconfigured" ? "it is configured no longer" : REASONS[note.why].text}`;
    case "establishing":
      return `${at(note.with)}: establishing keys with ${printable(note.name)}`;
    case "established":
      return `${at(note.address)}: keys are ${note.kept ? "left from an earlier run" : "established"}${note.certified === undefined ? "" : ` by a certificate for ${printable(note.certified)}`}${note.server === null ? "" : `, for ${printable(note.server)}`}: ${counted(note.cookies, "cookie")}`;
    case "reduced":
      return `${at(note.address)}: longer requests are lost on the way: ${note.by === "aead" ? "an AEAD with shorter cookies is used" : "fewer cookies are asked for at a time"}`;
    case "notEstablished":
      return `${at(note.with)}: no keys: ${establishText(note.why, note.detail)}${note.again === null || note.again === 0 ? "" : `; again in ${durationText(note.again)}`}`;
    case "danced":
      return `${at(note.address)}: ${danceText(note.report)}`;
    case "polled":
      return `${at(note.address)}: asked`;
    case "sample":
      return `${at(note.address)}: offset ${signedText(note.offset)}, delay ${durationText(note.delay)}`;
    case "timedOut":
      return `${at(note.address)}: no answer in time`;
    case "refused":
      return `${at(note.from)}: a packet was not used: ${testText(note.test)}`;
    case "unreachable":
      return `${at(note.address)}: ${HOST_FAULTS[note.why]}`;
    case "kiss":
      return `${at(note.address)}: kiss-o'-death ${kissWords(note.code)}`;
    case "burst":
      return `${printable(note.name)}: burst is a burden to a server that is asked every ${2 ** note.maxpoll} s; give it maxpoll 10 (1024 s) or more, or iburst instead`;
    case "listening":
      return note.group === null ? "listening" : `listening to ${printable(note.group)}`;
    case "notListening":
      return `${note.group === undefined ? "the service's socket" : printable(note.group)}: ${HOST_FAULTS[note.why]}`;
    case "interfaces":
      return `this machine's addresses have changed: ${[came(note.come, "came"), came(note.gone, "went")].filter((text) => text !== "").join(", ")}`;
    case "notSent":
      return `${at(note.to)}: not sent: ${HOST_FAULTS[note.why]}`;
    case "ring":
      return `${printable(note.group)}: asked within ${note.ttl} ${note.ttl === 1 ? "hop" : "hops"}, ${note.found} found so far`;
    case "solicited":
      return `${at(note.from)}: answered ring ${note.ttl} of ${printable(note.group)}`;
    case "volley":
      return note.offset === null
        ? `${at(note.address)}: did not answer the volley`
        : `${at(note.address)}: volley done: offset ${signedText(note.offset)}, delay ${durationText(note.delay ?? 0)}`;
    case "broadcast":
      return `${at(note.address)}: broadcast: offset ${signedText(note.offset)}`;
    case "notDrawn":
      return `${at(note.address)}: not taken for ${printable(note.name)}: ${drawFaultText(note.why)}`;
    case "systemPeer":
      return note.address === null ? "no system peer" : `system peer is ${at(note.address)}`;
    case "decided":
      return note.offset === null
        ? "nothing could be decided"
        : `decided: local clock is ${directionText(note.offset)}`;
    case "clockRefused":
      return CLOCK_FAULTS[note.why];
    case "reconfigured":
      return `the configuration has changed: ${note.kept} ${note.kept === 1 ? "association stays" : "associations stay"}, ${note.ended} ${note.ended === 1 ? "ends" : "end"}`;
    case "resumed":
      return `this machine slept for ${Math.round(note.slept)} s: everything is measured anew`;
    case "deadline":
      return "the deadline has passed";
    case "leapSecond":
      return note.leap === "insert" ? "a leap second was inserted" : "a leap second was deleted";
    case "stepWaits":
      return `the clock is off by ${signedText(note.offset)}, beyond the step threshold: it is stepped if that lasts for ${durationText(note.left)} more, since it may be a spike`;
    case "wouldStep":
      return `the clock would be stepped by ${signedText(note.by)}; it is left alone, as asked`;
    case "wouldRefuse":
      return `an offset of ${signedText(note.by)} is beyond ${note.why === "panic" ? "the panic threshold" : "the largest step allowed"}: without --no-clock this would be the end`;
    case "clockStepped":
      return `the clock was stepped by ${signedText(note.by)}, ${note.whose === "ours" ? "by us" : "by somebody else: measuring begins anew"}`;
  }
}

/** Why an address that was drawn is not held, in words. */
export function drawFaultText(why: DrawFault | EstablishFault): string {
  if (why === "noReply") return "it does not answer";
  if (why === "unproved") return "it has not proved who it is";
  if (Object.hasOwn(ESTABLISH_FAULTS, why)) return ESTABLISH_FAULTS[why as EstablishFault].text;
  return Object.hasOwn(PACKET_TESTS, why) ? PACKET_TESTS[why as PacketTest].text : HOST_FAULTS[why as HostFault];
}

function at(address: Address): string {
  return addressText({ ...address, ip: printable(address.ip) });
}

function testText(test: PacketTest | PacketFault): string {
  return Object.hasOwn(PACKET_TESTS, test) ? PACKET_TESTS[test as PacketTest].text : PACKET_FAULTS[test as PacketFault];
}

function came(addresses: readonly string[], what: "came" | "went"): string {
  return addresses.length === 0 ? "" : `${listed(addresses)} ${what}`;
}
