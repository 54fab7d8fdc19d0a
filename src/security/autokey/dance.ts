/**
 * The dance of a client with its server (RFC 5906 §9, §11), in ntpd's order: who are you, by whose certificates, prove that you are of your
 * group, give me a cookie; and once we are synchronized, sign my certificate and tell me of leap seconds. A step a question.
 *
 * What it believes: nothing that is not signed, but for the first step, of which later ones tell whether it was true; and no time before
 * identity is proved and a signature was right since. Where ntpd is content with less, it is said here.
 */
import { AUTOKEY_CODES, type AutokeyMessage, type AutokeyValue } from "../../wire/autokey.ts";
import type { Moment } from "../security.ts";
import { isHostName, isSignedBy, readCertificate, type Certificate } from "./certificate.ts";
import { octetsOf, type Credentials, type LeapValues } from "./credentials.ts";
import type { AutokeyFault } from "./faults.ts";
import type { GroupParameters } from "./identity/identity.ts";
import type { RandomOctets } from "./identity/numbers.ts";
import { FollowedList, type ListParts } from "./lists.ts";
import { IdentityProof } from "./proof.ts";
import { schemeOfStatus, type Scheme } from "./schemes.ts";
import { isBefore } from "./stamps.ts";
import { STATUS } from "./status.ts";
import { signatureFault, Trail, type Partner } from "./trail.ts";

/** Who dances, and with what. */
export interface Dancer {
  readonly credentials: Credentials;
  /** Names what it says; the server repeats it. 1 … 65535. */
  readonly associationId: number;
  /** Parameters of the group whose server it has to be, one a scheme, in the order they are preferred; `null`: a trusted host's certificate will do. */
  readonly group: readonly GroupParameters[] | null;
  /** That group's name; absent: it is not known, or there is none. */
  readonly ident?: string | null;
  readonly random: RandomOctets;
  /** The credentials count no more: there are others by now. */
  readonly isOutdated?: () => boolean;
}

/**
 * With whom: a server that is asked; a server that broadcasts, and is asked at first; or a peer, who dances with us as we do with it. Of the
 * last two the autokey values are wanted, too, by which packets that answer nothing are known (RFC 5906 §11.4.2, §11.4.3).
 */
export type DanceMode = "client" | "listener" | "peer";

/** Octets of a cookie's key etc. are bounded by the packet; of a challenge by its scheme's modulus. */
const { ASSOC, AUTO, CERT, COOKIE, SIGN, LEAP } = AUTOKEY_CODES;

/** A peer's word is taken by a MAC that anybody can make: only so many faults in a row begin the dance again. */
const FAULTS_OF_PEERS = 3;

/** One dance. */
export class Dance {
  readonly #dancer: Dancer;
  readonly #mode: DanceMode;
  readonly #list = new FollowedList();
  #status = 0;
  #partner: Omit<Partner, "key"> | null = null;
  #trail: Trail | null = null;
  /** By which its identity is to be proved; `null`: it need not be. */
  #proof: IdentityProof | null = null;
  #cookie = 0;
  /** Of the last cookie: older ones are somebody's recording. */
  #cookieStamps: Pick<AutokeyValue, "timestamp" | "filestamp"> | null = null;
  #asked: number | null = null;
  /** By which a server knows its broadcasts; 0: it has not said. */
  #broadcasts = 0;
  #fault: AutokeyFault | null = null;
  #faults = 0;

  constructor(dancer: Dancer, mode: DanceMode = "client") {
    this.#dancer = dancer;
    this.#mode = mode;
  }

  /** The status word as ntpd has it for its server; 0: it has said nothing yet. */
  get status(): number {
    return this.#status;
  }

  /** 0 before there is one. */
  get cookie(): number {
    return this.#cookie;
  }

  /** The server's name; `null`: it has not said it. */
  get subject(): string | null {
    return this.#partner?.name ?? null;
  }

