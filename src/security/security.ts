/**
 * Security as the engine sees it: a strategy per association that seals what leaves and opens what arrives.
 *
 * None, symmetric key, NTS and Autokey all fit behind {@link Security}; the engine knows only this interface, and this
 * file is the only one of the room that belongs to the core (the others need digests, which need Node).
 */
import type { Packet } from "../wire/packet.ts";
import type { AutokeyFault } from "./autokey/faults.ts";

/** What protects an association. */
export type SecurityKind = "none" | "key" | "nts" | "autokey";

/** What opening a packet said: no MAC was asked for, it is authentic, it is not, or the server sent a crypto-NAK. */
export type Authentication = "none" | "ok" | "failed" | "nak";

/** Why nothing can be sealed now. */
export type SealFault =
  | "unknownKey" // the key identifier is not in the keyring
  | "untrustedKey" // it is there, but not trusted
  | "noAddress" // Autokey: it is not known which address of ours the packet will leave from
  | "noCookies"; // NTS: key establishment has not given any, or they are used up

/** A packet ready to send, or why it cannot be. */
export type Sealed =
  | { readonly kind: "sealed"; readonly bytes: Uint8Array }
  | { readonly kind: "unsealed"; readonly fault: SealFault };

/** What a conversation with a server's key establishment gave (RFC 8915 §4). */
export interface EstablishedKeys {
  /** IANA's number of the AEAD agreed on. */
  readonly aead: number;
  /** Client to server, of the AEAD's length. */
  readonly c2s: Uint8Array;
  /** Server to client, of the AEAD's length. */
  readonly s2c: Uint8Array;
  /** At least one. */
  readonly cookies: readonly Uint8Array[];
}

/** A security whose keys are established by a conversation of their own, which is the host's to have. */
export interface Keying {
  /** Packets that can still be sealed by the keys there are, 0 … 8. */
  readonly cookies: number;
  /** New keys are needed: there are no cookies, or the server knows ours no more and has not answered since. */
  readonly needsKeys: boolean;
  /** Room for so many cookies more in a request, on the way there is; `null`: for as many as are wanted, as far as is known. */
  readonly reduced: number | null;
  /** Not even the shortest request was answered, and another AEAD would make a shorter one. */
  readonly wantsShorter: boolean;
  /** Takes new keys, and forgets the old and their cookies; what is out may still be answered under the old. */
  establish(keys: EstablishedKeys): void;
  /**
   * Gives the keys away with the cookies that were not spent, and has none any more: whoever takes them may keep them for a later run,
   * and no cookie can be sent by both.
   * @returns `null`: there are no cookies, or the server knows them no more
   */
  surrender(): EstablishedKeys | null;
}

/** What time it is, as far as a security cares that signs. */
export interface Moment {
  /** Unix seconds, whole. */
  readonly unix: number;
  /** Whether our clock is synchronized: otherwise nothing is signed. */
  readonly synchronized: boolean;
}

/** How far a dance with a server has come (RFC 5906 §9). */
export interface DanceReport {
  /** The status word, ntpd's bits; 0: the server has said nothing yet. */
  readonly status: number;
  /** The server's name; `null`: it has not said it. */
  readonly host: string | null;
  /** The group that it has to be of; `null`: any. */
  readonly ident: string | null;
  /** The name of its signature scheme; `null`, likewise. */
  readonly signature: string | null;
  /** Why it does not go on; `null`: it does. */
  readonly fault: AutokeyFault | null;
  /** From the server's certificate up to the one that is trusted. */
  readonly trail: readonly { readonly subject: string; readonly issuer: string; readonly until: number }[];
}

/** A security that shows who it is in the packets themselves, sealed for the two addresses between which they go: Autokey. */
export interface Dancing {
  /** The address of ours that packets leave from, an IP literal; `null`: nobody has said yet. */
  readonly local: string | null;
  /** Takes that address. */
  face(local: string): void;
  /** Takes what time it is; whoever seals or opens has said so before. */
  tell(moment: Moment): void;
  /** All was asked that there is to ask. */
  readonly isComplete: boolean;
  /** What follows a list of keys has lost it, perhaps: the next question asks for it. */
  lose(): void;
  /** Something is to be answered, or asked, that should not wait for the next poll: of peers, who have no answer of their own to go on by. */
  readonly isDue: boolean;
  /** Our own keys were read anew, and it goes by those before: it is to begin again by the new ones. */
  readonly isOutdated: boolean;
  report(): DanceReport;
}

/**
 * What opening a packet may say besides: it is not authentic, but a kiss in answer to a question that nobody off the path has seen,
 * and to be obeyed as RFC 5905 §7.4 has it (RFC 8915 §5.7). It says nothing of the time, nor of the server's clock. Or it is a step of a
 * {@link Dancing}: it answers, or is a peer's to be answered, and its time is not to be believed yet.
 */
export type Opened = Authentication | "kiss" | "dance";

/** One association's security. May hold state (cookies, session keys). */
export interface Security {
  readonly kind: SecurityKind;
  /** How its keys come; absent: they are there, or there are none. */
  readonly keying?: Keying;
  /** Absent: its packets are the same wherever they go. */
  readonly dancing?: Dancing;
  /** The symmetric key's identifier, else `null`. */
  readonly keyId: number | null;
  /**
   * Seals a packet for sending.
   * @param header 48 octets, the encoded header; not kept, not changed
   */
  seal(header: Uint8Array): Sealed;
  /**
   * Judges an arrived packet's authenticity. Says `nak` for a crypto-NAK without having believed it: whoever calls
   * has checked the origin timestamp first (RFC 5905 §9.2).
   * @param bytes the datagram as it came
   * @param packet the same, decoded
   */
  open(bytes: Uint8Array, packet: Packet): Opened;
}

