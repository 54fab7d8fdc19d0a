/**
 * The server: access lists, recent clients, rate limits, authentication and the answer, in this order, for one datagram at a
 * time. Sans-IO: it is handed datagrams and hands out replies; sockets, timers and clocks are the host's.
 *
 * ```text
 * Arrival ─► receive() ─► Disposition, Reply ─► (wait its delay) ─► complete(T3) ─► octets to send
 * ```
 *
 * A plain request costs no memory: what it needs is allocated beforehand.
 */
import type { SecurityProvider, Ticket } from "../security/security.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import { PHI } from "../time/seconds.ts";
import type { Frequency } from "../time/seconds.ts";
import { timestamp } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import { HEADER_LENGTH, VERSION } from "../wire/header.ts";
import { isCryptoNak, MAX_MAC_LENGTH } from "../wire/mac.ts";
import { MIN_NTS_FIELD, NTS_FIELDS, isUnderNts } from "../wire/nts.ts";
import { encodeExtension } from "../wire/extension.ts";
import { MAX_PACKET_LENGTH, decodePacket } from "../wire/packet.ts";
import type { Packet } from "../wire/packet.ts";
import { FLAG } from "./access.ts";
import type { AccessList } from "./access.ts";
import { KISSES, answer, answeringMode, kiss, refuseKey, stampTransmit } from "./answer.ts";
import { noCounts } from "./disposition.ts";
import type { Counts, Disposition } from "./disposition.ts";
import { KeyRates } from "./key-rate.ts";
import { servedVariables } from "./local.ts";
import type { Fallbacks } from "./local.ts";
import { MruList } from "./mru.ts";
import type { MruLimits } from "./mru.ts";
import { NOTHING_TO_SERVE, publish } from "./published.ts";
import type { Published, ServedVariables } from "./published.ts";
import { charged, drained, judgeRate, LEAK } from "./rate.ts";
import type { RateLimits, RateVerdict } from "./rate.ts";
import { REPLY_OCTETS, isSealed, newReply } from "./reply.ts";
import type { Arrival, Reply } from "./reply.ts";
import { smearOffset } from "./smear.ts";
import type { Smear } from "./smear.ts";
import { Spreading, declines } from "./solicitation.ts";
import type { SolicitationRule } from "./solicitation.ts";
import { isUnanswerable, sameSource, sourceOf, sourceText } from "./source.ts";
import type { SourceWords } from "./source.ts";

/** What a server is told to do. */
export interface ServerSettings {
  readonly access: AccessList;
  /** Judges and seals; its keys are those that clients may use. */
  readonly security: SecurityProvider;
  /** Limits for whom the access list calls `limited`; the average is told to every client as the least poll exponent. */
  readonly rate: RateLimits;
  /** log₂ of the clock's precision in seconds. */
  readonly precision: number;
  /** PHI, s/s; absent: RFC 5905's. */
  readonly phi?: Frequency;
  readonly fallbacks: Fallbacks;
  /** Whether and how solicitations are answered (`manycastserver`); `null`: they are not. */
  readonly solicitations: SolicitationRule | null;
  /** Our own addresses, IP literals, and the port we answer on: what comes from there came back. */
  readonly own: { readonly addresses: readonly string[]; readonly port: number };
  /** A leap second to be smeared, if any. */
  readonly smear: Smear | null;
  /** Clients are remembered, those whose rate is limited in any case. Absent: they are. */
  readonly monitor?: boolean;
}

/** What a server is made with, once. */
export interface ServerSurroundings {
  readonly mru: MruLimits;
  /** Unpredictable, 32 bits. */
  readonly seed: number;
  /** Uniform in 0 ≤ x < 1. */
  readonly chance: () => number;
  /**
   * Whether this process itself sent a solicitation, told by its transmit timestamp: others on this host may search, too.
   * Absent: whatever comes to a group from an address of ours was sent by us.
   */
  readonly isOurs?: (transmit: NtpTimestamp) => boolean;
  /** When the server starts: without a source from then on, until {@link NtpServer.update} says otherwise. */
  readonly startedAt: Mono;
}

