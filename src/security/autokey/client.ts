/**
 * Autokey as an association's security: the dance, the list of session keys, the questions that are out, and what is believed
 * (RFC 5906 §5.1, §9).
 *
 * A question under a key ID is answered under the same. An answer is taken once, and its time is believed only when the dance has come
 * to it. What the server says of itself when it knows our keys no more, a crypto-NAK, begins the dance again.
 */
import { concatenate } from "../../wire/octets.ts";
import { addressOctets } from "../../wire/address.ts";
import { AUTOKEY_CODES, autokeyField, isAutokeyType, readAutokeyMessage } from "../../wire/autokey.ts";
import { encodeExtension } from "../../wire/extension.ts";
import { encodeMac, isCryptoNak } from "../../wire/mac.ts";
import type { Packet } from "../../wire/packet.ts";
import type { NtpTimestamp } from "../../time/timestamp.ts";
import type { Moment, Opened, Sealed } from "../security.ts";
import { Dance, type Dancer } from "./dance.ts";
import type { AutokeyFault } from "./faults.ts";
import { unixNear } from "./stamps.ts";
import { SendingList } from "./lists.ts";
import { isSessionMac, sessionMac } from "./session.ts";
import { surfaceOf, type AutokeySecurity } from "./surface.ts";

/** Questions out at a time that an answer is taken for: two bursts. */
const OUTSTANDING = 16;

/** A question that is out. */
interface Outstanding {
  readonly keyId: number;
  readonly cookie: number;
}

/**
 * The security of one association.
 * @param remote the server's IP literal; `null`: it is not known, and nothing is sealed for it
 * @param group where its broadcasts are heard, an IP literal; `null`: they are not
 */
export function autokeySecurity(dancer: Dancer, remote: string | null, group: string | null = null): AutokeySecurity {
  const { credentials, random } = dancer;
  const { digest } = credentials;
  const dance = new Dance(dancer, group === null ? "client" : "listener");
  const everybody = group === null ? null : addressOctets(group);
  const list = new SendingList(credentials, random);
  const server = remote === null ? null : addressOctets(remote);
  let client: Uint8Array | null = null;
  let moment: Moment = { unix: 0, synchronized: false };
  let outstanding: readonly Outstanding[] = [];

  function seal(header: Uint8Array): Sealed {
    if (client === null || server === null) return { kind: "unsealed", fault: "noAddress" };
    const message = dance.next(moment);
    const field = message === null ? null : autokeyField(message);
    const covered = field === null ? header : concatenate([header, encodeExtension(field.type, field.value)]);
    const { cookie } = dance;
    const { keyId } = list.next({ source: client, destination: server, cookie }, moment);
    const parts = { source: client, destination: server, keyId, cookie: field === null ? cookie : 0 };
    outstanding = [{ keyId, cookie }, ...outstanding].slice(0, OUTSTANDING);
    return { kind: "sealed", bytes: concatenate([covered, encodeMac(sessionMac(digest, parts, covered))]) };
  }

  function open(bytes: Uint8Array, packet: Packet): Opened {
    const { mac, extensions, covered, header } = packet;
    if (everybody !== null && header.mode === "broadcast") return openBroadcast(bytes, packet, everybody);
    if (mac === null || client === null || server === null) return "failed";
    if (isCryptoNak(mac)) {
      begin();
      return "nak";
    }
    const question = outstanding.find(({ keyId }) => keyId === mac.keyId);
    if (question === undefined) return "failed";
    const cookie = extensions.length === 0 ? question.cookie : 0;
    const parts = { source: server, destination: client, cookie };
    if (!isSessionMac(digest, parts, bytes.subarray(0, covered), mac)) return "failed";
    outstanding = outstanding.filter((other) => other !== question);
    for (const field of extensions) if (isAutokeyType(field.type) && !takeField(field)) return "failed";
    if (!dance.isProventic) return "dance";
    return validFault(dance, header, moment) === null ? "ok" : "failed";
  }

  /**
   * A broadcast is believed if its key ID leads to that of an earlier one. Before that is known, or where it leads nowhere, it is to be asked for
   * the list by the name that it says: that may be anybody's word, and is good for no more.
   */
  function openBroadcast(bytes: Uint8Array, packet: Packet, destination: Uint8Array): Opened {
    const { mac, extensions, covered, header } = packet;
    if (mac === null || server === null || isCryptoNak(mac)) return "failed";
    const parts = { source: server, destination, cookie: 0 };
    if (!isSessionMac(digest, parts, bytes.subarray(0, covered), mac)) return "failed";
    const messages = extensions.filter(({ type }) => isAutokeyType(type)).map(readAutokeyMessage);
    const said = messages.find((message) => typeof message !== "string");
    if (said?.response === true && said.code === AUTOKEY_CODES.AUTO) dance.takeAnnounced(said);
    if (dance.isFollowed && dance.follow(parts, mac.keyId, false))
      return validFault(dance, header, moment) === null ? "ok" : "failed";
    if (said?.response === true) dance.hear(said.associationId);
    return "dance";
  }

  function takeField(field: Packet["extensions"][number]): boolean {
    const message = readAutokeyMessage(field);
    if (typeof message === "string") dance.refuse(message);
    return typeof message !== "string" && dance.take(message, moment) === null;
  }

  function begin(): void {
    dance.restart();
    list.forget();
    outstanding = [];
  }

  return surfaceOf(dance, dancer, {
    seal,
    open,
    // Its answers are what leads on.
    isDue: () => false,
    begin,
    faced: (local) => void (client = local),
    told: (now) => void (moment = now),
  });
}

/** What is wrong with the other's certificates at the time that it tells, which is all that there may be. */
export function validFault(dance: Dance, { transmit }: Packet["header"], { unix }: Moment): AutokeyFault | null {
  return dance.validAt(unixNear(secondsOf(transmit), unix));
}

function secondsOf(timestamp: NtpTimestamp): number {
  return Number(timestamp >> 32n);
}
