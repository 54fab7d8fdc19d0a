/** What is asked of a daemon by mode 6, and what came of it. */
import type { Authentication } from "../security/security.ts";
import type { ControlError, Operation } from "../wire/control.ts";

/** One question. */
export interface ControlRequest {
  readonly operation: Operation;
  /** 0, the system, unless given. */
  readonly association?: number;
  /** Text or octets, 468 at most; none unless given. */
  readonly data?: string | Uint8Array;
  /** Ask with a MAC, by the conversation's key. */
  readonly authenticated?: boolean;
}

/** Why there is no answer, where the daemon gave none. */
export type ConversationFault =
  | "timeout" // nothing came
  | "incomplete" // fragments are missing
  | "tooMuch" // more than a response may be
  | "unreachable" // nothing listens there, or there is no way to it
  | "unauthenticated" // all that came failed the check of its MAC
  | "noKey" // the question needs a key, and there is none
  | "question"; // the question does not fit into a datagram

/** What became of a question. */
export type ControlAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly association: number;
      readonly data: Uint8Array;
      /** `none` unless the daemon sealed its answer. */
      readonly authentication: Authentication;
    }
  /** The daemon said no. */
  | {
      readonly kind: "refused";
      readonly error: ControlError;
      readonly status: number;
      readonly authentication: Authentication;
    }
  | { readonly kind: "failed"; readonly fault: ConversationFault };

/** Why an operation has no result: what the daemon said, what the network did, or that the answer makes no sense. */
export type ControlFault =
  | { readonly kind: "fault"; readonly fault: ConversationFault | "garbled" }
  | { readonly kind: "fault"; readonly fault: "refused"; readonly error: ControlError };

/**
 * A task that takes several questions: yields what is to be asked at once, is given the answers in the same order, and
 * returns its result. It knows nothing of sockets, so recorded answers do as well as a daemon.
 */
export type Dialogue<Result, Request = ControlRequest, Answer = ControlAnswer> = Generator<
  readonly Request[],
  Result,
  readonly Answer[]
>;

/** The fault of an answer that is none. */
export function faultOf(answer: Exclude<ControlAnswer, { kind: "answer" }>): ControlFault {
  return answer.kind === "refused"
    ? { kind: "fault", fault: "refused", error: answer.error }
    : { kind: "fault", fault: answer.fault };
}

/** That an answer came and makes no sense. */
export const GARBLED: ControlFault = { kind: "fault", fault: "garbled" };
