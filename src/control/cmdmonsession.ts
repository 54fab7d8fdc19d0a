/** The client's side of chrony's command protocol: numbers questions, repeats them, and takes their replies. */
import { after, type Mono } from "../time/mono.ts";
import type { Seconds } from "../time/seconds.ts";
import {
  COMMANDS,
  decodeCmdmon,
  encodeCmdmon,
  type CmdmonRefusal,
  type CmdmonReply,
  type CmdmonRequest,
} from "./cmdmon.ts";
import type { Conversation } from "./conversation.ts";

/** What became of a question. */
export type CmdmonAnswer =
  | { readonly kind: "answer"; readonly reply: CmdmonReply }
  | { readonly kind: "refused"; readonly refusal: CmdmonRefusal }
  | { readonly kind: "failed"; readonly fault: "timeout" | "unreachable" | "question" };

/** How to ask. */
export interface CmdmonOptions {
  /** To wait for a reply; doubled with every repetition, as chronyc does. */
  readonly timeout: Seconds;
  readonly retries: number;
  /** How many questions may be open at once. */
  readonly window: number;
  /** Unsigned 32 bits; best not to be guessed. */
  readonly firstSequence: number;
}

/** As chronyc asks, but with a few questions open at once. */
export const CMDMON_DEFAULTS: CmdmonOptions = { timeout: 1, retries: 2, window: 8, firstSequence: 1 };

/** A question and what has come of it so far. */
interface Question {
  readonly request: CmdmonRequest;
  answer: CmdmonAnswer | null;
  sequence: number;
  attempts: number;
  deadline: Mono;
}

/** A conversation with one chronyd. */
export class CmdmonSession implements Conversation<CmdmonRequest, CmdmonAnswer> {
  readonly #options: CmdmonOptions;
  #questions: Question[] = [];
  #next: number;

  constructor(options: Partial<CmdmonOptions> = {}) {
    this.#options = { ...CMDMON_DEFAULTS, ...options };
    this.#next = this.#options.firstSequence;
  }

  get answers(): readonly CmdmonAnswer[] | null {
    const answers = this.#questions.map(({ answer }) => answer);
    return answers.includes(null) ? null : (answers as CmdmonAnswer[]);
  }

  get wakeAt(): Mono | null {
    const deadlines = this.#open.map(({ deadline }) => deadline);
    return deadlines.length === 0 ? null : (Math.min(...deadlines) as Mono);
  }

  ask(requests: readonly CmdmonRequest[], now: Mono): void {
    this.#questions = requests.map((request) => ({ request, answer: null, sequence: 0, attempts: 0, deadline: now }));
  }

  poll(now: Mono): readonly Uint8Array[] {
    const due = this.#open.filter(({ deadline }) => deadline <= now);
    return due.flatMap((asked) => {
      if (asked.attempts > this.#options.retries) {
        asked.answer = { kind: "failed", fault: "timeout" };
        return [];
      }
      const bytes = this.#send(asked, now);
      if (bytes === null) asked.answer = { kind: "failed", fault: "question" };
      return bytes === null ? [] : [bytes];
    });
  }

  receive(bytes: Uint8Array): void {
    const reply = decodeCmdmon(bytes);
    if (reply === null) return;
    const asked = this.#open.find(
      ({ attempts, sequence, request }) =>
        attempts > 0 && sequence === reply.sequence && COMMANDS[request.command].code === reply.command,
    );
    if (asked === undefined) return;
    asked.answer = reply.refusal === null ? { kind: "answer", reply } : { kind: "refused", refusal: reply.refusal };
  }

  undeliverable(): void {
    for (const asked of this.#questions) asked.answer ??= { kind: "failed", fault: "unreachable" };
  }

  get #open(): readonly Question[] {
    return this.#questions.filter(({ answer }) => answer === null).slice(0, this.#options.window);
  }

  #send(asked: Question, now: Mono): Uint8Array | null {
    if (asked.attempts === 0) {
      asked.sequence = this.#next;
      this.#next = (this.#next + 1) >>> 0;
    }
    asked.deadline = after(now, this.#options.timeout * 2 ** asked.attempts);
    asked.attempts += 1;
    return encodeCmdmon(asked.request, asked.sequence, asked.attempts - 1);
  }
}