/** A request under NTS or Autokey that is authentic: what seals its answer. */
export interface Ticket {
  /**
   * Told by the session's keys: the same for all who hold them, and for nobody else. Unsigned 32 bits; `null`: anybody can seal so, and
   * nobody has a rate of his own by it.
   */
  readonly session: number | null;
  /** Its answers may be longer than what they answer, as Autokey's certificates are. */
  readonly grows?: boolean;
  /**
   * Makes ready what does not depend on the header and takes long, so that the time that the header tells is read after that. Absent, or not
   * called: sealing does it.
   */
  prepare?(): void;
  /**
   * Seals the answer, with as many cookies as were asked for.
   * @param header 48 octets; not kept, not changed
   * @returns never more octets than the request has, unless it {@link Ticket.grows}; none: nothing is answered. Overwritten by the next
   */
  seal(header: Uint8Array): Uint8Array;
}

/** What a request under NTS is. */
export type Judged =
  | { readonly kind: "authentic"; readonly ticket: Ticket }
  /** Its cookie does not open, or it was altered: it is answered with the kiss NTSN, and nothing is said of the time. */
  | { readonly kind: "nak" }
  /** It is not made as RFC 8915 has it, and is not answered. */
  | { readonly kind: "malformed" };

/** The server's side of NTS: what came under it, and how it is answered. */
export interface NtsAnswering {
  /**
   * Judges a request that has fields of NTS.
   * @param bytes the datagram
   * @param packet the same, decoded
   */
  judge(bytes: Uint8Array, packet: Packet): Judged;
}

/** The server's side of Autokey: what came under it, and how it is answered. */
export interface AutokeyAnswering {
  /**
   * Judges a request that has a key ID of Autokey's.
   * @param bytes the datagram
   * @param packet the same, decoded
   * @param client its source's IP literal
   * @param server the address of ours that it was sent to, an IP literal
   * @param seconds when it came, NTP seconds of the era
   * @param synchronized whether the clock that is served is
   * @returns `null`: its MAC is wrong
   */
  judge(
    bytes: Uint8Array,
    packet: Packet,
    client: string,
    server: string,
    seconds: number,
    synchronized: boolean,
  ): Ticket | null;
  /**
   * Whether a packet that nobody asked for is one that a dance begins with: a peer's question who we are, or a broadcast that says who
   * sends it. Its MAC is right, which is in anybody's power: so it shows nothing but that somebody wants to dance.
   */
  begins(bytes: Uint8Array, packet: Packet, from: string, to: string): boolean;
  /**
   * Seals what is broadcast to a group or a broadcast address: the same for the same one, as long as the keys are.
   * @returns `null`: there are no keys
   */
  broadcaster(group: string): BroadcasterSecurity | null;
}

/** Seals what is broadcast. */
export interface BroadcasterSecurity {
  /**
   * Seals a packet.
   * @param header 48 octets, the encoded header; not kept, not changed
   * @param from the address of ours that it leaves from, an IP literal
   */
  seal(header: Uint8Array, from: string, moment: Moment): Sealed;
}

/** With whom an association under Autokey is: a server that is asked, a peer, or a server whose broadcasts to a group are heard. */
export type AutokeyRole = "client" | "peer" | { readonly group: string };

/** Where securities come from; given to the engine. */
export interface SecurityProvider {
  /** Without authentication; accepts packets with no MAC, and refuses those whose MAC it cannot check. */
  none(): Security;
  /**
   * By symmetric key. An unknown or untrusted key gives a security that cannot seal and fails to open.
   * @param keyId 1 … 65535
   * @param remote the server's IP literal, for keys restricted to addresses; absent while it is not known
   */
  key(keyId: number, remote?: string): Security;
  /**
   * By Autokey. Where its keys were not made ready it gives a security that cannot seal and fails to open.
   * @param remote the server's IP literal; `null`: it is not known
   * @param ident the group that its server must prove to be of; `null`: any
   * @param role with whom; absent: with a server that is asked
   */
  autokey(remote: string | null, ident: string | null, role?: AutokeyRole): Security;
  /** By Network Time Security. Where that was not made ready it gives a security that cannot seal and fails to open. */
  nts(): Security;
  /**
   * Judges a packet that no association asked for (broadcast, symmetric active, a manycast reply, a client's request):
   * any trusted key will do.
   * @param from the source's IP literal, for keys restricted to addresses
   * @param to where it was sent to, likewise; `null` or absent: it is not known, and under Autokey nothing is authentic
   */
  judge(bytes: Uint8Array, packet: Packet, from: string, to?: string | null): Authentication;
  /**
   * Seals a packet by a key of ours, as servers answer with the key they were asked by.
   * @param keyId 1 … 65535
   * @param bytes header and extension fields; not kept, not changed
   */
  sealWith(keyId: number, bytes: Uint8Array): Sealed;
  /** Who answers clients under NTS, at the moment; absent or `null`: nobody, and no cookie opens. */
  answering?(): NtsAnswering | null;
  /** Who answers clients under Autokey; absent or `null`: nobody, and its key IDs are not known. */
  readonly autokeyAnswering?: AutokeyAnswering | null;
}
