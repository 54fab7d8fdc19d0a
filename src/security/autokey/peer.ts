/**
 * Autokey between peers (RFC 5906 §9, §11.4.3): each dances with the other, and answers the other's dance, in the same packets.
 *
 * ```text
 *   A  ASSOC?           ► ASSOC! CERT?       ► …   COOKIE?           ► COOKIE! AUTO?         ► AUTO!        time
 *   B         ASSOC! ASSOC? ◄        CERT! CERT? ◄         COOKIE! COOKIE? ◄       AUTO! AUTO? ◄       time
 * ```
 *
 * The cookie is what either has drawn and given to the other; of both it is the exclusive or, so that it matters to nobody who was first.
 * Who is not synchronized cannot sign, and is not believed; but he may follow us, and is answered. Each has a list of keys of his own, announced when it is made anew.
 */
import {
  AUTOKEY_CODES,
  autokeyField,
  isAutokeyType,
  readAutokeyMessage,
  type AutokeyMessage,
} from "../../wire/autokey.ts";
import { addressOctets } from "../../wire/address.ts";
import { encodeExtension, type ExtensionField } from "../../wire/extension.ts";
import { encodeMac, isCryptoNak } from "../../wire/mac.ts";
import { concatenate } from "../../wire/octets.ts";
import type { Packet } from "../../wire/packet.ts";
import type { Moment, Opened, Sealed } from "../security.ts";
import { Answers } from "./answers.ts";
import { validFault } from "./client.ts";
import { Dance, type Dancer } from "./dance.ts";
import { SendingList } from "./lists.ts";
import { isSessionMac, sessionMac } from "./session.ts";
import { surfaceOf, type AutokeySecurity } from "./surface.ts";

/** Packets of ours in a row that nothing came of, and the dance begins again. */
const LOST_AFTER = 8;
/** And so many after which it is believed that he has lost his cookie: what shows it may be a recording. */
const LOST_COOKIE_AFTER = 2;

const { ASSOC, AUTO, COOKIE } = AUTOKEY_CODES;

/**
 * The security of an association with a peer.
 * @param remote the peer's IP literal; `null`: it is not known, and nothing is sealed for it
 */
export function peerSecurity(dancer: Dancer, remote: string | null): AutokeySecurity {
  const { credentials, random } = dancer;
  const { digest } = credentials;
  const dance = new Dance(dancer, "peer");
  const answers = new Answers(credentials, random);
  const list = new SendingList(credentials, random);
  const peer = remote === null ? null : addressOctets(remote);
  let own: Uint8Array | null = null;
  let moment: Moment = { unix: 0, synchronized: false };
  const drawn = numberOf(random(4));
  let isGiven = false;
  /** Its last question, which the next packet answers. */
  let question: ExtensionField | null = null;
  /** The questions were this one for a while: it waits for something. */
  let questionBefore = "";
  let isDue = false;
  /** Packets of ours since. */
  let unheard = 0;
  let announce = false;

  const cookie = (): number => (dance.cookie ^ (isGiven ? drawn : 0)) >>> 0;

  function answer(): AutokeyMessage | null {
    const asked = question;
    question = null;
    if (asked === null) return null;
    const asker = {
      cookie() {
        isGiven = true;
        return drawn;
      },
      autokey: () => list.values(moment),
    };
    const reply = answers.reply(asked, asker, moment);
    return reply === "busy" ? null : reply;
  }

  function seal(header: Uint8Array): Sealed {
    if (own === null || peer === null) return { kind: "unsealed", fault: "noAddress" };
    isDue = false;
    unheard += 1;
    if (unheard > LOST_AFTER) begin();
    // What is given away with this packet is the cookie from here on.
    if (question !== null && (question.type & 0xff) === COOKIE) isGiven = true;
    const { keyId, isFirst } = list.next({ source: own, destination: peer, cookie: cookie() }, moment);
    announce ||= isFirst;
    const messages = [answer(), dance.next(moment)].filter((message) => message !== null);
    if (announce && messages.length === 0 && cookie() !== 0) messages.push(announcement());
    if (messages.some(({ code, response }) => code === AUTO && response)) announce = false;
    const fields = messages.map(autokeyField).map(({ type, value }) => encodeExtension(type, value));
    const covered = concatenate([header, ...fields]);
    const parts = { source: own, destination: peer, keyId, cookie: fields.length === 0 ? cookie() : 0 };
    return { kind: "sealed", bytes: concatenate([covered, encodeMac(sessionMac(digest, parts, covered))]) };
  }

  function announcement(): AutokeyMessage {
    const { associationId } = dancer;
    return { code: AUTO, response: true, error: false, associationId, content: list.values(moment) };
  }

  function open(bytes: Uint8Array, packet: Packet): Opened {
    const { mac, extensions, covered, header } = packet;
    // A crypto-NAK says nothing here that silence does not, and anybody can send one.
    if (mac === null || own === null || peer === null || isCryptoNak(mac)) return "failed";
    const isBare = extensions.length === 0;
    // Before there is a cookie nothing is sealed that anybody could not have sealed.
    if (isBare && cookie() === 0) return "failed";
    const octets = bytes.subarray(0, covered);
    const between = { source: peer, destination: own };
    const isBy = (by: number): boolean => isSessionMac(digest, { ...between, cookie: by }, octets, mac);
    if (!isBy(isBare ? cookie() : 0)) {
      if (!isBare || !isGiven || unheard < LOST_COOKIE_AFTER || !isBy(drawn)) return "failed";
      // He has begun anew: ours was given to him, and of his we have an earlier one.
      begin();
    }
    const isStep = takeFields(extensions);
    const isNext = dance.isFollowed && dance.follow({ ...between, cookie: cookie() }, mac.keyId, isBare);
    if (isBare || isStep) unheard = 0;
    if (isNext && dance.isProventic) return validFault(dance, header, moment) === null ? "ok" : "failed";
    return "dance";
  }

  /** @returns whether they go on */
  function takeFields(fields: Packet["extensions"]): boolean {
    let isStep = false;
    for (const field of fields) {
      if (!isAutokeyType(field.type)) continue;
      const message = readAutokeyMessage(field);
      if (typeof message === "string") dance.refuse(message);
      else if (!message.response) isStep = takeQuestion(field, message) || isStep;
      else isStep = takeResponse(message) || isStep;
    }
    isDue ||= isStep;
    return isStep;
  }

  /** @returns whether it is another than before: one that is asked again and again waits for what we cannot say yet */
  function takeQuestion(field: ExtensionField, { code, content }: AutokeyMessage): boolean {
    question = { ...field, value: Uint8Array.from(field.value) };
    const name = `${code} ${content === null || code === ASSOC ? "" : Buffer.from(content.value).toString("base64")}`;
    const isOther = name !== questionBefore;
    questionBefore = name;
    return isOther;
  }

  function takeResponse(message: AutokeyMessage): boolean {
    if (dance.isAsked(message.code)) return dance.take(message, moment) === null;
    // What was asked twice is answered twice.
    if (message.code === AUTO) dance.takeAnnounced(message);
    return false;
  }

  function begin(): void {
    dance.restart();
    list.forget();
    unheard = 0;
  }

  return surfaceOf(dance, dancer, {
    seal,
    open,
    isDue: () => isDue,
    begin,
    faced: (local) => void (own = local),
    told: (now) => void (moment = now),
  });
}

function numberOf(octets: Uint8Array): number {
  return new DataView(octets.buffer, octets.byteOffset).getUint32(0);
}