/** What the octets after a header come to: nothing against the request, or its end. */
type Trailer = Disposition | "authentic";

/** A server of the time. */
export class NtpServer {
  /** The clients heard of lately. */
  readonly mru: MruList;
  /** The reply to the last datagram whose disposition is of the kind `answered`; overwritten by the next one. */
  readonly reply: Reply = newReply();
  readonly #counts: Counts = noCounts();
  readonly #chance: () => number;
  readonly #isOurs: ServerSurroundings["isOurs"];
  readonly #spreading = new Spreading();
  readonly #keyRates: KeyRates;
  #settings: ServerSettings;
  #own: readonly SourceWords[];
  #system: ServedVariables = NOTHING_TO_SERVE;
  #updatedAt: Mono | null = null;
  #lostAt: Mono | null;
  #published: Published = this.reply.published;
  /** The leap second that is smeared has come. */
  #leapt = false;
  /** The second that {@link NtpServer.#published} is for; NaN: it has to be made anew. */
  #second = Number.NaN;

  constructor(settings: ServerSettings, surroundings: ServerSurroundings) {
    this.mru = new MruList(surroundings.mru, surroundings.seed);
    this.#keyRates = new KeyRates(surroundings.seed);
    this.#chance = surroundings.chance;
    this.#isOurs = surroundings.isOurs;
    this.#lostAt = surroundings.startedAt;
    this.#settings = settings;
    this.#own = ownSources(settings);
  }

  /** Datagrams so far by what became of them. */
  get counts(): Readonly<Counts> {
    return this.#counts;
  }

  get settings(): ServerSettings {
    return this.#settings;
  }

