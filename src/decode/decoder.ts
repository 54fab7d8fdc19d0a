/**
 * Recorded datagrams, one after the other: what each says, what it answers, what that exchange measured, and what is to be thought
 * of it. Pure, and in flat memory over captures of any length.
 *
 * ```text
 *  datagram ─► readMessage ─► the flow back: which packet does it answer? ─► MAC, kiss, header ─► Decoded
 * ```
 */
import { headerFault } from "../association/tests.ts";
import { broadcastFault } from "../association/broadcast.ts";
import { sampleOf } from "../association/sample.ts";
import type { Datagram } from "../capture/datagram.ts";
import { Reassembly } from "../control/reassembly.ts";
import type { Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import { difference, shift, UNKNOWN_TIME, type NtpTimestamp, type UnixNanoseconds } from "../time/timestamp.ts";
import { isMulticast, type Address } from "../wire/address.ts";
import type { Control } from "../wire/control.ts";
import type { Header, Mode } from "../wire/header.ts";
import { kissCode } from "../wire/kiss.ts";
import { isCryptoNak } from "../wire/mac.ts";
import type { Packet } from "../wire/packet.ts";
import { refidOfAddress, type Md5 } from "../wire/refid.ts";
import type { Answered, Decoded } from "./decoded.ts";
import type { Departure, Ends, Flow } from "./flow.ts";
import { Flows } from "./flows.ts";
import { readMessage, type Message } from "./message.ts";
import { Recent } from "./recent.ts";
import type { DecodeVerdict } from "./verdict.ts";

/** What a decoder needs that no core may have. */
export interface DecoderSurroundings {
  /** Finds the key of a MAC; `null`: it is not at hand. */
  readonly keyOf: (keyId: number) => DecoderKey | null;
  /** Judges the MACs of Autokey; absent: nobody does. `null` of a packet: it is none of Autokey's. */
  readonly testify?: (
    bytes: Uint8Array,
    packet: Packet,
    from: Address,
    to: Address,
  ) => { readonly verified: boolean | null; readonly algorithm: string | null } | null;
  /** For the reference identifiers of IPv6 addresses. */
  readonly md5: Md5;
}

/** A key that MACs can be checked with. */
export interface DecoderKey {
  readonly algorithm: string;
  readonly verify: (covered: Uint8Array, digest: Uint8Array) => boolean;
}

/** So many directions are remembered at least, twice as many at most. */
const FLOWS = 16_384;
/** What is asked by time packets, of a group by anybody, and by mode 6: each is remembered apart. */
const [TIME, SEARCH, CONTROL] = [0, 1, 2];
/** Whatever group is searched. */
const ANY_GROUP: Address = { ip: "*", port: 0 };
/** So many mode 6 responses may be under way. */
const RESPONSES = 1024;
/** A transmit timestamp this far from when it was captured is a cookie, which tells no time. */
const COOKIE: Seconds = 86_400;
/** Times of capture are no finer than this, log₂ s. */
const PRECISION = -29;
const NO_MOMENT = 0 as Mono;

/** Modes that answer a packet, by its transmit timestamp in their origin. */
const ANSWERS: ReadonlySet<Mode> = new Set(["server", "symmetricActive", "symmetricPassive"]);
/** Modes whose packets may be answered, or copied to deceive. */
const ASKS: ReadonlySet<Mode> = new Set(["client", "symmetricActive", "symmetricPassive", "broadcast"]);

/** What was found out about a packet besides what it says. */
type Finding = Pick<Decoded, "verdict" | "answers" | "verified" | "algorithm" | "response">;

const NOTHING: Finding = { verdict: "ok", answers: null, verified: null, algorithm: null, response: null };

/** What an answer can be an answer to. */
interface Question {
  readonly asked: Flow | undefined;
  readonly departure: Departure | undefined;
}

const UNASKED: Question = { asked: undefined, departure: undefined };

/** Decodes one capture, in order. */
export class Decoder {
  readonly #surroundings: DecoderSurroundings;
  readonly #flows = new Flows(FLOWS);
  readonly #responses = new Recent<Reassembly>(RESPONSES);

  constructor(surroundings: DecoderSurroundings) {
    this.#surroundings = surroundings;
  }

  /** One datagram more. */
  decode(datagram: Datagram): Decoded {
    const { packet, at, from, to, length } = datagram;
    const message = readMessage(datagram.bytes, length);
    const { verdict, answers, verified, algorithm, response } = this.#examine(datagram, message);
    return { packet, at, from, to, length, message, verdict, answers, verified, algorithm, response };
  }

  #examine(datagram: Datagram, message: Message): Finding {
    switch (message.kind) {
      case "malformed":
        return { ...NOTHING, verdict: message.fault };
      case "private":
        return message.message.response && message.message.error !== 0 ? { ...NOTHING, verdict: "refused" } : NOTHING;
      case "control":
        return this.#control(datagram, message.control);
      case "ntp":
        return this.#packet(datagram, message.packet, message.cut);
    }
  }

  /** A packet that carries time: remembered for its answer, and judged. */
  #packet(datagram: Datagram, packet: Packet, cut: boolean): Finding {
    const { header } = packet;
    const asks = ASKS.has(header.mode);
    const own = asks ? this.#flows.get(endsOf(datagram)) : undefined;
    const isCopy = header.transmit !== UNKNOWN_TIME && own?.sent(header.transmit) !== undefined;
    const { asked, departure } = ANSWERS.has(header.mode) ? this.#asked(datagram, header) : UNASKED;
    const proof = cut ? null : this.#proof(datagram, packet);
    const verdict = isCopy ? "duplicate" : this.#verdict(datagram, packet, asked, departure, proof);
    const tellsTime = verdict !== "kiss" && verdict !== "nak";
    const answers = departure === undefined ? null : answered(departure, datagram.at, header, tellsTime);
    // What anybody could have sent does not spoil the answer that is still to come.
    if (departure !== undefined && verdict !== "authentication" && verdict !== "nak")
      departure.answered = !departure.toGroup;
    if (asks && !isCopy) this.#remember(own, datagram, header);
    const isImpossible = verdict === "ok" && answers !== null && answers.offset === null && answers.after !== null;
    return {
      verdict: isImpossible && !isInterleaved(departure, header) ? "header" : verdict,
      answers,
      verified: proof?.verified ?? null,
      algorithm: proof?.algorithm ?? null,
      response: null,
    };
  }

  /** The tests in the order of the peer process: origin, authenticity, kiss, header. */
  #verdict(
    { to }: Datagram,
    packet: Packet,
    asked: Flow | undefined,
    departure: Departure | undefined,
    proof: { readonly verified: boolean | null } | null,
  ): DecodeVerdict {
    const { header, mac } = packet;
    const { mode } = header;
    if (mode === "server") {
      if (asked === undefined) return "unasked";
      if (departure === undefined) return "bogus";
      if (departure.answered) return "duplicate";
    } else if (ANSWERS.has(mode)) {
      if (header.transmit === UNKNOWN_TIME) return "unsynchronized";
      if (header.origin !== UNKNOWN_TIME && departure === undefined) return asked === undefined ? "unasked" : "bogus";
    }
    if (mac !== null && isCryptoNak(mac)) return "nak";
    if (proof?.verified === false) return "authentication";
    // A client says nothing of itself, and need not.
    if (mode === "client") return "ok";
    if (kissCode(header) !== null && mode === "server") return "kiss";
    if (mode === "broadcast") return broadcastFault(header) ?? "ok";
    if (mode !== "server" && header.origin === UNKNOWN_TIME) return isBeginning(header);
    return headerFault(header) ?? (this.#followsBack(header, to, asked) ? "loop" : "ok");
  }

  /** Whether who answers follows whom it answers. */
  #followsBack({ stratum, referenceId }: Header, { ip }: Address, asked: Flow | undefined): boolean {
    if (stratum < 2 || asked === undefined) return false;
    if (asked.refid === undefined) asked.refid = refidOfAddress(ip, this.#surroundings.md5);
    return asked.refid === referenceId;
  }

  #proof(
    { bytes, from, to }: Datagram,
    packet: Packet,
  ): { readonly verified: boolean | null; readonly algorithm: string | null } | null {
    const { mac, covered } = packet;
    if (mac === null || mac.digest.length === 0) return null;
    const key = this.#surroundings.keyOf(mac.keyId);
    if (key === null) return this.#surroundings.testify?.(bytes, packet, from, to) ?? null;
    return { verified: key.verify(bytes.subarray(0, covered), mac.digest), algorithm: key.algorithm };
  }

  /** What went the other way, and of that what an answer names: sent to the answer's own source, or to a group that it is of. */
  #asked({ from, to }: Datagram, header: Header): Question {
    const asked = this.#flows.get({ from: to, to: from, kind: TIME });
    if (header.origin === UNKNOWN_TIME) return { asked, departure: undefined };
    const departure = departureOf(asked, header);
    if (departure !== undefined) return { asked, departure };
    const group = this.#flows.get(searchOf(to));
    return { asked: asked ?? group, departure: departureOf(group, header) };
  }

  #remember(own: Flow | undefined, datagram: Datagram, header: Header): void {
    const { packet, at, from, to } = datagram;
    const { transmit, receive } = header;
    const toGroup = header.mode === "client" && isGroup(to.ip);
    const departing = { packet, at, transmit, receive, toGroup };
    (own ?? this.#flows.add(endsOf(datagram))).add(departing);
    if (!toGroup) return;
    const search = searchOf(from);
    (this.#flows.get(search) ?? this.#flows.add(search)).add(departing);
  }

  /** A control message: a request is remembered by its sequence number, a response is put together. */
  #control({ packet, at, from, to, bytes }: Datagram, control: Control): Finding {
    const sequence = BigInt(control.sequence) as NtpTimestamp;
    const { mac, covered } = control;
    const key = mac === null ? null : this.#surroundings.keyOf(mac.keyId);
    const proof = {
      verified: key === null || mac === null ? null : key.verify(bytes.subarray(0, covered), mac.digest),
      algorithm: key?.algorithm ?? null,
    };
    if (!control.response) {
      const ends = { from, to, kind: CONTROL };
      const flow = this.#flows.get(ends) ?? this.#flows.add(ends);
      flow.add({ packet, at, transmit: sequence, receive: UNKNOWN_TIME, toGroup: false });
      return { ...NOTHING, ...proof, verdict: proof.verified === false ? "authentication" : "ok" };
    }
    const departure = this.#flows.get({ from: to, to: from, kind: CONTROL })?.sent(sequence);
    const answers =
      departure === undefined
        ? null
        : { packet: departure.packet, after: departure.until(at), offset: null, delay: null };
    const response = control.error ? null : this.#whole(`${flowKey(to, from)} ${control.sequence}`, control);
    const verdict =
      departure === undefined
        ? "unasked"
        : control.error
          ? "refused"
          : proof.verified === false
            ? "authentication"
            : "ok";
    return { verdict, answers, ...proof, response };
  }

  /** The data of a response that is whole with this fragment. */
  #whole(key: string, control: Control): Uint8Array | null {
    if (!control.more && control.offset === 0) return control.data;
    const parts = this.#responses.get(key) ?? new Reassembly();
    this.#responses.set(key, parts);
    if (parts.add({ ...control, data: control.data.slice() }) !== "whole") return null;
    this.#responses.delete(key);
    return parts.response()?.data ?? null;
  }
}