  /** What it signs by; `null`, likewise. */
  get scheme(): Scheme | null {
    return this.#partner?.scheme ?? null;
  }

  get trail(): readonly Certificate[] {
    return this.#trail?.certificates ?? [];
  }

  /** Why it does not go on; `null`: it does. */
  get fault(): AutokeyFault | null {
    return this.#fault;
  }

  /** Whether the time of its answers may be believed: not before all is known that its other packets are known by. */
  get isProventic(): boolean {
    return this.#has(STATUS.proventic | STATUS.cookie | STATUS.autokey);
  }

  /** Whether all was asked. */
  get isComplete(): boolean {
    return this.isProventic && this.#has(STATUS.signed | STATUS.leap);
  }

  /** Whether its packets that answer nothing may be: they are followed by its autokey values. */
  get isFollowed(): boolean {
    return this.#has(STATUS.proventic | STATUS.autokey);
  }

  /** A server says by which name the list of its broadcasts is to be asked for. */
  hear(associationId: number): void {
    this.#broadcasts = associationId;
  }

  /**
   * Whether a packet is the next of its list. Where it does not lead there the autokey values are to be asked for.
   * @param isSecret nobody else can have made the packet
   */
  follow(parts: ListParts, keyId: number, isSecret: boolean): boolean {
    const where = this.#list.follow(this.#dancer.credentials.digest, parts, keyId);
    if (where === "next") {
      if (this.#fault === "sequence") this.#fault = null;
      return true;
    }
    this.#fault = "sequence";
    if (where === "broken" && isSecret) this.lose();
    return false;
  }

  /** The autokey values are not, or no more, those of its list. */
  lose(): void {
    if (this.#mode !== "client") this.#status = (this.#status & ~STATUS.autokey) >>> 0;
  }

  /** From the beginning: the server knows us no more, or is another. */
  restart(): void {
    this.#status = 0;
    this.#partner = null;
    this.#trail = null;
    this.#proof = null;
    this.#cookie = 0;
    this.#cookieStamps = null;
    this.#list.forget();
    this.#asked = null;
    this.#faults = 0;
  }

  /** The next step. `null`: there is nothing to say but what time it is. */
  next(moment: Moment): AutokeyMessage | null {
    const { credentials } = this.#dancer;
    credentials.refresh(moment);
    if (this.#status === 0) return this.#ask(ASSOC, credentials.association());
    if (!this.#has(STATUS.certificate))
      return this.#ask(CERT, credentials.fresh(octetsOf(this.#trail!.wanted), NOBODY, 0));
    if (!this.#has(STATUS.identity)) return this.#ask(this.#proof!.code, this.#proof!.challenge(credentials, moment));
    if (!this.#has(STATUS.cookie)) return this.#ask(COOKIE, credentials.publicKey());
    if (!this.#has(STATUS.autokey)) return this.#ask(AUTO, null);
    if (!moment.synchronized) return this.#ask(null, null);
    const { own } = credentials;
    const mayBeSigned = own.certificate.from <= moment.unix && moment.unix <= own.certificate.until;
    if (!this.#has(STATUS.signed) && mayBeSigned) return this.#ask(SIGN, credentials.certificate(own));
    if (!this.#has(STATUS.leap)) return this.#ask(LEAP, null);
    return this.#ask(null, null);
  }

  /** Whether that is what was asked last. */
  isAsked(code: number): boolean {
    return this.#asked === code;
  }

  /** Something that was to be a message is none. */
  refuse(fault: AutokeyFault): void {
    this.#fault = fault;
  }

  /**
   * Takes what a packet says whose MAC is right.
   * @returns `null`: it went on
   */
  take(message: AutokeyMessage, moment: Moment): AutokeyFault | null {
    const isProof = this.#asked !== null && this.#asked === this.#proof?.code;
    this.#fault = this.#step(message, moment);
    // It may be of another group.
    if (this.#fault !== null && isProof && this.#proof!.turn(this.#fault)) this.#fault = null;
    if (this.#fault === null) this.#goOn();
    else if (RESTARTING.has(this.#fault) && this.#isEnough()) this.restart();
    return this.#fault;
  }

  /** Takes autokey values that were not asked for: those of a new list. What is wrong with them changes nothing. */
  takeAnnounced({ content }: AutokeyMessage): AutokeyFault | null {
    const { timestamp, filestamp } = content ?? NOTHING_SIGNED;
    if (content === null || timestamp === 0) return "unsynchronized";
    if (!this.#has(STATUS.certificate | STATUS.identity)) return "unexpected";
    if (isBefore(timestamp, filestamp)) return "timestamp";
    const fault = this.#signatureFault(content) ?? this.#list.learn(content);
    if (fault === null) this.#light(STATUS.proventic | STATUS.autokey);
    return fault;
  }

  /** Whether the server's certificates are valid at a moment, Unix seconds: its own time, which is all that there may be. */
  validAt(unix: number): AutokeyFault | null {
    const fault = this.#trail?.validAt(unix) ?? null;
    if (fault !== null) this.#fault = fault;
    return fault;
  }

  #has(flags: number): boolean {
    return (this.#status & flags) === flags;
  }

  #goOn(): void {
    this.#asked = null;
    this.#faults = 0;
  }

  #isEnough(): boolean {
    this.#faults += 1;
    return this.#mode !== "peer" || this.#faults >= FAULTS_OF_PEERS;
  }

  #ask(code: number | null, content: AutokeyValue | null): AutokeyMessage | null {
    this.#asked = code;
    if (code === null) return null;
    return { code, response: false, error: false, associationId: this.#named(code), content };
  }

  /** Of a server's broadcasts what it calls them, else what we call what is between us. */
  #named(code: number): number {
    return code === AUTO && this.#mode === "listener" ? this.#broadcasts : this.#dancer.associationId;
  }

  #step(message: AutokeyMessage, moment: Moment): AutokeyFault | null {
    const { code, response, error, associationId, content } = message;
    if (!response || code !== this.#asked) return "unexpected";
    if (associationId !== this.#named(code)) return "association";
    if (error) return "refused";
    if (content === null) return "unsynchronized";
    return code === ASSOC ? this.#onAssociation(content) : this.#onSigned(code, content, moment);
  }

  /** It says who it is; it is known later whether that is true. */
  #onAssociation({ filestamp: status, value }: AutokeyValue): AutokeyFault | null {
    const { group, credentials, random } = this.#dancer;
    const name = Buffer.from(value).toString("latin1");
    if (!isHostName(name)) return "hostName";
    // Its certificates would be taken for ours.
    if (name === credentials.name) return "circle";
    const scheme = schemeOfStatus(status);
    if (scheme === null) return "digest";
    // ntpd is content with a server that says it has no scheme, which anybody on the way can say for it.
    this.#proof = group === null ? null : IdentityProof.by(group, status, random);
    if (group !== null && this.#proof === null) return "noIdentity";
    // The private certificate scheme has keys in common that nobody is to see: both have it, or none.
    if ((status & STATUS.private) !== (credentials.status & STATUS.private)) return "noIdentity";
    this.#partner = { name, scheme };
    this.#trail = new Trail(
      this.#partner,
      credentials.name,
      this.#mode === "peer" ? credentials.own.certificate : null,
    );
    // What it has of these is ours to find out: only those of the low octet are its own to say.
    const lacksTai = (status & STATUS.tai) === 0;
    const said = (status & 0xffff_00ff) | (this.#mode === "client" ? STATUS.autokey : 0);
    this.#status = (said | (lacksTai ? STATUS.leap : 0)) >>> 0;
    return null;
  }

  #onSigned(code: number, content: AutokeyValue, moment: Moment): AutokeyFault | null {
    const { timestamp, filestamp } = content;
    if (timestamp === 0) return "unsynchronized";
    if (isBefore(timestamp, filestamp)) return "timestamp";
    if (code === CERT) return this.#onCertificate(content, moment);
    const fault = this.#signatureFault(content);
    if (fault !== null) return fault;
    if (this.#has(STATUS.identity)) this.#light(STATUS.proventic);
    switch (code) {
      case AUTO:
        return this.#onAutokey(content);
      case COOKIE:
        return this.#onCookie(content);
      case SIGN:
        return this.#onCountersigned(content, moment);
      case LEAP:
        return this.#onLeap(content, moment);
      default:
        return this.#onProof(content);
    }
  }

  /** Another certificate of the trail; where it ends at a trusted host, that is done. */
  #onCertificate(content: AutokeyValue, moment: Moment): AutokeyFault | null {
    const taken = this.#trail!.take(content);
    if (typeof taken === "string") return taken;
    this.#dancer.credentials.install(taken.certificate, content.filestamp, moment);
    if (!taken.isLast) return null;
    this.#light(STATUS.certificate);
    if (this.#proof === null) this.#light(STATUS.identity);
    return null;
  }

  #onProof(content: AutokeyValue): AutokeyFault | null {
    const fault = this.#proof === null ? "unexpected" : this.#proof.take(content, this.#trail!.groupKey);
    if (fault === null) this.#light(STATUS.identity);
    return fault;
  }

  #onCookie({ timestamp, filestamp, value }: AutokeyValue): AutokeyFault | null {
    const before = this.#cookieStamps;
    if (before !== null && isBefore(timestamp, before.timestamp)) return "timestamp";
    if (before !== null && isBefore(filestamp, before.filestamp)) return "filestamp";
    const cookie = this.#dancer.credentials.decryptCookie(value);
    if (typeof cookie === "string") return cookie;
    this.#cookie = cookie;
    this.#cookieStamps = { timestamp, filestamp };
    this.#light(STATUS.cookie);
    return null;
  }

  #onAutokey(content: AutokeyValue): AutokeyFault | null {
    const fault = this.#list.learn(content);
    if (fault === null) this.#light(STATUS.autokey);
    return fault;
  }

  /** Our certificate, signed by the server. */
  #onCountersigned({ filestamp, value }: AutokeyValue, moment: Moment): AutokeyFault | null {
    const { credentials } = this.#dancer;
    const certificate = readCertificate(value);
    if (typeof certificate === "string") return certificate;
    const { certificate: own } = credentials.own;
    if (certificate.subject !== own.subject || !certificate.publicKey.equals(own.publicKey)) return "subject";
    if (!isSignedBy(certificate, this.trail[0]!)) return "issuer";
    credentials.install(certificate, filestamp, moment);
    this.#light(STATUS.signed);
    return null;
  }

  #onLeap({ value }: AutokeyValue, moment: Moment): AutokeyFault | null {
    if (value.length !== 12) return "leapValues";
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    const values: LeapValues = [view.getUint32(0), view.getUint32(4), view.getUint32(8)];
    this.#dancer.credentials.takeLeap(values, moment);
    this.#light(STATUS.leap);
    return null;
  }

  #signatureFault(content: AutokeyValue): AutokeyFault | null {
    return signatureFault({ scheme: this.#partner!.scheme, key: this.#trail!.key }, content);
  }

  #light(flag: number): void {
    this.#status = (this.#status | flag) >>> 0;
  }
}

const NOTHING_SIGNED = { timestamp: 0, filestamp: 0 };

/** Who is not synchronized: nothing is signed. */
const NOBODY: Moment = { unix: 0, synchronized: false };

/** After these the server is another than it was, or has other keys. */
const RESTARTING: ReadonlySet<AutokeyFault> = new Set([
  "refused",
  "signature",
  "timestamp",
  "filestamp",
  "identity",
  "circle",
  "trail",
  "issuer",
]);
