/** An engine at the bench: events by hand, its actions in plain sight, a server's answers on demand. */
import { createEngine } from "../../src/engine/engine.ts";
import type { Action } from "../../src/engine/port/action.ts";
import type { AssociationConfig, EngineConfig, OnceConfig } from "../../src/engine/port/config.ts";
import type { Engine, Surroundings } from "../../src/engine/port/engine.ts";
import type { Event } from "../../src/engine/port/event.ts";
import type { Security, SecurityProvider } from "../../src/security/security.ts";
import { shift } from "../../src/time/timestamp.ts";
import { encodeHeader, HEADER_LENGTH, readHeader } from "../../src/wire/header.ts";
import type { Header } from "../../src/wire/header.ts";
import { withShadow } from "../../src/world/shadow.ts";
import { at, goodHeader, securityOf, template } from "./association.ts";
import { BASE, BASE_ONCE } from "../../src/config/base.ts";

/** A packet that leaves, and the socket it leaves by. */
export type Send = Pick<Extract<Action, { kind: "send" }>, "token" | "socket" | "to" | "ttl" | "bytes">;

const NO_SECURITY: Security = securityOf("none");
const PROVIDER: SecurityProvider = {
  none: () => NO_SECURITY,
  key: () => NO_SECURITY,
  judge: () => "none",
  nts: () => {
    throw new Error("nobody here is under NTS");
  },
  autokey: () => {
    throw new Error("nobody here is under Autokey");
  },
  sealWith: (_, bytes) => ({ kind: "sealed", bytes }),
};

/** A query's configuration; `once` and others overridable. */
export function queryConfig(
  associations: readonly Partial<AssociationConfig>[],
  once: Partial<OnceConfig> = {},
  rest: Partial<EngineConfig> = {},
): EngineConfig {
  return {
    ...BASE,
    associations: associations.map(template),
    emptyStages: "brief",
    once: { ...BASE_ONCE, deadline: 15, ...once },
    ...rest,
  };
}

/** An engine whose events are handed in by the test. */
export class Bench {
  readonly engine: Engine;
  #seconds = 0;
  #bits = 1n;

  constructor(
    config: EngineConfig,
    security: SecurityProvider = PROVIDER,
    era: Partial<Pick<Surroundings, "era" | "earliest">> = {},
  ) {
    const chance: Surroundings["chance"] = {
      bits64: () => (this.#bits = (this.#bits * 6_364_136_223_846_793_005n + 1n) & 0xffff_ffff_ffff_ffffn),
      uniform: () => 0.5,
      split: () => chance,
    };
    const surroundings = {
      chance,
      security,
      referenceIdOf: () => 0xc000_0201,
      era: 1_700_000_000_000_000_000n,
      ...era,
    };
    this.engine = withShadow(config, (told) => createEngine(told, surroundings));
  }

  /** Hands an event in at a moment. */
  at(seconds: number, event: Event): readonly Action[] {
    this.#seconds = seconds;
    return this.engine.handle(event, at(seconds));
  }

  /** Starts and resolves every name to itself, or to what `addresses` says. */
  start(addresses: Readonly<Record<string, readonly string[]>> = {}): Send[] {
    const sends: Send[] = [];
    for (const action of this.at(0, { kind: "start" }))
      if (action.kind === "resolve") {
        const found = addresses[action.name] ?? [action.name];
        this.at(
          0,
          found.length === 0
            ? { kind: "unresolved", name: action.name, why: "notFound" }
            : { kind: "resolved", name: action.name, addresses: found },
        );
      }
    sends.push(...sendsOf(this.at(0, { kind: "wake" })));
    for (const { token } of sends) this.at(0, { kind: "sent", token, at: at(0).clock, stamp: "kernel" });
    return sends;
  }

  /** A server's answer to a packet, one way `delay`/2 after it left at `left`. */
  answer(
    send: Send,
    left: number,
    { offset = 0, delay = 0.01, ...fields }: { offset?: number; delay?: number } & Partial<Header> = {},
  ): readonly Action[] {
    const receive = shift(at(left).clock, offset + delay / 2);
    const request = readHeader(new DataView(send.bytes.buffer, send.bytes.byteOffset, HEADER_LENGTH));
    // Every server was set at a moment of its own.
    const reference = shift(receive, -30 - Number.parseInt(send.to.ip.split(/[.:]/).at(-1) || "0", 16) / 1000);
    const header = { ...goodHeader(request.transmit, receive), reference, ...fields };
    return this.datagram(send, left + delay, encodeHeader(header));
  }

  /** Any octets, as a datagram on the socket a packet left by. */
  datagram(send: Send, seconds: number, bytes: Uint8Array, from = send.to): readonly Action[] {
    return this.at(seconds, {
      kind: "datagram",
      socket: send.socket,
      from,
      cast: "unicast",
      at: at(seconds).clock,
      stamp: "kernel",
      bytes,
    });
  }

  /** Wakes the engine whenever it asks to be, up to a moment; all actions. */
  run(until: number): Action[] {
    const actions: Action[] = [];
    for (let due = this.engine.wakeAt; due !== undefined && due <= until; due = this.engine.wakeAt) {
      const done = this.at(Math.max(due, this.#seconds), { kind: "wake" });
      actions.push(...done);
      for (const { token } of sendsOf(done))
        actions.push(...this.at(this.#seconds, { kind: "sent", token, at: at(this.#seconds).clock, stamp: "kernel" }));
    }
    return actions;
  }

  /** The state now. */
  get snapshot(): ReturnType<Engine["snapshot"]> {
    return this.engine.snapshot(at(this.#seconds));
  }
}

/** The packets that leave by some actions. */
export function sendsOf(actions: readonly Action[]): Send[] {
  return actions.flatMap((action): Send[] => {
    if (action.kind === "send") return [action];
    if (action.kind !== "ask") return [];
    const { token, to, bytes } = action;
    return [{ token, socket: token, to, ttl: null, bytes }];
  });
}
