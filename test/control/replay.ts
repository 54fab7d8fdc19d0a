/** Daemons for dialogues: what a recorded one answered, and how to lead a dialogue without sockets or time. */
import { Talk, type Conversation } from "../../src/control/conversation.ts";
import type { ControlAnswer, ControlRequest, Dialogue } from "../../src/control/request.ts";
import { ControlSession, type SessionOptions } from "../../src/control/session.ts";
import { after, type Mono } from "../../src/time/mono.ts";
import { fromUnix, type NtpTimestamp } from "../../src/time/timestamp.ts";
import { decodeControl } from "../../src/wire/control.ts";
import { capture } from "../support/pcap.ts";

/** Answers a datagram with none, one or several. */
export type Daemon = (bytes: Uint8Array) => readonly Uint8Array[];

/** A recorded question and its answer. */
export interface Exchange {
  readonly question: Uint8Array;
  readonly answers: readonly Uint8Array[];
  /** By the clock of the machine that asked. */
  readonly at: NtpTimestamp;
}

/** The exchanges of a recording, in order. */
export function exchanges(name: string): Exchange[] {
  const found: { question: Uint8Array; answers: Uint8Array[]; at: NtpTimestamp }[] = [];
  for (const { bytes, to, at } of capture(`control/${name}`)) {
    if (to.port === 123) found.push({ question: bytes, answers: [], at: fromUnix(at) });
    else found.at(-1)!.answers.push(bytes);
  }
  return found;
}

/**
 * The daemon of some exchanges. Questions are recognized by all but their sequence number; asked twice, the same question
 * has the same answer.
 */
export function recordedDaemon(recorded: readonly Exchange[]): Daemon {
  const answers = new Map(recorded.map(({ question, answers }) => [keyOf(question), answers]));
  return (bytes) => (answers.get(keyOf(bytes)) ?? []).map((answer) => withSequence(answer, bytes));
}

/** Leads a mode 6 dialogue with a daemon that answers at once. */
export function ask<Result>(dialogue: Dialogue<Result>, daemon: Daemon, options: Partial<SessionOptions> = {}): Result {
  return lead<Result, ControlRequest, ControlAnswer>(dialogue, new ControlSession(options), daemon);
}

/** Leads any dialogue with a daemon that answers at once; where it does not, time passes until the conversation gives up. */
export function lead<Result, Request, Answer>(
  dialogue: Dialogue<Result, Request, Answer>,
  conversation: Conversation<Request, Answer>,
  daemon: Daemon,
): Result {
  let now = 0 as Mono;
  const talk = new Talk(dialogue, conversation, now);
  for (let turns = 0; talk.result === null; turns += 1) {
    if (turns > 5_000) throw new Error("the dialogue does not end");
    const sent = talk.poll(now);
    for (const bytes of sent) for (const answer of daemon(bytes)) talk.receive(answer, now);
    if (sent.length === 0 && talk.wakeAt !== null) now = after(talk.wakeAt, 0.001);
  }
  return talk.result.value;
}

function keyOf(question: Uint8Array): string {
  const message = decodeControl(question);
  if (message.kind !== "control") throw new Error(message.fault);
  return `${message.operation} ${message.association} ${Buffer.from(message.data).toString("latin1")}`;
}

function withSequence(answer: Uint8Array, question: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(answer);
  bytes.set(question.subarray(2, 4), 2);
  return bytes;
}