function endsOf({ from, to }: Datagram): Ends {
  return { from, to, kind: TIME };
}

/** Searches of an address: whatever group they went to. */
function searchOf(from: Address): Ends {
  return { from, to: ANY_GROUP, kind: SEARCH };
}

/** Whether many may answer what is sent there. Of broadcast addresses only that of all networks is known by its looks. */
function isGroup(ip: string): boolean {
  // What begins otherwise is none, which spares reading it.
  return GROUPS.test(ip) && (ip === "255.255.255.255" || isMulticast(ip));
}

const GROUPS = /^[2f]/i;

function flowKey(from: Address, to: Address): string {
  return `${from.ip} ${from.port} ${to.ip} ${to.port}`;
}

/** The packet that an answer names by its origin: by when it left, or interleaved by when what it answered had come. */
function departureOf(asked: Flow | undefined, { origin }: Header): Departure | undefined {
  return asked?.sent(origin) ?? asked?.told(origin);
}

function isInterleaved(departure: Departure | undefined, { origin }: Header): boolean {
  return departure !== undefined && departure.transmit !== origin;
}

/** A peer's packet that answers nothing: what it says of its clock counts as in any other, but it gives no time. */
function isBeginning(header: Header): DecodeVerdict {
  return headerFault({ ...header, receive: header.transmit }) ?? "ok";
}

/**
 * What an exchange measured, by the clock of the one who asked. The capture's own clock says how long it took; what that clock showed
 * when it began the request's transmit timestamp says, unless that is a cookie: then the capturing machine's has to do.
 */
function answered(departure: Departure, at: UnixNanoseconds | null, header: Header, tellsTime: boolean): Answered {
  const { packet } = departure;
  const after = departure.until(at);
  const { captured } = departure;
  if (!tellsTime || after === null || captured === null || isInterleaved(departure, header))
    return { packet, after, offset: null, delay: null };
  const t1 = Math.abs(difference(departure.transmit, captured)) < COOKIE ? departure.transmit : captured;
  const exchange = { t1, t2: header.receive, t3: header.transmit, t4: shift(t1, after) };
  const sample = sampleOf(exchange, header.precision, PRECISION, NO_MOMENT);
  return { packet, after, offset: sample?.offset ?? null, delay: sample?.delay ?? null };
}
