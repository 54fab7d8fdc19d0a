/**
 * What can be odd about a server's answers, one name an oddity, and when. They are combined in lists:
 * `oddities: [fromRequest(3, kiss("RATE")), during(60, 90, silent())]`.
 */
import type { Seconds } from "../time/seconds.ts";
import { shift, type NtpTimestamp } from "../time/timestamp.ts";
import type { Address } from "../wire/address.ts";
import type { SimChance } from "./chance.ts";
import type { Header } from "../wire/header.ts";
import type { Answer, Oddity, Request } from "./server.ts";

/** Changes fields of the header, whatever they say. */
export function says(change: Partial<Header>): Oddity {
  return each((answer) => ({ ...answer, header: { ...answer.header, ...change } }));
}

/** A kiss-o'-death: stratum 0 and four characters in place of the reference identifier (RFC 5905 §7.4). */
export function kiss(code: string): Oddity {
  let referenceId = 0;
  for (let place = 0; place < 4; place++)
    referenceId = referenceId * 256 + (place < code.length ? code.charCodeAt(place) : 0);
  return says({ leap: "unsynchronized", stratum: 0, referenceId });
}

/** Its own clock is not set: leap 3, stratum 0 (16 on the wire), never synchronized. */
export function unsynchronized(): Oddity {
  return says({ leap: "unsynchronized", stratum: 0, referenceId: 0, reference: 0n as NtpTimestamp });
}

/** It says nothing. */
export function silent(): Oddity {
  return () => [];
}

/** It lies about the time by so many seconds, though its clock be right. */
export function lies(by: Seconds): Oddity {
  return each((answer) => {
    const { reference, receive, transmit } = answer.header;
    const header = {
      ...answer.header,
      reference: shift(reference, by),
      receive: shift(receive, by),
      transmit: shift(transmit, by),
    };
    return { ...answer, header };
  });
}

/** Its own time is noisy: each answer is off by as much as chance has it, standard deviation in seconds. */
export function noisy(deviation: Seconds, chance: SimChance): Oddity {
  return (answers, request) => lies(deviation * chance.gaussian())(answers, request);
}

/** It does not repeat the request's transmit timestamp but one that differs in a bit. */
export function wrongOrigin(): Oddity {
  return each((answer) => {
    return { ...answer, header: { ...answer.header, origin: (answer.header.origin ^ 1n) as NtpTimestamp } };
  });
}

/** It answers every request a second time, so many seconds after the first. */
export function twice(gap: Seconds = 0.001): Oddity {
  return (answers) => answers.flatMap((answer) => [answer, { ...answer, delay: answer.delay + gap }]);
}

/** It answers from another address or port. */
export function fromElsewhere(from: Partial<Address>): Oddity {
  return each((answer) => ({ ...answer, from: { ...answer.from, ...from } }));
}

/** It takes so many seconds longer to answer, and says so in its timestamps only if `honest`. */
export function slow(by: Seconds, honest = false): Oddity {
  return each((answer) => {
    const transmit = honest ? shift(answer.header.transmit, by) : answer.header.transmit;
    return { ...answer, delay: answer.delay + by, header: { ...answer.header, transmit } };
  });
}

/** Its answers end after so many octets. */
export function truncated(length: number): Oddity {
  return mangled((bytes) => bytes.slice(0, length));
}

/** Its answers go on with zeros up to so many octets. */
export function oversized(length: number): Oddity {
  return mangled((bytes) => {
    const longer = new Uint8Array(Math.max(length, bytes.length));
    longer.set(bytes);
    return longer;
  });
}

/** The last octet of its answers, in a MAC if there is one, is wrong by a bit. */
export function badMac(): Oddity {
  return mangled((bytes) => {
    const changed = bytes.slice();
    changed[changed.length - 1]! ^= 1;
    return changed;
  });
}

/** It answers under this key, whatever the request had; `nak`: it answers by a crypto-NAK; `null`: without a MAC. */
export function sealedBy(key: number | "nak" | null): Oddity {
  return each((answer) => ({ ...answer, key }));
}

/** Whatever is to be done to the octets. */
export function mangled(mangle: (bytes: Uint8Array) => Uint8Array): Oddity {
  return each((answer) => ({ ...answer, mangle: (bytes) => mangle(answer.mangle?.(bytes) ?? bytes) }));
}

/** Only for requests of which something is true. */
export function when(is: (request: Request) => boolean, oddity: Oddity): Oddity {
  return (answers, request) => (is(request) ? oddity(answers, request) : answers);
}

/** Only from the nth request of each client on, counted from 1. */
export function fromRequest(nth: number, oddity: Oddity): Oddity {
  return when((request) => request.numberOfClient >= nth, oddity);
}

/** Only for the nth request of each client. */
export function atRequest(nth: number, oddity: Oddity): Oddity {
  return when((request) => request.numberOfClient === nth, oddity);
}

/** Only for a while of true time, seconds since the world began. */
export function during(from: Seconds, until: Seconds, oddity: Oddity): Oddity {
  return when((request) => request.at >= from && request.at < until, oddity);
}

function each(change: (answer: Answer) => Answer): Oddity {
  return (answers) => answers.map(change);
}
