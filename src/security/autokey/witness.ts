/**
 * Checks the MACs of recorded packets under Autokey, as somebody who was not there (RFC 5906 §4): those with extension fields and broadcasts
 * have the cookie 0; of others the cookie is known by the key that it was encrypted for, or because it can be guessed.
 *
 * ntpd 4.2.8 never draws the secret of its cookies: it is 0, and whoever knows both addresses has the cookie.
 */
import { constants, privateDecrypt, type KeyObject } from "node:crypto";
import { addressOctets, type Address } from "../../wire/address.ts";
import { AUTOKEY_CODES, isAutokeyType, readAutokeyMessage } from "../../wire/autokey.ts";
import { isCryptoNak } from "../../wire/mac.ts";
import type { Packet } from "../../wire/packet.ts";
import { isSessionKeyId, isSessionMac, keyIdOf, sessionKey, type SessionDigest } from "./session.ts";

/** What is to be said of a MAC. */
export interface Testimony {
  /** `null`: the cookie is not known. */
  readonly verified: boolean | null;
  /** Of the session key; `null`: likewise. */
  readonly algorithm: string | null;
}

/** What a session is known to have. */
interface KnownSession {
  readonly digest: SessionDigest | null;
  readonly cookie: number | null;
}

/** Sessions remembered at most; what came first is forgotten first. */
const MOST_SESSIONS = 4096;

/** By the octets of a MAC: longer hashes are cut to 20. */
const DIGESTS: Readonly<Record<number, readonly SessionDigest[]>> = {
  16: ["md5"],
  20: ["sha1", "sha256", "sha384", "sha512"],
};

const UNKNOWN: Testimony = { verified: null, algorithm: null };

/** One who reads along. */
export class Witness {
  readonly #hostKeys: readonly KeyObject[];
  readonly #sessions = new Map<string, KnownSession>();

  /** @param hostKeys of clients, for which cookies are encrypted */
  constructor(hostKeys: readonly KeyObject[]) {
    this.#hostKeys = hostKeys;
  }

  /**
   * What is to be said of a packet.
   * @param bytes the datagram
   * @returns `null`: it is not under Autokey
   */
  testify(bytes: Uint8Array, packet: Packet, from: Address, to: Address): Testimony | null {
    const { mac, covered, extensions, header } = packet;
    if (mac === null || !isSessionKeyId(mac.keyId) || isCryptoNak(mac)) return null;
    const digests = DIGESTS[mac.digest.length];
    const [source, destination] = [octetsOf(from), octetsOf(to)];
    if (digests === undefined || source === null || destination === null) return null;
    const isMessage = extensions.some(({ type }) => isAutokeyType(type));
    const octets = bytes.subarray(0, covered);
    const byCookie = (cookie: number): SessionDigest | null =>
      digests.find((digest) => isSessionMac(digest, { source, destination, cookie }, octets, mac)) ?? null;

    if (isMessage || header.mode === "broadcast") {
      const digest = byCookie(0);
      if (!isMessage && digest === null) return UNKNOWN;
      if (digest !== null) this.#learn(packet, from, to, digest);
      return { verified: digest !== null, algorithm: digest?.toUpperCase() ?? null };
    }
    const [client, server] = header.mode === "server" ? [to, from] : [from, to];
    const known = this.#sessions.get(sessionName(client, server));
    const cookie = known?.cookie ?? null;
    if (cookie !== null) {
      const digest = byCookie(cookie);
      return { verified: digest !== null, algorithm: (digest ?? known?.digest)?.toUpperCase() ?? null };
    }
    const [own, other] = header.mode === "server" ? [destination, source] : [source, destination];
    const guessed = digests.find((digest) => byCookie(guess(digest, own, other)) === digest);
    return guessed === undefined ? UNKNOWN : { verified: true, algorithm: guessed.toUpperCase() };
  }

  /** A cookie that was encrypted for somebody whose key is here. */
  #learn({ extensions }: Packet, from: Address, to: Address, digest: SessionDigest): void {
    for (const field of extensions) {
      const message = isAutokeyType(field.type) ? readAutokeyMessage(field) : "fieldLength";
      if (typeof message === "string" || !message.response || message.code !== AUTOKEY_CODES.COOKIE) continue;
      const cookie = message.content === null ? null : this.#decrypted(message.content.value);
      const name = sessionName(to, from);
      this.#sessions.delete(name);
      this.#sessions.set(name, { digest, cookie });
      for (const oldest of this.#sessions.keys()) {
        if (this.#sessions.size <= MOST_SESSIONS) break;
        this.#sessions.delete(oldest);
      }
    }
  }

  #decrypted(encrypted: Uint8Array): number | null {
    for (const key of this.#hostKeys) {
      if (encrypted.length * 8 !== key.asymmetricKeyDetails?.modulusLength) continue;
      try {
        const padding = constants.RSA_PKCS1_OAEP_PADDING;
        const octets = privateDecrypt({ key, padding, oaepHash: "sha1" }, encrypted);
        if (octets.length === 4) return octets.readUInt32BE();
      } catch {
        continue; // Node says in no other way that it was encrypted for somebody else
      }
    }
    return null;
  }
}

/** By a secret of 0. */
function guess(digest: SessionDigest, client: Uint8Array, server: Uint8Array): number {
  return keyIdOf(sessionKey(digest, { source: client, destination: server, keyId: 0, cookie: 0 }));
}

/** Without its zone. */
function octetsOf({ ip }: Address): Uint8Array | null {
  return addressOctets(ip.replace(/%.*$/, ""));
}

function sessionName(client: Address, server: Address): string {
  return `${client.ip} ${server.ip}`;
}
