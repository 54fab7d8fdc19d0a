/**
 * Asking daemons: the sockets and timers under the conversations of `src/control`.
 *
 * A {@link Line} is a socket to one daemon. Dialogues are led over it one after the other; many lines may be open at
 * once, since none of them waits for anything but its own datagrams and its own clock.
 */
import { Talk, type Conversation, type DatagramPort } from "../control/conversation.ts";
import type { Dialogue } from "../control/request.ts";
import { steady } from "./clock.ts";
import type { OpenPort } from "./port.ts";

/** An open way to one daemon. */
export interface Line<Request, Answer> {
  /**
   * Leads a dialogue to its end. One at a time.
   * @returns `null` when the line was closed first
   */
  lead<Result>(dialogue: Dialogue<Result, Request, Answer>): Promise<Result | null>;
  close(): void;
}

/** Opens a line; the conversation is its protocol. */
export function openLine<Request, Answer>(
  open: OpenPort,
  conversation: Conversation<Request, Answer>,
): Line<Request, Answer> {
  return new OpenLine(open, conversation);
}

class OpenLine<Request, Answer> implements Line<Request, Answer> {
  readonly #conversation: Conversation<Request, Answer>;
  readonly #port: DatagramPort;
  #talk: Pick<Talk<unknown, Request, Answer>, "poll" | "receive" | "undeliverable" | "wakeAt" | "result"> | null = null;
  #done: ((result: { readonly value: unknown } | null) => void) | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(open: OpenPort, conversation: Conversation<Request, Answer>) {
    this.#conversation = conversation;
    this.#port = open({
      datagram: (bytes) => {
        this.#talk?.receive(bytes, steady());
        this.#turn();
      },
      undeliverable: () => {
        this.#talk?.undeliverable(steady());
        this.#turn();
      },
    });
  }

  async lead<Result>(dialogue: Dialogue<Result, Request, Answer>): Promise<Result | null> {
    if (this.#done !== null) throw new Error("a line leads one dialogue at a time");
    const talk = new Talk(dialogue, this.#conversation, steady());
    const ended = new Promise<{ readonly value: unknown } | null>((resolve) => {
      this.#done = resolve;
    });
    this.#talk = talk;
    this.#turn();
    return (await ended) === null ? null : (talk.result?.value ?? null);
  }

  close(): void {
    this.#port.close();
    this.#end(null);
  }

  /** Sends what is due, and sets the timer for the next time. */
  #turn(): void {
    if (this.#talk === null) return;
    const now = steady();
    for (const bytes of this.#talk.poll(now)) this.#port.send(bytes);
    if (this.#talk.result !== null) {
      this.#end(this.#talk.result);
      return;
    }
    const { wakeAt } = this.#talk;
    clearTimeout(this.#timer);
    if (wakeAt !== null) this.#timer = setTimeout(() => this.#turn(), Math.max(0, Math.ceil((wakeAt - now) * 1000)));
  }

  #end(result: { readonly value: unknown } | null): void {
    clearTimeout(this.#timer);
    this.#talk = null;
    const done = this.#done;
    this.#done = null;
    done?.(result);
  }
}
