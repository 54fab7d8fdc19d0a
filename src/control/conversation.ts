/**
 * A conversation with a daemon, without sockets or timers: questions go in, datagrams come out, answers come back.
 *
 * Whoever drives it sends what {@link Conversation.poll} returns, gives it what arrives, and calls `poll` again at
 * {@link Conversation.wakeAt}. Mode 6 and chrony's cmdmon are both spoken through it.
 */
import type { Mono } from "../time/mono.ts";
import type { Dialogue } from "./request.ts";

/** One side of a question-and-answer protocol over datagrams. */
export interface Conversation<Request, Answer> {
  /** Asks some questions. What was asked before must have been answered. */
  ask(questions: readonly Request[], now: Mono): void;
  /** What is to be sent now; questions whose time is up are repeated or given up. */
  poll(now: Mono): readonly Uint8Array[];
  /** Takes a datagram from the daemon. What is not an answer changes nothing. Never throws. */
  receive(bytes: Uint8Array, now: Mono): void;
  /** Nothing can be delivered to the daemon: what is still open is given up. */
  undeliverable(): void;
  /** When to call {@link poll} again at the latest; `null`: when there are new questions. */
  readonly wakeAt: Mono | null;
  /** Every question's answer in the order they were asked, `null` until there are all. */
  readonly answers: readonly Answer[] | null;
}

/** How to carry datagrams to one daemon; host and tests have one each. */
export interface DatagramPort {
  send(bytes: Uint8Array): void;
  close(): void;
}

/**
 * Leads a dialogue through a conversation as far as it goes.
 * @returns what it came to, `null` while it waits for datagrams or time
 */
export class Talk<Result, Request, Answer> {
  readonly #dialogue: Dialogue<Result, Request, Answer>;
  readonly #conversation: Conversation<Request, Answer>;
  #result: { readonly value: Result } | null = null;

  constructor(dialogue: Dialogue<Result, Request, Answer>, conversation: Conversation<Request, Answer>, now: Mono) {
    this.#dialogue = dialogue;
    this.#conversation = conversation;
    this.#step([], now);
    this.#proceed(now);
  }

  /** What the dialogue came to; `null` while it goes on. */
  get result(): { readonly value: Result } | null {
    return this.#result;
  }

  get wakeAt(): Mono | null {
    return this.#result === null ? this.#conversation.wakeAt : null;
  }

  /** What is to be sent now. */
  poll(now: Mono): readonly Uint8Array[] {
    const sent: Uint8Array[] = [];
    while (this.#result === null) {
      sent.push(...this.#conversation.poll(now));
      if (this.#conversation.answers === null) break;
      this.#proceed(now);
    }
    return sent;
  }

  receive(bytes: Uint8Array, now: Mono): void {
    if (this.#result === null) this.#conversation.receive(bytes, now);
    this.#proceed(now);
  }

  undeliverable(now: Mono): void {
    this.#conversation.undeliverable();
    this.#proceed(now);
  }

  #proceed(now: Mono): void {
    for (
      let { answers } = this.#conversation;
      answers !== null && this.#result === null;
      { answers } = this.#conversation
    )
      this.#step(answers, now);
  }

  #step(answers: readonly Answer[], now: Mono): void {
    const next = this.#dialogue.next(answers);
    if (next.done === true) this.#result = { value: next.value };
    else this.#conversation.ask(next.value, now);
  }
}
