/**
 * The client's side of mode 6: numbers questions, repeats them, and puts answers together (RFC 9327 §1.2).
 *
 * A few questions may be open at once, told apart by their sequence numbers. A question that nothing answered is
 * repeated under its number, since the answer may only be late; one that was half answered gets a new number, so that
 * fragments of two answers do not mix.
 */
import type { Authentication } from "../security/security.ts";
import { after, type Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import {
  CONTROL_DATA_LIMIT,
  CONTROL_VERSION,
  controlError,
  decodeControl,
  encodeControl,
  encodeSealedControl,
  OPERATIONS,
  type Control,
  type ControlMessage,
} from "../wire/control.ts";
import { isCryptoNak } from "../wire/mac.ts";
import type { Conversation } from "./conversation.ts";
import { Reassembly } from "./reassembly.ts";
import type { ControlAnswer, ControlRequest, ConversationFault } from "./request.ts";
import { octetsOf } from "./variables.ts";

/** What seals questions and checks answers; keys of the keyring are that. */
export interface ControlKey {
  readonly id: number;
  digest(covered: Uint8Array): Uint8Array;
  verify(covered: Uint8Array, digest: Uint8Array): boolean;
}

/** How to ask. */
export interface SessionOptions {
  /** To wait for the first fragment of an answer, and for every further one. */
  readonly timeout: Seconds;
  readonly fragmentTimeout: Seconds;
  /** How often a question is repeated. */
  readonly retries: number;
  /** How many questions may be open at once. */
  readonly window: number;
  /** 1 … 4 */
  readonly version: number;
  /** The first question's number, 1 … 65535; best not to be guessed. */
  readonly firstSequence: number;
  /** `null`: questions that need one fail. */
  readonly key: ControlKey | null;
}

/** As ntpq asks, but sooner tired of waiting, and with a few questions open at once. */
export const SESSION_DEFAULTS: SessionOptions = {
  timeout: 1,
  fragmentTimeout: 1,
  retries: 1,
  window: 4,
  version: CONTROL_VERSION,
  firstSequence: 1,
  key: null,
};

/** A question and what has come of it so far. */
interface Question {
  readonly request: ControlRequest;
  readonly data: Uint8Array;
  answer: ControlAnswer | null;
  /** While it is open. */
  sequence: number;
  attempts: number;
  deadline: Mono;
  response: Reassembly;
  authentication: Authentication;
  forged: boolean;
}

/** A mode 6 conversation with one daemon. */
export class ControlSession implements Conversation<ControlRequest, ControlAnswer> {
  readonly #options: SessionOptions;
  #questions: Question[] = [];
  #next: number;

  constructor(options: Partial<SessionOptions> = {}) {
    this.#options = { ...SESSION_DEFAULTS, ...options };
    this.#next = this.#options.firstSequence;
  }

  get answers(): readonly ControlAnswer[] | null {
    const answers = this.#questions.map(({ answer }) => answer);
    return answers.includes(null) ? null : (answers as ControlAnswer[]);
  }

  get wakeAt(): Mono | null {
    const deadlines = this.#open.map(({ deadline }) => deadline);
    return deadlines.length === 0 ? null : (Math.min(...deadlines) as Mono);
  }

  ask(requests: readonly ControlRequest[], now: Mono): void {
    this.#questions = requests.map((request) => question(request, now));
    for (const asked of this.#questions) {
      if (asked.data.length > CONTROL_DATA_LIMIT) asked.answer = failed("question");
      else if (asked.request.authenticated === true && this.#options.key === null) asked.answer = failed("noKey");
    }
  }

  poll(now: Mono): readonly Uint8Array[] {
    const due = this.#open.filter(({ deadline }) => deadline <= now);
    return due.flatMap((asked) => {
      if (asked.attempts > this.#options.retries) {
        asked.answer = failed(faultOf(asked));
        return [];
      }
      return [this.#send(asked, now)];
    });
  }

  receive(bytes: Uint8Array, now: Mono): void {
    const message = decodeControl(bytes);
    if (message.kind === "malformed" || !message.response) return;
    const asked = this.#open.find((one) => isAnswer(message, one));
    if (asked === undefined) return;
    const authentication = this.#judge(bytes, message);
    if (asked.request.authenticated === true && authentication === "failed") {
      asked.forged = true;
      return;
    }
    if (message.error) {
      asked.answer = { kind: "refused", error: controlError(message.status), status: message.status, authentication };
      return;
    }
    this.#take(asked, message, authentication, now);
  }

  undeliverable(): void {
    for (const asked of this.#questions) asked.answer ??= failed("unreachable");
  }

  /** The questions that are open: the first few that have no answer yet. */
  get #open(): readonly Question[] {
    return this.#questions.filter(({ answer }) => answer === null).slice(0, this.#options.window);
  }

  #send(asked: Question, now: Mono): Uint8Array {
    const { timeout, version, key } = this.#options;
    if (asked.attempts === 0 || asked.response.fragments > 0) {
      asked.sequence = this.#sequence();
      asked.response = new Reassembly();
      asked.authentication = "none";
    }
    asked.attempts += 1;
    asked.deadline = after(now, timeout);
    const message = messageOf(asked, version);
    if (asked.request.authenticated !== true || key === null) return encodeControl(message);
    return encodeSealedControl(message, (covered) => ({ keyId: key.id, digest: key.digest(covered) }));
  }

  #take(asked: Question, message: Control, authentication: Authentication, now: Mono): void {
    const taken = asked.response.add(message);
    if (taken === "tooMuch") asked.answer = failed("tooMuch");
    if (taken !== "taken" && taken !== "whole") return;
    asked.deadline = after(now, this.#options.fragmentTimeout);
    // An answer is as authentic as its least authentic fragment.
    asked.authentication =
      asked.response.fragments > 1 && asked.authentication !== authentication ? "none" : authentication;
    const response = asked.response.response();
    if (response !== null) asked.answer = { kind: "answer", ...response, authentication: asked.authentication };
  }

  #judge(bytes: Uint8Array, { mac, covered }: Control): Authentication {
    const { key } = this.#options;
    if (mac === null || key === null) return "none";
    if (isCryptoNak(mac)) return "nak";
    return mac.keyId === key.id && key.verify(bytes.subarray(0, covered), mac.digest) ? "ok" : "failed";
  }

  /** Numbers go round from 65535 to 1; 0 is not used. */
  #sequence(): number {
    const sequence = this.#next;
    this.#next = (sequence % 0xffff) + 1;
    return sequence;
  }
}

function question(request: ControlRequest, now: Mono): Question {
  const { data = "" } = request;
  return {
    request,
    data: typeof data === "string" ? octetsOf(data) : data,
    answer: null,
    sequence: 0,
    attempts: 0,
    deadline: now,
    response: new Reassembly(),
    authentication: "none",
    forged: false,
  };
}

function messageOf({ request, data, sequence }: Question, version: number): ControlMessage {
  const { operation, association = 0 } = request;
  return {
    leap: "none",
    version,
    response: false,
    error: false,
    more: false,
    operation: OPERATIONS[operation],
    sequence,
    status: 0,
    association,
    offset: 0,
    data,
  };
}

function isAnswer(message: Control, { attempts, sequence, request }: Question): boolean {
  return attempts > 0 && message.sequence === sequence && message.operation === OPERATIONS[request.operation];
}

function faultOf({ response, forged }: Question): ConversationFault {
  if (response.fragments > 0) return "incomplete";
  return forged ? "unauthenticated" : "timeout";
}

function failed(fault: ConversationFault): ControlAnswer {
  return { kind: "failed", fault };
}