  /** Goes on with other settings; clients and counters stay. */
  configure(settings: ServerSettings): void {
    if (settings.smear?.at !== this.#settings.smear?.at) this.#leapt = false;
    this.#settings = settings;
    this.#own = ownSources(settings);
    this.#second = Number.NaN;
  }

  /** The clock has leapt: what is smeared goes on from its other side, though the clock may read the day's last second again. */
  leapt(): void {
    this.#leapt = true;
    this.#second = Number.NaN;
  }

  /** Takes the system variables, whenever they have been updated. */
  update(system: ServedVariables, now: Now): void {
    const isLost = system.leap === "unsynchronized";
    this.#lostAt = isLost ? (this.#lostAt ?? now.mono) : null;
    this.#system = system;
    this.#updatedAt = now.mono;
    this.#second = Number.NaN;
  }

  /** What the server says of itself at a moment: with dispersion grown, fallbacks and smear. */
  published(now: Now): Published {
    const { fallbacks, smear, precision, rate, phi = PHI } = this.#settings;
    const since = (moment: Mono | null): number => (moment === null ? 0 : Math.max(now.mono - moment, 0));
    const variables = servedVariables(this.#system, fallbacks, since(this.#lostAt), now.clock);
    const age = variables === this.#system ? since(this.#updatedAt) : 0;
    const smeared = smear === null ? 0 : smearOffset({ ...smear, passed: smear.passed || this.#leapt }, now.clock);
    return publish(variables, { precision, leastPoll: rate.average, age, phi, smear: smeared, silent: smear !== null });
  }

  /**
   * Takes a datagram.
   * @returns what became of it; where that is `answered`, `kissed` or `refusedKey`, {@link NtpServer.reply} holds the reply
   */
  receive(arrival: Arrival): Disposition {
    const disposition = this.#dispose(arrival);
    this.#counts[disposition] += 1;
    return disposition;
  }

  /**
   * Makes a reply ready: puts T3 in and seals it. Ask for the time just before.
   * @param seconds of the clock that is served, as a signed 32-bit word
   * @param fraction of it, as a signed 32-bit word
   * @returns octets of `reply.bytes` to send; 0: none, its key is gone meanwhile
   */
  complete(reply: Reply, seconds: number, fraction: number): number {
    if (reply.isTime) stampTransmit(reply.view, seconds, fraction, reply.published);
    if (reply.ticket !== null) return this.#seal(reply, reply.ticket);
    if (reply.keyId === 0) return reply.length;
    const sealed = this.#settings.security.sealWith(reply.keyId, reply.bytes.subarray(0, reply.length));
    if (sealed.kind === "unsealed" || sealed.bytes.length > Math.min(reply.most, reply.bytes.length)) return 0;
    reply.bytes.set(sealed.bytes);
    return sealed.bytes.length;
  }

  /** Seals a reply under NTS or Autokey. */
  #seal(reply: Reply, ticket: Ticket): number {
    const sealed = ticket.seal(reply.bytes.subarray(0, reply.length));
    const most = ticket.grows === true ? reply.bytes.length : Math.min(reply.most, reply.bytes.length);
    if (sealed.length > most) return 0;
    reply.bytes.set(sealed);
    return sealed.length;
  }

  /** The tests of a datagram, cheapest first; nothing is computed for what an access list keeps out. A MAC is verified once. */
  #dispose(arrival: Arrival): Disposition {
    const { view, length, source, port } = arrival;
    if (length === 0) return "tooShort";
    if (port === 0 || isUnanswerable(source)) return "badSource";
    if (this.#isOwn(arrival)) return "ownPacket";
    const flags = this.#settings.access.flagsFor(source, port);
    if ((flags & FLAG.ignore) !== 0) return "ignored";

    const first = view.getUint8(0);
    const mode = first & 7;
    const version = (first >> 3) & 7;
    if (mode >= CONTROL) return (flags & FLAG.noquery) !== 0 ? "noQuery" : mode === CONTROL ? "control" : "private";
    if ((flags & FLAG.noserve) !== 0) return "noServe";
    if (version === 0 || version > VERSION) return "version";
    if ((flags & FLAG.version) !== 0 && version !== VERSION) return "oldVersion";
    if (answeringMode(version, mode) === 0) return mode === 0 ? "mode" : "notRequest";
    if (length < HEADER_LENGTH) return "tooShort";
    if (length > MAX_PACKET_LENGTH) return "tooLong";

    const isLimited = (flags & FLAG.limited) !== 0;
    if (!isLimited && this.#settings.monitor === false)
      return this.#authenticate(arrival, flags, this.#trailerOf(arrival));
    const client = this.mru.touch(arrival, mode, version, flags);
    const verdict = this.#chargeRate(client);
    if (verdict !== "within" && isLimited) return this.#disposeBeyondRate(arrival, client, flags, verdict);
    const disposition = this.#authenticate(arrival, flags, this.#trailerOf(arrival));
    if (isLimited && disposition === "answered" && isSealed(this.reply)) this.#chargeKey(arrival);
    return disposition;
  }

  /** What becomes of a request beyond its address's rate: its key may still have one, or luck has it answered all the same. */
  #disposeBeyondRate(arrival: Arrival, client: number, flags: number, verdict: RateVerdict): Disposition {
    const isPlain = arrival.length === HEADER_LENGTH;
    if (isPlain || this.#keyRates.mayVerify(arrival.mono, verifications(arrival))) {
      const trailer = this.#trailerOf(arrival);
      if (this.#isGrantedByKey(arrival, trailer) || this.#chance() < LEAK)
        return this.#authenticate(arrival, flags, trailer);
      const mayKiss = verdict === "kiss" && (flags & FLAG.kod) !== 0 && arrival.cast === "unicast";
      if (mayKiss && this.#kiss(arrival, trailer)) return "kissed";
    }
    this.mru.countDrop(client);
    return "rateLimited";
  }

  /** From the port we answer on; or, to a group from another, what we asked ourselves. */
  #isOwn(arrival: Arrival): boolean {
    const isServer = arrival.port === this.#settings.own.port;
    if (!isServer && arrival.cast === "unicast") return false;
    for (let index = 0; index < this.#own.length; index += 1)
      if (sameSource(this.#own[index]!, arrival.source)) return isServer || this.#askedOurselves(arrival);
    return false;
  }

  #askedOurselves({ view, length }: Arrival): boolean {
    return (
      this.#isOurs === undefined ||
      (length >= HEADER_LENGTH && this.#isOurs(view.getBigUint64(TRANSMIT) as NtpTimestamp))
    );
  }

  #chargeRate(client: number): RateVerdict {
    const { mru } = this;
    const { rate } = this.#settings;
    const level = drained(mru.score(client), mru.interval);
    const verdict = judgeRate(level, mru.interval, rate);
    mru.setScore(client, charged(level, verdict, rate));
    return verdict;
  }

  /** Whether the key it is sealed with has a rate left: whoever else asks in this client's name takes nothing of that. */
  #isGrantedByKey(arrival: Arrival, trailer: Trailer): boolean {
    const isOfOne = isSealed(this.reply) && this.reply.ticket?.session !== null;
    return trailer === "authentic" && isOfOne && this.#chargeKey(arrival) === "within";
  }

  /** Judges an authentic request by its key, and charges that. */
  #chargeKey({ source: { a, b, c, d }, mono, view }: Arrival): RateVerdict {
    const [seconds, fraction] = [view.getInt32(TRANSMIT), view.getInt32(TRANSMIT + 4)];
    const { keyId, ticket } = this.reply;
    if (ticket?.session === null) return "within";
    const request = { keyId: ticket?.session ?? keyId, a, b, c, d, seconds, fraction };
    return this.#keyRates.judge(request, mono, this.#settings.rate);
  }

  /** Makes the RATE kiss; none for a request whose MAC is wrong, since nothing of that may be signed. */
  #kiss(arrival: Arrival, trailer: Trailer): boolean {
    if (trailer !== "authentic") return false;
    const { reply } = this;
    reply.length = kiss(KISSES.rate, arrival.view, this.#settings.rate.average, reply.view);
    reply.most = arrival.length;
    reply.isTime = false;
    reply.delay = 0;
    return true;
  }

  #authenticate(arrival: Arrival, flags: number, trailer: Trailer): Disposition {
    const isRefused = trailer === "refusedKey" || trailer === "refusedCookie";
    if (trailer !== "authentic" && !isRefused) return trailer;
    if ((flags & FLAG.notrust) !== 0 && trailer === "authentic" && !isSealed(this.reply)) return "noTrust";
    if (arrival.cast !== "unicast") {
      if (this.#settings.solicitations === null) return "noGroup";
      // NTS is between one client and one server (RFC 8915 §1.1).
      if (isRefused || this.reply.ticket !== null) return "authentication";
    }
    if (trailer === "refusedCookie") return trailer;
    return this.#answer(arrival, isRefused);
  }

  /** What follows the header; what seals the reply is known from here on. */
  #trailerOf(arrival: Arrival): Trailer {
    this.reply.keyId = 0;
    this.reply.ticket = null;
    return arrival.length > HEADER_LENGTH ? this.#readTrailer(arrival) : "authentic";
  }

  /** Reads what follows the header; an authentic request's key becomes the reply's, 0 where there is no MAC. */
  #readTrailer(arrival: Arrival): Trailer {
    const { bytes, length, source, packet: read } = arrival;
    const datagram = bytes.subarray(0, length);
    const packet = read ?? decodePacket(datagram);
    if (packet.kind === "malformed") return packet.fault;
    if (isUnderNts(packet)) return this.#judgeNts(arrival, datagram, packet);
    if (packet.mac === null) return "authentic";
    if (isCryptoNak(packet.mac)) return "cryptoNak";
    if (packet.mac.keyId > KEY_ID_LIMIT) return this.#judgeAutokey(arrival, datagram, packet);
    if (this.#settings.security.judge(datagram, packet, sourceText(source)) !== "ok") return "refusedKey";
    this.reply.keyId = packet.mac.keyId;
    return "authentic";
  }

  /**
   * A request under NTS is answered under NTS or with NTSN, and in no other way: not where it has a MAC besides, and not where nobody
   * here knows cookies (any more).
   */
  #judgeNts(arrival: Arrival, datagram: Uint8Array, packet: Packet): Trailer {
    if (datagram.length > REPLY_OCTETS) return "tooLong";
    if (packet.header.mode !== "client" || packet.mac !== null) return "ntsFields";
    const judged = this.#settings.security.answering?.()?.judge(datagram, packet) ?? { kind: "nak" };
    if (judged.kind === "authentic") this.reply.ticket = judged.ticket;
    if (judged.kind !== "nak") return judged.kind === "authentic" ? "authentic" : "ntsFields";
    return this.#refuseCookie(arrival, packet) ? "refusedCookie" : "ntsFields";
  }

  /** Under Autokey, of which session keys are made of both addresses: to a socket that cannot tell ours nobody speaks it. */
  #judgeAutokey(arrival: Arrival, datagram: Uint8Array, packet: Packet): Trailer {
    const { autokeyAnswering = null } = this.#settings.security;
    const { source, to, seconds } = arrival;
    if (autokeyAnswering === null || to === null || packet.header.mode !== "client") return "refusedKey";
    if (arrival.seconds !== this.#second) this.#refresh(arrival);
    const synchronized = this.#published.head >>> 30 !== UNSYNCHRONIZED;
    const ticket = autokeyAnswering.judge(datagram, packet, sourceText(source), to, seconds >>> 0, synchronized);
    this.reply.ticket = ticket;
    return ticket === null ? "refusedKey" : "authentic";
  }

  /** Makes the NTSN kiss; the client knows it for an answer by its unique identifier. None where it has no such (RFC 8915 §5.7). */
  #refuseCookie(arrival: Arrival, { extensions }: Packet): boolean {
    const identifier = extensions.find(({ type }) => type === NTS_FIELDS.uniqueIdentifier);
    if (identifier === undefined) return false;
    const field = encodeExtension(NTS_FIELDS.uniqueIdentifier, identifier.value, MIN_NTS_FIELD);
    const { reply } = this;
    const length = kiss(KISSES.nts, arrival.view, this.#settings.rate.average, reply.view);
    if (length + field.length > arrival.length) return false;
    reply.bytes.set(field, length);
    reply.length = length + field.length;
    reply.most = arrival.length;
    reply.isTime = false;
    reply.delay = 0;
    return true;
  }

  #answer(arrival: Arrival, isRefused: boolean): Disposition {
    const { reply } = this;
    const { solicitations } = this.#settings;
    if (arrival.seconds !== this.#second) this.#refresh(arrival);
    reply.delay = 0;
    if (arrival.cast !== "unicast" && solicitations !== null) {
      const why = declines(arrival.view, this.#published, solicitations);
      if (why !== null) return why;
      reply.delay = this.#spreading.delay(arrival.mono, this.#chance());
    }
    reply.published = this.#published;
    reply.length = answer(arrival.view, arrival.length, arrival.seconds, arrival.fraction, this.#published, reply.view);
    reply.most = arrival.length;
    reply.isTime = true;
    if (!isRefused) return "answered";
    reply.length = refuseKey(reply.view);
    return "refusedKey";
  }

  /** Once for each second of the clock, so that a leap second is smeared from its very beginning. */
  #refresh({ mono, seconds, fraction }: Arrival): void {
    this.#published = this.published({ mono, clock: timestamp(seconds, fraction) });
    this.#second = seconds;
  }
}

/** The leap indicator of who is not synchronized (RFC 5905 figure 9). */
const UNSYNCHRONIZED = 3;

/** The largest key identifier of key files; larger ones are Autokey's (RFC 5905 §7.3). */
const KEY_ID_LIMIT = 65_535;

/** What verifying a request may cost, in MACs: opening a cookie and a request takes some ten times as long. */
function verifications({ length }: Arrival): number {
  return length > HEADER_LENGTH + MAX_MAC_LENGTH ? 10 : 1;
}

/** Where the transmit timestamp is, octets (RFC 5905 figure 8). */
const TRANSMIT = 40;
/** The mode of control queries; the one above is private. */
const CONTROL = 6;

function ownSources({ own }: ServerSettings): readonly SourceWords[] {
  return own.addresses.map(sourceOf).filter((words) => words !== null);
}
