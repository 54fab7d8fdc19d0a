/**
 * The mode 6 server: ntpq's questions to ntpkit's own daemon (RFC 9327).
 *
 * ```text
 * datagram ─► format ─► access ─► MAC ─► operation ─► budget ─► fragments
 * ```
 *
 * Pure but for what it remembers: counters, and how much was sent to whom. Whoever is not to be answered hears nothing, and
 * every reason for that has a name.
 */
import type { ControlAnswering, ControlView, Queried } from "../../engine/port/control.ts";
import type { QueryRights } from "../../server/access.ts";
import { sourceOf } from "../../server/source.ts";
import type { Now } from "../../time/now.ts";
import type { Address } from "../../wire/address.ts";
import { isLoopback } from "../../wire/address.ts";
import {
  CONTROL_DATA_LIMIT,
  CONTROL_ERRORS,
  OPERATIONS,
  decodeControl,
  encodeControl,
  encodeSealedControl,
} from "../../wire/control.ts";
import type { Control, ControlError, ControlHeader, ControlMessage } from "../../wire/control.ts";
import type { Leap } from "../../wire/header.ts";
import { DEFAULT_BUDGETS, Purse, type Budgets } from "./budget.ts";
import type { ResponderFacts } from "./facts.ts";
import { answererOf, type Reply } from "./operations.ts";
import { SteadyTimes } from "./recent.ts";

/** What became of a query. */
export const CONTROL_DISPOSITIONS = {
  answered: "answered",
  refused: "answered with an error",
  malformed: "too short, of another mode, or of a version other than 1 to 4",
  notRequest: "a response, an error or a fragment, which is never answered",
  notAllowed: "from an address that no restrict line opens control queries to",
  nonce: "a list of recent clients was asked for without a good nonce",
  overBudget: "more was sent to this address than it may have",
} as const;

/** What became of a query. */
export type ControlDisposition = keyof typeof CONTROL_DISPOSITIONS;

/** How a request was authenticated: not at all, by a key, or in vain. */
type Proof = { readonly kind: "none" } | { readonly kind: "key"; readonly keyId: number } | { readonly kind: "failed" };

