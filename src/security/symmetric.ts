/**
 * Symmetric-key security, and none at all, as the engine asks for them (RFC 5905 §7.3, §9.2; RFC 8573).
 *
 * ```text
 * | header, 48 octets | extension fields … | key identifier, 4 | digest, 16 or 20 |
 * |<------------ covered by the digest ---->|
 * ```
 *
 * The digests are the keyring's; nothing here needs Node, and a run without keys loads no cryptography.
 */
import { encodeMac, isCryptoNak } from "../wire/mac.ts";
import type { Packet } from "../wire/packet.ts";
import { KEY_ID_LIMIT } from "./keyids.ts";
import type { HeldKey, Keyring } from "./keyring.ts";
import type { Authentication, AutokeyAnswering, NtsAnswering, Sealed, Security, SecurityProvider } from "./security.ts";

/** The provider made of a keyring. */
export interface SymmetricProvider extends SecurityProvider {
  /**
   * As {@link SecurityProvider.key}, bound to the server the association is with.
   * @param remote the server's IP literal: a key whose address list does not name it neither seals nor opens
   */
  key(keyId: number, remote?: string): Security;
  /**
   * Seals what no association sends: a server's reply, a broadcast.
   * @param bytes header and extension fields; not kept, not changed
   */
  sealWith(keyId: number, bytes: Uint8Array): Sealed;
}

/**
 * Where securities come from.
 * @param keyring `null`: no keys, so every key is unknown
 * @param nts makes the security of an association under NTS (`nts/client.ts`); absent: nothing is asked that is to be under it
 * @param answering who answers clients under NTS at the moment (`nts/answering.ts`); absent: nobody
 * @param autokey makes that of one under Autokey (`autokey/client.ts`); absent, likewise
 * @param autokeyAnswering who answers clients under Autokey (`autokey/server.ts`); `null`: nobody
 */
export function securityProvider(
  keyring: Keyring | null,
  nts: () => Security = withoutNts,
  answering: () => NtsAnswering | null = () => null,
  autokey: SecurityProvider["autokey"] = withoutAutokey,
  autokeyAnswering: AutokeyAnswering | null = null,
): SymmetricProvider {
  const ring = keyring ?? { keys: [], find: () => null };
  return {
    none: noSecurity,
    key: (keyId, remote) => symmetricSecurity(ring, keyId, remote),
    nts,
    answering,
    autokey,
    autokeyAnswering,
    judge(bytes, packet, from, to = null) {
      if (packet.mac !== null && packet.mac.keyId > KEY_ID_LIMIT && ring.find(packet.mac.keyId) === null)
        return to !== null && autokeyAnswering?.begins(bytes, packet, from, to) === true ? "ok" : "failed";
      return judged(bytes, packet, (keyId) => usable(ring.find(keyId), from));
    },
    sealWith: (keyId, bytes) => sealed(ring.find(keyId), bytes, undefined),
  };
}

/** No authentication: what has a MAC cannot be checked, and ntpd counts that as failed even when it asks for none. */
export function noSecurity(): Security {
  return {
    kind: "none",
    keyId: null,
    seal: (header) => ({ kind: "sealed", bytes: Uint8Array.from(header) }),
    open: (bytes, packet) => judged(bytes, packet, () => null),
  };
}

/** NTS was asked for, and is not there: nobody is asked without it, and nobody believed. */
function withoutNts(): Security {
  return { kind: "nts", keyId: null, seal: () => ({ kind: "unsealed", fault: "noCookies" }), open: () => "failed" };
}

/** Autokey, likewise. */
export function withoutAutokey(): Security {
  return { kind: "autokey", keyId: null, seal: () => ({ kind: "unsealed", fault: "noCookies" }), open: () => "failed" };
}

/**
 * One association's symmetric key.
 * @param keyId that of what is sent, and of all that is believed: ntpd drops packets with another's too
 * @param remote the server's IP literal, for keys restricted to addresses
 */
export function symmetricSecurity(keyring: Keyring, keyId: number, remote?: string): Security {
  const key = keyring.find(keyId);
  return {
    kind: "key",
    keyId,
    seal: (header) => sealed(key, header, remote),
    open(bytes, packet) {
      if (packet.mac === null) return "failed";
      return judged(bytes, packet, (received) => (received === keyId ? usable(key, remote) : null));
    },
  };
}

/** Judges a packet by its own MAC with the key chosen for its identifier. */
function judged(
  bytes: Uint8Array,
  { mac, covered }: Packet,
  choose: (keyId: number) => HeldKey | null,
): Authentication {
  if (mac === null) return "none";
  if (isCryptoNak(mac)) return "nak";
  return choose(mac.keyId)?.verify(bytes.subarray(0, covered), mac.digest) === true ? "ok" : "failed";
}

/** The key if it is trusted, and for this address. */
function usable(key: HeldKey | null, remote: string | undefined): HeldKey | null {
  return key !== null && key.trusted && (remote === undefined || key.admits(remote)) ? key : null;
}

function sealed(key: HeldKey | null, covered: Uint8Array, remote: string | undefined): Sealed {
  if (key === null) return { kind: "unsealed", fault: "unknownKey" };
  if (usable(key, remote) === null) return { kind: "unsealed", fault: "untrustedKey" };
  const mac = encodeMac({ keyId: key.id, digest: key.digest(covered) });
  const bytes = new Uint8Array(covered.length + mac.length);
  bytes.set(covered);
  bytes.set(mac, covered.length);
  return { kind: "sealed", bytes };
}
