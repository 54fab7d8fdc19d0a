/**
 * A server's certificate trail (RFC 5906 §7): from its own certificate, each signed by the next, up to one that signed itself and is trusted.
 * What it takes was signed as a message by the server; whether it leads anywhere is judged here.
 */
import type { KeyObject } from "node:crypto";
import { signedOctets, type AutokeyValue } from "../../wire/autokey.ts";
import { isSignature, isSignedBy, readCertificate, type Certificate } from "./certificate.ts";
import type { AutokeyFault } from "./faults.ts";
import { signatureOctets } from "./keys.ts";
import type { Scheme } from "./schemes.ts";
import { unixNear } from "./stamps.ts";

/** Certificates of a trail at most. */
export const LONGEST_TRAIL = 8;

/** The server, as far as it has said who it is. */
export interface Partner {
  readonly name: string;
  readonly scheme: Scheme;
  /** The key of its own certificate; `null`: that has not come. */
  readonly key: KeyObject | null;
}

/** A certificate that has found its place. */
interface Taken {
  readonly certificate: Certificate;
  /** It is where the trail ends. */
  readonly isLast: boolean;
}

/** A trail as far as it was followed. */
export class Trail {
  readonly #partner: Omit<Partner, "key">;
  /** Whose certificates would close a circle: ours. */
  readonly #own: string;
  /** Our own certificate, where those that it signed are as good as it. */
  readonly #anchor: Certificate | null;
  #certificates: readonly Certificate[] = [];
  #wanted: string;

  /**
   * @param own our name
   * @param anchor our own certificate, if a peer may come with one that we have signed: where that is trusted, it ends the trail
   */
  constructor(partner: Omit<Partner, "key">, own: string, anchor: Certificate | null = null) {
    this.#partner = partner;
    this.#own = own;
    this.#anchor = anchor?.trusted === true ? anchor : null;
    this.#wanted = partner.name;
  }

  /** From the server's own certificate on. */
  get certificates(): readonly Certificate[] {
    return this.#certificates;
  }

  /** Whose certificate is to be asked for. */
  get wanted(): string {
    return this.#wanted;
  }

  /** The server's key, by which it signs; `null`: its certificate has not come. */
  get key(): KeyObject | null {
    return this.#certificates[0]?.publicKey ?? null;
  }

  /** What GQ's proof is to be checked by: the server's own, or the trusted host's where all of the group share it; `null`: there is none. */
  get groupKey(): bigint | null {
    return (this.#certificates[0]?.groupKey ?? this.#certificates.at(-1)?.groupKey) || null;
  }

  /** Takes a message with a certificate. */
  take(content: AutokeyValue): Taken | AutokeyFault {
    const { filestamp, value } = content;
    const certificate = readCertificate(value);
    if (typeof certificate === "string") return certificate;
    const { subject, issuer, publicKey, from, trusted } = certificate;
    if (subject !== this.#wanted) return "subject";
    if (from < unixNear(filestamp, from)) return "period";
    const below = this.#certificates.at(-1);
    if (below !== undefined && !isSignedBy(below, certificate)) return "issuer";
    // ntpd does not look at the signatures of certificates' messages.
    const fault = signatureFault({ ...this.#partner, key: this.key ?? publicKey }, content);
    if (fault !== null) return fault;
    if (subject === issuer && !trusted) return this.#again("unsynchronized");
    const isOurs = issuer === this.#own && this.#anchor !== null && isSignedBy(certificate, this.#anchor);
    if (issuer === this.#own && subject !== issuer && !isOurs) return "circle";
    if (subject !== issuer && this.#certificates.some((known) => known.subject === issuer)) return "circle";
    if (this.#certificates.length === LONGEST_TRAIL) return "trail";
    this.#certificates = [...this.#certificates, certificate];
    this.#wanted = issuer;
    return { certificate, isLast: subject === issuer || isOurs };
  }

  /** Whether all are valid at a moment, Unix seconds: the server's own time, which is all that there may be. */
  validAt(unix: number): AutokeyFault | null {
    if (this.#certificates.some(({ from }) => unix < from)) return "notYetValid";
    return this.#certificates.some(({ until }) => unix > until) ? "expired" : null;
  }

  /** The trail is asked for from its beginning: the server's own certificate has yet to be signed. */
  #again(fault: AutokeyFault): AutokeyFault {
    this.#certificates = [];
    this.#wanted = this.#partner.name;
    return fault;
  }
}

/** Whether a value is signed, and by whom it says. */
export function signatureFault({ scheme, key }: Omit<Partner, "name">, content: AutokeyValue): AutokeyFault | null {
  if (key === null) return "publicKey";
  const { signature } = content;
  const most = signatureOctets(key);
  const fits = key.asymmetricKeyType === "rsa" ? signature.length === most : signature.length <= most;
  if (signature.length === 0 || !fits) return "notSigned";
  return isSignature(scheme, key, signedOctets(content), signature) ? null : "signature";
}
