/**
 * Whom a server shakes hands with: how many at a time, and how often. A handshake costs a signature, thousands of times what a reply
 * does, and its client has proved nothing before it: so what it may cost is bounded, and what one address may, too.
 *
 * Where all places are taken the oldest handshake goes, first of its own network: whoever opens thousands of connections and says
 * nothing pushes out himself, and an honest client, done within a few round trips, is not the oldest for long.
 */

/** What is permitted. */
export interface AdmissionLimits {
  /** Handshakes at a time. */
  readonly open: number;
  /** Of these, from one network: an IPv4 address, or 64 bits of an IPv6 address. */
  readonly openEach: number;
  /** Handshakes a second in the long run, and as many at once as a burst. */
  readonly rate: number;
  readonly burst: number;
  /** The same for one network. */
  readonly rateEach: number;
  readonly burstEach: number;
}

/** A quarter of a processor at a millisecond each, as an RSA key of 2048 bits takes it. */
export const ADMISSION: AdmissionLimits = {
  open: 512,
  openEach: 32,
  rate: 250,
  burst: 500,
  rateEach: 20,
  burstEach: 100,
};

/** Networks whose rate is known, at most; the one longest unheard goes. */
const NETWORKS = 4096;

/** A bucket: so many tokens at a moment. */
interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/** Whether a handshake may begin, and which has to go for it. */
export type Admitted<Token> =
  | { readonly kind: "admitted"; readonly evicted: Token | null }
  | { readonly kind: "limited" };

/** Handshakes that are open, by tokens of the caller's. */
export class Admission<Token> {
  readonly #limits: AdmissionLimits;
  /** The oldest first. */
  readonly #open = new Map<Token, string>();
  /** The longest unheard first. */
  readonly #buckets = new Map<string, Bucket>();
  #all: Bucket;

  constructor(limits: AdmissionLimits = ADMISSION) {
    this.#limits = limits;
    this.#all = { tokens: limits.burst, at: Number.NEGATIVE_INFINITY };
  }

  /** Handshakes that are open. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Asks for a handshake.
   * @param ip IP literal, without a zone
   * @param at of the steady clock, seconds
   */
  admit(token: Token, ip: string, at: number): Admitted<Token> {
    const network = networkOf(ip);
    const { rate, burst, rateEach, burstEach } = this.#limits;
    const own = drawn(this.#buckets.get(network) ?? null, rateEach, burstEach, at);
    // What one network asks for beyond its own rate takes nothing from others.
    const all = own === null ? null : drawn(this.#all, rate, burst, at);
    if (own === null || all === null) return { kind: "limited" };
    this.#all = all;
    this.#buckets.delete(network);
    this.#buckets.set(network, own);
    if (this.#buckets.size > NETWORKS) this.#buckets.delete(this.#buckets.keys().next().value!);
    const evicted = this.#toEvict(network);
    if (evicted !== null) this.#open.delete(evicted);
    this.#open.set(token, network);
    return { kind: "admitted", evicted };
  }

  /** It has ended. */
  done(token: Token): void {
    this.#open.delete(token);
  }

  #toEvict(network: string): Token | null {
    const { open, openEach } = this.#limits;
    let oldest: Token | null = null;
    let count = 0;
    for (const [token, of] of this.#open) {
      if (of !== network) continue;
      oldest ??= token;
      count += 1;
    }
    if (count >= openEach) return oldest;
    return this.#open.size >= open ? (this.#open.keys().next().value ?? null) : null;
  }
}

/** A bucket after one token was drawn; `null`: it has none. */
function drawn(bucket: Bucket | null, rate: number, burst: number, at: number): Bucket | null {
  const tokens = bucket === null ? burst : Math.min(burst, bucket.tokens + Math.max(at - bucket.at, 0) * rate);
  return tokens < 1 ? null : { tokens: tokens - 1, at };
}

/** Whoever has one IPv6 address has 2^64 of them. */
function networkOf(ip: string): string {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(ip);
  if (mapped !== null) return mapped[1]!;
  if (!ip.includes(":")) return ip;
  const [head = "", tail] = ip.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(8 - left.length - right.length, 0) }, () => "0");
  return [...left, ...(tail === undefined ? [] : zeros), ...right].slice(0, 4).join(":");
}
