/**
 * What a whole capture comes to: who serves whom and how often, who asks too often or goes on after a kiss, whose time disagrees,
 * and who is being reflected off. It grows with the hosts of a capture, up to a bound, and not with its packets.
 */
import { intersect, meets, type Interval } from "../system/select.ts";
import type { Seconds } from "../time/seconds.ts";
import { difference, fromUnix, type UnixNanoseconds } from "../time/timestamp.ts";
import { addressKey, type Address } from "../wire/address.ts";
import type { Header } from "../wire/header.ts";
import { kissAction, kissCode } from "../wire/kiss.ts";
import type { Decoded } from "./decoded.ts";
import { Gaps } from "./gaps.ts";
import type { DecodeVerdict } from "./verdict.ts";

/** A client and a server of it. */
export interface Pair {
  readonly client: string;
  readonly server: string;
  readonly requests: number;
  readonly answers: number;
  /** Of these packets the client would refuse. */
  readonly bad: number;
  /** Seconds between two requests; `null`: there were not two. */
  readonly interval: { readonly least: Seconds; readonly median: Seconds } | null;
  /** Kisses by code. */
  readonly kisses: Readonly<Record<string, number>>;
  /** Requests after the server said to go away (DENY, RSTR), or that came no later after a RATE than before. */
  readonly ignored: number;
  /** It asks more often than servers of this kind bear: on average every few seconds. */
  readonly hasty: boolean;
}

/** A server, or a host that broadcasts or is a peer. */
export interface Source {
  readonly address: string;
  readonly stratum: number;
  readonly referenceId: number;
  /** How far its clock is ahead of the capturing one, in the middle; `null`: nothing was measured. */
  readonly offset: Seconds | null;
  /** How far that may be wrong. */
  readonly bound: Seconds | null;
  /** Whether that agrees with what most servers say; `null`: there is no majority, or nothing was measured. */
  readonly agrees: boolean | null;
}

/** Somebody to whom long answers to short questions go: modes 6 and 7. */
export interface Reflection {
  /** Who gets the answers, and may never have asked. */
  readonly victim: string;
  readonly server: string;
  /** What is asked for, where it was asked in this capture. */
  readonly requests: number;
  readonly answers: number;
  /** Octets of the answers for one of the questions; `null`: there were only answers. */
  readonly factor: number | null;
}

/** The capture in a page. */
export interface CaptureSummary {
  readonly packets: number;
  readonly first: UnixNanoseconds | null;
  readonly last: UnixNanoseconds | null;
  readonly verdicts: Readonly<Partial<Record<DecodeVerdict, number>>>;
  /** Most requests first. */
  readonly pairs: readonly Pair[];
  readonly sources: readonly Source[];
  /** Where most of the sources agree that true time is, after the capturing clock. */
  readonly intersection: Interval | null;
  readonly reflections: readonly Reflection[];
  /** Packets of hosts beyond the bound, which no row tells of. */
  readonly unlisted: number;
}

/** So many rows of each kind are kept. */
const ROWS = 65_536;
/** On average no client asks more often than this, bursts and all (ntpd's `discard average 3`: 8 s). */
const LEAST_AVERAGE: Seconds = 8;
/** And so many requests it takes to call one hasty: more than a burst. */
const MANY = 12;
/** Answers so many times as long as the questions are worth abusing. */
const REFLECTED = 10;
/** So many answers that nobody asked for are no accident. */
const UNASKED = 4;

interface PairCount {
  readonly client: string;
  readonly server: string;
  requests: number;
  answers: number;
  bad: number;
  readonly gaps: Gaps;
  readonly kisses: Map<string, number>;
  ignored: number;
  /** What the last kiss asked for, and how far apart requests were before. */
  kissed: { readonly action: "goAway" | "slowDown"; readonly gap: Seconds | null } | null;
}

interface SourceCount {
  readonly address: string;
  stratum: number;
  referenceId: number;
  /** The measurement with the least bound: what an NTP clock filter would take. */
  best: { readonly offset: Seconds; readonly bound: Seconds } | null;
}

interface ReflectionCount {
  readonly victim: string;
  readonly server: string;
  requests: number;
  answers: number;
  asked: number;
  answered: number;
  unasked: number;
}

/** Counts a capture. */
export class Summary {
  #packets = 0;
  #unlisted = 0;
  #first: UnixNanoseconds | null = null;
  #last: UnixNanoseconds | null = null;
  readonly #verdicts: Partial<Record<DecodeVerdict, number>> = {};
  readonly #pairs = new Map<string, PairCount>();
  readonly #sources = new Map<string, SourceCount>();
  readonly #reflections = new Map<string, ReflectionCount>();

  /** One datagram more. */
  add(decoded: Decoded): void {
    this.#packets += 1;
    this.#first ??= decoded.at;
    this.#last = decoded.at ?? this.#last;
    this.#verdicts[decoded.verdict] = (this.#verdicts[decoded.verdict] ?? 0) + 1;
    const { message } = decoded;
    if (message.kind === "ntp") this.#time(decoded, message.packet.header);
    else if (message.kind === "control") this.#talk(decoded, message.control.response);
    else if (message.kind === "private") this.#talk(decoded, message.message.response);
  }

