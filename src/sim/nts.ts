/**
 * Network Time Security in a simulated world: an NTP server that is under it, and who establishes keys for it. The cookies and the
 * AEADs are the true ones; of TLS there is only what it comes to.
 */
import { OFFERED_AEADS, chooseAead } from "../security/nts/ke.ts";
import type { MakeAead } from "../security/nts/aead.ts";
import { sealCookie, type MasterKey } from "../security/nts/cookie.ts";
import { encodeNak, openRequest, sealAnswer, type NtsArrival } from "../security/nts/server.ts";
import { COOKIES_IN_HAND } from "../security/nts/size.ts";
import type { RandomOctets } from "../security/nts/packet.ts";
import type { EstablishedKeys } from "../security/security.ts";
import type { EstablishFault } from "../engine/port/establish.ts";
import type { Seconds } from "../time/seconds.ts";
import { encodeHeader, type Header } from "../wire/header.ts";
import type { Packet } from "../wire/packet.ts";
import type { SimChance } from "./chance.ts";

/** How keys are established; may be changed while the world runs. */
export interface KeyScript {
  /** How long a handshake takes, seconds. Default 0.1. */
  readonly delay?: Seconds;
  /** It fails so. Default: it does not. */
  readonly fault?: EstablishFault | null;
  /** The NTP server that is negotiated; `null`, the default: the same address. */
  readonly server?: string | null;
  /** Its port. Default 123. */
  readonly port?: number;
  /** The AEAD, by its number. Default: the first that the client offers. */
  readonly aead?: number;
  /** How many cookies are given. Default 8. */
  readonly cookies?: number;
  /** The names, or addresses, that its certificate is for. Default: any. */
  readonly certified?: readonly string[];
}

/** What came of a handshake. */
export type KeyAnswer = { readonly delay: Seconds } & (
  | { readonly why: EstablishFault }
  | { readonly why: null; readonly keys: EstablishedKeys; readonly server: string | null; readonly port: number }
);

/** Who establishes keys, by address and port. */
export type KeyServers = Map<string, SimNts>;

/** NTSN, the kiss (RFC 8915 §5.7). */
const NAK = { leap: "unsynchronized", stratum: 0, referenceId: 0x4e54534e } as const;

/** One server's Network Time Security: its master keys, and who is given keys. */
export class SimNts {
  script: KeyScript;
  /** Handshakes that were begun. */
  handshakes = 0;
  /** Requests by what became of them. */
  readonly counts: Record<NtsArrival["kind"], number> = { plain: 0, authentic: 0, nak: 0, malformed: 0 };
  readonly #makeAead: MakeAead;
  readonly #random: RandomOctets;
  #masters: readonly MasterKey[];
  #lastMaster = 1;

  constructor(makeAead: MakeAead, chance: SimChance, script: KeyScript = {}) {
    this.script = script;
    this.#makeAead = makeAead;
    this.#random = randomOctets(chance);
    this.#masters = [this.#newMaster()];
  }

  /** The keys that open its cookies, the youngest first. */
  get masters(): readonly MasterKey[] {
    return this.#masters;
  }

  /**
   * Begins a new master key.
   * @param keep so many of those before still open cookies
   */
  rotate(keep = 1): void {
    this.#masters = [this.#newMaster(), ...this.#masters.slice(0, keep)];
  }

  /**
   * What a handshake that begins now comes to.
   * @param name whom the client wants a certificate of
   */
  establish(name: string, offered: readonly number[] = OFFERED_AEADS): KeyAnswer {
    this.handshakes += 1;
    const {
      delay = 0.1,
      fault = null,
      server = null,
      port = 123,
      aead = offered[0]!,
      cookies = COOKIES_IN_HAND,
      certified = null,
    } = this.script;
    if (certified !== null && !certified.includes(name)) return { delay, why: "wrongName" };
    if (fault !== null) return { delay, why: fault };
    const row = chooseAead([aead])!;
    const keys = { aead: row, c2s: this.#random(row.keyOctets), s2c: this.#random(row.keyOctets) };
    const given = Array.from({ length: cookies }, () =>
      sealCookie(this.#masters[0]!, keys, this.#makeAead, this.#random),
    );
    return { delay, why: null, keys: { ...keys, aead: row.id, cookies: given }, server, port };
  }

  /** Judges a request. */
  open(bytes: Uint8Array, packet: Packet): NtsArrival {
    const arrival = openRequest(bytes, packet, this.#masters, this.#makeAead);
    this.counts[arrival.kind] += 1;
    return arrival;
  }

  /** Seals an answer to what was judged so; what came without NTS is answered without. */
  seal(header: Header, arrival: NtsArrival): Uint8Array {
    const octets = encodeHeader(header);
    if (arrival.kind === "nak") return encodeNak(encodeHeader({ ...header, ...NAK }), arrival.uniqueIdentifier);
    if (arrival.kind !== "authentic") return octets;
    return sealAnswer(octets, arrival.request, this.#masters[0]!, this.#makeAead, this.#random);
  }

  #newMaster(): MasterKey {
    return { id: this.#lastMaster++, key: this.#random(32) };
  }
}

/** Octets of a stream of chance. */
export function randomOctets(chance: SimChance): RandomOctets {
  return (length) => Uint8Array.from({ length }, () => Math.floor(chance.uniform() * 256));
}
