/** One NTP exchange without an engine: does anything there answer, and what does its header say? */
import { sampleOf, type Sample } from "../association/sample.ts";
import { headerFault } from "../association/tests.ts";
import type { HostFault } from "../engine/port/event.ts";
import type { Opened, Security } from "../security/security.ts";
import type { Seconds } from "../time/seconds.ts";
import { unfoldOffset } from "../time/era.ts";
import { fromUnix, UNKNOWN_TIME, type NtpTimestamp } from "../time/timestamp.ts";
import type { Address } from "../wire/address.ts";
import { decodePacket } from "../wire/packet.ts";
import { encodeHeader, VERSION, type Header } from "../wire/header.ts";
import { earliestTime } from "./built.ts";
import { steady } from "./clock.ts";
import { udpPort } from "./udp-port.ts";

/** What a server said, and when by which clock. */
export interface Probe {
  readonly header: Header;
  /** What the security that it was asked by makes of it. */
  readonly authentication: Opened;
  /** Octets of the question and of the answer. */
  readonly asked: number;
  readonly answered: number;
  /** By `Date.now()` counted on by the steady clock, so true to a millisecond; `null` where the header fails a packet test. */
  readonly sample: Sample | null;
}

/** A probe under way. */
export interface Probing {
  /** `null`: no answer in time, or it was closed. */
  readonly answer: Promise<Probe | null>;
  /** Why the request could not be delivered; `null`: as far as is known it was. */
  readonly undelivered: HostFault | null;
  close(): void;
}

/** An answer counts that comes within so many timeouts: by satellite it takes more than the second that is usual. */
const PATIENCE = 3;
/** But a timeout of more seconds than this has been chosen for a slow network, and is meant as it is. */
const LONG: Seconds = 3;

/** Of a clock of milliseconds, log₂ s. */
const PRECISION = -10;

/** For how long it listens, seconds. */
function patience(timeout: Seconds): Seconds {
  return Math.min(PATIENCE * timeout, Math.max(timeout, LONG));
}

/**
 * Asks once.
 * @param cookie what the answer must carry
 * @param timeout within which an answer is usual, seconds; it listens for {@link PATIENCE} times that, up to {@link LONG}
 * @param stopped closes it, as the deadline of a command does that waits for it
 * @param security seals the question; an answer that it does not open is none. Absent: none is used
 */
export function probe(
  to: Address,
  cookie: NtpTimestamp,
  timeout: Seconds,
  stopped?: AbortSignal,
  security: Pick<Security, "seal" | "open"> = BARE,
): Probing {
  let settle: (answer: Probe | null) => void = () => {};
  const answer = new Promise<Probe | null>((resolve) => {
    settle = resolve;
  });
  let undelivered: HostFault | null = null;
  const began = steady();
  const origin = BigInt(Date.now()) * 1_000_000n;
  const era = { pivot: origin, earliest: earliestTime() };
  const clock = (): NtpTimestamp => fromUnix(origin + BigInt(Math.round((steady() - began) * 1e9)));
  const sealed = security.seal(request(cookie));
  if (sealed.kind === "unsealed") throw new RangeError(`the question cannot be sealed: ${sealed.fault}`);
  const question = sealed.bytes;
  let sent = clock();
  const end = (result: Probe | null): void => {
    clearTimeout(timer);
    stopped?.removeEventListener("abort", close);
    port.close();
    settle(result);
  };
  const close = (): void => end(null);
  const timer = setTimeout(() => end(null), patience(timeout) * 1000);
  const port = udpPort(to)({
    datagram(bytes) {
      const received = clock();
      const packet = decodePacket(bytes);
      if (packet.kind !== "packet") return;
      const { header } = packet;
      if (header.mode !== "server" || header.origin !== cookie) return;
      const times = { t1: sent, t2: header.receive, t3: header.transmit, t4: received };
      const authentication = security.open(bytes, packet);
      if (authentication === "failed" && security !== BARE) return;
      const isTold = authentication === "none" || authentication === "ok";
      const isFit = isTold && headerFault(header) === null;
      const folded = isFit ? sampleOf(times, header.precision, PRECISION, steady()) : null;
      const octets = { asked: question.length, answered: bytes.length };
      end({
        header,
        authentication,
        ...octets,
        sample: folded && { ...folded, offset: unfoldOffset(folded.offset, received, era) },
      });
    },
    undeliverable(why) {
      undelivered = why;
      end(null);
    },
  });
  stopped?.addEventListener("abort", close, { once: true });
  sent = clock();
  port.send(question);
  return {
    answer,
    get undelivered() {
      return undelivered;
    },
    close,
  };
}

/** No key is used, so what has a code cannot be checked (RFC 5905 §7.3). */
const BARE: Pick<Security, "seal" | "open"> = {
  seal: (header) => ({ kind: "sealed", bytes: header }),
  open: (_bytes, { mac }) => (mac === null ? "none" : "failed"),
};

function request(cookie: NtpTimestamp): Uint8Array {
  const zero = UNKNOWN_TIME;
  return encodeHeader({
    leap: "none",
    version: VERSION,
    mode: "client",
    stratum: 0,
    poll: 0,
    precision: 0,
    rootDelay: 0,
    rootDispersion: 0,
    referenceId: 0,
    reference: zero,
    origin: zero,
    receive: zero,
    transmit: cookie,
  });
}
