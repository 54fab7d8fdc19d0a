/**
 * The establishing of keys for NTS, as far as it is there at every start: the handshake itself (`ntske.ts`), and TLS with it, is loaded
 * when it is first asked for.
 */
import type { Action, HandshakeToken } from "../engine/port/action.ts";
import type { Event } from "../engine/port/event.ts";

/** What is asked for. */
export type Establish = Extract<Action, { readonly kind: "establish" }>;

/** Whom a handshake trusts. */
export interface Trust {
  /** Certificates, PEM, that are trusted besides the system's. */
  readonly ca: readonly string[];
  /** Where there are some, only a certificate is accepted that is, or whose public key is, one of them: SHA-256, hexadecimal digits. */
  readonly pins: readonly string[];
  /** Whether a certificate's dates count: they do not where the clock is to be set before anybody can judge them. */
  readonly dates: "count" | "ignored";
}

/** Whom the system trusts. */
export const SYSTEM_TRUST: Trust = { ca: [], pins: [], dates: "count" };

/** Establishes keys; told to end, it need say nothing. */
export type EstablishKeys = (action: Establish, abandoned: AbortSignal, put: (event: Event) => void) => void;

/** Over TLS. */
export function establishKeys(trust: Trust = SYSTEM_TRUST): EstablishKeys {
  const loaded = once(async () => (await import("./ntske.ts")).keyEstablishment(trust));
  return (action, abandoned, put) => {
    void loaded().then(
      (establish) => establish(action, abandoned, put),
      (error: unknown) => put(unloaded(action.token, error)),
    );
  };
}

function unloaded(token: HandshakeToken, error: unknown): Event {
  return { kind: "notEstablished", token, why: "unconnected", detail: error instanceof Error ? error.message : null };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}
