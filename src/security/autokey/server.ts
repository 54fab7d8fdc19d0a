/**
 * The server's side of Autokey, without state for its clients: a cookie is a hash of both addresses and a secret of ours, and what a
 * question needs it carries (RFC 5906 §4.2, §9).
 *
 * ntpd 4.2.8 never draws that secret: it is 0, and everybody can reckon everybody's cookie. Ours is random, and another after a restart,
 * of which clients are told by a crypto-NAK.
 */
import { associationType, autokeyField } from "../../wire/autokey.ts";
import { addressOctets } from "../../wire/address.ts";
import { encodeExtension } from "../../wire/extension.ts";
import { encodeMac } from "../../wire/mac.ts";
import { concatenate } from "../../wire/octets.ts";
import type { Packet } from "../../wire/packet.ts";
import type { AutokeyAnswering, Moment, Ticket } from "../security.ts";
import { Answers, type Asker } from "./answers.ts";
import { AutokeyBroadcaster } from "./broadcaster.ts";
import type { Credentials } from "./credentials.ts";
import { unixNear } from "./stamps.ts";
import type { RandomOctets } from "./identity/numbers.ts";
import { isSessionMac, keyIdOf, sessionKey, sessionMac } from "./session.ts";

const NO_ANSWER = new Uint8Array(0);

/** Between whom a packet goes: octets of both addresses, of the same length. */
export interface Path {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** A server that speaks Autokey. */
export class AutokeyServer implements AutokeyAnswering {
  readonly #credentials: Credentials;
  readonly #answers: Answers;
  readonly #secret: number;
  readonly #random: RandomOctets;
  /** By their names, and by their groups. */
  readonly #broadcasts = new Map<number, AutokeyBroadcaster>();
  readonly #broadcasters = new Map<string, AutokeyBroadcaster>();
  /** When it was last asked. */
  #unix: number;

  /** @param unix about when, Unix seconds: the era of what is served */
  constructor(credentials: Credentials, random: RandomOctets, unix: number = credentials.own.certificate.from) {
    this.#unix = unix;
    this.#credentials = credentials;
    this.#random = random;
    this.#answers = new Answers(credentials, random);
    const octets = random(4);
    this.#secret = new DataView(octets.buffer, octets.byteOffset).getUint32(0);
  }

  /** See {@link AutokeyAnswering}. */
  judge(
    bytes: Uint8Array,
    packet: Packet,
    client: string,
    server: string,
    seconds: number,
    synchronized: boolean,
  ): Ticket | null {
    const [source, own] = [addressOctets(client), addressOctets(server)];
    if (source === null || own === null || source.length !== own.length) return null;
    const path = { client: source, server: own };
    if (!this.isAuthentic(bytes, packet, path)) return null;
    this.#unix = unixNear(seconds, this.#unix);
    const moment = { unix: this.#unix, synchronized };
    let prepared: Uint8Array | null | undefined;
    const fields = (): Uint8Array | null =>
      (prepared = prepared === undefined ? this.#fieldsFor(packet, path, moment) : prepared);
    const isLong = packet.extensions.length > 0;
    return {
      session: null,
      grows: true,
      ...(isLong ? { prepare: () => void fields() } : {}),
      seal: (header) => this.#sealed(header, fields(), packet, path) ?? NO_ANSWER,
    };
  }

  /** See {@link AutokeyAnswering}. */
  begins(bytes: Uint8Array, packet: Packet, from: string, to: string): boolean {
    const [source, destination] = [addressOctets(from), addressOctets(to)];
    const { mac, covered, header, extensions } = packet;
    if (mac === null || source === null || destination === null || source.length !== destination.length) return false;
    const isBroadcast = header.mode === "broadcast";
    const announces = extensions.some(({ type }) => type === associationType(isBroadcast));
    const parts = { source, destination, cookie: 0 };
    return announces && isSessionMac(this.#credentials.digest, parts, bytes.subarray(0, covered), mac);
  }

  /** See {@link AutokeyAnswering}. */
  broadcaster(group: string): AutokeyBroadcaster {
    const known = this.#broadcasters.get(group);
    if (known !== undefined) return known;
    let associationId = 0;
    while (associationId === 0 || this.#broadcasts.has(associationId)) {
      const octets = this.#random(2);
      associationId = new DataView(octets.buffer, octets.byteOffset).getUint16(0);
    }
    const made = new AutokeyBroadcaster(this.#credentials, associationId, group, this.#random);
    this.#broadcasters.set(group, made);
    this.#broadcasts.set(associationId, made);
    return made;
  }

  /** Whether a question's MAC is right. */
  isAuthentic(bytes: Uint8Array, { mac, covered, extensions }: Packet, path: Path): boolean {
    if (mac === null) return false;
    const parts = { source: path.client, destination: path.server, cookie: this.#cookieFor(extensions.length, path) };
    return isSessionMac(this.#credentials.digest, parts, bytes.subarray(0, covered), mac);
  }

  /**
   * The answer to an authentic question.
   * @param header 48 octets of it
   * @returns `null`: too much was asked in this second
   */
  answer(header: Uint8Array, packet: Packet, path: Path, moment: Moment): Uint8Array | null {
    return this.#sealed(header, this.#fieldsFor(packet, path, moment), packet, path);
  }

  /** The field of an answer, encoded; none where nothing was asked. */
  #fieldsFor({ extensions }: Packet, path: Path, moment: Moment): Uint8Array | null {
    const [field] = extensions;
    const asker: Asker = {
      cookie: () => this.#cookieOf(path),
      autokey: (associationId, now) => this.#broadcasts.get(associationId)?.values(now) ?? null,
    };
    // Of several messages the first is answered, as ntpd has it.
    const message = field === undefined ? null : this.#answers.reply(field, asker, moment);
    if (message === "busy") return null;
    if (message === null) return NO_ANSWER;
    const { type, value } = autokeyField(message);
    return encodeExtension(type, value);
  }

  #sealed(header: Uint8Array, field: Uint8Array | null, { mac, extensions }: Packet, path: Path): Uint8Array | null {
    if (field === null) return null;
    const covered = concatenate([header, field]);
    const cookie = this.#cookieFor(extensions.length, path);
    const parts = { source: path.server, destination: path.client, keyId: mac!.keyId, cookie };
    return concatenate([covered, encodeMac(sessionMac(this.#credentials.digest, parts, covered))]);
  }

  /** Packets with extension fields have none. */
  #cookieFor(fields: number, path: Path): number {
    return fields > 0 ? 0 : this.#cookieOf(path);
  }

  #cookieOf({ client, server }: Path): number {
    const parts = { source: client, destination: server, keyId: 0, cookie: this.#secret };
    return keyIdOf(sessionKey(this.#credentials.digest, parts));
  }
}
