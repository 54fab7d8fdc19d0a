/** Associations, packets and rules for tests of the association and engine rooms: good ones, to be spoiled one field at a time. */
import { association } from "../../src/association/association.ts";
import type { Association, AssociationId } from "../../src/association/association.ts";
import type { Writable } from "../../src/association/change.ts";
import type { ClientRules } from "../../src/association/client.ts";
import { request } from "../../src/association/request.ts";
import type { QuestionToken, Request } from "../../src/association/request.ts";
import { BURST_SIX } from "../../src/association/template.ts";
import type { AssociationConfig } from "../../src/association/template.ts";
import type { Security } from "../../src/security/security.ts";
import type { Mono } from "../../src/time/mono.ts";
import type { Now } from "../../src/time/now.ts";
import { shift, timestamp } from "../../src/time/timestamp.ts";
import type { NtpTimestamp } from "../../src/time/timestamp.ts";
import type { Address } from "../../src/wire/address.ts";
import type { Header } from "../../src/wire/header.ts";
import type { Packet } from "../../src/wire/packet.ts";

/** A moment in 2026. */
export const EPOCH: NtpTimestamp = timestamp(4_002_000_000, 0);

/** Both clocks, `seconds` after {@link EPOCH}. */
export function at(seconds: number): Now {
  return { mono: seconds as Mono, clock: shift(EPOCH, seconds) };
}

/** One configured server with every default. */
export function template(overrides: Partial<AssociationConfig> = {}): AssociationConfig {
  return {
    kind: "server",
    name: "192.0.2.1",
    port: 123,
    family: null,
    version: 4,
    minpoll: 6,
    maxpoll: 10,
    iburst: true,
    burst: false,
    prefer: false,
    noselect: false,
    trusted: false,
    key: null,
    samples: null,
    ...overrides,
  };
}

/** Security that says what it is told to. */
export function securityOf(answer: ReturnType<Security["open"]>): Security {
  return {
    kind: answer === "none" ? "none" : "key",
    keyId: answer === "none" ? null : 1,
    seal: (bytes) => ({ kind: "sealed", bytes }),
    open: () => answer,
  };
}

export const SERVER: Address = { ip: "192.0.2.1", port: 123 };

/** A fresh association with {@link SERVER}. */
export function client(
  overrides: Partial<AssociationConfig> = {},
  security: Security = securityOf("none"),
): Writable<Association> {
  return association({
    id: 1 as AssociationId,
    config: template(overrides),
    lifetime: "persistent",
    mode: "client",
    security,
    address: SERVER,
  });
}

/** A request handed over and sent at a moment. */
export function requestAt(seconds: number, cookie = 0x1234_5678_9abc_def0n): Writable<Request> {
  const made: Writable<Request> = request(1 as QuestionToken, cookie as NtpTimestamp, at(seconds), 1, null);
  made.origin = at(seconds).clock;
  return made;
}

/** What a good server of stratum 2 says to a request that reached it at `receive` by its clock, which was set half a minute before. */
export function goodHeader(origin: NtpTimestamp, receive: NtpTimestamp): Header {
  return {
    leap: "none",
    version: 4,
    mode: "server",
    stratum: 2,
    poll: 6,
    precision: -24,
    rootDelay: 0.01,
    rootDispersion: 0.002,
    referenceId: 0xc000_0209,
    reference: shift(receive, -30),
    origin,
    receive,
    transmit: receive,
  };
}

/** A good server's answer to a request: `offset` ahead of us, half of `delay` each way. */
export function answerTo(
  asked: Request,
  { offset = 0.25, delay = 0.01, ...fields }: { offset?: number; delay?: number } & Partial<Header> = {},
): Packet {
  const header = { ...goodHeader(asked.cookie, shift(asked.handedOver.clock, offset + delay / 2)), ...fields };
  return { kind: "packet", header, extensions: [], mac: null, covered: 48 };
}

/** The rules of a one-shot that takes four samples. */
export const ONCE: ClientRules = {
  samples: 4,
  burst: BURST_SIX,
  uniform: () => 0.5,
  emptyStages: "brief",
  precision: -24,
  unfolded: (offset) => offset,
};

/** The rules of the daemon. */
export const DAEMON: ClientRules = { ...ONCE, samples: null, emptyStages: "rfc5905" };
