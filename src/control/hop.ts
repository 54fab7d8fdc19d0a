/** One hop of a trace: what a server says of itself, and whom it follows. */
import type { Sample } from "../association/sample.ts";
import { LEAPS, type Header, type Leap } from "../wire/header.ts";
import { isReferenceClock, isUnspecified } from "./daemonmode6.ts";
import { readKnownVariables } from "./operations.ts";
import type { ControlFault, Dialogue } from "./request.ts";
import { integerOf, secondsOf } from "./variables.ts";
import { addressOctets } from "../wire/address.ts";
import { kissCode } from "../wire/kiss.ts";
import { refidText } from "../wire/refid.ts";

/** What a server says of itself. */
export interface Hop {
  readonly kind: "hop";
  /** Whether it told by mode 6, or only in an NTP header. */
  readonly protocol: "mode6" | "ntp";
  readonly leap: Leap;
  readonly stratum: number;
  /** As ntpq shows it. */
  readonly refid: string;
  /** Of its own clock, as it knows it (mode 6); or that of our clock against it (NTP). Seconds. */
  readonly offset: number | null;
  /** What the offset was measured with by NTP: half of it is how far that may be off. Seconds; `null` by mode 6. */
  readonly delay: number | null;
  /** Root delay / 2 + root dispersion, seconds. */
  readonly distance: number | null;
  /** The address of the server it follows; `null`: it has none, or cannot be told. */
  readonly next: string | null;
  /** The kiss code that stood in place of the time; `null`: none. */
  readonly kiss: string | null;
}

/** Reads a hop by mode 6: the system's variables, and the address of the system peer. */
export function* readHop(): Dialogue<Hop | ControlFault> {
  const read = yield* readKnownVariables(0, ["leap", "stratum", "refid", "offset", "rootdelay", "rootdisp", "peer"]);
  if (read.kind === "fault") return read;
  const { variables } = read;
  const stratum = integerOf(variables.get("stratum")) ?? 16;
  const refid = variables.get("refid") ?? "";
  const peer = integerOf(variables.get("peer")) ?? 0;
  const delay = secondsOf(variables.get("rootdelay"));
  const dispersion = secondsOf(variables.get("rootdisp"));
  let source: string | null = null;
  if (peer !== 0) {
    const answer = yield* readKnownVariables(peer, ["srcadr"]);
    source = answer.kind === "variables" ? (answer.variables.get("srcadr") ?? null) : null;
  }
  const address = source ?? refid;
  return {
    kind: "hop",
    protocol: "mode6",
    leap: LEAPS[integerOf(variables.get("leap")) ?? 3] ?? "unsynchronized",
    stratum,
    refid,
    offset: secondsOf(variables.get("offset")),
    delay: null,
    distance: delay === null || dispersion === null ? null : delay / 2 + dispersion,
    next: isServer(address, stratum) ? address : null,
    kiss: null,
  };
}

/** A hop of an NTP header: an IPv4 server's reference id is its address; of an IPv6 one it is a digest, which leads nowhere. */
export function hopOf({ header, sample }: { readonly header: Header; readonly sample: Sample | null }): Hop {
  const { leap, stratum, referenceId, rootDelay, rootDispersion } = header;
  const refid = refidText(stratum, referenceId);
  return {
    kind: "hop",
    protocol: "ntp",
    leap,
    stratum: stratum === 0 ? 16 : stratum,
    refid,
    offset: sample?.offset ?? null,
    delay: sample?.delay ?? null,
    // Of a packet that fails a test nothing is told as if it had been measured.
    distance: sample === null ? null : rootDelay / 2 + rootDispersion,
    next: isServer(refid, stratum) ? refid : null,
    kiss: kissCode(header),
  };
}

function isServer(address: string, stratum: number): boolean {
  return (
    stratum > 1 &&
    stratum < 16 &&
    addressOctets(address) !== null &&
    !isReferenceClock(address) &&
    !isUnspecified(address) &&
    !address.startsWith("127.")
  );
}