  /** What it comes to. */
  result(): CaptureSummary {
    const measured = [...this.#sources.values()].flatMap(({ best }) =>
      best === null ? [] : [{ offset: best.offset, rootDistance: best.bound }],
    );
    const intersection = measured.length > 1 ? intersect(measured) : null;
    return {
      packets: this.#packets,
      first: this.#first,
      last: this.#last,
      verdicts: this.#verdicts,
      pairs: [...this.#pairs.values()].map(pairOf).sort((one, other) => other.requests - one.requests),
      sources: [...this.#sources.values()].map((source) => sourceOf(source, intersection)),
      intersection,
      reflections: [...this.#reflections.values()].filter(isReflection).map(reflectionOf),
      unlisted: this.#unlisted,
    };
  }

  #time(decoded: Decoded, header: Header): void {
    const { from, to, answers } = decoded;
    const { mode } = header;
    const isPeer = mode === "symmetricActive" || mode === "symmetricPassive";
    if (mode === "client" || isPeer) this.#request(decoded);
    if (mode === "server") this.#answer(decoded, header);
    // Each peer's packet is its answer, too.
    if (isPeer && answers !== null) {
      const pair = this.#pair(to, from);
      if (pair !== null) pair.answers += 1;
    }
    if (mode !== "client") this.#source(decoded, header);
  }

  #request({ from, to, at, verdict }: Decoded): void {
    const pair = this.#pair(from, to);
    if (pair === null || verdict === "duplicate") return;
    pair.requests += 1;
    const gap = at === null ? null : pair.gaps.add(at);
    const { kissed } = pair;
    if (kissed === null) return;
    if (kissed.action === "goAway" || (gap !== null && kissed.gap !== null && gap <= kissed.gap)) pair.ignored += 1;
  }

  #answer({ from, to, verdict }: Decoded, header: Header): void {
    const pair = this.#pair(to, from);
    if (pair === null) return;
    pair.answers += 1;
    if (verdict === "kiss") this.#kiss(pair, kissCode(header)!);
    else if (verdict !== "ok") pair.bad += 1;
  }

  #kiss(pair: PairCount, code: string): void {
    pair.kisses.set(code, (pair.kisses.get(code) ?? 0) + 1);
    const action = kissAction(code);
    if (action !== "none") pair.kissed = { action, gap: pair.gaps.last };
  }

  /** What a host says of its clock; of an answer that was believed, how far that is ahead of the capturing one. */
  #source({ from, at, answers, verdict }: Decoded, header: Header): void {
    if (verdict === "kiss" || verdict === "bogus" || verdict === "unasked" || verdict === "authentication") return;
    const source = this.#row(this.#sources, addressKey(from), () => ({
      address: from.ip,
      stratum: header.stratum,
      referenceId: header.referenceId,
      best: null,
    }));
    if (source === null) return;
    source.stratum = header.stratum;
    source.referenceId = header.referenceId;
    if (verdict !== "ok" || at === null || (answers?.after ?? null) === null || answers?.offset === null) return;
    const elapsed = answers!.after!;
    const back = difference(header.transmit, fromUnix(at));
    const stay = difference(header.transmit, header.receive);
    const delay = Math.max(0, elapsed - stay);
    const bound = delay / 2 + header.rootDelay / 2 + header.rootDispersion;
    if (source.best === null || bound < source.best.bound) source.best = { offset: back + delay / 2, bound };
  }

  #talk({ from, to, length, answers }: Decoded, response: boolean): void {
    const [victim, server] = response ? [to, from] : [from, to];
    const count = this.#row(this.#reflections, `${victim.ip} ${server.ip}`, () => ({
      victim: victim.ip,
      server: server.ip,
      requests: 0,
      answers: 0,
      asked: 0,
      answered: 0,
      unasked: 0,
    }));
    if (count === null) return;
    count[response ? "answers" : "requests"] += 1;
    count[response ? "answered" : "asked"] += length;
    if (response && answers === null) count.unasked += 1;
  }

  #pair(client: Address, server: Address): PairCount | null {
    return this.#row(this.#pairs, `${client.ip} ${server.ip}`, () => ({
      client: client.ip,
      server: server.ip,
      requests: 0,
      answers: 0,
      bad: 0,
      gaps: new Gaps(),
      kisses: new Map(),
      ignored: 0,
      kissed: null,
    }));
  }

  /** The row of a key, a new one if there is room. */
  #row<Row>(rows: Map<string, Row>, key: string, make: () => Row): Row | null {
    const known = rows.get(key);
    if (known !== undefined) return known;
    if (rows.size >= ROWS) {
      this.#unlisted += 1;
      return null;
    }
    const row = make();
    rows.set(key, row);
    return row;
  }
}

function pairOf({ client, server, requests, answers, bad, gaps, kisses, ignored }: PairCount): Pair {
  const { interval, average } = gaps;
  const hasty = requests >= MANY && average !== null && average < LEAST_AVERAGE;
  return { client, server, requests, answers, bad, interval, kisses: Object.fromEntries(kisses), ignored, hasty };
}

function sourceOf({ address, stratum, referenceId, best }: SourceCount, intersection: Interval | null): Source {
  const agrees =
    best === null || intersection === null
      ? null
      : meets({ offset: best.offset, rootDistance: best.bound }, intersection);
  return { address, stratum, referenceId, offset: best?.offset ?? null, bound: best?.bound ?? null, agrees };
}

function isReflection({ asked, answered, unasked }: ReflectionCount): boolean {
  return unasked >= UNASKED || (asked > 0 && answered >= REFLECTED * asked);
}

function reflectionOf({ victim, server, requests, answers, asked, answered }: ReflectionCount): Reflection {
  return { victim, server, requests, answers, factor: asked === 0 ? null : answered / asked };
}