/** Answers control queries. */
export class ControlResponder implements ControlAnswering {
  readonly #facts: ResponderFacts;
  readonly #purse: Purse;
  readonly #times = new SteadyTimes();
  readonly #counts: Record<ControlDisposition, number> = {
    answered: 0,
    refused: 0,
    malformed: 0,
    notRequest: 0,
    notAllowed: 0,
    nonce: 0,
    overBudget: 0,
  };
  #queries = 0;

  constructor(facts: ResponderFacts, budgets: Budgets = DEFAULT_BUDGETS) {
    this.#facts = facts;
    this.#purse = new Purse(budgets);
  }

  /** Queries so far by what became of them. */
  get counts(): Readonly<Record<ControlDisposition, number>> {
    return this.#counts;
  }

  respond(bytes: Uint8Array, from: Address, queried: Queried, now: Now): readonly Uint8Array[] {
    this.#queries += 1;
    const { disposition, datagrams } = this.#dispose(bytes, from, queried, now);
    this.#counts[disposition] += 1;
    return datagrams;
  }

  #dispose(bytes: Uint8Array, from: Address, queried: Queried, now: Now): Disposed {
    const request = decodeControl(bytes);
    const header = request.kind === "malformed" ? request.header : request;
    if (header === null || (request.kind === "malformed" && request.fault === "version")) return silence("malformed");
    if (header.response || header.error || header.more || header.offset !== 0) return silence("notRequest");
    const source = sourceOf(from.ip);
    const rights = source === null ? "none" : queried.access.queryRights(source, from.port);
    if (rights === "none") return silence("notAllowed");
    const view = queried.view();
    this.#times.observe(view.now);

    const proof = request.kind === "malformed" ? NO_PROOF : this.#judge(request, bytes, from.ip);
    const reply = request.kind === "malformed" ? FORMAT_ERROR : this.#reply(request, proof, from.ip, view, rights);
    if (reply.kind === "nonce") return silence("nonce");
    return this.#pay(header, reply, proof, from.ip, view.told.leap, now);
  }

  #judge(request: Control, bytes: Uint8Array, ip: string): Proof {
    const { mac, covered } = request;
    if (mac === null) return NO_PROOF;
    const key = this.#facts.keys?.find(mac.keyId) ?? null;
    const isAuthentic =
      key !== null && key.trusted && key.admits(ip) && key.verify(bytes.subarray(0, covered), mac.digest);
    return isAuthentic ? { kind: "key", keyId: mac.keyId } : { kind: "failed" };
  }

  #reply(request: Control, proof: Proof, ip: string, view: ControlView, rights: QueryRights): Reply {
    const answerer = answererOf(request.operation);
    if (answerer === null) return { kind: "error", error: "operation" };
    if (answerer.needsKey) {
      const isAllowed = proof.kind === "key" && proof.keyId === this.#facts.controlKey;
      if (!isAllowed) return { kind: "error", error: "authentication" };
      if (rights !== "all" && request.operation !== READ_ORDERED_LIST)
        return { kind: "error", error: "authentication" };
    }
    return answerer.answer({ request, ip, view, facts: this.#facts, times: this.#times, queries: this.#queries });
  }

  /** The datagrams of an answer, if there is enough left for them; else an error, if there is enough for that. */
  #pay(
    asked: ControlHeader,
    reply: Exclude<Reply, { kind: "nonce" }>,
    proof: Proof,
    ip: string,
    leap: Leap,
    now: Now,
  ): Disposed {
    const isProven = isLoopback(ip) || (reply.kind === "data" && reply.isProven);
    const datagrams = this.#encode(asked, reply, proof, leap);
    if (this.#purse.pay(ip, isProven, octetsIn(datagrams), now.mono))
      return { disposition: reply.kind === "error" ? "refused" : "answered", datagrams };
    const refusal = this.#encode(asked, { kind: "error", error: "prohibited" }, proof, leap);
    return {
      disposition: "overBudget",
      datagrams: this.#purse.pay(ip, isProven, octetsIn(refusal), now.mono) ? refusal : [],
    };
  }

  #encode(asked: ControlHeader, reply: Exclude<Reply, { kind: "nonce" }>, proof: Proof, leap: Leap): Uint8Array[] {
    const { version, operation, sequence, association } = asked;
    const base = { leap, version, response: true, operation, sequence, association };
    const messages: ControlMessage[] =
      reply.kind === "error"
        ? [{ ...base, error: true, more: false, status: errorStatus(reply.error), offset: 0, data: NO_DATA }]
        : fragmentsOf({ ...base, error: false, status: reply.status }, reply.data);
    return messages.map((message) => this.#seal(message, proof));
  }

  /** Answers have the key of their question; those to a key that is wrong have a crypto-NAK, as ntpd's. */
  #seal(message: ControlMessage, proof: Proof): Uint8Array {
    if (proof.kind === "none") return encodeControl(message);
    if (proof.kind === "failed") return encodeSealedControl(message, () => CRYPTO_NAK);
    const key = this.#facts.keys!.find(proof.keyId)!;
    return encodeSealedControl(message, (covered) => ({ keyId: key.id, digest: key.digest(covered) }));
  }
}

/** What is sent for a query. */
interface Disposed {
  readonly disposition: ControlDisposition;
  readonly datagrams: readonly Uint8Array[];
}

const NO_PROOF: Proof = { kind: "none" };
const NO_DATA = new Uint8Array(0);
const CRYPTO_NAK = { keyId: 0, digest: NO_DATA };
const FORMAT_ERROR: Reply = { kind: "error", error: "format" };
const READ_ORDERED_LIST = OPERATIONS.readOrderedList;

/** Offsets have 16 bits: what lies beyond cannot be told. */
const MOST_FRAGMENTS = Math.floor(0x1_0000 / CONTROL_DATA_LIMIT);

function silence(disposition: ControlDisposition): Disposed {
  return { disposition, datagrams: [] };
}

function errorStatus(error: ControlError): number {
  return CONTROL_ERRORS.indexOf(error) << 8;
}

/** Cuts an answer wherever a datagram is full, in the middle of a name or number too. */
function fragmentsOf(base: Omit<ControlMessage, "more" | "offset" | "data">, data: Uint8Array): ControlMessage[] {
  const count = Math.min(Math.max(Math.ceil(data.length / CONTROL_DATA_LIMIT), 1), MOST_FRAGMENTS);
  return Array.from({ length: count }, (_, index) => {
    const offset = index * CONTROL_DATA_LIMIT;
    return { ...base, more: index + 1 < count, offset, data: data.subarray(offset, offset + CONTROL_DATA_LIMIT) };
  });
}

function octetsIn(datagrams: readonly Uint8Array[]): number {
  return datagrams.reduce((sum, { length }) => sum + length, 0);
}
