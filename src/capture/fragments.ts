/**
 * IP packets put together from their fragments (RFC 791 §3.2, RFC 8200 §4.5). As much is held as a fixed number of packets
 * has, for as long as hosts hold them; packets whose fragments overlap are dropped whole (RFC 5722).
 */
import type { UnixNanoseconds } from "../time/timestamp.ts";
import type { IpPacket } from "./ip.ts";

/** Packets that wait at one time; the oldest gives way. 64 KiB each at most. */
const MAX_WAITING = 64;
/** Nanoseconds of the capture's time (RFC 8200 §4.5; hosts' IPv4 is no more patient). */
const PATIENCE = 60_000_000_000n;
const MAX_LENGTH = 65_535;

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Waiting {
  readonly since: UnixNanoseconds;
  readonly pieces: Piece[];
  /** Octets in all; `null` until the last fragment has come. */
  length: number | null;
  held: number;
}

/** Puts fragments together, in whatever order they come. */
export class Fragments {
  /** In order of their first fragment. */
  readonly #waiting = new Map<string, Waiting>();

  /**
   * Takes a fragment in.
   * @param at the capture's time
   * @returns the whole packet, if this was what was missing
   */
  add(packet: IpPacket, at: UnixNanoseconds): IpPacket | null {
    const { fragment } = packet;
    if (fragment === null) return packet;
    this.#forget(at);
    const key = `${packet.source}>${packet.destination} ${packet.protocol} ${fragment.id}`;
    const waiting = this.#waiting.get(key) ?? this.#begin(key, at);
    const { offset, more } = fragment;
    const piece = packet.octets.slice(packet.from, packet.to);
    const end = offset + piece.length;
    if (isImpossible(packet, end) || clashes(waiting, offset, end, more)) {
      this.#waiting.delete(key);
      return null;
    }
    waiting.pieces.push({ offset, bytes: piece });
    waiting.held += piece.length;
    if (!more) waiting.length = end;
    // Pieces do not overlap and none lies beyond the last, so the sum is right only where nothing is missing.
    if (waiting.held !== waiting.length) return null;
    this.#waiting.delete(key);
    const { length } = waiting;
    return { ...packet, fragment: null, octets: whole(waiting.pieces, length), from: 0, to: length, length };
  }

  #begin(key: string, at: UnixNanoseconds): Waiting {
    const waiting: Waiting = { since: at, pieces: [], length: null, held: 0 };
    this.#waiting.set(key, waiting);
    return waiting;
  }

  /** Lets go of those that have waited too long, and of the oldest where there are too many. */
  #forget(at: UnixNanoseconds): void {
    for (const [key, { since }] of this.#waiting) {
      if (at - since < PATIENCE && this.#waiting.size < MAX_WAITING) return;
      this.#waiting.delete(key);
    }
  }
}

/** What was cut by the snap length will never be whole; all but the last have whole words of 8; all end somewhere. */
function isImpossible({ fragment, from, to, length }: IpPacket, end: number): boolean {
  return to - from < length || length === 0 || end > MAX_LENGTH || (fragment?.more === true && length % 8 !== 0);
}

/** Whether a fragment says something else than one that is here: of the same octets, or of where the packet ends. */
function clashes({ pieces, length }: Waiting, offset: number, end: number, more: boolean): boolean {
  if (length !== null && (!more || end > length)) return true;
  return pieces.some((piece) => {
    const pieceEnd = piece.offset + piece.bytes.length;
    return (offset < pieceEnd && piece.offset < end) || (!more && pieceEnd > end);
  });
}

function whole(pieces: readonly Piece[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const { offset, bytes: part } of pieces) bytes.set(part, offset);
  return bytes;
}
