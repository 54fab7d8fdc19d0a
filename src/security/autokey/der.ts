/**
 * As much of DER (X.690) as Autokey needs beside Node's own certificates and keys: the numbers in its key files and
 * identity messages, what Node does not tell of a certificate, and the writing of one.
 *
 * Reading takes octets from the network: what is not DER is `null`, and nothing is read twice or in depth of itself.
 */
import { concatenate } from "../../wire/octets.ts";

/** Tags, class and form included. */
export const DER = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** One element. */
export interface DerElement {
  readonly tag: number;
  /** Its content. A view. */
  readonly content: Uint8Array;
  /** All of it, tag and length included. A view. */
  readonly whole: Uint8Array;
}

/** Elements of a list at most: nobody's certificate or key has more. */
const MOST_ELEMENTS = 64;

/**
 * The elements that follow one another in some octets.
 * @returns `null` when they are not DER to their last octet, or too many
 */
export function readElements(octets: Uint8Array): readonly DerElement[] | null {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < octets.length;) {
    const element = elements.length < MOST_ELEMENTS ? elementAt(octets, offset) : null;
    if (element === null) return null;
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

/** The elements of the one that the octets are, if it has the tag; `null`: they are not. */
export function readNested(octets: Uint8Array, tag: number = DER.sequence): readonly DerElement[] | null {
  const [outer, ...others] = readElements(octets) ?? [];
  return outer === undefined || others.length > 0 || outer.tag !== tag ? null : readElements(outer.content);
}

/** The numbers of a sequence that has nothing else. `null`: it is none, or one is negative. */
export function readNumbers(octets: Uint8Array): readonly bigint[] | null {
  const numbers = readNested(octets)?.map(readNumber);
  return numbers === undefined || numbers.includes(null) ? null : (numbers as bigint[]);
}

/** An integer that is not negative; `null`: it is none. */
export function readNumber({ tag, content }: DerElement): bigint | null {
  if (tag !== DER.integer || content.length === 0 || content[0]! >= 0x80) return null;
  return toNumber(content);
}

/** The octets of an element. */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concatenate(contents);
  return concatenate([Uint8Array.of(tag, ...lengthOctets(content.length)), content]);
}

/** The octets of an integer that is not negative. */
export function derNumber(number: bigint): Uint8Array {
  const octets = toOctets(number);
  return derElement(DER.integer, octets[0]! >= 0x80 ? Uint8Array.of(0, ...octets) : octets);
}

/** The octets of a sequence of integers. */
export function derNumbers(numbers: readonly bigint[]): Uint8Array {
  return derElement(DER.sequence, ...numbers.map(derNumber));
}

/** An object identifier's element from its dotted text. */
export function derIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return derElement(DER.objectIdentifier, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** The dotted text of an object identifier's content. */
export function identifierText(content: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join(".");
}

/** A number of octets, the first the highest. */
export function toNumber(octets: Uint8Array): bigint {
  return octets.length === 0 ? 0n : BigInt(`0x${Buffer.from(octets).toString("hex")}`);
}

/** The fewest octets of a number, at least one. */
export function toOctets(number: bigint): Uint8Array {
  const digits = number.toString(16);
  return Uint8Array.from(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex"));
}

function elementAt(octets: Uint8Array, offset: number): DerElement | null {
  const tag = octets[offset]!;
  const first = octets[offset + 1];
  if (first === undefined || (tag & 0x1f) === 0x1f) return null;
  const more = first < 0x80 ? 0 : first & 0x7f;
  const start = offset + 2 + more;
  // Four octets of length say more than any datagram has; 0x80 alone is not DER.
  if (first === 0x80 || more > 3 || start > octets.length) return null;
  const length = more === 0 ? first : Number(toNumber(octets.subarray(offset + 2, start)));
  const end = start + length;
  if (end > octets.length) return null;
  return { tag, content: octets.subarray(start, end), whole: octets.subarray(offset, end) };
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const octets = toOctets(BigInt(length));
  return [0x80 | octets.length, ...octets];
}

function base128(arc: number): readonly number[] {
  const digits = [arc & 0x7f];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}
