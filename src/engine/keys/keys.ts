/** What this room keeps: for whom keys are being established, with whom, and when that may be tried again. */
import type { AssociationId } from "../../association/association.ts";
import type { EstablishedKeys } from "../../security/security.ts";
import type { Mono } from "../../time/mono.ts";
import type { Seconds } from "../../time/seconds.ts";
import type { Address } from "../../wire/address.ts";
import type { HandshakeToken } from "../port/action.ts";
import type { EstablishFault } from "../port/establish.ts";

/** Keys, when they were established, and from when and until when the certificate is valid by which they were. */
export interface Given {
  readonly keys: EstablishedKeys;
  readonly since: Mono;
  readonly from: string | null;
  readonly until: string | null;
}

/** The establishing of one association's keys. */
export interface KeyExchange {
  readonly id: AssociationId;
  /** Where its name establishes keys; the first is asked next. */
  readonly places: Address[];
  /** A handshake is out. */
  token: HandshakeToken | null;
  /** It is over, and the NTP server that was negotiated has a name, which is being looked up. */
  named: (Given & { readonly server: string; readonly port: number }) | null;
  /** Handshakes since keys have last proved good. */
  attempts: number;
  /** None before this. */
  notBefore: Mono;
  /** Keys are wanted as soon as they may be asked for. */
  wanted: boolean;
  /** When the keys in use were established; `null`: there are none. */
  since: Mono | null;
  /** The name of the server that was negotiated for them; `null`: none was. */
  server: string | null;
  /** From when and until when the certificate is valid that they were established by, ISO 8601; `null`: nobody knows. */
  from: string | null;
  until: string | null;
  /** Keys that an earlier run has left: not asked for yet, in use, or asked for and not to be asked for again. */
  kept: "untried" | "inUse" | "spent";
  /** An AEAD with shorter cookies was asked for, since nothing was answered by another. */
  shortest: boolean;
  /** What was last told of how requests had to be made shorter. */
  reduced: Reduction | null;
  /** Why the last handshake failed; `null`: it did not. */
  fault: { readonly why: EstablishFault; readonly detail: string | null } | null;
}

/** By what requests had to be made shorter: fewer placeholders, or another AEAD. */
export type Reduction = "placeholders" | "aead";

/** The establishing of keys, by association. */
export type Keys = Map<AssociationId, KeyExchange>;

/** Whether its outcome is awaited. */
export function isOut({ token, named }: KeyExchange): boolean {
  return token !== null || named !== null;
}

/**
 * No keys are wanted any more.
 * @returns the handshake that is out, to be abandoned; `null`: none is
 */
export function withdraw(exchange: KeyExchange): HandshakeToken | null {
  const { token } = exchange;
  exchange.token = null;
  exchange.named = null;
  exchange.wanted = false;
  return token;
}

/** When a handshake is to begin that has to wait; `null`: none has. */
export function dueOf(exchange: KeyExchange): Mono | null {
  return exchange.wanted && !isOut(exchange) ? exchange.notBefore : null;
}

const RETRY = { first: 10, longest: 432_000, base: 1.5 };

/**
 * How long to wait with the next try (RFC 8915 §4.2).
 * @param attempts handshakes since keys have last proved good, 1 …
 * @returns seconds
 */
export function retryInterval(attempts: number): Seconds {
  return Math.min(RETRY.first * RETRY.base ** (attempts - 1), RETRY.longest);
}
